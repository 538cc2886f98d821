"""The operator at the machine itself, who needs no token: whoever may write the database may do anything."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from rewheel.server.catalog import accounts
from rewheel.server.catalog.migrating import NEWEST, revision
from rewheel.server.catalog.tokens import Identity
from rewheel.server.errors import UnusableStore
from rewheel.server.services import Services
from rewheel.server.settings import ServerSettings
from rewheel.server.writing.management import Management

__all__ = ["Operator"]


class Operator:
    """Asks for the same operations as everybody else, of an index whose server need not run."""

    def __init__(self, settings: ServerSettings) -> None:
        """Open the index; raises UnusableStore when there is none. Nothing is created."""
        if not settings.database and not (settings.data / "catalog.sqlite3").is_file():
            raise UnusableStore(
                f"there is no index in {settings.data}",
                hint="name its folder with --data, its database with --database, or its server with --server",
            )
        self._services = Services.open(settings)
        try:
            self._check()
            with self._services.database.write() as connection:
                account_id = accounts.find_or_create(connection, accounts.ADMIN, is_admin=True)
            self._identity = Identity(account_id, accounts.ADMIN, is_admin=True, token_id=0)
        except BaseException:
            self._services.close()
            raise
        self._management = Management(self._services)

    def _check(self) -> None:
        with self._services.database.read() as connection:
            found = revision(connection)
        if found != NEWEST:
            raise UnusableStore(
                "the database is not of the form that this version works with",
                hint="start the server once with this version: `rewheel serve` brings it up to date",
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._services.close()

    def ask(
        self,
        method: str,
        path: str,
        document: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Mapping[str, Any]:
        """Do what `Management.answer` does."""
        return self._management.answer(self._identity, method, path, document, query)
