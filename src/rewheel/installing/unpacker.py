"""The process that unpacks wheels while its parent resolves and downloads.

It is given the cache in a line (before it, if it is a program of its own, its parent's import path), then a
line for every wheel, and answers each with a line: the digest, and whether the wheel is in the store now. Why
not is for the parent to find out, by doing the same itself. It ends with its input, and thus with its parent.
"""

import json
import sys

__all__ = ["load", "main"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO


def load() -> None:
    """Load all that `main` will need."""
    from rewheel.installing import unpacking
    from rewheel.wheels import FileSource, Wheel

    del unpacking, FileSource, Wheel


def main(questions: "TextIO", answers: "TextIO") -> int:
    """Unpack what is asked for until nobody asks any more."""
    from pathlib import Path

    from rewheel.errors import RewheelError
    from rewheel.installing.store import Store
    from rewheel.variants import WheelFilename

    place = questions.readline()
    if not place:
        return 0
    store = Store(Path(json.loads(place)))
    for line in questions:
        wheel, sha256, filename = json.loads(line)
        try:
            store.add(Path(wheel), sha256, filename=WheelFilename.parse(filename), is_verified=True)
            done = True
        except (RewheelError, OSError, ValueError):
            done = False
        answers.write(json.dumps([sha256, done]) + "\n")
        answers.flush()
    return 0


if __name__ == "__main__":
    sys.path[:] = json.loads(sys.stdin.readline())
    sys.exit(main(sys.stdin, sys.stdout))
