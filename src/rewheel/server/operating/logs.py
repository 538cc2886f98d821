"""Logs as lines: JSON for programs, words for a person at a terminal. Neither has secrets.

Query strings and headers are never logged; a stage's address is a secret, so its middle is left out.
"""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import IO

__all__ = ["ACCESS", "configure", "shown_path"]

ACCESS = logging.getLogger("rewheel.server.access")
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_SECRET_PATH = re.compile(r"^/(stage|upload)/[^/]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def configure(*, as_json: bool, with_access: bool, stream: IO[str] | None = None) -> None:
    """Let what the server logs go to `stream`, the standard error by default."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_JsonLines() if as_json else _Words())
    root = logging.getLogger("rewheel.server")
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    root.propagate = False
    ACCESS.disabled = not with_access


def shown_path(path: str) -> str:
    """Return a path as it may be logged: without the secrets that some have, and not without end."""
    return _SECRET_PATH.sub(r"/\1/…", _CONTROL.sub("?", path[:500]))


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
        }
        entry.update({name: value for name, value in vars(record).items() if name not in _STANDARD})
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False, default=str)


class _Words(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        line = f"{moment} {record.levelname.lower():7} {_CONTROL.sub('?', record.getMessage())}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line
