"""Where the operating system keeps the files of the user and of the whole computer."""

import sys
from collections.abc import Mapping
from pathlib import Path

from rewheel.rows import NamedTuple

__all__ = ["Folders"]


class Folders(NamedTuple):
    """Where the operating system keeps the files of the user and of the whole computer."""

    user_config: Path
    user_cache: Path
    system_config: tuple[Path, ...]

    @classmethod
    def of(cls, environ: Mapping[str, str], application: str = "rewheel") -> "Folders":
        """Find them by the platform's own rules, on Linux the XDG ones as `environ` sets them."""
        if sys.platform in {"darwin", "win32"}:
            import platformdirs

            site = platformdirs.site_config_dir(application, appauthor=False)
            return cls(
                Path(platformdirs.user_config_dir(application, appauthor=False, roaming=True)),
                Path(platformdirs.user_cache_dir(application, appauthor=False)),
                (Path(site),),
            )
        # platformdirs gives the same answers, but costs 30 ms and looks only at the process's environment.
        home = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
        config = _absolute(environ.get("XDG_CONFIG_HOME", "")) or home / ".config"
        cache = _absolute(environ.get("XDG_CACHE_HOME", "")) or home / ".cache"
        listed = (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":")
        system = [found for found in map(_absolute, listed) if found is not None]
        return cls(
            config / application,
            cache / application,
            tuple(folder / application for folder in [*system, Path("/etc")]),
        )


def _absolute(text: str) -> Path | None:
    """Return the folder, if it is one that the XDG rules allow: a relative path counts as none."""
    path = Path(text)
    return path if text and path.is_absolute() else None
