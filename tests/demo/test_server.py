import http.client
import json
import os
import socket
from urllib.parse import urlsplit

import pytest

from rewheel.demo.server import serve

JSON = "application/vnd.pypi.simple.v1+json"
CONTENT = bytes(range(256)) * 20


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "root"
    (root / "simple/foo").mkdir(parents=True)
    for name in ("simple", "simple/foo"):
        (root / name / "index.html").write_text("<html></html>")
        (root / name / "index.json").write_text("{}")
    (root / "foo-1.0+a-py3-none-any.whl").write_bytes(CONTENT)
    (tmp_path / "secret").write_text("secret")
    return root


@pytest.fixture
def ask(folder):
    with serve(folder) as url:
        address = urlsplit(url).netloc

        def request(path, method="GET", **headers):
            connection = http.client.HTTPConnection(address, timeout=10)
            connection.request(
                method, path, headers={key.replace("_", "-"): value for key, value in headers.items()}
            )
            answer = connection.getresponse()
            body = answer.read()
            connection.close()
            return answer, body

        request.address = address
        yield request


WHEEL = "/foo-1.0%2Ba-py3-none-any.whl"


def test_a_file_is_served_whole(ask):
    answer, body = ask(WHEEL)
    assert (answer.status, body) == (200, CONTENT)
    assert answer.headers["Accept-Ranges"] == "bytes"


def test_head_has_the_length_and_no_body(ask):
    answer, body = ask(WHEEL, "HEAD")
    assert (answer.status, body) == (200, b"")
    assert answer.headers["Content-Length"] == str(len(CONTENT))


@pytest.mark.parametrize(
    ("wanted", "part", "announced"),
    [
        ("bytes=0-9", CONTENT[:10], "bytes 0-9/5120"),
        ("bytes=5000-", CONTENT[5000:], "bytes 5000-5119/5120"),
        ("bytes=5000-99999", CONTENT[5000:], "bytes 5000-5119/5120"),
        ("bytes=-7", CONTENT[-7:], "bytes 5113-5119/5120"),
        ("bytes=-99999", CONTENT, "bytes 0-5119/5120"),
    ],
)
def test_a_part_is_served(ask, wanted, part, announced):
    answer, body = ask(WHEEL, Range=wanted)
    assert (answer.status, body) == (206, part)
    assert answer.headers["Content-Range"] == announced


@pytest.mark.parametrize("wanted", ["bytes=5120-", "bytes=9999-10000", "bytes=-0"])
def test_a_part_that_does_not_exist_is_refused(ask, wanted):
    answer, body = ask(WHEEL, Range=wanted)
    assert (answer.status, body) == (416, b"")
    assert answer.headers["Content-Range"] == "bytes */5120"


@pytest.mark.parametrize("wanted", ["bytes=0-1,4-5", "bytes=-", "lines=1-2", "bytes=9-3", "bytes=x-y", ""])
def test_what_is_no_single_range_gets_the_whole_file(ask, wanted):
    answer, body = ask(WHEEL, Range=wanted)
    assert (answer.status, body) == (200, CONTENT)


def test_a_range_of_another_version_of_the_file_gets_the_whole(ask):
    answer, _ = ask(WHEEL)
    etag = answer.headers["ETag"]
    assert ask(WHEEL, Range="bytes=0-1", If_Range=etag)[0].status == 206
    assert ask(WHEEL, Range="bytes=0-1", If_Range='"other"')[0].status == 200
    assert ask(WHEEL, If_None_Match=etag)[0].status == 304


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (f"{JSON}, text/html; q=0.1", JSON),
        (f"{JSON};q=0.1, text/html", "application/vnd.pypi.simple.v1+html"),
        ("text/html", "application/vnd.pypi.simple.v1+html"),
        ("", "application/vnd.pypi.simple.v1+html"),
        (f"{JSON};q=0", "application/vnd.pypi.simple.v1+html"),
        (f"{JSON};q=1.2.3, text/html", "application/vnd.pypi.simple.v1+html"),
    ],
)
@pytest.mark.parametrize("page", ["/simple/", "/simple/foo/"])
def test_a_page_has_the_form_that_the_client_prefers(ask, page, accept, kind):
    answer, body = ask(page, Accept=accept)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == kind
    assert answer.headers["Vary"] == "Accept"
    if kind == JSON:
        assert json.loads(body) == {}


def test_a_folder_without_slash_is_redirected(ask):
    answer, _ = ask("/simple/foo")
    assert (answer.status, answer.headers["Location"]) == (301, "/simple/foo/")


@pytest.mark.parametrize(
    "path",
    [
        "/missing",
        "/simple/bar/",
        "/../secret",
        "/%2e%2e/secret",
        "/simple/../../secret",
        "/a%00b",
        "/..\\secret",
    ],
)
def test_nothing_else_is_served(ask, path):
    answer, body = ask(path)
    assert (answer.status, body) == (404, b"")


@pytest.mark.skipif(os.name == "nt", reason="needs symbolic links")
def test_a_link_does_not_lead_outside(ask, folder):
    (folder / "link").symlink_to(folder.parent / "secret")
    assert ask("/link")[0].status == 404


def test_other_methods_are_refused(ask):
    assert ask("/simple/", "POST")[0].status == 501


def test_a_connection_serves_many_requests(ask):
    connection = http.client.HTTPConnection(ask.address, timeout=10)
    for _ in range(3):
        connection.request("GET", WHEEL, headers={"Range": "bytes=-4"})
        assert connection.getresponse().read() == CONTENT[-4:]
    connection.close()


def test_the_server_is_gone_afterwards(folder):
    with serve(folder) as url:
        host, port = urlsplit(url).netloc.split(":")
        # a client that keeps its connection open does not keep the server from ending
        waiting = socket.create_connection((host, int(port)), timeout=10)
    with pytest.raises(OSError, match=r".*"):
        socket.create_connection((host, int(port)), timeout=0.1).close()
    waiting.close()
