"""What can go wrong between us and a package index.

IndexesError
├── FetchError              the answer did not come, or was not the one wanted
│   ├── NotFound            the file is not there (any more)
│   ├── ExternalHostFailed  the file is not with the index, and whoever has it does not give it
│   ├── Interrupted         the connection broke, or never came about
│   ├── HashMismatch        the bytes are not those that the index advertised
│   ├── TooLarge            more bytes than this kind of file may have
│   ├── RangesUnsupported   a wheel cannot be read in parts, and is too large to be read whole
│   └── Offline             the cache does not have it, and the network may not be asked
├── InvalidPage             a page of an index that cannot be understood
├── InvalidSource           what was named as an index or as links cannot be one
└── UnrelatedProjects       a name that several indexes offer, and nothing says that it is one project
"""

from rewheel.errors import RewheelError
from rewheel.indexes.urls import redact

__all__ = [
    "ExternalHostFailed",
    "FetchError",
    "HashMismatch",
    "IndexesError",
    "Interrupted",
    "InvalidPage",
    "InvalidSource",
    "NotFound",
    "Offline",
    "RangesUnsupported",
    "TooLarge",
    "UnrelatedProjects",
]


class IndexesError(RewheelError):
    """An index, a directory of wheels or a file of theirs could not be used."""


class FetchError(IndexesError):
    """A URL could not be fetched; `url` has no secrets, `status` is 0 if no answer came."""

    def __init__(self, url: str, reason: str, *, status: int = 0, hint: str = "") -> None:
        self.url = redact(url)
        self.reason = reason
        self.status = status
        super().__init__(f"{self.url}: {reason}", hint=hint)


class NotFound(FetchError, LookupError):
    """The server has nothing at this URL."""


class ExternalHostFailed(FetchError):
    """A wheel that lies with its owner cannot be had; the index cannot help (PEP 759)."""

    def __init__(self, url: str, reason: str, *, filename: str, owner: str, hint: str) -> None:
        self.filename = filename
        self.owner = owner
        super().__init__(url, f"{filename} lies with {owner}, not with the index: {reason}", hint=hint)


class Interrupted(FetchError):
    """The connection could not be made or broke; worth another try."""


class HashMismatch(FetchError, ValueError):
    """The bytes that came are not those that were advertised."""

    def __init__(self, url: str, algorithm: str, expected: str, actual: str) -> None:
        self.algorithm = algorithm
        self.expected = expected
        self.actual = actual
        super().__init__(
            url,
            f"{algorithm} is {actual}, but the index says {expected}",
            hint="it was changed on its way, or the index is out of step: try again, then ask its operator",
        )


class TooLarge(FetchError, ValueError):
    """More bytes than are accepted for this kind of file; `limit` is in bytes."""

    def __init__(self, url: str, limit: int) -> None:
        self.limit = limit
        super().__init__(url, f"larger than the {limit:,} bytes that are accepted")


class RangesUnsupported(FetchError):
    """The server gives whole files only; `length` is the size of this one in bytes, if known.

    The client raises it only for wheels that are too large to be fetched for their metadata alone.
    """

    def __init__(self, url: str, length: int | None = None) -> None:
        self.length = length
        size = f" of {length:,} bytes" if length is not None else ""
        super().__init__(
            url,
            f"the server gives no parts of files, and the wheel{size} is too large to fetch for its metadata",
            hint="ask the index to support range requests, or to list an index file for its variants",
        )


class Offline(FetchError):
    """Only the cache may be asked, and it does not have this."""

    def __init__(self, url: str) -> None:
        super().__init__(
            url, "not in the cache, and offline", hint="run once without --offline to fill the cache"
        )


class InvalidPage(IndexesError, ValueError):
    """What an index answered is no page of the simple repository API that we can read."""

    def __init__(self, url: str, reason: str) -> None:
        self.url = redact(url)
        self.reason = reason
        super().__init__(
            f"{self.url}: {reason}", hint="check that the URL is that of a simple index (PEP 503, PEP 691)"
        )


class InvalidSource(IndexesError, ValueError):
    """A location that can be neither an index nor a place with links."""

    def __init__(self, location: str, reason: str, *, hint: str = "") -> None:
        self.location = redact(location)
        self.reason = reason
        super().__init__(f"{self.location}: {reason}", hint=hint)


class UnrelatedProjects(IndexesError):
    """Two indexes offer a project of one name, and do not vouch for one another (PEP 708)."""

    def __init__(self, project: str, one: str, other: str) -> None:
        self.project = project
        self.sources = (one, other)
        super().__init__(
            f"{one} and {other} both offer {project}, and do not say of each other that it is one project",
            hint=f"say where it comes from with --index-pin {project}=NAME, or deny it to one of them",
        )
