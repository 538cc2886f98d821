"""The files of deploy/ name only what there is, and agree with each other."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from rewheel.cli.parsing import _rewheel
from rewheel.config.settings import SETTINGS
from rewheel.server.configuring import KEYS, read_choices

DEPLOY = Path(__file__).parents[2] / "deploy"
OTHER_VARIABLES = {"REWHEEL_ADMIN_TOKEN", "REWHEEL_DATABASE", "REWHEEL_STORAGE"}


def text(name: str) -> str:
    return (DEPLOY / name).read_text(encoding="utf-8")


COMPOSE: dict[str, Any] = yaml.safe_load(text("compose.yaml"))
NGINX = text("nginx/nginx.conf")
UNIT = text("systemd/rewheel-index.service")
CONTAINERFILE = text("Containerfile")


def serve(words: list[str]) -> dict[str, Any]:
    """Parse words as `rewheel serve` would; a flag that there is not ends the test."""
    command = _rewheel.get_command(click.Context(_rewheel), words[0])
    assert command is not None
    assert words[0] == "serve"
    found, _, _ = command.make_parser(click.Context(command)).parse_args(words[1:])
    return dict(found)


def every_file() -> list[Path]:
    return [path for path in DEPLOY.rglob("*") if path.is_file()]


@pytest.mark.parametrize("path", every_file(), ids=lambda path: path.name)
def test_every_variable_is_one(path: Path) -> None:
    known = {f"REWHEEL_SERVER_{key.upper().replace('-', '_')}" for key in KEYS} | OTHER_VARIABLES
    known |= {f"REWHEEL_{setting.key.upper().replace('-', '_')}" for setting in SETTINGS}
    assert set(re.findall(r"\bREWHEEL_[A-Z_]+", path.read_text(encoding="utf-8"))) <= known


def test_the_processes_of_the_compose_file_are_told_what_they_understand() -> None:
    indexes = [service for name, service in COMPOSE["services"].items() if name.startswith("index-")]
    assert len(indexes) == 2
    for service in indexes:
        told = serve(service["command"])
        assert (told["host"], told["port"], told["workers"]) == ("0.0.0.0", "8000", "2")
        assert told["database"].startswith("postgresql://rewheel:")
        assert told["storage"] == "s3://rewheel/index?endpoint=http://store:8333"
        chosen = read_choices({}, "", {k: v for k, v in service["environment"].items() if "PUBLIC" not in k})
        assert len(chosen["trusted_proxies"]) == 4
        assert str(told["data"]) in {volume.partition(":")[2] for volume in service["volumes"]}
        assert service["read_only"] is True
    volumes = [service["volumes"][0].partition(":")[0] for service in indexes]
    assert set(volumes) < set(COMPOSE["volumes"])
    assert len(set(volumes)) == 2


def test_what_one_service_expects_of_another_is_there() -> None:
    services = COMPOSE["services"]
    for service in services.values():
        assert set(service.get("depends_on", ())) <= set(services)
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            assert source in COMPOSE["volumes"] or (DEPLOY / source).exists(), volume
        if build := service.get("build"):
            assert (DEPLOY / build["context"] / build["dockerfile"]) == DEPLOY / "../deploy/Containerfile"
    database = services["database"]["environment"]
    told = serve(services["index-1"]["command"])["database"]
    user, place = told.removeprefix("postgresql://").split("@")
    assert user.partition(":") == (database["POSTGRES_USER"], ":", database["POSTGRES_PASSWORD"])
    assert place == f"database/{database['POSTGRES_DB']}"
    (identity,) = yaml.safe_load(COMPOSE["configs"]["store-keys"]["content"])["identities"]
    environment = services["index-1"]["environment"]
    assert identity["credentials"] == [
        {"accessKey": environment["AWS_ACCESS_KEY_ID"], "secretKey": environment["AWS_SECRET_ACCESS_KEY"]}
    ]


def test_every_secret_has_its_line_in_the_example() -> None:
    asked = set(re.findall(r"\$\{([A-Z_]+)", text("compose.yaml")))
    given = dict(re.findall(r"^([A-Z_]+)=(.*)$", text("example.env"), re.MULTILINE))
    assert set(given) == asked
    assert {name for name, value in given.items() if value} == {"PUBLIC_URL"}  # no secret has a default


def test_ports_agree() -> None:
    (mapped,) = COMPOSE["services"]["nginx"]["ports"]
    assert re.findall(r"^\s*listen (\d+);", NGINX, re.MULTILINE) == [mapped.rpartition(":")[2]]
    port = serve(COMPOSE["services"]["index-1"]["command"])["port"]
    assert set(re.findall(r"server (index-\d):(\d+)", NGINX)) == {
        (name, str(port)) for name in COMPOSE["services"] if name.startswith("index-")
    }
    assert f"EXPOSE {port}" in CONTAINERFILE
    assert f"http://127.0.0.1:{port}/ready" in CONTAINERFILE


def test_the_container_starts_what_there_is() -> None:
    (words,) = re.findall(r"^CMD (\[.*\])$", CONTAINERFILE, re.MULTILINE)
    told = serve(yaml.safe_load(words))
    assert str(told["data"]) == "/var/lib/rewheel"
    ignored = (DEPLOY.parent / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for line in re.findall(r"^COPY (?!--from)(.+) \S+$", CONTAINERFILE, re.MULTILINE):
        for source in line.split():
            assert (DEPLOY.parent / source).exists(), source
            assert f"!{source}" in ignored, source  # all else stays out of the image's reach


def test_proxies_allow_what_the_server_does() -> None:
    """Nginx has to let the largest file pass, with its form, and to wait as long as the server works."""
    assert "client_max_body_size 1100m;" in NGINX
    assert COMPOSE["services"]["index-1"]["stop_grace_period"] == "70s"
    assert "TimeoutStopSec=70" in UNIT


def test_the_unit_starts_what_there_is() -> None:
    (line,) = re.findall(r"^ExecStart=(.+)$", UNIT, re.MULTILINE)
    program, *words = line.split()
    assert program == "/opt/rewheel/bin/rewheel"
    told = serve(words)
    assert str(told["data"]) == "/var/lib/rewheel"
    assert "StateDirectory=rewheel" in UNIT


def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    unit = tmp_path / "rewheel-index.service"
    # It looks for the program, which is not installed here under its place.
    unit.write_text(UNIT.replace("/opt/rewheel/bin/rewheel", shutil.which("sh") or "/bin/sh"))
    done = subprocess.run([program, "verify", "--man=no", unit], capture_output=True, text=True, check=False)
    complaints = [line for line in done.stderr.splitlines() if "rewheel-index" in line]
    assert (done.returncode, complaints) == (0, []), done.stderr
