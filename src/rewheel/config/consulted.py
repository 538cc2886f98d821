"""Which files could have a say about the settings, whether they exist or not."""

import sys
from collections.abc import Mapping
from pathlib import Path

from rewheel.config.folders import Folders
from rewheel.config.pip import pip_files

__all__ = ["consulted_files"]


def consulted_files(
    environ: Mapping[str, str], cwd: Path, *, prefix: Path | None = None, config_file: str = ""
) -> list[Path]:
    """Return every file that `read_settings` would look for, given the same arguments.

    As long as none of them comes, goes or changes, and neither do flags and variables, settings stay.
    """
    folders = Folders.of(environ)
    named = config_file or environ.get("REWHEEL_CONFIG_FILE", "")
    found = [cwd / named] if named else []
    found += [folder / name for folder in (cwd, *cwd.parents) for name in ("rewheel.toml", "pyproject.toml")]
    found += [folder / "rewheel.toml" for folder in (folders.user_config, *folders.system_config)]
    found += pip_files(environ, prefix)
    if sys.platform == "darwin":  # where pip looks depends on whether this folder exists
        found.append(Path(environ.get("HOME") or Path.home()) / "Library/Application Support/pip")
    return found
