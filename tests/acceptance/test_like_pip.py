"""An environment that rewheel fills is the one that pip fills, file by file."""

import base64
import csv
import hashlib
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from support.wheel_factory import make_wheel, write_wheel

OURS = frozenset({"INSTALLER", "direct_url.json", "RECORD", "REQUESTED"})
"""Files of a `.dist-info` folder that installers write; all but the first two are compared on their own."""


class Place:
    """A fresh virtual environment, with nothing in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(root)], check=True)
        self.python = root / "bin" / "python"
        folders = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_dir()}
        self._empty = {*self._files(), *folders}

    def files(self) -> dict[str, tuple[int, str]]:
        """Return mode and content of what was installed, with what differs by installer told alike."""
        return {name: self._told(self.root / name) for name in sorted(set(self._files()) - self._empty)}

    def records(self) -> dict[str, list[tuple[str, ...]]]:
        """Return the entries of every RECORD, sorted, without those for what may differ."""
        found = {}
        for path in self.root.rglob("*.dist-info/RECORD"):
            with path.open(newline="", encoding="utf-8") as file:
                entries = [tuple(row) for row in csv.reader(file)]
            found[path.parent.name] = sorted(
                (name, "", "") if self._differs(path.parents[1] / name) else (name, digest, size)
                for name, digest, size in entries
                if not name.endswith(".pyc") and not name.endswith(("direct_url.json", "INSTALLER"))
            )
        return found

    def leftovers(self, *, folders: bool) -> list[str]:
        """Return what is there besides the environment itself."""
        found = set(self._files())
        if folders:
            found |= {str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_dir()}
        return sorted(name for name in found - self._empty if not name.endswith("__pycache__"))

    def _files(self) -> list[str]:
        return [
            str(path.relative_to(self.root))
            for path in self.root.rglob("*")
            if (path.is_file() or path.is_symlink())
            and path.suffix != ".pyc"
            and path.name not in {"INSTALLER", "direct_url.json", "RECORD"}
            and "lib64" not in path.parts
        ]

    def _differs(self, path: Path) -> bool:
        """Whether a file holds the place of its environment, so that its hash differs with it."""
        return path.is_file() and os.fsencode(self.root) in path.read_bytes()

    def _told(self, path: Path) -> tuple[int, str]:
        data = path.read_bytes().replace(os.fsencode(self.root), b"{root}")
        if path.parent.name == "bin" and b"import" in data and b"sys.exit" in data:
            data = script_told(data)
        return path.stat().st_mode & 0o777, hashlib.sha256(data).hexdigest()


def script_told(data: bytes) -> bytes:
    """Return what a script of an entry point does: with which interpreter it calls what."""
    interpreter = data.splitlines()[0].replace(b"/bin/python3", b"/bin/python")
    found = re.search(rb"from ([\w.]+) import (\w+)", data)
    called = re.search(rb"sys\.exit\((\S+)\(\)\)", data)
    if not (found and called):
        return data
    return b" ".join([interpreter, found[1], called[1]])


def run(*command: object) -> subprocess.CompletedProcess[str]:
    words = list(map(str, command))
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    return done


def pip(place: Place, *arguments: object) -> str:
    done = run(sys.executable, "-m", "pip", "--python", place.python, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def rewheel(place: Place, *arguments: object) -> str:
    done = run(sys.executable, "-m", "rewheel", *arguments, "--python", place.python)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def check_alike(
    tmp_path: Path, wanted: Sequence[str], flags: Sequence[str], *, only_binary: bool = True
) -> tuple[Place, Place]:
    """Install with both, and compare what there is; return their environment and ours."""
    theirs, ours = Place(tmp_path / "theirs"), Place(tmp_path / "ours")
    formats = ["--only-binary", ":all:"] if only_binary else []
    pip(theirs, "install", "--no-compile", *formats, "--quiet", *flags, *wanted)
    rewheel(ours, "install", "--no-compile", *flags, *wanted)
    expected, found = theirs.files(), ours.files()
    assert set(found) == set(expected)
    different = {name: (found[name], expected[name]) for name in found if found[name] != expected[name]}
    assert not different
    assert ours.records() == theirs.records()
    listed = [json.loads(pip(place, "list", "--format", "json")) for place in (theirs, ours)]
    assert listed[0] == listed[1]
    assert "No broken requirements" in pip(ours, "check")
    return theirs, ours


def check_removal(theirs: Place, ours: Place) -> None:
    """Let each tool remove what the other one installed; nothing may be left."""
    names = [entry["name"] for entry in json.loads(pip(ours, "list", "--format", "json"))]
    pip(ours, "uninstall", "--yes", "--quiet", *names)
    assert ours.leftovers(folders=False) == []  # pip leaves some empty folders, also of its own
    rewheel(theirs, "uninstall", *names)
    assert theirs.leftovers(folders=True) == []


# Wheels made here, with everything that wheels can hold


def record_of(members: Mapping[str, bytes], info: str) -> bytes:
    lines = []
    for name, data in members.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(data)}")
    return ("\n".join([*lines, f"{info}/RECORD,,"]) + "\n").encode()


def make_everything(shelf: Path) -> None:
    """Put on the shelf a wheel with packages, data of all kinds, scripts and modes, and some neighbours."""
    info = "every_thing-1.5.dist-info"
    data = "every_thing-1.5.data"
    members = {
        "everything/__init__.py": b"",
        "everything/nested/deep/data.bin": bytes(range(256)),
        "everything/empty.txt": b"",
        "everything/tool.sh": b"#!/bin/sh\n",
        "everything/\xfcnicode.txt": "\xfc".encode(),
        "namespace/part/module.py": b"X = 1\n",
        f"{data}/purelib/pure.py": b"PURE = 1\n",
        f"{data}/platlib/plat.py": b"PLAT = 1\n",
        f"{data}/data/share/every/thing.conf": b"[a]\n",
        f"{data}/data/etc/every.conf": b"[b]\n",
        f"{data}/headers/every.h": b"int x;\n",
        f"{data}/scripts/plain.sh": b"#!/bin/sh\necho hello\n",
        f"{data}/scripts/old.py": b"#!python\nprint(1)\n",
        f"{data}/scripts/windowed": b"#!pythonw -E\nprint(1)\n",
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: every.thing\nVersion: 1.5\n"
        b"Requires-Dist: neighbour (>=1)\nProvides-Extra: More\n"
        b"Requires-Dist: further; extra == 'more'\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": b"[console_scripts]\nevery = everything:main\n"
        b"sub-every=everything.nested:a.b\n"
        b"[gui_scripts]\nwindow = everything:window [more]\n[every.plugins]\nx = everything\n",
        f"{info}/top_level.txt": b"everything\n",
        f"{info}/licenses/LICENSE": b"Free\n",
    }  # fmt: skip
    shelf.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(shelf / "every_thing-1.5-py3-none-any.whl", "w") as archive:
        for name, content in {**members, f"{info}/RECORD": record_of(members, info)}.items():
            member = zipfile.ZipInfo(name, (2021, 2, 3, 4, 5, 6))
            # The standard makes every script executable; pip needs to find the mode in the archive for that.
            is_program = name.endswith("tool.sh") or "/scripts/" in name
            mode = 0o755 if is_program else 0o600 if name.endswith("empty.txt") else 0o664
            member.external_attr = (0o100000 | mode) << 16
            archive.writestr(member, content, zipfile.ZIP_DEFLATED)
    make_wheel(shelf, "Neighbour", "2.0")
    make_wheel(shelf, "neighbour", "3.0rc1")
    make_wheel(shelf, "further", "0.1")
    make_wheel(
        shelf, "part-two", "1.0", files={"namespace/two/module.py": "Y = 2\n"},
        entry_points="[console_scripts]\ntwo = namespace.two.module:main\n",
    )  # fmt: skip
    native = {
        "impure.py": "Z = 3\n",
        "impure-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: impure\nVersion: 1.0\n",
        "impure-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: py3-none-any\n",
    }
    write_wheel(shelf / "impure-1.0-py3-none-any.whl", native, "impure-1.0.dist-info")


def test_everything_that_a_wheel_can_hold(tmp_path: Path) -> None:
    shelf = tmp_path / "shelf"
    make_everything(shelf)
    theirs, ours = check_alike(
        tmp_path, ["every_thing[more]", "part_two", "impure"], ["--no-index", "--find-links", str(shelf)]
    )
    assert (ours.root / "bin" / "every").stat().st_mode & 0o111 == 0o111
    check_removal(theirs, ours)


def test_a_second_installation_changes_nothing_of_the_first(tmp_path: Path) -> None:
    """Upgrades and neighbours in one namespace leave what pip leaves."""
    shelf = tmp_path / "shelf"
    make_everything(shelf)
    make_wheel(shelf, "part-two", "2.0", files={"namespace/two/other.py": "Y = 3\n"})
    flags = ["--no-index", "--find-links", str(shelf)]
    theirs, ours = Place(tmp_path / "theirs"), Place(tmp_path / "ours")
    for wanted in (["part-two==1.0", "every_thing"], ["part-two==2.0"]):
        pip(theirs, "install", "--no-compile", "--quiet", *flags, *wanted)
        rewheel(ours, "install", "--no-compile", *flags, *wanted)
    assert ours.files() == theirs.files()
    assert ours.records() == theirs.records()
    pip(ours, "install", "--no-compile", "--quiet", *flags, "part-two==1.0")
    rewheel(theirs, "install", "--no-compile", *flags, "part-two==1.0")
    assert ours.files() == theirs.files()
    check_removal(theirs, ours)


@pytest.mark.parametrize("flag", ["--target", "--prefix"])
def test_other_places(tmp_path: Path, flag: str) -> None:
    shelf = tmp_path / "shelf"
    make_everything(shelf)
    flags = ["--no-index", "--find-links", str(shelf)]
    python = Place(tmp_path / "python")
    pip(python, "install", "--no-compile", "--quiet", *flags, flag, tmp_path / "theirs", "every_thing")
    rewheel(python, "install", "--no-compile", *flags, flag, tmp_path / "ours", "every_thing")
    trees = []
    for name in ("theirs", "ours"):
        root = tmp_path / name
        trees.append(
            {
                str(path.relative_to(root)): path.stat().st_mode & 0o777
                for path in root.rglob("*")
                # Where headers go beside a plain folder, pip decides by the Python that runs it.
                if path.is_file() and (flag == "--prefix" or path.suffix != ".h")
            }
        )
    assert trees[0] == trees[1]


# Projects that people use, from the package index

PROJECTS = {
    "pure": ["six", "idna", "attrs", "packaging"],
    "scripts": ["pytest", "black", "pygments"],
    "extras": ["requests[socks]", "uvicorn[standard]"],
    "web": ["flask", "jinja2", "django"],
    "compiled": ["numpy", "pyyaml", "lxml", "cryptography"],
    "stable abi": ["bcrypt", "pynacl", "orjson"],
    "data files": ["tzdata", "certifi", "babel"],
    "data folders": ["notebook-shim", "jupyterlab-widgets"],
    "programs": ["ruff", "cmake", "ninja"],
    "namespaces": ["google-api-core", "zope.interface", "sphinxcontrib-jsmath"],
    "entry points": ["keyring", "setuptools", "wheel"],
    "py files and pth": ["future", "setuptools-scm"],
    "large": ["pandas"],
    "terminal": ["rich", "ipython"],
}  # fmt: skip


@pytest.fixture(scope="module")
def caches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("caches")


@pytest.fixture(scope="session")
def registry() -> list[str]:
    """Return the flags that name the package index of this computer, and nothing else of its settings."""
    listed = run(sys.executable, "-m", "pip", "config", "list").stdout
    settings = dict(re.findall(r"^(?:global|install|:env:)\.([a-z-]+)='(.*)'$", listed, re.MULTILINE))
    flags = ["--index-url", settings.get("index-url", "https://pypi.org/simple")]
    return flags + (["--cert", settings["cert"]] if "cert" in settings else [])


@pytest.mark.acceptance
@pytest.mark.timeout(240)
@pytest.mark.parametrize("wanted", PROJECTS.values(), ids=PROJECTS)
def test_projects_that_people_use(
    tmp_path: Path, caches: Path, monkeypatch: pytest.MonkeyPatch, registry: list[str], wanted: list[str]
) -> None:
    monkeypatch.setenv("PIP_CACHE_DIR", str(caches / "pip"))
    monkeypatch.setenv("REWHEEL_CACHE_DIR", str(caches / "rewheel"))
    theirs, ours = check_alike(tmp_path, wanted, registry)
    check_removal(theirs, ours)


@pytest.mark.acceptance
@pytest.mark.timeout(240)
@pytest.mark.parametrize("wanted", ["docopt==0.6.2", "antlr4-python3-runtime==4.9.3", "jieba==0.42.1"])
def test_projects_that_have_no_wheel(
    tmp_path: Path, caches: Path, monkeypatch: pytest.MonkeyPatch, registry: list[str], wanted: str
) -> None:
    monkeypatch.setenv("PIP_CACHE_DIR", str(caches / "pip"))
    monkeypatch.setenv("REWHEEL_CACHE_DIR", str(caches / "rewheel"))
    theirs, ours = check_alike(tmp_path, [wanted], registry, only_binary=False)
    check_removal(theirs, ours)


BACKENDS = {
    "setuptools": ("setuptools>=64", "setuptools.build_meta"),
    "hatchling": ("hatchling", "hatchling.build"),
    "flit": ("flit_core>=3.4", "flit_core.buildapi"),
    "poetry": ("poetry-core", "poetry.core.masonry.api"),
}


@pytest.mark.acceptance
@pytest.mark.timeout(240)
@pytest.mark.parametrize("backend", BACKENDS)
def test_editable_projects(
    tmp_path: Path, caches: Path, monkeypatch: pytest.MonkeyPatch, registry: list[str], backend: str
) -> None:
    monkeypatch.setenv("PIP_CACHE_DIR", str(caches / "pip"))
    monkeypatch.setenv("REWHEEL_CACHE_DIR", str(caches / "rewheel"))
    requires, module = BACKENDS[backend]
    tree = tmp_path / "tree"
    (tree / "liveproject").mkdir(parents=True)
    (tree / "liveproject" / "__init__.py").write_text('"""Alive."""\n\n\ndef main():\n    print("alive")\n')
    (tree / "pyproject.toml").write_text(
        f"""
        [build-system]
        requires = ["{requires}"]
        build-backend = "{module}"
        [project]
        name = "liveproject"
        version = "1.0"
        description = "is alive"
        dependencies = ["six"]
        scripts = {{ live = "liveproject:main" }}
        """
    )
    theirs, ours = check_alike(tmp_path, ["-e", str(tree)], registry, only_binary=False)
    assert run(ours.root / "bin" / "live").stdout == "alive\n"
    check_removal(theirs, ours)


RESOLVED = [
    ["flask"],
    ["jupyterlab"],
    ["pandas", "scikit-learn", "matplotlib"],
    ["requests[socks]"],
    ["black"],
    ["urllib3<2", "requests"],
    ["fastapi", "pydantic<2"],
    ["opentelemetry-instrumentation-flask"],  # needs pre-releases
]


@pytest.mark.acceptance
@pytest.mark.timeout(240)
@pytest.mark.parametrize("wanted", RESOLVED, ids=[" ".join(wanted) for wanted in RESOLVED])
def test_the_versions_that_pip_chooses(
    tmp_path: Path, caches: Path, monkeypatch: pytest.MonkeyPatch, registry: list[str], wanted: list[str]
) -> None:
    monkeypatch.setenv("PIP_CACHE_DIR", str(caches / "pip"))
    monkeypatch.setenv("REWHEEL_CACHE_DIR", str(caches / "rewheel"))
    place = Place(tmp_path / "place")
    flags = ["--dry-run", "--only-binary", ":all:", *registry]
    pip(place, "install", "--quiet", *flags, "--report", tmp_path / "theirs.json", *wanted)
    rewheel(place, "install", *flags, "--report", tmp_path / "ours.json", *wanted)
    chosen = []
    for name in ("theirs", "ours"):
        report = json.loads((tmp_path / f"{name}.json").read_text())
        chosen.append(sorted(entry["download_info"]["url"].rpartition("/")[2] for entry in report["install"]))
    assert chosen[1] == chosen[0]
