"""Where the proxy lets itself be sent."""

import pytest

from rewheel.server.settings import Upstream
from rewheel.server.upstream.reach import Reach, is_public


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "::",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "not an address",
    ],
)
def test_what_only_this_computer_can_see_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_what_anybody_can_see_is_public(address: str) -> None:
    assert is_public(address)


def test_hosts_of_the_operator_may_be_anywhere_but_only_at_their_ports() -> None:
    reach = Reach([Upstream("inside", "http://User:pw@Index.corp:8080/simple/")], ["files.corp"])
    assert reach("index.corp", 8080, "10.0.0.1")
    assert not reach("index.corp", 22, "10.0.0.1")
    assert reach("files.corp", 1234, "10.0.0.2")
    assert not reach("other.corp", 8080, "10.0.0.3")
    assert reach("elsewhere.example", 443, "8.8.8.8")
