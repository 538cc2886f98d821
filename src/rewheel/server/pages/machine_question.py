"""And my machine? A machine file that a visitor sends, and what that machine would get of a release."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.requests import Request

from rewheel.errors import RewheelError
from rewheel.server.errors import Refused
from rewheel.server.pages.answers import Answer
from rewheel.server.pages.forms import FormFile, read_form
from rewheel.server.pages.recipients import answer_for, pythons_of
from rewheel.server.pages.wording import sentence

if TYPE_CHECKING:
    from rewheel.server.pages.gathering import Gathered

__all__ = ["Answered", "MachineQuestion", "read_question"]

_LARGEST_FILE = 64 << 10
"""Bytes of a machine file here; real ones have four thousand or so."""
_LARGEST_BODY = 2 * _LARGEST_FILE + (8 << 10)


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer, and what the form around it shows."""

    name: str
    display_name: str
    version: str
    python: str
    pythons: tuple[str, ...]
    answer: Answer | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class MachineQuestion:
    """A machine file and the Python to choose for; nothing of it has been looked at yet."""

    content: bytes
    filename: str
    python: str

    def answer(self, gathered: "Gathered") -> Answered:
        """Choose for the machine; what is wrong with the file is part of the answer."""
        pythons, first = pythons_of(gathered.wheels, gathered.details.requires_python)
        words = ["{}.{}".format(*version) for version in pythons]
        python = pythons[words.index(self.python)] if self.python in words else first
        answer, problem = None, ""
        try:
            answer = self._ask(gathered, python)
        except RewheelError as error:
            problem = " ".join(sentence(part) for part in (error.message, error.hint) if part)
        return Answered(
            gathered.project.name,
            gathered.project.display_name,
            gathered.release.version,
            "{}.{}".format(*python),
            tuple(words),
            answer,
            problem,
        )

    def _ask(self, gathered: "Gathered", python: tuple[int, int]) -> Answer:
        from rewheel.machines import parse_machine_file

        if not self.content.strip():
            raise Refused(400, "there is no machine file", hint="choose one, or paste its content")
        machine = parse_machine_file(self.content, self.filename, {})
        if machine.platform is None:
            raise Refused(
                400,
                f"{self.filename} does not say which platform it describes",
                hint="save it anew with `rewheel machine save`, or add a [platform] table",
            )
        return answer_for(gathered.wheels, gathered.metadata, machine, python, gathered.has_sources)


async def read_question(request: Request, *, patience: float) -> MachineQuestion:
    """Read the form; raises Refused when it is too large, too slow or no form."""
    form = await read_form(request, limit=_LARGEST_BODY, patience=patience)
    content, filename = b"", "the machine file"
    file = form.get("file")
    if isinstance(file, FormFile):
        content, filename = file.content, _shown(file.filename or filename)
    text = form.get("text")
    if not content.strip() and isinstance(text, str):
        content = text.encode()
    if len(content) > _LARGEST_FILE:
        raise Refused(413, f"a machine file has at most {_LARGEST_FILE >> 10} KiB here")
    python = form.get("python")
    return MachineQuestion(content, filename, python[:10] if isinstance(python, str) else "")


def _shown(filename: str) -> str:
    """Return a file's name as it may be repeated: its last part, short and printable."""
    name = filename.replace("\\", "/").rpartition("/")[2]
    return "".join(character for character in name[:80] if character.isprintable()) or "the machine file"
