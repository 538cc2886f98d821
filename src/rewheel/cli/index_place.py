"""Which index a command manages: one whose server is asked, or one of this computer."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urlencode

import click

from rewheel.cli.session import Session
from rewheel.errors import RewheelError, UsageError
from rewheel.values import frozen

if TYPE_CHECKING:
    from rewheel.indexes.answers import Response

__all__ = ["IndexPlace", "index_place_options"]

_F = TypeVar("_F", bound=Callable[..., object])


def index_place_options(command: _F) -> _F:
    """Add the options that name the index; their values go to the command."""
    for option in reversed((
        click.option("--server", metavar="URL", default="", help="Ask the server at this address."),
        click.option("--token", metavar="TOKEN", default="", help="With --server. [env: REWHEEL_TOKEN]"),
        click.option(
            "--data", metavar="DIR", type=click.Path(path_type=Path),
            help="The folder of an index of this computer. [default: rewheel-index]",
        ),
        click.option(
            "--database", metavar="URL", envvar="REWHEEL_DATABASE", default="",
            help="The database of an index, instead of one in --data.",
        ),
    )):  # fmt: skip
        command = option(command)
    return command


@frozen
class IndexPlace:
    """An index that is managed."""

    session: Session
    server: str
    token: str
    data: Path | None
    database: str

    def ask(
        self,
        method: str,
        *path: str,
        document: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Mapping[str, Any]:
        """Ask for an operation; parts of the path may hold anything. Raises RewheelError."""
        if any(part in {"", ".", ".."} or "/" in part for part in path):
            raise UsageError("a name must not be empty, and has no '/' in it")
        if self.server:
            return self._ask_server(method, path, document, query)
        from rewheel.cli.server_settings import server_settings

        settings = server_settings(self.session, data=self.data, database=self.database or None)
        from rewheel.server.operator import Operator

        with Operator(settings) as operator:
            return operator.ask(method, "/".join(path), document, query)

    def _ask_server(
        self,
        method: str,
        path: tuple[str, ...],
        document: Mapping[str, Any] | None,
        query: Mapping[str, str] | None,
    ) -> Mapping[str, Any]:
        from rewheel.indexes.credentials import basic
        from rewheel.indexes.forms import DocumentBody

        client = self.session.client
        try:
            base = client.learn(self.server).rstrip("/")
        except ValueError as error:
            raise UsageError(f"--server: {error}") from error
        if not base.startswith(("https://", "http://")):
            raise UsageError("--server is an http or https URL")
        token = self.token or self.session.environ.get("REWHEEL_TOKEN", "")
        url = f"{base}/api/{'/'.join(quote(part, safe='') for part in path)}"
        if query:
            url += f"?{urlencode(query)}"
        body = DocumentBody(document if document is not None or method in {"GET", "DELETE"} else {})
        login = basic("__token__", token) if token else ""
        return _content(url, client.send(url, body, login=login, method=method))


def _content(url: str, response: "Response") -> Mapping[str, Any]:
    """Return what a server answered; raises RewheelError with its own words."""
    import json

    try:
        found = json.loads(response.body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise RewheelError(
            f"{url}: the server answered {response.status}, and not as a rewheel server does",
            hint="--server is the address of its root, without /simple/",
        )
    if response.status >= 300:
        error, hint = found.get("error"), found.get("hint")
        raise RewheelError(
            error[:2000] if isinstance(error, str) else f"the server answered {response.status}",
            hint=hint[:2000] if isinstance(hint, str) else "",
        )
    return found
