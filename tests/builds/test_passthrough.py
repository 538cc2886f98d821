"""Build-isolation passthrough: what is installed is what the build sees, and nothing else of it."""

from pathlib import Path

import pytest

from builds.conftest import Yard, built
from rewheel.builds import PassthroughConflict
from rewheel.errors import RewheelError
from rewheel.resolution import Buildable
from support.source_factory import make_tree
from support.wheel_factory import make_wheel

ASKED = "[tool.rewheel]\nbuild-isolation-passthrough = ['Host']\n"


def module(version: str) -> dict[str, str]:
    return {"host/__init__.py": f"VERSION = {version!r}\n", "host/data.txt": "data"}


@pytest.fixture
def host(yard: Yard, tmp_path: Path) -> Path:
    """Install host 1.0+local and what it needs beside something else; the shelf has another host."""
    away = tmp_path / "away"
    yard.wheel("host", "9.9", files=module("9.9"))
    needed = make_wheel(away, "needed", "1.0", files={"space/needed.py": "VERSION = 'needed'\n"})
    other = make_wheel(away, "other", "1.0", files={"space/other.py": "", "other.py": ""})
    wheel = make_wheel(away, "host", "1.0+local", files=module("1.0+local"), requires=["needed"])
    yard.install(needed, other, wheel)
    return wheel


def imports(yard: Yard, sources: Buildable, **changes: object) -> dict[str, object]:
    with yard.builder(**changes) as builder:
        found = built(builder.build(sources).path)["imports"]
    assert isinstance(found, dict)
    return found


SEEN = ["host", "space.needed", "space.other", "other"]


@pytest.mark.parametrize("how", ["tool", "build-system", "option"])
def test_the_build_sees_what_is_installed(yard: Yard, host: Path, how: str) -> None:
    sources = yard.tree(
        build_requires=["host>=1"],
        imports=SEEN,
        pyproject=ASKED if how == "tool" else "",
        build_system="build_isolation_passthrough = ['host']" if how == "build-system" else "",
    )
    changes = {"passthrough": frozenset({"host"})} if how == "option" else {}
    found = imports(yard, sources, **changes)
    assert found["host"] == "1.0+local"
    assert found["space.needed"] is True  # what it needs is there, too
    assert found["space.other"] is None  # in the same folder, but somebody else's
    assert found["other"] is None


def test_without_the_key_nothing_changes(yard: Yard, host: Path) -> None:
    assert imports(yard, yard.tree(build_requires=["host"], imports=["host"])) == {"host": "9.9"}


def test_what_is_not_installed_comes_from_the_index(yard: Yard) -> None:
    yard.wheel("host", "9.9", files=module("9.9"))
    assert imports(yard, yard.tree(build_requires=["host"], imports=["host"], pyproject=ASKED)) == {
        "host": "9.9"
    }


def test_what_others_require_is_passed_through_and_never_asked_for(yard: Yard, host: Path) -> None:
    yard.wheel("helper", requires=["host"])
    (yard.shelf / "host-9.9-py3-none-any.whl").write_bytes(b"not looked at")
    sources = yard.tree(build_requires=["helper"], imports=["helper", "host"], pyproject=ASKED)
    assert imports(yard, sources)["host"] == "1.0+local"


def test_a_version_that_does_not_fit_is_an_error(yard: Yard, host: Path) -> None:
    with pytest.raises(PassthroughConflict) as caught:
        imports(yard, yard.tree(build_requires=["host>=2"], pyproject=ASKED))
    assert "requires host>=2, but host 1.0+local is installed" in str(caught.value)
    yard.wheel("helper", requires=["host>=2"])
    with pytest.raises(RewheelError, match="host"):
        imports(yard, yard.tree(build_requires=["helper"], pyproject=ASKED))


def test_the_environment_is_left_as_it_is(yard: Yard, host: Path) -> None:
    purelib = yard.target.scheme.purelib
    before = {path: path.stat().st_mtime_ns for path in purelib.rglob("*") if "__pycache__" not in str(path)}
    yard.wheel("clash", files={"host/extra.py": "", "space/other.py": "x = 1\n"})
    imports(yard, yard.tree(build_requires=["clash", "host"], pyproject=ASKED, imports=SEEN))
    after = {path: path.stat().st_mtime_ns for path in purelib.rglob("*") if "__pycache__" not in str(path)}
    assert {path: after[path] for path in before if path.is_file()} == {
        path: time for path, time in before.items() if path.is_file()
    }
    assert set(before) == set(after)


def test_another_version_is_another_build(yard: Yard, host: Path, tmp_path: Path) -> None:
    sources = yard.sdist(build_requires=["host"], imports=["host"], pyproject=ASKED)
    assert imports(yard, sources)["host"] == "1.0+local"
    assert imports(yard, sources)["host"] == "1.0+local"
    assert yard.diary.count("build_wheel foo") == 1
    yard.install(make_wheel(tmp_path / "newer", "host", "1.1", files=module("1.1")))
    assert imports(yard, sources)["host"] == "1.1"


def test_an_editable_installation_is_passed_through(yard: Yard, tmp_path: Path) -> None:
    tree = make_tree(tmp_path / "host", "host", "4.0")
    with yard.builder() as builder:
        yard.install(builder.build(Buildable("host", url=tree.as_uri(), editable=True)).path)
    assert imports(yard, yard.tree(build_requires=["host"], imports=["host"], pyproject=ASKED)) == {
        "host": "4.0"
    }


def test_what_is_passed_through_is_not_asked_for(yard: Yard, host: Path, tmp_path: Path) -> None:
    (yard.shelf / "host-9.9-py3-none-any.whl").unlink()
    found = imports(yard, yard.tree(build_requires=["host>=1"], imports=["host"], pyproject=ASKED))
    assert found["host"] == "1.0+local"


def test_force_passes_through_what_the_build_does_not_want(yard: Yard, host: Path) -> None:
    yard.wheel("helper", requires=["host>=2", "needed>=3"])
    sources = yard.sdist(
        build_requires=["host>=2", "host @ https://example.org/host-3.0-py3-none-any.whl", "helper"],
        imports=["helper", *SEEN],
        pyproject=ASKED,
    )
    found = imports(yard, sources, passthrough_force=True)
    assert found["host"] == "1.0+local"
    assert found["helper"] is not None
    assert found["other"] is None, "everything else stays invisible"
    warned = [text for text in yard.reporter.warnings if "passed through all the same" in text]
    assert len(warned) == 2
    assert "requires host>=2, but host 1.0+local is installed" in warned[0]


def test_force_alone_passes_nothing_through(yard: Yard, host: Path) -> None:
    found = imports(yard, yard.tree(build_requires=["host"], imports=["host"]), passthrough_force=True)
    assert found == {"host": "9.9"}
