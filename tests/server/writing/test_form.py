"""Forms are read the same however their bytes arrive, and what merely looks like one is refused."""

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from rewheel.server.errors import Refused
from rewheel.server.writing.form import FormReader

BOUNDARY = "b-0"
DELIMITER = b"\r\n--b-0"
pieces_of_limits = st.lists(
    st.sampled_from([b"\r", b"\n", b"-", b"--", b"b", b"-0", b"b-0", b"\r\n", b"\r\n--", b"x", b"\0"]),
    max_size=12,
).map(b"".join)
contents = (st.binary(max_size=60) | pieces_of_limits).filter(
    lambda content: DELIMITER not in b"\r\n" + content
)
names = st.text(
    st.characters(codec="utf-8", exclude_characters='"\\%\r\n', exclude_categories=["Cc", "Cs"]),
    min_size=1,
    max_size=8,
)


def part(disposition: str, content: bytes, *more: str) -> bytes:
    head = "\r\n".join(["", f"Content-Disposition: form-data; {disposition}", *more, "", ""])
    return DELIMITER + head.encode() + content


def whole(*parts: bytes, end: bytes = DELIMITER + b"--\r\n") -> bytes:
    return (b"".join(parts) + end)[2:]


def read(body: bytes, *cuts: int) -> tuple[dict[str, list[str]], str, bytes, dict[str, list[str]]]:
    """Feed a form cut at some places; return its fields, its file, and the fields that came before that."""
    found: list[bytes] = []
    begun: list[tuple[str, dict[str, list[str]]]] = []

    async def begin(filename: str, fields: dict[str, list[str]]):
        begun.append((filename, {name: list(values) for name, values in fields.items()}))

        async def sink(piece: bytes) -> None:
            assert len(piece)
            found.append(bytes(piece))

        return sink

    async def feed() -> FormReader:
        reader = FormReader(f"multipart/form-data; boundary={BOUNDARY}", begin)
        places = sorted({0, len(body), *(cut % (len(body) + 1) for cut in cuts)})
        for start, end in pairwise(places):
            await reader.feed(body[start:end])
        reader.finish()
        return reader

    reader = asyncio.run(feed())
    filename, before = begun[0] if begun else ("", {})
    return reader.fields, filename, b"".join(found), before


@given(
    st.lists(st.tuples(names, contents), max_size=4), names, contents, st.lists(st.integers(0), max_size=20)
)
def test_however_it_arrives(
    fields: list[tuple[str, bytes]], filename: str, content: bytes, cuts: list[int]
) -> None:
    parts = [part(f'name="{name}"', value) for name, value in fields]
    file = part(f'name="content"; filename="{filename}"', content, "Content-Type: application/x-wheel")
    late = part('name="late"', b"after")
    expected: dict[str, list[str]] = {}
    for name, value in fields:
        expected.setdefault(name, []).append(value.decode("utf-8", "replace"))
    found = read(whole(*parts, file, late), *cuts)
    assert found[1:] == (filename, content, expected)
    expected.setdefault("late", []).append("after")
    assert found[0] == expected


def test_byte_by_byte_and_as_a_whole() -> None:
    body = whole(part('name="a"', b"1"), part('name="content"; filename="f"', b"\r\n--b-\r\r\n-" * 99))
    assert read(body, *range(len(body))) == read(body)


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('name="a"', "a"),
        ("name=a", "a"),
        ('name="a\\"b"', 'a"b'),
        ('name="é"; more=1', "é"),
    ],
)
def test_names_may_be_written_in_several_ways(disposition: str, name: str) -> None:
    assert read(whole(part(disposition, b"1")))[0] == {name: ["1"]}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--b",
        b"--b-0--",
        b"--c-0--\r\n",
        whole(part('name="a"', b"1"), end=b""),
        whole(part('name="a"', b"1"), end=DELIMITER),
        whole(part('name="a"', b"1"), end=DELIMITER + b"-"),
        whole(part('name="a"', b"1"), end=DELIMITER + b"x--\r\n"),
        whole(DELIMITER + b"\r\n\r\n1"),
        whole(DELIMITER + b"\r\nX-Other: 1\r\n\r\n1"),
        whole(DELIMITER + b"\r\nno header\r\n\r\n1"),
        whole(part('name=""', b"1")),
        whole(part('name="a"', b"1", 'Content-Disposition: form-data; name="b"')),
        whole(part('filename="a"', b"1")),
        whole(part('name="other"; filename="a"', b"1")),
        whole(*[part('name="content"; filename="a"', b"1")] * 2),
        whole(*[part('name="a"', b"")] * 2001),
        whole(part('name="a"', b"1", f"X-Long: {'x' * 20_000}")),
    ],
)
def test_what_is_refused(body: bytes) -> None:
    if body == b"--b-0--":  # a form without anything in it
        assert read(body) == ({}, "", b"", {})
        return
    with pytest.raises(Refused) as caught:
        read(body)
    assert caught.value.status == 400


def test_fields_are_not_endless() -> None:
    with pytest.raises(Refused, match="too long"):
        read(whole(part('name="a"', b"x" * (5 << 20))))
    with pytest.raises(Refused, match="too long"):
        read(whole(*[part('name="a"', b"x" * (4 << 20))] * 5))
