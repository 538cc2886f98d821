"""Words of strangers in every place of a page: they stay words, whatever they look like."""

import http.client

import pytest

from support.server import running_server
from support.upload2 import Uploader
from support.wheel_factory import make_wheel

SCRIPT = "<script>alert(1)</script>"
FIELDS = (
    f"Summary: {SCRIPT}",
    f"Author: {SCRIPT}",
    f"License: {SCRIPT}",
    f"Keywords: {SCRIPT}",
    f"Classifier: {SCRIPT} :: {SCRIPT}",
    "Project-URL: One, javascript:alert(1)",
    "Project-URL: Two, data:text/html,<script>alert(1)</script>",
    "Project-URL: Three,  JaVaScRiPt:alert(1)",
    f"Project-URL: {SCRIPT}, https://fine.example/",
)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    with running_server(folder / "index") as running:
        for version, kind in (("1.0", "text/markdown"), ("2.0", "text/x-rst"), ("3.0", "text/plain")):
            text = f"Hello\n\n{SCRIPT}\n\n.. raw:: html\n\n   {SCRIPT}\n\n[x](javascript:alert(1))\n"
            headers = [*FIELDS, f"Description-Content-Type: {kind}"]
            wheel = make_wheel(folder, "evil", version, headers=headers, description=text)
            assert running.upload(wheel).status == 200
        yield running


@pytest.mark.parametrize("version", ["1.0", "2.0", "3.0"])
def test_metadata_and_descriptions_of_any_kind_stay_words(server, version):
    page = server.get(f"/project/evil/{version}/", accept="text/html").text
    assert "alert(1)" in page
    assert "<script>alert" not in page
    for scheme in ("javascript:", "data:"):
        assert f'href="{scheme}' not in page.lower()


def test_reasons_to_yank_and_of_a_status_stay_words(server):
    admin = Uploader(server, server.token)
    assert admin.manage("PUT", "projects/evil/releases/1.0/yank", reason=SCRIPT).status == 200
    assert admin.manage("PUT", "projects/evil/status", status="deprecated", reason=SCRIPT).status == 200
    page = server.get("/project/evil/1.0/", accept="text/html").text
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 3
    assert "<script>alert" not in page


@pytest.mark.parametrize("path", ["/search/?q={}", "/project/{}/", "/project/evil/{}/", "/{}"])
def test_what_an_address_says_stays_words(server, path):
    page = server.get(path.format("%22%3E%3Cscript%3Ealert(1)%3C/script%3E"), accept="text/html")
    assert "<script>alert" not in page.text
    assert "content-security-policy" in page.headers


@pytest.mark.parametrize(
    "path", ["/project/x%0d%0aSet-Cookie:a=b/", "/simple/X%0d%0aSet-Cookie:a=b", "/%0d%0aa:b"]
)
def test_no_address_adds_a_header(server, path):
    connection = http.client.HTTPConnection(
        *server.url.rstrip("/").removeprefix("http://").split(":"), timeout=20
    )
    connection.request("GET", path, headers={"Accept": "text/html"})
    reply = connection.getresponse()
    assert reply.status in {400, 404}
    assert reply.getheader("Set-Cookie") is None
    assert reply.getheader("a") is None
    connection.close()


def test_the_name_and_content_of_a_machine_file_stay_words(server):
    mark = "----x"
    body = (
        f"--{mark}\r\n"
        f'Content-Disposition: form-data; name="file"; filename="{SCRIPT}.toml"\r\n\r\n'
        f"{SCRIPT} = 1\r\n--{mark}--\r\n"
    ).encode()
    connection = http.client.HTTPConnection(
        *server.url.rstrip("/").removeprefix("http://").split(":"), timeout=20
    )
    headers = {"Content-Type": f"multipart/form-data; boundary={mark}", "Accept": "text/html"}
    connection.request("POST", "/project/evil/3.0/machine/", body, headers)
    reply = connection.getresponse()
    assert reply.status == 400
    assert b"<script>alert" not in reply.read()
    connection.close()
