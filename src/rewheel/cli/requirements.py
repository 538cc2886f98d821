"""What people write to name a distribution: a requirement, or the path or URL of a wheel or of sources."""

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

from rewheel.config import redact_url
from rewheel.errors import UsageError
from rewheel.rows import NamedTuple

if TYPE_CHECKING:
    from rewheel.metadata import Requirement

__all__ = ["Place", "UnnamedPlace", "read_requirement"]

_WHEELS = (".whl", ".whlx")
_ARCHIVES = (".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz", ".tar")
_EXTRAS = r"(?P<place>.+?)(?P<extras>\[[^\[\]]*\])?"
_NAMED_URL = r"[A-Za-z0-9][\w.-]*\s*(\[[^\[\]]*\])?\s*@\s*[A-Za-z+]+:"
_VCS = r"(?i)(git|hg|svn|bzr)\+"


class Place(NamedTuple):
    """A path or URL of sources whose project only a look into them can tell."""

    url: str
    extras: str
    """In brackets, or empty."""
    marker: str

    def named(self, project: str) -> "Requirement":
        """Return the requirement that it is once its project is known."""
        from rewheel.metadata import Requirement

        return Requirement.parse(
            f"{project}{self.extras} @ {self.url}" + (f" ;{self.marker}" if self.marker else "")
        )


class UnnamedPlace(UsageError):  # noqa: N818 - what is the case, as with all our errors
    """The project of a path or URL is not known yet, and here nobody can look."""

    def __init__(self, text: str, place: Place) -> None:
        super().__init__(
            f"{redact_url(text)}: which project it is has to be said here", hint="write it as NAME @ URL"
        )
        self.place = place


def read_requirement(text: str, base: Path, *, editable: bool = False) -> "Requirement":
    """Read one requirement; a path counts from `base`.

    What is named by its place alone gets its project from its file name, as in
    `foo @ file:///…/foo-1.0-py3-none-any.whl`, from `pyproject.toml`, or from `#egg=…`; raises
    `UnnamedPlace` if none of them tells. `editable` allows folders, and repositories with a name. Raises
    RewheelError for what is no requirement.
    """
    from rewheel.metadata import InvalidRequirement, Requirement

    text = text.strip()
    is_place = re.match(_NAMED_URL, text) is None if editable else _is_place(text, base)
    place, separator, marker = text.partition(" ;") if is_place else (text, "", "")
    if not is_place or not (editable or _is_place(place, base)):
        try:
            requirement = Requirement.parse(text)
        except InvalidRequirement as error:
            raise UsageError(str(error)) from error
        if requirement.url:
            _check_place(requirement.url, text)
        if editable:
            _check_editable(requirement.url, text)
        return requirement
    where, extras = _parted(place.strip(), base)
    url = where if "://" in where else _file_url(where, base)
    _check_place(url, text)
    if editable:
        _check_editable(url, text)
    project, known_extras = _project_at(url)
    found = Place(url, extras or known_extras, marker if separator else "")
    if editable and not project and re.match(_VCS, url):
        raise UsageError(
            f"-e {redact_url(text)}: the name of the project has to be said here",
            hint="write it as NAME @ git+URL, or add #egg=NAME",
        )
    if not project:
        raise UnnamedPlace(text, found)
    return found.named(project)


def _is_place(text: str, base: Path) -> bool:
    """Tell a path or URL from a requirement, none of which begins like one or ends like a file of ours."""
    if text.isascii() and text.replace("-", "_").isidentifier():
        return False  # the name of a project, which is what most people write
    if text.startswith((".", "/", "~", "\\")) or re.match(r"[A-Za-z]:[\\/]|[A-Za-z+]+://|file:", text):
        return True
    head = text.partition(";")[0].strip()
    if " @" in head or "@ " in head:
        return False
    match = re.fullmatch(_EXTRAS, head)
    where = match["place"] if match else head
    if where.lower().endswith(_WHEELS):
        return True
    return where.lower().endswith(_ARCHIVES) or ("/" in where and (base / where).exists())


def _parted(place: str, base: Path) -> tuple[str, str]:
    """Part a place from the extras in brackets behind it, unless its own name ends so."""
    match = re.fullmatch(_EXTRAS, place)
    if match is None or match["extras"] is None or ("://" not in place and (base / place).exists()):
        return place, ""
    return match["place"], match["extras"]


def _file_url(text: str, base: Path) -> str:
    text, hash_sign, fragment = text.partition("#")
    try:
        path = base / Path(text).expanduser()
    except RuntimeError as error:  # the home of somebody whom nobody knows
        raise UsageError(f"{text}: {error}") from error
    if "\0" in text or not path.exists():
        raise UsageError(f"{text}: there is no such file", hint=f"paths count from {base}")
    return path.resolve().as_uri() + hash_sign + fragment


def _folder(url: str) -> Path | None:
    parts = urlsplit(url)
    path = Path(unquote(parts.path))
    return path if parts.scheme == "file" and path.is_dir() else None


def _check_editable(url: str, text: str) -> None:
    """Refuse what cannot be installed as it stands."""
    if not _folder(url) and not re.match(_VCS, url):
        raise UsageError(
            f"-e {redact_url(text)}: only a folder or a repository can be installed as it stands",
            hint="unpack it, and name the folder",
        )


def _check_place(url: str, text: str) -> None:
    """Refuse what can be neither a wheel nor sources."""
    shown = redact_url(text)
    if match := re.match(_VCS, url):
        if match[1].lower() != "git":
            raise UsageError(f"{shown}: of repositories, only those of git can be fetched")
        return
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https", "file"}:
        raise UsageError(f"{shown}: expected a URL of http, https or file, or git+…")
    if parts.scheme == "file" and Path(unquote(parts.path)).is_dir():
        return
    name = unquote(parts.path).lower()
    is_named = re.match(r"\s*[A-Za-z0-9][\w.-]*\s*(\[[^\]]*\]\s*)?@", text) is not None
    if not name.endswith((*_WHEELS, *_ARCHIVES)) and (not is_named or parts.scheme == "file"):
        raise UsageError(
            f"{shown}: expected the path or URL of a wheel, of a source distribution, or of a folder"
        )


def _project_at(url: str) -> tuple[str, str]:
    """Return the project and extras that a place's own name tells, or empty texts."""
    parts = urlsplit(url)
    name = unquote(parts.path.rpartition("/")[2])
    if name.lower().endswith(_WHEELS):
        from rewheel.variants import WheelFilename

        return WheelFilename.parse(name).distribution, ""
    egg = re.fullmatch(r"([A-Za-z0-9][\w.-]*)(\[[^\[\]]*\])?", parse_qs(parts.fragment).get("egg", [""])[0])
    if egg:
        return egg[1], egg[2] or ""
    if re.match(_VCS, url):
        return "", ""
    folder = _folder(url)
    if folder is not None:
        return _declared_name(folder / parse_qs(parts.fragment).get("subdirectory", [""])[0]), ""
    if parts.scheme != "file" and name.lower().endswith(".zip"):
        return "", ""  # often a snapshot of a repository, which is called after the repository
    stem = next((name[: -len(end)] for end in _ARCHIVES if name.lower().endswith(end)), "")
    project, _, version = stem.rpartition("-")
    is_sdist = re.fullmatch(r"\d[\w.+!]*", version) and re.fullmatch(r"[A-Za-z0-9][\w.-]*", project)
    return (project, "") if is_sdist else ("", "")


def _declared_name(folder: Path) -> str:
    """Read `[project] name`, which no backend may change (PEP 621)."""
    import tomllib

    try:
        with (folder / "pyproject.toml").open("rb") as file:
            project = tomllib.load(file).get("project")
    except (OSError, ValueError, RecursionError):
        return ""
    name = project.get("name") if isinstance(project, dict) else None
    return name if isinstance(name, str) and re.fullmatch(r"[A-Za-z0-9][\w.-]*", name) else ""
