import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from rewheel.environments import Interpreter, Target, find_target
from rewheel.environments.interpreter import query
from rewheel.installing import InstallItem, Plan, Report, Store, StoredWheel, apply
from rewheel.installing.bytecode import compile_now
from rewheel.installing.spares import mark_of
from rewheel.installing.sparing import make_spare
from rewheel.progress import RecordingReporter
from rewheel.variants import WheelFilename
from support.wheel_factory import make_wheel

Snapshot = Mapping[str, tuple[str, int, str]]


class Environment:
    """A fresh virtual environment, with what tests ask of it again and again."""

    def __init__(self, root: Path, target: Target, store: Store, wheels: Path) -> None:
        self.root = root
        self.target = target
        self.store = store
        self.wheels = wheels
        self.site = target.scheme.purelib
        self.bin = target.scheme.scripts

    def wheel(self, name: str = "foo", version: str = "1.0", **options: Any) -> Path:
        """Make a wheel; two of one name lie in different folders."""
        folder = self.wheels / hashlib.sha256(repr(options).encode()).hexdigest()[:8]
        return make_wheel(folder, name, version, **options)

    def install(self, *wheels: Path, **options: Any) -> Report:
        return apply(Plan(tuple(map(item, wheels))), self.target, self.store, **options)

    def spare(self, wheel: Path) -> StoredWheel:
        """Put a wheel with its bytecode into the store, and link it in advance."""
        stored, tag = self.store.add(wheel), self.target.interpreter.bytecode
        compile_now([stored], self.store, self.target.python, tag, RecordingReporter())
        make_spare(stored, self.store, tag)
        assert Path(mark_of(stored, tag)).exists()
        return stored

    def snapshot(self) -> Snapshot:
        return snapshot(self.root)

    def run(self, *arguments: str) -> str:
        """Run this environment's Python and return what it prints."""
        command = [str(self.target.python), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def pip(self, *arguments: str, check: bool = True) -> str:
        """Let pip work on this environment and return what it prints."""
        command = [sys.executable, "-m", "pip", "--python", str(self.target.python), "--no-cache-dir"]
        command += ["--disable-pip-version-check", *arguments]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def versions(self) -> dict[str, str]:
        return {each.project: each.version for each in self.target.installed()}


def item(wheel: Path, **options: Any) -> InstallItem:
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return InstallItem(WheelFilename.parse(wheel.name), digest, wheel, **options)


def snapshot(root: Path) -> Snapshot:
    """Everything below a folder: kind, permissions, content."""
    found = {}
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            path = Path(folder, name)
            status = path.lstat()
            if stat.S_ISLNK(status.st_mode):
                entry = ("link", 0, str(path.readlink()))
            elif stat.S_ISDIR(status.st_mode):
                entry = ("folder", 0, "")
            else:
                entry = ("file", stat.S_IMODE(status.st_mode), hashlib.sha256(path.read_bytes()).hexdigest())
            found[str(path.relative_to(root))] = entry
    return found


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("template") / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return folder, query(folder / "bin" / "python")


@pytest.fixture
def make_environment(template: tuple[Path, dict[str, Any]], tmp_path: Path) -> Callable[[str], Environment]:
    def make(name: str) -> Environment:
        folder, facts = template
        root = tmp_path / name
        shutil.copytree(folder, root, symlinks=True)
        moved = json.loads(json.dumps(facts).replace(str(folder), str(root)))
        interpreter = Interpreter.from_facts(moved)
        target = Target(interpreter, interpreter.scheme, root, interpreter.markers)
        return Environment(root, target, Store(tmp_path / "cache"), tmp_path / "wheels")

    return make


@pytest.fixture
def env(make_environment: Callable[[str], Environment]) -> Environment:
    return make_environment("env")


@pytest.fixture
def folder_env(tmp_path: Path) -> Environment:
    """A plain folder of packages (`--target`), which does not exist yet."""
    root = tmp_path / "new" / "libs"
    target = find_target(sys.executable, root, {}, tmp_path)
    return Environment(root, target, Store(tmp_path / "cache"), tmp_path / "wheels")
