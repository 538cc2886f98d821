"""The page of a project, over HTTP: what stands on it, and that nothing of strangers gets loose."""

import html
import re

import pytest

from rewheel.machines import known_machines
from support.page import Page
from support.server import multipart
from support.wheel_factory import make_wheel


def page_of(index, path, **headers):
    reply = index.get(path, **headers)
    assert reply.status == 200, reply.text
    return Page(reply.text)


def test_there_is_one_command_to_install_on_any_machine(index):
    page = page_of(index, "/project/foo/")
    simple = f"{index.url}simple/"
    assert page.source.count("rewheel install foo") == 1
    assert f"rewheel install foo -i {simple}<" in page.source
    assert f"pip install foo --index-url {simple}<" in page.source
    assert "rewheel install foo==1.0 " in page_of(index, "/project/foo/1.0/").source


def test_the_variant_table_sets_labels_against_properties(index):
    page = page_of(index, "/project/foo/")
    table = page.tables[0]
    assert table[0][:2] == ["Label", "nvidia"]
    assert table[1] == ["cuda_version_lower_bound"]
    assert [row[:3] for row in table[2:4]] == [
        ["cu128", "12.8", "Linux x86_64 3.11, 3.12"],
        ["cu118", "11.8", "Linux x86_64 3.11, 3.12"],
    ]
    assert table[4][0] == "plain wheel"
    assert "macOS arm64 3.11, 3.12" in table[4][2]


def test_the_support_matrix_answers_which_hardware_where(index):
    matrix = page_of(index, "/project/foo/").tables[1]
    assert matrix[0][:4] == ["Hardware", "Linux x86_64", "Linux aarch64", "macOS arm64"]
    assert matrix[1][:4] == ["NVIDIA GPU", "yes cu128, cu118", "no", "no"]
    assert matrix[2][:4] == ["Any machine", "yes plain wheel", "no", "yes plain wheel"]


def test_common_machines_get_what_installers_choose_for_them_with_reasons(index):
    page = page_of(index, "/project/foo/")
    text = page.text
    assert "with Python 3.12" in text
    gets = {}
    for table in page.tables[2:]:
        if table and table[0][:2] == ["Machine", "Gets"]:
            gets |= {row[0]: (row[1], row[2]) for row in table[1:] if len(row) >= 3}
    cuda = {name: value for name, value in gets.items() if name.startswith("CUDA")}
    assert {name.split()[1]: label for name, (label, _) in cuda.items()} == {
        "11.8": "cu118", "12.4": "cu118", "12.8": "cu128", "13.0": "cu128",
    }  # fmt: skip
    shown = {
        family for family in (each.title.partition(", ")[0] for each in known_machines()) if family in text
    }
    assert {"Linux", "macOS", "CUDA 12.8", "Windows"} <= shown
    assert "[nvidia :: cuda_version_lower_bound :: 12.8] is not supported; this machine: 11.8" in text
    assert "Nothing in this release is made for AMD GPUs" in text


def test_another_python_can_be_chosen_without_script(index):
    assert "with Python 3.11" in page_of(index, "/project/foo/?python=3.11").text
    for nonsense in ("2.7", "3.99", "x", "%3Cscript%3E", "3.12" * 200):
        assert "with Python 3.12" in page_of(index, f"/project/foo/?python={nonsense}").text


def test_metadata_readme_files_and_releases_are_shown(index):
    page = page_of(index, "/project/foo/")
    assert "Tensors <b>for</b> everyone" in page.text
    assert "Ada & Co" in page.text
    assert "foo[fast] default" in page.text
    assert "foo[]" in page.text
    assert ("a", "href", "https://foo.example/docs") in page.attributes
    assert "/project/bar/" in page.values("a", "href")
    assert "import foo" in page.text
    assert page.text.count("sha256") >= 8
    assert "/project/foo/1.0/" in page.values("a", "href")
    old = page_of(index, "/project/foo/1.0/")
    assert "This is version 1.0. The latest is" in old.text
    assert "Variants</h2>" not in old.source


def test_files_can_be_fetched_from_the_page(index):
    page = page_of(index, "/project/foo/1.0/")
    (path,) = [value for value in page.values("a", "href") if value.endswith(".whl")]
    assert index.get(path).status == 200
    assert index.get(f"{path}.metadata").text.startswith("Metadata-Version")


def test_nothing_of_a_stranger_runs_or_leads_astray(index):
    page = page_of(index, "/project/foo/")
    assert "alert(" not in page.source.replace(html.escape('alert("readme")'), "")
    assert [name for _, name, _ in page.attributes if name.startswith("on") or name == "style"] == []
    assert page.source.count("<script") == 1
    for value in page.values("a", "href"):
        assert re.match(r"(https?://|/|#|mailto:)", value), value
    for _, name, value in page.attributes:
        if name in {"src", "action"}:
            assert value.startswith(("/", "#")), value


def test_the_policy_for_browsers_is_strict(index):
    for path in ("/", "/project/foo/", "/search/?q=foo", "/project/nope/"):
        headers = index.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"


def test_pages_are_fetched_again_only_when_something_changed(index, tmp_path):
    assert index.upload(make_wheel(tmp_path, "changing", "1.0")).status == 200
    first = index.get("/project/changing/")
    tag = first.headers["etag"]
    assert index.get("/project/changing/", if_none_match=tag).status == 304
    assert index.upload(make_wheel(tmp_path, "changing", "1.1")).status == 200
    again = index.get("/project/changing/", if_none_match=tag)
    assert again.status == 200
    assert "changing==" not in again.text
    assert ">1.1<" in again.text
    packed = index.get("/project/changing/", accept_encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["etag"] != again.headers["etag"]
    assert packed.headers["vary"] == "accept-encoding"


def test_what_pages_load_is_kept_for_ever_and_is_ours(index):
    page = page_of(index, "/project/foo/")
    loaded = [*page.values("script", "src"), *page.values("link", "href")]
    assert len(loaded) == 3
    for path in loaded:
        reply = index.get(path)
        assert reply.status == 200
        assert "immutable" in reply.headers["cache-control"]
    assert index.get("/static/style.0123456789abcdef.css").status == 404
    assert index.get("/static/..%2ftemplates%2fbase.html").status == 404


@pytest.mark.parametrize(
    "path",
    [
        "/project/nope/", "/project/foo/9.9/", "/project/-/", "/project/foo/not%20a%20version/",
        "/project/%3Cscript%3E/", "/project/nope/releases/", f"/project/{'x' * 300}/",
    ],
)  # fmt: skip
def test_what_is_not_there_says_what_to_do(index, path):
    reply = index.get(path, accept="text/html")
    assert reply.status in {404, 405}
    assert reply.headers["content-type"].startswith("text/html")
    assert "Home" in reply.text
    assert "<script>" not in reply.text


def test_names_are_found_however_they_are_written(index):
    assert page_of(index, "/project/FOO/").text.startswith("foo 2.0")
    assert page_of(index, "/project/foo/2.0.0/").text.startswith("foo 2.0")
    assert index.get("/project/foo").status in {301, 307}


def test_a_host_that_is_none_is_not_repeated(index):
    page = index.request("GET", "/project/foo/", headers={"Host": '"><script>alert(1)</script>'})
    assert "alert(1)</script>" not in page.text
    other = index.request("GET", "/project/foo/", headers={"Host": "wheels.example:8443"})
    assert "-i http://wheels.example:8443/simple/" in other.text


def test_all_releases_have_a_page(index):
    page = page_of(index, "/project/foo/releases/")
    assert [row[0] for row in page.tables[0][1:]] == ["2.0 2 variants", "1.0"]


# A machine of one's own

MACHINE = """
[metadata]
created-by = "tests"
version = "0.1"
name = "my <b>laptop</b>"

[platform]
system = "Linux"
machine = "x86_64"
libc = "glibc"
libc-version = "2.39"

[[provider]]
resolved = ["nvidia-variant-provider==0.0.2"]
namespace = "nvidia"

[provider.properties]
cuda_version_lower_bound = ["12.4", "12.3", "11.8"]
"""


def ask(index, machine, python="3.12", version="2.0", filename="laptop.toml"):
    body, kind = form(
        {"python": python}, machine if isinstance(machine, bytes) else machine.encode(), filename
    )
    return index.request("POST", f"/project/foo/{version}/machine/", body, {"Content-Type": kind})


def form(fields, content, filename):
    body, kind = multipart(fields, filename, content)
    return body.replace(b'name="content"', b'name="file"'), kind


def test_a_machine_file_gets_its_own_answer(index):
    page = Page(ask(index, MACHINE).text)
    assert "What would my <b>laptop</b> get of foo 2.0?" in page.text
    table = page.tables[0]
    assert table[1][1] == "cu118"
    assert "[nvidia :: cuda_version_lower_bound :: 12.8] is not supported; this machine: 12.4" in page.text
    assert "from laptop.toml" in page.text


def test_a_machine_file_can_be_pasted(index):
    from urllib.parse import urlencode

    body = urlencode({"text": MACHINE, "python": "3.11"}).encode()
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    page = Page(index.request("POST", "/project/foo/2.0/machine/", body, kind).text)
    assert page.tables[0][1][1] == "cu118"
    assert "With Python 3.11" in page.text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "There is no machine file"),
        (b"\xff\xfe\x00", "it is not UTF-8 text"),
        (b"[[[", "it is not valid TOML"),
        (b"a=" + b"[" * 20_000, "machine file cannot be used"),
        (b'[platform]\nsystem = "<script>"\nmachine = "x86_64"', "platform.system is not one of"),
        (b'[platform]\nsystem = "Linux"\nmachine = "x"\nlibc = "glibc"', ""),
        (b'[metadata]\nversion = "0.1"', "does not say which platform"),
        (b"[[provider]]\nnamespace = '<b>'", "is not a name"),
        (
            MACHINE.replace('"12.4"', ", ".join(f'"{n}.{m}"' for n in range(60) for m in range(50))).encode(),
            "",
        ),
        (b"x" * 70_000, "at most 64 KiB"),
    ],
)
def test_hostile_machine_files_cost_nothing_but_words(index, content, words):
    reply = ask(index, content)
    assert reply.status in {200, 400, 413}
    assert words in html.unescape(reply.text)
    assert "<script>" not in reply.text


def test_hostile_forms_are_refused(index):
    def post(body, kind):
        return index.request("POST", "/project/foo/2.0/machine/", body, {"Content-Type": kind}).status

    assert post(b"x" * 300_000, "application/x-www-form-urlencoded") == 413
    assert post(b"--x\r\nnonsense", "multipart/form-data; boundary=x") == 400
    assert post(b"", "multipart/form-data") == 400
    assert post(b"{}", "application/json") == 400
    many = b"&".join(b"a%d=1" % n for n in range(5000))
    assert post(many, "application/x-www-form-urlencoded") == 400
    name = "../../<script>\r\nX: y"
    assert "<script>" not in ask(index, MACHINE, filename=name).text
