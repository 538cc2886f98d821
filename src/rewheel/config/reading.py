"""Reading every level once, and deciding which one speaks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rewheel.config.files import read_files
from rewheel.config.folders import Folders
from rewheel.config.indexes import check_names, with_login
from rewheel.config.settings import BY_FIELD, BY_KEY, SETTINGS, Level, Settings

__all__ = ["read_settings"]

_INDEX_KEYS = frozenset({"index-url", "extra-index-url", "index", "find-links", "no-index"})


def read_settings(
    flags: Mapping[str, object],
    *,
    environ: Mapping[str, str],
    cwd: Path,
    prefix: Path | None = None,
    folders: Folders | None = None,
) -> Settings:
    """Read the settings of every level and return what holds.

    `flags` are the values of the command line, as text where it has text, by field of `Settings`;
    `config_file` among them names the one configuration file of ours to read. `prefix` is the environment
    whose own `pip.conf` counts. Raises `ConfigError` for the first thing that cannot be understood.
    """
    folders = folders or Folders.of(environ)
    given = _read_flags(flags, cwd)
    config_file = flags.get("config_file") or environ.get("REWHEEL_CONFIG_FILE")
    levels = [
        _read_environment(environ, cwd),
        *read_files(str(config_file) if config_file else "", cwd, folders),
    ]
    for level in levels:
        for name, value in level.items():
            given.setdefault(name, value)
    for name, value in _read_pip(given, environ, cwd, prefix).items():
        given.setdefault(name, value)
    values: dict[str, Any] = {name: value for name, (value, _) in given.items()}
    values.setdefault("cache_dir", folders.user_cache)
    values.setdefault("trust_file", folders.user_config / "trusted-providers.toml")
    values["indexes"] = tuple(with_login(index, environ) for index in values.get("indexes", ()))
    settings = Settings(**values, origins={name: origin for name, (_, origin) in given.items()})
    check_names(settings.indexes, settings.index_groups, settings.index_pins, settings.origins)
    return settings


def _read_flags(flags: Mapping[str, object], cwd: Path) -> Level:
    level: Level = {}
    for name, value in flags.items():
        if name in BY_FIELD:
            option = f"--{BY_FIELD[name].key}"
            level[name] = (BY_FIELD[name].read(value, option, cwd), option)
    return level


def _read_environment(environ: Mapping[str, str], cwd: Path) -> Level:
    level: Level = {}
    for setting in filter(lambda setting: setting.in_environment, SETTINGS):
        variable = "REWHEEL_" + setting.key.upper().replace("-", "_")
        text = environ.get(variable, "")
        if text.strip():  # an empty variable is an unset one
            level[setting.field] = (setting.read(text, variable, cwd), variable)
    return level


def _read_pip(
    given: Mapping[str, object], environ: Mapping[str, str], cwd: Path, prefix: Path | None
) -> Level:
    """Read from pip's configuration what ours leaves open.

    Where ours names any index, pip's are out of the question: a package meant for the one must not come
    from another that its owner did not think of.
    """
    from rewheel.config.pip import read_pip_options

    ours_names_an_index = any(BY_KEY[key].field in given for key in _INDEX_KEYS)
    level: Level = {}
    for key, (text, origin) in read_pip_options(environ, prefix=prefix).items():
        setting = BY_KEY[key]
        if setting.field in given or (ours_names_an_index and key in _INDEX_KEYS):
            continue
        level[setting.field] = (setting.read(text, origin, cwd), origin)
    return level
