"""Requirements files, as pip reads them: nested ones, constraints, hashes, and options of the index."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rewheel.cli.requirements import Place, UnnamedPlace, read_requirement
from rewheel.config import redact_url
from rewheel.errors import RewheelError, UsageError
from rewheel.values import field, frozen, mutable

if TYPE_CHECKING:
    from rewheel.cli.requirements_place import Fetch, FilePlace, UrlPlace
    from rewheel.metadata import Requirement

__all__ = ["Asked", "RequirementsFileError", "read_config_settings", "read_requirements_file"]

_LARGEST_FILE = 16 << 20  # bytes
_COMMENT = r"(^|\s+)#.*$"
_VARIABLE = r"\$\{([A-Z0-9_]+)\}"
_CODING = rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)"
_DIGEST_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}

_VALUE_OPTIONS = {
    "-i": "index_url",
    "--index-url": "index_url",
    "--pypi-url": "index_url",
    "--extra-index-url": "extra_index_urls",
    "-f": "find_links",
    "--find-links": "find_links",
    "--trusted-host": "trusted_hosts",
    "--only-binary": "only_binary",
    "--no-binary": "no_binary",
    "-r": "requirements",
    "--requirement": "requirements",
    "-c": "constraints",
    "--constraint": "constraints",
    "-e": "editable",
    "--editable": "editable",
    "--use-feature": "ignored",
}
_FLAG_OPTIONS = {
    "--no-index": "no_index",
    "--pre": "pre",
    "--require-hashes": "require_hashes",
    "--prefer-binary": "prefer_binary",
}
_LISTS = frozenset({"extra_index_urls", "find_links", "trusted_hosts", "no_binary", "only_binary"})
_SETTINGS_OPTIONS = frozenset({"-C", "--config-setting", "--config-settings"})


class RequirementsFileError(UsageError):
    """A line of a requirements file cannot be understood."""

    def __init__(self, place: "FilePlace | UrlPlace", line: int, problem: str, *, hint: str = "") -> None:
        super().__init__(f"{place}:{line}: {problem}" if line else f"{place}: {problem}", hint=hint)
        self.place = place
        self.line = line


@mutable
class Asked:
    """What is asked for, gathered from the command line and from files."""

    requirements: list["Requirement"] = field(default_factory=list)
    constraints: list["Requirement"] = field(default_factory=list)
    hashes: dict[str, frozenset[str]] = field(default_factory=dict)
    """By project the digests, as `sha256:…`, that its file may have."""
    without_hash: list[tuple[str, str]] = field(default_factory=list)
    """The project of each requirement that came without any, and the requirement as it was written."""
    origins: dict[str, str] = field(default_factory=dict)
    """Where requirements and constraints stand that are not of the command line, by their text."""
    options: dict[str, object] = field(default_factory=dict)
    """Settings that files give, by field."""
    unnamed: list[Place] = field(default_factory=list)
    """Paths and URLs whose project only a look into them can tell."""
    editable: set[str] = field(default_factory=set)
    """URLs of the folders that are to be installed as they stand."""
    config_settings: dict[str, Mapping[str, str | list[str]]] = field(default_factory=dict)
    """What build backends are told, by project, or by URL while the project is not known."""

    def add(self, text: str, base: Path, *, editable: bool = False) -> "Requirement | Place":
        """Ask for what a text names; a path counts from `base`. Raises RewheelError."""
        found: Requirement | Place
        try:
            found = read_requirement(text, base, editable=editable)
            self.requirements.append(found)
        except UnnamedPlace as error:
            found = error.place
            self.unnamed.append(found)
        if editable:
            self.editable.add(found.url)
        return found

    def tell_backends(self, settings: Mapping[str, str | list[str]]) -> None:
        """Let settings hold for everything that is asked for and has none; not for what that needs."""
        if settings:
            for requirement in self.requirements:
                self.config_settings.setdefault(requirement.project, settings)
            for place in self.unnamed:
                self.config_settings.setdefault(place.url, settings)

    def allow_hashes(self, project: str, digests: frozenset[str], *, narrow: bool) -> None:
        """Let the project's file have one of these digests; `narrow` keeps only what was allowed before."""
        known = self.hashes.get(project)
        if known is None:
            self.hashes[project] = digests
        else:
            self.hashes[project] = known & digests if narrow else known | digests


def read_requirements_file(
    path: Path | str,
    asked: Asked,
    *,
    environ: Mapping[str, str],
    constraints: bool = False,
    base: Path | None = None,
    fetch: "Fetch | None" = None,
) -> None:
    """Add to `asked` what the file says, and the files that it names.

    A relative path counts from `base` or the current folder. A URL needs `fetch`. Raises
    `RequirementsFileError`, which names the line.
    """
    from rewheel.cli.requirements_place import place_of

    place = place_of(str(path), base or Path(), fetch)
    _read_file(place, asked, environ, constraints=constraints, open_files=())


def _read_file(
    place: "FilePlace | UrlPlace",
    asked: Asked,
    environ: Mapping[str, str],
    *,
    constraints: bool,
    open_files: tuple[str, ...],
) -> None:
    if place.key in open_files:
        raise RequirementsFileError(place, 0, "the file names itself, directly or through others")
    for number, line in _lines(_text(place), environ):
        try:
            words = _split(line)
            if words.options and not words.requirement:
                for name, value in _options(words.options):
                    if name in {"requirements", "constraints"}:
                        _read_file(
                            place.beside(value),
                            asked,
                            environ,
                            constraints=constraints or name == "constraints",
                            open_files=(*open_files, place.key),
                        )
                    elif name == "editable":
                        if constraints:
                            raise UsageError(f"-e {value}: a constraint cannot be editable")
                        _add_text(asked, value, place, number, editable=True)
                    else:
                        _set_option(asked, name, value, place.folder)
            else:
                _add(asked, words, place, number, constraints=constraints)
        except RequirementsFileError:
            raise
        except RewheelError as error:
            raise RequirementsFileError(place, number, str(error), hint=error.hint) from error


def _text(place: "FilePlace | UrlPlace") -> str:
    if str(place).endswith((".whl", ".whlx")):
        raise UsageError(f"{place}: is a wheel, not a file of requirements", hint="name it without -r")
    try:
        data = place.read(_LARGEST_FILE)
    except RewheelError as error:
        raise RequirementsFileError(place, 0, str(error), hint=error.hint) from error
    if len(data) > _LARGEST_FILE:
        raise RequirementsFileError(place, 0, "a requirements file of more than 16 MiB is refused")
    encoding = "utf-8-sig"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    else:
        for line in data.split(b"\n", 2)[:2]:
            if match := re.match(_CODING, line):
                encoding = match[1].decode("ascii", "replace")
    try:
        return data.decode(encoding)
    except (UnicodeError, LookupError) as error:
        raise RequirementsFileError(place, 0, f"is not text in {encoding}: {error}") from error


def _lines(text: str, environ: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    """Yield whole lines, continued and without comments, with the number of their first physical line."""
    start, parts = 0, list[str]()
    for number, physical in enumerate(text.splitlines(), 1):
        start = start or number
        is_comment = physical.lstrip().startswith("#")
        if physical.endswith("\\") and not is_comment:
            parts.append(physical[:-1].rstrip() + " ")
            continue
        # A comment ends a continued line without being part of it.
        parts.append("" if is_comment else physical)
        if line := _finished(parts, environ):
            yield start, line
        start, parts = 0, []
    if line := _finished(parts, environ):
        yield start, line


def _finished(parts: list[str], environ: Mapping[str, str]) -> str:
    line = re.sub(_COMMENT, "", "".join(parts)).strip()
    return re.sub(_VARIABLE, lambda match: environ.get(match[1]) or match[0], line)


@frozen
class _Line:
    requirement: str
    options: tuple[str, ...]


def _split(line: str) -> _Line:
    """Part a line where its options begin, as pip does: at the first word that begins with a dash."""
    match = re.search(r"(^|\s)-", line)
    requirement = line if match is None else line[: match.start()]
    try:
        import shlex

        words = shlex.split(line[len(requirement) :])
    except ValueError as error:
        raise UsageError(f"{line}: {str(error).lower()}") from error
    return _Line(requirement.strip(), tuple(words))


def _options(words: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield the meaning of each option and its value, "" for one without."""
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if name in _FLAG_OPTIONS:
            if equals:
                raise UsageError(f"{name} takes no value")
            yield _FLAG_OPTIONS[name], ""
            continue
        short = word[:2]
        if name not in _VALUE_OPTIONS and short in _VALUE_OPTIONS and not word.startswith("--"):
            name, equals, value = short, "=", word[2:]
        if name not in _VALUE_OPTIONS:
            raise UsageError(f"{name} has no place in a requirements file")
        if not equals:
            if not rest:
                raise UsageError(f"{name} needs a value")
            value = rest.pop(0)
        yield _VALUE_OPTIONS[name], value


def _set_option(asked: Asked, name: str, value: str, folder: Path) -> None:
    if name == "ignored":
        return
    if name in {"no_index", "pre", "require_hashes", "prefer_binary"}:
        asked.options[name] = True
    elif name in _LISTS:
        known = asked.options.get(name, ())
        assert isinstance(known, tuple)
        if name == "find_links" and "://" not in value and (folder / value).exists():
            value = str(folder / value)
        asked.options[name] = (*known, value)
    else:
        asked.options[name] = value


def _add(asked: Asked, line: _Line, place: "FilePlace | UrlPlace", number: int, *, constraints: bool) -> None:
    digests, settings = _line_options(line.options)
    if constraints:
        requirement = read_requirement(line.requirement, place.folder)
        if requirement.extras:
            raise UsageError(f"{line.requirement}: a constraint cannot ask for extras")
        asked.constraints.append(requirement)
        asked.origins.setdefault(str(requirement), f"{place}:{number}")
        if digests:
            asked.allow_hashes(requirement.project, digests, narrow=True)
        return
    _add_text(asked, line.requirement, place, number, digests=digests, settings=settings)


def _add_text(
    asked: Asked,
    text: str,
    place: "FilePlace | UrlPlace",
    number: int,
    *,
    digests: frozenset[str] = frozenset(),
    settings: Mapping[str, str | list[str]] | None = None,
    editable: bool = False,
) -> None:
    found = asked.add(text, place.folder, editable=editable)
    project = "" if isinstance(found, Place) else found.project
    if not isinstance(found, Place):
        asked.origins.setdefault(str(found), f"{place}:{number}")
    if digests and not project:
        raise UsageError(f"{redact_url(text)}: a hash can be given only with a name, as in NAME @ URL")
    if digests:
        asked.allow_hashes(project, digests, narrow=False)
    else:
        asked.without_hash.append((project, f"{redact_url(text)} ({place}:{number})"))
    if settings:
        asked.config_settings[project or found.url] = settings


def _line_options(words: tuple[str, ...]) -> tuple[frozenset[str], Mapping[str, str | list[str]]]:
    """Return the hashes and the settings for the build that stand after a requirement."""
    digests: set[str] = set()
    settings: list[str] = []
    rest = list(words)
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        if name != "--hash" and name not in _SETTINGS_OPTIONS:
            raise UsageError(
                f"{name} has no place after a requirement",
                hint="only --hash and --config-settings may stand there",
            )
        if not equals:
            if not rest:
                raise UsageError(f"{name} needs a value")
            value = rest.pop(0)
        if name == "--hash":
            digests.add(_digest(value))
        else:
            settings.append(value)
    return frozenset(digests), read_config_settings(settings)


def read_config_settings(given: Iterable[str]) -> dict[str, str | list[str]]:
    """Read KEY=VALUE words; a key that is given several times has a list of values, as for pip."""
    found: dict[str, str | list[str]] = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise UsageError(f"-C {text}: expected KEY=VALUE")
        known = found.get(key)
        if known is None:
            found[key] = value
        else:
            found[key] = [*known, value] if isinstance(known, list) else [known, value]
    return found


def _digest(value: str) -> str:
    algorithm, _, digest = value.partition(":")
    digest = digest.lower()
    if _DIGEST_LENGTHS.get(algorithm) != len(digest) or not re.fullmatch("[0-9a-f]+", digest):
        raise UsageError(f"--hash={value}: expected sha256:, sha384: or sha512: and a digest of its length")
    return f"{algorithm}:{digest}"
