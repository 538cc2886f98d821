"""The maintainer's path: real backends, and the example from a fresh checkout to what each tool installs."""

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rewheel.cli.entry import main
from rewheel.metadata import CoreMetadata
from rewheel.wheels import Wheel, verify
from support.index_server import IndexServer
from support.source_factory import git, write_tree

pytestmark = pytest.mark.acceptance

ROOT = Path(__file__).parents[2]
PIP = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
HOME = Path.home()
ON_LINUX_X86_64 = sys.platform == "linux" and platform.machine() == "x86_64"

EXTRAS = """
default-optional-dependency-keys = ["fast"]
[project.optional-dependencies]
fast = ["click"]
"""
VARIANT = """
[variant.default-priorities]
namespace = ["gpu"]
[variant.providers.gpu]
static-properties.arch = ["x2", "x1"]
[variant.variants.x1]
gpu.arch = ["x1"]
[variant.variants.x2]
gpu.arch = ["x2"]
[tool.rewheel.variant.x2]
dependencies.add = ["packaging"]
flags.CFLAGS = "-DVARIANT=2"
"""
C_MODULE = """#include <Python.h>
#ifndef VARIANT
#define VARIANT 0
#endif
static struct PyModuleDef module = {.m_base = PyModuleDef_HEAD_INIT, .m_name = "_number", .m_size = 0};
PyMODINIT_FUNC PyInit__number(void) {
    PyObject *made = PyModule_Create(&module);
    if (made) PyModule_AddIntConstant(made, "VARIANT", VARIANT);
    return made;
}
"""
SETUP = """from setuptools import Extension, setup
setup(ext_modules=[Extension("foo._number", ["foo/_number.c"])])
"""
MESON = """project('foo', 'c', version: '1.0')
python = import('python').find_installation(pure: false)
python.install_sources('foo/__init__.py', subdir: 'foo')
python.extension_module('_number', 'foo/_number.c', subdir: 'foo', install: true)
"""
CMAKE = """cmake_minimum_required(VERSION 3.15)
project(foo LANGUAGES C)
find_package(Python REQUIRED COMPONENTS Interpreter Development.Module)
python_add_library(_number MODULE foo/_number.c WITH_SOABI)
install(TARGETS _number DESTINATION foo)
"""
CARGO = """[package]
name = "foo"
version = "1.0.0"
edition = "2021"
"""
BACKENDS: dict[str, tuple[str, str, dict[str, str]]] = {
    "setuptools": ("setuptools.build_meta", "setuptools>=77", {"setup.py": SETUP, "foo/_number.c": C_MODULE}),
    "hatchling": ("hatchling.build", "hatchling", {}),
    "flit": ("flit_core.buildapi", "flit-core", {}),
    "meson-python": ("mesonpy", "meson-python", {"meson.build": MESON, "foo/_number.c": C_MODULE}),
    "scikit-build-core": (
        "scikit_build_core.build", "scikit-build-core", {"CMakeLists.txt": CMAKE, "foo/_number.c": C_MODULE},
    ),
    "maturin": ("maturin", "maturin", {"Cargo.toml": CARGO, "src/main.rs": "fn main() {}\n"}),
}  # fmt: skip


def project(folder: Path, backend: str, *, wrapped: bool) -> Path:
    """Write a project of a backend as its users would, with variants and default extras."""
    module, requirement, files = BACKENDS[backend]
    system = f'requires = ["{requirement}"]\nbuild-backend = "{module}"\n'
    if wrapped:
        system = (
            f'requires = ["{requirement}", "rewheel"]\nbuild-backend = "rewheel.build_backend"\n'
            f'[tool.rewheel.build]\nbackend = "{module}"\n'
        )
    head = f'[build-system]\n{system}[project]\nname = "foo"\nversion = "1.0"\ndescription = "An example"\n'
    members = {"foo/__init__.py": '"""Foo."""\n', **files, "pyproject.toml": head + EXTRAS + VARIANT}
    if backend == "maturin":
        del members["foo/__init__.py"]
        members["pyproject.toml"] += '[tool.maturin]\nbindings = "bin"\n'
    write_tree(folder, members)
    if backend == "meson-python":  # whose source distributions are those of repositories
        git(folder, "init", "-q")
        git(folder, "add", ".")
        git(folder, "commit", "-qm", "one")
    return folder


@pytest.fixture(scope="session")
def own_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build rewheel itself into a folder."""
    folder = tmp_path_factory.mktemp("own")
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, ROOT]
    subprocess.run([str(word) for word in command], check=True)
    return folder


def rewheel(*words: object) -> None:
    assert main([str(word) for word in words]) == 0


@pytest.fixture(autouse=True)
def _registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let builds take their backends from where pip takes packages here."""
    monkeypatch.delenv("PIP_CONFIG_FILE", raising=False)
    for name, value in PIP.items():
        monkeypatch.setenv(name, value)
    for name, folder in (("RUSTUP_HOME", ".rustup"), ("CARGO_HOME", ".cargo")):
        monkeypatch.setenv(name, os.environ.get(name, str(HOME / folder)))


@pytest.mark.timeout(900)
@pytest.mark.parametrize("backend", BACKENDS)
def test_every_backend_both_ways(
    tmp_path: Path, backend: str, own_wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if backend == "maturin" and shutil.which("cargo") is None:
        pytest.skip("maturin needs cargo")
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    tree = project(tmp_path / "tree", backend, wrapped=False)
    rewheel("build", tree, "--all-variants", "-o", ours)
    labels = {path.name.removesuffix(".whl").rpartition("-")[2] for path in ours.glob("*.whl")}
    assert {"x1", "x2", "null"} < labels
    for path in ours.glob("*.whl"):
        with Wheel.open(path) as wheel:
            verify(wheel)
            metadata = CoreMetadata.parse(wheel.metadata_text())
        assert metadata.default_extras == ("fast",), path
        assert ("packaging" in metadata.requires) == (wheel.label == "x2")
    rewheel("release", "check", ours)

    monkeypatch.setenv("PIP_FIND_LINKS", str(own_wheel))
    tree = project(tmp_path / "wrapping", backend, wrapped=True)
    rewheel("build", tree, "--variant", "x2", "-o", ours)
    command = [sys.executable, "-m", "build", tree, "-o", theirs, "-C", "variant-label=x2"]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    assert not done.returncode, done.stdout + done.stderr
    made = list(theirs.glob("*-x2.whl"))
    assert [path.read_bytes() == (ours / path.name).read_bytes() for path in made] == [True]


@pytest.mark.timeout(900)
@pytest.mark.skipif(not ON_LINUX_X86_64, reason="the example is compiled for x86-64")
@pytest.mark.parametrize(("example", "words"), [("dot-setuptools", []), ("dot-meson", ["--no-sdist"])])
def test_three_commands_from_a_checkout_to_a_release(
    tmp_path: Path, example: str, words: list[str], monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    checkout = tmp_path / "checkout"
    shutil.copytree(
        ROOT / "examples" / example, checkout, ignore=shutil.ignore_patterns("dist", "*.egg-info")
    )
    monkeypatch.chdir(checkout)
    rewheel("build", "--all-variants", *words)
    rewheel("release", "check", "dist/")
    rewheel("release", "index", "dist/")
    capfd.readouterr()
    with IndexServer(checkout / "dist") as server:
        place = tmp_path / "rewheel"
        rewheel("install", "dotprod", "--target", place, "--index-url", server.simple_url)
        (info,) = place.glob("*.dist-info/variant.json")
        level = _level(place)
        assert f'"x86_64_{level.removeprefix("x86-64-")}"' in info.read_text()
        plain = tmp_path / "pip"
        _run(
            sys.executable,
            "-m",
            "pip",
            "install",
            "-q",
            "--target",
            plain,
            "-i",
            server.simple_url,
            "dotprod",
        )
        assert not list(plain.glob("*.dist-info/variant.json"))
        assert _level(plain) == "baseline"
        uv = tmp_path / "uv"
        _run(
            *_uv(), "pip", "install", "--target", uv, "--no-cache", "--no-config",
            "--preview-features", "wheel-variants", "--index-url", server.simple_url, "dotprod",
        )  # fmt: skip
        (theirs,) = uv.glob("*.dist-info/variant.json")
        assert theirs.read_bytes() == info.read_bytes()


def test_both_examples_are_of_the_same_source() -> None:
    one, other = (ROOT / "examples" / name for name in ("dot-setuptools", "dot-meson"))
    for path in sorted((one / "src/dotprod").glob("*.[cp]*")):
        assert path.read_bytes() == (other / "src/dotprod" / path.name).read_bytes()


def _level(place: Path) -> str:
    script = "import dotprod; print(dotprod.LEVEL)"
    return _run(sys.executable, "-c", script, PYTHONPATH=str(place)).strip()


def _uv() -> list[str]:
    found = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if found is None:
        pytest.skip("uv is not installed")
    return [found]


def _run(*words: object, **environ: str) -> str:
    command = [str(word) for word in words]
    done = subprocess.run(command, env={**os.environ, **environ}, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stdout + done.stderr
    return done.stdout
