"""A process that is killed, or fails, at any step leaves an environment that the next command makes whole."""

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from installing.conftest import Environment, Snapshot, item, snapshot
from rewheel.installing import (
    BytecodeMode,
    Healing,
    InstallingError,
    Plan,
    Report,
    UnwritableTarget,
    apply,
    recover,
    uninstall,
)
from rewheel.progress import RecordingReporter

OLD = {
    "pkg/__init__.py": "OLD",
    "pkg/gone/deep/x.py": "",
    "pkg/stays.py": "same",
    "turns.py": "",
    "shape/inner.py": "",
    "foo-1.0.data/scripts/tool": "#!python\n",
    "foo-1.0.data/data/share/foo/doc": "old",
}
NEW = {
    "pkg/__init__.py": "NEW",
    "pkg/fresh/y.py": "",
    "pkg/stays.py": "same",
    "turns/__init__.py": "",
    "shape": "a file now",
    "other.py": "",
    "foo-2.0.data/scripts/tool": "#!python\nprint(2)\n",
    "foo-2.0.data/scripts/another": "",
}


class Case:
    """A change that can be repeated from the same start."""

    def __init__(self, env: Environment, prepare: Callable[[], None], change: Callable[..., Report]) -> None:
        self.env = env
        self.change = change
        prepare()
        self.before = env.snapshot()
        self._copy = env.root.with_name("copy")
        if env.root.exists():
            shutil.copytree(env.root, self._copy, symlinks=True)
        self.steps: list[str] = []
        change(step=self.steps.append)
        self.after = env.snapshot()
        self.restore()

    def restore(self) -> None:
        shutil.rmtree(self.env.root, ignore_errors=True)
        if self._copy.exists():
            shutil.copytree(self._copy, self.env.root, symlinks=True)


def upgrade(env: Environment) -> Case:
    old = env.wheel(files=OLD, entry_points="[console_scripts]\na = pkg:x\nb = pkg:x\n")
    new = env.wheel(version="2.0", files=NEW, entry_points="[console_scripts]\nb = pkg:y\nc = pkg:y\n")

    def prepare() -> None:
        env.install(old, env.wheel("keeper", files={"shared/keeper.py": ""}))
        (env.site / "pkg" / "__pycache__").mkdir()
        (env.site / "pkg" / "__pycache__" / "stays.cpython-311.pyc").write_bytes(b"stale")
        (env.site / "other.py").write_text("owned by nobody")

    extra = env.wheel("extra", files={"shared/extra.py": "", "extra/a.py": "", "extra/b/c.py": ""})
    return Case(env, prepare, lambda **options: env.install(new, extra, **options))


def removal(env: Environment) -> Case:
    wheel = env.wheel(files=OLD, entry_points="[console_scripts]\na = pkg:x\n")
    return Case(
        env,
        lambda: env.install(wheel, env.wheel("keeper", files={"pkg/keeper.py": ""})) and None,
        lambda **options: uninstall([env.target.find("foo")], env.target, **options),
    )


def first(env: Environment) -> Case:
    wheel = env.wheel(files=OLD, entry_points="[console_scripts]\na = pkg:x\n")
    return Case(env, lambda: None, lambda **options: env.install(wheel, **options))


def first_from_a_spare(env: Environment) -> Case:
    wheel = env.wheel(files=OLD, entry_points="[console_scripts]\na = pkg:x\n")

    def change(**options: Any) -> Report:
        env.spare(wheel)
        return env.install(wheel, bytecode=BytecodeMode.ALWAYS, **options)

    case = Case(env, lambda: None, change)
    assert any(step.startswith("move ") for step in case.steps)
    return case


class Killer:
    """Kills the process at one step."""

    def __init__(self, fatal: int) -> None:
        self._left = fatal

    def __call__(self, name: str) -> None:
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1


def killed(work: Callable[[], object]) -> bool:
    """Do some work in a child process, and say whether it was killed."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def check_every_kill(case: Case) -> None:
    env = case.env
    outcomes = set()
    for fatal in range(len(case.steps)):
        assert killed(lambda fatal=fatal: case.change(step=Killer(fatal)))
        reporter = RecordingReporter()
        healing = recover(env.target, reporter=reporter)
        found = snapshot(env.root)
        name = f"step {fatal}, {case.steps[fatal]}: {healing}"
        assert found in (case.before, case.after), name
        if healing is Healing.NOTHING:
            assert not reporter.warnings
        else:
            assert found == (case.after if healing is Healing.FINISHED else case.before), name
            assert "was interrupted" in reporter.warnings[0]
        outcomes.add((healing, found == case.after))
        case.restore()
    assert {(Healing.UNDONE, False), (Healing.FINISHED, True)} <= outcomes


def test_an_upgrade_may_be_killed_at_every_step(env: Environment) -> None:
    check_every_kill(upgrade(env))


def test_a_removal_may_be_killed_at_every_step(env: Environment) -> None:
    check_every_kill(removal(env))


def test_a_first_installation_may_be_killed_at_every_step(env: Environment) -> None:
    check_every_kill(first(env))


def test_moving_folders_may_be_killed_at_every_step(env: Environment) -> None:
    check_every_kill(first_from_a_spare(env))


def test_a_plain_folder_keeps_no_trace_of_a_kill(folder_env: Environment) -> None:
    case = first(folder_env)
    for fatal in range(len(case.steps)):
        assert killed(lambda fatal=fatal: case.change(step=Killer(fatal)))
        recover(folder_env.target)
        assert snapshot(folder_env.root) in (case.before, case.after)
        case.restore()


def test_recovery_may_be_killed_at_every_step_as_well(env: Environment) -> None:
    case = upgrade(env)
    middle = next(i for i, name in enumerate(case.steps) if name == "mark")
    late = next(i for i, name in enumerate(case.steps) if name.startswith("sweep")) + 1
    for fatal, expected in ((middle, case.before), (late, case.after)):
        assert killed(lambda fatal=fatal: case.change(step=Killer(fatal)))
        steps: list[str] = []
        crashed = env.root.with_name("crashed")
        shutil.copytree(env.root, crashed, symlinks=True)
        recover(env.target, step=steps.append)
        assert env.snapshot() == expected
        for again in range(len(steps)):
            shutil.rmtree(env.root)
            shutil.copytree(crashed, env.root, symlinks=True)
            assert killed(lambda again=again: recover(env.target, step=Killer(again)))
            recover(env.target)
            assert env.snapshot() == expected, steps[again]
        shutil.rmtree(crashed)
        case.restore()


def test_the_next_command_heals_without_being_asked(env: Environment) -> None:
    case = upgrade(env)
    mark = case.steps.index("mark")
    assert killed(lambda: case.change(step=Killer(mark)))
    assert (env.root / ".rewheel-transaction").exists()
    reporter = RecordingReporter()
    case.change(reporter=reporter)
    assert "it has been undone now" in reporter.warnings[0]
    assert env.snapshot() == case.after


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), KeyboardInterrupt(), ValueError("bug")]
)
def test_what_fails_at_any_step_changes_nothing(env: Environment, error: BaseException) -> None:
    case = upgrade(env)
    for fatal in range(case.steps.index("mark") + 1):
        left = [fatal]

        def fail(name: str, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise error

        with pytest.raises((UnwritableTarget, KeyboardInterrupt, ValueError, OSError)):
            case.change(step=fail)
        assert env.snapshot() == case.before, case.steps[fatal]
    case.change()
    assert env.snapshot() == case.after


def test_files_that_appear_meanwhile_survive(env: Environment) -> None:
    case = first(env)

    def intrude(name: str) -> None:
        if name == "mark":
            (env.site / "pkg" / "intruder").write_text("mine")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        case.change(step=intrude)
    assert env.snapshot() == case.before


def damaged_journal(env: Environment, change: Callable[[Path], None]) -> Snapshot:
    case = upgrade(env)
    assert killed(lambda: case.change(step=Killer(case.steps.index("mark"))))
    change(env.root / ".rewheel-transaction" / "journal")
    return env.snapshot()


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)


def forge(text: str) -> Callable[[Path], None]:
    import hashlib

    def write(path: Path) -> None:
        path.write_text(hashlib.sha256(text.encode()).hexdigest() + "\n" + text)

    return write


@pytest.mark.parametrize(
    "change",
    [
        flip,
        lambda path: path.write_bytes(b""),
        forge("[]"),
        forge("{}"),
        forge('{"format": 2, "operations": [], "folders": []}'),
        forge('{"format": 1, "operations": [["place", "../../evil"]], "folders": []}'),
        forge('{"format": 1, "operations": [["remove", "/etc/passwd"]], "folders": []}'),
        forge('{"format": 1, "operations": [["explode", "a"]], "folders": []}'),
        forge('{"format": 1, "operations": [["place"]], "folders": []}'),
        forge('{"format": 1, "operations": [], "folders": ["a/../.."]}'),
        forge('{"format": 1, "operations": [], "folders": [3]}'),
        forge("[" * 100_000),
    ],
)
def test_a_journal_that_makes_no_sense_is_not_followed(
    env: Environment, change: Callable[[Path], None]
) -> None:
    before = damaged_journal(env, change)
    for work in (
        lambda: recover(env.target),
        lambda: env.install(env.wheel("bar")),
        lambda: uninstall(env.target.installed(), env.target),
    ):
        with pytest.raises(InstallingError) as caught:
            work()
        assert "journal" in str(caught.value)
        assert caught.value.hint
    assert env.snapshot() == before


def test_a_journal_that_leads_through_a_link_is_not_followed(env: Environment, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("precious")
    (env.root / "link").symlink_to(outside)
    stage = env.root / ".rewheel-transaction"
    (stage / "new").mkdir(parents=True)
    forge('{"format": 1, "operations": [["place", "link/file"]], "folders": []}')(stage / "journal")
    with pytest.raises(InstallingError, match="leads out of the environment"):
        recover(env.target)
    assert (outside / "file").read_text() == "precious"


def test_nothing_is_recovered_where_nothing_happened(env: Environment, folder_env: Environment) -> None:
    assert recover(env.target) is Healing.NOTHING
    assert recover(folder_env.target) is Healing.NOTHING
    assert not folder_env.root.exists()


def test_bad_wheels_leave_no_folder_behind(folder_env: Environment) -> None:
    wheel = folder_env.wheel(entry_points="[console_scripts]\n../x = a:b\n")
    with pytest.raises(InstallingError):
        apply(Plan((item(wheel),)), folder_env.target, folder_env.store)
    assert not folder_env.root.parent.exists()
