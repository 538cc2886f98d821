"""What detectors may look at, and that nothing they look at can hold them up."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rewheel.machines.host import BlindHost, Host
from rewheel.machines.platform import Platform, normalize_arch

if TYPE_CHECKING:
    from conftest import Computer


def is_gone(pid: int) -> bool:
    """Wait a moment for a killed process to be gone, or to be a zombie that init has not yet buried."""
    stat = Path(f"/proc/{pid}/stat")
    for _ in range(200):
        try:
            if stat.read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.01)
    return False


class TestFiles:
    def test_files_are_read_below_the_root_up_to_a_limit(self, computer: Computer) -> None:
        computer.write("/proc/thing", "0123456789")
        assert computer.host().read_text("/proc/thing") == "0123456789"
        assert computer.host().read_text("/proc/thing", limit=4) == "0123"
        assert computer.host().read_text("/proc/nothing") is None
        assert computer.host().read_text("/proc") is None
        assert computer.host().read_text("/a\0b") is None

    def test_strange_bytes_are_text_too(self, computer: Computer) -> None:
        computer.write("/odd", b"a\xff\x00b")
        assert computer.host().read_text("/odd") == "a\ufffd\x00b"

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
    def test_a_pipe_that_nobody_fills_holds_nobody_up(self, computer: Computer) -> None:
        os.mkfifo(computer.write("/pipes/.keep", "").parent / "pipe")
        assert computer.host().read_text("/pipes/pipe") == ""

    def test_patterns_are_matched_below_the_root(self, tmp_path: Path) -> None:
        root = tmp_path / "root[1]*"
        for name in ("b", "a"):
            (root / "sys" / name).mkdir(parents=True)
        host = Host({}, "Linux", "x86_64", root=str(root))
        assert host.glob("/sys/*") == ["/sys/a", "/sys/b"]
        assert host.glob("/nothing/*") == []


class TestTools:
    def test_tools_are_found_on_the_path_of_the_environment_only(self, computer: Computer) -> None:
        computer.tool("hello", 'echo "$GREETING world"; echo oops >&2')
        assert computer.host(GREETING="hi").run(["hello"], timeout=10).output == "hi world\n"
        assert computer.host().run(["ls"], timeout=10).found is False
        assert computer.host(PATH="").run(["hello"], timeout=10).found is False

    def test_nothing_is_run_from_the_current_directory(
        self, computer: Computer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        computer.tool("hello", "echo hi")
        monkeypatch.chdir(computer.tools)
        for path in (".", "", f"{os.pathsep}nowhere", "../bin"):
            assert computer.host(PATH=path).run(["hello"], timeout=10).found is False

    def test_variables_can_be_withheld(self, computer: Computer) -> None:
        computer.tool("hello", 'echo "[$A][$B]"')
        answer = computer.host(A="1", B="2").run(["hello"], timeout=10, without=("A",))
        assert answer.output == "[][2]\n"

    def test_failures_are_told_and_their_output_kept(self, computer: Computer) -> None:
        computer.tool("broken", "echo half; exit 3")
        answer = computer.host().run(["broken"], timeout=10)
        assert (answer.output, answer.failure) == ("half\n", "broken failed with exit status 3")
        computer.tool("crashing", "kill -SEGV $$")
        assert computer.host().run(["crashing"], timeout=10).failure == "crashing crashed (signal 11)"

    def test_what_cannot_be_started_is_a_failure(self, computer: Computer) -> None:
        path = computer.tools / "garbage"
        path.write_bytes(b"\x7fELF")
        path.chmod(0o755)
        answer = computer.host().run(["garbage"], timeout=10)
        assert answer.failure.startswith("garbage could not be started")

    @pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for the process in /proc")
    def test_children_die_with_their_tool(self, computer: Computer) -> None:
        pids = computer.folder / "pid"
        computer.tool("parent", f"/bin/sleep 600 & echo $! > '{pids}'; wait")
        assert "did not answer" in computer.host().run(["parent"], timeout=0.3).failure
        assert is_gone(int(pids.read_text()))

    def test_a_tool_that_closes_its_output_must_end_too(self, computer: Computer) -> None:
        computer.tool("daemon", "exec >&-; /bin/sleep 600")
        assert "did not end" in computer.host().run(["daemon"], timeout=0.3).failure

    def test_many_may_ask_at_once(self, computer: Computer) -> None:
        computer.tool("hello", "echo hi")
        answers: list[str] = []
        ask = computer.host().run
        threads = [
            threading.Thread(target=lambda: answers.append(ask(["hello"], timeout=10).output))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == ["hi\n"] * 8


class TestProbes:
    def test_an_unknown_probe_is_a_failure(self, computer: Computer) -> None:
        answer = computer.host().probe("nothing")
        assert answer.data is None
        assert answer.failure == "the nothing probe failed with exit status 2"

    def test_without_interpreter_there_are_no_probes(
        self, computer: Computer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "executable", "")
        assert computer.host().probe("nvml").data is None

    @pytest.mark.parametrize(
        "output",
        [
            "",
            "nothing",
            'rewheel-probe:{"a": 1}\\nrewheel-probe:{"a": 2}',
            "rewheel-probe:[1]",
            "rewheel-probe:{",
            "rewheel-probe:" + "[" * 20000,
        ],
    )
    def test_unreadable_answers_are_failures(
        self, computer: Computer, monkeypatch: pytest.MonkeyPatch, output: str
    ) -> None:
        computer.says("python", output.replace("\\n", "\n"))
        monkeypatch.setattr(sys, "executable", str(computer.tools / "python"))
        answer = computer.host().probe("nvml")
        assert answer.data is None
        assert answer.failure in {
            "the nvml probe gave no answer",
            "the nvml probe gave an unreadable answer",
        }


class TestBlindness:
    def test_a_blind_host_sees_nothing(self) -> None:
        host = BlindHost(dict(os.environ), "Linux", "x86_64")
        assert host.is_blind
        assert host.read_text("/proc/cpuinfo") is None
        assert host.read_bytes("/proc/cpuinfo") is None
        assert host.glob("/*") == []
        assert host.run(["sh", "-c", "echo"], timeout=1).found is False
        assert host.probe("nvml").data is None


class TestPlatform:
    @pytest.mark.parametrize(
        ("machine", "arch"),
        [
            ("AMD64", "x86_64"),
            ("x86_64", "x86_64"),
            ("arm64", "aarch64"),
            ("ARM64", "aarch64"),
            ("i686", "i686"),
        ],
    )
    def test_architectures_have_one_name(self, machine: str, arch: str) -> None:
        assert normalize_arch(machine) == arch
        assert Platform("Linux", machine).arch == arch

    def test_this_computer_can_be_described(self) -> None:
        platform = Platform.current()
        assert platform.system in {"Linux", "Darwin", "Windows"}
        assert platform.arch
        assert platform.libc in ({"glibc", "musl", ""} if platform.system == "Linux" else {""})

    def test_a_platform_reads_as_a_line(self) -> None:
        assert str(Platform("Linux", "aarch64", "glibc", (2, 34))) == "Linux aarch64 glibc 2.34"
        assert str(Platform("Windows", "AMD64")) == "Windows AMD64"
