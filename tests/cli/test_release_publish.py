"""`rewheel release publish`: every file once, the index file last, secrets never shown."""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from publishing.releases import gpu_wheel, make_sdist
from support.upload_server import Answer, UploadServer
from support.wheel_factory import make_wheel, write_wheel

from .conftest import Run

SECRET = "s3cr3t-t0k3n"


@pytest.fixture
def release(shelf: Path) -> Path:
    make_wheel(shelf)
    gpu_wheel(shelf, "x1", "x1")
    make_sdist(shelf)
    return shelf


@pytest.fixture(autouse=True)
def no_login(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TWINE_USERNAME", "TWINE_PASSWORD", "NETRC"):
        monkeypatch.delenv(name, raising=False)


def names(server: UploadServer) -> list[str]:
    return [upload.filename for upload in server.uploads]


ALL = ["foo-1.0.tar.gz", "foo-1.0-py3-none-any.whl", "foo-1.0-py3-none-any-x1.whl"]
INDEX_FILE = "foo-1.0-variants.json"


def test_everything_is_uploaded_and_the_index_file_last(run: Run, release: Path) -> None:
    with UploadServer(takes_index_files=True) as server:
        code, out, err = run("release", "publish", release, "--to", server.url)
        assert (code, err) == (0, "")
        assert names(server) == [*ALL, INDEX_FILE]
        assert server.files[ALL[1]] == (release / ALL[1]).read_bytes()
        assert b'"x1"' in server.files[INDEX_FILE]
        assert f"{INDEX_FILE}: uploaded" in out
        assert "Published foo 1.0: 3 files uploaded" in out
    assert not (release / INDEX_FILE).exists()  # the folder stays as it was


def test_the_form_says_what_the_metadata_says(run: Run, shelf: Path) -> None:
    info = "foo-1.0.dist-info"
    metadata = (
        "Metadata-Version: 2.1\nName: foo\nVersion: 1.0\nSummary: Dinge über Dinge\n"
        "Classifier: One\nClassifier: Two\nProject-URL: Home, https://example.org\n"
        "Requires-Dist: bar; python_version > '3'\nRequires-Python: >=3.8\n\n# foo\n\nText.\n"
    )
    wheel = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    members = {"foo.py": "", f"{info}/METADATA": metadata, f"{info}/WHEEL": wheel}
    write_wheel(shelf / ALL[1], members, info)
    with UploadServer() as server:
        assert run("release", "publish", shelf, "--to", server.url).code == 0
        fields = server.uploads[0].fields
    assert fields[":action"] == ["file_upload"]
    assert fields["protocol_version"] == ["1"]
    assert fields["filetype"] == ["bdist_wheel"]
    assert fields["pyversion"] == ["py3"]
    assert (fields["name"], fields["version"]) == (["foo"], ["1.0"])
    assert fields["summary"] == ["Dinge über Dinge"]
    assert fields["classifiers"] == ["One", "Two"]
    assert fields["project_urls"] == ["Home, https://example.org"]
    assert fields["requires_dist"] == ["bar; python_version > '3'"]
    assert fields["description"] == ["# foo\n\nText."]
    assert len(fields["sha256_digest"][0]) == 64


def test_a_publication_that_was_interrupted_is_continued(run: Run, release: Path) -> None:
    with UploadServer(answers=[Answer(keeps=True), Answer(status=400, body="full")]) as server:
        code, out, err = run("release", "publish", release, "--to", server.url)
        assert code == 1
        assert f"{ALL[1]}: the index refused it (400): full" in err
        assert "1 of 3 files of this release are on the index" in out
        code, out, err = run("release", "publish", release, "--to", server.url)
        assert (code, err) == (0, "")
        assert f"{ALL[0]}: there already" in out
        assert names(server)[2:4] == ALL[1:]


def test_a_connection_that_broke_after_the_file_arrived_counts(run: Run, release: Path) -> None:
    with UploadServer(answers=[Answer(keeps=True, drops=True)]) as server:
        assert run("release", "publish", release, "--to", server.url).code == 0
        assert names(server).count(ALL[0]) == 1


def test_what_may_pass_is_tried_again(run: Run, shelf: Path) -> None:
    make_wheel(shelf)
    with UploadServer(answers=[Answer(status=503), Answer(drops=True)]) as server:
        assert run("release", "publish", shelf, "--to", server.url).code == 0
        assert names(server) == [ALL[1]] * 3


def test_what_does_not_pass_is_given_up(run: Run, shelf: Path) -> None:
    make_wheel(shelf)
    with UploadServer(answers=[Answer(status=500, body="out of disk")] * 2) as server:
        code, _, err = run("release", "publish", shelf, "--to", server.url, "--retries", "1")
        assert code == 1
        assert "the index has a problem of its own (500): out of disk" in err
        assert "run the same command again" in err


def test_an_answer_before_the_body_has_arrived_is_heard(run: Run, shelf: Path) -> None:
    make_wheel(shelf, files={"foo.bin": os.urandom(3 << 20)})
    with UploadServer(answers=[Answer(status=413, body="at most 1 MB", early=True)]) as server:
        code, _, err = run("release", "publish", shelf, "--to", server.url)
        assert code == 1
        assert "413" in err or "the connection was closed" in err


def test_another_file_of_the_name_is_never_replaced(run: Run, release: Path) -> None:
    with UploadServer() as server:
        server.files[ALL[1]] = b"another"
        code, _, err = run("release", "publish", release, "--to", server.url)
        assert code == 1
        assert f"{ALL[1]}: the index has another file of this name" in err
        assert "give the release another version" in err
        assert server.files[ALL[1]] == b"another"


def test_without_hashes_only_the_user_can_say_that_it_is_the_same(run: Run, release: Path) -> None:
    with UploadServer(lists_hashes=False) as server:
        server.files[ALL[0]] = (release / ALL[0]).read_bytes()
        code, _, err = run("release", "publish", release, "--to", server.url)
        assert (code, "--skip-existing" in err) == (1, True)
        code, out, _ = run("release", "publish", release, "--to", server.url, "--skip-existing")
        assert code == 0
        assert f"{ALL[0]}: there already" in out


def test_an_index_that_takes_no_index_files_is_explained(run: Run, release: Path) -> None:
    with UploadServer() as server:
        code, out, _ = run("release", "publish", release, "--to", server.url)
        assert code == 0
        assert f"{INDEX_FILE}: the index takes no index files (not a distribution)" in out
        assert "`rewheel release index DIR`" in out


def test_an_index_file_that_is_listed_already_is_not_sent(run: Run, release: Path) -> None:
    with UploadServer(takes_index_files=True) as server:
        run("release", "publish", release, "--to", server.url)
        code, out, _ = run("release", "publish", release, "--to", server.url)
        assert code == 0
        assert f"{INDEX_FILE}: the index lists it" in out
        assert len(server.uploads) == 4


@pytest.mark.parametrize(
    "way", ["option", "variable", "login", "twine", "url", "pypirc", "netrc", "keyring", "named"]
)
def test_logins_come_from_everywhere_and_are_never_shown(
    run: Run, shelf: Path, way: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    make_wheel(shelf)
    login = ("__token__", SECRET) if way in {"option", "variable", "named"} else ("me", SECRET)
    with UploadServer(login=login, private=True) as server:
        arguments: list[object] = ["release", "publish", shelf, "--to", server.url, "-vv"]
        home = tmp_path / "home"
        home.mkdir(exist_ok=True)
        match way:
            case "option":
                arguments += ["--token", SECRET]
            case "variable":
                monkeypatch.setenv("REWHEEL_TOKEN", SECRET)
            case "login":
                arguments += ["--username", "me", "--password", SECRET]
            case "twine":
                monkeypatch.setenv("TWINE_USERNAME", "me")
                monkeypatch.setenv("TWINE_PASSWORD", SECRET)
            case "url":
                arguments[4] = server.url.replace("://", f"://me:{SECRET}@")
            case "netrc":
                (home / ".netrc").write_text(f"machine 127.0.0.1 login me password {SECRET}\n")
            case "keyring":
                tool = home / "bin/keyring"
                tool.parent.mkdir()
                answers = f'if [ "$1" = get ]; then echo {SECRET}; else printf "me\n{SECRET}\n"; fi'
                tool.write_text(f"#!/bin/sh\n{answers}\n")
                tool.chmod(0o755)
                monkeypatch.setenv("PATH", f"{tool.parent}{os.pathsep}{os.environ['PATH']}")
            case "pypirc":
                (home / ".pypirc").write_text(
                    f"[mine]\nrepository = {server.url}\nusername = me\npassword = {SECRET}\n"
                )
            case _:
                (home / ".pypirc").write_text(f"[mine]\nrepository = {server.url}\npassword = {SECRET}\n")
                arguments[4] = "mine"
        code, out, err = run(*arguments)
        assert (code, server.uploads[0].login) == (0, login), err
        assert SECRET not in out + err
        assert server.page_logins[0] in {login, None}
        code, out, err = run(*arguments)
        assert (code, "there already" in out) == (0, True)


def test_a_refused_login_says_what_to_do_and_shows_no_secret(run: Run, shelf: Path) -> None:
    make_wheel(shelf)
    with UploadServer(login=("me", "right")) as server:
        code, out, err = run("release", "publish", shelf, "--to", server.url, "--token", SECRET)
        assert code == 1
        assert "the index does not let you upload (403): invalid login ****" in err
        assert "--token or REWHEEL_TOKEN" in err
        assert SECRET not in out + err


def test_a_redirect_is_told_and_not_followed(run: Run, shelf: Path) -> None:
    make_wheel(shelf)
    with UploadServer(
        answers=[Answer(status=301, headers={"Location": "https://example.org/legacy/"})]
    ) as server:
        code, _, err = run("release", "publish", shelf, "--to", server.url)
        assert (code, len(server.uploads)) == (1, 1)
        assert "redirects to https://example.org/legacy/: upload to that URL" in err


def test_what_the_check_refuses_is_not_uploaded(run: Run, release: Path) -> None:
    gpu_wheel(release, "x9", "x1")
    with UploadServer() as server:
        code, out, err = run("release", "publish", release, "--to", server.url)
        assert code == 1
        assert "RW204" in out
        assert "nothing was uploaded" in err
        assert not server.uploads
        assert run("release", "publish", release, "--to", server.url, "--no-check").code == 0


def test_what_cannot_be_read_is_never_left_out_silently(run: Run, release: Path) -> None:
    (release / "foo-1.0-py2-none-any.whl").write_bytes(b"no wheel")
    with UploadServer() as server:
        for words in (["--no-check"], ["--ignore", "RW105"]):
            code, out, err = run("release", "publish", release, "--to", server.url, *words)
            assert (code, "RW105" in out, server.uploads) == (1, True, [])
            assert "foo-1.0-py2-none-any.whl cannot be published" in err


def test_an_ignored_error_does_not_hold_a_file_back(run: Run, release: Path) -> None:
    import zipfile

    with zipfile.ZipFile(release / ALL[1], "a") as archive:
        archive.writestr("extra.py", "")
    with UploadServer() as server:
        assert run("release", "publish", release, "--to", server.url).code == 1
        assert run("release", "publish", release, "--to", server.url, "--ignore", "RW134").code == 0
        assert ALL[1] in server.files


def test_limits_are_part_of_the_check(run: Run, release: Path) -> None:
    with UploadServer() as server:
        code, out, _ = run("release", "publish", release, "--to", server.url, "--limits", "200")
        assert (code, "RW151" in out, server.uploads) == (1, True, [])


def test_a_dry_run_uploads_nothing(run: Run, release: Path) -> None:
    with UploadServer() as server:
        code, out, _ = run("release", "publish", release, "--to", server.url, "--dry-run")
        assert (code, server.uploads) == (0, [])
        assert all(name in out for name in ALL)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--to", "nowhere"], "neither a URL nor the name of a repository"),
        (["--to", "http://127.0.0.1:9/", "--retries", "0"], "the connection was refused"),
        (["--to", "http://127.0.0.1:9/", "--token", "t", "--username", "u"], "give either"),
        (["--to", "http://127.0.0.1:9/", "--username", "u"], "needs a password"),
        (["--to", "http://127.0.0.1:9/", "--limits", "much"], "is not a size"),
    ],
)
def test_what_cannot_be_asked_for(run: Run, release: Path, arguments: list[str], message: str) -> None:
    code, _, err = run("release", "publish", release, *arguments)
    assert code in {1, 2}
    assert message in err


def test_a_broken_pypirc_does_not_show_its_lines(run: Run, release: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    (home / ".pypirc").write_text(f"password = {SECRET}\n[mine]\n")
    code, out, err = run("release", "publish", release, "--to", "mine")
    assert code == 2
    assert "is not a configuration file" in err
    assert SECRET not in out + err


@pytest.fixture(scope="module")
def pypiserver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run the real pypiserver from PyPI."""
    import socket

    folder = tmp_path_factory.mktemp("packages")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "pypiserver",
        "run",
        "-i",
        "127.0.0.1",
        "-p",
        str(port),
        "-P",
        ".",
        "-a",
        ".",
    ]
    process = subprocess.Popen(
        [*command, "--disable-fallback", str(folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}/"
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(url, timeout=5).close()
                break
            except OSError:
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait()


def test_a_real_index_server_takes_a_release_once(run: Run, release: Path, pypiserver: str) -> None:
    code, out, err = run("release", "publish", release, "--to", pypiserver)
    assert (code, err) == (0, "")
    assert out.count(": uploaded") == 3
    code, out, err = run("release", "publish", release, "--to", pypiserver)
    assert (code, err) == (0, "")
    assert out.count(": there already") == 3
    code, out, _ = run("release", "check", f"{pypiserver}simple/foo/")
    assert code == 1
    assert "RW303" in out
    assert (
        run("release", "check", f"{pypiserver}simple/", "--project", "foo==1.0", "--ignore", "RW303").code
        == 0
    )
