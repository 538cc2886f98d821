"""Where the proxy lets itself be sent: the operator's hosts, and other hosts only in the public network.

An upstream index's pages say where its files are, and redirects say where to go on. Neither may lead to what
only this server can see: itself, the neighbours in its network, the metadata service of its cloud.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from rewheel.server.settings import Upstream

__all__ = ["Reach", "is_public"]


class Reach:
    """Tells whether a host may be connected to at an address; asked for every connection made."""

    def __init__(self, upstreams: Iterable[Upstream], hosts: Iterable[str] = ()) -> None:
        """Trust the hosts of the upstream indexes, and `hosts`, each `name` or `name:port`."""
        named = (_host(upstream.url) for upstream in upstreams)
        self._hosts = frozenset(host.lower() for host in (*named, *hosts) if host)

    def __call__(self, host: str, port: int, address: str) -> bool:
        """Answer for a connection to `host`, as a URL names it, at the IP `address`."""
        return self.is_named(host, port) or is_public(address)

    def is_named(self, host: str, port: int) -> bool:
        """Tell whether the operator has named a host, at this port or at all."""
        return not self._hosts.isdisjoint({host.lower(), f"{host.lower()}:{port}"})


_TRANSLATED = IPv6Network("64:ff9b::/96")
"""IPv4 addresses as seen through a translator (RFC 6052)."""
_TRANSLATED_HERE = IPv6Network("64:ff9b:1::/48")
"""The same, for translators of one network alone (RFC 8215): which address is meant only they know."""


def is_public(address: str) -> bool:
    """Tell whether anybody in the world could have connected to the IP address just as well."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found in _TRANSLATED_HERE:
        return False
    inner = _inner(found) if isinstance(found, IPv6Address) else found
    return all(one.is_global and not one.is_multicast for one in (found, inner) if one is not None)


def _inner(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 address stands for, if it does."""
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


def _host(url: str) -> str:
    """Return host and port of an index's URL, the port also where it is the usual one."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"{parts.hostname}:{port}" if parts.hostname else ""
