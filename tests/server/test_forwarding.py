"""Proxies are believed what they say about clients, and clients are not."""

import asyncio
from typing import Any

import pytest
from hypothesis import given, strategies as st

from rewheel.server.forwarding import Forwarded

OURS = ("127.0.0.1", "10.0.0.0/8", "fd00::/8")


def seen(client: str | None, *headers: tuple[str, str], trusted: tuple[str, ...] = OURS) -> tuple[str, Any]:
    """Return scheme and client as the application behind sees them."""
    found: list[tuple[str, Any]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        found.append((scope["scheme"], scope["client"] and scope["client"][0]))

    scope = {
        "type": "http",
        "scheme": "http",
        "client": (client, 4711) if client else None,
        "headers": [(name.lower().encode(), value.encode("utf-8", "replace")) for name, value in headers],
    }
    asyncio.run(Forwarded(application, trusted)(scope, None, None))  # type: ignore[arg-type]
    return found[0]


@pytest.mark.parametrize("proxy", ["127.0.0.1", "10.1.2.3", "fd00::7", "::ffff:10.1.2.3"])
def test_a_known_proxy_is_believed(proxy: str) -> None:
    said = ("X-Forwarded-Proto", "https"), ("X-Forwarded-For", "203.0.113.7")
    assert seen(proxy, *said) == ("https", "203.0.113.7")


@pytest.mark.parametrize("client", ["198.51.100.1", "127.0.0.2", "::1", "", "a socket"])
def test_nobody_else_is(client: str) -> None:
    said = ("X-Forwarded-Proto", "https"), ("X-Forwarded-For", "203.0.113.7")
    assert seen(client, *said) == ("http", client or None)
    assert seen("127.0.0.1", *said, trusted=()) == ("http", "127.0.0.1")


@pytest.mark.parametrize(
    ("chain", "expected"),
    [
        ("203.0.113.7, 10.0.0.1", "203.0.113.7"),  # two proxies of ours, one behind the other
        ("127.0.0.1, 203.0.113.7", "203.0.113.7"),  # what the client claims comes before what it is
        ("evil, 203.0.113.7", "203.0.113.7"),
        ("evil, 10.0.0.1", "10.0.0.1"),
        ("evil", "127.0.0.1"),
        (" , ", "127.0.0.1"),
        ("10.0.0.2,10.0.0.1", "10.0.0.2"),
        ("2001:db8::5", "2001:db8::5"),
        (", ".join(["203.0.113.7", *["10.0.0.1"] * 500]), "10.0.0.1"),
    ],
)
def test_who_is_behind_several_proxies(chain: str, expected: str) -> None:
    assert seen("127.0.0.1", ("X-Forwarded-For", chain)) == ("http", expected)


@given(st.text(max_size=200), st.text(max_size=20))
def test_whatever_is_said_there_is_an_address_and_a_scheme(chain: str, scheme: str) -> None:
    found, client = seen("127.0.0.1", ("X-Forwarded-For", chain), ("X-Forwarded-Proto", scheme))
    assert found in {"http", "https"}
    assert set(client) <= set("0123456789abcdef.:")


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(ValueError, match="proxy"):
        Forwarded(None, ["proxy.example.com"])  # type: ignore[arg-type]
