"""What the operating system refuses: one clear error, and the environment as it was."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from installing.conftest import Environment
from rewheel.errors import RewheelError
from rewheel.installing import EnvironmentBusy, LinkMode, Store, uninstall
from rewheel.progress import RecordingReporter, Reporter

# As root, permissions mean nothing until the capability to ignore them is gone.
PROGRAM = """
import sys, json
from pathlib import Path
sys.path[:0] = json.loads(sys.argv[1])
from rewheel.environments import find_target
from rewheel.errors import RewheelError
from rewheel.installing import InstallItem, Plan, Store, apply, uninstall
from rewheel.variants import WheelFilename
root, wheel, cache = map(Path, sys.argv[2:5])
target = find_target(str(root), None, {}, root) if (root / "pyvenv.cfg").exists() else (
    find_target(sys.executable, root, {}, root.parent))
try:
    if sys.argv[5:] == ["uninstall"]:
        uninstall(target.installed(), target)
    else:
        apply(Plan((InstallItem(WheelFilename.parse(wheel.name), "", wheel),)), target, Store(cache))
except RewheelError as error:
    print(type(error).__name__, error, error.hint, sep="|")
else:
    print("done")
"""


def without_privileges(root: Path, wheel: Path, cache: Path, *more: str) -> str:
    command = [sys.executable, "-c", PROGRAM, json.dumps(sys.path), str(root), str(wheel), str(cache), *more]
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("root without setpriv ignores permissions")
        command = ["setpriv", "--inh-caps=-all", "--bounding-set=-all", *command]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd="/")
    return done.stdout.strip()


def test_a_folder_that_may_not_be_written(env: Environment, tmp_path: Path) -> None:
    old, new = env.wheel(files={"a.py": ""}), env.wheel(version="2.0")
    env.install(old)
    before = env.snapshot()
    for folder in (env.root, env.site, env.bin.parent / "lib"):
        folder.chmod(0o555)
        try:
            for more in ((), ("uninstall",)):
                answer = without_privileges(env.root, new, tmp_path / "cache2", *more)
                if folder == env.bin.parent / "lib":
                    assert answer == "done"
                    env.install(old)
                    continue
                assert answer.startswith("UnwritableTarget|cannot write to ")
                assert "Permission denied" in answer
                assert env.snapshot() == before
        finally:
            folder.chmod(0o755)


def test_a_folder_that_may_not_be_read(env: Environment, tmp_path: Path) -> None:
    env.install(env.wheel("other", files={"pkg/other.py": ""}))
    before = env.snapshot()
    for folder, expected in (
        (env.site / "pkg", "UnwritableTarget|"),
        (env.site, "InvalidTarget|cannot read "),
    ):
        folder.chmod(0o300)
        try:
            answer = without_privileges(env.root, env.wheel(files={"pkg/foo.py": ""}), tmp_path / "cache2")
        finally:
            folder.chmod(0o755)
        assert answer.startswith(expected)
        assert "Permission denied" in answer
        assert env.snapshot() == before


def test_a_target_that_cannot_be_created(env: Environment, tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o555)
    answer = without_privileges(locked / "a" / "b", env.wheel(), tmp_path / "cache2")
    assert answer.startswith("UnwritableTarget|cannot write to ")
    assert list(locked.iterdir()) == []


def test_a_store_that_cannot_be_written(env: Environment, tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o555)
    before = env.snapshot()
    answer = without_privileges(env.root, env.wheel(), locked)
    assert answer.startswith("StoreError|cannot unpack foo-1.0-py3-none-any.whl")
    assert "--cache-dir" in answer
    assert env.snapshot() == before


def in_small_world(limit: int, work: Callable[[], object], tmp_path: Path) -> str:
    """Do some work where no file may be larger than `limit` bytes, as on a disk that is full."""
    answer = tmp_path / "answer"
    child = os.fork()
    if child == 0:
        try:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            text = "done"
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
            try:
                work()
            except RewheelError as error:
                text = f"{type(error).__name__}: {error}"
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            answer.write_text(text)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    return answer.read_text()


def test_a_disk_that_fills_up_at_any_file(env: Environment, tmp_path: Path) -> None:
    old = env.wheel(files={f"pkg/{n}.py": "#" * n for n in (10, 500, 1500)})
    new = env.wheel(version="2.0", files={f"pkg/{n}.py": "#" * n for n in (100, 600, 2500)})
    env.install(old)
    before = env.snapshot()
    env.store.add(new)
    seen = set()
    for limit in (0, 8, 50, 99, 400, 700, 1000, 2400, 10_000):
        text = in_small_world(limit, lambda: env.install(new, link_mode=LinkMode.COPY), tmp_path)
        seen.add(text.partition(":")[0])
        if text == "done":
            assert env.versions() == {"foo": "2.0"}
        else:
            assert "File too large" in text
            assert env.snapshot() == before
    assert seen == {"UnwritableTarget", "done"}


def test_a_disk_that_fills_up_while_unpacking(env: Environment, tmp_path: Path) -> None:
    wheel = env.wheel(files={"big.bin": "x" * 100_000})
    before = env.snapshot()
    text = in_small_world(5_000, lambda: env.install(wheel), tmp_path)
    assert text.startswith("StoreError: cannot unpack")
    assert env.snapshot() == before
    env.install(wheel)


def test_uninstalling_on_a_full_disk_is_all_or_nothing(env: Environment, tmp_path: Path) -> None:
    env.install(env.wheel(files={f"pkg/{n}.py": "" for n in range(30)}))
    before = env.snapshot()
    text = in_small_world(200, lambda: uninstall(env.target.installed(), env.target), tmp_path)
    assert text.startswith("UnwritableTarget")
    assert env.snapshot() == before


class Waiting(Reporter):
    """Does something when it hears that somebody must wait."""

    def __init__(self, react: Callable[[], object]) -> None:
        self.react = react
        self.heard: list[str] = []

    def warning(self, message: str) -> None:
        self.heard.append(message)
        self.react()


class Holder:
    """A child process that stops in the middle of a change until it is told to go on."""

    def __init__(self, work: Callable[[Callable[[str], None]], object], at: str = "journal") -> None:
        reached, self._announce = os.pipe()
        self._wait, self._continue = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._continue)

            def step(name: str) -> None:
                if name == at:
                    os.write(self._announce, b"x")
                    os.read(self._wait, 1)

            try:
                work(step)
            finally:
                os._exit(0)
        os.close(self._wait)
        os.read(reached, 1)
        os.close(reached)

    def go_on(self) -> None:
        os.close(self._continue)
        os.waitpid(self.pid, 0)


def test_two_installers_wait_for_one_another(env: Environment) -> None:
    first, second = env.wheel("first"), env.wheel("second")
    holder = Holder(lambda step: env.install(first, step=step))
    with pytest.raises(EnvironmentBusy, match="has been working on"):
        env.install(second, lock_timeout=0)
    reporter = Waiting(holder.go_on)
    env.install(second, reporter=reporter)
    assert reporter.heard == [f"waiting for another installer to finish with {env.root}"]
    assert env.versions() == {"first": "1.0", "second": "1.0"}


def test_an_installer_that_dies_lets_the_next_one_heal(env: Environment) -> None:
    holder = Holder(lambda step: env.install(env.wheel("first"), step=step), at="mark")

    def kill() -> None:
        if holder.pid:
            os.kill(holder.pid, signal.SIGKILL)
            os.waitpid(holder.pid, 0)
            holder.pid = 0

    reporter = Waiting(kill)
    env.install(env.wheel("second"), reporter=reporter)
    assert len(reporter.heard) == 2
    assert "was interrupted" in reporter.heard[1]
    assert env.versions() == {"second": "1.0"}


def test_a_folder_that_vanishes_while_somebody_waits_for_it_is_made_again(folder_env: Environment) -> None:
    def fail(step: Callable[[str], None]) -> None:
        def stop(name: str) -> None:
            step(name)
            if name == "journal":
                raise KeyboardInterrupt

        folder_env.install(folder_env.wheel("first"), step=stop)

    holder = Holder(fail)
    folder_env.install(folder_env.wheel("second"), reporter=Waiting(holder.go_on))
    assert folder_env.versions() == {"second": "1.0"}


def test_many_installers_at_once(env: Environment) -> None:
    wheels = [env.wheel(f"project{n}", files={f"shared/{n}.py": ""}) for n in range(6)]
    children = []
    for wheel in wheels:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                env.install(wheel)
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 6
    assert env.versions() == {f"project{n}": "1.0" for n in range(6)}
    assert not (env.root / ".rewheel-transaction").exists()


def test_the_reporter_hears_of_repairs(env: Environment) -> None:
    wheel = env.wheel()
    (env.store.add(wheel).tree / "foo.py").write_text("edited")
    reporter = RecordingReporter()
    env.install(wheel, reporter=reporter)
    assert any("unpacking it again" in text for text in reporter.details)
    assert isinstance(env.store, Store)


def test_folders_that_cannot_be_locked_have_a_file_instead(
    env: Environment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import errno
    import fcntl
    import tempfile

    flock = fcntl.flock

    def refuse(descriptor: int, operation: int) -> None:
        if os.path.samestat(os.fstat(descriptor), env.root.stat()):
            raise OSError(errno.ENOLCK, "no locks available")
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", refuse)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    first, second = env.wheel("first"), env.wheel("second")
    holder = Holder(lambda step: env.install(first, step=step))
    assert len(list(tmp_path.glob("rewheel-*.lock"))) == 1
    with pytest.raises(EnvironmentBusy):
        env.install(second, lock_timeout=0.1)
    holder.go_on()
    env.install(second)
    assert env.versions() == {"first": "1.0", "second": "1.0"}


def test_file_systems_without_links_are_changed_all_the_same(
    env: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    env.install(env.wheel(files={"pkg/a.py": "1", "pkg/b.py": "1"}))
    monkeypatch.setattr(os, "link", refuse)
    before = env.snapshot()

    def fail(name: str) -> None:
        if name == "mark":
            raise KeyboardInterrupt

    new = env.wheel(version="2.0", files={"pkg/a.py": "2", "pkg/c.py": "2"})
    with pytest.raises(KeyboardInterrupt):
        env.install(new, step=fail)
    assert env.snapshot() == before
    assert env.install(new).link_mode == LinkMode.COPY
    assert (env.site / "pkg/a.py").read_text() == "2"
