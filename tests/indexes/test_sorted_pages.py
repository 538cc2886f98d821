"""Pages that are kept sorted by version: what they say is what the document says, and nothing older."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pytest
from hypothesis import given, strategies as st

from rewheel.indexes import Cache, Client, IndexesError, IndexSource, ProjectPage
from rewheel.indexes.documents import Document
from rewheel.indexes.groups import group_names
from rewheel.indexes.pages import parse_page
from rewheel.indexes.sorted_pages import SortedPages
from rewheel.metadata.version_keys import key_of, normalized
from support.index_server import JSON, IndexServer, Response

PAGE = "/simple/foo/"
NewClient = Callable[..., Client]


def entry(filename: str, **more: object) -> dict[str, object]:
    return {"filename": filename, "url": f"https://x.example/{filename}", "hashes": {"sha256": "ab"}} | more


def document(entries: list[dict[str, Any]], **more: object) -> bytes:
    padding = {"_padding": "x" * 4096}  # small pages are read again instead
    return json.dumps({"meta": {"api-version": "1.4"}, "files": entries, **more, **padding}).encode()


def what(page: ProjectPage) -> list[object]:
    """All that a page says, whatever the order of its files."""
    files = [
        (
            file.filename, file.url, dict(file.hashes), file.requires_python, file.yanked, file.size,
            file.upload_time, file.core_metadata, file.rim,
        )
        for file in page.files
    ]  # fmt: skip
    groups = {
        group.version: [
            [page.files[number].filename for number in numbers]
            for numbers in (group.wheels, group.sdists, group.index_files)
        ]
        + [group.may_have_labels]
        for group in page.groups
    }
    return [
        sorted(files, key=repr), groups, sorted(page.names), page.url, page.versions,
        page.status, page.status_reason, page.tracks, page.alternate_locations,
    ]  # fmt: skip


class _Source:
    name = "source"


ATTRIBUTES = st.fixed_dictionaries(
    {},
    optional={
        "requires-python": st.sampled_from([">=3.9", "nonsense", ""]),
        "yanked": st.sampled_from([True, False, "because", ""]),
        "size": st.integers(0, 9),
        "upload-time": st.just("2026-01-01T00:00:00Z"),
        "core-metadata": st.sampled_from([True, False, {"sha256": "cd"}]),
        "_rim": st.just({
            "url": "https://x.example/a.rim", "hashes": {"sha256": "ef"}, "owner": "acme",
            "support": "mailto:a@b",
        }),
    },
)  # fmt: skip
FILENAMES = st.builds(
    lambda name, version, end: f"{name}-{version}{end}",
    st.sampled_from(["foo", "Foo", "bar"]),
    st.sampled_from(["1.0", "1.0.0", "2.0rc1", "0.9", "x", "1!3+local"]),
    st.sampled_from(
        ["-py3-none-any.whl", "-py3-none-any-v3.whl", "-py3.whl", ".tar.gz", ".zip", ".egg", "-variants.json"]
    ),
)


@given(st.lists(st.tuples(FILENAMES, ATTRIBUTES), max_size=12))
def test_what_is_kept_is_what_was_read(tmp_path_factory: pytest.TempPathFactory, files: list[Any]) -> None:
    body = document(
        [entry(name, **attributes) for name, attributes in files],
        **{"versions": ["1.0"], "project-status": {"status": "deprecated", "reason": "old"}},
        **{"alternate-locations": ["https://y.example/simple/foo/"]},
    )
    source: Any = _Source()
    pages = SortedPages(Cache(tmp_path_factory.mktemp("cache")), source)
    url = "https://user:secret@x.example/simple/foo/"
    kept = Document(exists=True, url=url, content_type=JSON, body=body, was_kept=True)
    read = parse_page(body, JSON, url, "foo", source)
    pages.keep(read, kept)
    found = pages.find("foo", kept._replace(body=b"", sha256=kept.digest), lambda: read)
    assert found is not None
    assert found.source is source
    assert all(file.source is source for file in found.files)
    assert what(found) == what(read)
    assert "secret" not in found.url
    groups = found.sorted_groups
    assert groups is not None
    assert list(groups.keys) == sorted(key_of(group.version) or "" for group in groups)
    assert list(groups.versions) == [normalized(group.version) for group in groups]
    fresh = read.releases
    for one, other in ((groups, fresh), (fresh, groups)):
        assert (one.keys, one.versions) == (other.keys, other.versions)
        assert (one.early, one.labelled) == (other.early, other.labelled)
    assert fresh.withdrawn is None
    assert [bool((groups.withdrawn or 0) >> place & 1) for place in range(len(groups))] == [
        all(read.files[number].yanked is not None for number in group.distributions) for group in fresh
    ]


def test_groups_are_by_equal_versions_of_the_project_alone() -> None:
    names = [
        "foo-1.0-py3-none-any.whl",
        "foo-1.tar.gz",
        "bar-1.0.tar.gz",
        "foo-1.0.0-variants.json",
        "foo.egg",
    ]
    (group,) = group_names(names, "foo")
    assert group == ("1.0", [0], [1], [3], False)


class Offering(Protocol):
    """What makes the server offer these files of foo, on a page with all that its settings say."""

    def __call__(self, *filenames: str) -> None: ...


@pytest.fixture
def offer(server: IndexServer, monkeypatch: pytest.MonkeyPatch) -> Offering:
    def change(*filenames: str) -> None:
        body = document([entry(name) | {"url": name} for name in filenames])
        monkeypatch.setattr(server, "page", lambda path, accept: Response(body, JSON))

    return change


def ask(new_client: NewClient, server: IndexServer, **options: object) -> ProjectPage | None:
    """Ask as another command would: with another client on the same cache."""
    with new_client(**options) as client:
        return IndexSource(server.simple_url, client).page("foo")


@pytest.mark.parametrize("cache_control", ["max-age=600", ""])
def test_a_page_that_is_met_again_is_read_from_what_was_kept(
    server: IndexServer, offer: Offering, new_client: NewClient, tmp_path: Path, cache_control: str
) -> None:
    server.cache_control, server.etag = cache_control, True
    offer("foo-1.0.tar.gz", "foo-2.0.tar.gz")
    pages = [ask(new_client, server) for _ in range(4)]
    assert pages[0] is not None
    assert pages[3] is not None
    assert [page and what(page) for page in pages] == [what(pages[0])] * 4
    assert pages[0].sorted_groups is None
    assert pages[3].sorted_groups is not None
    assert len([path for path in tmp_path.glob("cache/indexes-*/pages-*/*/*") if path.is_file()]) == 1
    assert server.count(PAGE) == (1 if cache_control else 4)


MANY = [f"foo-{number}.0.tar.gz" for number in range(400)]


def old_entries(cache: Path) -> list[Path]:
    return [path for path in cache.glob("indexes-*/pages-*-old/*/*") if path.is_file()]


def test_files_of_old_versions_are_read_when_somebody_looks(
    server: IndexServer, offer: Offering, new_client: NewClient, tmp_path: Path
) -> None:
    """The newest ones are there without them."""
    server.cache_control = "max-age=600"
    offer(*MANY)
    pages = [ask(new_client, server) for _ in range(3)]
    (old,) = old_entries(tmp_path / "cache")
    old.rename(tmp_path / "aside")
    with new_client() as client:
        page = IndexSource(server.simple_url, client).page("foo")
        assert page is not None
        assert pages[2] is not None
        assert [page.files[number].filename for number in range(3)] == MANY[:-4:-1]
        assert len(page.files) == len(page.releases) == 400
        (tmp_path / "aside").rename(old)
        assert page.files[399].filename == MANY[0]
        assert what(page) == what(pages[2])


@pytest.mark.parametrize("damage", [b"", b"\xff", None])
def test_damage_to_old_versions_is_noticed_and_mended(
    server: IndexServer, offer: Offering, new_client: NewClient, tmp_path: Path, damage: bytes | None
) -> None:
    server.cache_control = "max-age=600"
    offer(*MANY)
    pages = [ask(new_client, server) for _ in range(2)]
    (old,) = old_entries(tmp_path / "cache")
    whole = old.read_bytes()
    old.write_bytes(whole.replace(b"foo-1.0.tar.gz", b"foo-6.6.tar.gz") if damage is None else damage)
    with new_client() as client:
        page = IndexSource(server.simple_url, client).page("foo")
        assert page is not None
        assert pages[0] is not None
        assert what(page) == what(pages[0])
    assert old.read_bytes().partition(b"\n")[2] == whole.partition(b"\n")[2]
    assert server.count(PAGE) == 1


def test_a_page_that_changes_while_it_is_looked_at(
    server: IndexServer, offer: Offering, new_client: NewClient, tmp_path: Path
) -> None:
    """Nothing is put together from two pages."""
    server.cache_control, server.etag = "", True
    offer(*MANY)
    for _ in range(3):
        ask(new_client, server)
    with new_client() as client:
        page = IndexSource(server.simple_url, client).page("foo")
        assert page is not None
        offer(*MANY, "foo-1000.0.tar.gz")
        (old,) = old_entries(tmp_path / "cache")
        old.unlink()
        assert page.files[0].filename == MANY[-1]
        with pytest.raises(IndexesError, match="changed while it was read"):
            list(page.files)


def test_a_changed_page_is_never_answered_from_what_was_kept(
    server: IndexServer, offer: Offering, new_client: NewClient
) -> None:
    server.etag = True
    for version in ("1.0", "2.0", "1.0"):
        offer(f"foo-{version}.tar.gz")
        for _ in range(3):
            page = ask(new_client, server)
            assert page is not None
            assert [file.filename for file in page.files] == [f"foo-{version}.tar.gz"]


def test_a_page_that_moved_leads_to_other_files(
    server: IndexServer, offer: Offering, new_client: NewClient
) -> None:
    server.etag = True
    offer("foo-1.0.tar.gz")
    for place in ("/one/", "/two/", "/one/"):
        server.redirects[PAGE] = server.url + place
        for _ in range(3):
            page = ask(new_client, server)
            assert page is not None
            assert [file.url for file in page.files] == [f"{server.url}{place}foo-1.0.tar.gz"]


@pytest.mark.parametrize("damage", [b"", b"{}\n", b"\xff", None])
def test_damage_is_noticed(
    server: IndexServer, offer: Offering, new_client: NewClient, tmp_path: Path, damage: bytes | None
) -> None:
    server.cache_control = "max-age=600"
    offer("foo-1.0.tar.gz")
    pages = [ask(new_client, server) for _ in range(2)]
    (kept,) = [path for path in tmp_path.glob("cache/indexes-*/pages-*/*/*") if path.is_file()]
    whole = kept.read_bytes()
    kept.write_bytes(whole.replace(b"foo-1.0.tar.gz", b"foo-6.6.tar.gz") if damage is None else damage)
    pages.append(ask(new_client, server))
    assert kept.read_bytes().partition(b"\n")[2] == whole.partition(b"\n")[2]  # made anew
    pages.append(ask(new_client, server, offline=True))
    assert all(page and [file.filename for file in page.files] == ["foo-1.0.tar.gz"] for page in pages)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]\n", b"{}\n", b"[" * 9999, b"[1,2,3,4,5,[7,8,9],9]\n",
        b'["1.0","",{},["0","0","0"],[[0],[],[],[0]],[0,2,2],["","",[],[],[]]]\n[]',
        b'["","",{},["0","0","0"],[[0],[],[],[0]],[0,2,9],["","",[],[],[]]]\n[]',
        b'["","",{},["x","0","0"],[[0],[],[],[0]],[0,2,2],["","",[],[],[]]]\n[]',
        b'["","",{},["0","0","0"],[[],[],[],[]],[0,2,2],["","",[],[],[]]]\n[]',
    ],
)  # fmt: skip
def test_entries_of_another_form_count_as_missing(tmp_path: Path, body: bytes) -> None:
    cache = Cache(tmp_path)
    found = Document(exists=True, url="https://x.example/", sha256="ab", was_kept=True)
    cache.put("pages-3", "https://x.example/\nfoo", {"document": "ab"}, body)
    source: Any = _Source()
    assert SortedPages(cache, source).find("foo", found, pytest.fail) is None
