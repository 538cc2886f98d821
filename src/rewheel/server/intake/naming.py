"""What the name of a file says before any of its bytes are here."""

from dataclasses import dataclass

from packaging.utils import InvalidSdistFilename, parse_sdist_filename
from packaging.version import InvalidVersion, Version

from rewheel.server.catalog.versions import sort_key
from rewheel.server.errors import Refused
from rewheel.variants import InvalidFilename, WheelFilename, normalize_project
from rewheel.wheels import rim_name, wheel_name

__all__ = ["FileName", "read_name"]

_LONGEST = 255
"""Characters that a file system surely takes, and a path in a URL."""


@dataclass(frozen=True, slots=True)
class FileName:
    """The project and version that a file's name claims."""

    name: str
    """As it was sent."""
    target: str
    """What pages list: of a rim (PEP 759) the name of its wheel."""
    project: str
    sort_key: str
    """Of the version."""

    @property
    def is_rim(self) -> bool:
        """Whether it is the metadata of a wheel that lies elsewhere."""
        return self.name != self.target

    @property
    def rivals(self) -> tuple[str, ...]:
        """Names that cannot be there at the same time: a wheel and its rim are one."""
        return (self.target, rim_name(self.target)) if self.target.endswith(".whl") else (self.target,)


def read_name(name: str) -> FileName:
    """Take a name apart; raises Refused (400) when it is neither that of a wheel, a rim nor an sdist."""
    if len(name) > _LONGEST or not name.isascii() or not name.isprintable():
        raise _refused(name, "it is too long, or has characters that do not belong there")
    try:
        if name.endswith((".tar.gz", ".zip")):
            project, version = parse_sdist_filename(name)
            return FileName(name, name, normalize_project(project), sort_key(version))
        target = wheel_name(name) if name.endswith(".rim") else name
        wheel = WheelFilename.parse(target)
        return FileName(name, target, wheel.project, sort_key(Version(wheel.version)))
    except (InvalidFilename, InvalidSdistFilename, InvalidVersion) as error:
        raise _refused(name, getattr(error, "reason", str(error))) from error
    except ValueError as error:  # a number with more digits than Python reads
        raise _refused(name, "its version cannot be read") from error


def _refused(name: str, reason: str) -> Refused:
    return Refused(
        400,
        f"{name[:200]!a} is not the name of a wheel, a .rim or a source distribution: {reason[:300]}",
        hint="see the specifications of wheel and source distribution file names",
        kind="invalid-filename",
    )
