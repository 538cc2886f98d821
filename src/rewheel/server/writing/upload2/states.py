"""The states of publishing sessions and of the files in them, and what leads from one to another (PEP 694).

Nothing here knows a database or a request: a state and an event give the next state, or there is no way.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

__all__ = [
    "FileEvent",
    "FileState",
    "SessionEvent",
    "SessionState",
    "Untimely",
    "extended",
    "file_after",
    "session_after",
]


class SessionState(StrEnum):
    """Where a publishing session is."""

    OPEN = "open"
    PROCESSING = "processing"
    PUBLISHED = "published"
    ERROR = "error"
    CANCELED = "canceled"

    @property
    def is_editable(self) -> bool:
        """Whether files may come and go, and the session may be published, extended and canceled."""
        return self in {SessionState.OPEN, SessionState.ERROR}

    @property
    def is_terminal(self) -> bool:
        """Whether nothing can happen any more, so that another session for the release may begin."""
        return self in {SessionState.PUBLISHED, SessionState.CANCELED}


class SessionEvent(StrEnum):
    """What may happen to a publishing session; each reads as what was asked for."""

    CHANGE = "be changed"
    """A file is added, replaced or deleted, or the session is extended."""
    PUBLISH = "be published"
    """At once."""
    DEFER = "be processed"
    """Publishing begins, and ends later."""
    SUCCEED = "succeed"
    """Deferred publishing ends well."""
    FAIL = "fail"
    """Deferred publishing ends badly."""
    CANCEL = "be canceled"


class FileState(StrEnum):
    """Where a file of a session is."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    ERROR = "error"
    CANCELED = "canceled"

    @property
    def is_listed(self) -> bool:
        """Whether the session still lists the file."""
        return self is not FileState.CANCELED


class FileEvent(StrEnum):
    """What may happen to a file of a session; each reads as what was asked for."""

    RECEIVE = "take in bytes"
    COMPLETE = "be completed"
    DEFER = "be processed"
    FAIL = "fail"
    DELETE = "be deleted"
    REPLACE = "be replaced"
    """Another file of the same name is begun."""


_SESSION: Mapping[tuple[SessionState, SessionEvent], SessionState] = {
    (SessionState.OPEN, SessionEvent.CHANGE): SessionState.OPEN,
    (SessionState.OPEN, SessionEvent.PUBLISH): SessionState.PUBLISHED,
    (SessionState.OPEN, SessionEvent.DEFER): SessionState.PROCESSING,
    (SessionState.OPEN, SessionEvent.CANCEL): SessionState.CANCELED,
    (SessionState.ERROR, SessionEvent.CHANGE): SessionState.ERROR,
    (SessionState.ERROR, SessionEvent.PUBLISH): SessionState.PUBLISHED,
    (SessionState.ERROR, SessionEvent.DEFER): SessionState.PROCESSING,
    (SessionState.ERROR, SessionEvent.CANCEL): SessionState.CANCELED,
    (SessionState.PROCESSING, SessionEvent.SUCCEED): SessionState.PUBLISHED,
    (SessionState.PROCESSING, SessionEvent.FAIL): SessionState.ERROR,
}

_FILE: Mapping[tuple[FileState, FileEvent], FileState] = {
    (FileState.PENDING, FileEvent.RECEIVE): FileState.PENDING,
    (FileState.PENDING, FileEvent.COMPLETE): FileState.COMPLETED,
    (FileState.PENDING, FileEvent.DEFER): FileState.PROCESSING,
    (FileState.PENDING, FileEvent.FAIL): FileState.ERROR,
    (FileState.PENDING, FileEvent.DELETE): FileState.CANCELED,
    (FileState.PROCESSING, FileEvent.COMPLETE): FileState.COMPLETED,
    (FileState.PROCESSING, FileEvent.FAIL): FileState.ERROR,
    (FileState.COMPLETED, FileEvent.DELETE): FileState.CANCELED,
    (FileState.COMPLETED, FileEvent.REPLACE): FileState.CANCELED,
    (FileState.ERROR, FileEvent.DELETE): FileState.CANCELED,
    (FileState.CANCELED, FileEvent.REPLACE): FileState.CANCELED,
}


class Untimely(ValueError):  # noqa: N818 - it says what is the case
    """What was asked for is not possible in this state; `state` and `event` say why."""

    def __init__(self, state: SessionState | FileState, event: SessionEvent | FileEvent) -> None:
        super().__init__(f"it is {state.value} and cannot {event.value}")
        self.state = state
        self.event = event


def session_after(state: SessionState, event: SessionEvent) -> SessionState:
    """Return the state to which an event leads a session; raises `Untimely`."""
    following = _SESSION.get((state, event))
    if following is None:
        raise Untimely(state, event)
    return following


def file_after(state: FileState, event: FileEvent) -> FileState:
    """Return the state to which an event leads a file; raises `Untimely`."""
    following = _FILE.get((state, event))
    if following is None:
        raise Untimely(state, event)
    return following


def extended(expires_at: datetime, *, created_at: datetime, seconds: int, lifetime: timedelta) -> datetime:
    """Return when a session ends that somebody wants to last `seconds` longer.

    It never ends earlier than it would have, and never lasts longer than `lifetime` in all: whoever asks for
    more is given that (PEP 694, extension).
    """
    latest = created_at + lifetime
    try:
        wanted = expires_at + timedelta(seconds=max(0, seconds))
    except OverflowError:
        wanted = latest
    return max(expires_at, min(wanted, latest)).replace(microsecond=0)
