"""The settings of an index server: the command line over the environment over configuration files."""

from pathlib import Path
from typing import TYPE_CHECKING

from rewheel.cli.session import Session
from rewheel.errors import RewheelError

if TYPE_CHECKING:
    from rewheel.server import ServerSettings

__all__ = ["server_settings"]


def server_settings(session: Session, *, directory: Path | None = None, **flags: object) -> "ServerSettings":
    """Put them together; flags that are None were not given. Raises RewheelError."""
    try:
        from rewheel.server import ServerSettings
        from rewheel.server.configuring import read_choices
    except ImportError as error:
        raise RewheelError(
            f"the server needs {error.name or error}, which is not installed",
            hint="`pip install 'rewheel[server]'` installs all that it needs",
        ) from error
    configured = session.settings
    chosen = read_choices(configured.server, configured.origins.get("server", ""), session.environ)
    if (log_format := flags.pop("log_format", None)) is not None:  # weaker than what was chosen
        chosen.setdefault("log_format", log_format)
    chosen |= {name: value for name, value in flags.items() if value is not None}
    chosen["data"] = session.cwd / chosen.get("data", "rewheel-index")
    certificates = chosen.pop("certificates", configured.cert)
    return ServerSettings(
        directory=session.cwd / directory if directory is not None else None,
        admin_token=session.environ.get("REWHEEL_ADMIN_TOKEN", ""),
        upstream_proxies=session.proxies(),
        certificates=session.cwd / certificates if certificates is not None else None,
        **chosen,
    )
