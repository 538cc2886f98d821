"""What people write to name a distribution: a requirement, or the path or URL of a wheel."""

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from rewheel.config import redact_url
from rewheel.errors import UsageError

if TYPE_CHECKING:
    from rewheel.metadata import Requirement

__all__ = ["read_requirement"]

_EXTRAS = re.compile(r"(?P<place>.+\.whlx?)(?P<extras>\[[^\[\]]*\])?", re.IGNORECASE)
_ARCHIVES = (".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz", ".tar")
_VCS = re.compile(r"(git|hg|svn|bzr)\+", re.IGNORECASE)


def read_requirement(text: str, base: Path) -> "Requirement":
    """Read one requirement; a path counts from `base`.

    A wheel that is named by its place alone gets its project from its file name, as in
    `foo @ file:///…/foo-1.0-py3-none-any.whl`. Raises RewheelError for what is no requirement, and for what
    would have to be built.
    """
    from rewheel.metadata import Requirement

    text = text.strip()
    place, separator, marker = text.partition(" ;") if _is_place(text) else (text, "", "")
    if not _is_place(place):
        requirement = Requirement.parse(text)
        if requirement.url:
            _check_place(requirement.url, text)
        return requirement
    match = _EXTRAS.fullmatch(place.strip())
    where = match["place"] if match else place.strip()
    url = where if "://" in where else _file_url(where, base)
    _check_place(url, text)
    from rewheel.variants import WheelFilename

    filename = WheelFilename.parse(unquote(urlsplit(url).path.rpartition("/")[2]))
    extras = (match["extras"] or "") if match else ""
    return Requirement.parse(
        f"{filename.distribution}{extras} @ {url}" + (f" ;{marker}" if separator else "")
    )


def _is_place(text: str) -> bool:
    """Tell a path or URL from a requirement, none of which begins like one or ends like a wheel."""
    if text.startswith((".", "/", "~", "\\")) or re.match(r"[A-Za-z]:[\\/]|[A-Za-z+]+://|file:", text):
        return True
    head = text.partition(";")[0].strip()
    return " @" not in head and "@ " not in head and _EXTRAS.fullmatch(head) is not None


def _file_url(text: str, base: Path) -> str:
    try:
        path = base / Path(text).expanduser()
    except RuntimeError as error:  # the home of somebody whom nobody knows
        raise UsageError(f"{text}: {error}") from error
    if not path.exists():
        raise UsageError(f"{text}: there is no such file", hint=f"paths count from {base}")
    return path.resolve().as_uri()


def _check_place(url: str, text: str) -> None:
    """Refuse what is not a wheel."""
    shown = redact_url(text)
    if _VCS.match(url):
        raise UsageError(
            f"{shown}: a repository would have to be built, which rewheel cannot do yet",
            hint="build a wheel of it and name that",
        )
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https", "file"}:
        raise UsageError(f"{shown}: expected a URL of http, https or file")
    name = unquote(parts.path).lower()
    if name.endswith(_ARCHIVES) or (parts.scheme == "file" and Path(unquote(parts.path)).is_dir()):
        raise UsageError(
            f"{shown}: sources would have to be built, which rewheel cannot do yet",
            hint="build a wheel of them and name that",
        )
    if not name.endswith((".whl", ".whlx")):
        raise UsageError(f"{shown}: expected the path or URL of a wheel")
