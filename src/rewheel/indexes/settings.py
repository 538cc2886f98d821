"""How the network is to be used; read by others, once, and passed in."""

from collections.abc import Callable, Mapping
from pathlib import Path

from rewheel import __version__
from rewheel.indexes.keyring import KeyringProvider
from rewheel.values import field, frozen

__all__ = ["HttpSettings"]


@frozen(kw_only=True)
class HttpSettings:
    """Limits, trust and helpers of the HTTP client."""

    timeout: float = 30.0
    """Seconds to wait for a connection, or for the next bytes of an answer."""
    retries: int = 3
    """How often a request is tried again after a failure that may pass."""
    backoff: float = 0.25
    """Seconds before the first retry; each further one waits twice as long."""
    max_wait: float = 20.0
    """The longest wait in seconds; a server that asks for more with `Retry-After` is given up."""
    max_redirects: int = 10
    connections: int = 24
    """Requests at the same time, and connections kept open."""
    certificates: Path | None = None
    """A PEM bundle, or a folder of certificates, to trust instead of the system's."""
    client_certificate: Path | None = None
    """A PEM file with certificate and key to show to servers that ask."""
    trusted_hosts: frozenset[str] = frozenset()
    """Hosts, `name` or `name:port`, whose certificate is not checked."""
    proxies: Mapping[str, str] = field(default_factory=dict, repr=False)
    """`http_proxy`, `https_proxy`, `all_proxy`, `no_proxy` as in the environment; other names are ignored."""
    may_reach: Callable[[str, int, str], bool] | None = field(default=None, repr=False)
    """Asked with host, port and IP address before a connection is made, when strangers name what to fetch.

    A proxy looks hosts up itself: behind one only hosts that are addresses are asked about.
    """
    netrc: Path | None = None
    """A file with credentials by host, read when it is first needed."""
    keyring: KeyringProvider = KeyringProvider.DISABLED
    """Whom to ask for a password when a server wants one and no URL or netrc has it."""
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The variables that the keyring's command sees."""
    user_agent: str = f"rewheel/{__version__}"
