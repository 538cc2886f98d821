"""What people see: results on standard output, everything about the way there on standard error."""

import json
import re
import threading
from collections.abc import Mapping
from typing import TextIO

from rewheel.errors import RewheelError

__all__ = ["Output", "Style", "plain"]

_UNPRINTABLE = r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
_VARIABLES = r"\$\{\w+\}(:\$\{\w+\})?"
_LOGIN = r"(?<=://)[^\s/?#]+(?=@)"


class Style:
    """The few looks that a word may have on a terminal that knows them."""

    BOLD = "1"
    FAINT = "2"
    GOOD = "32"
    BAD = "1;31"
    CAUTION = "33"
    ADVICE = "36"


class Output:
    """Prints lines. Every text is made printable first, because much of it comes from strangers' files.

    `verbosity` is 0 unless `-v` (up) or `-q` (down) was given. Narration (`say`) is the story of what is
    done: a result of commands whose result is a change, and silent with `-q`. A command whose standard
    output is for a machine sets `narrate_to_stderr`.
    """

    def __init__(self, stdout: TextIO, stderr: TextIO, environ: Mapping[str, str]) -> None:
        self.verbosity = 0
        self.narrate_to_stderr = False
        self.warnings = 0
        """How many warnings there were, printed or not."""
        self._stdout = stdout
        self._stderr = stderr
        self._lock = threading.RLock()
        self._status = ""
        is_dumb = environ.get("TERM") == "dumb"
        has_colours = not (is_dumb or environ.get("NO_COLOR"))
        self._colours = {stream: has_colours and _is_terminal(stream) for stream in {stdout, stderr}}
        self._can_redraw = not is_dumb and _is_terminal(stderr)

    @property
    def is_quiet(self) -> bool:
        """Whether only results, warnings and errors are wanted."""
        return self.verbosity < 0

    @property
    def shows_status(self) -> bool:
        """Whether somebody watches a terminal on which a line may come and go."""
        return not self.is_quiet and self._can_redraw

    def result(self, text: str = "") -> None:
        """Print a line that was asked for."""
        self._write(self._stdout, plain(text))

    def json(self, value: object) -> None:
        """Print a JSON document that was asked for."""
        self._write(self._stdout, json.dumps(value, indent=2, ensure_ascii=True))

    def say(self, text: str, *, style: str = "") -> None:
        """Print a line of the story, unless quiet."""
        if not self.is_quiet:
            stream = self._stderr if self.narrate_to_stderr else self._stdout
            self._write(stream, self._styled(stream, plain(text), style))

    def announce(self, text: str) -> None:
        """Print a line at once, before what another program writes to the same place."""
        self.result(text)
        self._stdout.flush()

    def detail(self, text: str, level: int = 1) -> None:
        """Print a step for those who asked for this much by `-v`."""
        if self.verbosity >= level:
            self._write(self._stderr, self._styled(self._stderr, plain(text), Style.FAINT))

    def warning(self, text: str) -> None:
        """Print something that the user should know although the work goes on; silent with `-qq`."""
        self.warnings += 1
        if self.verbosity > -2:
            self._labelled("warning", text, Style.CAUTION)

    def error(self, text: str, hint: str = "") -> None:
        """Print why the command stops and, if there is a way on, what to do next."""
        self._labelled("error", text, Style.BAD)
        if hint:
            self._labelled("hint", hint, Style.ADVICE)

    def traceback(self, error: BaseException) -> None:
        """Print the whole story of an exception, for those who asked for it."""
        import traceback

        for line in "".join(traceback.format_exception(error)).splitlines():
            self._write(self._stderr, plain(line))

    def status(self, text: str) -> None:
        """Show `text` on a line that the next output replaces; an empty text removes it."""
        with self._lock:
            if self._status or text:
                self._stderr.write("\r\x1b[K" + plain(text)[:78])
                self._stderr.flush()
            self._status = text

    def ask(self, question: str) -> bool | None:
        """Ask a yes-or-no question on the terminal; `None` when nobody is there to answer."""
        import sys

        if not (_is_terminal(sys.stdin) and _is_terminal(self._stderr)):
            return None
        with self._lock:
            self._stderr.write(f"{plain(question)} [y/N] ")
            self._stderr.flush()
        return sys.stdin.readline().strip().lower() in {"y", "yes"}

    def flush(self) -> None:
        """Hand over what is buffered; raises BrokenPipeError when nobody reads it."""
        try:
            self._stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise RewheelError(f"the output cannot be written: {error.strerror or error}") from error
        self._stderr.flush()

    def _labelled(self, label: str, text: str, style: str) -> None:
        first, *rest = text.split("\n")
        self._write(self._stderr, f"{self._styled(self._stderr, label + ':', style)} {plain(first)}")
        for line in rest:
            indent = "" if line.startswith(" ") else "  "
            self._write(self._stderr, f"{indent}{plain(line)}")

    def _styled(self, stream: TextIO, text: str, style: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if style and self._colours[stream] else text

    def _write(self, stream: TextIO, line: str) -> None:
        with self._lock:
            if self._status:
                self._stderr.write("\r\x1b[K")
                self._status = ""
            try:
                stream.write(line + "\n")
                if stream is self._stderr:
                    stream.flush()
            except BrokenPipeError:
                raise
            except OSError as error:
                raise RewheelError(f"the output cannot be written: {error.strerror or error}") from error


def plain(text: str) -> str:
    """Make visible what could move the cursor, forge a line or turn letters around, and hide logins in URLs.

    Whoever makes a message leaves secrets out of it; this is for text that nobody took for a URL.
    """
    if "@" in text and "://" in text:
        text = re.sub(_LOGIN, _without_password, text)
    return re.sub(_UNPRINTABLE, lambda match: match.group().encode("unicode_escape").decode(), text)


def _without_password(login: re.Match[str]) -> str:
    user, colon, password = login.group().partition(":")
    if re.fullmatch(_VARIABLES, login.group()):  # what a requirements file says instead of a secret
        return login.group()
    if (user, password) in {("git", ""), ("user", "password")}:  # as everybody writes it, and our hints do
        return login.group()
    return f"{user}:****" if colon else "****"


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # closed by whoever started us
        return False
