"""Where files come from: indexes, folders and links, asked over HTTP or on disk, through a cache.

`Sources` says what there is, `Client` gets it. Importing this package opens nothing and loads no HTTP.
"""

from rewheel.indexes.assembling import IndexEntry, NamedUrl, parse_named_index
from rewheel.indexes.cache import Cache, Usage
from rewheel.indexes.errors import (
    ExternalHostFailed,
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
    UnrelatedProjects,
)
from rewheel.indexes.fetching import Client
from rewheel.indexes.files import File, ProjectPage
from rewheel.indexes.hashes import Digest
from rewheel.indexes.keyring import KeyringProvider
from rewheel.indexes.offers import Offer
from rewheel.indexes.policy import Guard, IndexPolicy, NamePattern, Pin, Strategy
from rewheel.indexes.settings import HttpSettings
from rewheel.indexes.source import (
    DirectorySource,
    DirectSource,
    FileIndexSource,
    IndexSource,
    LinksSource,
    Source,
)
from rewheel.indexes.sources import Sources

__all__ = [
    "Cache",
    "Client",
    "Digest",
    "DirectSource",
    "DirectorySource",
    "ExternalHostFailed",
    "FetchError",
    "File",
    "FileIndexSource",
    "Guard",
    "HashMismatch",
    "HttpSettings",
    "IndexEntry",
    "IndexPolicy",
    "IndexSource",
    "IndexesError",
    "Interrupted",
    "InvalidPage",
    "InvalidSource",
    "KeyringProvider",
    "LinksSource",
    "NamePattern",
    "NamedUrl",
    "NotFound",
    "Offer",
    "Offline",
    "Pin",
    "ProjectPage",
    "RangesUnsupported",
    "Source",
    "Sources",
    "Strategy",
    "TooLarge",
    "UnrelatedProjects",
    "Usage",
    "parse_named_index",
]
