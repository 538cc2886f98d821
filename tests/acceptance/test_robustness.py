"""What users, networks, disks and strangers do to commands: one clear line, the right code, no halves."""

import contextlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from acceptance.conftest import Shop
from support.index_server import Fault, IndexServer, Response
from support.wheel_factory import make_wheel, write_wheel

INFO = "foo-1.0.dist-info"
METADATA = "Metadata-Version: 2.1\nName: foo\nVersion: 1.0\n"
WHEEL = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
JSON = "application/vnd.pypi.simple.v1+json"


def wheel_with(shop: Shop, members: Mapping[str, bytes | str | None]) -> Path:
    """Put a wheel of foo 1.0 on the shelf with some members added, changed or, by `None`, left out."""
    every = {"foo.py": "LABEL = ''\n", f"{INFO}/METADATA": METADATA, f"{INFO}/WHEEL": WHEEL, **members}
    kept = {name: content for name, content in every.items() if content is not None}
    return write_wheel(shop.shelf / "foo-1.0-py3-none-any.whl", kept, INFO)


def check_refused(code: int, err: str, expected: int = 1) -> None:
    assert code == expected, err
    assert "Traceback" not in err
    assert "bug in rewheel" not in err
    assert sum(line.startswith("error:") for line in err.splitlines()) == 1


class Process:
    """The real program in a process of its own."""

    def __init__(self, shop: Shop) -> None:
        self.command = [sys.executable, "-m", "rewheel"]
        self.index = ["--index-url", shop.server.simple_url]

    def run(
        self, *arguments: object, environ: Mapping[str, str | None] | None = None, **keywords: Any
    ) -> subprocess.CompletedProcess[str]:
        changed = {**os.environ, **(environ or {})}
        done = subprocess.run(
            [*self.command, *map(str, arguments)],
            env={name: value for name, value in changed.items() if value is not None},
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            **keywords,
        )
        assert "Traceback" not in done.stderr
        assert "bug in rewheel" not in done.stderr
        return done


@pytest.fixture
def process(shop: Shop) -> Process:
    return Process(shop)


# What is typed


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([""], 2),
        (["foo=="], 2),
        (["foo bar"], 2),
        (["foo;"], 2),
        (["@"], 2),
        (["foo @ ftp://example.com/foo-1.0-py3-none-any.whl"], 2),
        (["foo==" + "9" * 5000], 2),
        (["foo", "--timeout", "nan"], 2),
        (["foo", "--retries", "-1"], 2),
        (["foo", "--machine", "/dev/zero"], 1),
        (["foo", "--machine", "/nowhere"], 1),
        (["foo", "--report", "/"], 2),
        (["foo", "--report", "/nowhere/report.json"], 2),
        (["foo", "--python", "/bin/true"], 1),
        (["foo", "--python", "/etc/passwd"], 1),
        (["foo", "-r", "/"], 2),
        (["foo", "-c", "/nowhere"], 2),
        (["../nowhere.whl"], 2),
        (["foo", "--index-url", "http://[::1"], None),
        (["foo", "--proxy", "::"], None),
        (["foo", "--config-file", "/nowhere"], 2),
        (["f\xf6\xf6"], 2),
        (["foo\x1b[31m"], 2),
    ],
)  # fmt: skip
def test_odd_arguments(shop: Shop, arguments: list[str], code: int | None) -> None:
    shop.wheel()
    index = [] if "--index-url" in arguments else ["--index-url", shop.server.simple_url]
    target = shop.folder / "target"
    found, _, err = shop.run("install", *arguments, *index, "--target", str(target))
    check_refused(found, err, found if code is None else code)
    assert found in {1, 2}
    assert "\x1b" not in err
    assert not target.exists()


@pytest.mark.parametrize(
    "name",
    ["plain", "with space", "\xfcn\xefc\xf6d\xe9", "a/../b", "deep/er/still", "-dash", "new\nline"],
)
def test_targets_with_odd_names(shop: Shop, process: Process, name: str) -> None:
    shop.wheel("bar", requires=["foo"], entry_points="[console_scripts]\nbar = bar:LABEL.upper\n")
    shop.wheel()
    work = shop.folder / "work"
    work.mkdir()
    done = process.run("install", "bar", f"--target={name}", *process.index, cwd=work)
    assert done.returncode == 0, done.stderr
    assert (work / os.path.normpath(name) / "foo.py").exists()
    assert process.run("list", f"--target={name}", cwd=work).stdout.count("1.0") == 2
    assert process.run("uninstall", "foo", "bar", f"--target={name}", cwd=work).returncode == 0
    assert not list((work / os.path.normpath(name)).iterdir())


def test_a_target_whose_name_is_no_text(shop: Shop, process: Process) -> None:
    shop.wheel()
    target = os.fsencode(shop.folder) + b"/\xff\xfe"
    done = process.run("install", "foo", "--target", os.fsdecode(target), *process.index)
    assert done.returncode == 0, done.stderr
    assert os.path.exists(target + b"/foo.py")  # noqa: PTH110 - pathlib has no bytes


@pytest.mark.parametrize("text", ["", "a b", "foo==", "/"])
def test_names_that_are_none_cannot_be_removed(shop: Shop, text: str) -> None:
    code, _, err = shop.run("uninstall", text, "--target", str(shop.folder / "target"))
    check_refused(code, err, 2)


@pytest.mark.parametrize("place", ["file", "file/below", "/dev/null", "/proc/1"])
def test_places_that_are_no_folder(shop: Shop, place: str) -> None:
    shop.wheel()
    (shop.folder / "file").write_text("mine")
    target = shop.folder / place
    code, _, err = shop.run("install", "foo", "--index-url", shop.server.simple_url, "--target", str(target))
    check_refused(code, err)
    assert (shop.folder / "file").read_text() == "mine"


def test_files_in_the_way_are_named(shop: Shop) -> None:
    shop.wheel()
    target = shop.folder / "target"
    target.mkdir()
    (target / "foo.py").write_text("mine")
    (target / "other.py").write_text("mine")
    code, _, err = shop.run("install", "foo", "--index-url", shop.server.simple_url, "--target", str(target))
    assert code == 0
    assert "foo.py" in err
    assert (target / "other.py").read_text() == "mine"


# What indexes say


PAGES: dict[str, tuple[bytes, str]] = {
    "brackets": (b"[" * 100_000, JSON),
    "null": (b"null", JSON),
    "files of no list": (b'{"meta":{"api-version":"1.0"},"name":"foo","files":"x"}', JSON),
    "files of nothing": (
        b'{"meta":{"api-version":"1.0"},"name":"foo","files":[1,null,{"filename":3}]}',
        JSON,
    ),
    "another version": (b'{"meta":{"api-version":"2.0"},"name":"foo","files":[]}', JSON),
    "nothing": (b"", "text/html"),
    "no text": (bytes(range(256)) * 4, "text/html"),
    "another type": (b"hi", "image/png"),
    "a script": (b'<a href="javascript:alert(1)">foo-1.0-py3-none-any.whl</a>', "text/html"),
    "a file": (b'<a href="file:///etc/passwd">foo-1.0-py3-none-any.whl</a>', "text/html"),
    "nested": (b"<div>" * 100_000, "text/html"),
    "a base elsewhere": (b'<base href="file:///"><a href="foo-1.0-py3-none-any.whl">x</a>', "text/html"),
}


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_pages_of_strangers(shop: Shop, page: tuple[bytes, str]) -> None:
    shop.server.responses["/simple/foo/"] = Response(*page)
    outcome = shop.install()
    check_refused(outcome.code, outcome.err)


@pytest.mark.parametrize(
    "hashes", [{"sha256": "zz"}, {"sha256": "../../../../tmp/x"}, {"sha256": ""}, {"sha256": "A" * 64}]
)
def test_hashes_of_strangers(shop: Shop, hashes: dict[str, str]) -> None:
    wheel = shop.wheel()
    entry = {"filename": wheel.name, "url": f"/files/{wheel.name}", "hashes": hashes}
    page = {"meta": {"api-version": "1.0"}, "name": "foo", "files": [entry]}
    shop.server.responses["/simple/foo/"] = Response(json.dumps(page).encode(), JSON)
    outcome = shop.install()
    if outcome.code:
        check_refused(outcome.code, outcome.err)
        assert "foo-1.0-py3-none-any.whl" in outcome.err
    else:  # what is no digest at all is as good as none
        assert not hashes["sha256"].strip("A") or len(hashes["sha256"]) != 64


@pytest.mark.parametrize(
    ("path", "fault", "code"),
    [
        ("/simple/foo/", Fault(status=503, times=1), 0),
        ("/simple/foo/", Fault(status=429, headers={"Retry-After": "0"}, times=1), 0),
        ("/simple/foo/", Fault(drop=True, times=1), 0),
        ("/simple/foo/", Fault(status=401), 1),
        ("/simple/foo/", Fault(status=302), 1),
        ("/simple/foo/", Fault(truncate=5), 1),
        ("/files/*", Fault(status=404), 1),
        ("/files/*", Fault(drop=True), 1),
        ("/files/*.whl", Fault(body=b""), 1),
        ("/files/*.metadata", Fault(status=404), 0),
        ("/files/*.metadata", Fault(body=b"Name: x"), 1),
    ],
)
def test_faults_of_networks(shop: Shop, path: str, fault: Fault, code: int) -> None:
    shop.wheel()
    shop.server.faults[path] = fault
    outcome = shop.install("--timeout", "2", "--retries", "1")
    assert outcome.code == code, outcome.err
    if code:
        check_refused(outcome.code, outcome.err)


@pytest.mark.parametrize("goal", ["/simple/foo/", "file:///etc/passwd", "http://127.0.0.1:9/", "gopher://x/"])
def test_redirects_to_nowhere(shop: Shop, goal: str) -> None:
    shop.wheel()
    shop.server.redirects["/simple/foo/"] = goal
    outcome = shop.install("--retries", "0")
    check_refused(outcome.code, outcome.err)


def test_a_wheel_by_path_needs_no_index(shop: Shop) -> None:
    wheel = shop.wheel()
    outcome = shop.install(str(wheel), "--index-url", "http://127.0.0.1:9/simple/", index=False)
    assert outcome.code == 0, outcome.err
    outcome = shop.install(f"foo @ {wheel.as_uri()}")
    assert outcome.code == 0
    assert not shop.server.count("*")


# What wheels hold


HOSTILE: dict[str, dict[str, bytes | str | None]] = {
    "a way out": {"../evil.py": "x"},
    "an absolute path": {"/tmp/evil.py": "x"},
    "a backslash": {"..\\evil.py": "x"},
    "a way out of the scripts": {"foo-1.0.data/scripts/../../../evil": "x"},
    "unknown data": {"foo-1.0.data/bogus/x": "x"},
    "a line end in a name": {"a\nb.py": "x"},
    "a name too long for the disk": {"a" * 300 + ".py": "x"},
    "no METADATA": {f"{INFO}/METADATA": None},
    "no WHEEL": {f"{INFO}/WHEEL": None},
    "bytes for METADATA": {f"{INFO}/METADATA": bytes(range(256))},
    "no requirement": {f"{INFO}/METADATA": METADATA + "Requires-Dist: bar baz boo\n"},
    "no marker": {f"{INFO}/METADATA": METADATA + "Requires-Dist: bar; weather == 'fine'\n"},
    "a version of many digits": {f"{INFO}/METADATA": METADATA + f"Requires-Dist: bar>={'9' * 5000}\n"},
    "a version of many digits, its own": {f"{INFO}/METADATA": METADATA.replace("1.0", "9" * 5000)},
    "the name of another": {f"{INFO}/METADATA": METADATA.replace("foo", "bar")},
    "another format": {f"{INFO}/WHEEL": WHEEL.replace("1.0", "3.0")},
    "broken entry points": {f"{INFO}/entry_points.txt": "[console_scripts\nx"},
    "a command with a path": {f"{INFO}/entry_points.txt": "[console_scripts]\n../../evil = foo:x\n"},
    "a command with more": {f"{INFO}/entry_points.txt": "[console_scripts]\nevil = foo:x;import os\n"},
    "two dist-infos": {"bar-1.0.dist-info/METADATA": METADATA},
    "names that differ in case": {"FOO.py": "x"},
    "a file for a folder": {"foo.py/x": "x"},
}  # fmt: skip


@pytest.mark.parametrize("members", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("metadata", [True, False], ids=["beside", "inside"])
def test_wheels_of_strangers(shop: Shop, members: dict[str, bytes | str | None], metadata: bool) -> None:
    wheel_with(shop, members)
    shop.server.metadata = metadata
    outcome = shop.install()
    check_refused(outcome.code, outcome.err)
    assert "foo" in outcome.err
    assert not list(shop.folder.parent.rglob("evil*"))


@pytest.mark.parametrize("line", ["Requires-Dist: bar baz boo", "Requires-Dist: bar; weather == 'fine'"])
def test_a_version_whose_dependencies_nobody_can_read_is_passed_over(shop: Shop, line: str) -> None:
    wheel_with(shop, {f"{INFO}/METADATA": f"{METADATA}{line}\n"})
    shop.wheel(version="0.9")
    outcome = shop.install()
    assert outcome.installed == {"foo": "0.9"}
    assert len(outcome.warnings) == 1
    assert "foo-1.0" in outcome.warnings[0]


def test_what_only_installers_write_is_not_taken_from_wheels(shop: Shop) -> None:
    wheel_with(
        shop,
        {
            f"{INFO}/INSTALLER": "pip\n",
            f"{INFO}/REQUESTED": "",
            f"{INFO}/direct_url.json": '{"url": "http://x"}',
        },
    )
    shop.wheel("bar", requires=["foo"])
    outcome = shop.install("bar")
    info = outcome.target / INFO
    assert (info / "INSTALLER").read_text() == "rewheel\n"
    assert not (info / "REQUESTED").exists()
    assert not (info / "direct_url.json").exists()


def test_the_python_of_an_environment_is_not_replaced(shop: Shop) -> None:
    wheel_with(shop, {"foo-1.0.data/scripts/python": "#!/bin/sh\n"})
    environment = shop.folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    code, _, err = shop.run(
        "install", "foo", "--index-url", shop.server.simple_url, "--python", str(environment)
    )
    check_refused(code, err)
    assert subprocess.run([environment / "bin" / "python", "-c", ""], check=False).returncode == 0


# What happens to disks and processes


def test_a_damaged_distribution_is_installed_anew(shop: Shop) -> None:
    shop.wheel()
    outcome = shop.install()
    (outcome.target / INFO / "METADATA").unlink()
    code, out, err = shop.run(
        "install", "foo", "--index-url", shop.server.simple_url, "--target", str(outcome.target)
    )
    assert code == 0, err
    assert "Installed foo 1.0" in out
    assert (outcome.target / INFO / "METADATA").exists()


@pytest.mark.parametrize("content", [b"", b"garbage"])
def test_a_damaged_cache_heals(shop: Shop, content: bytes) -> None:
    shop.variants("x1", "x2")
    assert shop.install().label() == "x2"
    for path in Path(os.environ["REWHEEL_CACHE_DIR"]).rglob("*"):
        if path.is_file() and not path.is_symlink():
            path.chmod(0o644)
            path.unlink()
            path.write_bytes(content)
    outcome = shop.install()
    assert outcome.code == 0, outcome.err
    assert outcome.label() == "x2"


def test_without_a_cache_that_can_be_written_all_goes_on(
    shop: Shop, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.wheel()
    cache = shop.folder / "cache"
    cache.write_text("mine")
    monkeypatch.setenv("REWHEEL_CACHE_DIR", str(cache))
    done = process.run("install", "foo", "--target", shop.folder / "target", *process.index)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("warning:") == 1
    assert cache.read_text() == "mine"


def test_a_file_that_is_too_large_for_the_disk(shop: Shop, process: Process) -> None:
    make_wheel(shop.shelf, files={"foo.py": "LABEL = ''\n", "large.bin": os.urandom(3 << 20)})

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))

    target = shop.folder / "target"
    done = process.run("install", "foo", "--target", target, *process.index, preexec_fn=limit)
    check_refused(done.returncode, done.stderr)
    assert not target.exists()
    assert process.run("install", "foo", "--target", target, *process.index).returncode == 0


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("no small disk can be had here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("full", ["target", "cache"])
def test_a_full_disk(shop: Shop, process: Process, full: str) -> None:
    make_wheel(shop.shelf, files={"foo.py": "LABEL = ''\n", "large.bin": os.urandom(3 << 20)})
    with small_disk(shop.folder / "disk") as disk:
        target = disk / "target" if full == "target" else shop.folder / "target"
        environ = {"REWHEEL_CACHE_DIR": str(disk / "cache")} if full == "cache" else {}
        done = process.run("install", "foo", "--target", target, *process.index, environ=environ)
        check_refused(done.returncode, done.stderr)
        assert not target.exists()


def test_killed_at_any_time_and_run_again(shop: Shop, process: Process) -> None:
    for number in range(3):
        files = {f"p{number}/m{part}.py": "x = 1\n" * 50 for part in range(60)}
        make_wheel(shop.shelf, f"p{number}", files=files, requires=[f"p{number - 1}"] if number else [])
    whole = shop.folder / "whole"
    started = time.monotonic()
    assert process.run("install", "p2", "--target", whole, *process.index).returncode == 0
    duration = time.monotonic() - started
    expected = sorted(str(path.relative_to(whole)) for path in whole.rglob("*"))
    for step in range(12):
        target = shop.folder / f"t{step}"
        command = [*process.command, "install", "p2", "--target", str(target), *process.index]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as killed:
            with contextlib.suppress(subprocess.TimeoutExpired):
                killed.wait(duration * (0.4 + step * 0.06))
            killed.kill()
        done = process.run("install", "p2", "--target", target, *process.index)
        assert done.returncode == 0, done.stderr
        assert sorted(str(path.relative_to(target)) for path in target.rglob("*")) == expected


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stopped_by_a_signal(shop: Shop, process: Process, number: signal.Signals) -> None:
    shop.wheel()
    shop.server.faults["/files/*.whl"] = Fault(delay=20)
    target = shop.folder / "target"
    command = [*process.command, "install", "foo", "--target", str(target), *process.index]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        while not shop.server.count("/files/*.whl"):
            assert running.poll() is None
            time.sleep(0.01)
        running.send_signal(number)
        _, err = running.communicate()
    assert running.returncode in {130, -number}
    assert "Traceback" not in err
    assert not target.exists() or not list(target.iterdir())


def test_several_at_once(shop: Shop, process: Process) -> None:
    for number in range(4):
        make_wheel(shop.shelf, f"p{number}", requires=[f"p{number - 1}"] if number else [])
    target = shop.folder / "target"
    running = [
        subprocess.Popen(
            [*process.command, "install", name, "--target", str(target), *process.index],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for name in ("p3", "p2", "p1", "p3")
    ]  # fmt: skip
    for each in running:
        _, err = each.communicate()
        assert each.returncode == 0, err
    assert len(list(target.glob("*.dist-info"))) == 4


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&-"])
def test_closed_streams(shop: Shop, process: Process, closed: str) -> None:
    shop.wheel()
    target = shop.folder / "target"
    command = " ".join([*process.command, "install", "foo", "--target", str(target), *process.index, closed])
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (target / "foo.py").exists()
    assert not done.stderr


@pytest.mark.parametrize("command", ["--version", "--help", "explain foo", "install foo"])
def test_an_output_that_is_full(shop: Shop, process: Process, command: str) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    shop.wheel()
    words = command.split()
    if len(words) == 2:
        words += [*process.index]
    if words[0] == "install":
        words += ["--target", str(shop.folder / "target")]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*process.command, *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "environ",
    [
        {"HOME": None, "REWHEEL_CACHE_DIR": None, "XDG_CONFIG_HOME": None},
        {"HOME": "", "REWHEEL_CACHE_DIR": None},
        {"HOME": "/nowhere/at/all", "REWHEEL_CACHE_DIR": None, "XDG_CACHE_HOME": None},
        {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"TMPDIR": "/nowhere"},
        {"PATH": ""},
        {"http_proxy": "http://127.0.0.1:9", "no_proxy": "127.0.0.1"},
    ],
)
def test_odd_surroundings(shop: Shop, process: Process, environ: dict[str, str | None]) -> None:
    shop.wheel()
    target = shop.folder / "t\xfcrgut"
    changed = {**environ}
    if changed.get("REWHEEL_CACHE_DIR", "") is None and os.geteuid() == 0 and changed.get("HOME") != "":
        changed["XDG_CACHE_HOME"] = str(shop.folder / "xdg")
    done = process.run("install", "foo", "--target", target, *process.index, environ=changed)
    assert done.returncode == 0, done.stderr
    assert (target / "foo.py").exists()


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:9", "user:s3cret", "socks5://user:s3cret@127.0.0.1:9"])
def test_proxies_that_do_not_answer(shop: Shop, proxy: str) -> None:
    shop.wheel()
    outcome = shop.install("--proxy", proxy, "--retries", "0")
    check_refused(outcome.code, outcome.err)
    assert "s3cret" not in outcome.err


# Secrets


SECRET = "s3cr3t-t0ken"


@pytest.mark.parametrize("right", [True, False])
def test_secrets_stay_secret(shop: Shop, monkeypatch: pytest.MonkeyPatch, right: bool) -> None:
    """A password is neither printed nor written anywhere, whatever it was given by and whatever fails."""
    shop.variants("x1")
    wheel = "foo-1.0-py3-none-any.whl"
    said = []
    with IndexServer(shop.shelf, auth=("user", SECRET if right else "other")) as private:
        login = f"//user:{SECRET}@"
        index, links = (url.replace("//", login) for url in (private.simple_url, private.links_url))
        file = private.file_url(wheel).replace("//", login)
        listed = shop.folder / "requirements.txt"
        report = shop.folder / "report.json"
        commands: list[list[str]] = [
            ["install", "foo", "-i", index, "-vv", "--report", str(report)],
            ["install", "nothing-like-that", "-i", index],
            ["install", "foo>9", "-i", index, "-v"],
            ["install", f"foo @ {file}", "--no-deps", "-vv"],
            ["install", file, "--no-index"],
            ["install", f"{file}.txt"],
            ["install", f"foo @ {file} and more"],
            ["install", f"foo=={index}"],
            ["install", "-e", index],
            ["install", f"git+{index}"],
            ["install", "foo", "--no-index", "-f", links, "-vv"],
            ["install", "foo", "-i", index.replace("http:", "ftp:")],
            ["install", "-r", str(listed), "-vv"],
        ]
        listed.write_text(f"--index-url {index}\nfoo\n")
        for number, command in enumerate(commands):
            said += shop.run(*command, "--target", str(shop.folder / f"s{number}"))[1:]
        said += shop.run("explain", "foo", "-i", index, "-v")[1:]
        said += shop.run("explain", "foo", "-i", index, "--json")[1:]
        said += shop.run("list", "--json", "--target", str(shop.folder / "s3"))[1:]
        listed.write_text(f"foo @ {file} nonsense\n--what {index}\n")
        said += shop.run("install", "-r", str(listed), "--target", str(shop.folder / "t"))[1:]
        monkeypatch.setenv("PIP_EXTRA_INDEX_URL", index)
        said += shop.run("install", "foo", "-vv", "-i", shop.server.simple_url, "-t", str(shop.folder / "u"))[
            1:
        ]
    assert not [text for text in said if SECRET in text]
    listed.unlink()
    for folder in (shop.folder, Path(os.environ["HOME"])):
        for path in folder.rglob("*"):
            assert SECRET not in path.name
            assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path
