"""`rewheel wheel`: what a file is, what is wrong with it, and its rim."""

import hashlib
import json
import zipfile
from pathlib import Path

import pytest

from support.wheel_factory import make_wheel

from .conftest import Run

URL = "https://wheels.example.com/"


@pytest.fixture
def wheel(shelf: Path) -> Path:
    return make_wheel(
        shelf,
        label="fast",
        properties={"gpu": {"arch": ["x1"]}},
        requires=["bar>=1"],
        requires_python=">=3.9",
    )


def test_show(run: Run, wheel: Path) -> None:
    code, out, err = run("wheel", "show", wheel)
    assert (code, err) == (0, "")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    for text in (wheel.name, "foo 1.0", "py3-none-any", "fast", "[gpu :: arch :: x1]", "bar>=1", digest):
        assert text in out


def test_show_for_programs(run: Run, wheel: Path) -> None:
    code, out, _ = run("wheel", "show", wheel, "--json")
    found = json.loads(out)
    assert code == 0
    assert found["label"] == "fast"
    assert found["properties"] == ["gpu :: arch :: x1"]
    assert found["requires_dist"] == ["bar>=1"]
    assert "external" not in found


def test_dismount_and_show_the_rim(run: Run, wheel: Path, world: Path) -> None:
    code, out, _ = run("wheel", "dismount", wheel, "--uri", URL, "--owner", "acme", "-o", world / "rims")
    rim = world / "rims" / (wheel.stem + ".rim")
    assert (code, out) == (0, f"Wrote {rim}\n")
    code, out, _ = run("wheel", "show", rim)
    assert code == 0
    assert URL + wheel.name in out
    assert "acme" in out
    external = json.loads(run("wheel", "show", rim, "--json").out)["external"]
    assert external["size"] == wheel.stat().st_size
    assert run("wheel", "verify", rim, wheel).out == f"{rim.name}: ok\n{wheel.name}: ok\n"


def test_dismount_goes_beside_the_wheel(run: Run, wheel: Path) -> None:
    assert run("wheel", "dismount", wheel, "--uri", URL, "--owner", "acme").code == 0
    assert wheel.with_suffix(".rim").is_file()


def test_dismount_says_what_is_wrong(run: Run, wheel: Path) -> None:
    code, _, err = run("wheel", "dismount", wheel, "--uri", "http://x/", "--owner", "acme")
    assert code == 1
    assert "https" in err
    assert run("wheel", "dismount", wheel, "--uri", URL).code == 2


def test_http_is_for_trials(run: Run, wheel: Path) -> None:
    arguments = ("--uri", "http://127.0.0.1/", "--owner", "acme", "--allow-insecure-external")
    assert run("wheel", "dismount", wheel, *arguments).code == 0
    rim = wheel.with_suffix(".rim")
    assert "http://127.0.0.1/" in run("wheel", "show", rim).out
    code, out, _ = run("wheel", "verify", rim)
    assert code == 1
    assert "not an https URL" in out


def test_verify_names_what_is_wrong(run: Run, wheel: Path) -> None:
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("sneaked.py", "x")
    code, out, _ = run("wheel", "verify", wheel)
    assert code == 1
    assert "error: sneaked.py is not listed in RECORD" in out
    (found,) = json.loads(run("wheel", "verify", wheel, "--json").out)
    assert found["findings"][0]["fatal"] is True


@pytest.mark.parametrize(
    "name", ["foo-1.0-py3-none-any.whl", "foo-1.0-py3-none-any.rim", "foo.whl", "absent.whl"]
)
def test_files_that_are_no_wheels(run: Run, world: Path, name: str) -> None:
    path = world / name
    if "absent" not in name:
        path.write_bytes(b"no zip")
    assert run("wheel", "verify", path).code == 1
    code, _, err = run("wheel", "show", path)
    assert code == 1
    assert "error" in err
