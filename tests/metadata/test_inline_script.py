"""Inline script metadata: found where Python's own reference finds it."""

import re
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from rewheel.errors import RewheelError
from rewheel.metadata.errors import InvalidScript
from rewheel.metadata.inline_script import parse_script, read_script

SCRIPT = """\
#!/usr/bin/env python3
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "requests<3",
#   "rich; python_version >= '3'",
# ]
# ///
import requests
"""


@pytest.mark.parametrize(
    "text", [SCRIPT, SCRIPT.replace("\n", "\r\n"), SCRIPT + "# ///\n", "\n\nx = 1\n" + SCRIPT]
)
def test_the_block_is_read(text: str) -> None:
    found = parse_script(text)
    assert [str(each) for each in found.requires] == ["requests<3", 'rich; python_version >= "3"']
    assert found.requires_python == ">=3.11"


def test_other_blocks_and_tables_are_left_alone() -> None:
    text = "# /// other\n# not toml at all\n# ///\n\n# /// script\n# [tool.x]\n# y = 1\n# ///\n"
    assert parse_script(text).requires == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "it has no script metadata"),
        ("# /// script\n# dependencies = []\n", "it has no script metadata"),
        ("# /// script\n# dependencies = [\n# ///\n", "is not TOML"),
        (SCRIPT + "\n" + SCRIPT, "it has several blocks"),
        ("# /// script\n# dependencies = 'x'\n# ///\n", "are not a list"),
        ("# /// script\n# dependencies = [3]\n# ///\n", "are not a list"),
        ("# /// script\n# dependencies = ['???']\n# ///\n", "does not start with a project name"),
        ("# /// script\n# requires-python = 3\n# ///\n", "requires-python is not a text"),
        ("# /// script\n# dependencies = [\"x; variant_label == 'y'\"]\n# ///\n", "variant markers"),
    ],
)
def test_what_cannot_be_used(text: str, problem: str) -> None:
    with pytest.raises(InvalidScript, match=problem):
        parse_script(text)


def test_encodings(tmp_path: Path) -> None:
    path = tmp_path / "script.py"
    text = "# coding: latin-1\n# é\n" + SCRIPT
    path.write_bytes(text.encode("latin-1"))
    assert len(read_script(path).requires) == 2
    path.write_bytes(b"\xef\xbb\xbf" + SCRIPT.encode())
    assert len(read_script(path).requires) == 2
    for data in (b"# coding: nonsense\n", b"\xff\xfe", SCRIPT.encode("utf-16")):
        path.write_bytes(data)
        with pytest.raises(InvalidScript, match=re.escape(str(path))):
            read_script(path)
    with pytest.raises(InvalidScript, match="cannot be read"):
        read_script(tmp_path)


@given(
    st.lists(st.sampled_from(["# /// script", "# ///", "#", "# x = 1", "#x", "", "# dependencies = []", "y"]))
)
def test_blocks_are_those_of_the_reference(lines: list[str]) -> None:
    text = "\n".join(lines)
    # The pattern that the standard gives.
    reference = r"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$"
    count = len(list(re.finditer(reference, text)))
    try:
        parse_script(text)
    except RewheelError as error:
        assert count != 1 or "TOML" in str(error)
    else:
        assert count == 1
