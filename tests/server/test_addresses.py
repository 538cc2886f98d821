"""Links lead to where clients know the server, and nowhere that a header could invent."""

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from rewheel.server.addresses import base_url
from rewheel.server.errors import Refused
from rewheel.server.settings import ServerSettings


def scope(host: str, **more: object) -> dict[str, object]:
    return {"type": "http", "scheme": "http", "headers": [(b"host", host.encode("utf-8", "replace"))], **more}


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8000", "localhost", "pkg.example.com", "[::1]:8000", "a_b-c.example:65535"]
)
def test_the_host_that_the_client_names(host: str) -> None:
    assert base_url(ServerSettings(data=Path("x")), scope(host)) == f"http://{host}/"


@pytest.mark.parametrize("public", ["https://pkg.example/root", "https://pkg.example/root/"])
def test_the_address_that_the_operator_names(public: str) -> None:
    settings = ServerSettings(data=Path("x"), public_url=public)
    assert base_url(settings, scope("evil.example")) == "https://pkg.example/root/"


@pytest.mark.parametrize(
    "host", ["", "a b", "a/b", "a@b", "a?b", "a#b", 'x"><script>', "a\r\nb", "[::1", "a:b", "a:123456", "ä"]
)
def test_hosts_that_are_none(host: str) -> None:
    with pytest.raises(Refused):
        base_url(ServerSettings(data=Path("x")), scope(host))


@given(st.text(max_size=40))
def test_any_host_gives_a_plain_url_or_nothing(host: str) -> None:
    try:
        found = base_url(ServerSettings(data=Path("x")), scope(host))
    except Refused:
        return
    assert found.count("/") == 3
    assert found.isascii()
    assert "@" not in found
