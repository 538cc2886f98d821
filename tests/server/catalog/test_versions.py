"""Keys sort as versions do."""

from hypothesis import given, strategies as st
from packaging.version import Version

from rewheel.server.catalog.versions import sort_key

numbers = st.one_of(st.integers(0, 12), st.integers(0, 10**12))
words = st.text("abz019", min_size=1, max_size=3)


@st.composite
def versions(draw: st.DrawFn) -> Version:
    text = ".".join(map(str, draw(st.lists(numbers, min_size=1, max_size=3))))
    if draw(st.booleans()):
        text = f"{draw(numbers)}!{text}"
    if draw(st.booleans()):
        text += draw(st.sampled_from(["a", "b", "rc"])) + str(draw(numbers))
    if draw(st.booleans()):
        text += f".post{draw(numbers)}"
    if draw(st.booleans()):
        text += f".dev{draw(numbers)}"
    if draw(st.booleans()):
        text += "+" + ".".join(draw(st.lists(words, min_size=1, max_size=3)))
    return Version(text)


@given(versions(), versions())
def test_keys_sort_as_versions_do(one: Version, other: Version) -> None:
    assert (sort_key(one) < sort_key(other)) == (one < other)
    assert (sort_key(one) == sort_key(other)) == (one == other)


def test_releases_that_are_equal_are_one() -> None:
    assert sort_key(Version("1.0")) == sort_key(Version("1.0.0")) == sort_key(Version("1"))
