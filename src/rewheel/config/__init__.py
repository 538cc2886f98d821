"""The settings of one run: read once, from the command line down to pip's own configuration, then passed on.

The levels, the strongest first: command line, `REWHEEL_*` variables, the project's `rewheel.toml` (or
`[tool.rewheel]` of its `pyproject.toml`), the user's, the system's, what pip is told where ours is silent,
and the defaults. A setting is taken as a whole from the strongest level that gives it; levels are never
mixed within one list.
"""

from rewheel.front_door import front_door

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rewheel.config.consulted import consulted_files
    from rewheel.config.errors import ConfigError
    from rewheel.config.folders import Folders
    from rewheel.config.indexes import INDEX_GUARDS, INDEX_STRATEGIES, IndexGroup, NamedIndex
    from rewheel.config.pypirc import Repository, read_pypirc
    from rewheel.config.reading import read_settings
    from rewheel.config.settings import DEFAULT_INDEX_URL, Settings
    from rewheel.config.urls import redact_url
    from rewheel.config.values import LINK_MODES

_HOMES = {
    "ConfigError": "errors",
    "DEFAULT_INDEX_URL": "settings",
    "Folders": "folders",
    "INDEX_GUARDS": "indexes",
    "INDEX_STRATEGIES": "indexes",
    "IndexGroup": "indexes",
    "LINK_MODES": "values",
    "NamedIndex": "indexes",
    "Repository": "pypirc",
    "Settings": "settings",
    "consulted_files": "consulted",
    "read_pypirc": "pypirc",
    "read_settings": "reading",
    "redact_url": "urls",
}

__all__ = [
    "DEFAULT_INDEX_URL",
    "INDEX_GUARDS",
    "INDEX_STRATEGIES",
    "LINK_MODES",
    "ConfigError",
    "Folders",
    "IndexGroup",
    "NamedIndex",
    "Repository",
    "Settings",
    "consulted_files",
    "read_pypirc",
    "read_settings",
    "redact_url",
]

__getattr__, __dir__ = front_door(__name__, globals(), _HOMES)
