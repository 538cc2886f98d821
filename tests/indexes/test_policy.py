"""Policy: patterns of names, pins, the order of steps, and who vouches for whom."""

from collections.abc import Callable, Mapping, Sequence
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from rewheel.indexes import (
    Client,
    DirectorySource,
    File,
    IndexPolicy,
    IndexSource,
    InvalidPage,
    InvalidSource,
    NamePattern,
    Pin,
    ProjectPage,
    Source,
    Sources,
    Strategy,
)
from rewheel.indexes.offers import steps
from rewheel.indexes.pages import parse_page
from rewheel.indexes.vouching import strangers
from rewheel.variants import normalize_project

PROJECTS = st.from_regex(r"[a-z0-9]+([-_.]+[a-zA-Z0-9]+){0,3}", fullmatch=True).filter(str.isascii)
PLACES = st.sampled_from(["https://a.test/simple", "https://b.test/simple/", "https://c.test/x"])


# Patterns and pins


@pytest.mark.parametrize(
    ("pattern", "project", "expected"),
    [
        ("foo", "foo", True),
        ("foo", "foo-bar", False),
        ("Foo.Bar", "foo-bar", True),
        ("acme-*", "acme-x", True),
        ("Acme_*", "acme-x-y", True),
        ("acme-*", "acme", False),
        ("acme*", "acme", True),
        ("*-acme", "x-acme", True),
        ("*", "anything", True),
        ("a*z", "a-to-z", True),
    ],
)
def test_patterns(pattern: str, project: str, expected: bool) -> None:
    assert NamePattern.parse(pattern).matches(project) is expected


@pytest.mark.parametrize("text", ["", "a b", "[ab]", "a?", "ü", "a/b", "a!"])
def test_what_is_no_pattern(text: str, client: Client) -> None:
    with pytest.raises(ValueError, match="neither the name of a project"):
        NamePattern.parse(text)
    with pytest.raises(InvalidSource):
        Sources.build(client, indexes=[("a", "https://a.test", "", [text])])


@given(PROJECTS)
def test_a_name_means_itself_in_any_spelling(name: str) -> None:
    project = normalize_project(name)
    assert NamePattern.parse(name).matches(project)
    assert NamePattern.parse(f"{name}*").matches(project)
    assert not NamePattern.parse(f"{name}x").matches(project)


@given(PROJECTS, st.permutations(["*", "a*", "*a*", "foo", "foo-*", "foo-bar-*"]))
def test_pins_do_not_depend_on_their_order(name: str, texts: list[str]) -> None:
    project = normalize_project(name)
    pins = tuple(Pin(NamePattern.parse(text), text, frozenset({text})) for text in texts)
    found = IndexPolicy(pins=pins).pin_of(project)
    again = IndexPolicy(pins=pins[::-1]).pin_of(project)
    assert found is not None
    assert again is not None
    assert found.pattern.weight == again.pattern.weight
    assert found.pattern.matches(project)
    exact = "foo" if project == "foo" else None
    assert exact is None or found.target == exact


# Steps


def named(client: Client, group: int, *names: str) -> list[Source]:
    return [IndexSource(f"https://{name}.test", client, name=name, group=group) for name in names]


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ({}, ["a", "bc", "d"]),
        ({2: Strategy.VERSION_PRIORITY}, ["a", "bc", "d"]),
        ({2: Strategy.INDEX_PRIORITY}, ["a", "b", "c", "d"]),
        ({2: Strategy.FIRST_INDEX}, ["a", "b", "c", "d"]),
    ],
)
def test_steps(client: Client, tmp_path: Path, inside: Mapping[int, Strategy], expected: list[str]) -> None:
    sources = [*named(client, 3, "d"), *named(client, 1, "a"), *named(client, 2, "b", "c")]
    sources.append(DirectorySource(tmp_path, name="links"))
    found = steps(sources, IndexPolicy(inside=inside))
    assert ["".join(source.name for source in step.sources) for step in found] == ["links", *expected]
    assert [step.is_links for step in found] == [True] + [False] * len(expected)


def test_a_group_stands_where_its_first_member_stands(client: Client) -> None:
    indexes = [
        ("a", "https://a.test", "near"),
        ("b", "https://b.test"),
        ("c", "https://c.test", "near", ["foo"]),
    ]
    sources = Sources.build(
        client,
        index_url="https://a.test/",
        indexes=indexes,
        groups=[("near", Strategy.INDEX_PRIORITY), ("far", Strategy.FIRST_INDEX)],
        pins={"bar": "near", "baz": "b"},
    )
    assert [[source.name for source in group] for group in sources.groups] == [["a", "c"], ["b"]]
    assert sources.policy.inside == {1: Strategy.INDEX_PRIORITY}
    assert [s.name for s in sources.considered("foo")] == ["a", "b"]
    assert [s.name for s in sources.considered("bar")] == ["a", "c"]
    assert [s.name for s in sources.considered("baz")] == ["b"]
    assert [s.name for s in sources.considered("qux")] == ["a", "b", "c"]
    assert [s.name for s in sources.only("https://b.test/").considered("bar")] == []


# Vouching


def page(
    client: Client, url: str, tracks: Sequence[str] = (), alternates: Sequence[str] = (), *, files: int = 1
) -> ProjectPage:
    source = IndexSource(url, client)
    some = tuple(
        File(
            "foo-1.0-py3-none-any.whl", f"{url}/f", {}, "", None, None, "", core_metadata=False, source=source
        )
        for _ in range(files)
    )
    return ProjectPage(
        "foo",
        some,
        source,
        f"{url.rstrip('/')}/foo/",
        tracks=tuple(tracks),
        alternate_locations=tuple(alternates),
    )


A, B, C, D = (f"https://{name}.test/simple" for name in "abcd")


def at(*roots: str) -> list[str]:
    return [f"{root}/foo/" for root in roots]


CASES: list[tuple[dict[str, tuple[list[str], list[str]]], bool]] = [
    ({A: ([], [])}, True),
    ({A: ([], []), B: ([], [])}, False),
    ({A: ([], []), B: (at(A), [])}, True),
    ({A: ([], []), B: (["https://A.test:443/simple/foo"], [])}, True),
    ({A: ([], []), B: (["http://a.test/simple/foo/"], [])}, False),
    ({A: ([], []), B: (["https://a.test:99999/simple/foo/", "https://[a/", "", "/simple/foo/"], [])}, False),
    ({A: ([], at(B)), B: ([], at(A))}, True),
    ({A: ([], at(A, B)), B: ([], at(B))}, False),
    ({A: ([], at(B)), B: ([], [])}, False),
    ({A: ([], []), B: (at(A), []), C: (at(B), [])}, True),
    ({A: ([], []), B: (at(A), []), C: ([], [])}, False),
    ({A: ([], []), B: (at(C), []), C: (at(B), [])}, False),
    ({A: ([], []), B: ([], []), C: (at(A, B), [])}, False),
    ({A: ([], at(B, C)), B: ([], at(A, C)), C: ([], at(A, B))}, True),
    ({A: ([], at(B)), B: ([], at(A, C)), C: ([], at(B))}, False),
    ({A: ([], at(B)), B: ([], at(A)), C: (at(B), []), D: (at(C), [])}, True),
]


@pytest.mark.parametrize(("said", "expected"), CASES)
def test_who_vouches_for_whom(
    client: Client, said: dict[str, tuple[list[str], list[str]]], expected: bool
) -> None:
    made = [page(client, url, *words) for url, words in said.items()]
    for order in permutations(made):
        found = strangers(order)
        assert (found is None) is expected
        assert found is None or found[0] is not found[1]


def test_a_page_without_files_offers_nothing(client: Client) -> None:
    assert strangers([page(client, A), page(client, B, files=0)]) is None


@given(
    st.dictionaries(PLACES, st.tuples(st.lists(PLACES, max_size=3), st.lists(PLACES, max_size=3)), min_size=2)
)
def test_silence_vouches_for_nothing(said: dict[str, tuple[list[str], list[str]]]) -> None:
    """An index about which nobody says a word, and that says none itself, is a stranger to all."""
    with Client() as client:
        made = [
            page(client, url, *([f"{place.rstrip('/')}/foo/" for place in words] for words in pair))
            for url, pair in said.items()
        ]
        assert strangers([*made, page(client, "https://silent.test")]) is not None


@given(st.dictionaries(st.sampled_from(["meta", "alternate-locations"]), st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.just("tracks"), inner),
    max_leaves=6,
)))  # fmt: skip
def test_whatever_a_page_says_of_other_places_it_is_read(said: dict[str, object]) -> None:
    import json

    with Client() as client:
        source = IndexSource(A, client)
        body = json.dumps({"meta": {}, **said, "files": []}).encode()
        try:
            found = parse_page(body, "application/json", f"{A}/foo/", "foo", source)
        except InvalidPage:
            return
        for url in (*found.tracks, *found.alternate_locations):
            assert isinstance(url, str)
        assert strangers([found, page(client, B)]) is None  # it has no files


def test_both_forms_of_pages_say_the_same(client: Client) -> None:
    source = IndexSource(A, client)
    json = (
        b'{"meta": {"api-version": "1.2", "tracks": ["https://x.test/foo/", 1]}, "files": [],'
        b' "alternate-locations": ["https://y.test/foo/", null, "https://z.test/foo/"]}'
    )
    html = (
        b'<head><meta name="pypi:tracks" content="https://x.test/foo/">'
        b'<META NAME="PyPI:alternate-locations" CONTENT="https://y.test/foo/">'
        b'<meta name="pypi:alternate-locations" content="https://z.test/foo/"></head>'
    )
    for body, kind in ((json, "application/json"), (html, "text/html")):
        found = parse_page(body, kind, f"{A}/foo/", "foo", source)
        assert found.tracks == ("https://x.test/foo/",)
        assert found.alternate_locations == ("https://y.test/foo/", "https://z.test/foo/")


def test_two_claims_about_one_url_are_kept_apart(new_client: Callable[..., Client], tmp_path: Path) -> None:
    """What one index says of a file must not answer for what another says of the same URL."""
    from rewheel.indexes import HashMismatch
    from support.index_server import IndexServer
    from support.wheel_factory import make_wheel

    make_wheel(tmp_path / "w", "foo")
    with IndexServer(tmp_path / "w") as server:
        client = new_client()
        (found,) = Sources.build(client, index_url=server.simple_url).pages("foo")
        honest = found.files[0]
        liar = File(
            honest.filename, honest.url, honest.hashes, "", None, None, "",
            core_metadata={"sha256": "0" * 64}, source=honest.source,
        )  # fmt: skip
        assert client.metadata(honest) is not None
        with pytest.raises(HashMismatch):
            client.metadata(liar)
