"""`rewheel freeze`: pip's lines on the same environment, and the labels of variants."""

import json
from pathlib import Path

from support.wheel_factory import make_wheel, write_wheel

from .conftest import Run
from .environment import make_environment, pip, site_packages

STATIC = {"gpu": {"static-properties": {"arch": ["x2", "x1"]}}}


def set_direct_url(dist_info: str, document: object) -> None:
    (site_packages() / dist_info / "direct_url.json").write_text(json.dumps(document))


def test_lines_are_those_of_pip(run: Run, shelf: Path) -> None:
    make_environment()
    for name in ("Zope.thing", "alpha_beta", "Gamma", "pip", "setuptools", "wheel"):
        make_wheel(shelf, name, "1.0")
    local = make_wheel(shelf, "local", "2.0")
    names = ("Zope.thing", "alpha_beta", "Gamma", "pip", "setuptools", "wheel")
    assert run("install", *names, local, "-f", shelf, "--no-index").code == 0
    code, out, err = run("freeze")
    assert (code, err) == (0, "")
    assert out == pip("freeze").stdout
    assert f"local @ {local.as_uri()}" in out
    assert run("freeze", "--all").out == pip("freeze", "--all").stdout
    assert run("freeze", "--exclude", "gamma").out == pip("freeze", "--exclude", "gamma").stdout


def test_direct_references_are_those_of_pip(run: Run, shelf: Path) -> None:
    make_environment()
    for name in ("archive", "oldarchive", "git", "folder", "plain"):
        make_wheel(shelf, name, "1.0")
    run("install", "archive", "oldarchive", "git", "folder", "plain", "-f", shelf, "--no-index")
    digest = "0" * 64
    url = "https://example.org/x.zip"
    set_direct_url("archive-1.0.dist-info", {"url": url, "archive_info": {"hashes": {"sha256": digest}}})
    set_direct_url("oldarchive-1.0.dist-info", {"url": url, "archive_info": {"hash": f"sha256={digest}"}})
    set_direct_url(
        "git-1.0.dist-info",
        {
            "url": "https://example.org/x",
            "vcs_info": {"vcs": "git", "commit_id": "abc", "requested_revision": "main"},
            "subdirectory": "sub",
        },
    )
    set_direct_url("folder-1.0.dist-info", {"url": "file:///some/folder", "dir_info": {}})
    out = run("freeze").out
    assert out == pip("freeze").stdout
    assert out.splitlines() == [
        f"archive @ {url}#sha256={digest}",
        "folder @ file:///some/folder",
        "git @ git+https://example.org/x@abc#subdirectory=sub",
        f"oldarchive @ {url}#sha256={digest}",
        "plain==1.0",
    ]


def test_secrets_are_left_out(run: Run, shelf: Path) -> None:
    make_environment()
    for name in ("a", "b", "c"):
        make_wheel(shelf, name, "1.0")
    run("install", "a", "b", "c", "-f", shelf, "--no-index")
    set_direct_url("a-1.0.dist-info", {"url": "https://me:secret@example.org/a.zip", "archive_info": {}})
    set_direct_url(
        "b-1.0.dist-info", {"url": "https://${USER}:${PASS}@example.org/b.zip", "archive_info": {}}
    )
    set_direct_url(
        "c-1.0.dist-info", {"url": "ssh://git@example.org/c", "vcs_info": {"vcs": "git", "commit_id": "d"}}
    )
    assert run("freeze").out.splitlines() == [
        "a @ https://example.org/a.zip",
        "b @ https://${USER}:${PASS}@example.org/b.zip",
        "c @ git+ssh://git@example.org/c@d",
    ]


def test_editables_are_folders(run: Run, shelf: Path, tmp_path: Path) -> None:
    make_environment()
    make_wheel(shelf, "foo", "1.0")
    run("install", "foo", "-f", shelf, "--no-index")
    project = tmp_path / "pro ject"
    set_direct_url("foo-1.0.dist-info", {"url": project.as_uri(), "dir_info": {"editable": True}})
    out = run("freeze").out
    assert out.splitlines() == ["# Editable install (foo==1.0)", f"-e {project}"]
    assert [line for line in pip("freeze").stdout.splitlines() if line[0] != "#"] == [f"-e {project}"]
    assert run("freeze", "--exclude-editable").out == ""


def test_labels_are_comments_that_install_understands(run: Run, shelf: Path) -> None:
    make_environment()
    for label in ("x1", "x2"):
        properties = {"gpu": {"arch": [label]}}
        make_wheel(shelf, "foo", label=label, properties=properties, priorities=["gpu"], providers=STATIC)
    run("install", "foo", "-f", shelf, "--no-index")
    out = run("freeze").out
    assert out == "foo==1.0  # variant x2\n"
    assert run("list", "--format", "freeze").out == out
    Path("r.txt").write_text(out)
    make_environment(Path("other"))
    options = ("--python", "other", "-f", shelf, "--no-index")
    assert run("install", "-r", "r.txt", *options).out.splitlines()[-1] == "Installed foo 1.0 (variant x2)"


def test_default_extras_that_were_left_out_stay_out(run: Run, shelf: Path) -> None:
    make_environment()
    metadata = "Provides-Extra: more\nDefault-Extra: more\nRequires-Dist: deep; extra == 'more'\n"
    write_wheel(
        shelf / "foo-1.0-py3-none-any.whl",
        {
            "foo.py": "",
            "foo-1.0.dist-info/METADATA": f"Metadata-Version: 2.5\nName: foo\nVersion: 1.0\n{metadata}",
            "foo-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        },
        "foo-1.0.dist-info",
    )
    make_wheel(shelf, "deep")
    options = ("-f", shelf, "--no-index")
    run("install", "foo[]", *options)
    assert run("freeze").out == "foo[]==1.0\n"
    Path("r.txt").write_text(run("freeze").out)
    run("install", "foo", *options)
    assert run("freeze").out == "deep==1.0\nfoo==1.0\n" == pip("freeze").stdout
    make_environment(Path("other"))
    run("install", "-r", "r.txt", *options, "--python", "other")
    assert run("freeze", "--python", "other").out == "foo[]==1.0\n"


def test_versions_that_are_none_and_broken_documents_are_survived(run: Run) -> None:
    make_environment()
    for name, version in (("old", "1.0-unknown-thing"), ("odd", "2.0")):
        info = site_packages() / f"{name}-{version.replace('-', '_')}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        (info / "direct_url.json").write_text('{"url": ["no", "text"]}')
    assert run("freeze").out.splitlines() == ["odd==2.0", "old===1.0-unknown-thing"]
