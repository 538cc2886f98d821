"""Spares: what lies linked in advance fills an environment as linking would, or is not used."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from installing.conftest import Environment, item, snapshot
from rewheel.installing import BytecodeMode, DamagedEntry, LinkMode
from rewheel.installing.pruning import prune_store
from rewheel.installing.spares import mark_of, spare_of
from rewheel.installing.sparing import main, make_later, make_spare

MakeEnvironment = Callable[[str], Environment]
FILES = {
    "foo/__init__.py": "X = 1\n",
    "foo/deep/down.py": "Y = 2\n",
    "foo/data.txt": "data",
    "top.py": "",
    "foo-1.0.data/scripts/tool": "#!python\nprint('tool')\n",
    "foo-1.0.data/data/share/foo/doc.txt": "doc",
    "foo-1.0.data/headers/foo.h": "",
}
COMMANDS = "[console_scripts]\nfoo = foo:main\n"


def tag(env: Environment) -> str:
    return env.target.interpreter.bytecode


def moved_by(env: Environment, *wheels: Path) -> list[str]:
    """Install, and return which folders were moved, sorted; what is below the library without its path."""
    steps: list[str] = []
    env.install(*wheels, bytecode=BytecodeMode.ALWAYS, step=steps.append)
    site = env.site.relative_to(env.root).as_posix()
    found = [step.removeprefix("move ") for step in steps if step.startswith("move ")]
    return sorted(folder.removeprefix(f"{site}/") for folder in found)


def test_what_is_moved_is_what_would_be_linked(make_environment: MakeEnvironment) -> None:
    one, two = make_environment("one"), make_environment("two")
    wheel = one.wheel(files=FILES, entry_points=COMMANDS)
    stored = one.spare(wheel)
    headers = one.target.scheme.headers.relative_to(one.root).as_posix()
    assert moved_by(one, wheel) == ["__pycache__", "foo", "foo-1.0.dist-info", f"{headers}/foo", "share"]
    assert (one.site / "foo/deep/down.py").samefile(stored.tree / "foo/deep/down.py")
    assert moved_by(two, wheel) == [], "each spare is taken once"
    assert without_paths(one) == without_paths(two)
    assert (one.site / "foo/deep/__pycache__").is_dir()


def without_paths(env: Environment) -> dict[str, object]:
    """Return what is installed, except for scripts that name their interpreter."""
    found = snapshot(env.root)
    mine = {path for path, (_, _, _) in found.items() if path.startswith("bin/") or path == "pyvenv.cfg"}
    record = next(path for path in found if path.endswith("foo-1.0.dist-info/RECORD"))
    lines = [line for line in (env.root / record).read_text().splitlines() if "/bin/" not in line]
    return {path: entry for path, entry in found.items() if path not in {*mine, record}} | {record: lines}


def test_folders_that_several_wheels_fill_are_linked(env: Environment) -> None:
    one = env.wheel(
        "one", files={"ns/one.py": "", "ns/first/a.py": "", "tests/__init__.py": "", "tests/t.py": ""}
    )
    two = env.wheel(
        "two", files={"ns/two.py": "", "ns/second/a.py": "", "tests/__init__.py": "", "two/x.py": ""}
    )
    env.spare(one)
    env.spare(two)
    alone = ["ns/first", "ns/second", "one-1.0.dist-info", "two", "two-1.0.dist-info"]
    assert moved_by(env, one, two) == alone
    compiled = sorted(path.parent.parent.name for path in env.site.rglob("*.pyc"))
    assert compiled == ["first", "ns", "ns", "second", "tests", "two"], "not of a module that both bring"


def test_a_file_that_was_edited_in_place_is_noticed(make_environment: MakeEnvironment) -> None:
    first, second = make_environment("first"), make_environment("second")
    wheel = first.wheel(files=FILES)
    first.install(wheel)
    second.spare(wheel)
    with (first.site / "foo/deep/down.py").open("a") as file:
        file.write("edited\n")
    second.install(wheel, bytecode=BytecodeMode.AUTO)
    assert (second.site / "foo/deep/down.py").read_text() == "Y = 2\n"


def test_what_remains_damaged_is_told(env: Environment) -> None:
    wheel = env.wheel(files=FILES)
    stored = env.spare(wheel)
    before = env.snapshot()

    def damage(step: str) -> None:
        if step.startswith("move"):
            (Path(spare_of(stored, tag(env))) / "foo/data.txt").write_text("other")
        elif step == "stage" and not Path(mark_of(stored, tag(env))).exists():
            (stored.tree / "foo/data.txt").write_text("other")

    with pytest.raises(DamagedEntry):
        env.install(wheel, bytecode=BytecodeMode.ALWAYS, step=damage)
    assert env.snapshot() == before


def test_folders_of_another_mode_are_not_taken(env: Environment) -> None:
    wheel = env.wheel(files=FILES)
    old = os.umask(0o077)
    try:
        stored = env.spare(wheel)
    finally:
        os.umask(old)
    assert moved_by(env, wheel) == []
    assert Path(mark_of(stored, tag(env))).exists()
    assert (env.site / "foo").stat().st_mode & 0o777 == 0o777 & ~old


def test_a_folder_that_is_gone_is_linked(env: Environment) -> None:
    wheel = env.wheel(files=FILES)
    stored = env.spare(wheel)
    shutil.rmtree(Path(spare_of(stored, tag(env))) / "foo")
    assert "foo" in moved_by(env, wheel), "it is begun"
    assert (env.site / "foo/deep/down.py").read_text() == "Y = 2\n"
    assert len(list(env.site.rglob("*.pyc"))) == 3


def test_what_somebody_left_of_a_spare_is_replaced(env: Environment) -> None:
    wheel = env.wheel(files=FILES)
    stored = env.spare(wheel)
    env.install(wheel, bytecode=BytecodeMode.ALWAYS)
    assert not (Path(spare_of(stored, tag(env))) / "foo").exists()
    make_spare(stored, env.store, tag(env))
    assert (Path(spare_of(stored, tag(env))) / "foo/deep/down.py").samefile(stored.tree / "foo/deep/down.py")
    assert list((env.store.root / "work").iterdir()) == []


def test_other_ways_to_link_leave_it(env: Environment) -> None:
    wheel = env.wheel(files=FILES)
    stored = env.spare(wheel)
    env.install(wheel, bytecode=BytecodeMode.ALWAYS, link_mode=LinkMode.COPY)
    assert Path(mark_of(stored, tag(env))).exists()
    assert (env.site / "top.py").stat().st_nlink == 1


def test_an_upgrade_takes_it_too(env: Environment) -> None:
    env.install(env.wheel(files={"foo/__init__.py": "", "foo/gone.py": "", "foo/deep/old.py": ""}))
    new = env.wheel(version="2.0", files={name.replace("1.0", "2.0"): text for name, text in FILES.items()})
    env.spare(new)
    assert "foo" in moved_by(env, new)
    assert env.versions() == {"foo": "2.0"}
    assert sorted(path.name for path in (env.site / "foo").rglob("*.py")) == ["__init__.py", "down.py"]
    assert not (env.root / ".rewheel-transaction").exists()


def test_pruning_removes_spares_and_then_the_wheel(env: Environment) -> None:
    stored = env.spare(env.wheel(files=FILES))
    assert prune_store(env.store, -1.0).entries == 1
    assert not stored.tree.exists()


def test_a_wheel_in_use_stays_without_its_spare(env: Environment) -> None:
    wheel = env.wheel(files=FILES)
    env.install(wheel)
    stored = env.spare(wheel)
    assert prune_store(env.store, -1.0).in_use == 1
    assert not Path(spare_of(stored, tag(env))).exists()
    assert stored.tree.is_dir()


def test_an_idle_process_makes_what_was_used(make_environment: MakeEnvironment) -> None:
    one, two, three = (make_environment(name) for name in ("one", "two", "three"))
    wheel = one.wheel(files=FILES)
    one.install(wheel, bytecode=BytecodeMode.ALWAYS)
    stored = one.store.get(item(wheel).sha256)
    assert stored is not None
    assert not Path(spare_of(stored, tag(one))).exists(), (
        "nothing is left running when bytecode was waited for"
    )
    two.install(wheel, bytecode=BytecodeMode.AUTO)
    deadline = time.monotonic() + 30
    while not Path(mark_of(stored, tag(one))).exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert "foo" in moved_by(three, wheel)


def test_that_process_passes_over_what_is_gone_or_damaged(env: Environment) -> None:
    good = env.spare(env.wheel(files=FILES))
    env.store.drop_spares(good.tree.parent)
    bad = env.spare(env.wheel("bad", files={"bad/x.py": "", "bad/y.txt": "y"}))
    env.store.drop_spares(bad.tree.parent)
    (bad.tree / "bad/y.txt").write_text("other")
    here = Path.cwd()
    child = os.fork()
    if child == 0:
        try:
            main([str(env.store.cache_dir), tag(env), "0" * 64, bad.sha256, good.sha256])
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert Path.cwd() == here
    assert Path(mark_of(good, tag(env))).exists()
    assert not Path(mark_of(bad, tag(env))).exists()


def test_nothing_is_started_where_nothing_lacks(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = env.spare(env.wheel(files=FILES))
    monkeypatch.setattr(os, "posix_spawn", lambda *_, **__: pytest.fail("there is one already"))
    make_later([stored], env.store, tag(env))
    env.store.drop_spares(stored.tree.parent)
    make_later([stored], env.store, "cpython-399-00")  # there is no such bytecode
    monkeypatch.delattr(os, "posix_spawn")
    make_later([stored], env.store, tag(env))


names = st.sampled_from(["a", "b", "c"])
paths = st.lists(names, min_size=1, max_size=4).map("/".join)
trees = st.dictionaries(paths.map(lambda path: f"{path}.py"), st.sampled_from(["", "X = 1\n"]), max_size=8)


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    return iter(range(10_000))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(one=trees, two=trees)
def test_any_two_wheels_come_to_the_same(
    make_environment: MakeEnvironment, numbers: Iterator[int], one: dict[str, str], two: dict[str, str]
) -> None:
    number = next(numbers)
    moved, linked = make_environment(f"moved-{number}"), make_environment(f"linked-{number}")
    agreed = {path: text for path, text in two.items() if one.get(path, text) == text}
    wheels = [moved.wheel("one", files=one), moved.wheel("two", files=agreed)]
    linked.install(*wheels, bytecode=BytecodeMode.ALWAYS)
    for wheel in wheels:
        moved.spare(wheel)
    moved.install(*wheels, bytecode=BytecodeMode.ALWAYS)
    assert snapshot(moved.site) == snapshot(linked.site)
