"""The pages of the Simple API, as clients see them."""

import gzip
import hashlib
import json
from html.parser import HTMLParser
from pathlib import Path

import pytest
from sqlalchemy import update

from rewheel.indexes.pages import parse_page
from rewheel.server.catalog import projects
from rewheel.server.catalog.schema import files as file_table, projects as project_table
from rewheel.server.reading.packing import zstd
from support.server import JSON, RunningServer
from support.source_factory import make_sdist
from support.wheel_factory import make_wheel, variant_document

HTML = "application/vnd.pypi.simple.v1+html"
V2 = {"x86_64": {"level": ["v2"]}}
V3 = {"x86_64": {"level": ["v3"]}}


def change(server: RunningServer, project: str, **values: object) -> None:
    """Change a project behind the server's back, as an administrator of another process would."""
    database = server.open_database()
    with database.write() as connection:
        connection.execute(update(project_table).where(project_table.c.name == project).values(**values))
        found = projects.find(connection, project)
        assert found is not None
        projects.touch(connection, found.id)
    database.close()


class Links(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[dict[str, str | None]] = []
        self.meta: dict[str | None, str | None] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "a":
            self.links.append(values)
        if tag == "meta" and "name" in values:
            self.meta[values["name"]] = values.get("content")


def test_json_says_everything_that_the_standards_name(any_server: RunningServer, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "Said.All", "1.10", requires_python=">=3.9,<4")
    sdist = make_sdist(tmp_path, "said-all", "1.2", pkg_info="")
    for path in (wheel, sdist):
        assert any_server.upload(path).status == 200
    page = any_server.page("said-all")
    assert page["meta"]["api-version"] == "1.4"
    assert page["name"] == "said-all"
    assert page["versions"] == ["1.2", "1.10"]
    assert "project-status" not in page
    first, second = page["files"]
    assert (first["filename"], second["filename"]) == (sdist.name, wheel.name)
    assert second["hashes"] == {"sha256": hashlib.sha256(wheel.read_bytes()).hexdigest()}
    assert second["size"] == wheel.stat().st_size
    assert second["requires-python"] == ">=3.9,<4"
    assert second["upload-time"].endswith("Z")
    metadata = any_server.get(second["url"].removeprefix("../..") + ".metadata").body
    assert second["core-metadata"] == {"sha256": hashlib.sha256(metadata).hexdigest()}
    assert "core-metadata" not in first
    assert "yanked" not in second


def test_html_says_the_same_as_json(any_server: RunningServer, tmp_path: Path) -> None:
    any_server.upload(make_wheel(tmp_path, "same", "1.0", requires_python=">=3.9"))
    any_server.upload(make_wheel(tmp_path, "same", "1.0", label="v3", properties=V3))
    pages = [
        parse_page(reply.body, reply.headers["content-type"], f"{any_server.simple}same/", "same", None)
        for reply in (any_server.get("/simple/same/", accept=accept) for accept in (JSON, HTML))
    ]
    shown = [
        [
            (file.filename, file.url, dict(file.hashes), file.requires_python, file.yanked)
            for file in page.files
        ]
        for page in pages
    ]
    assert shown[0] == shown[1]
    assert len(shown[0]) == 3


def test_content_types_and_the_address(any_server: RunningServer, tmp_path: Path) -> None:
    any_server.upload(make_wheel(tmp_path, "typed", "1.0"))
    for accept, expected in (
        (JSON, JSON),
        ("application/vnd.pypi.simple.latest+json", JSON),
        (HTML, HTML),
        ("text/html", "text/html; charset=utf-8"),
        ("*/*", "text/html; charset=utf-8"),
    ):
        reply = any_server.get("/simple/typed/", accept=accept)
        assert (reply.status, reply.headers["content-type"]) == (200, expected)
        assert {part.strip() for part in reply.headers["vary"].split(",")} == {"accept", "accept-encoding"}
    by_address = any_server.get(f"/simple/typed/?format={JSON.replace('+', '%2B')}", accept="text/html")
    assert by_address.headers["content-type"] == JSON
    assert any_server.get("/simple/typed/", accept="application/json").status == 406


def test_names_are_normalised_by_redirects_that_keep_the_query(
    any_server: RunningServer, tmp_path: Path
) -> None:
    any_server.upload(make_wheel(tmp_path, "nor-mal", "1.0"))
    for path, goal in (
        ("/simple/Nor_Mal/", "../nor-mal/"),
        ("/simple/nor-mal", "nor-mal/"),
        ("/simple/Nor.Mal?format=text/html", "nor-mal/?format=text/html"),
        ("/simple", "simple/"),
    ):
        reply = any_server.get(path)
        assert (reply.status, reply.headers["location"]) == (301, goal)


@pytest.mark.parametrize(
    "path",
    ["/simple/none/", "/simple/..%2f..%2fetc/", "/simple/none/none-1.0-variants.json", "/simple/-/",
     "/files/../../etc/passwd", "/files/ab/cd/ef/none-1.0-py3-none-any.whl", "/nothing", "/simple/%00/",
     "/simple/" + "a" * 300 + "/", "/simple/none/a/b"],
)  # fmt: skip
def test_what_is_not_there(any_server: RunningServer, path: str) -> None:
    reply = any_server.get(path)
    assert reply.status == 404
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"


def test_the_list_knows_a_project_from_its_first_file_on(any_server: RunningServer, tmp_path: Path) -> None:
    def names() -> list[str]:
        return [item["name"] for item in any_server.get("/simple/", accept=JSON).json()["projects"]]

    assert "listed-late" not in names()
    tag = any_server.get("/simple/", accept=JSON).headers["etag"]
    any_server.upload(make_wheel(tmp_path, "listed-late", "1.0"))
    assert "listed-late" in names()
    assert names() == sorted(names())
    reply = any_server.get("/simple/", accept=JSON, if_none_match=tag)
    assert reply.status == 200
    links = Links(any_server.get("/simple/").text).links
    assert {"href": "listed-late/"} in links


def test_a_copy_that_is_current_is_confirmed_until_the_page_changes(
    any_server: RunningServer, tmp_path: Path
) -> None:
    any_server.upload(make_wheel(tmp_path, "tagged", "1.0"))
    first = any_server.get("/simple/tagged/", accept=JSON)
    tag = first.headers["etag"]
    assert first.headers["cache-control"].startswith("max-age=0")
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = any_server.get("/simple/tagged/", accept=JSON, if_none_match=known)
        assert (again.status, again.body) == (304, b"")
        assert again.headers["etag"] == tag
    assert any_server.get("/simple/tagged/", accept=HTML).headers["etag"] != tag
    any_server.upload(make_wheel(tmp_path, "tagged", "2.0"))
    changed = any_server.get("/simple/tagged/", accept=JSON, if_none_match=tag)
    assert changed.status == 200
    assert changed.headers["etag"] != tag


def test_pages_are_packed_as_clients_like_it(any_server: RunningServer, tmp_path: Path) -> None:
    for number in range(3):
        any_server.upload(make_wheel(tmp_path, "packed", f"1.{number}"))
    plain = any_server.get("/simple/packed/", accept=JSON)
    assert "content-encoding" not in plain.headers
    tags = {plain.headers["etag"]}
    for encoding, unpack in (("gzip", gzip.decompress), ("zstd", zstd.decompress)):
        for _ in range(2):
            reply = any_server.get("/simple/packed/", accept=JSON, accept_encoding=encoding)
            assert reply.headers["content-encoding"] == encoding
            assert len(reply.body) < len(plain.body)
            assert unpack(reply.body) == plain.body
        tags.add(reply.headers["etag"])
        confirmed = any_server.get(
            "/simple/packed/", accept=JSON, accept_encoding=encoding, if_none_match=reply.headers["etag"]
        )
        assert confirmed.status == 304
    assert len(tags) == 3


def test_head_is_get_without_the_body(any_server: RunningServer, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "headed", "1.0")
    any_server.upload(wheel)
    url = any_server.page("headed")["files"][0]["url"].removeprefix("../..")
    for path in ("/simple/headed/", "/simple/", url, f"{url}.metadata"):
        full, head = any_server.get(path), any_server.request("HEAD", path)
        assert (head.status, head.body) == (200, b"")
        for name in ("content-length", "content-type", "etag", "cache-control"):
            assert head.headers[name] == full.headers[name]
        assert any_server.request("POST", path).status == 405


def test_the_index_file_grows_with_the_wheels_of_its_release(
    any_server: RunningServer, tmp_path: Path
) -> None:
    any_server.upload(make_wheel(tmp_path, "Vari.Ants", "1.0", label="v3", properties=V3))

    def entry() -> dict[str, object]:
        (found,) = (
            file for file in any_server.page("vari-ants")["files"] if file["filename"].endswith(".json")
        )
        assert set(found) == {"filename", "url", "hashes", "size"}
        assert found["filename"] == "vari_ants-1.0-variants.json"
        return dict(found)

    before = entry()
    first = any_server.get(f"/simple/vari-ants/{before['url']}")
    assert first.headers["content-type"] == "application/json"
    assert first.headers["cache-control"].startswith("max-age=0")
    assert before["hashes"] == {"sha256": hashlib.sha256(first.body).hexdigest()}
    assert first.json()["variants"] == variant_document({"v3": V3})["variants"]
    any_server.upload(make_wheel(tmp_path, "Vari.Ants", "1.0", label="v2", properties=V2))
    assert entry()["url"] == before["url"]
    changed = any_server.get(f"/simple/vari-ants/{before['url']}", if_none_match=first.headers["etag"])
    assert changed.status == 200
    assert entry()["hashes"] == {"sha256": hashlib.sha256(changed.body).hexdigest()} != before["hashes"]
    assert set(changed.json()["variants"]) == {"v2", "v3"}
    html = Links(any_server.get("/simple/vari-ants/").text).links[-1]
    digest = hashlib.sha256(changed.body).hexdigest()
    assert html == {"href": f"vari_ants-1.0-variants.json#sha256={digest}"}


def test_the_index_file_does_not_depend_on_the_order_of_uploads(
    any_server: RunningServer, tmp_path: Path
) -> None:
    texts = []
    for name, order in (("order-a", "23"), ("order-b", "32")):
        for digit in order:
            properties = {"x86_64": {"level": [f"v{digit}"]}}
            any_server.upload(make_wheel(tmp_path, name, "1.0", label=f"v{digit}", properties=properties))
        found = any_server.get(f"/simple/{name}/{name.replace('-', '_')}-1.0-variants.json")
        assert found.status == 200
        texts.append(found.text)
    assert texts[0] == texts[1]


def test_a_quarantined_project_offers_nothing(any_server: RunningServer, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "ill", "1.0", label="v3", properties=V3)
    any_server.upload(wheel)
    file = any_server.page("ill")["files"][0]
    path = file["url"].removeprefix("../..")
    change(any_server, "ill", status="quarantined", status_reason='it "phones" home & <more>')
    page = any_server.page("ill")
    assert page["files"] == []
    assert page["project-status"] == {"status": "quarantined", "reason": 'it "phones" home & <more>'}
    html = Links(any_server.get("/simple/ill/").text)
    assert html.links == []
    assert html.meta["pypi:project-status"] == "quarantined"
    assert html.meta["pypi:project-status-reason"] == 'it "phones" home & <more>'
    assert html.meta["pypi:repository-version"] == "1.4"
    assert any_server.get(path).status == 403
    assert any_server.get("/simple/ill/ill-1.0-variants.json").status == 404
    refused = any_server.upload(make_wheel(tmp_path, "ill", "2.0"))
    assert refused.status == 403
    assert "quarantined" in refused.text
    change(any_server, "ill", status="deprecated", status_reason="")
    assert any_server.page("ill")["project-status"] == {"status": "deprecated"}
    assert any_server.get(path).body == wheel.read_bytes()


def test_yanked_files_and_places_elsewhere_are_said_in_both_forms(
    any_server: RunningServer, tmp_path: Path
) -> None:
    for version in ("1.0", "2.0"):
        any_server.upload(make_wheel(tmp_path, "yanked", version))
    database = any_server.open_database()
    with database.write() as connection:
        for name, reason in (("yanked-1.0-py3-none-any.whl", ""), ("yanked-2.0-py3-none-any.whl", 'a "b"')):
            connection.execute(
                update(file_table).where(file_table.c.filename == name).values(yanked_reason=reason)
            )
    database.close()
    change(
        any_server, "yanked", tracks=["https://example.org/simple/yanked/"],
        alternate_locations=["https://example.com/simple/yanked/"],
    )  # fmt: skip
    page = any_server.page("yanked")
    assert [file["yanked"] for file in page["files"]] == [True, 'a "b"']
    assert page["meta"]["tracks"] == ["https://example.org/simple/yanked/"]
    assert page["alternate-locations"] == ["https://example.com/simple/yanked/"]
    html = Links(any_server.get("/simple/yanked/").text)
    assert [link["data-yanked"] for link in html.links] == ["", 'a "b"']
    assert html.meta["pypi:tracks"] == "https://example.org/simple/yanked/"
    assert html.meta["pypi:alternate-locations"] == "https://example.com/simple/yanked/"


def test_words_of_strangers_stay_words(any_server: RunningServer, tmp_path: Path) -> None:
    hostile = '>=3.9"><script>alert(1)</script>'
    wheel = make_wheel(tmp_path, "words", "1.0", requires_python=hostile)
    if any_server.upload(wheel).status == 200:
        assert "<script" not in any_server.get("/simple/words/").text
        assert json.loads(any_server.get("/simple/words/", accept=JSON).body)["files"][0]["requires-python"]
