"""Where files come from: indexes, folders and links, asked over HTTP or on disk, through a cache.

`Sources` says what there is, `Client` gets it. Importing this package opens nothing and loads no HTTP.
"""

from rewheel.indexes.cache import Cache, Usage
from rewheel.indexes.errors import (
    FetchError,
    HashMismatch,
    IndexesError,
    Interrupted,
    InvalidPage,
    InvalidSource,
    NotFound,
    Offline,
    RangesUnsupported,
    TooLarge,
)
from rewheel.indexes.fetching import Client
from rewheel.indexes.files import File, ProjectPage
from rewheel.indexes.hashes import Digest
from rewheel.indexes.settings import HttpSettings
from rewheel.indexes.source import (
    DirectorySource,
    DirectSource,
    FileIndexSource,
    IndexSource,
    LinksSource,
    Source,
)
from rewheel.indexes.sources import NamedUrl, Sources, parse_named_index

__all__ = [
    "Cache",
    "Client",
    "Digest",
    "DirectSource",
    "DirectorySource",
    "FetchError",
    "File",
    "FileIndexSource",
    "HashMismatch",
    "HttpSettings",
    "IndexSource",
    "IndexesError",
    "Interrupted",
    "InvalidPage",
    "InvalidSource",
    "LinksSource",
    "NamedUrl",
    "NotFound",
    "Offline",
    "ProjectPage",
    "RangesUnsupported",
    "Source",
    "Sources",
    "TooLarge",
    "Usage",
    "parse_named_index",
]
