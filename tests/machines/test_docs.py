"""The documentation of machines: its file can be read, its code runs, its names exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rewheel.machines import NATIVE, read_machine_file

if TYPE_CHECKING:
    from rewheel.machines import Machine

TEXT = (Path(__file__).parents[2] / "docs/machines.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


def test_the_machine_file_of_the_documentation_can_be_read(tmp_path: Path) -> None:
    (example,) = blocks("toml")
    path = tmp_path / "cellar.toml"
    path.write_text(example, encoding="utf-8")
    machine: Machine = read_machine_file(path, {})
    assert list(machine.declared) == ["nvidia", "amd"]
    assert machine.declared["nvidia"].is_supported
    assert not machine.declared["amd"].is_supported


def test_the_code_of_the_documentation_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (name for native in NATIVE.values() for name in native.overrides):
        monkeypatch.delenv(name, raising=False)
    for block in blocks("python"):
        exec(compile(block, "machines.md", "exec"), {})
    assert "from " in capsys.readouterr().out


@pytest.mark.parametrize("namespace", sorted(NATIVE))
def test_every_namespace_is_documented_with_its_variables_and_features(namespace: str) -> None:
    section = re.search(rf"^### [a-z_0-9, ]*\b{namespace}\b.*?(?=^##)", TEXT, re.MULTILINE | re.DOTALL)
    assert section is not None
    first_feature = next(iter(NATIVE[namespace].all_values))
    assert all(f"`{name}`" in section[0] for name in (first_feature, *NATIVE[namespace].overrides))
