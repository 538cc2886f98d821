"""How the figures are taken: whole processes, interleaved with what they are compared to, medians."""

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

__all__ = ["environment", "interleaved", "machine", "table"]


def environment(**extra: str) -> dict[str, str]:
    """The environment of a measured process: bytecode may be cached, as on every ordinary computer."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | extra


def interleaved(
    commands: Mapping[str, Sequence[str]], *, runs: int, env: Mapping[str, str] | None = None
) -> dict[str, list[float]]:
    """Run every command `runs` times in turn, after one unmeasured round; wall-clock seconds by name."""
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(runs + 1):
        for name, command in commands.items():
            begin = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=env or environment())
            if turn:
                taken[name].append(time.perf_counter() - begin)
    return taken


def milliseconds(seconds: Sequence[float]) -> str:
    """Median, and in brackets the fastest and slowest run."""
    median, low, high = (
        f"{value * 1000:.1f}" for value in (statistics.median(seconds), min(seconds), max(seconds))
    )
    return f"{median} [{low} to {high}]"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def machine() -> str:
    """One line about where and with what the figures were taken."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line for line in info.read_text(encoding="utf-8").splitlines() if line.startswith("model name")
        ]
        model = names[0].partition(":")[2].strip() if names else model
    packages = ", ".join(f"{name} {version(name)}" for name in ("rewheel", "packaging", "variantlib"))
    python = f"Python {platform.python_version()} ({sys.implementation.name})"
    return f"{os.cpu_count()} x {model}, {platform.system()} {platform.release()}, {python}, {packages}"
