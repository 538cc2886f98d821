"""The order of candidates over groups of sources (PEP 766)."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, strategies as st
from packaging.version import Version

from rewheel.indexes import DirectorySource, File, ProjectPage, Source
from rewheel.metadata.clauses import Clauses
from rewheel.metadata.version_keys import key_of
from rewheel.resolution.numbering import number_candidates
from rewheel.resolution.releases import Releases
from support.wheel_factory import make_wheel

TAGS = {"py3-none-any": 0}
NAMES = st.lists(st.tuples(st.integers(1, 5), st.booleans()), max_size=4, unique_by=lambda each: each[0])


def group(folder: Path, *versions: str, sdists: tuple[str, ...] = ()) -> list[Releases]:
    folder.mkdir(parents=True, exist_ok=True)
    for version in versions:
        make_wheel(folder, "foo", version)
    for version in sdists:
        (folder / f"foo-{version}.tar.gz").write_bytes(b"")
    page = DirectorySource(folder).page("foo")
    return [Releases(page, TAGS)] if page else []


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
        files = [file(source, str(version), has_wheel=wheel) for version, wheel in versions]
        groups.append([Releases(ProjectPage("foo", tuple(files), source, "x"), TAGS)] if files else [])
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


def file(source: Source, version: str, *, has_wheel: bool) -> File:
    name = f"foo-{version}-py3-none-any.whl" if has_wheel else f"foo-{version}.tar.gz"
    return File(name, f"file:///{name}", {}, "", None, None, "", core_metadata=False, source=source)


@given(st.lists(NAMES, min_size=1, max_size=3), st.integers(1, 5))
def test_an_installed_version_comes_before_what_is_older(
    described: list[list[tuple[int, bool]]], version: int
) -> None:
    """Whichever tier that is in; all the others stay as they were."""
    tiers = []
    for number, versions in enumerate(described):
        source = DirectorySource(Path(f"/none/{number}"))
        files = [file(source, str(each), has_wheel=wheel) for each, wheel in versions]
        tiers.append([Releases(ProjectPage("foo", tuple(files), source, "x"), TAGS)])
    installed: Any = SimpleNamespace(version=f"{version}.0")
    usual = number_candidates("foo", tiers).candidates
    found = number_candidates("foo", tiers, replaceable=installed).candidates
    older = [at for at, each in enumerate(usual.versions) if int(each) < version]
    at = older[0] if older else len(usual)
    assert found[at].installed is installed
    assert found.versions == [*usual.versions[:at], f"{version}.0", *usual.versions[at:]]
    assert [each.version for each in found] == found.versions
    assert found[0] is found[0] is next(iter(found))


@given(
    st.lists(st.lists(st.sampled_from(["1", "1.0", "2rc1", "2", "3.dev0", "3+cpu"]), max_size=4), max_size=3)
)
def test_sources_of_equal_standing(described: list[list[str]]) -> None:
    """Versions that are equal are one candidate, with a release for each source, and sets are by number."""
    tier = []
    for number, versions in enumerate(described):
        source = DirectorySource(Path(f"/none/{number}"))
        files = [file(source, each, has_wheel=True) for each in dict.fromkeys(versions)]
        tier.append(Releases(ProjectPage("foo", tuple(files), source, "x"), TAGS))
    found = number_candidates("foo", [tier] if tier else [])
    versions = {key_of(each): each for group in described for each in group}
    assert [key_of(each) for each in found.candidates.versions] == sorted(versions, reverse=True)
    for number, candidate in enumerate(found.candidates):
        having = [g for g in described if key_of(candidate.version) in map(key_of, g)]
        assert len(candidate.releases) == len(having)
        assert (number in found.matching(">=2")) == Clauses.parse(">=2").contain(candidate.version)
        assert bool(found.candidates.early >> number & 1) == Version(candidate.version).is_prerelease
