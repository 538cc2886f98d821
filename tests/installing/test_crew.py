"""Wheels are unpacked by other processes, and here if these fail or die."""

import hashlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from rewheel.installing import Store, crew as crew_module
from rewheel.installing.crew import Crew
from rewheel.installing.split import split_off
from rewheel.variants import WheelFilename
from rewheel.wheels import InvalidWheel
from support.wheel_factory import make_wheel


def wheel(folder: Path, name: str) -> tuple[Path, str, WheelFilename]:
    path = make_wheel(folder, name, "1.0")
    return path, hashlib.sha256(path.read_bytes()).hexdigest(), WheelFilename.parse(path.name)


def test_another_process_unpacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "cache")
    path, sha256, filename = wheel(tmp_path, "foo")
    with Crew(store, most=1) as crew:
        monkeypatch.setattr(Store, "add", lambda *_, **__: pytest.fail("unpacked here"))
        crew.prepare()
        stored = crew.add(path, sha256, filename)
        assert crew.add(path, sha256, filename) == stored
    assert (stored.tree / "foo.py").is_file()


def test_many_threads_share_few_processes(tmp_path: Path) -> None:
    store = Store(tmp_path / "cache")
    wheels = [wheel(tmp_path, f"foo{number}") for number in range(6)]
    with Crew(store, most=2) as crew:
        threads = [threading.Thread(target=crew.add, args=each) for each in wheels]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(crew._engaged) <= 2
    assert all(store.has(sha256) for _, sha256, _ in wheels)


def test_whoever_dies_is_not_missed(tmp_path: Path) -> None:
    store = Store(tmp_path / "cache")
    with Crew(store, most=1) as crew:
        crew.prepare()
        (worker,) = crew._engaged
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
        for name in ("foo", "bar"):
            path, sha256, filename = wheel(tmp_path, name)
            assert (crew.add(path, sha256, filename).tree / f"{name}.py").is_file()
        assert crew._engaged == []


SPLITTING = """
import os, signal, sys, threading
from pathlib import Path
from rewheel.installing import Store
from rewheel.installing.crew import Crew
from rewheel.variants import WheelFilename
store = Store(Path(sys.argv[1]))
wheels = [(Path(path), sha256, WheelFilename.parse(Path(path).name)) for path, sha256 in
          zip(sys.argv[3::2], sys.argv[4::2])]
with Crew(store, most=2, split=True) as crew:
    workers = list(crew._sleeping)
    assert [type(each).__name__ for each in workers] == ["Split", "Split"]
    if sys.argv[2] == "dead":
        os.kill(workers[-1].pid, signal.SIGKILL)
        workers[-1].wait()
    else:
        Store.add = None  # in this process only, so that it is certain who unpacks
    if sys.argv[2] != "idle":
        threads = [threading.Thread(target=crew.add, args=each) for each in wheels]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
for worker in workers:
    worker.wait()
assert not Path(f"/proc/{workers[-1].pid}").exists()
print(*sorted(store.has(sha256) for _, sha256, _ in wheels))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are split off on Linux only")
@pytest.mark.parametrize(("case", "told"), [("alive", "True"), ("dead", "True"), ("idle", "False")])
def test_whoever_is_split_off_unpacks_as_well(tmp_path: Path, case: str, told: str) -> None:
    wheels = [wheel(tmp_path, f"foo{number}") for number in range(5)]
    words = [word for path, sha256, _ in wheels for word in (str(path), sha256)]
    done = subprocess.run(
        [sys.executable, "-c", SPLITTING, str(tmp_path / "cache"), case, *words],
        check=True, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.split() == [told] * 5


def test_nobody_is_split_off_beside_other_threads() -> None:
    go = threading.Event()
    thread = threading.Thread(target=go.wait)
    thread.start()
    try:
        assert split_off(2) == []
    finally:
        go.set()
        thread.join()


@pytest.mark.parametrize("answer", ["", "'nonsense'", "'[1, true]'", "'[' * 9999"])
def test_nor_is_whoever_answers_nonsense(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    script = tmp_path / "unpacker.py"
    reaction = f"print({answer}, flush=True)" if answer else "break"
    script.write_text(f"import sys\nfor line in sys.stdin:\n    {reaction}\n")
    monkeypatch.setattr(crew_module, "_UNPACKER", script)
    store = Store(tmp_path / "cache")
    path, sha256, filename = wheel(tmp_path, "foo")
    with Crew(store, most=1) as crew:
        assert (crew.add(path, sha256, filename).tree / "foo.py").is_file()


def test_a_claim_without_an_entry_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, sha256, filename = wheel(tmp_path, "foo")
    script = tmp_path / "unpacker.py"
    script.write_text(
        "import sys\nsys.stdin.readline(), sys.stdin.readline()\n"
        f"for line in sys.stdin: print('[\"{sha256}\", true]', flush=True)\n"
    )
    monkeypatch.setattr(crew_module, "_UNPACKER", script)
    with Crew(Store(tmp_path / "cache"), most=1) as crew:
        assert (crew.add(path, sha256, filename).tree / "foo.py").is_file()


def test_nobody_can_be_engaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nothing"))
    path, sha256, filename = wheel(tmp_path, "foo")
    with Crew(Store(tmp_path / "cache"), most=2) as crew:
        crew.prepare()
        assert (crew.add(path, sha256, filename).tree / "foo.py").is_file()


def test_what_is_wrong_with_a_wheel_is_told(tmp_path: Path) -> None:
    path, _, filename = wheel(tmp_path, "foo")
    path.write_bytes(path.read_bytes()[:-30])
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    store = Store(tmp_path / "cache")
    with Crew(store, most=1) as crew:
        with pytest.raises(InvalidWheel):
            crew.add(path, sha256, filename)
        assert len(crew._engaged) == 1  # it said no, and is as good as before
    assert not store.has(sha256)


def test_large_wheels_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "unpacker.py"
    script.write_text(
        "import sys\nfor line in sys.stdin:\n    pass\n"
    )  # takes everything, and answers nothing
    monkeypatch.setattr(crew_module, "_UNPACKER", script)
    files = [tmp_path / f"{size}.whl" for size in (10, 30, 20)]
    for file in files:
        file.write_bytes(b"x" * int(file.stem))
    order: list[str] = []
    with Crew(Store(tmp_path / "cache"), most=1) as crew:
        crew.prepare()
        worker = crew._take(files[0])
        assert worker is not None

        def take(file: Path) -> None:
            taken = crew._take(file)
            order.append(file.stem)
            if taken is not None:
                crew._release(taken)

        threads = [threading.Thread(target=take, args=(file,)) for file in files]
        for thread in threads:
            thread.start()
        while len(crew._queue) < len(files):
            threading.Event().wait(0.01)
        crew._release(worker)
        for thread in threads:
            thread.join()
    assert order == ["30", "20", "10"]
