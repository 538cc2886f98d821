"""docs/operators.md is run as it stands there: its commands by real servers, its files by our reader."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rewheel.server.configuring import read_choices
from rewheel.server.operating.metrics import Metrics
from support.console import Block, console_blocks, toml_blocks
from support.object_store import ObjectStore
from support.postgresql import PostgreSQL
from support.processes import free_ports
from support.server import RunningServer, running_server
from support.source_factory import make_sdist
from support.wheel_factory import make_wheel

GUIDE = Path(__file__).parents[2] / "docs/operators.md"
TEXT = GUIDE.read_text(encoding="utf-8")
BLOCKS = console_blocks(GUIDE)
PROVIDERS = {"x86_64": {"requires": ["x86-64-variant-provider"], "plugin-api": "x86_64_variant_provider"}}


def section(name: str, *, acceptance: bool = False) -> list[str]:
    """Return the commands of a section that run always, or those that run in acceptance."""
    chosen = [
        b for b in BLOCKS if b.section == name and (b.runs_in_acceptance if acceptance else b.runs_always)
    ]
    assert chosen, name
    return [command for block in chosen for command in block.commands]


def distributions(folder: Path, version: str = "1.0") -> None:
    """Fill `dist` with a release that has a variant and sources."""
    make_wheel(folder, "foo", version)
    make_wheel(
        folder, "foo", version, label="v1", properties={"x86_64": {"level": ["v1"]}}, providers=PROVIDERS
    )
    make_sdist(folder, "foo", version, pkg_info="")


class Reader:
    """Somebody who types the commands of the guide, one after the other, into one shell."""

    def __init__(self, folder: Path, **environ: str) -> None:
        self.folder = folder
        home = folder / "home"
        home.mkdir(parents=True)
        tools = Path(sys.executable).parent
        self.environ = {
            "PATH": f"{folder / 'env/bin'}:{tools}:{os.environ['PATH']}",
            "HOME": str(home),
            "VIRTUAL_ENV": str(folder / "env"),
            "PIP_CONFIG_FILE": os.devnull,
            "PYTHONUNBUFFERED": "1",
            "UV_NO_CONFIG": "1",
            **environ,
        }
        self.places: dict[str, str] = {}
        """What stands in the guide, and what it is here."""

    def types(self, command: str, *, fails: bool = False) -> str:
        """Run a command, and return what it prints."""
        for there, here in self.places.items():
            command = command.replace(there, here)
        if command.startswith("export "):
            self.environ |= dict(word.split("=", 1) for word in re.findall(r"\w+=(?:'[^']*'|\S*)", command))
            self.environ = {name: value.strip("'") for name, value in self.environ.items()}
            return ""
        done = subprocess.run(
            ["bash", "-c", command], cwd=self.folder, env=self.environ, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode != 0) == fails, f"$ {command}\n{done.stdout}"
        return done.stdout

    @property
    def installed(self) -> Path:
        """The module that an installation of `foo` brings."""
        (site,) = (self.folder / "env/lib").glob("python*/site-packages")
        return site / "foo.py"


def make_environment(folder: Path) -> None:
    """Make a fresh environment, with the `pip` of the tests: a copy takes longer than all else."""
    venv.EnvBuilder(with_pip=False).create(folder)
    pip = folder / "bin/pip"
    pip.write_text(f'#!/bin/sh\nexec {sys.executable} -m pip --python {folder} "$@"\n')
    pip.chmod(0o755)


@contextmanager
def served(reader: Reader, command: str, **environ: str) -> Iterator[RunningServer]:
    """Start a server as the guide says, on a free port instead of the one it names."""
    program, what, *words = command.split()
    assert (program, what) == ("rewheel", "serve")
    (port,) = free_ports(1)
    words = [w for n, w in enumerate(words) if w != "--port" and (n == 0 or words[n - 1] != "--port")]
    data = reader.folder / "rewheel-index"
    with running_server(data, *words, token="", environ=reader.environ | environ, port=port) as server:
        yield server


def test_from_the_first_start_to_a_restored_backup(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    make_environment(tmp_path / "env")
    distributions(tmp_path / "dist")
    distributions(tmp_path / "next", "2.0")
    install, first, folder = section("The first start")
    assert install == "pip install '.[server]'"  # which `make` has done
    with served(reader, folder) as server:
        assert len(server.page("foo")["files"]) >= 2
        assert server.request("POST", "/legacy/").status == 403
    with served(reader, first) as server:
        shown = TEXT.partition("$ rewheel serve\n")[2].partition("```")[0].splitlines()
        for expected, line in zip(shown, server.lines, strict=False):
            pattern = (
                re.escape(expected).replace("…", ".+").replace("/home/me/", ".+/").replace("8000", r"\d+")
            )
            assert re.fullmatch(pattern, line), (expected, line)
        assert len(shown) == 4
        reader.places = {"http://127.0.0.1:8000/": server.url, "rewheel-…": server.token}

        said = [reader.types(command) for command in section("Uploading")]
        assert "3 there already" in said[3]
        stage = re.search(r"http://\S+/stage/\S+/simple/", said[4])
        assert stage is not None
        assert server.page("foo")["versions"] == ["1.0", "2.0"]

        for command in section("Installing"):
            reader.types(command)
            takes_variants = "rewheel install" in command or "wheel-variants" in command
            assert ("v1" in reader.installed.read_text()) == takes_variants, command
            reader.types("rewheel uninstall -y foo")

        said = [reader.types(command) for command in section("Who may do what, and how much")]
        assert said[0].startswith("rewheel-")
        assert "foo-ci" in said[3]
        assert f"of {50 << 30:,} bytes" in said[6]
        assert re.search(r"maintainer +foo-ci", said[6])

        verified, _, restored = map(reader.types, section("Backups and checks"))
        assert "nothing damaged" in verified
        assert (tmp_path / "index.tar").stat().st_size > 10_000
        assert "1 projects" in restored or "1 project" in restored
        again = server.page("foo")
    with running_server(tmp_path / "new-index") as server:
        assert server.page("foo") == again


def test_many_processes(postgresql: PostgreSQL, object_store: ObjectStore, tmp_path: Path) -> None:
    keys, database, storage, *starts = section("More than one process")
    reader = Reader(tmp_path)
    reader.places = {
        "AWS_ACCESS_KEY_ID=…": f"AWS_ACCESS_KEY_ID={object_store.access_key}",
        "AWS_SECRET_ACCESS_KEY=…": f"AWS_SECRET_ACCESS_KEY={object_store.secret_key}",
        "postgresql://user:password@host/name": postgresql.new_database(),
        "s3://bucket/prefix?endpoint=https://host": object_store.new_storage(),
    }
    for command in (keys, database, storage):
        reader.types(command)
    one, other = starts
    with served(reader, one) as first, served(reader, other) as second:
        assert first.token
        assert not second.token
        assert first.upload(make_wheel(tmp_path, "foo")).status == 200
        assert len(second.page("foo")["files"]) == 1
        assert "nothing damaged" in reader.types("rewheel index verify")


def fetches(server: RunningServer) -> list[str]:
    """Return the lines of its log about wheels that were fetched."""
    server.get("/health")  # what came before is in the log then
    return [line for line in server.lines if re.search(r'"path": "/files/[^"]+\.whl"', line)]


@pytest.mark.acceptance
@pytest.mark.timeout(600)
def test_poetry_and_pdm(tmp_path: Path) -> None:
    reader = Reader(tmp_path / "reader")
    for tool in ("poetry", "pdm[locked]"):
        folder = tmp_path / tool.partition("[")[0]
        venv.EnvBuilder(with_pip=True).create(folder)
        subprocess.run([folder / "bin/pip", "install", "--quiet", tool], check=True)
        reader.environ["PATH"] = f"{folder / 'bin'}:{reader.environ['PATH']}"
    del reader.environ["VIRTUAL_ENV"]
    reader.environ |= {"POETRY_VIRTUALENVS_IN_PROJECT": "true", "PDM_CHECK_UPDATE": "false"}
    project = '[project]\nname = "{}"\nversion = "1.0"\nrequires-python = ">=3.11,<4"\ndependencies = []\n'
    with running_server(tmp_path / "index") as server:
        reader.places = {"http://127.0.0.1:8000/": server.url, "rewheel-…": server.token}
        reader.types(section("Uploading")[0])  # the token
        configure, by_poetry, by_pdm = section("Uploading", acceptance=True)
        for command, name in ((by_poetry, "foo"), (by_pdm, "bar")):
            shutil.rmtree(reader.folder / "dist", ignore_errors=True)
            make_wheel(reader.folder / "dist", name)
            (reader.folder / "pyproject.toml").write_text(project.format(name))
            reader.types(configure)
            reader.types(command)
            assert len(server.page(name)["files"]) == 1
        for command in section("Installing", acceptance=True):
            if command.startswith(("poetry source", "pdm config")):
                words = (
                    project.format("app")
                    + "[tool.poetry]\npackage-mode = false\n[tool.pdm]\ndistribution = false\n"
                )
                shutil.rmtree(reader.folder / ".venv", ignore_errors=True)
                (reader.folder / "pyproject.toml").write_text(words)
            fetched = len(fetches(server))
            said = reader.types(command)
            if command.startswith(("poetry add", "pdm add")):
                assert len(fetches(server)) > fetched, said


@pytest.mark.parametrize("text", toml_blocks(GUIDE))
def test_the_files_of_the_guide_are_understood(text: str) -> None:
    table = tomllib.loads(text)
    assert set(table) == {"server"}
    assert read_choices(table["server"], "rewheel.toml", {})


def test_the_measures_are_those_that_there_are() -> None:
    rows = re.findall(r"^\| (`rewheel_[^|]+) \| ([^|]*)\|", TEXT, re.MULTILINE)
    told = {
        name: set(re.findall(r"`(.+?)`", labels))
        for cell, labels in rows
        for name in re.findall(r"`(.+?)`", cell)
    }
    metrics = Metrics()
    there = {}
    for collector in vars(metrics).values():
        if hasattr(collector, "_labelnames"):
            (family,) = collector.describe()
            name = f"{family.name}_total" if family.type == "counter" else family.name
            there[name] = set(collector._labelnames)
    assert told == there


def test_the_fields_of_a_line_are_those_that_there_are(tmp_path: Path) -> None:
    told = TEXT.partition("Every line has ")[2].partition("Worth an alarm")[0]
    with running_server(tmp_path / "index") as server:
        wheel = make_wheel(tmp_path, "foo", files={"much": os.urandom(50_000)})
        assert server.upload(wheel).status == 200
        (file,) = server.page("foo")["files"]
        assert server.get(file["url"].removeprefix("../..")).body == wheel.read_bytes()
        measures = server.get("/metrics").text
        assert server.stop() == 0
    lines = [json.loads(line) for line in server.lines if line.startswith("{")]
    assert lines
    for line in lines:
        assert {f"`{name}`" for name in set(line) - {"event"}} <= set(re.findall(r"`[a-z]+`", told))
    fetched = next(line for line in lines if line["path"].startswith("/files/"))
    assert fetched["sent"] == wheel.stat().st_size  # also if the web server sends it by itself
    assert f'rewheel_sent_bytes_total{{route="/files/{{file}}"}} {float(fetched["sent"])}' in measures


def test_every_block_says_why_it_is_not_run() -> None:
    def reason(block: Block) -> bool:
        return block.runs_always or block.runs_in_acceptance or len(block.note) > len("not run: ") + 5

    assert all(reason(block) for block in BLOCKS)
    assert sum(block.runs_always for block in BLOCKS) >= 7
