"""Where files come from: indexes, folders and links, asked over HTTP or on disk, through a cache.

`Sources` says what there is, `Client` gets it. Importing this package opens nothing and loads no HTTP.
"""

from rewheel.front_door import front_door

TYPE_CHECKING = False
if TYPE_CHECKING:
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

_HOMES = {
    "Cache": "cache",
    "Client": "fetching",
    "Digest": "hashes",
    "DirectSource": "source",
    "DirectorySource": "source",
    "ExternalHostFailed": "errors",
    "FetchError": "errors",
    "File": "files",
    "FileIndexSource": "source",
    "Guard": "policy",
    "HashMismatch": "errors",
    "HttpSettings": "settings",
    "IndexEntry": "assembling",
    "IndexPolicy": "policy",
    "IndexSource": "source",
    "IndexesError": "errors",
    "Interrupted": "errors",
    "InvalidPage": "errors",
    "InvalidSource": "errors",
    "KeyringProvider": "keyring",
    "LinksSource": "source",
    "NamePattern": "policy",
    "NamedUrl": "assembling",
    "NotFound": "errors",
    "Offer": "offers",
    "Offline": "errors",
    "Pin": "policy",
    "ProjectPage": "files",
    "RangesUnsupported": "errors",
    "Source": "source",
    "Sources": "sources",
    "Strategy": "policy",
    "TooLarge": "errors",
    "UnrelatedProjects": "errors",
    "Usage": "cache",
    "parse_named_index": "assembling",
}

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

__getattr__, __dir__ = front_door(__name__, globals(), _HOMES)
