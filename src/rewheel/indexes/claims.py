"""What an index says that a file is, and whether bytes are that."""

from rewheel.indexes.errors import FetchError, HashMismatch, NotFound, TooLarge
from rewheel.indexes.files import File
from rewheel.indexes.hashes import Digest
from rewheel.indexes.urls import local_path

__all__ = ["claim", "identity_of", "read_local", "verify"]


def read_local(url: str, digest: Digest | None, limit: int) -> bytes:
    """Read a `file:` URL, at most `limit` bytes. Raises NotFound, TooLarge, HashMismatch or FetchError."""
    path = local_path(url)
    try:
        if path is None or not path.is_file():
            raise NotFound(url, "there is no such file")
        if path.stat().st_size > limit:
            raise TooLarge(url, limit)
        data = path.read_bytes()
    except OSError as error:
        raise FetchError(url, f"cannot be read: {error.strerror or error}") from error
    verify(data, digest, url)
    return data


def verify(data: bytes, digest: Digest | None, url: str) -> None:
    """Raise HashMismatch unless the bytes have the digest; without one, anything will do."""
    if digest is not None and (actual := digest.of(data)) != digest.value:
        raise HashMismatch(url, digest.algorithm, digest.value, actual)


def identity_of(digest: Digest | None) -> str:
    """Name the content that a hash stands for; empty unless the hash leaves no doubt."""
    return f"{digest.algorithm}:{digest.value}" if digest is not None and digest.is_strong else ""


def claim(file: File) -> str:
    """Name what an index says a file is: two may list one URL with different hashes."""
    hashes = sorted(file.hashes.items())
    metadata = (
        file.core_metadata if isinstance(file.core_metadata, bool) else sorted(file.core_metadata.items())
    )
    return f"{file.url}\n{hashes}\n{metadata}"
