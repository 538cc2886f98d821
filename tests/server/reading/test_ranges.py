"""Which parts of a file are asked for."""

import pytest
from hypothesis import given, strategies as st

from rewheel.server.reading.ranges import MOST_PARTS, Part, Unsatisfiable, parse_ranges


@pytest.mark.parametrize(
    ("header", "parts"),
    [
        ("bytes=0-9", [(0, 10)]),
        ("bytes=90-", [(90, 100)]),
        ("bytes=-10", [(90, 100)]),
        ("bytes=-1000", [(0, 100)]),
        ("bytes=50-1000", [(50, 100)]),
        ("Bytes = 0-0, 99-99", [(0, 1), (99, 100)]),
        ("bytes=99-, 0-1", [(99, 100), (0, 2)]),
        ("bytes=0-1,500-", [(0, 2)]),
    ],
)
def test_parts(header: str, parts: list[tuple[int, int]]) -> None:
    assert [(part.start, part.end) for part in parse_ranges(header, 100)] == parts


@pytest.mark.parametrize(
    "header",
    ["", "bytes=", "bytes=-", "bytes=9-1", "lines=1-2", "bytes=a-b", "bytes=1-2-3", "bytes=0-5,3-9",
     "bytes=" + ",".join(f"{n}-{n}" for n in range(MOST_PARTS + 1)), "bytes=" + "1" * 30 + "-"],
)  # fmt: skip
def test_what_is_malformed_or_greedy_gets_the_whole(header: str) -> None:
    assert parse_ranges(header, 100) == ()


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=-0", "bytes=200-300,500-"])
def test_beyond_the_end_there_is_nothing(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        parse_ranges(header, 100)


@given(st.text(alphabet="0123456789-, =bytes"), st.integers(0, 1000))
def test_parts_lie_inside_the_file_and_apart(text: str, size: int) -> None:
    try:
        parts = sorted(parse_ranges(f"bytes={text}", size), key=lambda part: part.start)
    except Unsatisfiable:
        return
    assert all(0 <= part.start < part.end <= size for part in parts)
    assert sum(part.length for part in parts) <= size


def test_a_part_says_where_it_is() -> None:
    assert Part(2, 5).content_range(10) == "bytes 2-4/10"
