"""Which index of one's own a command is about: the same words as `rewheel serve` has."""

from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from rewheel.cli.server_settings import server_settings
from rewheel.cli.session import Session
from rewheel.errors import RewheelError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rewheel.server.services import Services

__all__ = ["own_index", "own_index_options"]

_Function = TypeVar("_Function", bound=Callable[..., Any])


def own_index_options(function: _Function) -> _Function:
    """Add the options that say where an index is."""
    for option in (
        click.option(
            "--storage", metavar="URL", envvar="REWHEEL_STORAGE",
            help="s3://bucket/prefix?endpoint=… [default: a folder in --data]",
        ),
        click.option(
            "--database", metavar="URL", envvar="REWHEEL_DATABASE",
            help="postgresql://… [default: a SQLite file in --data]",
        ),
        click.option(
            "--data", metavar="DIR", type=click.Path(path_type=Path),
            help="The folder of the index. [default: rewheel-index]",
        ),
    ):  # fmt: skip
        function = option(function)
    return function


@contextmanager
def own_index(
    session: Session, *, data: Path | None, database: str | None, storage: str | None, new: bool = False
) -> "Iterator[Services]":
    """Give the index; a `new` one is made where there is none. Raises RewheelError."""
    settings = server_settings(session, data=data, database=database, storage=storage)
    from rewheel.server.catalog.migrating import migrate
    from rewheel.server.services import Services

    if new:
        settings.data.mkdir(parents=True, exist_ok=True)
    elif not settings.database and not (settings.data / "catalog.sqlite3").is_file():
        raise RewheelError(
            f"there is no index in {settings.data}",
            hint="name its folder with --data, or its database with --database",
        )
    services = Services.open(settings)
    try:
        migrate(services.database)
        yield services
    finally:
        services.close()
