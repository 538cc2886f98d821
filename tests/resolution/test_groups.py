"""The order of candidates over groups of sources (PEP 766)."""

from pathlib import Path

import pytest
from hypothesis import given, strategies as st
from packaging.version import Version

from rewheel.indexes import DirectorySource, ProjectPage, Source
from rewheel.resolution.candidates import number_candidates
from rewheel.resolution.releases import Release, releases_of
from support.wheel_factory import make_wheel

TAGS = {"py3-none-any": 0}
NAMES = st.lists(st.tuples(st.integers(1, 5), st.booleans()), max_size=4, unique_by=lambda each: each[0])


def group(folder: Path, *versions: str, sdists: tuple[str, ...] = ()) -> list[Release]:
    folder.mkdir(parents=True, exist_ok=True)
    for version in versions:
        make_wheel(folder, "foo", version)
    for version in sdists:
        (folder / f"foo-{version}.tar.gz").write_bytes(b"")
    page = DirectorySource(folder).page("foo")
    return list(releases_of(page, TAGS).values()) if page else []


@pytest.mark.parametrize(
    ("prefer_binary", "expected"),
    [
        (False, ["a 3.0", "a 2.0", "a 1.0", "b 9.0", "b 8.0"]),
        (True, ["a 2.0", "b 8.0", "a 3.0", "a 1.0", "b 9.0"]),
    ],
)
def test_wheels_and_sources_of_two_indexes(tmp_path: Path, prefer_binary: bool, expected: list[str]) -> None:
    """Sources of the first index count before wheels of the second, unless wheels are preferred."""
    groups = [
        group(tmp_path / "a", "2.0", sdists=("1.0", "3.0")),
        group(tmp_path / "b", "8.0", sdists=("9.0",)),
    ]
    found = number_candidates("foo", groups, prefer_binary=prefer_binary).candidates
    listed = [f"{Path(each.releases[0].source.name).name} {each.version}" for each in found]
    assert listed == expected


@given(st.lists(NAMES, max_size=4), st.booleans())
def test_the_order_of_candidates(described: list[list[tuple[int, bool]]], prefer_binary: bool) -> None:
    """Each release of each group has one number; groups stay in order, and versions inside of them fall."""
    groups = []
    for number, versions in enumerate(described):
        source = DirectorySource(Path(f"/none/{number}"))
        groups.append([release(source, str(version), has_wheel=wheel) for version, wheel in versions])
    found = number_candidates("foo", groups, prefer_binary=prefer_binary).candidates
    assert len(found) == sum(map(len, described))
    keys = [
        (
            prefer_binary and not each.releases[0].wheels,
            int(Path(each.releases[0].source.name).name),
            -int(str(each.version)),
        )
        for each in found
    ]
    assert keys == sorted(keys)


def release(source: Source, version: str, *, has_wheel: bool) -> Release:
    from rewheel.indexes import File

    name = f"foo-{version}-py3-none-any.whl" if has_wheel else f"foo-{version}.tar.gz"
    file = File(name, f"file:///{name}", {}, "", None, None, "", core_metadata=False, source=source)
    (found,) = releases_of(ProjectPage("foo", (file,), source, "x"), TAGS).values()
    assert found.version == Version(version)
    return found
