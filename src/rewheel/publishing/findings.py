"""What a check found: a code that stays, the file and the place in it, what is wrong, and what to do."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rewheel.publishing.rules import RULES, Rule, Severity

__all__ = ["Collector", "Finding", "Severity", "worst_first"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a maintainer should know about one file."""

    code: str
    """A key of `RULES`, such as "RW101"; its meaning never changes."""
    file: str
    """The name of the file, or what the finding is about where that is no file, such as "foo 1.0"."""
    message: str
    """What is wrong, for people, without the file's name."""
    place: str = ""
    """Where in the file: a member of the archive, a field, a key of a document; may be empty."""
    severity: Severity = Severity.ERROR
    remedy: str = ""

    @property
    def rule(self) -> Rule:
        """What the code means."""
        return RULES[self.code]

    @property
    def is_error(self) -> bool:
        """Whether the file must not be published like this."""
        return self.severity is Severity.ERROR

    def __str__(self) -> str:
        place = f"{self.place}: " if self.place and not self.message.startswith(self.place) else ""
        return f"{self.file}: {place}{self.message}"

    def as_json(self) -> dict[str, str]:
        """Return the finding for programs."""
        return {
            "code": self.code,
            "severity": str(self.severity),
            "file": self.file,
            "place": self.place,
            "message": self.message,
            "remedy": self.remedy,
        }


class Collector:
    """Collects what is found about one file; rules give severity and remedy where nothing else is said."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._found: list[Finding] = []

    def add(
        self,
        code: str,
        message: str,
        place: str = "",
        *,
        severity: Severity | None = None,
        remedy: str = "",
        file: str = "",
    ) -> None:
        """Note one finding of the rule `code`."""
        rule = RULES[code]
        self._found.append(
            Finding(code, file or self.file, message, place, severity or rule.severity, remedy or rule.remedy)
        )

    @property
    def has_errors(self) -> bool:
        """Whether anything was found that forbids publishing."""
        return any(finding.is_error for finding in self._found)

    @property
    def found(self) -> tuple[Finding, ...]:
        """What was found so far."""
        return tuple(self._found)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._found)


_ORDER = {severity: place for place, severity in enumerate(Severity)}


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Sort by severity, then by file and code; findings that are equal are told once."""
    unique = dict.fromkeys(findings)
    return sorted(unique, key=lambda item: (_ORDER[item.severity], item.file, item.code, item.place))
