"""Running a server: its first start, its worker processes, and its end."""

import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from sqlalchemy import Connection

from rewheel.server.blobs.opening import open_blobs
from rewheel.server.catalog import accounts, facts, tokens
from rewheel.server.catalog.database import Database
from rewheel.server.catalog.migrating import migrate
from rewheel.server.errors import ServerError, UnusableStore
from rewheel.server.operating.metrics import shared_measures
from rewheel.server.services import Services
from rewheel.server.settings import ServerSettings

__all__ = ["Prepared", "prepare", "serve"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the first start of an index has made."""

    is_first_start: bool
    admin_token: str = ""
    """The secret of the first administrator, if it was made up just now; empty otherwise."""
    warnings: Sequence[str] = ()
    """What is wrong with files of a folder that is served."""


def prepare(settings: ServerSettings) -> Prepared:
    """Create what is missing: folders, tables, and an administrator.

    May be done by several processes at once, and is needed before any of them serves. Raises UnusableStore.
    """
    try:
        settings.data.mkdir(parents=True, exist_ok=True)
        settings.spool.mkdir(exist_ok=True, mode=0o700)
    except OSError as error:
        raise UnusableStore(f"{settings.data}: {error.strerror or error}") from error
    if settings.directory is not None:
        return _prepare_folder(settings)
    _check_attestations(settings)
    open_blobs(settings).close()  # a URL that makes no sense is said now, and not by every worker
    database = Database(settings.database_url, connections=2)
    try:
        is_first = migrate(database)
        with database.write() as connection:
            facts.instance_id(connection)
            made_up = _let_in_administrator(connection, settings.admin_token)
    finally:
        database.close()
    return Prepared(is_first, made_up)


def _check_attestations(settings: ServerSettings) -> None:
    """Make sure that attestations can be verified and shown, if they are wanted; raises UnusableStore."""
    if settings.attestations_root is None:
        return
    from rewheel.server.attestations import Verifier

    address = urlsplit(settings.public_url)
    if address.scheme != "https" and address.hostname not in {"localhost", "127.0.0.1", "::1"}:
        raise UnusableStore(
            "attestations can only be listed under a complete and secure address (PEP 740)",
            hint="set `public-url` to the https address of this server, or leave `attestations-root` out",
        )
    Verifier(settings.attestations_root, settings.publishers).load()


def _prepare_folder(settings: ServerSettings) -> Prepared:
    """Fill the catalog of a folder for the first time."""
    from rewheel.server.folder import scan

    warnings: list[str] = []
    services = Services.open(settings)
    try:
        migrate(services.database)
        scan(services, warnings.append)
    finally:
        services.close()
    return Prepared(is_first_start=False, warnings=warnings)


def _let_in_administrator(connection: Connection, secret: str) -> str:
    """Let the configured secret be the administrator's; make one up if there is none at all."""
    account = accounts.find_or_create(connection, accounts.ADMIN, is_admin=True)
    if secret:
        if tokens.identify(connection, secret) is None:
            tokens.create(connection, account, secret, name="REWHEEL_ADMIN_TOKEN")
        return ""
    if tokens.exist(connection, account):
        return ""
    made_up = tokens.new_secret()
    tokens.create(connection, account, made_up, name="first start")
    return made_up


def serve(settings: ServerSettings, on_ready: Callable[[str, Prepared], None] | None = None) -> None:
    """Serve until a signal says stop; then requests that are under way are finished.

    `on_ready` is told the URL once it answers. Raises ServerError when the port is taken.
    """
    from rewheel.server.processes import run_processes

    with ExitStack() as stack:
        if settings.directory is not None:  # what is known of a folder is gone with the server
            folder = stack.enter_context(TemporaryDirectory(prefix="rewheel-serve-"))
            settings = replace(settings, data=Path(folder), database="", storage="")
        reserved = stack.enter_context(_reserve(settings))
        stack.enter_context(shared_measures())
        prepared = prepare(settings)
        host, port = reserved.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host

        def announce() -> None:
            if on_ready is not None:
                on_ready(f"http://{shown}:{port}/", prepared)

        run_processes(settings, port, announce)


def _reserve(settings: ServerSettings) -> socket.socket:
    """Hold the port, so that nobody else's server shares it with ours without knowing.

    The workers listen with SO_REUSEPORT, which would let any two servers of one user do so: hence the first
    try without it.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    address = (settings.host, settings.port)
    try:
        with socket.socket(family, socket.SOCK_STREAM) as alone:
            alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            alone.bind(address)
        shared = socket.socket(family, socket.SOCK_STREAM)
        if hasattr(socket, "SO_REUSEPORT"):
            shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        shared.bind(address)
    except OSError as error:
        raise ServerError(
            f"cannot listen at {settings.host}, port {settings.port}: {error.strerror or error}",
            hint="choose another port with --port; 0 takes a free one",
        ) from error
    return shared
