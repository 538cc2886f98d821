"""Which member names may ever become paths."""

import re
import unicodedata

__all__ = ["folded", "unsafe_reason"]

# One match accepts the names of every honest archive: relative, forward slashes, no empty, `.` or `..`
# part, no control characters, no drive letter. A directory ends with a slash.
_SAFE = re.compile(
    r"(?![A-Za-z]:)"
    r"(?:(?!\.\.?/)[^/\\\x00-\x1f\x7f]+/)*"
    r"(?:(?!\.\.?\Z)[^/\\\x00-\x1f\x7f]+|(?<=/))\Z"
)
_LONGEST = 4096  # bytes; beyond every path limit of the systems we install on


def unsafe_reason(name: str) -> str:
    """Say why a member's name must not become a path; empty for a safe name."""
    if len(name) <= _LONGEST and _SAFE.match(name):
        return ""
    parts = name.removesuffix("/").split("/")
    tests = (
        (not name, "is empty"),
        (len(name) > _LONGEST, "is too long"),
        (any(character < " " or character == "\x7f" for character in name), "has control characters"),
        ("\\" in name, "has a backslash"),
        (name.startswith("/"), "is an absolute path"),
        (name[1:2] == ":", "names a drive"),
        (".." in parts, "leads out of the archive"),
    )
    return next((reason for broken, reason in tests if broken), "has an empty or '.' part")


def folded(name: str) -> str:
    """Return what a file system that ignores case and Unicode form takes the name for."""
    return name.lower() if name.isascii() else unicodedata.normalize("NFC", name).casefold()
