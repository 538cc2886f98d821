import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rewheel.environments import InvalidTarget, NoEnvironment, find_target
from rewheel.errors import UsageError


def test_the_active_environment_comes_first(tmp_path: Path, venv: Path) -> None:
    target = find_target(None, None, {"VIRTUAL_ENV": str(venv)}, tmp_path)
    assert target.root == venv
    assert target.python == venv / "bin" / "python"
    assert not target.is_directory_target
    assert target.externally_managed is None
    assert target.version == sys.version_info[:3]


def test_an_active_environment_that_is_gone_is_no_reason_to_take_another(tmp_path: Path, venv: Path) -> None:
    (tmp_path / ".venv").symlink_to(venv)
    with pytest.raises(NoEnvironment, match="VIRTUAL_ENV is /gone") as caught:
        find_target(None, None, {"VIRTUAL_ENV": "/gone"}, tmp_path)
    assert "unset VIRTUAL_ENV" in caught.value.hint
    folder = find_target(None, tmp_path / "libs", {"VIRTUAL_ENV": "/gone"}, tmp_path)
    assert folder.python == Path(sys.executable)


def test_the_nearest_folder_with_an_environment_is_found(tmp_path: Path, venv: Path) -> None:
    deep = tmp_path / "a" / "b"
    (deep / ".venv").mkdir(parents=True)
    shutil.copytree(venv, tmp_path / ".venv", symlinks=True)
    assert find_target(None, None, {"VIRTUAL_ENV": ""}, deep).root == tmp_path / ".venv"


def test_an_environment_whose_python_is_gone_is_an_error(tmp_path: Path) -> None:
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "pyvenv.cfg").write_text("home = /gone/bin\n")
    (tmp_path / ".venv" / "bin" / "python").symlink_to("/gone/bin/python")
    with pytest.raises(NoEnvironment, match="whose Python is gone") as caught:
        find_target(None, None, {}, tmp_path)
    assert "venv --clear" in caught.value.hint


def test_without_any_environment_the_error_says_what_to_do() -> None:
    with pytest.raises(NoEnvironment, match="no virtual environment") as caught:
        find_target(None, None, {}, Path("/"))
    assert "--target" in caught.value.hint
    assert "-m venv" in caught.value.hint


def test_a_folder_of_packages_takes_the_running_python(tmp_path: Path) -> None:
    target = find_target(None, Path("libs"), {}, tmp_path)
    assert target.is_directory_target
    assert target.root == target.scheme.purelib == target.scheme.platlib == tmp_path / "libs"
    assert target.scheme.scripts == tmp_path / "libs" / "bin"
    assert target.python == Path(sys.executable)
    assert target.installed() == []
    assert target.find("foo") is None


def test_a_folder_of_packages_takes_the_active_python(tmp_path: Path, venv: Path) -> None:
    target = find_target(None, tmp_path / "libs", {"VIRTUAL_ENV": str(venv)}, tmp_path)
    assert target.python == venv / "bin" / "python"


def test_a_prefix_has_the_layout_of_an_installation(tmp_path: Path, venv: Path) -> None:
    target = find_target(str(venv), None, {}, tmp_path, prefix=Path("up/../there"))
    program = (
        "import sys, sysconfig as s\n"
        "print(s.get_path('purelib', s.get_preferred_scheme('prefix'), {'base': sys.argv[1]}))"
    )
    command = [venv / "bin/python", "-c", program, tmp_path / "there"]
    expected = subprocess.run(command, check=True, capture_output=True, text=True)
    assert target.root == target.scheme.data == tmp_path / "there"
    assert target.scheme.purelib == Path(expected.stdout.strip())
    assert target.scheme.scripts == tmp_path / "there" / "bin"
    assert not target.is_directory_target


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidTarget, match="not a folder"):
        find_target(sys.executable, tmp_path / "file", {}, tmp_path)
    with pytest.raises(UsageError, match="both"):
        find_target(sys.executable, tmp_path, {}, tmp_path, prefix=tmp_path)
