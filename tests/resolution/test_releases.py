"""Sorting a page into releases: as quickly as can be, and as if every name had been read."""

from hypothesis import given, strategies as st

from rewheel.indexes import File, ProjectPage, Sources
from rewheel.indexes.listing import Listing
from rewheel.metadata.version_keys import key_of, normalized
from rewheel.resolution.releases import releases_of, tag_rank
from rewheel.variants import InvalidFilename, WheelFilename

TAGS = {"cp311-cp311-linux_x86_64": 0, "py3-none-any": 1}
PARTS = st.sampled_from([
    "foo", "Foo", "f_o", "1.0", "1", "2.0rc1", "1.0+x.1", "1_0", "py3", "py2.py3", "cp311", "3py", "none",
    "any", "linux_x86_64", "x86_64_v3", "UPPER", "", "a b", "~", "2", "1x", "any.x", "none.py3",
])  # fmt: skip
ENDS = st.sampled_from([".whl", ".tar.gz", ".zip", "-variants.json", ".whlx", ".egg"])
NAMES = st.one_of(
    st.builds(lambda parts, end: "-".join(parts) + end, st.lists(PARTS, min_size=1, max_size=8), ENDS),
    st.builds(
        lambda version, tail: f"foo-{version}-{tail}.whl",
        st.sampled_from(["1.0", "1", "2.0", "x", ""]),
        st.sampled_from(
            ["py3-none-any", "1-py3-none-any", "cp311-cp311-linux_x86_64-v3", "py3-any-any", "py3"]
        ),
    ),
)


def file(name: str) -> File:
    return File(name, f"https://x/{name}", {}, "", None, None, "", core_metadata=False, source=None)  # type: ignore[arg-type]


def page(names: list[str]) -> ProjectPage:
    return ProjectPage("foo", Listing(names, lambda number: file(names[number])), Sources, "x")  # type: ignore[arg-type]


@given(st.lists(NAMES, max_size=12))
def test_every_valid_wheel_of_the_project_is_in_its_release(names: list[str]) -> None:
    expected: dict[object, list[tuple[str, int | None]]] = {}
    for name in names:
        try:
            filename = WheelFilename.parse(name) if name.endswith(".whl") else None
        except InvalidFilename:
            continue
        key = key_of(filename.version) if filename else None
        if filename is not None and filename.project == "foo" and key is not None:
            expected.setdefault(key, []).append((name, tag_rank(filename, TAGS)))
    found = {
        key_of(release.version): [(str(wheel.filename), wheel.tag_rank) for wheel in release.wheels]
        for release in releases_of(page(names), TAGS)
    }
    assert {version: wheels for version, wheels in found.items() if wheels} == expected
    for release in releases_of(page(names), TAGS):
        assert normalized(release.version) == release.version
        assert release.may_have_labels or not any(wheel.filename.label for wheel in release.wheels)


@given(st.lists(NAMES, max_size=8))
def test_a_memory_of_endings_changes_nothing(names: list[str]) -> None:
    tails: dict[str, int | None] = {}
    for _ in range(2):
        alone = releases_of(page(names), TAGS)
        shared = releases_of(page(names), TAGS, tails)
        assert [[(wheel.name, wheel.tag_rank) for wheel in each.wheels] for each in alone] == [
            [(wheel.name, wheel.tag_rank) for wheel in each.wheels] for each in shared
        ]


def test_files_are_made_only_when_somebody_looks() -> None:
    names = ["foo-1.0-py3-none-any.whl", "foo-2.0-py3-none-any.whl", "foo-2.0.tar.gz"]
    made: list[str] = []

    def make(number: int) -> File:
        made.append(names[number])
        return file(names[number])

    listing = Listing(names, make)
    releases = releases_of(ProjectPage("foo", listing, Sources, "x"), TAGS)  # type: ignore[arg-type]
    assert made == []
    newest = releases[0]
    assert [wheel.name for wheel in newest.wheels] == ["foo-2.0-py3-none-any.whl"]
    assert made == []
    assert [wheel.file.filename for wheel in newest.wheels] == ["foo-2.0-py3-none-any.whl"]
    assert made == ["foo-2.0-py3-none-any.whl"]
    assert newest.wheels[0].file is newest.wheels[0].file is listing[1] is listing[-2]
    assert [each.filename for each in listing] == names
    assert [each.filename for each in listing[1:]] == names[1:]
    assert (len(listing), len(newest.wheels), len(newest.sdists)) == (3, 1, 1)
