"""From the words of the command line to a check of a release."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rewheel.errors import UsageError

if TYPE_CHECKING:
    from rewheel.cli.session import Session
    from rewheel.publishing.checkup import Checkup, Questions

__all__ = ["checked", "explained", "questions"]


def questions(
    session: "Session",
    *,
    limits: str = "none",
    ignored: Sequence[str] = (),
    machines: Sequence[Path] = (),
    pythons: Sequence[str] = (),
    content: bool = True,
) -> "Questions":
    """Read what the release is to be held against; raises UsageError and MachineFileError."""
    from rewheel.publishing.checkup import Questions
    from rewheel.publishing.limits import Limits
    from rewheel.resolution import Recipient

    recipients = []
    for path in machines:
        machine = session.machine_at(session.cwd / path)
        if machine.platform is None:
            raise UsageError(f"{path}: does not say which platform its machine has", hint="add [platform]")
        recipients.append((machine.name, Recipient(str(path), machine)))
    return Questions(
        limits=Limits.parse(limits),
        content=content,
        recipients=tuple(recipients),
        pythons=tuple(map(_python, pythons)),
        ignored=frozenset(map(_code, ignored)),
    )


def checked(session: "Session", place: str, project: str, asked: "Questions") -> "Checkup":
    """Check a folder, or a project of an index; raises RewheelError when it cannot be read."""
    from rewheel.publishing.checkup import check_directory

    if not _is_url(place):
        if project:
            raise UsageError("--project is for the URL of an index; in a folder everything is checked")
        return check_directory(session.cwd / place, asked)
    from rewheel.indexes import IndexSource
    from rewheel.publishing.index_checks import check_index
    from rewheel.variants import normalize_project

    name, _, version = (part.strip() for part in project.partition("=="))
    root = place
    if not name:
        root, _, name = place.rstrip("/").rpartition("/")
    source = IndexSource(root, session.client)
    return check_index(source, normalize_project(name), session.client, asked, version=version)


def _is_url(place: str) -> bool:
    return place.lower().startswith(("http://", "https://"))


def explained(code: str) -> Iterator[str]:
    """Explain a code; raises UsageError for one that there is not."""
    from rewheel.cli.release_view import rule_lines
    from rewheel.publishing import RULES

    return rule_lines(RULES[_code(code)])


def _code(text: str) -> str:
    from rewheel.publishing import RULES

    code = text.strip().upper()
    if code not in RULES:
        raise UsageError(f"{text!r} is no code of a check", hint="docs/checks.md lists them, from RW101 on")
    return code


def _python(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"3\.([0-9]{1,2})", text.strip())
    if match is None:
        raise UsageError(f"--python-version {text!r}: expected a version such as 3.12")
    return 3, int(match[1])
