"""Bytecode is made once, in the store, and what is linked is right for its source and its interpreter."""

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from installing.conftest import Environment, item
from rewheel.installing import BytecodeMode, LinkMode, Plan, apply, compiler as compiler_module, uninstall
from rewheel.progress import RecordingReporter
from rewheel.values import replace

FILES = {
    "foo/__init__.py": "from foo.deep.down import ANSWER\n",
    "foo/deep/__init__.py": "",
    "foo/deep/down.py": "ANSWER = 42\n\n\ndef fail():\n    raise ValueError\n",
    "foo/broken.py": "this is no Python\n",
    "top.py": "X = 1\n",
}
MakeEnvironment = Callable[[str], Environment]


def compiled(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*.pyc"))


def suffix() -> str:
    return f".{sys.implementation.cache_tag}.pyc"


def entry_of(env: Environment, wheel: Path) -> Path:
    stored = env.store.get(item(wheel).sha256)
    assert stored is not None
    return stored.tree.parent


def import_everything(env: Environment) -> str:
    """Import as people do, with writing of bytecode on."""
    environ = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    code = "import foo, top, foo.deep.down; print(foo.ANSWER, foo.deep.down.fail.__code__.co_filename)"
    return subprocess.run(
        [str(env.target.python), "-c", code], check=True, capture_output=True, text=True, env=environ
    ).stdout.strip()


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} never came"
        time.sleep(0.02)


@pytest.mark.parametrize("link_mode", [LinkMode.HARDLINK, LinkMode.COPY, LinkMode.SYMLINK])
def test_linked_bytecode_is_what_python_itself_would_make(env: Environment, link_mode: LinkMode) -> None:
    env.install(env.wheel(files=FILES), bytecode=BytecodeMode.ALWAYS, link_mode=link_mode)
    expected = ["foo/__pycache__/__init__", "foo/deep/__pycache__/__init__", "foo/deep/__pycache__/down"]
    assert compiled(env.site) == [name + suffix() for name in ["__pycache__/top", *expected]]
    before = {path: path.stat().st_ino for path in env.site.rglob("*.pyc")}
    answer, place = import_everything(env).split()
    assert (answer, place) == ("42", str(env.site / "foo/deep/down.py")), "errors name the installed file"
    after = {path: path.stat().st_ino for path in env.site.rglob("*.pyc")}
    assert after == before, "Python found it stale and made it anew"


def test_python_notices_an_edited_module(env: Environment) -> None:
    env.install(env.wheel(files=FILES), bytecode=BytecodeMode.ALWAYS, link_mode=LinkMode.COPY)
    (env.site / "foo/deep/down.py").write_text("ANSWER = 4321\n\n\ndef fail(): ...\n")
    assert import_everything(env).startswith("4321 ")


def test_record_lists_it_without_hashes_and_uninstalling_leaves_nothing(env: Environment) -> None:
    before = env.snapshot()
    env.install(env.wheel(files=FILES), bytecode=BytecodeMode.ALWAYS)
    lines = (env.site / "foo-1.0.dist-info/RECORD").read_text().splitlines()
    assert f"foo/deep/__pycache__/down{suffix()},," in lines
    assert sum(".pyc" in line for line in lines) == 4
    uninstall(env.target.installed(), env.target)
    assert env.snapshot() == before


def test_pip_removes_what_we_linked(env: Environment) -> None:
    env.install(env.wheel(files=FILES), bytecode=BytecodeMode.ALWAYS)
    env.pip("uninstall", "-y", "foo")
    assert compiled(env.site) == []


def test_an_installation_does_not_wait_and_later_environments_have_it(
    make_environment: MakeEnvironment,
) -> None:
    first, second, third = (make_environment(name) for name in ("first", "second", "third"))
    wheel = first.wheel(files=FILES)
    first.install(wheel, bytecode=BytecodeMode.AUTO)
    assert compiled(first.site) == []
    wait_for(entry_of(first, wheel) / "bytecode" / first.target.interpreter.bytecode)
    second.install(wheel, bytecode=BytecodeMode.AUTO)
    assert len(compiled(second.site)) == 4
    third.install(wheel, bytecode=BytecodeMode.NEVER)
    assert compiled(third.site) == []
    assert third.versions() == {"foo": "1.0"}


def test_never_makes_nothing(env: Environment) -> None:
    wheel = env.wheel(files=FILES)
    env.install(wheel)
    assert not (entry_of(env, wheel) / "bytecode").exists()


def test_another_interpreter_links_nothing_of_it(make_environment: MakeEnvironment) -> None:
    env, other = make_environment("env"), make_environment("other")
    wheel = env.wheel(files=FILES)
    env.install(wheel, bytecode=BytecodeMode.ALWAYS)
    strange = replace(other.target, interpreter=replace(other.target.interpreter, bytecode="cpython-399-00"))
    reporter = RecordingReporter()
    apply(Plan((item(wheel),)), strange, other.store, bytecode=BytecodeMode.ALWAYS, reporter=reporter)
    assert compiled(other.site) == []
    assert "not cpython-399-00" in reporter.warnings[0]


def test_an_upgrade_takes_old_bytecode_away_and_brings_its_own(env: Environment) -> None:
    env.install(env.wheel(files=FILES), bytecode=BytecodeMode.ALWAYS)
    newer = FILES | {"foo/deep/down.py": "ANSWER = 43\n\n\ndef fail():\n    raise ValueError\n"}
    del newer["top.py"]
    env.install(env.wheel(version="2.0", files=newer), bytecode=BytecodeMode.ALWAYS)
    assert f"__pycache__/top{suffix()}" not in compiled(env.site)
    assert env.run("-c", "import foo; print(foo.ANSWER)").strip() == "43"
    env.install(env.wheel(version="1.0", files=FILES), bytecode=BytecodeMode.NEVER)
    assert compiled(env.site) == []
    assert env.run("-c", "import foo; print(foo.ANSWER)").strip() == "42"


def test_a_module_of_two_distributions_has_no_bytecode_from_the_store(env: Environment) -> None:
    namespace = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"
    one = env.wheel("one", files={"ns/__init__.py": namespace, "ns/one.py": "A = 1\n"})
    two = env.wheel("two", files={"ns/__init__.py": namespace + "\n", "ns/two.py": "B = 2\n"})
    env.install(one, two, bytecode=BytecodeMode.ALWAYS)
    assert compiled(env.site) == [f"ns/__pycache__/{name}{suffix()}" for name in ("one", "two")]
    assert env.run("-c", "import ns.one, ns.two; print(ns.one.A + ns.two.B)").strip() == "3"


def test_bytecode_that_python_left_is_no_obstacle_and_no_news(env: Environment) -> None:
    env.install(env.wheel("one", files={"ns/one.py": "A = 1\n"}))
    stray = env.site / "ns/__pycache__" / f"two{suffix()}"
    stray.parent.mkdir()
    stray.write_bytes(b"of another time")
    reporter = RecordingReporter()
    two = env.wheel("two", files={"ns/two.py": "B = 2\n"})
    env.install(two, bytecode=BytecodeMode.ALWAYS, reporter=reporter)
    assert reporter.warnings == []
    assert stray.read_bytes() != b"of another time"


def test_what_a_wheel_brings_compiled_is_left_as_it_is(env: Environment) -> None:
    files = {"top.py": "X = 1\n", f"__pycache__/top{suffix()}": "its own"}
    env.install(env.wheel(files=files), bytecode=BytecodeMode.ALWAYS)
    assert (env.site / "__pycache__" / f"top{suffix()}").read_text() == "its own"


@pytest.mark.parametrize("damage", [b"", b"nonsense", b"0\n{}"])
def test_a_damaged_list_of_bytecode_counts_as_none(env: Environment, damage: bytes) -> None:
    wheel = env.wheel(files=FILES)
    env.store.add(wheel)
    place = entry_of(env, wheel) / "bytecode" / env.target.interpreter.bytecode
    place.mkdir(parents=True)
    (place / "manifest").write_bytes(damage)
    env.install(wheel, bytecode=BytecodeMode.AUTO)
    assert compiled(env.site) == []


def test_damaged_bytecode_is_made_anew(make_environment: MakeEnvironment) -> None:
    env, other = make_environment("env"), make_environment("other")
    wheel = env.wheel(files=FILES)
    env.install(wheel, bytecode=BytecodeMode.ALWAYS, link_mode=LinkMode.COPY)
    place = entry_of(env, wheel) / "bytecode" / env.target.interpreter.bytecode
    (place / "tree/__pycache__").mkdir(exist_ok=True)
    (place / f"tree/top{suffix()}").write_bytes(b"bad")
    other.install(wheel, bytecode=BytecodeMode.ALWAYS)
    assert import_everything(other).startswith("42 ")
    assert len(compiled(other.site)) == 4


class TestTheCompiler:
    """Run as the processes that are left behind are."""

    @pytest.fixture
    def entry(self, env: Environment) -> Path:
        wheel = env.wheel(files=FILES)
        env.store.add(wheel)
        return entry_of(env, wheel)

    def run(self, env: Environment, entry: Path, mode: str = "idle", tag: str = "") -> int:
        tag = tag or env.target.interpreter.bytecode
        command = [sys.executable, "-I", "-S", compiler_module.__file__, mode, str(env.store.root), tag]
        command.append(entry.relative_to(env.store.root).as_posix())
        return subprocess.run(command, check=False, stderr=subprocess.DEVNULL, timeout=60).returncode

    def test_what_a_killed_one_left_is_swept_away(self, env: Environment, entry: Path) -> None:
        left = entry / "bytecode" / ".part-1"
        left.mkdir(parents=True)
        (left / "half").touch()
        assert self.run(env, entry) == 0
        assert [path.name for path in (entry / "bytecode").iterdir()] == [env.target.interpreter.bytecode]

    def test_two_never_do_the_same(self, env: Environment, entry: Path) -> None:
        descriptor = os.open(entry, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            assert self.run(env, entry) == 0
            assert not (entry / "bytecode").exists()
        finally:
            os.close(descriptor)
        assert self.run(env, entry, "now") == 0
        assert (entry / "bytecode" / env.target.interpreter.bytecode / "manifest").is_file()

    def test_it_makes_no_bytecode_of_another_kind(self, env: Environment, entry: Path) -> None:
        assert self.run(env, entry, tag="cpython-399-00") == 3
        assert not (entry / "bytecode").exists()

    def test_a_source_that_was_changed_is_not_compiled(self, env: Environment, entry: Path) -> None:
        source = entry / "tree/top.py"
        status = source.stat()
        source.write_text("X = 2\n")
        os.utime(source, ns=(status.st_atime_ns, status.st_mtime_ns))
        assert self.run(env, entry) == 0
        assert list((entry / "bytecode").iterdir()) == []

    def test_an_entry_that_is_gone_is_passed_over(self, env: Environment, entry: Path) -> None:
        assert self.run(env, entry.with_name("gone")) == 0
