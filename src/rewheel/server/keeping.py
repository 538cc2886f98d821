"""Bytes into the storage, and the catalog's word of them: nothing that is tidied up comes between the two."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection

from rewheel.server.catalog import loose
from rewheel.server.catalog.database import Database
from rewheel.server.errors import Refused

__all__ = ["keep"]

_T = TypeVar("_T")

_ATTEMPTS = 5
_PATIENCE = 10.0
"""Seconds for which somebody who is just deleting the same content is waited for."""
_LOOK = 0.05
"""Seconds between two looks."""


def keep(
    database: Database, put: Callable[[], None], change: Callable[[Connection, Mapping[str, datetime]], _T]
) -> _T:
    """Put blobs into the storage, then make a change that speaks of them, in one transaction.

    `change` hands on to `loose.hold` what it is given. What was deleted in between is put again: `put` has to
    be able to do its work more than once. Raises Refused (503) if a server has set out to delete a blob and
    does not come to an end.
    """
    put()
    renewed: Mapping[str, datetime] = {}
    for _ in range(_ATTEMPTS):
        try:
            with database.write() as connection:
                return change(connection, renewed)
        except loose.Vanishing as vanishing:
            renewed = {**renewed, **_over(database, vanishing.hashes)}
            put()
    raise _unlucky()


def _over(database: Database, hashes: Sequence[str]) -> Mapping[str, datetime]:
    """Wait until nobody deletes any of the blobs any more, and return which deletions these were."""
    patience = time.monotonic() + _PATIENCE
    while True:
        with database.read() as connection:
            found = loose.vanished(connection, hashes)
        if found is not None:
            return found
        if time.monotonic() > patience:
            raise _unlucky()
        time.sleep(_LOOK)


def _unlucky() -> Refused:
    return Refused(
        503,
        "the same content, which nobody needed, is just being deleted",
        hint="try again in a quarter of an hour",
        kind="storage-busy",
        headers={"Retry-After": "900"},
    )
