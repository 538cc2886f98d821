"""The nginx of deploy/ in front of a real server: uploads, pages, files in parts, over TLS."""

import gzip
import hashlib
import json
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPSConnection
from pathlib import Path

import pytest

from support.nginx import Nginx, adjusted, nginx_program, running_nginx
from support.object_store import ObjectStore
from support.postgresql import PostgreSQL
from support.server import JSON, Reply, RunningServer, metadata_fields, multipart, running_server
from support.tls import make_certificate
from support.wheel_factory import make_wheel

MIB = 1 << 20


@dataclass
class Site:
    server: RunningServer
    nginx: Nginx
    authority: Path

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.nginx.port}/"

    def request(
        self, path: str, method: str = "GET", body: bytes | None = None, token: str = "", **headers: str
    ) -> Reply:
        context = ssl.create_default_context(cafile=self.authority)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        with closing(HTTPSConnection("127.0.0.1", self.nginx.port, context=context, timeout=60)) as there:
            there.request(method, path, body, sent)
            answer = there.getresponse()
            content = answer.read()
        return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, content)

    def upload(self, path: Path) -> Reply:
        content = path.read_bytes()
        body, kind = multipart(metadata_fields(path, content), path.name, content)
        return self.request("/legacy/", "POST", body, self.server.token, content_type=kind)

    def requests(self, path: str) -> list[dict[str, object]]:
        """Return what the server itself was asked for at a path."""
        lines = [json.loads(line) for line in self.server.lines if line.startswith("{")]
        return [line for line in lines if line.get("path") == path]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    nginx_program()
    folder = tmp_path_factory.mktemp("site")
    certificate = make_certificate(folder)
    with (
        running_server(folder / "index") as server,
        running_nginx(server.address, certificate=certificate) as nginx,
    ):
        yield Site(server, nginx, folder / "ca.pem")


def file_path(site: Site, project: str) -> str:
    (file,) = site.server.page(project)["files"]
    return str(file["url"]).removeprefix("../..")


def test_nginx_itself_approves(tmp_path: Path) -> None:
    path = tmp_path / "nginx.conf"
    path.write_text(adjusted(tmp_path, 8080, ("127.0.0.1", 8000)))
    done = subprocess.run(
        [nginx_program(), "-t", "-p", tmp_path, "-e", "stderr", "-c", path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr


def test_a_large_wheel_goes_up_and_comes_down_whole_and_in_parts(site: Site, tmp_path: Path) -> None:
    payload = os.urandom(20 * MIB)  # more than two slices, and more than any buffer
    wheel = make_wheel(tmp_path, "large", files={"large.bin": payload})
    reply = site.upload(wheel)
    assert (reply.status, "is published" in reply.text) == (200, True), reply.text
    content, path = wheel.read_bytes(), file_path(site, "large")
    whole = site.request(path)
    assert (whole.status, whole.body == content) == (200, True)
    assert whole.headers["etag"] == f'"{hashlib.sha256(content).hexdigest()}"'
    assert whole.headers["cache-control"] == "public, max-age=31536000, immutable"
    for wanted, expected in {
        "bytes=0-99": content[:100],
        f"bytes={8 * MIB - 50}-{8 * MIB + 49}": content[8 * MIB - 50 : 8 * MIB + 50],  # two slices
        "bytes=-100": content[-100:],
        f"bytes={len(content) - 7}-": content[-7:],
    }.items():
        part = site.request(path, range=wanted)
        assert (part.status, part.body) == (206, expected), wanted
        assert part.headers["content-range"].endswith(f"/{len(content)}")
    assert site.request(path, range=f"bytes={len(content)}-").status == 416
    head = site.request(path, "HEAD")
    assert (head.status, head.headers["content-length"], head.body) == (200, str(len(content)), b"")
    assert site.request(path, if_none_match=whole.headers["etag"]).status == 304
    stale = site.request(path, range="bytes=0-9", if_range='"something else"')
    assert (stale.status, len(stale.body)) == (200, len(content))
    asked = len(site.requests(path))
    assert site.request(path).body == content
    assert len(site.requests(path)) == asked <= 4  # once for each slice: the rest came from nginx


def test_metadata_come_through(site: Site, tmp_path: Path) -> None:
    assert site.upload(make_wheel(tmp_path, "described", description="Über alles\n")).status == 200
    path = file_path(site, "described")
    metadata = site.request(f"{path}.metadata")
    (file,) = site.server.page("described")["files"]
    assert hashlib.sha256(metadata.body).hexdigest() == file["core-metadata"]["sha256"]
    assert site.request(f"{path}.provenance").status == 404


def test_pages_come_packed_with_their_etag_and_are_never_stale(site: Site, tmp_path: Path) -> None:
    for number in range(5):
        assert site.upload(make_wheel(tmp_path, "paged", f"1.{number}")).status == 200
    plain = site.request("/simple/paged/", accept=JSON)
    packed = site.request("/simple/paged/", accept=JSON, accept_encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert (
        site.request("/simple/paged/", accept=JSON, accept_encoding="zstd").headers["content-encoding"]
        == "zstd"
    )
    tag = packed.headers["etag"]
    again = site.request("/simple/paged/", accept=JSON, accept_encoding="gzip", if_none_match=tag)
    assert (again.status, again.body) == (304, b"")
    assert site.upload(make_wheel(tmp_path, "paged", "2.0")).status == 200
    fresh = site.request("/simple/paged/", accept=JSON, accept_encoding="gzip", if_none_match=tag)
    assert len(json.loads(gzip.decompress(fresh.body))["files"]) == 6


def test_refusals_arrive_in_the_server_s_words(site: Site, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "refused", files={"x": os.urandom(200_000)})
    wheel.write_bytes(wheel.read_bytes()[:-1000])
    reply = site.upload(wheel)
    assert reply.status == 400
    assert "refused-1.0-py3-none-any.whl" in reply.text
    assert site.request("/legacy/", "POST", b"x").status == 401


def test_addresses_are_those_that_clients_use(site: Site) -> None:
    document = json.dumps({"meta": {"api-version": "2.0"}, "name": "addressed", "version": "1.0"}).encode()
    kind = "application/vnd.pypi.upload.v2+json"
    reply = site.request("/upload/", "POST", document, site.server.token, content_type=kind)
    assert reply.status == 201, reply.text
    links = reply.json()["links"]
    assert all(link.startswith(site.url) for link in links.values()), links
    stage = links["stage"].removeprefix(site.url)
    assert site.request(f"/{stage}").status == 200
    page = site.request("/", accept="text/html")
    assert f"{site.url}simple/" in page.text
    token = stage.split("/")[1]
    assert token not in "".join(site.nginx.requests + site.server.lines)
    assert "GET /stage/-/simple/ 200" in "".join(site.nginx.requests)


def test_the_tools_work_through_it(site: Site, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path / "dist", "tooled")
    environ = {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "TWINE_USERNAME": "__token__",
        "TWINE_PASSWORD": site.server.token, "PIP_CONFIG_FILE": os.devnull,
        "REWHEEL_CACHE_DIR": str(tmp_path / "cache"),
    }  # fmt: skip
    sending = ["upload", "--cert", site.authority, "--repository-url", f"{site.url}legacy/"]
    fetching = ["install", "--cert", site.authority, "-i", f"{site.url}simple/", "tooled", "-t"]
    for command in (
        ["twine", *sending, wheel],
        ["pip", *fetching, "by-pip"],
        ["rewheel", *fetching, "by-us"],
    ):
        program = [sys.executable, "-m", *command]
        done = subprocess.run(program, env=environ, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "by-pip/tooled.py").read_bytes() == (tmp_path / "by-us/tooled.py").read_bytes()


def test_measures_are_counted_and_nothing_is_complained_about(site: Site) -> None:
    assert "rewheel_requests_total" in site.request("/metrics").text
    assert site.nginx.errors == ""


@pytest.mark.acceptance
def test_one_of_two_servers_may_go(tmp_path: Path, postgresql: PostgreSQL, object_store: ObjectStore) -> None:
    nginx_program()
    certificate = make_certificate(tmp_path)
    shared = ("--database", postgresql.new_database(), "--storage", object_store.new_storage())
    environ = object_store.environment
    with (
        running_server(tmp_path / "one", *shared, environ=environ) as one,
        running_server(tmp_path / "other", *shared, environ=environ) as other,
        running_nginx(one.address, other.address, certificate=certificate) as nginx,
    ):
        site = Site(one, nginx, tmp_path / "ca.pem")
        wheel = make_wheel(tmp_path, "balanced", files={"large.bin": os.urandom(20 * MIB)})
        assert site.upload(wheel).status == 200
        path = file_path(site, "balanced")
        assert site.request(path, range=f"bytes={8 * MIB}-{9 * MIB}").status == 206
        for number in range(8):  # each server shows at once what the other has published
            assert site.upload(make_wheel(tmp_path, "balanced", f"2.{number}")).status == 200
            assert len(site.request("/simple/balanced/", accept=JSON).json()["files"]) == number + 2
        site = Site(other, nginx, site.authority)
        asked = [
            [line for line in each.lines if "/legacy/" in line or "/simple/" in line] for each in (one, other)
        ]
        assert all(len(lines) > 4 for lines in asked)
        one.process.kill()
        for _ in range(6):
            assert site.request("/simple/balanced/", accept=JSON).status == 200
        assert site.request(path).body == wheel.read_bytes()
        assert site.upload(make_wheel(tmp_path, "balanced", "3.0")).status in {200, 502}  # never sent twice
        assert site.upload(make_wheel(tmp_path, "balanced", "3.0")).status == 200
