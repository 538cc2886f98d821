"""Where the files of a distribution go: the five folders of an installation scheme."""

from collections.abc import Mapping
from pathlib import Path

from rewheel.rows import NamedTuple

__all__ = ["Scheme"]


class Scheme(NamedTuple):
    """The folders of one environment, as `sysconfig` names them; they need not exist.

    Each distribution has its own folder inside `headers`; all others are shared.
    """

    purelib: Path
    platlib: Path
    scripts: Path
    data: Path
    headers: Path

    @classmethod
    def below(cls, prefix: Path, paths: Mapping[str, str]) -> "Scheme":
        """Return the scheme of `paths`, whose relative ones start at `prefix`."""
        return cls(*(prefix / paths[name] for name in cls._fields))

    @classmethod
    def directory(cls, directory: Path, *, windows: bool) -> "Scheme":
        """Return the flat scheme of a plain folder of packages: what pip's `--target` makes of it."""
        scripts = directory / ("Scripts" if windows else "bin")
        return cls(directory, directory, scripts, directory, directory / "include" / "python")

    @property
    def libraries(self) -> tuple[Path, ...]:
        """The folders that hold importable packages, each once."""
        return (self.purelib,) if self.purelib == self.platlib else (self.purelib, self.platlib)
