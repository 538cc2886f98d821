"""What can be wrong with labels, names, properties, markers and variant metadata.

The family, so that a reader can choose what to catch:

    VariantsError
        InvalidFilename, InvalidLabel, InvalidProperty, InvalidMarker    also ValueError
        UndefinedMarkerVariable, UnknownLabel                            also LookupError
        InvalidMetadata                                                  also ValueError; has findings
            UnsupportedSchema
        InconsistentMetadata                                             has findings
"""

from typing import TYPE_CHECKING

from rewheel.errors import RewheelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewheel.variants.findings import Finding

__all__ = [
    "InconsistentMetadata",
    "InvalidFilename",
    "InvalidLabel",
    "InvalidMarker",
    "InvalidMetadata",
    "InvalidProperty",
    "UndefinedMarkerVariable",
    "UnknownLabel",
    "UnsupportedSchema",
    "VariantsError",
    "quoted",
]

_LONGEST_QUOTE = 100


def quoted(value: object) -> str:
    """Show foreign data inside a message: in quotes, escaped to printable ASCII, and never long."""
    if isinstance(value, str):
        clipped = value if len(value) <= _LONGEST_QUOTE else value[:_LONGEST_QUOTE]
        return ascii(clipped) + ("…" if clipped is not value else "")
    return type(value).__name__


class VariantsError(RewheelError):
    """Something about variants is wrong."""


class InvalidFilename(VariantsError, ValueError):
    """A file name is not that of a wheel or of an index file."""

    def __init__(self, filename: str, reason: str) -> None:
        super().__init__(f"{quoted(filename)}: {reason}")
        self.filename = filename
        self.reason = reason


class InvalidLabel(VariantsError, ValueError):
    """A text cannot be a variant label."""

    def __init__(self, label: str) -> None:
        super().__init__(
            f"{quoted(label)} is not a variant label",
            hint="use lowercase letters, digits, '_' or '.'",
        )
        self.label = label


class InvalidProperty(VariantsError, ValueError):
    """A text or a name cannot be (part of) a variant property."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(f"{quoted(text)} is not a variant property: {reason}")
        self.text = text
        self.reason = reason


class InvalidMarker(VariantsError, ValueError):
    """A text is not an environment marker, or uses a comparison that has no meaning."""

    def __init__(self, marker: str, reason: str, position: int | None = None) -> None:
        place = "" if position is None else f" at character {position + 1}"
        super().__init__(f"marker {quoted(marker)}: {reason}{place}")
        self.marker = marker
        self.reason = reason
        self.position = position


class UndefinedMarkerVariable(VariantsError, LookupError):
    """A marker was evaluated against an environment that lacks one of its variables."""

    def __init__(self, variable: str) -> None:
        super().__init__(f"the environment has no value for the marker variable {variable!r}")
        self.variable = variable


class UnknownLabel(VariantsError, LookupError):
    """Metadata was asked for a label that it does not list."""

    def __init__(self, label: str, known: "Sequence[str]") -> None:
        shown = ", ".join(sorted(known)[:10]) or "none"
        super().__init__(f"there is no variant {quoted(label)}", hint=f"known variants: {shown}")
        self.label = label
        self.known = tuple(known)


class _HasFindings(VariantsError):
    def __init__(self, subject: str, findings: "Sequence[Finding]") -> None:
        fatal = [finding for finding in findings if finding.fatal] or list(findings)
        story = str(fatal[0]) if fatal else "no details"
        more = f" (and {len(fatal) - 1} more)" if len(fatal) > 1 else ""
        super().__init__(f"{subject}: {story}{more}")
        self.findings = tuple(findings)


class InvalidMetadata(_HasFindings, ValueError):
    """Variant metadata cannot be used; `findings` holds everything that was found, also what is harmless."""

    def __init__(self, findings: "Sequence[Finding]") -> None:
        super().__init__("invalid variant metadata", findings)


class UnsupportedSchema(InvalidMetadata):
    """Variant metadata is of a major version that must not be read."""


class InconsistentMetadata(_HasFindings):
    """Pieces of metadata that describe one release contradict each other."""

    def __init__(self, findings: "Sequence[Finding]") -> None:
        super().__init__("inconsistent variant metadata", findings)
