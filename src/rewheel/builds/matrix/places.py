"""Where in a TOML file something stands: `tomllib` gives values without lines, and errors need those."""

import bisect
import re
from typing import Self

__all__ = ["TomlPlaces"]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_BLANK = re.compile(r"[ \t]*")
_GAP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SCALAR = re.compile(r"[^,\]}#\r\n]*")
_MULTILINE = {
    '"""': re.compile(r'"""(?:[^"\\]|\\.|"(?!""))*"{3,5}', re.DOTALL),
    "'''": re.compile(r"'''.*?'{3,5}", re.DOTALL),
}
_SINGLE = {'"': re.compile(r'"(?:[^"\\\n]|\\.)*"'), "'": re.compile(r"'[^'\n]*'")}

Path = tuple[str | int, ...]


class TomlPlaces:
    """The places of keys in a text that `tomllib` has read without complaint.

    A place is named by its keys, those of arrays being numbers: `("project", "classifiers", 2)`. In a text
    that is no TOML, nothing is found, and every question is answered with the first line.
    """

    def __init__(self) -> None:
        self._lines: dict[Path, int] = {}
        self._spans: dict[Path, tuple[int, int]] = {}

    @classmethod
    def of(cls, text: str) -> Self:
        """Look through a text; never raises."""
        places = cls()
        try:
            _Scanner(text, places._lines, places._spans).run()
        except (_LostError, RecursionError):
            places._lines.clear()
            places._spans.clear()
        return places

    def line(self, *keys: str | int) -> int:
        """Return the line, from 1, of a key or element, or of the nearest thing around it that is known."""
        for length in range(len(keys), 0, -1):
            found = self._lines.get(keys[:length])
            if found is not None:
                return found
        return 1

    def span(self, *keys: str | int) -> tuple[int, int] | None:
        """Return where in the text a key with its value begins and ends; `None` for what has no own place."""
        return self._spans.get(keys)


class _LostError(Exception):
    """The text is not what it was taken for."""


class _Scanner:
    """Walks through a text once and notes where keys stand."""

    def __init__(self, text: str, lines: dict[Path, int], spans: dict[Path, tuple[int, int]]) -> None:
        self._text = text
        self._position = 0
        self._lines = lines
        self._spans = spans
        self._breaks = [match.start() for match in re.finditer("\n", text)]
        self._elements: dict[Path, int] = {}
        """How many tables an array of tables has so far."""

    def run(self) -> None:
        prefix: Path = ()
        while True:
            self._skip(_GAP)
            if self._position >= len(self._text):
                return
            if self._text[self._position] == "[":
                prefix = self._header()
            else:
                self._pair(prefix)

    def _header(self) -> Path:
        line = self._line()
        is_array = self._text.startswith("[[", self._position)
        self._position += 2 if is_array else 1
        keys = self._keys()
        self._expect("]]" if is_array else "]")
        path: Path = ()
        for key in keys[:-1]:
            path = self._enter((*path, key))
            self._lines.setdefault(path, line)
        path = (*path, keys[-1])
        if is_array:
            self._lines.setdefault(path, line)
            self._elements[path] = self._elements.get(path, 0) + 1
            path = self._enter(path)
        self._lines[path] = line
        return path

    def _enter(self, path: Path) -> Path:
        """Return the path of the last table of an array of tables."""
        return (*path, self._elements[path] - 1) if path in self._elements else path

    def _pair(self, prefix: Path) -> None:
        start, line = self._position, self._line()
        path = prefix
        for key in self._keys():
            path = (*path, key)
            self._lines.setdefault(path, line)
        self._expect("=")
        self._value(path)
        self._spans[path] = (start, self._position)

    def _keys(self) -> list[str]:
        keys = [self._key()]
        while self._next() == ".":
            self._position += 1
            keys.append(self._key())
        return keys

    def _key(self) -> str:
        quote = self._next()
        if quote in _SINGLE:
            raw = self._match(_SINGLE[quote])
            return raw[1:-1] if quote == "'" else _unescaped(raw)
        return self._match(_BARE)

    def _value(self, path: Path) -> None:
        first = self._next()
        if first in _SINGLE:
            triple = _MULTILINE.get(self._text[self._position : self._position + 3])
            self._match(triple or _SINGLE[first])
        elif first == "[":
            self._array(path)
        elif first == "{":
            self._inline_table(path)
        elif not self._match(_SCALAR).strip():
            raise _LostError

    def _array(self, path: Path) -> None:
        self._position += 1
        index = 0
        while not self._closed("]"):
            self._lines[*path, index] = self._line()
            self._value((*path, index))
            index += 1

    def _inline_table(self, path: Path) -> None:
        self._position += 1
        while not self._closed("}"):
            self._pair(path)

    def _closed(self, bracket: str) -> bool:
        """Step over commas and comments; tell whether that was the end of what the bracket closes."""
        self._skip(_GAP)
        if self._text[self._position : self._position + 1] == ",":
            self._position += 1
            self._skip(_GAP)
        if self._text[self._position : self._position + 1] == bracket:
            self._position += 1
            return True
        return False

    def _next(self) -> str:
        """Step over blanks, and return what follows."""
        self._skip(_BLANK)
        return self._text[self._position : self._position + 1]

    def _expect(self, text: str) -> None:
        self._skip(_BLANK)
        if not self._text.startswith(text, self._position):
            raise _LostError
        self._position += len(text)

    def _match(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._position)
        if match is None:
            raise _LostError
        self._position = match.end()
        return match[0]

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self._text, self._position)
        if match is not None:
            self._position = match.end()

    def _line(self) -> int:
        return bisect.bisect_left(self._breaks, self._position) + 1


def _unescaped(raw: str) -> str:
    import tomllib

    try:
        return str(tomllib.loads(f"key = {raw}")["key"])
    except ValueError as error:
        raise _LostError from error
