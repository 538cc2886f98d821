"""The states of sessions and files are those of PEP 694's two tables, and no others."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from rewheel.server.writing.upload2.states import (
    FileEvent,
    FileState,
    SessionEvent,
    SessionState,
    Untimely,
    extended,
    file_after,
    session_after,
)

SESSION_TABLE = """
open        be changed    open
open        be published  published
open        be processed  processing
open        be canceled   canceled
error       be changed    error
error       be published  published
error       be processed  processing
error       be canceled   canceled
processing  succeed       published
processing  fail          error
"""
FILE_TABLE = """
pending     take in bytes  pending
pending     be completed   completed
pending     be processed   processing
pending     fail           error
pending     be deleted     canceled
processing  be completed   completed
processing  fail           error
completed   be deleted     canceled
completed   be replaced    canceled
error       be deleted     canceled
canceled    be replaced    canceled
"""
START = datetime(2026, 1, 1, tzinfo=UTC)


def table(text: str) -> dict[tuple[str, str], str]:
    rows = [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in text.strip().splitlines()]
    return {(state, event): following for state, event, following in rows}


@pytest.mark.parametrize("state", SessionState)
@pytest.mark.parametrize("event", SessionEvent)
def test_sessions(state: SessionState, event: SessionEvent) -> None:
    wanted = table(SESSION_TABLE).get((state, event))
    if wanted is None:
        with pytest.raises(Untimely, match=f"it is {state.value} and cannot {event.value}"):
            session_after(state, event)
    else:
        assert session_after(state, event) == wanted


@pytest.mark.parametrize("state", FileState)
@pytest.mark.parametrize("event", FileEvent)
def test_files(state: FileState, event: FileEvent) -> None:
    wanted = table(FILE_TABLE).get((state, event))
    if wanted is None:
        with pytest.raises(Untimely):
            file_after(state, event)
    else:
        assert file_after(state, event) == wanted


def test_error_permits_what_open_permits_and_the_end_permits_nothing() -> None:
    for event in SessionEvent:
        for state in (SessionState.PUBLISHED, SessionState.CANCELED):
            assert state.is_terminal
            with pytest.raises(Untimely):
                session_after(state, event)
    assert {state for state in SessionState if state.is_editable} == {SessionState.OPEN, SessionState.ERROR}


@given(st.lists(st.sampled_from(list(SessionEvent)), max_size=30))
def test_whatever_happens_a_session_ends_at_most_once(events: list[SessionEvent]) -> None:
    state = SessionState.OPEN
    ends = 0
    for event in events:
        try:
            state = session_after(state, event)
        except Untimely:
            continue
        ends += state.is_terminal
    assert ends <= 1


@given(st.integers(-(10**12), 10**12), st.integers(0, 40 * 86400))
def test_extensions_never_shorten_and_never_exceed(seconds: int, age: int) -> None:
    expires, lifetime = START + timedelta(seconds=age), timedelta(days=30)
    found = extended(expires, created_at=START, seconds=seconds, lifetime=lifetime)
    assert found >= expires
    assert found <= max(expires, START + lifetime)
    assert found.microsecond == 0
    if 0 <= seconds <= 86400 and age < 86400:
        assert found == expires + timedelta(seconds=seconds)
