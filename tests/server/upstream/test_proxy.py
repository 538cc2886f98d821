"""A whole server in front of other indexes; each test has a project of its own."""

import hashlib
import http.client
import itertools
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.index_server import HTML, JSON, Fault, IndexServer, Response
from support.server import Company, RunningServer, running_company, running_server
from support.wheel_factory import make_wheel, write_index_file

VARIANT = {"x86_64": {"level": ["v3"]}}
LOGIN = ("reader", "upstream-password")
_numbers = itertools.count(1)


def named(index: IndexServer, name: str) -> str:
    url = index.simple_url.replace("http://", f"http://{LOGIN[0]}:{LOGIN[1]}@")
    return f"--upstream={name}={url}"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IndexServer]:
    with IndexServer(tmp_path_factory.mktemp("outside"), etag=True, auth=LOGIN) as running:
        yield running


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IndexServer]:
    """An index that is asked after the first one."""
    with IndexServer(tmp_path_factory.mktemp("second"), auth=LOGIN) as running:
        yield running


@pytest.fixture(scope="module")
def storage_host(index: IndexServer) -> Iterator[IndexServer]:
    """A host from which the operator lets files come."""
    with IndexServer(*index.directories) as running:
        yield running


@pytest.fixture(scope="module", params=["folder", "postgresql-s3"])
def server(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    index: IndexServer,
    second: IndexServer,
    storage_host: IndexServer,
) -> Iterator[RunningServer]:
    """A server that asks again every time: one of a laptop, then two of a company that take turns."""
    arguments = (
        named(index, "outside"),
        named(second, "second"),
        "--reserve=acme-*",
    )
    environ = {
        "REWHEEL_SERVER_UPSTREAM_LIFETIME": "0",
        "REWHEEL_SERVER_UPSTREAM_HOSTS": f"127.0.0.1:{storage_host.port}",
    }
    folder = tmp_path_factory.mktemp("server")
    if request.param == "folder":
        with running_server(folder / "index", *arguments, environ=environ) as running:
            yield running
        return
    store = request.getfixturevalue("object_store")
    database = request.getfixturevalue("postgresql").new_database()
    place = ("--database", database, "--storage", store.new_storage())
    environ |= store.environment
    with running_company(folder, *arguments, *place, environ=environ) as both:
        yield both


@pytest.fixture
def upstream(index: IndexServer) -> Iterator[IndexServer]:
    """The first index, without the troubles that tests make for it."""
    index.forget()
    yield index
    index.faults.clear()
    index.responses.clear()
    index.redirects.clear()


@pytest.fixture
def shelf(index: IndexServer) -> Path:
    return index.directories[0]


@pytest.fixture
def wheel(shelf: Path) -> Path:
    """A wheel of a project that only the first index has, of a name of its own."""
    return make_wheel(shelf, f"foo{next(_numbers)}")


def one_of(server: RunningServer) -> RunningServer:
    """One process to itself: others would ask upstream for themselves."""
    return server.members[0] if isinstance(server, Company) else server


def project_of(wheel: Path) -> str:
    return wheel.name.partition("-")[0]


def listed(server: RunningServer, wheel: Path) -> dict[str, Any]:
    files = server.page(project_of(wheel))["files"]
    found: dict[str, Any] = next(file for file in files if file["filename"] == wheel.name)
    return found


def path_of(server: RunningServer, wheel: Path) -> str:
    url = str(listed(server, wheel)["url"])
    assert url.startswith("../../upstream/")
    return url.removeprefix("../..")


def test_what_is_not_here_comes_from_upstream_and_the_page_says_so(
    server: RunningServer, upstream: IndexServer, wheel: Path, shelf: Path
) -> None:
    name = project_of(wheel)
    labelled = make_wheel(shelf, name, label="v3", properties=VARIANT)
    described = write_index_file(shelf, name, "1.0", {"v3": VARIANT})
    page = server.page(name)
    assert {file["filename"] for file in page["files"]} == {wheel.name, labelled.name, described.name}
    assert {file["_source"] for file in page["files"]} == {"outside"}
    assert page["versions"] == ["1.0"]
    reply = server.get(f"/simple/{name}/", accept=HTML)
    assert reply.headers["x-rewheel-source"] == "outside"
    assert reply.text.count('data-source="outside"') == 3
    assert LOGIN[1] not in reply.text
    assert "127.0.0.1" not in reply.text  # nothing of the upstream's addresses
    for file in page["files"]:
        content = (shelf / file["filename"]).read_bytes()
        assert server.get(file["url"].removeprefix("../..")).body == content
        if file["hashes"]:
            assert file["hashes"]["sha256"] == hashlib.sha256(content).hexdigest()
    assert LOGIN[1] not in "\n".join(server.lines)


def test_a_file_is_fetched_once_and_served_in_parts_from_then_on(
    server: RunningServer, upstream: IndexServer, wheel: Path
) -> None:
    server = one_of(server)
    path, content = path_of(server, wheel), wheel.read_bytes()
    part = server.get(path, range="bytes=0-9")
    assert (part.status, part.body) == (206, content[:10])
    assert server.get(path).body == content
    upstream.forget()
    upstream.faults["/files/*"] = Fault(status=500)
    again = server.get(path)
    assert again.body == content
    assert again.headers["cache-control"] == "public, max-age=31536000, immutable"
    tail = server.get(path, range="bytes=-4")
    assert (tail.status, tail.body) == (206, content[-4:])
    assert server.get(path, if_none_match=again.headers["etag"]).status == 304
    assert server.request("HEAD", path).headers["content-length"] == str(len(content))
    assert upstream.count("/files/*") == 0


def test_metadata_is_kept_too(server: RunningServer, upstream: IndexServer, wheel: Path) -> None:
    file = listed(server, wheel)
    path = file["url"].removeprefix("../..") + ".metadata"
    reply = server.get(path)
    assert hashlib.sha256(reply.body).hexdigest() == file["core-metadata"]["sha256"]
    upstream.faults["/files/*"] = Fault(status=500)
    assert server.get(path).body == reply.body


def test_an_unchanged_page_is_not_fetched_again_and_new_files_appear(
    server: RunningServer, upstream: IndexServer, wheel: Path, shelf: Path
) -> None:
    before = server.page(project_of(wheel))
    upstream.forget()
    server.page(project_of(wheel))
    (request,) = upstream.requests
    assert request.headers["if-none-match"]
    make_wheel(shelf, project_of(wheel), "2.0")
    after = server.page(project_of(wheel))
    assert after["versions"] == ["1.0", "2.0"]
    assert after["meta"]["_last-serial"] > before["meta"]["_last-serial"]


@pytest.mark.parametrize("fault", [Fault(status=503), Fault(drop=True)], ids=["error", "silence"])
def test_what_was_seen_once_is_served_when_upstream_is_down(
    tmp_path: Path, upstream: IndexServer, wheel: Path, fault: Fault
) -> None:
    environ = {"REWHEEL_SERVER_UPSTREAM_LIFETIME": "0"}
    with running_server(tmp_path / "index", named(upstream, "outside"), environ=environ) as server:
        path = path_of(server, wheel)
        content = server.get(path).body
        upstream.faults["*"] = fault
        reply = server.get(f"/simple/{project_of(wheel)}/", accept=JSON)
        assert reply.status == 200
        assert reply.headers["warning"].startswith("110 ")
        assert server.get(path).body == content
        assert any("did not answer" in line for line in server.lines)
        # What was never seen is an error, which is not the same as nothing.
        unseen = server.get("/simple/unseen/")
        assert unseen.status == 502
        assert "outside does not answer" in unseen.text
        assert "127.0.0.1" not in unseen.text


def test_reserved_and_local_names_never_leave_the_house(
    server: RunningServer, upstream: IndexServer, tmp_path: Path
) -> None:
    assert server.get("/simple/acme-secret/").status == 404
    assert server.get("/simple/ACME.Secret/").status == 301
    assert server.upload(make_wheel(tmp_path, "ours")).status == 200
    assert [file["filename"] for file in server.page("ours")["files"]] == ["ours-1.0-py3-none-any.whl"]
    assert server.get("/upstream/outside/acme-secret/-/acme_secret-1.0-py3-none-any.whl").status == 404
    assert server.get("/upstream/outside/ours/-/ours-1.0-py3-none-any.whl").status == 404
    assert upstream.requests == []


def test_an_upstream_project_never_shadows_one_of_ours(
    server: RunningServer, upstream: IndexServer, wheel: Path, tmp_path: Path
) -> None:
    path = path_of(server, wheel)
    assert server.get(path).status == 200
    own = make_wheel(tmp_path, project_of(wheel), "0.1")
    assert server.upload(own).status == 200
    upstream.forget()
    assert [file["filename"] for file in server.page(project_of(wheel))["files"]] == [own.name]
    assert server.get(path).status == 404  # not even what was kept of the other one
    assert upstream.requests == []


def test_a_damaged_file_never_comes_whole_and_is_not_kept(
    server: RunningServer, upstream: IndexServer, wheel: Path
) -> None:
    path, content = path_of(server, wheel), wheel.read_bytes()
    upstream.faults[f"/files/{wheel.name}"] = Fault(body=bytes(len(content)), times=1)
    with pytest.raises(http.client.IncompleteRead):
        server.get(path)
    assert server.get(path).body == content


def test_a_connection_that_breaks_is_taken_up_again(
    server: RunningServer, upstream: IndexServer, shelf: Path
) -> None:
    data = b"".join(hashlib.sha512(bytes([number])).digest() for number in range(200))
    wheel = make_wheel(shelf, f"foo{next(_numbers)}", files={"data": data})
    path = path_of(server, wheel)
    upstream.faults[f"/files/{wheel.name}"] = Fault(truncate=700, times=1)
    assert server.get(path).body == wheel.read_bytes()


def test_many_who_want_one_file_at_once_cost_one_download(
    server: RunningServer, upstream: IndexServer, wheel: Path
) -> None:
    server = one_of(server)
    path = path_of(server, wheel)
    upstream.forget()
    upstream.faults[f"/files/{wheel.name}"] = Fault(delay=0.5, times=1)
    bodies: list[bytes] = []
    threads = [threading.Thread(target=lambda: bodies.append(server.get(path).body)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bodies == [wheel.read_bytes()] * 5
    assert upstream.count(f"/files/{wheel.name}") == 1


@pytest.mark.parametrize("way", ["link", "redirect"])
def test_nobody_is_led_to_what_only_the_server_can_see(
    server: RunningServer, upstream: IndexServer, wheel: Path, shelf: Path, way: str
) -> None:
    with IndexServer(shelf) as inside:
        secret = inside.file_url(wheel.name)
        if way == "link":
            entry = {"filename": wheel.name, "url": secret, "hashes": {}}
            document = {"meta": {"api-version": "1.0"}, "name": project_of(wheel), "files": [entry]}
            upstream.responses[f"/simple/{project_of(wheel)}/"] = Response(
                json.dumps(document).encode(), JSON
            )
        else:
            upstream.redirects[f"/files/{wheel.name}"] = secret
        assert server.get(path_of(server, wheel)).status == 502
        assert inside.connections == 0


def test_the_operator_may_name_another_host_for_the_files(
    server: RunningServer, upstream: IndexServer, storage_host: IndexServer, wheel: Path
) -> None:
    upstream.redirects[f"/files/{wheel.name}"] = storage_host.file_url(wheel.name)
    assert server.get(path_of(server, wheel)).body == wheel.read_bytes()
    assert storage_host.count(f"/files/{wheel.name}") == 1
    assert all("authorization" not in request.headers for request in storage_host.requests)


def test_the_first_index_that_has_a_project_answers_for_it_alone(
    server: RunningServer, upstream: IndexServer, second: IndexServer, wheel: Path
) -> None:
    make_wheel(second.directories[0], project_of(wheel), "9.0")
    make_wheel(second.directories[0], "baz")
    assert server.page(project_of(wheel))["versions"] == ["1.0"]
    assert second.count(f"/simple/{project_of(wheel)}/") == 0
    assert server.page("baz")["files"][0]["_source"] == "second"
    # An index that fails is not as good as one that has nothing.
    upstream.faults["*"] = Fault(status=500)
    make_wheel(second.directories[0], "new")
    assert server.get("/simple/new/").status == 502


def test_a_page_that_is_still_young_is_not_asked_for(
    tmp_path: Path, upstream: IndexServer, wheel: Path
) -> None:
    with running_server(tmp_path / "index", named(upstream, "outside")) as server:
        server.page(project_of(wheel))
        assert server.get("/simple/absent/").status == 404
        upstream.forget()
        server.page(project_of(wheel))
        assert server.get("/simple/absent/").status == 404
        assert upstream.requests == []


@pytest.mark.parametrize(
    "path", ["foo/-/..", "foo/-/%2e%2e", "FOO/-/x.whl", "foo/zz/x.whl", "foo/-", "../x/-/y"]
)
def test_strange_paths_lead_nowhere(server: RunningServer, upstream: IndexServer, path: str) -> None:
    assert server.get(f"/upstream/outside/{path}").status == 404
    assert upstream.count("/files/*") == 0


class TestPagesForPeople:
    def test_a_project_from_upstream_has_a_page_that_says_where_it_comes_from(
        self, server: RunningServer, upstream: IndexServer, wheel: Path, shelf: Path
    ) -> None:
        name = project_of(wheel)
        make_wheel(shelf, name, "0.9")
        make_wheel(shelf, name, "1.0", label="v3", tag="cp311-cp311-linux_x86_64", properties=VARIANT)
        write_index_file(shelf, name, "1.0", {"v3": VARIANT})
        page = server.get(f"/project/{name.upper()}/", accept="text/html")
        assert page.status == 200
        assert "This project comes from outside (127.0.0.1)." in page.text
        assert f"rewheel install {name} -i {server.url.rstrip('/')}/simple/" in page.text
        assert f'href="/project/{name}/0.9/"' in page.text
        assert '<span class="value">v3</span>' in page.text  # what the label needs, by its index file
        assert "not known here" in page.text
        assert LOGIN[1] not in page.text
        assert str(upstream.port) not in page.text
        path = page.text.partition('href="/upstream/')[2].partition('"')[0]
        assert server.get(f"/upstream/{path}").status == 200
        assert server.get(f"/project/{name}/0.9/", accept="text/html").status == 200
        assert server.get(f"/project/{name}/7/", accept="text/html").status == 404
        assert f"/project/{name}/0.9/" in server.get(f"/project/{name}/releases/", accept="text/html").text

    def test_a_page_asks_for_no_more_than_installers_do_and_for_one_index_file(
        self, server: RunningServer, upstream: IndexServer, wheel: Path, shelf: Path
    ) -> None:
        server, name = one_of(server), project_of(wheel)
        write_index_file(shelf, name, "1.0", {"v3": VARIANT})
        server.get(f"/project/{name}/", accept="text/html")
        server.get(f"/project/{name}/", accept="text/html")
        asked = [request.path for request in upstream.requests]
        assert set(asked) == {f"/simple/{name}/", f"/files/{name}-1.0-variants.json"}
        assert asked.count(f"/files/{name}-1.0-variants.json") == 1

    def test_the_description_is_shown_once_an_installer_has_fetched_it(
        self, server: RunningServer, upstream: IndexServer, shelf: Path
    ) -> None:
        name = f"foo{next(_numbers)}"
        described = make_wheel(
            shelf,
            name,
            headers=["Summary: What <i>it</i> is for", "Description-Content-Type: text/markdown"],
            description="# Told\n\n<script>alert(1)</script>",
        )
        page = server.get(f"/project/{name}/", accept="text/html").text
        assert "as soon as an installer has fetched it" in page
        assert server.get(f"{path_of(server, described)}.metadata").status == 200
        page = server.get(f"/project/{name}/", accept="text/html").text
        assert "What &lt;i&gt;it&lt;/i&gt; is for" in page
        assert "Told" in page
        assert "<script>alert" not in page

    def test_names_of_the_company_are_not_told_by_asking_for_a_page(
        self, server: RunningServer, upstream: IndexServer, second: IndexServer
    ) -> None:
        second.forget()
        for path in ("", "1.0/", "releases/"):
            assert server.get(f"/project/acme-secret/{path}", accept="text/html").status == 404
        assert not any("acme" in request.path for request in (*upstream.requests, *second.requests))

    def test_a_project_of_ours_says_that_it_stands_for_those_of_its_name(
        self, server: RunningServer, upstream: IndexServer, tmp_path: Path
    ) -> None:
        name = f"ours{next(_numbers)}"
        assert server.upload(make_wheel(tmp_path, name)).status == 200
        upstream.forget()
        page = server.get(f"/project/{name}/", accept="text/html").text
        assert "This project is of this index." in page
        assert "outside (127.0.0.1)" in page
        assert not any(name in request.path for request in upstream.requests)
