"""Our configuration files: `rewheel.toml`, and `[tool.rewheel]` of a project's `pyproject.toml`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rewheel.config.errors import ConfigError
from rewheel.config.folders import Folders
from rewheel.config.settings import BY_KEY, SETTINGS, TOML_NAMES, Level
from rewheel.config.values import shown

__all__ = ["read_files"]

_LARGEST_FILE = 1 << 20  # bytes; nobody writes a megabyte of settings by hand

_ABOUT_THE_PROJECT = frozenset({"build"})


def read_files(config_file: str, cwd: Path, folders: Folders) -> list[Level]:
    """Read the configuration files that count, the strongest first."""
    if config_file:
        path = cwd / config_file
        data = _contents(path)
        if data is None:
            raise ConfigError(str(path), "there is no such configuration file, or it may not be read")
        return [_read_table(_parse(path, data), path)]
    levels = []
    project = _find_project(cwd)
    if project is not None:
        levels.append(project)
    for folder in (folders.user_config, *folders.system_config):
        path = folder / "rewheel.toml"
        data = _contents(path)
        if data is not None:
            levels.append(_read_table(_parse(path, data), path))
            if folder != folders.user_config:
                break  # of the system's folders the first that has the file speaks
    return levels


def _find_project(cwd: Path) -> Level | None:
    """Find the nearest folder, from `cwd` upwards, that says something to us."""
    for folder in (cwd, *cwd.parents):
        path = folder / "rewheel.toml"
        data = _contents(path)
        if data is not None:
            return _read_table(_parse(path, data), path)
        path = folder / "pyproject.toml"
        data = _contents(path)
        if data is not None and b"rewheel" in data:  # otherwise not worth the parser's import
            table = _parse(path, data).get("tool", {})
            if isinstance(table, dict) and "rewheel" in table:
                if not isinstance(table["rewheel"], dict):
                    raise ConfigError(f"{path}: tool.rewheel", "expected a table")
                return _read_table(_settings_of(table["rewheel"]), path, "tool.rewheel.")
    return None


def _settings_of(table: Mapping[str, object]) -> Mapping[str, object]:
    """Leave out what `[tool.rewheel]` says of the project itself: how it is built, plain and in variants."""
    kept = {key: value for key, value in table.items() if key not in _ABOUT_THE_PROJECT}
    variants = kept.get("variant")
    if isinstance(variants, dict) and any(isinstance(value, dict) for value in variants.values()):
        labels = {name: value for name, value in variants.items() if not isinstance(value, dict)}
        kept = {key: labels if key == "variant" else value for key, value in kept.items()}
        if not labels:
            del kept["variant"]
    return kept


def _contents(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_FILE + 1)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError):
        return None  # a folder above may belong to somebody else
    except OSError as error:
        raise ConfigError(str(path), f"cannot be read: {error.strerror or error}") from error
    if len(data) > _LARGEST_FILE:
        raise ConfigError(str(path), "a configuration file of more than 1 MiB is refused")
    return data


def _parse(path: Path, data: bytes) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:  # of this kind are the decoder's and the parser's errors
        raise ConfigError(str(path), f"not valid TOML: {error}") from error


def _read_table(table: Mapping[str, object], path: Path, prefix: str = "") -> Level:
    level: Level = {}
    for key, value in table.items():
        setting = BY_KEY.get(key)
        origin = f"{path}: {prefix}{key}"
        if setting is None or not setting.in_files:
            known = ", ".join(sorted(item.key for item in SETTINGS if item.in_files))
            raise ConfigError(origin, "there is no such setting here", hint=f"the settings are {known}")
        if not isinstance(value, setting.toml) or (isinstance(value, bool) and setting.toml is not bool):
            raise ConfigError(origin, f"expected {TOML_NAMES[setting.toml]}, found {shown(value)}")
        level[setting.field] = (setting.read(value, origin, path.parent), f"{path}")
    return level
