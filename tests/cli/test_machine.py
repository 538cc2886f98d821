"""`rewheel machine`: show, save, providers, trust."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from rewheel.machines import NATIVE
from support.wheel_factory import make_wheel

from .conftest import Run

MACHINE = """
[metadata]
version = "0.1"
[platform]
system = "Linux"
machine = "aarch64"
libc = "glibc"
libc-version = "2.36"
[[provider]]
namespace = "gpu"
resolved = ["gpu-provider==1.0"]
properties = { arch = ["x2", "x1"], fast = ["on"], cool = ["on"] }
"""


def test_show(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X86_64_VARIANT_PROVIDER_FORCE_LEVEL", "v3")
    code, out, err = run("machine", "show", "x86_64")
    assert (code, err) == (0, "")
    assert out.splitlines()[0].startswith("this machine: ")
    assert out.splitlines()[2:] == [
        "x86_64  from X86_64_VARIANT_PROVIDER_FORCE_LEVEL",
        "  level: v3, v2, v1",
    ]
    found = json.loads(run("machine", "show", "--json").out)
    assert set(found["namespaces"]) == set(NATIVE)
    assert found["namespaces"]["x86_64"]["origin"] == "override"
    assert found["namespaces"]["x86_64"]["features"] == {"level": ["v3", "v2", "v1"]}


def test_show_a_machine_file(run: Run, world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (world / "arm.toml").write_text(MACHINE)
    code, out, err = run("machine", "show", "--machine", "arm.toml", "gpu", "aarch64", "nvidia")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "arm: Linux aarch64 glibc 2.36",
        "",
        "gpu  from arm.toml",
        "  arch: x2, x1",
        "  fast, cool: on",
        "",
        "aarch64  from the aarch64 baseline",
        "  version: 8a",
        "",
        "nvidia  unknown (not known of another machine), nothing supported",
    ]
    monkeypatch.setenv("REWHEEL_MACHINE", "arm.toml")
    assert run("machine", "show", "gpu").out.startswith("arm: ")


def test_show_warns_of_nonsense(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X86_64_VARIANT_PROVIDER_FORCE_LEVEL", "\x1b[2J")
    code, out, err = run("machine", "show", "x86_64")
    assert code == 0
    assert "nothing supported" in out
    assert err.startswith("warning: X86_64_VARIANT_PROVIDER_FORCE_LEVEL is set to")
    assert "\x1b" not in out + err
    code, _, err = run("machine", "show", "bogus")
    assert code == 2
    assert "hint: known are " in err


def test_save_and_use(run: Run, world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X86_64_VARIANT_PROVIDER_FORCE_LEVEL", "v3")
    assert run("machine", "save", "me.toml") == (0, "Wrote me.toml\n", "")
    monkeypatch.delenv("X86_64_VARIANT_PROVIDER_FORCE_LEVEL")
    code, out, _ = run("machine", "show", "--machine", "me.toml", "x86_64")
    assert code == 0
    assert "  level: v3, v2, v1" in out
    assert run("machine", "save", "me.toml").code == 0  # a machine file may be replaced
    (world / "empty.toml").touch()
    assert run("machine", "save", "empty.toml").code == 0


def test_save_does_not_write_over_something_else(run: Run, world: Path) -> None:
    (world / "thesis.toml").write_text("years = [")
    code, out, err = run("machine", "save", "thesis.toml")
    assert (code, out) == (2, "")
    assert "is not a machine file" in err
    assert (world / "thesis.toml").read_text() == "years = ["
    assert run("machine", "save", "--force", "thesis.toml").code == 0
    assert run("machine", "save", "no/such/folder.toml").code == 1
    (world / "bad.toml").write_text("provider = 1")
    code, _, err = run("machine", "show", "--machine", "bad.toml")
    assert code == 1
    assert "bad.toml" in err


def test_providers(run: Run, tmp_path: Path) -> None:
    code, out, err = run("machine", "providers")
    assert (code, err) == (0, "")
    for native in NATIVE.values():
        assert f"\n{native.namespace}\n" in out
        for package in native.packages:
            assert package in out
        assert all(variable in out for variable in native.overrides)
    assert "No third-party provider is trusted" in out
    found = json.loads(run("machine", "providers", "--json").out)
    assert found["trusted"] == []
    assert len(found["native"]) == len(NATIVE)


@pytest.fixture
def plugin(shelf: Path) -> Path:
    """Put a provider plugin on the shelf, which supports what an environment variable says."""
    code = """
import os
from collections import namedtuple
Config = namedtuple("Config", "name values multi_value")
namespace = "gpu"
def get_supported_configs():
    with open(os.environ["WITNESS"], "a") as witness:
        witness.write("ran\\n")
    return [Config("arch", [os.environ.get("GPU_ARCH", "x1")], False)]
def get_all_configs():
    return [Config("arch", ["x2", "x1"], False)]
"""
    make_wheel(shelf, "helper", "1.0")
    for version in ("1.0", "2.0"):
        make_wheel(shelf, "gpu-provider", version, requires=["helper"], files={"gpu_provider.py": code})
    for label in ("x1", "x2"):
        make_wheel(
            shelf, "foo", "1.0", label=label, properties={"gpu": {"arch": [label]}}, priorities=["gpu"],
            providers={"gpu": {"requires": ["gpu-provider"], "plugin-api": "gpu_provider"}},
        )  # fmt: skip
    make_wheel(shelf, "foo", "1.0")
    return shelf


@pytest.fixture
def witness(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WITNESS", str(tmp_path / "witness"))
    return tmp_path / "witness"


def installed_label(run: Run, *options: object) -> tuple[str, str]:
    """Install foo anew; return the label that it got, and what was warned of."""
    code, _, err = run("install", "foo", "--no-index", "-f", "shelf", "-t", "there", "--reinstall", *options)
    assert code == 0, err
    return Path("there/foo.py").read_text().removeprefix("LABEL = ").strip().strip("'"), err


def test_nothing_runs_without_consent(run: Run, plugin: Path, witness: Path) -> None:
    label, err = installed_label(run)
    assert label == ""
    assert "gpu-provider" in err
    assert not witness.exists()


def test_consent_is_given_shown_pinned_and_taken_back(
    run: Run, plugin: Path, witness: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust = ["machine", "trust", "gpu-provider", "--no-index", "-f", "shelf"]
    code, out, err = run(*trust)
    assert code == 2
    assert "gpu-provider==2.0" in out
    assert "helper==1.0" in out
    assert "nobody is here to be asked" in err
    assert "--yes" in err
    assert installed_label(run)[0] == ""
    assert run(*trust, "--yes", "--namespace", "gpu").code == 0
    assert not witness.exists()  # trusting runs nothing
    found = json.loads(run("machine", "providers", "--json").out)["trusted"]
    assert [(each["package"], each["namespace"], each["resolved"]) for each in found] == [
        ("gpu-provider", "gpu", ["gpu-provider==2.0", "helper==1.0"])
    ] or found[0]["resolved"] == ["helper==1.0", "gpu-provider==2.0"]
    assert "gpu-provider" in run("machine", "providers").out
    assert installed_label(run) == ("x1", "")
    assert witness.read_text() == "ran\n"
    monkeypatch.setenv("GPU_ARCH", "x2")
    assert installed_label(run) == ("x2", "")
    assert run("machine", "trust", "--revoke", "gpu-provider").code == 0
    assert installed_label(run)[0] == ""
    assert run("machine", "trust", "--revoke", "gpu-provider").code == 1


def test_consent_for_one_command(run: Run, plugin: Path, witness: Path) -> None:
    assert installed_label(run, "--trust-provider", "gpu-provider")[0] == "x1"
    assert witness.exists()


def test_a_changed_plugin_is_not_the_one_that_was_trusted(run: Run, plugin: Path, witness: Path) -> None:
    assert run("machine", "trust", "gpu-provider", "--no-index", "-f", "shelf", "--yes").code == 0
    for version in ("1.0", "2.0"):
        make_wheel(plugin, "gpu-provider", version, requires=["helper"], files={"gpu_provider.py": "1 / 0"})
    label, err = installed_label(run)
    assert label == ""
    assert "trusted" in err
    assert not witness.exists()


def test_trusting_what_is_not_there(run: Run, shelf: Path) -> None:
    code, _, err = run("machine", "trust", "nothing", "--no-index", "-f", "shelf", "--yes")
    assert code == 1
    assert "nothing" in err
    assert run("machine", "trust", "a b", "--no-index", "-f", "shelf", "--yes").code in {1, 2}


@pytest.mark.skipif(os.name == "nt", reason="there are no such terminals")
@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("\n", 1), ("no\n", 1)])
def test_on_a_terminal_the_user_is_asked(plugin: Path, world: Path, answer: str, code: int) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "rewheel", "machine", "trust", "gpu-provider", "--no-index", "-f", "shelf"],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        cwd=world,
    )
    os.close(theirs)
    os.write(ours, answer.encode())
    out, _ = process.communicate(timeout=60)
    asked = os.read(ours, 4096).decode()
    os.close(ours)
    assert process.returncode == code
    assert "Let gpu-provider run? [y/N]" in asked
    assert b"gpu-provider==2.0" in out
    trusted = Path(os.environ["XDG_CONFIG_HOME"]) / "rewheel/trusted-providers.toml"
    assert trusted.exists() == (code == 0)
