import hashlib
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

import rewheel.installing.unpacking as unpacking
from installing.conftest import Environment, item
from installing.test_interruption import killed
from rewheel.errors import RewheelError
from rewheel.installing import (
    DamagedEntry,
    DigestMismatch,
    LinkMode,
    MissingWheel,
    Plan,
    Store,
    StoreError,
    apply,
    uninstall,
)
from rewheel.installing.manifest import Manifest
from support.wheel_factory import make_wheel

FILES = {"foo.py": "X = 1\n", "pkg/data.txt": "data" * 1000, "pkg/empty.txt": ""}


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def store_files(store: Store) -> list[Path]:
    return [path for path in store.root.rglob("*") if path.is_file()]


def test_a_wheel_is_unpacked_once(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, files=FILES, entry_points="[console_scripts]\na = foo:x\n")
    store = Store(tmp_path / "cache")
    assert store.get(digest(wheel)) is None
    stored = store.add(wheel, digest(wheel).upper())
    assert store.add(wheel) == store.get(digest(wheel)) == stored
    assert {path for path, _ in stored.manifest.files()} >= set(FILES)
    assert "a = foo:x" in stored.manifest.entry_points
    for path, file in stored.manifest.files():
        assert stored.read(path, file) == (stored.tree / path).read_bytes()
    assert list((store.root / "work").iterdir()) == []


def test_the_wrong_file_is_refused(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path)
    store = Store(tmp_path / "cache")
    with pytest.raises(DigestMismatch, match="is not the file that was asked for"):
        store.add(wheel, "0" * 64)
    with pytest.raises(StoreError, match="cannot read"):
        store.add(tmp_path / "missing-1.0-py3-none-any.whl")
    for bad in ("", "../../etc", "0" * 63, "g" * 64):
        with pytest.raises(StoreError, match="no SHA-256"):
            store.get(bad)
    (tmp_path / "foo-2.0-py3-none-any.whl").write_bytes(b"no zip")
    with pytest.raises(RewheelError):
        store.add(tmp_path / "foo-2.0-py3-none-any.whl")
    assert store_files(store) == []


def test_manifests_survive_the_disk(tmp_path: Path) -> None:
    manifest = Store(tmp_path).add(make_wheel(tmp_path, files=FILES)).manifest
    data = manifest.to_bytes()
    assert Manifest.from_bytes(data) == manifest
    for position in range(0, len(data), 7):
        damaged = bytearray(data)
        damaged[position] ^= 1
        with pytest.raises(ValueError, match=r"."):
            Manifest.from_bytes(bytes(damaged))
        with pytest.raises(ValueError, match=r"."):
            Manifest.from_bytes(data[:position])


def edit(path: Path) -> None:
    path.write_text("edited in place")


def touch(path: Path) -> None:
    os.utime(path, ns=(1, 1))


def relink(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/hostname")


def test_a_file_may_have_any_name_when_the_wheel_s_is_told(env: Environment, tmp_path: Path) -> None:
    wheel = env.wheel()
    wanted = item(wheel.rename(tmp_path / "foo-1.0-py3-none-any.whl"))
    download = wanted.wheel.rename(tmp_path / "download.part") if wanted.wheel else wheel
    apply(Plan((type(wanted)(wanted.filename, wanted.sha256, download),)), env.target, env.store)
    assert env.versions() == {"foo": "1.0"}


@pytest.mark.parametrize("mode", [LinkMode.AUTO, LinkMode.COPY])
@pytest.mark.parametrize("change", [edit, touch, relink, Path.unlink])
def test_what_somebody_changed_is_unpacked_again(
    env: Environment, mode: LinkMode, change: Callable[[Path], None]
) -> None:
    wheel = env.wheel(files=FILES)
    stored = env.store.add(wheel)
    change(stored.tree / "pkg" / "data.txt")
    env.install(wheel, link_mode=mode)
    assert (env.site / "pkg" / "data.txt").read_text() == FILES["pkg/data.txt"]
    assert not (env.root / ".rewheel-transaction").exists()


def test_editing_an_installed_file_spoils_no_other_environment(
    make_environment: Callable[[str], Environment],
) -> None:
    one, two = make_environment("one"), make_environment("two")
    wheel = one.wheel(files=FILES)
    one.install(wheel)
    (one.site / "foo.py").write_text("edited in place")
    two.install(wheel)
    assert (two.site / "foo.py").read_text() == "X = 1\n"
    assert (one.site / "foo.py").read_text() == "edited in place"


def test_damage_in_scripts_is_noticed_by_their_hash(env: Environment) -> None:
    wheel = env.wheel(files={"foo-1.0.data/scripts/tool": "#!python\nprint(1)\n"})
    script = env.store.add(wheel).tree / "foo-1.0.data" / "scripts" / "tool"
    status = script.stat()
    script.write_text("#!python\nprint(2)\n")
    os.utime(script, ns=(status.st_atime_ns, status.st_mtime_ns))
    env.install(wheel)
    assert "print(1)" in (env.bin / "tool").read_text()


@pytest.mark.parametrize("name", ["manifest", "tree/pkg"])
def test_a_damaged_entry_is_replaced(env: Environment, name: str) -> None:
    wheel = env.wheel(files=FILES)
    place = env.store.add(wheel).tree.parent / name
    if place.is_dir():
        place.rename(place.with_name("elsewhere"))
    else:
        place.write_bytes(place.read_bytes()[:-5])
    env.install(wheel)
    assert (env.site / "pkg" / "data.txt").exists()
    assert env.store.get(digest(wheel)) is not None


def test_a_damaged_entry_without_its_wheel_is_fetched_or_missed(env: Environment) -> None:
    wheel = env.wheel(files=FILES)
    wanted = item(wheel)
    copy = wheel.with_name("kept") / wheel.name
    copy.parent.mkdir()
    copy.write_bytes(wheel.read_bytes())
    edit(env.store.add(wheel).tree / "foo.py")
    wheel.unlink()
    before = env.snapshot()
    with pytest.raises(MissingWheel):
        apply(Plan((wanted,)), env.target, env.store)
    assert env.snapshot() == before
    edit(env.store.add(copy).tree / "foo.py")
    apply(Plan((wanted,)), env.target, env.store, refetch=lambda _: copy)
    assert (env.site / "foo.py").read_text() == "X = 1\n"


def test_a_store_that_is_damaged_all_the_time_is_an_error(env: Environment) -> None:
    wheel = env.wheel(files=FILES)

    def spoil(name: str) -> None:
        if name.startswith("link"):
            stored = env.store.get(digest(wheel))
            assert stored is not None
            edit(stored.tree / "foo.py")

    before = env.snapshot()
    with pytest.raises(DamagedEntry, match="has changed"):
        env.install(wheel, step=spoil)
    assert env.snapshot() == before


def test_what_a_killed_process_leaves_is_swept(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, files=FILES)
    store = Store(tmp_path / "cache")
    write = unpacking._write

    def die(*arguments: object) -> None:
        write(*arguments)  # type: ignore[arg-type]
        os.kill(os.getpid(), signal.SIGKILL)

    def work() -> None:
        unpacking._write = die  # type: ignore[assignment]
        store.add(wheel)

    assert killed(work)
    assert len(list((store.root / "work").iterdir())) == 1
    assert store.get(digest(wheel)) is None
    store.add(wheel)
    assert list((store.root / "work").iterdir()) == []


def test_processes_share_a_store(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, files={f"pkg/{n}.py": str(n) for n in range(50)})
    store = Store(tmp_path / "cache")
    start, ready = os.pipe()
    children = []
    for _ in range(4):
        child = os.fork()
        if child == 0:
            os.close(ready)
            code = 1
            try:
                os.read(start, 1)
                stored = store.add(wheel)
                for path, file in stored.manifest.files():
                    stored.read(path, file)
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    os.close(start)
    os.close(ready)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0, 0]
    assert list((store.root / "work").iterdir()) == []


def test_a_store_on_another_file_system_is_copied_from(env: Environment, tmp_path: Path) -> None:
    import shutil
    import tempfile

    shm = Path("/dev/shm")
    if not shm.is_dir() or not os.access(shm, os.W_OK) or shm.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is only one file system")
    folder = Path(tempfile.mkdtemp(dir=shm))
    try:
        env.store = Store(folder)
        wheel = env.wheel(files=FILES)
        before = env.snapshot()
        for mode in (LinkMode.HARDLINK, LinkMode.REFLINK):
            with pytest.raises(RewheelError, match=f"{mode}|does not work"):
                env.install(wheel, link_mode=mode)
            assert env.snapshot() == before
        assert env.install(wheel).link_mode == LinkMode.COPY
        assert env.run("-c", "import foo; print(foo.X)") == "1\n"
        uninstall(env.target.installed(), env.target)
        assert env.snapshot() == before | {}
    finally:
        shutil.rmtree(folder)
