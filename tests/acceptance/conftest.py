"""A shop: an index with wheels made for the test, and the real command to install from it."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rewheel.cli.entry import main
from support.index_server import IndexServer
from support.wheel_factory import make_wheel, write_index_file

STATIC = {"gpu": {"static-properties": {"arch": ["x3", "x2", "x1"]}}}
"""A namespace that every machine supports, so that tests decide what fits without any hardware."""


@dataclass
class Outcome:
    """What a command did: its exit code, what it said, and the environment afterwards."""

    code: int
    out: str
    err: str
    target: Path

    @property
    def warnings(self) -> list[str]:
        return [line for line in self.err.splitlines() if line.startswith("warning:")]

    @property
    def installed(self) -> dict[str, str]:
        """Project and version of everything in the target, as its dist-info folders say."""
        found = {}
        for info in self.target.glob("*.dist-info"):
            name, version = info.name.removesuffix(".dist-info").split("-")
            found[name] = version
        return found

    def label(self, project: str = "foo") -> str | None:
        """The label of what is installed: empty for a plain wheel, None if it isn't installed."""
        module = self.target / f"{project}.py"
        if not module.exists():
            return None
        found = re.search(r"LABEL = '(.*)'", module.read_text(encoding="utf-8"))
        assert found is not None
        info = next(self.target.glob(f"{project}-*.dist-info"))
        described = info / "variant.json"
        if described.exists():
            assert list(json.loads(described.read_text(encoding="utf-8"))["variants"]) == [found[1]]
        else:
            assert found[1] == ""
        return found[1]


class Shop:
    """An index that a test fills, and commands that install from it into fresh folders."""

    def __init__(self, folder: Path, server: IndexServer, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.shelf = server.directories[0]
        self.server = server
        self._capsys = capsys
        self._runs = 0

    def wheel(self, name: str = "foo", version: str = "1.0", **keywords: Any) -> Path:
        """Put a wheel on the shelf; labelled ones without providers of their own get the static ones."""
        if keywords.get("label") and "providers" not in keywords and "variant_json" not in keywords:
            keywords["providers"] = STATIC
            keywords.setdefault("priorities", ["gpu"])
        return make_wheel(keywords.pop("shelf", self.shelf), name, version, **keywords)

    def variants(self, *labels: str, name: str = "foo", version: str = "1.0", plain: bool = True) -> None:
        """Put a wheel for each label on the shelf, `xN` or `null`, and a plain one, and their index file."""
        described = {label: {"gpu": {"arch": [label]}} if label != "null" else {} for label in labels}
        for label, properties in described.items():
            self.wheel(name, version, label=label, properties=properties)
        if plain:
            self.wheel(name, version)
        self.index_file(described, name=name, version=version)

    def index_file(
        self,
        variants: Mapping[str, Any],
        *,
        name: str = "foo",
        version: str = "1.0",
        providers: Mapping[str, Any] | None = None,
        priorities: list[str] | None = None,
    ) -> Path:
        """Put an index file on the shelf."""
        return write_index_file(
            self.shelf,
            name,
            version,
            variants,
            priorities=priorities or ["gpu"],
            providers=providers or STATIC,
        )

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Run the command line in this process."""
        self._capsys.readouterr()
        code = main(list(arguments))
        out, err = self._capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    def install(self, *arguments: str, index: bool = True) -> Outcome:
        """Install into a fresh folder; `foo` from the shop's index unless told otherwise."""
        self._runs += 1
        target = self.folder / f"target{self._runs}"
        wanted = list(arguments)
        if not wanted or wanted[0].startswith("-"):
            wanted.insert(0, "foo")
        if index:
            wanted += ["--index-url", self.server.simple_url]
        code, out, err = self.run("install", *wanted, "--target", str(target))
        if code:
            assert not target.exists() or not list(target.iterdir()), "a failed install left something behind"
        return Outcome(code, out, err, target)


@pytest.fixture(autouse=True)
def _own_world(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep this computer's settings, hardware overrides and environment out of the test."""
    for name in list(os.environ):
        if name.startswith(("REWHEEL_", "PIP_")) or "_VARIANT_PROVIDER_" in name:
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("REWHEEL_CACHE_DIR", str(home / "cache"))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    monkeypatch.chdir(home)


@pytest.fixture
def shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Shop]:
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    with IndexServer(shelf) as server:
        yield Shop(tmp_path, server, capsys)
