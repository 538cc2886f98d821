"""What a detector gives back, and the override variables that they all treat alike."""

import re
from collections.abc import Iterable, Mapping

from rewheel.machines.host import Host
from rewheel.machines.support import Origin, OriginKind
from rewheel.values import field, frozen

__all__ = ["Detection", "MalformedOverride", "baseline", "known_from", "nothing", "override", "words"]

_VALUE = re.compile(r"[a-z0-9_.]+")


@frozen
class Detection:
    """Ordered features with ordered values, where they are known from, and what the user should hear."""

    features: Mapping[str, tuple[str, ...]]
    origin: Origin
    warnings: tuple[str, ...] = field(default=())


class MalformedOverride(Exception):  # noqa: N818 - it says what was found, and never leaves this room
    """An override variable holds something that it cannot mean; the namespace is then unsupported."""

    def __init__(self, variable: str, value: str, expected: str) -> None:
        super().__init__(f"{variable} is set to {value[:80]!r}, which is not {expected}")
        self.variable = variable


def override(host: Host, variable: str, expected: str, pattern: re.Pattern[str] = _VALUE) -> str:
    """Read an override variable; "" when it is unset, empty or blank.

    Raises MalformedOverride, saying that `expected` was expected, if all of it does not match `pattern`.
    """
    value = host.environ.get(variable, "").strip()
    if value and not pattern.fullmatch(value):
        raise MalformedOverride(variable, value, expected)
    return value


def known_from(overrides: Iterable[str], detected: Iterable[str]) -> Origin:
    """Say where features are known from when some may be overridden and others detected."""
    overrides, detected = tuple(dict.fromkeys(overrides)), tuple(dict.fromkeys(detected))
    kind = OriginKind.OVERRIDE if overrides else OriginKind.DETECTOR
    return Origin(kind, " and ".join((*overrides, *detected)))


def nothing(host: Host, detail: str, *warnings: str) -> Detection:
    """Support nothing, because whoever was asked (`detail`) knows of nothing, or nobody could be asked."""
    if host.is_blind:
        return Detection({}, Origin(OriginKind.UNKNOWN, "not known of another machine"))
    return Detection({}, Origin(OriginKind.DETECTOR, detail), warnings)


def baseline(host: Host, features: Mapping[str, tuple[str, ...]]) -> Detection:
    """Support what every machine of the architecture supports, because more cannot be found out."""
    return Detection(features, Origin(OriginKind.DETECTOR, f"the {host.arch} baseline"))


def words(text: str) -> tuple[str, ...]:
    """Split a table of words that is written as text."""
    return tuple(text.split())
