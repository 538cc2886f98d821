"""What a script says about its own dependencies (PEP 723, inline script metadata)."""

import re
import tomllib
from pathlib import Path
from typing import Any

from rewheel.metadata.errors import InvalidScript, MetadataError
from rewheel.metadata.requirements import Requirement
from rewheel.values import frozen

__all__ = ["ScriptMetadata", "parse_script", "read_script"]

_LIMIT = 16 << 20  # bytes
_BLOCK = re.compile(r"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$")
_CODING = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")


@frozen
class ScriptMetadata:
    """The fields that installing needs."""

    requires: tuple[Requirement, ...] = ()
    requires_python: str = ""


def read_script(path: Path) -> ScriptMetadata:
    """Read the block of a script; raises InvalidScript, which names the file."""
    try:
        with path.open("rb") as file:
            data = file.read(_LIMIT + 1)
    except OSError as error:
        raise InvalidScript(f"{path}: cannot be read: {error.strerror or error}") from error
    if len(data) > _LIMIT:
        raise InvalidScript(f"{path}: more than 16 MiB are refused")
    try:
        return parse_script(_text(data))
    except InvalidScript as error:
        raise InvalidScript(f"{path}: {error}", hint=error.hint) from error


def parse_script(text: str) -> ScriptMetadata:
    """Read the block `script` in the text of a script; raises InvalidScript when there is none to use."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    blocks = [match for match in _BLOCK.finditer(text) if match["type"] == "script"]
    if not blocks:
        raise InvalidScript(
            "it has no script metadata", hint="such a block begins with `# /// script` and ends with `# ///`"
        )
    if len(blocks) > 1:
        raise InvalidScript("it has several blocks of script metadata")
    content = "".join(
        line[2:] if line.startswith("# ") else line[1:]
        for line in blocks[0]["content"].splitlines(keepends=True)
    )
    try:
        document = tomllib.loads(content)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InvalidScript(f"its script metadata is not TOML: {error}") from error
    python = document.get("requires-python", "")
    if not isinstance(python, str):
        raise InvalidScript("its requires-python is not a text")
    return ScriptMetadata(tuple(_requirements(document.get("dependencies", []))), python)


def _requirements(items: Any) -> list[Requirement]:  # noqa: ANN401 - whatever the TOML holds
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise InvalidScript("its dependencies are not a list of requirements")
    found = []
    for text in items:
        try:
            requirement = Requirement.parse(text)
        except MetadataError as error:
            raise InvalidScript(str(error), hint=error.hint) from error
        if requirement.marker is not None and requirement.marker.uses_variants:
            raise InvalidScript(
                f"{text}: variant markers are allowed only in the dependencies of a package",
                hint="choose a variant with --variant PROJECT=LABEL",
            )
        found.append(requirement)
    return found


def _text(data: bytes) -> str:
    """Decode a script as Python does (PEP 263)."""
    encoding = "utf-8-sig"
    for line in data.split(b"\n", 2)[:2]:
        if match := _CODING.match(line):
            encoding = match[1].decode("ascii", "replace")
            break
    if encoding.lower() in {"utf-8", "utf8"}:
        encoding = "utf-8-sig"
    try:
        return data.decode(encoding)
    except (UnicodeError, LookupError) as error:
        raise InvalidScript(f"is not text in {encoding}: {error}") from error
