"""The commands that a wheel declares, checked before any of them becomes a file."""

import keyword
import re

from rewheel.installing.errors import InvalidEntryPoints
from rewheel.rows import NamedTuple

__all__ = ["Command", "read_commands"]

_GROUPS = {"console_scripts": False, "gui_scripts": True}
_REFERENCE = re.compile(
    r"(?P<module>[\w.]+)\s*:\s*(?P<attribute>[\w.]+)\s*(?:\[[^\]]*\])?"  # extras are obsolete and ignored
)
# Separators, quotes and what a command line or Windows would take for something else.
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|%]')


class Command(NamedTuple):
    """One command: a function in a module, under a name that is safe as a file name."""

    name: str
    module: str
    attribute: str
    """Dotted path of the function inside the module."""
    graphical: bool


def read_commands(text: str, owner: str) -> list[Command]:
    """Return the commands of an entry_points.txt, sorted by name; other groups are not looked at.

    Raises InvalidEntryPoints, naming `owner`, for text that is no such file, for a name that is no plain file
    name and for a reference that is no `module:function` (entry points specification).
    """
    commands: dict[str, Command] = {}
    section: str | None = None
    for line in text.splitlines():
        stripped = line.strip()
        if not stripped or stripped[0] in "#;":
            continue
        if stripped.startswith("[") and stripped.endswith("]"):
            section = stripped[1:-1].strip()
            continue
        if section is None:
            raise InvalidEntryPoints(owner, f"starts with {stripped[:60]!r}, which is no group")
        if section not in _GROUPS:
            continue
        command = _command(stripped, owner, graphical=_GROUPS[section])
        if commands.setdefault(command.name.lower(), command) != command:
            raise InvalidEntryPoints(owner, f"declares the command {command.name!r} twice")
    return [commands[name] for name in sorted(commands)]


def _command(line: str, owner: str, *, graphical: bool) -> Command:
    name, equals, value = (part.strip() for part in line.partition("="))
    if not equals:
        raise InvalidEntryPoints(owner, f"has {line[:60]!r} where a command is expected")
    if not name or name.startswith(".") or name.endswith(".") or _FORBIDDEN.search(name):
        raise InvalidEntryPoints(owner, f"names a command {name[:60]!r}, which cannot be a file name")
    if len(name.encode("utf-8", "replace")) > 200:
        raise InvalidEntryPoints(owner, f"names a command {name[:20]!r}… that is too long for a file name")
    found = _REFERENCE.fullmatch(value)
    parts = f"{found['module']}.{found['attribute']}".split(".") if found else []
    if found is None or not all(part.isidentifier() and not keyword.iskeyword(part) for part in parts):
        raise InvalidEntryPoints(owner, f"lets {name!r} run {value[:60]!r}, which is no function in a module")
    return Command(name, found["module"], found["attribute"], graphical)
