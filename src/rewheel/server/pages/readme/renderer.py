"""Renders descriptions in a process of its own, with limits, and remembers what came of them."""

import contextlib
import hashlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from rewheel.server.pages.readme.markup import form_of, plain

__all__ = ["Readme", "ReadmeRenderer"]

_MOST_TEXT = 1 << 19
"""Characters of a description that are shown; what is longer is cut and shown as it was written."""
_MOST_HTML = 8 << 20


@dataclass(frozen=True, slots=True)
class Readme:
    """A description as HTML that is safe to put into a page, and what readers should know about it."""

    html: str
    note: str = ""


class ReadmeRenderer:
    """Makes descriptions into HTML; threads may share it.

    A description that takes longer than `timeout` seconds, or more memory than its process may have, costs
    that process and is shown as it was written. `kept` bytes of results are remembered by content.
    """

    def __init__(self, *, timeout: float = 3.0, kept: int = 32 << 20) -> None:
        self._timeout = timeout
        self._kept = kept
        self._results: OrderedDict[str, Readme] = OrderedDict()
        self._size = 0
        self._asking = threading.Lock()
        self._remembering = threading.Lock()
        self._process: _Process | None = None

    def render(self, text: str, content_type: str = "") -> Readme:
        """Render a description whose Description-Content-Type is given; never fails."""
        if not text.strip():
            return Readme("")
        key = hashlib.sha256(f"{content_type}\0{text}".encode("utf-8", "surrogatepass")).hexdigest()
        with self._remembering:
            found = self._results.get(key)
            if found is not None:
                self._results.move_to_end(key)
                return found
        readme = self._render(text, content_type)
        self._remember(key, readme)
        return readme

    def close(self) -> None:
        """End the process; a later description starts another one."""
        with self._asking:
            if self._process is not None:
                self._process.end()
                self._process = None

    def _render(self, text: str, content_type: str) -> Readme:
        if len(text) > _MOST_TEXT:
            note = f"This description is very long; these are its first {_MOST_TEXT:,} characters."
            return Readme(plain(text[:_MOST_TEXT]), note)
        form = form_of(content_type)
        question = {"text": text, "form": form.value, "content_type": content_type[:200]}
        with self._asking:
            answer = self._ask(question)
        if answer is None or len(answer["html"]) > _MOST_HTML:
            return Readme(
                plain(text), "This description could not be rendered; it is shown as it was written."
            )
        if not answer["readable"]:
            words = "This description does not follow the rules of its markup; it is shown as it was written."
            return Readme(answer["html"], words)
        return Readme(answer["html"])

    def _ask(self, question: dict[str, str]) -> dict[str, Any] | None:
        for _ in range(2):  # a process that somebody ended before is started again, once
            fresh = self._process is None
            if self._process is None:
                self._process = _Process()
            answer = self._process.ask(question, self._timeout)
            if answer is not None:
                return answer
            was_gone = self._process.is_gone
            self._process.end()
            self._process = None
            if fresh or not was_gone:
                break
        return None

    def _remember(self, key: str, readme: Readme) -> None:
        with self._remembering:
            if key not in self._results:
                self._results[key] = readme
                self._size += len(readme.html)
            while self._size > self._kept and self._results:
                self._size -= len(self._results.popitem(last=False)[1].html)


class _Process:
    """One rendering process and the thread that listens to it, so that waiting can end."""

    def __init__(self) -> None:
        self._answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self.is_gone = False
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "rewheel.server.pages.readme.process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=os.sep,
            env={name: value for name, value in os.environ.items() if name in _NEEDED},
        )
        threading.Thread(target=self._listen, name="rewheel-readme", daemon=True).start()

    def ask(self, question: dict[str, str], timeout: float) -> dict[str, Any] | None:
        """Return the answer, or None when there is none in time."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(question).encode() + b"\n")
            self._process.stdin.flush()
            line = self._answers.get(timeout=timeout)
            answer = json.loads(line) if line else None
        except OSError:
            self.is_gone = True
            return None
        except (ValueError, queue.Empty):
            return None
        self.is_gone = not line
        return answer if isinstance(answer, dict) else None

    def end(self) -> None:
        """End the process, whatever it is doing."""
        self._process.kill()
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        self._process.wait()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for line in output:
                self._answers.put(line)
        self._answers.put(b"")


_NEEDED = {"PATH", "PYTHONPATH", "PYTHONHOME", "SYSTEMROOT", "LD_LIBRARY_PATH", "VIRTUAL_ENV"}
"""What an interpreter may need to start. Settings and secrets of the server are not for this process."""
