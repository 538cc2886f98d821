"""The known machines are what our detectors say today, and each can be asked for by its name."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from machines.known_recipes import FOLDER, RECIPES, write
from rewheel.machines import known_machines, match_native

if TYPE_CHECKING:
    from pathlib import Path


def told(path: Path) -> dict[str, Any]:
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    document["metadata"].pop("created-by")
    return document


def test_every_file_is_what_the_detectors_say_today(tmp_path: Path) -> None:
    write(tmp_path)
    assert {path.name for path in FOLDER.glob("*.toml")} == {path.name for path in tmp_path.iterdir()}
    for path in tmp_path.iterdir():
        assert told(FOLDER / path.name) == told(path), "run python tests/machines/known_recipes.py"


def test_names_and_titles_are_unique_and_every_machine_knows_its_platform() -> None:
    machines = known_machines()
    assert {machine.name for machine in machines} == set(RECIPES)
    assert len({machine.title for machine in machines}) == len(machines)
    assert all(machine.machine.platform for machine in machines)


@pytest.mark.parametrize(
    ("name", "namespace", "feature", "best"),
    [
        ("linux-x86_64-v4", "x86_64", "level", "v4"),
        ("linux-aarch64-graviton2", "aarch64", "version", "8.2a"),
        ("macos-apple-m4", "aarch64", "version", "8.4a"),
        ("cuda-13.0-rtx50", "nvidia", "sm_arch", "120_real"),
        ("cuda-11.8-t4", "nvidia", "cuda_version_lower_bound", "11.8"),
        ("rocm-7.0-gfx942", "amd", "gfx_arch", "gfx942"),
        ("tpu-vm", "tpu", "present", "true"),
        ("ascend-910b", "ascend", "npu_type", "910b"),
        ("intel-arc-b580", "intel", "device_ip", "20.1.0"),
    ],
)
def test_a_machine_supports_what_its_name_says(name: str, namespace: str, feature: str, best: str) -> None:
    (machine,) = (known.machine for known in known_machines() if known.name == name)
    support = machine.declared[namespace]
    assert support.features[feature][0] == best
    assert match_native([support.provider], support.plugin_api).provider is not None


def test_a_machine_has_no_more_than_its_file_says() -> None:
    (machine,) = (known.machine for known in known_machines() if known.name == "linux-x86_64-v2")
    assert not machine.declared["nvidia"].is_supported
    assert machine.declared["x86_64"].features == {"level": ("v2", "v1")}
