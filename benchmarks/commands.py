"""What commands cost as whole processes: the version, and explaining numpy against the index of the demo."""

import os
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import measuring

from rewheel.cli.output import Output
from rewheel.cli.session import Session
from rewheel.demo import IndexMarket
from rewheel.demo.pantry import open_pantry
from rewheel.demo.server import serve
from rewheel.environments import find_target

RUNS = 21
VERSION_BUDGET = 0.025
EXPLAIN_BUDGET = 0.300


def section() -> str:
    """Measure, and return the part of RESULTS.md."""
    with demo_index() as url, tempfile.TemporaryDirectory() as folder:
        env = measuring.environment(
            REWHEEL_CACHE_DIR=folder, PIP_CONFIG_FILE=os.devnull, NO_PROXY="127.0.0.1"
        )
        rewheel = str(Path(sys.executable).with_name("rewheel"))
        commands = {
            "bare interpreter": [sys.executable, "-c", "pass"],
            "rewheel --version": [rewheel, "--version"],
            "rewheel explain numpy": [rewheel, "explain", "numpy", "--index-url", url],
        }
        taken = measuring.interleaved(commands, runs=RUNS, env=env)
    bare = statistics.median(taken["bare interpreter"])
    version = statistics.median(taken["rewheel --version"]) - bare
    explain = statistics.median(taken["rewheel explain numpy"])
    rows = [
        ["bare interpreter", measuring.milliseconds(taken["bare interpreter"]), "", ""],
        [
            "`rewheel --version`",
            measuring.milliseconds(taken["rewheel --version"]),
            f"{version * 1000:.1f} over bare",
            f"≤ {VERSION_BUDGET * 1000:.0f} over bare",
        ],
        [
            "`rewheel explain numpy`, warm, demo index",
            measuring.milliseconds(taken["rewheel explain numpy"]),
            "",
            f"≤ {EXPLAIN_BUDGET * 1000:.0f}",
        ],
    ]
    met = version <= VERSION_BUDGET and explain <= EXPLAIN_BUDGET
    return "\n\n".join(
        [
            "## Commands",
            f"Whole processes, milliseconds, medians of {RUNS} interleaved runs.",
            measuring.table(["command", "time", "difference", "budget"], rows),
            "Both budgets are met." if met else "A budget is missed in this run.",
        ]
    )


@contextmanager
def demo_index() -> Iterator[str]:
    """Serve the index of `rewheel demo`, which is prepared if the demo has not been run before."""
    with Session(Output(sys.stdout, sys.stderr, os.environ), environ=os.environ) as session:
        tags = find_target(sys.executable, None, os.environ, Path.cwd()).tags
        pantry = open_pantry(
            session.cache_dir, tags, lambda: IndexMarket(session.sources, session.client), print
        )
    with serve(pantry.directory) as url:
        yield f"{url}simple/"
