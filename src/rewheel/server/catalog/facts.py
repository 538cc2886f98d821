"""Facts about the index itself, by name."""

from datetime import datetime, timedelta
from secrets import token_hex

from sqlalchemy import BigInteger, Connection, Integer, String, bindparam, cast, insert, select, update

from rewheel.server.catalog.moments import now
from rewheel.server.catalog.prepared import Prepared
from rewheel.server.catalog.schema import meta
from rewheel.server.catalog.upserts import insertion

__all__ = [
    "add_to_fact", "claim", "fact", "first_serial", "instance_id", "keep_fact", "list_serial",
    "raise_first_serial", "touch_list",
]  # fmt: skip

_INSTANCE = "instance"
_LIST = "list-serial"
_FIRST = "first-serial"

_FIND = Prepared(select(meta.c.value).where(meta.c.key == bindparam("wanted")))
_TOUCH_LIST = Prepared(
    update(meta).where(meta.c.key == _LIST).values(value=cast(cast(meta.c.value, Integer) + 1, String))
)


def fact(connection: Connection, key: str) -> str | None:
    """Return a fact; None if nobody has kept it."""
    row = _FIND.row(connection, {"wanted": key})
    return row[0] if row is not None else None


def keep_fact(connection: Connection, key: str, value: str) -> None:
    """Keep a fact, in place of what was kept under its name."""
    changed = connection.execute(update(meta).where(meta.c.key == key).values(value=value))
    if not changed.rowcount:
        connection.execute(insert(meta).values(key=key, value=value))


def add_to_fact(connection: Connection, key: str, number: int) -> None:
    """Add to a fact that is a number, whoever else does so at the same moment."""
    added = insertion(connection, meta).values(key=key, value=str(number))
    more = cast(cast(meta.c.value, BigInteger) + number, String)
    connection.execute(added.on_conflict_do_update(index_elements=["key"], set_={"value": more}))


def claim(connection: Connection, key: str, every: timedelta) -> bool:
    """Tell whether something is to be done now that is done once in a while, by one process of all."""
    moment, last = now(), fact(connection, key)
    if last is None:
        first = insertion(connection, meta).values(key=key, value=moment.isoformat())
        return connection.execute(first.on_conflict_do_nothing().returning(meta.c.key)).first() is not None
    if datetime.fromisoformat(last) > moment - every:
        return False
    # Of several who have read the same, one finds it still there.
    taken = update(meta).where(meta.c.key == key, meta.c.value == last).values(value=moment.isoformat())
    return connection.execute(taken).rowcount == 1


def instance_id(connection: Connection) -> str:
    """Return the id of this index, which is made when it is first asked for, by one that may write."""
    found = fact(connection, _INSTANCE)
    if found is None:
        found = token_hex(16)
        keep_fact(connection, _INSTANCE, found)
    return found


def list_serial(connection: Connection) -> int:
    """Return a number that grows whenever a project appears in, or vanishes from, the list of projects."""
    return int(fact(connection, _LIST) or 0)


def touch_list(connection: Connection) -> None:
    """Say that the list of projects has changed."""
    if not _TOUCH_LIST.change(connection, {}):
        connection.execute(insert(meta).values(key=_LIST, value="1"))


def first_serial(connection: Connection) -> int:
    """Return the serial with which new projects begin: higher than those of all that were deleted."""
    return int(fact(connection, _FIRST) or 1)


def raise_first_serial(connection: Connection, least: int) -> None:
    """Let new projects begin with at least this serial."""
    if least > first_serial(connection):
        keep_fact(connection, _FIRST, str(least))
