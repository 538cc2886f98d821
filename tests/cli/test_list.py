"""`rewheel list`: what is not required, editable, outdated, and in pip's forms."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.index_server import IndexServer
from support.wheel_factory import make_wheel

from .conftest import Run
from .environment import make_environment, pip, site_packages

STATIC = {"gpu": {"static-properties": {"arch": ["x2", "x1"]}}}


@pytest.fixture
def server(shelf: Path) -> Iterator[IndexServer]:
    with IndexServer(shelf) as server:
        yield server


def names(out: str) -> list[str]:
    return [line.split()[0] for line in out.splitlines()[1:]]


def test_forms_are_those_of_pip(run: Run, shelf: Path) -> None:
    make_environment()
    make_wheel(shelf, "Foo", "1.0", requires=["bar"])
    make_wheel(shelf, "bar", "2.0")
    make_wheel(shelf, "loop", requires=["loop[x]"], extras=["x"])
    run("install", "foo", "loop", "-f", shelf, "--no-index")
    assert run("list", "--format", "freeze").out == pip("list", "--format", "freeze").stdout
    ours = json.loads(run("list", "--format", "json").out)
    theirs = json.loads(pip("list", "--format", "json").stdout)
    assert [{"name": each["name"], "version": each["version"]} for each in ours] == theirs
    assert run("list", "--json").out == run("list", "--format", "json").out
    assert names(run("list", "--not-required").out) == ["Foo", "loop"]
    assert names(run("list", "--exclude", "foo", "--exclude", "LOOP").out) == ["bar"]


def test_editables(run: Run, shelf: Path, tmp_path: Path) -> None:
    make_environment()
    make_wheel(shelf, "foo")
    make_wheel(shelf, "bar")
    run("install", "foo", "bar", "-f", shelf, "--no-index")
    document = {"url": tmp_path.as_uri(), "dir_info": {"editable": True}}
    (site_packages() / "foo-1.0.dist-info/direct_url.json").write_text(json.dumps(document))
    out = run("list", "-e").out
    assert out.splitlines()[0].endswith("Editable project location")
    assert out.splitlines()[1].split() == ["foo", "1.0", str(tmp_path)]
    assert names(run("list", "--exclude-editable").out) == ["bar"]
    assert run("list", "-e", "--exclude-editable").code == 2


def test_outdated_is_what_upgrade_would_replace(run: Run, shelf: Path, server: IndexServer) -> None:
    make_environment()
    make_wheel(shelf, "foo", "1.0")
    make_wheel(shelf, "same", "1.0")
    make_wheel(shelf, "pre", "1.0")
    make_wheel(shelf, "best", "1.0")
    run("install", "foo", "same", "pre", "best", "-i", server.simple_url)
    make_wheel(shelf, "foo", "2.0")
    make_wheel(shelf, "foo", "3.0", tag="cp27-cp27m-win32")
    make_wheel(shelf, "pre", "2.0b1")
    for label in ("x1", "x2"):
        properties = {"gpu": {"arch": [label]}}
        make_wheel(shelf, "best", label=label, properties=properties, priorities=["gpu"], providers=STATIC)
    source = ("-i", server.simple_url, "--no-cache")
    code, out, err = run("list", "--outdated", *source)
    assert (code, err) == (0, "")
    assert [line.split() for line in out.splitlines()[1:]] == [
        ["best", "1.0", "1.0", "x2", "wheel"],
        ["foo", "1.0", "2.0", "wheel"],
    ]
    found = json.loads(run("list", "-o", "--json", *source).out)
    keys = ("name", "version", "latest_version", "latest_label", "latest_filetype", "latest_filename")
    assert [tuple(each[key] for key in keys) for each in found] == [
        ("best", "1.0", "1.0", "x2", "wheel", "best-1.0-py3-none-any-x2.whl"),
        ("foo", "1.0", "2.0", "", "wheel", "foo-2.0-py3-none-any.whl"),
    ]
    assert names(run("list", "-o", "--pre", "--no-variants", *source).out) == ["foo", "pre"]
    assert run("install", "-U", "foo", "same", "pre", "best", *source).code == 0
    assert run("list", "-o", *source).out.startswith("nothing is outdated in")
    assert run("list", "-o", "--format", "freeze").code == 2


def test_newer_versions_of_which_no_variant_fits_are_named(
    run: Run, shelf: Path, server: IndexServer
) -> None:
    make_environment()
    make_wheel(shelf, "foo", "1.0")
    run("install", "foo", "-i", server.simple_url)
    arch = {"gpu": {"arch": ["x9"]}}
    make_wheel(shelf, "foo", "0.9", label="x9", properties=arch, priorities=["gpu"], providers=STATIC)
    source = ("-i", server.simple_url, "--no-cache")
    assert run("list", "-o", *source).err == ""
    for version in ("2.0", "3.0"):
        make_wheel(shelf, "foo", version, label="x9", properties=arch, priorities=["gpu"], providers=STATIC)
    done = run("list", "-o", *source)
    assert done.out.startswith("nothing is outdated in")
    assert "foo 3.0 is passed over (and 1 more since 1.0): x9: " in done.err
    assert "[gpu :: arch :: x9] is not supported" in done.err
    make_wheel(shelf, "foo", "2.5")
    done = run("list", "-o", "--json", *source)
    assert [each["latest_version"] for each in json.loads(done.out)] == ["2.5"]
    assert "foo 3.0 is passed over: x9: " in done.err


def test_what_no_index_has_is_not_outdated(run: Run, shelf: Path, server: IndexServer) -> None:
    make_environment()
    wheel = make_wheel(shelf, "foo")
    run("install", "foo", "-f", shelf, "--no-index")
    wheel.unlink()
    assert run("list", "-o", "-i", server.simple_url).out.startswith("nothing is outdated in")
    make_wheel(shelf, "foo", "0.5")
    assert run("list", "-o", "-i", server.simple_url, "--no-cache").out.startswith("nothing is outdated in")
