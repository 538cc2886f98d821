"""Which machines a release is shown for, and what each of them gets, told in as few rows as it takes."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rewheel.server.pages.answers import Answer, answer_of
from rewheel.server.pages.project_page import AnswerGroup
from rewheel.server.pages.variant_table import VariantTable

if TYPE_CHECKING:
    from rewheel.machines import KnownMachine, Machine
    from rewheel.resolution import OfferedWheel
    from rewheel.variants import VariantMetadata

__all__ = ["answer_for", "answer_groups", "pythons_of"]

_KINDS = (
    ("Processors", ("linux", "windows", "macos"), ""),
    ("NVIDIA GPUs", ("cuda",), "nvidia"),
    ("AMD GPUs", ("rocm",), "amd"),
    ("Intel GPUs", ("intel",), "intel"),
    ("Google TPUs", ("tpu",), "tpu"),
    ("Ascend NPUs", ("ascend",), "ascend"),
)
"""Kinds of known machines: title, how their names begin, and the namespace that makes them special."""

_SERIES = range(9, 15)
"""Minor versions of Python 3 that wheels for any of them are shown for."""


def answer_groups(
    wheels: Sequence["OfferedWheel"],
    metadata: "VariantMetadata | None",
    table: VariantTable,
    python: tuple[int, int],
    has_sources: bool,
) -> tuple[tuple[AnswerGroup, ...], str]:
    """Answer for the common machines, kind by kind; also say which kinds are left out.

    Accelerators are shown where a label asks for them: elsewhere such a machine gets what its processor gets.
    """
    from rewheel.machines import known_machines

    used = {column.namespace for column in table.columns}
    groups, silent = [], []
    for title, beginnings, namespace in _KINDS:
        machines = [each for each in known_machines() if each.name.startswith(beginnings)]
        if namespace and namespace not in used:
            silent.append(title)
        elif machines:
            groups.append(AnswerGroup(title, _answers(wheels, metadata, machines, python, has_sources)))
    without = ""
    if silent:
        names = f"{', '.join(silent[:-1])} and {silent[-1]}" if len(silent) > 1 else silent[0]
        without = f"Nothing in this release is made for {names}: such machines get what their processors get."
    return tuple(groups), without


def answer_for(
    wheels: Sequence["OfferedWheel"],
    metadata: "VariantMetadata | None",
    machine: "Machine",
    python: tuple[int, int],
    has_sources: bool,
) -> Answer:
    """Answer for one machine, about every label; raises UnknownPlatform if wheels cannot be made for it."""
    from rewheel.resolution import Recipient, who_gets_what

    outlook = who_gets_what(wheels, metadata, [Recipient(machine.name, machine)], [python])[0]
    about = str(machine.platform)
    return answer_of(outlook, machine=machine.name, about=about, most=1000, has_sources=has_sources)


def _answers(
    wheels: Sequence["OfferedWheel"],
    metadata: "VariantMetadata | None",
    machines: Sequence["KnownMachine"],
    python: tuple[int, int],
    has_sources: bool,
) -> tuple[Answer, ...]:
    from rewheel.resolution import Recipient, who_gets_what

    recipients = [Recipient(each.title, each.machine) for each in machines]
    answers = []
    for outlook in who_gets_what(wheels, metadata, recipients, [python]):
        family, _, which = outlook.recipient.name.partition(", ")
        answers.append(answer_of(outlook, machine=family, about=which, has_sources=has_sources))
    return tuple(_merged(answers))


def _merged(answers: Iterable[Answer]) -> list[Answer]:
    """Make one row of the machines of a family that get the same for the same reasons."""
    rows: dict[tuple[object, ...], Answer] = {}
    for answer in answers:
        key = (answer.machine, answer.label, answer.reason, answer.filename, answer.others)
        known = rows.get(key)
        if known is None:
            rows[key] = answer
        else:
            supports = known.supports if known.supports == answer.supports else ()
            rows[key] = replace(known, about=f"{known.about} · {answer.about}", supports=supports)
    return list(rows.values())


def pythons_of(
    wheels: Iterable["OfferedWheel"], requires_python: str
) -> tuple[tuple[tuple[int, int], ...], tuple[int, int]]:
    """Return the Pythons that a release can be shown for, newest first, and the one to begin with.

    That is the newest of those with the most wheels of their own.
    """
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    own: dict[tuple[int, int], int] = {}
    for wheel in wheels:
        for part in wheel.filename.python.split("."):
            version = _series(part)
            if version is not None and "abi3" not in wheel.filename.abi:
                own[version] = own.get(version, 0) + 1
    try:
        allowed = SpecifierSet(requires_python)
    except InvalidSpecifier:
        allowed = SpecifierSet()
    choices = set(own) or {
        (3, minor) for minor in _SERIES if allowed.contains(f"3.{minor}.99", prereleases=True)
    }
    choices = choices or {(3, _SERIES[-1])}
    first = max(choices, key=lambda version: (own.get(version, 0), version))
    return tuple(sorted(choices, reverse=True)), first


def _series(tag: str) -> tuple[int, int] | None:
    """Return the version that a tag such as cp311 names; None for py3 and for other implementations."""
    digits = tag[3:]
    if tag[:3] != "cp3" or not digits.isascii() or not digits.isdigit() or len(digits) > 2:
        return None
    return (3, int(digits))
