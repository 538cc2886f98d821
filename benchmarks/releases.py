"""What a maintainer waits for: a variant of a large wheel, and the check of a large release.

`variant make` stands beside variantlib's make-variant and `wheel unpack` with `wheel pack`, which do what
every tool without raw copying has to do. The release that is checked has 200 wheels.
"""

import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

import measuring

from rewheel.variants import Provider, ProviderKind, VariantMetadata, VariantProperties
from rewheel.wheels import RecordEntry, format_record, make_variant

RUNS = 3
WHEEL_SIZE = 100_000_000
"""Bytes of the wheel that a variant is made of."""
RELEASE_WHEELS, RELEASE_SIZE = 200, 5_000_000_000
PACKED_SIZE = 1_000_000_000
BUDGET_RATIO, BUDGET_CHECK = 5.0, 10.0
INFO = "big-1.0.dist-info"
METADATA = "Metadata-Version: 2.3\nName: big\nVersion: 1.0\n"
WHEEL = "Wheel-Version: 1.0\nGenerator: benchmark\nRoot-Is-Purelib: false\nTag: {tag}\n"
TAG = "cp312-cp312-manylinux_2_28_x86_64"


class Taken(NamedTuple):
    """Seconds and peak memory in bytes of several runs of one command."""

    seconds: list[float]
    memory: list[int]


def compiled_like(size: int, seed: int) -> bytes:
    """Bytes that deflate to about half, as compiled code does."""
    source = random.Random(seed)
    words = [source.randbytes(source.randint(2, 9)) for _ in range(3000)]
    parts: list[bytes] = []
    made = 0
    while made < size:
        piece = b"".join(source.choices(words, k=2000))
        parts.append(piece)
        made += len(piece)
    return b"".join(parts)[:size]


def write_wheel(path: Path, files: Mapping[str, bytes], method: int) -> Path:
    """Write a wheel with the standard library, as build backends do."""
    members = {
        **files,
        f"{INFO}/METADATA": METADATA.encode(),
        f"{INFO}/WHEEL": WHEEL.format(tag=TAG).encode(),
    }
    record = format_record(
        [*(RecordEntry.of(*item) for item in members.items()), RecordEntry(f"{INFO}/RECORD")]
    )
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in {**members, f"{INFO}/RECORD": record.encode()}.items():
            archive.writestr(name, content)
    return path


def big_wheel(folder: Path) -> Path:
    """A wheel of `WHEEL_SIZE` bytes with 60 libraries and 500 modules."""
    libraries = {f"big/lib{n}.so.1": compiled_like(WHEEL_SIZE * 18 // 10 // 60, n) for n in range(60)}
    modules = {f"big/m{n}.py": f"value = {n}\n".encode() * 200 for n in range(500)}
    return write_wheel(folder / f"big-1.0-{TAG}.whl", libraries | modules, zipfile.ZIP_DEFLATED)


def big_release(folder: Path, work: Path, *, packed: bool) -> None:
    """200 variants of one wheel; `packed` wheels hold what deflates, others random bytes that do not."""
    size = (PACKED_SIZE if packed else RELEASE_SIZE) // RELEASE_WHEELS
    if packed:
        files = {f"big/lib{n}.so.1": compiled_like(size * 18 // 100, n) for n in range(10)}
    else:
        files = {f"big/lib{n}.so.1": random.Random(n).randbytes(size // 10) for n in range(10)}
    method = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    plain = write_wheel(work / f"big-1.0-{TAG}.whl", files, method)
    labels = [f"v{number:03d}" for number in range(RELEASE_WHEELS)]
    values = tuple(labels)
    provider = Provider("demo", ProviderKind.STATIC, static_properties={"kind": values})
    metadata = VariantMetadata(
        namespaces=("demo",),
        providers=[provider],
        variants={label: VariantProperties.from_mapping({"demo": {"kind": [label]}}) for label in labels},
    )
    for label in labels:
        make_variant(plain, metadata=metadata, label=label, output=folder)


_LAUNCHER = """
import os, sys
pid = os.fork()
if not pid:
    os.execv(sys.argv[2], sys.argv[2:])
_, status, usage = os.wait4(pid, 0)
with open(sys.argv[1], "w") as file:
    file.write(str(usage.ru_maxrss * 1024))
sys.exit(os.waitstatus_to_exitcode(status))
"""
"""A small process in between: the peak that the system tells of a process includes that of who started it."""


def measured(command: Sequence[str], cwd: Path) -> tuple[float, int]:
    """Run one command; its seconds and its peak memory in bytes."""
    note = cwd / "peak.txt"
    begin = time.perf_counter()
    subprocess.run(
        [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(note), *command],
        cwd=cwd,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=measuring.environment(),
        check=True,
    )
    return time.perf_counter() - begin, int(note.read_text())


def interleaved(commands: Mapping[str, Sequence[Sequence[str]]], folder: Path, runs: int) -> dict[str, Taken]:
    """Run what each name stands for `runs` times in turn, after one round that does not count."""
    taken = {name: Taken([], []) for name in commands}
    for turn in range(runs + 1):
        for name, steps in commands.items():
            out = folder / "out"
            shutil.rmtree(out, ignore_errors=True)
            out.mkdir()
            measures = [measured(step, folder) for step in steps]
            if turn:
                taken[name].seconds.append(sum(seconds for seconds, _ in measures))
                taken[name].memory.append(max(memory for _, memory in measures))
    return taken


def making(folder: Path) -> tuple[list[list[str]], float]:
    """Rows about `variant make`, and how much faster it is than variantlib."""
    wheel = big_wheel(folder)
    (folder / "pyproject.toml").write_text(
        '[variant.default-priorities]\nnamespace = ["x86_64"]\n'
        "[variant.providers.x86_64]\n"
        'requires = ["provider-variant-x86-64>=0.0.1.post2"]\n'
    )
    own, tool, other = (
        str(Path(sys.executable).with_name(name)) for name in ("rewheel", "variantlib", "wheel")
    )
    wanted = ["-p", "x86_64 :: level :: v3", "-o", "out"]
    peer = ["--skip-plugin-validation", "--variant-label", "x86_64_v3"]
    commands = {
        "rewheel variant make": [[own, "variant", "make", wheel.name, *wanted]],
        "variantlib make-variant": [[tool, "make-variant", "-f", wheel.name, *wanted, *peer]],
        "wheel unpack, wheel pack": [
            [other, "unpack", wheel.name, "-d", "out"],
            [other, "pack", "out/big-1.0", "-d", "out"],
        ],
    }
    taken = interleaved(commands, folder, RUNS)
    base = statistics.median(taken["rewheel variant make"].seconds)
    rows = [
        [
            f"a variant of a wheel of {wheel.stat().st_size / 1e6:.0f} MB",
            f"`{name}`",
            seconds_shown(found.seconds),
            f"{max(found.memory) / 1e6:.0f} MB",
            f"{statistics.median(found.seconds) / base:.1f}" if name != "rewheel variant make" else "",
        ]
        for name, found in taken.items()
    ]
    return rows, statistics.median(taken["variantlib make-variant"].seconds) / base


def checking(folder: Path, *, packed: bool) -> tuple[list[str], float]:
    """A row about `release check` of the large release, and its seconds."""
    release = folder / ("packed" if packed else "stored")
    work = folder / f"work-{packed}"
    release.mkdir()
    work.mkdir()
    big_release(release, work, packed=packed)
    total = sum(path.stat().st_size for path in release.iterdir())
    own = str(Path(sys.executable).with_name("rewheel"))
    taken = interleaved(
        {"check": [[own, "release", "check", str(release), "--ignore", "RW211", "--ignore", "RW212"]]},
        folder,
        RUNS,
    )["check"]
    shutil.rmtree(release)
    what = "files that deflate to half" if packed else "stored files"
    row = [
        f"check a release of {RELEASE_WHEELS} wheels, {total / 1e9:.1f} GB, {what}",
        "`rewheel release check`",
        seconds_shown(taken.seconds),
        f"{max(taken.memory) / 1e6:.0f} MB",
        "",
    ]
    return row, statistics.median(taken.seconds)


def seconds_shown(seconds: Sequence[float]) -> str:
    """Median, and in brackets the fastest and slowest run."""
    return f"{statistics.median(seconds):.2f} [{min(seconds):.2f} to {max(seconds):.2f}]"


def section() -> str:
    """Measure, and return the part of RESULTS.md."""
    with tempfile.TemporaryDirectory(prefix="rewheel-bench-") as name:
        folder = Path(name)
        rows, ratio = making(folder)
        stored, seconds = checking(folder, packed=False)
        packed, _ = checking(folder, packed=True)
    table = measuring.table(["what", "who", "s", "peak memory", "times rewheel"], [*rows, stored, packed])
    made, checked = ("met" if good else "missed" for good in (ratio >= BUDGET_RATIO, seconds < BUDGET_CHECK))
    return f"""## Releases

Whole processes, medians of {RUNS} runs in turn, after one that does not count. variantlib is told to skip the
validation by plugins. The check compares every file with its hash. Mapped files count as memory.

{table}

`variant make` at least {BUDGET_RATIO:.0f} times faster than variantlib: {ratio:.1f}, {made}.
`release check` of 200 wheels and 5 GB under {BUDGET_CHECK:.0f} s: {seconds:.1f} s, {checked}.
"""


if __name__ == "__main__":
    sys.stdout.write(section())
