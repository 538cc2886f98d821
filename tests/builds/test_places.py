"""Every key and element of a TOML text is found on its line."""

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
import tomli_w
from hypothesis import given, strategies as st

from rewheel.builds.matrix.places import TomlPlaces

TEXT = '''# a comment = [
title = "x"   # line 2
[variant.default-priorities]
namespace = [
    "a",  # ]
    "b",
]

[variant.variants."cu12.8"]
nvidia.sm_arch = ["""
]
""", 'x', { deep = 1, "quoted key" = [ [1], [2] ] }]
[[entries]]
name = "first"
[[entries]]
name = "second"
  [entries.sub]
  when = 1979-05-27 07:32:00
'''


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (("title",), 2),
        (("variant",), 3),
        (("variant", "default-priorities", "namespace"), 4),
        (("variant", "default-priorities", "namespace", 1), 6),
        (("variant", "variants", "cu12.8"), 9),
        (("variant", "variants", "cu12.8", "nvidia"), 10),
        (("variant", "variants", "cu12.8", "nvidia", "sm_arch", 0), 10),
        (("variant", "variants", "cu12.8", "nvidia", "sm_arch", 1), 12),
        (("variant", "variants", "cu12.8", "nvidia", "sm_arch", 2, "quoted key", 1, 0), 12),
        (("entries", 0, "name"), 14),
        (("entries", 1), 15),
        (("entries", 1, "name"), 16),
        (("entries", 1, "sub", "when"), 18),
        (("variant", "variants", "cu12.8", "unknown", "deeper"), 9),
        (("nothing",), 1),
    ],
)
def test_lines(keys: tuple[str | int, ...], line: int) -> None:
    assert TomlPlaces.of(TEXT).line(*keys) == line


def test_spans_are_whole_statements() -> None:
    start, end = TomlPlaces.of(TEXT).span("variant", "default-priorities", "namespace") or (0, 0)
    assert TEXT[start:end] == 'namespace = [\n    "a",  # ]\n    "b",\n]'
    assert "namespace" not in tomllib.loads(TEXT[:start] + TEXT[end:])["variant"]["default-priorities"]


@pytest.mark.parametrize(
    "text", ["", "[", "= 1", "a = ", 'a = "', "a = [1", "[" * 5000, "a = " + "[" * 5000, "\0"]
)
def test_what_is_no_toml_finds_nothing(text: str) -> None:
    assert TomlPlaces.of(text).line("a") == 1


_KEYS = st.text(min_size=1, max_size=6)
_VALUES = st.recursive(
    st.booleans() | st.integers(-9, 9) | st.text(max_size=8) | st.datetimes() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=12,
)


def _places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _places(inner, (*path, key))


@given(st.dictionaries(_KEYS, _VALUES, max_size=4), st.booleans())
def test_nothing_is_overlooked(document: dict[str, Any], multiline: bool) -> None:
    text = tomli_w.dumps(document, multiline_strings=multiline)
    places = TomlPlaces.of(text)
    found = set(places._lines)
    assert found == set(_places(tomllib.loads(text)))
    lines = text.count("\n") + 1
    assert all(1 <= places.line(*path) <= lines for path in found)
    for path in found:
        span = places.span(*path)
        if span is not None and not any(isinstance(key, int) for key in path):
            inner: Any = document
            for key in path:
                inner = inner[key]
            assert places.line(*path) == text.count("\n", 0, span[0]) + 1


@given(st.text(max_size=60))
def test_no_text_is_too_strange(text: str) -> None:
    TomlPlaces.of(text)
