"""Whether a client has a current copy already (RFC 9110, conditional requests)."""

from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

__all__ = ["http_date", "is_current", "may_use_range"]


def is_current(
    if_none_match: str, if_modified_since: str, *, etag: str, modified: datetime | None = None
) -> bool:
    """Tell whether 304 answers the request; `etag` comes with its quotes.

    Tags are compared weakly: proxies that pack answers on their way weaken them.
    """
    if if_none_match:
        tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
        return "*" in tags or etag in tags
    if if_modified_since and modified is not None:
        since = _parsed(if_modified_since)
        return since is not None and modified.replace(microsecond=0) <= since
    return False


def may_use_range(if_range: str, *, etag: str, modified: datetime) -> bool:
    """Tell whether a part may be sent: the client's copy, if it speaks of one, is of this very content."""
    if not if_range:
        return True
    if if_range.startswith('"'):
        return if_range == etag
    return _parsed(if_range) == modified.replace(microsecond=0)


def http_date(moment: datetime) -> str:
    """Write a moment as HTTP wants it."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def _parsed(text: str) -> datetime | None:
    try:
        parsed = parsedate_to_datetime(text[:100])
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed
