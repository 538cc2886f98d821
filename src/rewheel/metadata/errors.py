"""What can be wrong with what a distribution says about itself.

MetadataError
    InvalidCoreMetadata     METADATA or PKG-INFO cannot be used (also a ValueError)
    InvalidRequirement      a text is not a dependency specifier (also a ValueError)
    InvalidDependencyGroup  a dependency group does not exist or cannot be used (also a ValueError)
    InvalidScript           a script's metadata is missing or cannot be used (also a ValueError)
"""

from rewheel.errors import RewheelError

__all__ = [
    "InvalidCoreMetadata",
    "InvalidDependencyGroup",
    "InvalidRequirement",
    "InvalidScript",
    "MetadataError",
]

_LONGEST_QUOTE = 120


class MetadataError(RewheelError):
    """Something that a distribution says about itself is wrong."""


class InvalidCoreMetadata(MetadataError, ValueError):
    """Core metadata cannot be used; `reason` says why."""

    def __init__(self, reason: str, *, hint: str = "") -> None:
        super().__init__(f"core metadata: {reason}", hint=hint)
        self.reason = reason


class InvalidRequirement(MetadataError, ValueError):
    """A text is not a dependency specifier (PEP 508); `text` is what was read, `reason` says why."""

    def __init__(self, text: str, reason: str) -> None:
        shown = text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…"
        super().__init__(f"requirement {shown!a}: {reason}")
        self.text = text
        self.reason = reason


class InvalidDependencyGroup(MetadataError, ValueError):
    """A dependency group does not exist or cannot be used."""


class InvalidScript(MetadataError, ValueError):
    """A script's metadata is missing or cannot be used."""
