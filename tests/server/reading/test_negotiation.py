"""Which form a client gets, and packed how (PEP 691, and RFC 9110)."""

import pytest
from hypothesis import given, strategies as st

from rewheel.server.errors import Refused
from rewheel.server.reading.negotiation import Encoding, Form, choose_encoding, choose_form

PIP = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"
UV = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", Form.LEGACY),
        ("*/*", Form.LEGACY),
        (BROWSER, Form.LEGACY),
        (PIP, Form.JSON),
        (UV, Form.JSON),
        ("application/vnd.pypi.simple.latest+json", Form.JSON),
        ("application/vnd.pypi.simple.latest+html", Form.HTML),
        ("APPLICATION/vnd.pypi.simple.V1+JSON", Form.JSON),
        ("application/vnd.pypi.simple.v1+json;q=0.5, text/html", Form.LEGACY),
        ("application/vnd.pypi.simple.v1+json;q=0, */*;q=0.1", Form.LEGACY),
        ("text/html;q=0, */*", Form.JSON),
        ("application/*", Form.JSON),
        ("text/*;q=0.3, application/vnd.pypi.simple.v2+json", Form.LEGACY),
    ],
)
def test_the_accept_header_chooses(accept: str, form: Form) -> None:
    assert choose_form(accept) is form


@pytest.mark.parametrize(
    "accept",
    ["application/json", "application/vnd.pypi.simple.v2+json", "text/html;q=0", "text/html;q=wrong"],
)
def test_what_there_is_not_is_refused(accept: str) -> None:
    with pytest.raises(Refused) as refused:
        choose_form(accept)
    assert refused.value.status == 406
    assert "application/vnd.pypi.simple.v1+json" in refused.value.hint


def test_the_address_overrules_the_header() -> None:
    assert choose_form("text/html", "format=application/vnd.pypi.simple.v1%2Bjson") is Form.JSON
    with pytest.raises(Refused):
        choose_form(PIP, "format=json")


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("", Encoding.IDENTITY),
        ("identity", Encoding.IDENTITY),
        ("gzip, deflate", Encoding.GZIP),
        ("gzip, deflate, br, zstd", Encoding.ZSTD),
        ("zstd;q=0.5, gzip", Encoding.GZIP),
        ("zstd;q=0, gzip;q=0", Encoding.IDENTITY),
        ("*", Encoding.ZSTD),
        ("br", Encoding.IDENTITY),
    ],
)
def test_the_densest_packing_that_is_liked_most(accepted: str, encoding: Encoding) -> None:
    assert choose_encoding(accepted) is encoding


@given(st.text())
def test_no_header_makes_trouble(text: str) -> None:
    choose_encoding(text)
    try:
        choose_form(text, text)
    except Refused as refused:
        assert refused.status == 406
