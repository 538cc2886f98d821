"""`rewheel release check`: findings, who gets what, and exit codes."""

import json
import os
import sys
from pathlib import Path

import pytest

import rewheel.machines.known as known
from publishing.releases import gpu_wheel, make_sdist
from rewheel.cli.commands.release import command
from support.elf_factory import AVX2, make_elf
from support.index_server import IndexServer
from support.wheel_factory import make_wheel
from wheels.hostile_zip import Entry, zip_of

from .conftest import Run

LINUX = "cp312-cp312-manylinux_2_28_x86_64"


@pytest.fixture
def release(shelf: Path) -> Path:
    for level in ("v2", "v3", "v4"):
        properties = {"x86_64": {"level": [level]}}
        make_wheel(shelf, label=f"x86_64_{level}", properties=properties, tag=LINUX)
    make_wheel(shelf, tag=LINUX)
    return shelf


def test_a_sound_release_tells_who_gets_what(run: Run, release: Path) -> None:
    assert run("release", "index", release).code == 0
    code, out, err = run("release", "check", release)
    assert (code, err) == (0, "")
    lines = {line.strip().partition("  ")[0]: line for line in out.splitlines()}
    assert "Who gets what of foo 1.0" in out
    assert "(plain)" in lines["Linux: x86-64-v1 (any)"]
    assert (
        "x86_64_v3  best supported: [x86_64 :: level :: v3]" in lines["Linux: x86-64-v3 (since about 2013)"]
    )
    assert "nothing" in lines["Alpine Linux: x86-64-v3"]
    assert out.endswith("5 files, nothing found\n")


def test_errors_end_with_1_and_say_what_to_do(run: Run, release: Path) -> None:
    files = {"foo.so": make_elf(AVX2)}
    properties = {"x86_64": {"level": ["v2"]}}
    make_wheel(release, label="x86_64_v2", properties=properties, tag=LINUX, files=files)
    code, out, _ = run("release", "check", release)
    assert code == 1
    assert f"error RW141  foo-1.0-{LINUX}-x86_64_v2.whl: foo.so: has instructions of avx2 (x86-64-v3)" in out
    assert "compile with the -march of the label" in out
    code, out, _ = run("release", "check", release, "--no-content")
    assert (code, "RW141" in out) == (0, False)
    code, out, _ = run("release", "check", release, "--ignore", "rw141", "--ignore", "RW221")
    assert (code, out.splitlines()[-1].endswith("nothing found")) == (0, True)


def test_json_has_everything(run: Run, release: Path) -> None:
    code, out, _ = run("release", "check", release, "--json")
    document = json.loads(out)
    assert (code, document["ok"]) == (0, True)
    assert [finding["code"] for finding in document["findings"]] == ["RW221"]
    assert set(document["findings"][0]) == {"code", "severity", "file", "place", "message", "remedy"}
    (found,) = document["releases"]
    assert found["labels"] == ["x86_64_v2", "x86_64_v3", "x86_64_v4"]
    gets = {row["machine"]: row["label"] for row in found["who_gets_what"]}
    assert gets["linux-x86_64-v4"] == "x86_64_v4"
    assert gets["macos-apple-m1"] is None
    assert {row["python"] for row in found["who_gets_what"]} == {"3.12"}


def test_machines_and_pythons_can_be_named(run: Run, release: Path) -> None:
    assert run("machine", "save", "mine.toml").code == 0
    code, out, _ = run("release", "check", release, "--machine", "mine.toml", "--python-version", "3.13")
    assert code == 0
    assert "mine" in out
    assert "cp312-cp312 does not fit this target" in out


@pytest.mark.parametrize("name", ["linux-x86_64-v3", "cuda-12.8-h100", "macos-apple-m2"])
def test_the_table_and_explain_agree(run: Run, release: Path, name: str) -> None:
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    tag = LINUX.replace("312", python.replace(".", ""))
    for label, properties in (("v2", {"x86_64": {"level": ["v2"]}}), ("v3", {"x86_64": {"level": ["v3"]}})):
        make_wheel(release, "bar", label=label, properties=properties, tag=tag)
    path = Path(known.__file__).parent / f"{name}.toml"
    words = ["--machine", path, "--json"]
    explained = json.loads(run("explain", "bar", "--no-index", "-f", release, *words).out)["explanations"][0]
    checked = json.loads(run("release", "check", release, *words, "--python-version", python).out)
    (table,) = (found["who_gets_what"] for found in checked["releases"] if found["project"] == "bar")
    assert [(row["label"], row["wheel"]) for row in table] == [(explained["label"], explained["selected"])]


def test_limits(run: Run, release: Path) -> None:
    code, out, _ = run("release", "check", release, "--limits", "200,300")
    assert code == 1
    assert "RW151" in out
    assert "RW152  foo: has" in out
    assert run("release", "check", release, "--limits", "pypi").code == 0


def test_a_release_on_an_index_is_read_by_its_ends(run: Run, release: Path) -> None:
    make_sdist(release)
    make_wheel(release, version="0.9")
    assert run("release", "index", release).code == 0
    with IndexServer(release) as server:
        code, out, _ = run("release", "check", f"{server.simple_url}foo/")
        assert (code, "RW" in out) == (0, False)
        assert "6 files, nothing found" in out
        assert not any(request.path.endswith("0.9-py3-none-any.whl") for request in server.requests)
        asked = [request for request in server.requests if request.path.endswith(".whl")]
        assert asked
        assert all(request.method == "HEAD" or "range" in request.headers for request in asked)
        code, out, _ = run("release", "check", server.simple_url, "--project", "Foo==0.9", "--content")
        assert (code, "1 file, nothing found" in out) == (0, True)
        code, _, err = run("release", "check", server.simple_url, "--project", "foo==3")
        assert (code, "lists no foo 3" in err, "the newest are" in err) == (2, True, True)
        code, _, err = run("release", "check", f"{server.simple_url}bar/")
        assert (code, "has no project bar" in err) == (2, True)


@pytest.mark.parametrize("code", ["RW101", "rw214", "RW307"])
def test_codes_are_explained(run: Run, code: str) -> None:
    result = run("release", "check", "--explain", code)
    assert result.code == 0
    assert result.out.startswith(code.upper())
    assert "What to do:" in result.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "there is nothing to check"),
        (["--explain", "RW999"], "is no code of a check"),
        ([".", "--ignore", "E501"], "is no code of a check"),
        ([".", "--limits", "-1"], "is not a size"),
        ([".", "--python-version", "4"], "expected a version such as 3.12"),
        ([".", "--project", "foo"], "in a folder everything is checked"),
        (["absent"], "No such file or directory"),
        (["http://127.0.0.1:9/simple/foo/", "--retries", "0"], "the connection was refused"),
    ],
)
def test_what_cannot_be_asked_for(run: Run, arguments: list[str], message: str) -> None:
    code, _, err = run("release", "check", *arguments)
    assert code in {1, 2}
    assert message in err


def test_an_empty_folder_has_nothing_wrong(run: Run, shelf: Path) -> None:
    code, out, _ = run("release", "check", shelf)
    assert (code, "0 files, nothing found" in out) == (0, True)


HOSTILE = [
    zip_of(Entry(name=b"../../evil.py")),
    zip_of(Entry(name=b"/evil.py")),
    zip_of(Entry(name=b"C:\\evil.py")),
    zip_of(Entry(name=b"link", external=0o120777 << 16, content=b"../../..")),
    zip_of(Entry(), Entry()),
    zip_of(Entry(size=1 << 31)),
    zip_of(Entry(content=b"\0" * (1 << 20), size=10)),
    b"",
    b"PK\x05\x06",
    os.urandom(5000),
]


@pytest.mark.parametrize("data", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_wheel_never_escapes_its_folder(run: Run, world: Path, shelf: Path, data: bytes) -> None:
    (shelf / "foo-1.0-py3-none-any.whl").write_bytes(data)
    gpu_wheel(shelf, "x1", "x1")
    before = {path: path.is_file() and path.read_bytes() for path in world.parent.rglob("*")}
    code, out, _ = run("release", "check", shelf)
    assert (code, "error RW1" in out) == (1, True)
    for words in (["release", "index", shelf], ["release", "publish", shelf, "--to", "http://127.0.0.1:9/"]):
        assert run(*words).code == 1
    making = ["variant", "make", shelf / "foo-1.0-py3-none-any.whl", "-p", "x86_64 :: level :: v3"]
    assert run(*making).code == 1
    assert {path: path.is_file() and path.read_bytes() for path in world.parent.rglob("*")} == before


def test_the_group_says_what_it_is_for() -> None:
    assert "publish" in (command.help or "")
