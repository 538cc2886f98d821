"""Take the figures of RESULTS.md anew: `run.py variants commands` takes those it names.

`make bench` takes all but the server's, which take long and are for `make bench-server`. A section that is
not taken stays as it is.
"""

import datetime as dt
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import commands
import install
import measuring
import releases

import server
import variants

RESULTS = Path(__file__).parent / "RESULTS.md"
SECTIONS = {
    "variants": ("## Variants", variants.section),
    "commands": ("## Commands", commands.section),
    "releases": ("## Releases", releases.section),
    "install": ("## Installing", install.section),
    "server": ("## Serving", server.section),
}
ONLY_WHEN_NAMED = frozenset({"server"})


def main() -> None:
    """Measure, and write what was measured beside this script."""
    asked = sys.argv[1:] or [name for name in SECTIONS if name not in ONLY_WHEN_NAMED]
    if unknown := set(asked).difference(SECTIONS):
        sys.exit(f"no such section: {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    kept = _present()
    taken = f"{dt.datetime.now(dt.UTC):%Y-%m-%d}: {measuring.machine()}."
    parts = [
        "# Benchmarks",
        (
            "Taken by `make bench` and `make bench-server`, peers side by side in one run. Medians; "
            "fastest and slowest run in brackets."
        ),
    ]
    for name, (title, section) in SECTIONS.items():
        if name in asked:
            title_line, _, body = section().strip().partition("\n")
            parts.append(f"{title_line}\n\n{taken}\n{body}")
        elif title in kept:
            parts.append(kept[title])
    RESULTS.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    sys.stdout.write(RESULTS.read_text(encoding="utf-8"))


def _present() -> dict[str, str]:
    """Return the sections of the results as they are now, by title."""
    if not RESULTS.exists():
        return {}
    parts = re.split(r"(?m)^(?=## )", RESULTS.read_text(encoding="utf-8"))[1:]
    return {part.partition("\n")[0]: part.strip() for part in parts}


if __name__ == "__main__":
    main()
