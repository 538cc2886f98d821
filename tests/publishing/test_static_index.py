import hashlib
import json
import os
import subprocess
import sys
from html.parser import HTMLParser
from urllib.parse import unquote, urldefrag, urljoin
from urllib.request import urlopen

import pytest

from publishing.releases import gpu_wheel, make_sdist, plain_web_server
from rewheel.publishing import UnpublishableRelease, UnusableDirectory, write_index
from support.wheel_factory import make_wheel, write_wheel


class Links(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag == "a":
            self.found.append(dict(attrs))


def snapshot(directory):
    return {
        str(path.relative_to(directory)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in directory.rglob("*")
        if path.is_file()
    }


def page(directory, project):
    return json.loads((directory / "simple" / project / "index.json").read_text())


def test_both_forms_list_the_same_files_with_hashes(tmp_path):
    make_wheel(tmp_path, requires_python=">=3.8, <4")
    gpu_wheel(tmp_path, "x1", "x1")
    make_sdist(tmp_path, requires_python=">=3.9")
    make_wheel(tmp_path, "Other_Name", "2.0+local.1")
    write_index(tmp_path)
    entries = page(tmp_path, "foo")["files"]
    links = Links((tmp_path / "simple/foo/index.html").read_text()).found
    assert [entry["filename"] for entry in entries] == [
        "foo-1.0.tar.gz",
        "foo-1.0-py3-none-any-x1.whl",
        "foo-1.0-py3-none-any.whl",
        "foo-1.0-variants.json",
    ]
    for entry, link in zip(entries, links, strict=True):
        url, fragment = urldefrag(link["href"])
        path = tmp_path / "simple/foo" / unquote(url)
        assert entry["url"] == url
        assert fragment == f"sha256={entry['hashes']['sha256']}"
        assert hashlib.sha256(path.read_bytes()).hexdigest() == entry["hashes"]["sha256"]
        assert link.get("data-requires-python") == entry.get("requires-python")
        if "size" in entry:
            assert entry["size"] == path.stat().st_size
    assert [entry.get("requires-python") for entry in entries] == [">=3.9", None, ">=3.8, <4", None]
    assert page(tmp_path, "foo")["versions"] == ["1.0"]


def test_metadata_lies_beside_each_wheel(tmp_path):
    wheel = make_wheel(tmp_path)
    write_index(tmp_path)
    sidecar = tmp_path / f"{wheel.name}.metadata"
    digest = hashlib.sha256(sidecar.read_bytes()).hexdigest()
    assert b"Name: foo\n" in sidecar.read_bytes()
    assert page(tmp_path, "foo")["files"][0]["core-metadata"] == {"sha256": digest}
    (link,) = Links((tmp_path / "simple/foo/index.html").read_text()).found
    assert link["data-core-metadata"] == f"sha256={digest}"


def test_the_index_file_has_a_name_an_address_and_a_hash_and_nothing_else(tmp_path):
    gpu_wheel(tmp_path, "x1", "x1", requires_python=">=3.8")
    write_index(tmp_path)
    (entry,) = [entry for entry in page(tmp_path, "foo")["files"] if entry["filename"].endswith(".json")]
    assert set(entry) == {"filename", "url", "hashes"}
    links = Links((tmp_path / "simple/foo/index.html").read_text()).found
    (link,) = [link for link in links if "variants.json" in link["href"]]
    assert set(link) == {"href"}
    assert not (tmp_path / "foo-1.0-variants.json.metadata").exists()


def test_projects_are_listed_by_their_normalised_names(tmp_path):
    make_wheel(tmp_path, "Zope.Interface")
    make_wheel(tmp_path, "abc")
    write_index(tmp_path)
    listed = json.loads((tmp_path / "simple/index.json").read_text())["projects"]
    assert listed == [{"name": "abc"}, {"name": "zope-interface"}]
    links = Links((tmp_path / "simple/index.html").read_text()).found
    assert [link["href"] for link in links] == ["abc/", "zope-interface/"]


def test_versions_and_files_are_sorted_by_version(tmp_path):
    for version in ("1.10", "1.9", "2.0rc1"):
        make_wheel(tmp_path, version=version)
    write_index(tmp_path)
    assert page(tmp_path, "foo")["versions"] == ["1.9", "1.10", "2.0rc1"]


def test_markup_in_metadata_stays_text(tmp_path):
    make_wheel(tmp_path, requires_python='>=3.8"><script>alert(1)</script>')
    write_index(tmp_path)
    text = (tmp_path / "simple/foo/index.html").read_text()
    assert "<script" not in text
    (link,) = Links(text).found
    assert link["data-requires-python"] == '>=3.8"><script>alert(1)</script>'


def test_a_second_run_touches_nothing(tmp_path):
    gpu_wheel(tmp_path, "x1", "x1")
    make_wheel(tmp_path)
    first = write_index(tmp_path)
    before = snapshot(tmp_path)
    second = write_index(tmp_path)
    assert first.written
    assert second.written == ()
    assert second.removed == ()
    assert snapshot(tmp_path) == before


def test_the_same_wheels_give_the_same_tree_whatever_their_order(tmp_path):
    for name, labels in (("a", ["x1", "x2", "x3"]), ("b", ["x3", "x1", "x2"])):
        (tmp_path / name).mkdir()
        for label in labels:
            gpu_wheel(tmp_path / name, label, label)
        write_index(tmp_path / name)
    trees = [
        {name: content for name, (content, _) in snapshot(tmp_path / tree).items()} for tree in ("a", "b")
    ]
    assert trees[0] == trees[1]


def test_what_is_gone_from_the_folder_vanishes_from_the_tree(tmp_path):
    wheel = make_wheel(tmp_path, "bar")
    make_wheel(tmp_path, "foo")
    write_index(tmp_path)
    wheel.unlink()
    report = write_index(tmp_path)
    assert not (tmp_path / "simple/bar").exists()
    assert not (tmp_path / f"{wheel.name}.metadata").exists()
    assert tmp_path / "simple/bar/index.html" in report.removed
    assert "bar" not in (tmp_path / "simple/index.html").read_text()


def test_folders_of_others_stay(tmp_path):
    make_wheel(tmp_path)
    own = tmp_path / "simple/mine/notes.txt"
    own.parent.mkdir(parents=True)
    own.write_text("keep")
    (own.parent / "index.html").write_text("keep")
    write_index(tmp_path)
    assert own.read_text() == "keep"
    assert (own.parent / "index.html").read_text() == "keep"


def test_an_empty_folder_is_an_empty_index(tmp_path):
    write_index(tmp_path)
    assert json.loads((tmp_path / "simple/index.json").read_text())["projects"] == []


def test_files_of_other_kinds_are_passed_over(tmp_path):
    make_wheel(tmp_path)
    (tmp_path / "README.md").write_text("hello")
    (tmp_path / ".hidden-1.0-py3-none-any.whl").write_text("partial")
    (tmp_path / "backup.tar.gz").write_text("not a source distribution")
    (tmp_path / "some-thing-else-variants.json").write_text("{}")
    (tmp_path / "folder-1.0-py3-none-any.whl").mkdir()
    report = write_index(tmp_path)
    assert not any(finding.is_error for finding in report.findings)
    assert {finding.file for finding in report.findings} == {"backup.tar.gz", "some-thing-else-variants.json"}
    assert [entry["filename"] for entry in page(tmp_path, "foo")["files"]] == ["foo-1.0-py3-none-any.whl"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("foo-1.0-py3-none-any.whl", b""),
        ("foo-1.0-py3-none-any.whl", b"PK\x05\x06" + b"\0" * 18),
        ("foo-1.0.whl", b""),
        ("foo-1.0-py3-none-any-UPPER.whl", b""),
        ("foo-notaversion-py3-none-any.whl", None),
        ("bar-1.0-py3-none-any.whl", None),
        ("foo-1.1-py3-none-any.whl", None),
        ("foo-1.0.tar.gz", b"not gzip"),
        ("foo-1.0.tar.gz", b"\x1f\x8b\x08\x00"),
        ("foo-1.0.zip", b"not zip"),
    ],
)
def test_invalid_distributions_are_refused_by_name(tmp_path, name, content):
    if content is None:
        content = make_wheel(tmp_path / "elsewhere").read_bytes()
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnpublishableRelease) as error:
        write_index(tmp_path)
    assert {finding.file for finding in error.value.findings} == {name}
    assert not (tmp_path / "simple").exists()


def test_a_wheel_without_record_is_refused(tmp_path):
    members = {"foo-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: foo\nVersion: 1.0\n"}
    write_wheel(tmp_path / "foo-1.0-py3-none-any.whl", members, "foo-1.0.dist-info")
    with pytest.raises(UnpublishableRelease, match="WHEEL"):
        write_index(tmp_path)


def test_a_missing_folder_is_a_clear_error(tmp_path):
    with pytest.raises(UnusableDirectory, match="nowhere") as error:
        write_index(tmp_path / "nowhere")
    assert error.value.hint


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX file types")
def test_a_folder_that_cannot_be_written_is_a_clear_error(tmp_path):
    make_wheel(tmp_path)
    (tmp_path / "simple").write_text("a file in the way")
    with pytest.raises(UnusableDirectory, match="simple"):
        write_index(tmp_path)
    assert not list(tmp_path.glob(".*.tmp"))


@pytest.mark.skipif(os.name == "nt", reason="needs a umask")
def test_the_written_files_can_be_read_by_a_web_server(tmp_path):
    gpu_wheel(tmp_path, "x1", "x1")
    umask = os.umask(0o022)
    try:
        report = write_index(tmp_path)
    finally:
        os.umask(umask)
    assert {path.stat().st_mode & 0o777 for path in report.written} == {0o644}


def test_every_link_is_served_by_a_plain_web_server(tmp_path):
    gpu_wheel(tmp_path, "x1", "x1", version="1.0+cu128")
    make_wheel(tmp_path, version="1.0+cu128")
    write_index(tmp_path)
    with plain_web_server(tmp_path) as url:
        address = urljoin(url, "simple/foo/")
        with urlopen(address) as answer:
            links = Links(answer.read().decode()).found
        for link in links:
            target, fragment = urldefrag(urljoin(address, link["href"]))
            with urlopen(target) as answer:
                digest = hashlib.sha256(answer.read()).hexdigest()
            assert fragment == f"sha256={digest}"
            if "data-core-metadata" in link:
                with urlopen(f"{target}.metadata") as answer:
                    digest = hashlib.sha256(answer.read()).hexdigest()
                assert link["data-core-metadata"] == f"sha256={digest}"
    assert len(links) == 3


def test_pip_installs_the_plain_wheel_and_ignores_the_variants(tmp_path):
    files = tmp_path / "files"
    make_wheel(files)
    gpu_wheel(files, "x1", "x1")
    make_sdist(files)
    write_index(files)
    target = tmp_path / "target"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    with plain_web_server(files) as url:
        command = [sys.executable, "-m", "pip", "--isolated", "install", "--no-cache-dir", "--no-input"]
        command += [
            "--disable-pip-version-check",
            "--target",
            str(target),
            "--index-url",
            f"{url}simple/",
            "foo",
        ]
        done = subprocess.run(
            command,
            env=environ | {"PIP_CONFIG_FILE": os.devnull},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (target / "foo.py").read_text() == "LABEL = ''\n"
