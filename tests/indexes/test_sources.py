"""Sources: what each kind offers, in which order they count, and what happens when one fails."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from rewheel.indexes import (
    Client,
    DirectorySource,
    DirectSource,
    FetchError,
    File,
    FileIndexSource,
    IndexesError,
    IndexSource,
    InvalidPage,
    InvalidSource,
    LinksSource,
    NotFound,
    ProjectPage,
    Sources,
    parse_named_index,
)
from rewheel.indexes.source import project_of
from rewheel.progress import RecordingReporter
from support.index_server import HTML, JSON, Fault, IndexServer, Response
from support.wheel_factory import make_wheel

FOO = ["foo-1.0-py3-none-any-v3.whl", "foo-1.0-py3-none-any.whl", "foo-1.0-variants.json"]


@pytest.fixture
def other(tmp_path: Path) -> Iterator[IndexServer]:
    """A second index, with foo 2.0 and nothing else."""
    make_wheel(tmp_path / "other", "foo", "2.0")
    with IndexServer(tmp_path / "other") as running:
        yield running


def names(page: ProjectPage | None) -> list[str]:
    return [file.filename for file in page.files] if page else []


def listed(pages: list[ProjectPage]) -> list[tuple[str, list[str]]]:
    return [(page.source.name, names(page)) for page in pages]


# Indexes


@pytest.mark.parametrize("formats", [("json", "html"), ("json",), ("html",)])
@pytest.mark.parametrize("slash", ["/simple/", "/simple"])
def test_an_index(server: IndexServer, client: Client, formats: tuple[str, ...], slash: str) -> None:
    server.formats = formats  # type: ignore[assignment]
    source = IndexSource(f"{server.url}{slash}", client)
    page = source.page("foo")
    assert page is not None
    assert names(page) == FOO
    assert all(file.source is source for file in page.files)
    assert all(file.hashes["sha256"] for file in page.files)
    assert page.source is source
    assert source.page("absent") is None


def test_json_is_preferred(server: IndexServer, client: Client) -> None:
    IndexSource(server.simple_url, client).page("foo")
    accept = server.requests[0].headers["accept"]
    assert accept.index(JSON) < accept.index(HTML) < accept.index("text/html")


@pytest.mark.parametrize("status", [404, 410])
def test_a_project_that_is_not_there(server: IndexServer, client: Client, status: int) -> None:
    server.faults["/simple/foo/"] = Fault(status=status)
    assert IndexSource(server.simple_url, client).page("foo") is None


def test_object_stores_have_their_own_way_to_say_so(server: IndexServer, client: Client) -> None:
    body = b"<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
    server.responses["/simple/foo/"] = Response(body, "application/xml", 403)
    assert IndexSource(server.simple_url, client).page("foo") is None


@pytest.mark.parametrize("status", [400, 401, 403, 500, 503])
def test_an_index_that_fails(server: IndexServer, client: Client, status: int) -> None:
    server.faults["/simple/foo/"] = Fault(status=status, times=4)
    source = IndexSource(server.simple_url, client)
    with pytest.raises(FetchError) as caught:
        source.page("foo")
    assert caught.value.status == status
    server.faults.clear()
    assert names(source.page("foo")) == FOO, "a failure is not remembered"


def test_a_page_that_is_none(server: IndexServer, client: Client) -> None:
    server.responses["/simple/foo/"] = Response(b"{}", "application/json")
    with pytest.raises(InvalidPage):
        IndexSource(server.simple_url, client).page("foo")


def test_links_start_from_where_the_page_was_found(
    server: IndexServer, client: Client, other: IndexServer
) -> None:
    server.redirects["/simple/foo/"] = f"{other.url}/simple/foo/"
    page = IndexSource(server.simple_url, client).page("foo")
    assert page is not None
    assert [file.url for file in page.files] == [other.file_url("foo-2.0-py3-none-any.whl")]


@pytest.mark.parametrize("url", ["http://", "http://[::1", "https://me:pw@[x/", "http://a:b@host:port/"])
def test_urls_that_are_no_index(client: Client, url: str) -> None:
    with pytest.raises(IndexesError) as caught:
        IndexSource(url, client).page("foo")
    assert "pw" not in str(caught.value)


# Indexes as files


def write_tree(root: Path, wheels: Path, filename: str, content: str) -> None:
    (root / "simple" / "foo").mkdir(parents=True)
    (root / "simple" / "foo" / filename).write_text(content)
    (root / "files").symlink_to(wheels)


@pytest.mark.parametrize(
    ("filename", "content"),
    [
        ("index.html", '<a href="../../files/foo-1.0-py3-none-any.whl">foo-1.0-py3-none-any.whl</a>'),
        (
            "index.json",
            (
                '{"files": [{"filename": "foo-1.0-py3-none-any.whl",'
                ' "url": "../../files/foo-1.0-py3-none-any.whl"}]}'
            ),
        ),
    ],
)
@pytest.mark.parametrize("as_url", [True, False])
def test_an_index_of_files(
    client: Client, tmp_path: Path, wheels: Path, filename: str, content: str, as_url: bool
) -> None:
    write_tree(tmp_path, wheels, filename, content)
    root = tmp_path / "simple"
    (source,) = Sources.build(client, index_url=root.as_uri() if as_url else str(root))
    assert isinstance(source, FileIndexSource)
    page = source.page("foo")
    assert names(page) == ["foo-1.0-py3-none-any.whl"]
    assert page is not None
    with closing(client.open_wheel(page.files[0])) as wheel:
        assert wheel.read_at(0, 2) == b"PK"
    assert source.page("absent") is None


def test_an_index_of_folders(client: Client, tmp_path: Path) -> None:
    make_wheel(tmp_path / "Foo.Bar", "foo-bar")
    source = FileIndexSource(tmp_path)
    assert names(source.page("foo-bar")) == ["foo_bar-1.0-py3-none-any.whl"]
    assert source.page("absent") is None


def test_an_index_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidSource, match="no such folder"):
        FileIndexSource(tmp_path / "absent").page("foo")


def test_a_broken_page_of_files(tmp_path: Path) -> None:
    (tmp_path / "foo").mkdir()
    (tmp_path / "foo" / "index.json").write_text("[]")
    with pytest.raises(InvalidPage):
        FileIndexSource(tmp_path).page("foo")


# Links


def test_a_folder(wheels: Path) -> None:
    (wheels / "README.txt").write_text("not a wheel")
    (wheels / "other.json").write_text("{}")
    (wheels / "foo-2.0.whl").mkdir()
    source = DirectorySource(wheels)
    page = source.page("foo")
    assert page is not None
    assert names(page) == FOO
    assert page.files[1].size == (wheels / FOO[1]).stat().st_size
    assert page.files[1].url == (wheels / FOO[1]).as_uri()
    assert names(source.page("bar")) == ["bar-2.0-py3-none-any.whl"]
    assert source.page("absent") is None


def test_a_page_of_links(server: IndexServer, client: Client) -> None:
    source = LinksSource(server.links_url, client)
    assert names(source.page("foo")) == FOO
    assert names(source.page("bar")) == ["bar-2.0-py3-none-any.whl"]
    assert source.page("absent") is None
    assert server.paths() == ["/links/"]


def test_a_page_of_links_that_is_not_there(server: IndexServer, client: Client) -> None:
    with pytest.raises(NotFound):
        LinksSource(f"{server.url}/absent/", client).page("foo")


def test_a_local_page_of_links(client: Client, wheels: Path, tmp_path: Path) -> None:
    page = tmp_path / "links.html"
    page.write_text(f'<a href="wheels/{FOO[1]}">{FOO[1]}</a> <a href="https://x.example/bar-1.0.zip">bar</a>')
    (source,) = Sources.build(client, find_links=["links.html"], no_index=True, base=tmp_path)
    found = source.page("foo")
    assert found is not None and client.local_path(found.files[0]) == wheels / FOO[1]
    assert names(source.page("bar")) == ["bar-1.0.zip"]


def test_a_single_file(server: IndexServer, client: Client, wheels: Path) -> None:
    for location in (str(wheels / FOO[0]), (wheels / FOO[0]).as_uri(), server.file_url(FOO[0])):
        (source,) = Sources.build(client, find_links=[location])
        assert names(source.page("foo")) == [FOO[0]]
        assert source.page("bar") is None


def test_a_direct_url_may_hold_a_hash(server: IndexServer, client: Client) -> None:
    file = DirectSource(
        f"http://me:pw@127.0.0.1:{server.port}/files/foo-1.0%2Bx-py3-none-any.whl#sha256=ab", client
    ).file
    assert isinstance(file, File)
    assert file.filename == "foo-1.0+x-py3-none-any.whl"
    assert file.hashes == {"sha256": "ab"}
    assert "pw" not in file.source.name + file.url


@pytest.mark.parametrize(
    ("filename", "project"),
    [
        ("Foo_Bar-1.0-py3-none-any.whl", "foo-bar"),
        ("foo-1.0-1-py3-none-any-x86_64_v3.whl", "foo"),
        ("foo.bar-1.0-variants.json", "foo-bar"),
        ("foo-bar-1.0.tar.gz", "foo-bar"),
        ("foo_bar-1.0.zip", "foo-bar"),
        ("foo.json", ""),
        ("README", ""),
        ("1.0.zip", ""),
    ],
)
def test_the_project_of_a_file(filename: str, project: str) -> None:
    assert project_of(filename) == project


# All of them


def test_sources_in_their_order(
    server: IndexServer, other: IndexServer, client: Client, wheels: Path, tmp_path: Path
) -> None:
    sources = Sources.build(
        client,
        index_url=server.simple_url,
        extra_index_urls=[other.simple_url, server.simple_url.rstrip("/")],
        indexes=[("mine", str(tmp_path))],
        find_links=[str(wheels), str(wheels), server.links_url],
    )
    assert [(source.name, source.group, source.is_find_links) for source in sources] == [
        (str(wheels), 0, True),
        (server.links_url, 0, True),
        ("mine", 1, False),
        (server.simple_url, 2, False),
        (other.simple_url, 3, False),
    ]
    assert [len(group) for group in sources.groups] == [2, 1, 1, 1]
    assert len(sources) == 5


def test_indexes_that_look_alike_have_names_of_their_own(client: Client) -> None:
    urls = ["https://me:one@a.test/simple", "https://me:two@a.test/simple"]
    first, second = Sources.build(client, extra_index_urls=urls)
    assert first.name != second.name
    assert "one" not in first.name
    assert "two" not in second.name


def test_no_index_leaves_the_links(client: Client, wheels: Path) -> None:
    sources = Sources.build(
        client,
        index_url="https://index.invalid/",
        extra_index_urls=["https://extra.invalid/"],
        indexes=[("a", "https://named.invalid")],
        find_links=[str(wheels)],
        no_index=True,
    )
    assert listed(sources.pages("foo")) == [(str(wheels), FOO)]


def test_pages_of_all_sources(server: IndexServer, other: IndexServer, client: Client) -> None:
    sources = Sources.build(client, index_url=server.simple_url, extra_index_urls=[other.simple_url])
    assert listed(sources.pages("foo")) == [
        (server.simple_url, FOO),
        (other.simple_url, ["foo-2.0-py3-none-any.whl"]),
    ]
    assert listed(sources.pages("bar")) == [(server.simple_url, ["bar-2.0-py3-none-any.whl"])]
    assert sources.pages("absent") == []


def test_a_failure_before_the_project_is_found_is_raised(
    server: IndexServer, other: IndexServer, client: Client
) -> None:
    server.faults["/simple/*"] = Fault(status=403)
    sources = Sources.build(client, index_url=server.simple_url, extra_index_urls=[other.simple_url])
    with pytest.raises(FetchError, match="403"):
        sources.pages("foo")


def test_a_failure_after_that_is_told_once(
    server: IndexServer, other: IndexServer, new_client: Callable[..., Client]
) -> None:
    reporter = RecordingReporter()
    other.faults["/simple/*"] = Fault(status=403)
    sources = Sources.build(
        new_client(reporter=reporter), index_url=server.simple_url, extra_index_urls=[other.simple_url]
    )
    assert listed(sources.pages("foo")) == [(server.simple_url, FOO)]
    assert names(sources.pages("bar")[0])
    assert len(reporter.warnings) == 1
    assert other.simple_url in reporter.warnings[0]
    with pytest.raises(FetchError):
        sources.pages("foo", complete=True)
    with pytest.raises(FetchError):
        sources.pages("absent")


def test_links_that_are_not_there_are_told_of(new_client: Callable[..., Client], tmp_path: Path) -> None:
    reporter = RecordingReporter()
    sources = Sources.build(new_client(reporter=reporter), find_links=["absent"], base=tmp_path)
    assert reporter.warnings == [f"{tmp_path / 'absent'}: there is no such folder or file to find links in"]
    assert sources.pages("foo") == []


def test_pages_fetched_in_advance(server: IndexServer, client: Client) -> None:
    sources = Sources.build(client, index_url=server.simple_url)
    sources.prefetch(["foo", "bar", "absent"])
    assert [names(page) for project in ("foo", "bar") for page in sources.pages(project)] == [
        FOO,
        ["bar-2.0-py3-none-any.whl"],
    ]
    assert sources.pages("absent") == []
    assert sorted(server.paths()) == ["/simple/absent/", "/simple/bar/", "/simple/foo/"]


def test_pages_that_are_not_here_are_asked_for_at_once(
    server: IndexServer, new_client: Callable[..., Client]
) -> None:
    """Although nobody else has needed the network yet; what is here, or has no index, needs nobody."""
    client = new_client()
    sources = Sources.build(client, index_url=server.simple_url)
    sources.begin(["foo"])
    while not server.paths():
        time.sleep(0.01)
    assert [names(page) for page in sources.pages("foo")] == [FOO]
    assert server.paths() == ["/simple/foo/"]
    Sources.build(new_client(), index_url=server.simple_url, no_index=True).begin(["bar"])
    Sources.build(new_client(offline=True), index_url=server.simple_url).begin(["bar"])
    assert server.paths() == ["/simple/foo/"]


@pytest.mark.parametrize(
    "location",
    ["~nobody-has-this-name/x", "ftp://x/", "git+https://x/", "file://elsewhere/x", "javascript:x"],
)
def test_locations_of_other_kinds(client: Client, location: str) -> None:
    with pytest.raises(InvalidSource):
        Sources.build(client, index_url=location)
    with pytest.raises(InvalidSource):
        Sources.build(client, find_links=[location])


@given(st.text(max_size=30))
def test_any_location_is_a_source_or_refused(text: str) -> None:
    with Client() as client:
        for make in (
            lambda: Sources.build(client, index_url=text),
            lambda: Sources.build(client, find_links=[text]),
            lambda: DirectSource(text, client),
        ):
            with suppress(IndexesError):
                make()


@pytest.mark.parametrize(
    ("text", "name", "url"),
    [
        ("torch=https://x.example/?a=b", "torch", "https://x.example/?a=b"),
        ("https://x.example/?a=b", "", "https://x.example/?a=b"),
        ("./folder", "", "./folder"),
        ("my-index.2=./folder", "my-index.2", "./folder"),
        ("=x", "", "=x"),
    ],
)
def test_named_indexes(text: str, name: str, url: str) -> None:
    assert parse_named_index(text) == (name, url)


def test_importing_the_room_loads_no_http() -> None:
    script = (
        "import sys, rewheel.indexes\n"
        "print([m for m in ('http.client', 'ssl', 'socket', 'html.parser', 'packaging', 'tempfile',"
        " 'concurrent.futures', 'email') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_an_index_that_is_named_again_without_its_login_is_the_same(client: Client, tmp_path: Path) -> None:
    sources = Sources.build(
        client,
        indexes=[("mine", "https://me:secret@in.test/simple")],
        index_url="https://in.test/simple/",
        extra_index_urls=["https://in.test/simple", "https://you:other@in.test/simple"],
        base=tmp_path,
    )
    assert [source.name for source in sources] == ["mine", "https://in.test/simple"]
