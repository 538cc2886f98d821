"""What was found in a document: a list for whoever has to repair it, instead of the first problem alone."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Finding", "Findings", "path_of"]

_MOST_FINDINGS = 500
_BARE = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-$"


class Finding(NamedTuple):
    """One problem of a document.

    `code` is stable and meant for programs, `path` says where (`variants."cu12.8".nvidia.sm_arch`), and
    `message` is for people. A document with a `fatal` finding must not be used or published; the other
    findings are tolerated by readers.
    """

    code: str
    path: str
    message: str
    fatal: bool

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class Findings:
    """Collects findings while a document is walked; stops listening when there are far too many."""

    __slots__ = ("_found", "_skipped", "is_fatal")

    def __init__(self) -> None:
        self._found: list[Finding] = []
        self._skipped = 0
        self.is_fatal = False
        """Whether any finding forbids the use of the document."""

    def fatal(self, code: str, path: str, message: str) -> None:
        """Note something that makes the document unusable."""
        self._note(Finding(code, path, message, fatal=True))

    def tolerated(self, code: str, path: str, message: str) -> None:
        """Note something that is wrong or odd, but harmless to a reader."""
        self._note(Finding(code, path, message, fatal=False))

    def _note(self, finding: Finding) -> None:
        # A fatal finding is always worth keeping when none has been kept yet.
        if len(self._found) < _MOST_FINDINGS or (finding.fatal and not self.is_fatal):
            self._found.append(finding)
        else:
            self._skipped += 1
        self.is_fatal = self.is_fatal or finding.fatal

    def as_list(self) -> list[Finding]:
        """Return what was found, in the order of the document."""
        if not self._skipped:
            return list(self._found)
        more = Finding("too-many-findings", "", f"{self._skipped} more findings are not listed", fatal=False)
        return [*self._found, more]

    def __iter__(self) -> "Iterator[Finding]":
        return iter(self.as_list())


def path_of(*keys: object) -> str:
    """Write where something stands: `path_of("variants", "cu12.8")` is `variants."cu12.8"`."""
    parts: list[str] = []
    for key in keys:
        if isinstance(key, int):
            parts[-1:] = [f"{parts[-1] if parts else ''}[{key}]"]
            continue
        text = str(key)
        if text and not text.strip(_BARE) and len(text) <= 100:
            parts.append(text)
        else:
            clipped = text if len(text) <= 100 else f"{text[:100]}..."
            parts.append(f'"{ascii(clipped)[1:-1]}"')
    return ".".join(parts)
