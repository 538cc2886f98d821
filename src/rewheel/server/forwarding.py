"""What proxies in front of the server say about clients: believed of known ones, and of nobody else."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.types import ASGIApp, Receive, Scope, Send

from rewheel.server.answers import header

__all__ = ["Forwarded", "parse_networks"]

Network = IPv4Network | IPv6Network

_FARTHEST = 20
"""Proxies that one request may have come through; more is somebody's joke."""


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Read addresses and networks such as `127.0.0.1` and `10.0.0.0/8`. Raises ValueError."""
    return tuple(ip_network(text) for text in texts)


class Forwarded:
    """An application that sees the client and the scheme that a trusted proxy saw.

    `X-Forwarded-Proto` gives the scheme. `X-Forwarded-For` is read from its end, where the nearest proxy
    wrote, up to the first address that is no trusted proxy: everything before that may be made up.
    """

    def __init__(self, app: ASGIApp, trusted: Iterable[str]) -> None:
        """Trust these addresses and networks. Raises ValueError for what is neither."""
        self._app = app
        self._networks = parse_networks(trusted)
        self._is_trusted = lru_cache(maxsize=1024)(self._look_up)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        client = scope.get("client") if scope["type"] == "http" else None
        if client and self._is_trusted(client[0]):
            scheme = header(scope, b"x-forwarded-proto").strip().lower()
            if scheme in {"http", "https"}:
                scope["scheme"] = scheme
            if chain := header(scope, b"x-forwarded-for"):
                scope["client"] = (self._nearest_stranger(chain, client[0]), 0)
        await self._app(scope, receive, send)

    def _nearest_stranger(self, chain: str, found: str) -> str:
        for text in reversed(chain.split(",")[-_FARTHEST:]):
            address = _address(text.strip())
            if address is None:
                return found
            found = str(address)
            if not self._is_trusted(found):
                return found
        return found

    def _look_up(self, text: str) -> bool:
        address = _address(text)
        return address is not None and any(address in network for network in self._networks)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text[:60].partition("%")[0])  # whatever may be called a zone
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
