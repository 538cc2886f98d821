"""The process that renders descriptions: one line of JSON in, one out, so that it can be ended at any time.

Started as a module by the renderer. It may not use much memory, and has nothing that a description could
want: no arguments, no folder, no network of its own.
"""

import contextlib
import json
import sys
from typing import Any, BinaryIO

from rewheel.server.pages.readme.cleaning import clean
from rewheel.server.pages.readme.markup import Form, UnreadableMarkup, plain, to_html

__all__ = ["main"]

_MEMORY = 768 << 20
"""Bytes of address space; a description that needs more is shown as it was written."""


def main() -> int:
    """Answer until the input ends."""
    _limit()
    for line in sys.stdin.buffer:
        _answer(json.loads(line), sys.stdout.buffer)
    return 0


def _answer(question: dict[str, Any], output: BinaryIO) -> None:
    text, form = question["text"], Form(question["form"])
    try:
        answer = {"html": clean(to_html(text, form, question["content_type"])), "readable": True}
    except (UnreadableMarkup, RecursionError, MemoryError):
        answer = {"html": clean(plain(text)), "readable": False}
    except Exception:  # noqa: BLE001 - whatever a markup library trips over costs the markup, not the text
        answer = {"html": clean(plain(text)), "readable": False}
    output.write(json.dumps(answer).encode() + b"\n")
    output.flush()


def _limit() -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):  # not on Windows
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    sys.exit(main())
