"""How the figures of servers are written down, and held against their budgets."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from measuring import table
from server_load import Rate, tool
from server_peers import Peer
from server_uploads import CONNECTIONS, Uploads

__all__ = ["STEADY", "Compared", "Found", "Sizes", "Step", "uploading", "written"]

STEADY = 500
"""Requests a second."""
BUDGET_TIMES, BUDGET_P99, BUDGET_START, BUDGET_MEMORY = 5.0, 0.050, 2.0, 300
BUDGET_DISK, BUDGET_GROWTH = 0.8, 2.0


class Sizes(NamedTuple):
    """How much is loaded."""

    projects: int = 10_000
    files: int = 200_000
    big: int = 1_000
    """Files of the one large project."""
    scanned: int = 10_000
    """Files of pypiserver, which looks at all of them for every page."""
    curve: tuple[int, ...] = (1_000, 10_000, 100_000, 1_000_000)
    curve_big: int = 500
    """Files of the large project on the curve, where the smallest index has only twice as many."""


class Compared(NamedTuple):
    """What one server did with the page of the large project."""

    peer: Peer
    starts: list[float]
    memory: tuple[float, float]
    """MiB of its processes: all that is resident, and the same with what they share counted once."""
    rate: Rate
    is_alone: bool
    """Whether it finished no page under load, so that the rate is that of one request alone."""


class Step(NamedTuple):
    """What an index of one size costs; seconds, and MiB."""

    files: int
    projects: int
    start: float
    memory: float
    first: float
    """Median of pages of 20 files that nobody has asked for before."""
    again: float
    """Median of the same pages, asked for again."""
    large: float
    """The large page, asked for the first time."""
    rate: Rate


class Found(NamedTuple):
    """All that was measured."""

    sizes: Sizes
    compared: Sequence[Compared]
    """Our server first."""
    steady: Mapping[str, Rate]
    memory: float
    """MiB resident in our server's processes after every page was asked for."""
    uploads: Mapping[str, Uploads]
    curve: Sequence[Step]


def written(found: Found) -> str:
    """Return the section of RESULTS.md."""
    sizes = found.sizes
    return f"""## Serving

One worker process each, on SQLite and a folder where there is a choice. Servers and their clients, {tool()}
and ours, share the processors. `rewheel serve` holds {sizes.projects:,} projects with {sizes.files:,} files,
one of them with {sizes.big:,}, written straight into its catalog; so does simple-repository-server, as
folders. pypiserver looks at all files for every page, and devpi-server takes long to fill: they hold
less, which is to their advantage.

Page of {sizes.big:,} files over 16 connections, packed with gzip where the server does so. pypiserver has
HTML only. Start: median of {len(found.compared[0].starts)} for rewheel, one for the others. Memory after the
load: resident in all processes, and in brackets with what they share counted once.

{table(_COMPARED, [*_comparisons(found.compared)])}

{_remark(found.compared)}rewheel asked for pages {STEADY} times a second over 64 connections, whether or not
answers keep up. A page is kept once it is made; those of the second row mostly have to be made.

{table(["page", "answered/s", "median, ms", "p99, ms", "failures"], [*_steadiness(found.steady)])}

Uploads over {CONNECTIONS} connections, as twine sends them; each is checked, stored and published before it
is answered. Beside it, {CONNECTIONS} writers without a server, each file synchronised.

{uploading(found.uploads)}

What bounds small uploads is both. Each waits for five synchronisations, where a writer without a server
waits for one: the file and its metadata, the two folders that they get their names in, and the database; the
last of them is shared with whoever waits for it, too. Without a server these five take four to five times as
long as the one, and about a third of the processor time in the last column, which is what the server takes
for each upload; the client computes beside it on the same processors. The rest is Python's, in one process:
reading the request, checking the wheel, and about twenty-five SQL statements, which take some 10 µs each
since they go to SQLite by its driver alone. Small wheels wait in memory, and one thread is begun for each.
Of a large wheel it is bytes: received, hashed as a whole, written, read again, checked (CRC-32), and hashed
as RECORD has it. The two SHA-256 alone are 30 ms of 20 MiB on this machine.

rewheel with indexes of several sizes, each with a project of {sizes.curve_big} files and others of 20. Over
one connection: median of pages of 20 files that nobody has asked for before, the same pages again, and the
page of {sizes.curve_big} files, once. Then the latter under the load of above.

{table(_CURVE, [*_steps(found.curve)])}

{table(["what", "budget", "found", ""], [*_verdicts(found)])}

The last two budgets are given in words: "limited by the disk" is read as {BUDGET_DISK:.0%} of what writers
get without a server, and "grows with the answer, not with the index" as at most {BUDGET_GROWTH:.0f} times the
time on the smallest index.
"""


_COMPARED = ["server", "holds", "form", "start, s", "memory, MiB", "requests/s", "p99, ms", "rewheel is"]
_CURVE = [
    "files", "projects", "start, s", "memory, MiB", "20 files, first, ms", "20 files, again, ms",
    "large, first, ms", "large, requests/s",
]  # fmt: skip


def _comparisons(compared: Sequence[Compared]) -> Iterator[list[str]]:
    ours = compared[0]
    for each in compared:
        failures = f", {each.rate.failures} failures" if each.rate.failures else ""
        yield [
            f"{each.peer.name} {each.peer.version}".strip(),
            each.peer.loaded,
            each.peer.form,
            f"{statistics.median(each.starts):.2f}",
            f"{each.memory[0]:.0f} [{each.memory[1]:.0f}]",
            _rate(each.rate.per_second) + (" *" if each.is_alone else "") + failures,
            f"{each.rate.p99 * 1000:,.1f}",
            "" if each is ours else f"{ours.rate.per_second / each.rate.per_second:,.0f} times as fast",
        ]


def _remark(compared: Sequence[Compared]) -> str:
    if not any(each.is_alone for each in compared):
        return ""
    return "\\* finished no page under this load; this is one request alone.\n\n"


def _rate(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _steadiness(steady: Mapping[str, Rate]) -> Iterator[list[str]]:
    for page, rate in steady.items():
        yield [
            page, f"{rate.per_second:.0f}", f"{rate.median * 1000:.1f}", f"{rate.p99 * 1000:.1f}",
            str(rate.failures),
        ]  # fmt: skip


def uploading(uploads: Mapping[str, Uploads]) -> str:
    """Return the table of uploads."""
    heads = ["what", "uploads/s", "MiB/s", "without a server, MiB/s", "share", "computing, ms each"]
    return table(heads, [*_uploading(uploads)])


def _uploading(uploads: Mapping[str, Uploads]) -> Iterator[list[str]]:
    for what, each in uploads.items():
        yield [
            what, f"{each.per_second:.1f}", f"{each.received:.0f}", f"{each.written:.0f}",
            f"{each.received / each.written:.0%}", f"{each.computed * 1000:.0f}",
        ]  # fmt: skip


def _steps(curve: Sequence[Step]) -> Iterator[list[str]]:
    for each in curve:
        yield [
            f"{each.files:,}",
            f"{each.projects:,}",
            f"{each.start:.2f}",
            f"{each.memory:.0f}",
            *(f"{seconds * 1000:.1f}" for seconds in (each.first, each.again, each.large)),
            f"{each.rate.per_second:,.0f}",
        ]


def _verdicts(found: Found) -> Iterator[list[str]]:
    ours = found.compared[0]
    for other in found.compared[1:]:
        times = ours.rate.per_second / other.rate.per_second
        yield _verdict(
            f"requests/s beside {other.peer.name}",
            f"≥ {BUDGET_TIMES:.0f} x",
            f"{times:,.1f} x",
            is_met=times >= BUDGET_TIMES,
        )
    for page, rate in found.steady.items():
        yield _verdict(
            f"p99 at {STEADY} requests/s, {page}",
            f"≤ {BUDGET_P99 * 1000:.0f} ms",
            f"{rate.p99 * 1000:.1f} ms" + (f", {rate.failures} failures" if rate.failures else ""),
            is_met=rate.p99 <= BUDGET_P99 and not rate.failures,
        )
    start = statistics.median(ours.starts)
    spread = f"{start:.2f} s [{min(ours.starts):.2f} to {max(ours.starts):.2f}]"
    yield _verdict("start", f"≤ {BUDGET_START:.0f} s", spread, is_met=start <= BUDGET_START)
    most = max(found.memory, ours.memory[0])
    yield _verdict(
        "resident memory, every page asked for",
        f"≤ {BUDGET_MEMORY} MiB",
        f"{most:.0f} MiB",
        is_met=most <= BUDGET_MEMORY,
    )
    for what, each in found.uploads.items():
        share = each.received / each.written
        yield _verdict(
            f"uploads, {what}",
            f"≥ {BUDGET_DISK:.0%} of the disk",
            f"{share:.0%}",
            is_met=share >= BUDGET_DISK,
        )
    least, largest = found.curve[0], found.curve[-1]
    for what, before, after in (
        ("20 files, first", least.first, largest.first),
        ("20 files, again", least.again, largest.again),
        ("large, first", least.large, largest.large),
        ("large, under load", 1 / least.rate.per_second, 1 / largest.rate.per_second),
    ):
        yield _verdict(
            f"{largest.files:,} files beside {least.files:,}: {what}",
            f"≤ {BUDGET_GROWTH:.0f} x",
            f"{after / before:.2f} x",
            is_met=after <= BUDGET_GROWTH * before,
        )


def _verdict(what: str, budget: str, found: str, *, is_met: bool) -> list[str]:
    return [what, budget, found, "met" if is_met else "missed"]
