"""Wheels are unpacked by other processes, and here if these fail or die."""

import hashlib
import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from rewheel.installing import Store, crew as crew_module
from rewheel.installing.crew import Crew
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
