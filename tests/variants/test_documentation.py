"""The code in docs/variants.md runs, and prints what is said there."""

import contextlib
import io
import re
from pathlib import Path
from typing import Any

DOCUMENT = Path(__file__).parents[2] / "docs" / "variants.md"
BLOCK = re.compile(r"^```(python|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_examples_print_what_they_promise() -> None:
    blocks = BLOCK.findall(DOCUMENT.read_text(encoding="utf-8"))
    assert len(blocks) > 10
    names: dict[str, Any] = {}
    printed = ""
    for language, text in blocks:
        if language == "python":
            output = io.StringIO()
            with contextlib.redirect_stdout(output):
                exec(compile(text, str(DOCUMENT), "exec"), names)
            printed = output.getvalue()
        else:
            assert printed == text


def test_ranking_takes_ten_lines() -> None:
    text = DOCUMENT.read_text(encoding="utf-8").partition("The ten lines")[2]
    language, code = BLOCK.findall(text)[0]
    assert language == "python"
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
