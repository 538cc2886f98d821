"""What an interpreter of a new virtual environment would say, concluded from what a sibling said.

All environments that one Python makes in one way differ in where they lie, and in nothing else that we ask
for: so after one of them was asked, the others need not be. What could make a difference is part of the
name of the family (the real interpreter, the words of `pyvenv.cfg`) or among its witnesses (files of the
standard library), or speaks against the conclusion: modules in the environment that run at its start.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["adopt", "family_of", "generalise", "witnesses"]

_HERE = "\0"
"""Stands for the environment's folder; no path has such a character."""
_TOLD = frozenset({"command", "prompt"})
"""Lines of `pyvenv.cfg` that only tell how an environment came to be."""
_LARGEST_CONFIGURATION = 64 * 1024
_STARTERS = ("sitecustomize", "usercustomize", "_manylinux")
_PLACES = ("purelib", "platlib", "scripts", "data", "headers")


def family_of(executable: Path) -> str | None:
    """Name what the environment of this interpreter shares with its siblings; None if it has none.

    Only environments in the layout of POSIX have siblings, under the absolute path of their interpreter, and
    without the packages of the Python that they were made from.
    """
    if os.name != "posix" or executable.parent.name != "bin":
        return None
    if not executable.is_absolute() or os.path.normpath(executable) != str(executable):
        return None
    if (executable.parent / "pyvenv.cfg").exists():
        return None
    try:
        with (executable.parent.parent / "pyvenv.cfg").open(encoding="utf-8") as file:
            text = file.read(_LARGEST_CONFIGURATION + 1)
    except (OSError, ValueError):
        return None
    if len(text) > _LARGEST_CONFIGURATION or _HERE in text:
        return None
    lines = {}
    for line in text.splitlines():
        name, _, value = line.partition("=")
        lines[name.strip().lower()] = value.strip()
    if lines.get("include-system-site-packages", "").lower() != "false":
        return None
    kept = sorted(f"{name}={value}" for name, value in lines.items() if name not in _TOLD)
    return "\0".join([executable.name, os.path.realpath(executable), *kept])


def generalise(facts: Mapping[str, Any], executable: Path) -> dict[str, Any] | None:
    """Take the environment's folder out of what its interpreter says; None if nothing can be concluded."""
    home = str(executable.parent.parent)
    if facts.get("executable") != str(executable) or facts.get("prefix") != home:
        return None
    paths = facts.get("paths")
    if not isinstance(paths, dict) or not all(_is_inside(paths.get(name), home) for name in _PLACES):
        return None
    general = {**facts, "executable": _HERE, "prefix": _HERE}
    general["paths"] = {name: _HERE + str(path)[len(home) :] for name, path in paths.items()}
    if any(home in text for text in _texts(general)) or _has_starters(paths):
        return None
    return general


def adopt(general: Mapping[str, Any], executable: Path) -> dict[str, Any] | None:
    """Conclude what the interpreter would say; None if something in its environment speaks against that."""
    home = str(executable.parent.parent)
    paths = general.get("paths")
    if not isinstance(paths, dict):
        return None
    own = {name: home + str(path).removeprefix(_HERE) for name, path in paths.items()}
    if _has_starters(own):
        return None
    return {**general, "executable": str(executable), "prefix": home, "paths": own}


def witnesses(facts: Mapping[str, Any]) -> list[Path]:
    """List the files of the standard library that change with it, or that may change what it says."""
    library = Path(str(facts.get("stdlib")))
    return [library / name for name in ("os.py", "site.py", "sysconfig.py", "sitecustomize.py")]


def _has_starters(paths: Mapping[str, object]) -> bool:
    """Tell whether an environment has modules that run when its interpreter starts, or that it asks."""
    for folder in {str(paths.get("purelib")), str(paths.get("platlib"))}:
        try:
            names = os.listdir(folder)  # noqa: PTH208 - only names are needed
        except FileNotFoundError:
            continue
        except OSError:
            return True
        if any(name.endswith(".pth") or name.startswith(_STARTERS) for name in names):
            return True
    return False


def _is_inside(path: object, home: str) -> bool:
    return isinstance(path, str) and (path == home or path.startswith(f"{home}/"))


def _texts(value: object) -> list[str]:
    """List all texts in a document."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for each in (*value.keys(), *value.values()) for text in _texts(each)]
    if isinstance(value, list | tuple):
        return [text for each in value for text in _texts(each)]
    return []
