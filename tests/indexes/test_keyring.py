"""Logins from the keyring: asked for only when a server refuses, by a real process."""

import base64
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rewheel.indexes import Client, FetchError, HttpSettings, IndexSource, KeyringProvider
from rewheel.indexes.credentials import Credentials
from rewheel.indexes.http import HttpClient
from rewheel.indexes.keyring import Keyring
from rewheel.indexes.urls import Origin
from rewheel.progress import RecordingReporter
from support.index_server import IndexServer, Response

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-in is a shell script")

Ring = Callable[..., dict[str, str]]


@pytest.fixture
def ring(tmp_path: Path) -> Ring:
    """Make a `keyring` command that knows the answers given, and return the variables to find it by."""

    def make(answers: dict[str, str], *, before: str = "") -> dict[str, str]:
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        cases = "\n".join(f"  '{question}') printf '{answer}\\n';;" for question, answer in answers.items())
        script = folder / "keyring"
        note = f'echo "$*" >> {tmp_path}/asked'
        script.write_text(f'#!/bin/sh\n{note}\n{before}\ncase "$*" in\n{cases}\n  *) exit 1;;\nesac\n')
        script.chmod(0o755)
        return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}

    return make


@pytest.fixture
def asked(tmp_path: Path) -> Callable[[], list[str]]:
    path = tmp_path / "asked"
    return lambda: path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def other() -> Iterator[IndexServer]:
    with IndexServer() as running:
        running.responses["/goal"] = Response(b"arrived")
        yield running


def settings(environ: dict[str, str], **keywords: object) -> HttpSettings:
    return HttpSettings(timeout=5, keyring=KeyringProvider.SUBPROCESS, environ=environ, **keywords)  # type: ignore[arg-type]


def test_a_refusal_is_answered_from_the_keyring(
    server: IndexServer, new_client: Callable[..., Client], ring: Ring, asked: Callable[[], list[str]]
) -> None:
    server.auth = ("me", "p w'd")
    client = new_client(settings(ring({f"--mode creds get {server.simple_url}": "me\\np w\\047d"})))
    source = IndexSource(server.simple_url, client)
    pages = client.map(source.page, ["foo", "bar"])
    assert all(pages)
    assert client.fetch(next(file for file in pages[0].files if file.filename.endswith(".json")))
    assert asked() == [f"--mode creds get {server.simple_url}"], "once, however many threads are refused"


def test_the_host_is_asked_for_after_the_index(
    server: IndexServer, new_client: Callable[..., Client], ring: Ring, asked: Callable[[], list[str]]
) -> None:
    server.auth = ("me", "secret")
    client = new_client(settings(ring({f"get 127.0.0.1:{server.port} me": "secret"})))
    source = IndexSource(f"http://me@127.0.0.1:{server.port}/simple", client)
    assert source.page("foo")
    assert asked() == [f"get http://127.0.0.1:{server.port}/simple me", f"get 127.0.0.1:{server.port} me"]


def test_a_server_that_refuses_nothing_costs_no_question(
    server: IndexServer, new_client: Callable[..., Client], ring: Ring, asked: Callable[[], list[str]]
) -> None:
    assert IndexSource(server.simple_url, new_client(settings(ring({})))).page("foo")
    assert asked() == []


def test_a_password_that_the_user_gives_is_not_overruled(
    server: IndexServer, new_client: Callable[..., Client], ring: Ring, asked: Callable[[], list[str]]
) -> None:
    server.auth = ("me", "secret")
    client = new_client(settings(ring({f"--mode creds get {server.simple_url}": "me\\nsecret"})))
    with pytest.raises(FetchError, match="401") as caught:
        IndexSource(f"http://me:old@127.0.0.1:{server.port}/simple/", client).page("foo")
    assert asked() == []
    assert "keyring" in caught.value.hint
    assert "old" not in str(caught.value) + caught.value.hint


def test_netrc_comes_before_the_keyring_and_after_a_password_in_the_url(
    server: IndexServer, tmp_path: Path, ring: Ring, asked: Callable[[], list[str]]
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password from-netrc\n")
    credentials = Credentials(netrc, Keyring(KeyringProvider.SUBPROCESS, ring({})))
    origin = Origin.of(server.url)

    def login(url: str) -> str:
        return base64.b64decode(credentials.header_for(url, origin).removeprefix("Basic ")).decode()

    assert login(server.url) == "me:from-netrc"
    credentials.learn(f"http://you@127.0.0.1:{server.port}/a/")
    credentials.learn(f"http://me@127.0.0.1:{server.port}/b/")
    credentials.learn(f"http://me:url@127.0.0.1:{server.port}/c/")
    assert [login(f"{server.url}/{folder}/x") for folder in "abc"] == ["you:", "me:from-netrc", "me:url"]
    assert asked() == []


def test_a_login_of_the_keyring_goes_to_no_other_host(
    server: IndexServer, other: IndexServer, ring: Ring, asked: Callable[[], list[str]]
) -> None:
    server.auth = ("me", "secret")
    other.auth = ("me", "secret")
    server.redirects["/simple/away"] = f"{other.url}/goal"
    theirs = f"--mode creds get 127.0.0.1:{other.port}"
    environ = ring({f"--mode creds get {server.simple_url}": "me\\nsecret", theirs: "x\\ny"})
    credentials = Credentials(keyring=Keyring(KeyringProvider.SUBPROCESS, environ))
    credentials.learn(server.simple_url, named=True)
    http = HttpClient(HttpSettings(timeout=5), credentials=credentials)
    assert http.get(f"{server.simple_url}away", limit=1000).status == 401
    http.close()
    assert [request.headers.get("authorization") for request in other.requests] == [None]
    assert asked() == [f"--mode creds get {server.simple_url}"], "a host in the clear that nobody named"


def test_a_keyring_that_hangs_is_given_up_once_and_for_all(
    ring: Ring, asked: Callable[[], list[str]]
) -> None:
    reporter = RecordingReporter()
    environ = ring({}, before="exec sleep 60")
    keyring = Keyring(KeyringProvider.SUBPROCESS, environ, timeout=0.3, reporter=reporter)
    assert keyring.find(["one", "two"]) is None
    assert len(asked()) == 1
    assert reporter.warnings == ["the keyring gave no answer within 0.3 seconds, so it is not asked again"]


def test_it_can_ask_nobody(ring: Ring, tmp_path: Path) -> None:
    environ = ring(
        {"get there me": "secret"},
        before=f"cat > {tmp_path}/typed; (: > /dev/tty) 2> /dev/null && exit 3",
    )
    assert Keyring(KeyringProvider.SUBPROCESS, environ).find(["there"], "me") == ("me", "secret")
    assert (tmp_path / "typed").read_bytes() == b"", "there is nothing to read, and no terminal"


@pytest.mark.parametrize("answer", ["", "one\\ntwo\\nthree", "\\377\\nx", "me\\n"])
def test_an_answer_that_makes_no_sense_is_none(ring: Ring, answer: str) -> None:
    keyring = Keyring(KeyringProvider.SUBPROCESS, ring({"--mode creds get there": answer}))
    assert keyring.find(["there"]) is None


def test_words_that_look_like_options_are_not_asked_for(ring: Ring, asked: Callable[[], list[str]]) -> None:
    keyring = Keyring(KeyringProvider.SUBPROCESS, ring({}))
    assert keyring.find(["--disable"]) is None
    assert keyring.find(["there"], "--disable") is None
    assert asked() == []


def test_a_command_in_the_current_folder_is_not_run(
    ring: Ring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: Callable[[], list[str]]
) -> None:
    ring({"get there me": "secret"})
    monkeypatch.chdir(tmp_path / "bin")
    for path in (".", "", str(tmp_path / "bin")):
        assert Keyring(KeyringProvider.SUBPROCESS, {"PATH": path}).find(["there"], "me") is None
    assert asked() == []


def test_the_library_beside_us_is_asked_without_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "library" / "keyring"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(
        "import sys\nprint('secret' if sys.argv[1:] == ['get', 'there', 'me'] else 1 / 0)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path / "library"))
    environ = {"PATH": str(tmp_path), "PYTHONPATH": str(tmp_path / "library")}
    for provider in (KeyringProvider.AUTO, KeyringProvider.IMPORT):
        assert Keyring(provider, environ).find(["here", "there"], "me") == ("me", "secret")
    assert Keyring(KeyringProvider.DISABLED, environ).find(["there"], "me") is None
    assert "keyring" not in sys.modules
