"""The plain way to ask for an installation, which is understood without loading a parser.

Only what most people write most of the time: requirements, and options whose meaning hangs on nothing else.
Whatever is not certainly of this kind is left to the real parser, whose answer would be the same.
"""

# This module runs before everything else: it imports nothing, the typing module least of all.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["PlainWords", "read_plain_words"]

_QUIET = frozenset({"-q", "--quiet"})
_DRY_RUN = "--dry-run"
_FLAGS: "dict[str, tuple[str, bool]]" = {
    "--no-index": ("no_index", True),
    "--offline": ("offline", True),
    "--compile": ("compile", True),
    "--no-compile": ("compile", False),
}
"""The setting of each flag, and what it is set to."""
_OPTIONS = {
    "-i": "index_url",
    "--index-url": "index_url",
    "--cache-dir": "cache_dir",
    "--link-mode": "link_mode",
    "--python": "python",
}
"""The setting of each option with a value, of which the last one counts."""
_LISTS = {
    "-f": "find_links",
    "--find-links": "find_links",
    "--extra-index-url": "extra_index_urls",
}
"""The setting of each option that may be repeated."""


class PlainWords:
    """What a plain command line asks for."""

    __slots__ = ("dry_run", "flags", "quiet", "requirements")

    def __init__(self) -> None:
        self.requirements: list[str] = []
        self.flags: dict[str, object] = {}
        """By field of the settings, as the parser gives them."""
        self.quiet = 0
        """How often quiet was asked for."""
        self.dry_run = False

    def _flag(self, word: str) -> bool:
        """Take a word that stands for itself, if it does."""
        if word in _QUIET:
            self.quiet += 1
        elif word == _DRY_RUN:
            self.dry_run = True
        elif word in _FLAGS:
            name, value = _FLAGS[word]
            self.flags[name] = value
        else:
            return False
        return True

    def _option(self, name: str, value: str) -> bool:
        """Take an option with its value, if it is a known one."""
        if name in _OPTIONS:
            self.flags[_OPTIONS[name]] = value
        elif name in _LISTS:
            earlier = self.flags.get(_LISTS[name], ())
            assert isinstance(earlier, tuple)
            self.flags[_LISTS[name]] = (*earlier, value)
        else:
            return False
        return True


def read_plain_words(arguments: "Sequence[str]") -> "PlainWords | None":
    """Read the words of a command line, the command first; None for what takes a parser."""
    if not arguments or arguments[0] != "install":
        return None
    found = PlainWords()
    words = iter(arguments[1:])
    for word in words:
        if word and not word.startswith("-"):
            found.requirements.append(word)
        elif not found._flag(word):  # noqa: SLF001 - of our own class
            name, has_value, value = word.partition("=")
            if not has_value or not name.startswith("--"):
                name, value = word, next(words, "")
            if not value or value.startswith("-") or not found._option(name, value):  # noqa: SLF001
                return None
    return found if found.requirements else None
