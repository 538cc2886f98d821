"""Versions of file names and metadata, compared by PEP 440."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging.version import Version

__all__ = ["version_of"]


def version_of(text: str) -> "Version | None":
    """Return the PEP 440 version, or None for text that is none."""
    from packaging.version import Version

    try:
        return Version(text)
    except ValueError:  # InvalidVersion, or a number too long for Python
        return None
