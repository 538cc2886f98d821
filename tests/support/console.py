"""The shell blocks of a page of docs/, to be run as they stand there.

A comment in front of a block says who runs it: `<!-- run by make acceptance -->`, or `<!-- not run: why -->`.
"""

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Block", "console_blocks", "toml_blocks"]

_BLOCK = re.compile(
    r"^## (?P<heading>[^\n]+)$"
    r"|(?:^<!-- (?P<note>[^>]+?) -->\n)?^```(?P<kind>console|toml)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Block:
    """Commands that stand together."""

    section: str
    commands: tuple[str, ...]
    note: str = ""
    """What the comment in front of it says."""

    @property
    def runs_always(self) -> bool:
        """Whether it needs nothing but what all tests have."""
        return not self.note

    @property
    def runs_in_acceptance(self) -> bool:
        """Whether it needs tools from elsewhere."""
        return self.note == "run by make acceptance"


def console_blocks(page: Path) -> list[Block]:
    """Return the blocks of a page in their order; what is printed in them is left out."""
    found, section = [], ""
    for match in _BLOCK.finditer(page.read_text(encoding="utf-8")):
        if match["heading"]:
            section = match["heading"]
        elif match["kind"] == "console":
            lines = match["text"].replace("\\\n", " ").splitlines()
            commands = tuple(line.removeprefix("$ ") for line in lines if line.startswith("$ "))
            note = match["note"] or ""
            assert not note or note == "run by make acceptance" or note.startswith("not run: "), note
            found.append(Block(section, commands, note))
    return found


def toml_blocks(page: Path) -> list[str]:
    """Return the configuration files of a page."""
    return [m["text"] for m in _BLOCK.finditer(page.read_text(encoding="utf-8")) if m["kind"] == "toml"]
