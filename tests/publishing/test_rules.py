"""The codes are a promise: the table in the code is the table of the documentation."""

import re
from pathlib import Path

import pytest

from rewheel.publishing import RULES, Severity

TEXT = (Path(__file__).parents[2] / "docs/checks.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (RW\d{3}) \| (\w+) \| (.*?) \| (.*?) \|$", TEXT, re.MULTILINE)


def test_the_documentation_has_a_line_for_every_code_and_no_others() -> None:
    assert [row[0] for row in ROWS] == list(RULES)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_line_says_what_the_table_says(row: tuple[str, str, str, str]) -> None:
    code, severity, title, remedy = row
    rule = RULES[code]
    assert (severity, title, remedy) == (rule.severity, rule.title, rule.remedy)


def test_codes_are_in_order_and_say_what_to_do() -> None:
    assert list(RULES) == sorted(RULES)
    for code, rule in RULES.items():
        assert rule.code == code
        assert rule.severity in Severity
        assert rule.meaning.endswith(".")
        assert rule.remedy
        assert not rule.title.endswith(".")
