"""`rewheel download`: files for here and elsewhere, checked, and nothing installed."""

import hashlib
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.index_server import Fault, IndexServer
from support.wheel_factory import make_wheel

from .conftest import Run

STATIC = {"gpu": {"static-properties": {"arch": ["x2", "x1"]}}}
MACHINE = """
[metadata]
version = "0.1"
[platform]
system = "Darwin"
machine = "arm64"
os-version = "14.0"
[[provider]]
namespace = "gpu"
resolved = ["gpu-provider==1.0"]
properties = { arch = ["x1"] }
"""


def variant(shelf: Path, label: str, **more: object) -> Path:
    properties = {"gpu": {"arch": [label]}}
    return make_wheel(shelf, "foo", label=label, properties=properties, priorities=["gpu"], **more)  # type: ignore[arg-type]


def found(folder: str) -> list[str]:
    return sorted(path.name for path in Path(folder).iterdir())


@pytest.fixture
def server(shelf: Path) -> Iterator[IndexServer]:
    with IndexServer(shelf) as server:
        yield server


def test_what_is_needed_is_saved_and_can_be_installed_from_there(
    run: Run, shelf: Path, server: IndexServer
) -> None:
    for label in ("x1", "x2"):
        variant(shelf, label, providers=STATIC, requires=["bar"])
    make_wheel(shelf, "bar", "2.0")
    code, out, err = run("download", "foo", "-d", "there", "-i", server.simple_url)
    assert (code, err) == (0, "")
    assert found("there") == ["bar-2.0-py3-none-any.whl", "foo-1.0-py3-none-any-x2.whl"]
    assert out.splitlines()[-2:] == [
        "Saved bar 2.0  there/bar-2.0-py3-none-any.whl",
        "Saved foo 1.0 (variant x2)  there/foo-1.0-py3-none-any-x2.whl",
    ]
    assert "  2 compatible; selected x2   [gpu :: arch :: x2]" in out.splitlines()
    code, out, _ = run("install", "foo", "-f", "there", "--no-index", "-t", "packages")
    assert out.splitlines()[-1] == "Installed foo 1.0 (variant x2)"
    assert run("download", "foo", "--no-deps", "--no-variants", "-i", server.simple_url).code == 1


def test_what_pip_saves_is_saved(run: Run, shelf: Path) -> None:
    make_wheel(shelf, "foo", requires=["bar[x]", "never; python_version < '3'"])
    make_wheel(shelf, "bar", requires=["baz; extra == 'x'"], extras=["x"])
    make_wheel(shelf, "baz")
    run("download", "foo", "-d", "ours", "-f", shelf, "--no-index")
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "-q",
        "foo",
        "-d",
        "theirs",
        "-f",
        shelf,
        "--no-index",
    ]
    subprocess.run(command, check=True)
    assert found("ours") == found("theirs")
    assert len(found("ours")) == 3


def test_for_another_machine(run: Run, shelf: Path) -> None:
    providers = {"gpu": {"requires": ["gpu-provider"]}}
    for label in ("x1", "x2"):
        for tag in ("py3-none-macosx_11_0_arm64", "py3-none-manylinux_2_17_x86_64"):
            variant(shelf, label, providers=providers, tag=tag)
    Path("mac.toml").write_text(MACHINE)
    code, _, err = run("download", "foo", "-d", "there", "-f", shelf, "--no-index", "--machine", "mac.toml")
    assert (code, err) == (0, "")
    assert found("there") == ["foo-1.0-py3-none-macosx_11_0_arm64-x1.whl"]


def test_hashes_and_what_is_there_already(run: Run, shelf: Path, server: IndexServer) -> None:
    wheel = make_wheel(shelf, "foo")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    Path("good.txt").write_text(f"foo==1.0 --hash=sha256:{digest}\n")
    Path("bad.txt").write_text(f"foo==1.0 --hash=sha256:{'0' * 64}\n")
    source = ("-i", server.simple_url)
    server.hashes = False
    assert run("download", "-r", "bad.txt", "-d", "there", *source).code == 1
    assert not Path("there").exists() or found("there") == []
    assert run("download", "-r", "good.txt", "-d", "there", *source).code == 0
    assert run("download", "-r", "good.txt", "-d", "there", *source).code == 0
    Path("there/foo-1.0-py3-none-any.whl").write_text("damaged")
    server.hashes = True
    assert run("download", "foo", "-d", "there", *source, "--no-cache").code == 0
    assert Path("there/foo-1.0-py3-none-any.whl").read_bytes() == wheel.read_bytes()


def test_a_failure_leaves_no_halves(run: Run, shelf: Path, server: IndexServer) -> None:
    make_wheel(shelf, "foo", files={"foo.bin": bytes(range(256)) * 4000})
    server.metadata = False
    server.faults["/files/*.whl"] = Fault(status=503)
    code, _out, err = run("download", "foo", "-d", "there", "-i", server.simple_url, "--retries", "0")
    assert code == 1
    assert err.startswith("error:")
    assert not Path("there").exists() or found("there") == []


def test_a_wheel_that_is_not_what_its_name_says_is_passed_over(run: Run, shelf: Path) -> None:
    from support.wheel_factory import write_index_file

    variant(shelf, "x1", providers=STATIC)
    variant(shelf, "x2", providers={"gpu": {"static-properties": {"arch": ["x1"]}}}, variant_json=b"")
    write_index_file(
        shelf, "foo", "1.0", {label: {"gpu": {"arch": [label]}} for label in ("x1", "x2")},
        priorities=["gpu"], providers=STATIC,
    )  # fmt: skip
    with IndexServer(shelf) as server:
        code, _, err = run("download", "foo", "-d", "there", "-i", server.simple_url)
    assert code == 0
    assert "is ignored" in err
    assert found("there") == ["foo-1.0-py3-none-any-x1.whl"]


BACKEND = """
import pathlib, zipfile
NAME = "src-1.0-py3-none-any.whl"
def build_wheel(folder, config_settings=None, metadata_directory=None):
    with zipfile.ZipFile(pathlib.Path(folder, NAME), "w") as archive:
        archive.writestr("src.py", "")
        archive.writestr("src-1.0.dist-info/METADATA",
            "Metadata-Version: 2.1\\nName: src\\nVersion: 1.0\\nRequires-Dist: foo\\n")
        archive.writestr("src-1.0.dist-info/WHEEL",
            "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        archive.writestr("src-1.0.dist-info/RECORD",
            "src.py,,\\nsrc-1.0.dist-info/METADATA,,\\nsrc-1.0.dist-info/WHEEL,,\\nsrc-1.0.dist-info/RECORD,,\\n")
    return NAME
"""


def test_sources_are_saved_as_they_are_and_folders_as_wheels(run: Run, shelf: Path, tmp_path: Path) -> None:
    project = tmp_path / "src-1.0"
    project.mkdir()
    (project / "backend.py").write_text(BACKEND)
    (project / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    (project / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: src\nVersion: 1.0\n")
    with tarfile.open(shelf / "src-1.0.tar.gz", "w:gz") as archive:
        archive.add(project, "src-1.0")
    make_wheel(shelf, "foo")
    options = ("-f", shelf, "--no-index")
    code, out, _ = run("download", "src", "-d", "there", *options)
    assert code == 0
    assert found("there") == ["foo-1.0-py3-none-any.whl", "src-1.0.tar.gz"]
    assert out.splitlines()[-1] == "Saved src 1.0  there/src-1.0.tar.gz"
    assert run("download", project, "-d", "built", *options).code == 0
    assert found("built") == ["foo-1.0-py3-none-any.whl", "src-1.0-py3-none-any.whl"]
    assert run("download", "src", "--only-binary", ":all:", *options).code == 1


def test_a_folder_that_cannot_be(run: Run, shelf: Path) -> None:
    make_wheel(shelf, "foo")
    Path("file").write_text("")
    code, _, err = run("download", "foo", "-d", "file/below", "-f", shelf, "--no-index")
    assert code == 1
    assert err.startswith("error:")
    assert run("download").code == 2
