"""Take every figure of RESULTS.md anew: `make bench`."""

import datetime as dt
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import commands
import measuring

import variants

RESULTS = Path(__file__).parent / "RESULTS.md"


def main() -> None:
    """Measure, and write what was measured beside this script."""
    sections = [
        "# Benchmarks",
        "Taken by `make bench`, peers side by side in one run. Medians; fastest and slowest run in brackets.",
        f"{dt.datetime.now(dt.UTC):%Y-%m-%d}: {measuring.machine()}.",
        variants.section(),
        commands.section(),
    ]
    RESULTS.write_text("\n\n".join(sections) + "\n", encoding="utf-8")
    sys.stdout.write(RESULTS.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
