"""Whom to ask when a wheel that lies outside of its index cannot be had (PEP 759, resiliency)."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rewheel.errors import RewheelError
from rewheel.indexes.errors import ExternalHostFailed, FetchError, HashMismatch, Offline, TooLarge
from rewheel.indexes.files import File, RimPlace

__all__ = ["blaming"]

_CONTACT = re.compile(r"(?:mailto:|https?://)[!-~]{3,500}")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")


@contextmanager
def blaming(file: File, fetch: Callable[[File], bytes]) -> Iterator[None]:
    """Let failures of the block name who can help, if the wheel that it fetches lies outside of its index.

    The owner is read from the rim, which `fetch` gets from the index; if that fails, too, the page's word
    counts.
    """
    try:
        yield
    except (ExternalHostFailed, Offline, TooLarge):
        raise
    except FetchError as error:
        if file.rim is None:
            raise
        owner, hint = _who_helps(file, file.rim, fetch)
        if isinstance(error, HashMismatch):
            error.hint = f"it was changed by its host or on its way: {hint}"
            raise
        raise ExternalHostFailed(
            file.url, error.reason, filename=file.filename, owner=owner, hint=hint
        ) from error


def _who_helps(file: File, rim: RimPlace, fetch: Callable[[File], bytes]) -> tuple[str, str]:
    """Return the owner's name, and a sentence with where to ask."""
    owner = _owner(file, rim, fetch)
    support = rim.support.removeprefix("mailto:") if _CONTACT.fullmatch(rim.support) else ""
    whom = f"ask {owner} for help" + (f": {support}" if support else "")
    return owner, f"{whom}; the people who run {file.source.name} cannot help"


def _owner(file: File, rim: RimPlace, fetch: Callable[[File], bytes]) -> str:
    from rewheel.wheels import BytesSource, Rim, rim_name

    place = File(
        rim_name(file.filename),
        rim.url,
        rim.hashes,
        "",
        None,
        None,
        "",
        core_metadata=False,
        source=file.source,
    )
    try:
        with Rim.over(BytesSource(fetch(place)), file.filename, allow_http=True) as found:
            return found.hosting.owner
    except RewheelError:
        return rim.owner if _NAME.fullmatch(rim.owner) else "its owner"
