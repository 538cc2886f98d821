"""Fake computers: a file tree, tools on a PATH, and driver libraries that really crash and hang."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from rewheel.machines.host import BlindHost, Host
from rewheel.machines.machine import Machine

SOURCES = Path(__file__).parent / "drivers"


@dataclass
class Computer:
    """A computer made of three folders; `patience` is how many seconds anybody waits for a tool of it."""

    folder: Path
    system: str = "Linux"
    arch: str = "x86_64"
    patience: float = 20.0
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.root, self.tools, self.libraries = (self.folder / name for name in ("root", "bin", "lib"))
        for path in (self.root, self.tools, self.libraries):
            path.mkdir(parents=True)
        self.environ |= {"PATH": str(self.tools), "LD_LIBRARY_PATH": str(self.libraries)}

    def write(self, path: str, content: str | bytes) -> Path:
        """Put a file into the tree; `path` is absolute as the computer sees it."""
        target = self.root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        return target

    def tool(self, name: str, script: str) -> None:
        """Put a shell script onto the PATH."""
        path = self.tools / name
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)

    def says(self, name: str, text: str) -> None:
        """Put a tool onto the PATH that prints the same to everyone."""
        (self.folder / f"{name}.txt").write_text(text, encoding="utf-8")
        self.tool(name, f"exec /bin/cat '{self.folder / name}.txt'")

    def hwcap(self, *bits: int) -> None:
        """Let the kernel report processor capabilities, between other entries of the vector."""
        entries = [(3, 64), (16, sum(1 << bit for bit in bits)), (0, 0)]
        self.write("/proc/self/auxv", b"".join(struct.pack("=QQ", *entry) for entry in entries))

    def install(self, library: Path, name: str) -> None:
        """Put a compiled library where the loader finds it, or at a path below the tree."""
        target = self.libraries / name if "/" not in name else self.root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, target)

    def host(self, **environ: str) -> Host:
        """Look at it."""
        variables = self.environ | environ
        return Host(variables, self.system, self.arch, root=str(self.root), longest_wait=self.patience)

    def machine(self, **environ: str) -> Machine:
        """Take it as the machine that we run on."""
        return Machine("fake", self.host(**environ))

    def blind(self, **environ: str) -> Machine:
        """Take it as a machine that we only hear of."""
        return Machine("far", BlindHost(self.environ | environ, self.system, self.arch))


@pytest.fixture
def computer(tmp_path: Path) -> Computer:
    """A Linux computer on which there is nothing at all."""
    return Computer(tmp_path / "computer")


class Compiler:
    """Compiles the stand-ins for driver libraries, each once per session."""

    def __init__(self, command: str, folder: Path) -> None:
        self._command = command
        self._folder = folder

    def library(self, name: str, *defines: str) -> Path:
        target = self._folder / ("-".join((name, *defines)) + ".so")
        if not target.exists():
            flags = ["-shared", "-fPIC", "-O0", "-w", *(f"-D{define}" for define in defines)]
            draft = target.with_suffix(".tmp")
            subprocess.run(
                [self._command, *flags, "-o", draft, SOURCES / f"{name}.c"],
                check=True,
                capture_output=True,
            )
            draft.rename(target)
        return target


@pytest.fixture(scope="session")
def compiler(tmp_path_factory: pytest.TempPathFactory) -> Compiler:
    """The C compiler, for driver libraries that behave as badly as real ones."""
    command = shutil.which("gcc") or shutil.which("cc")
    if command is None or not sys.platform.startswith("linux"):
        pytest.skip("no C compiler on this Linux to build stand-ins for driver libraries with")
    return Compiler(os.fspath(command), tmp_path_factory.mktemp("drivers"))
