"""A page in one form, packed in the ways that clients ask for."""

import hashlib
import sys
from functools import cache
from importlib import import_module
from typing import Any

from rewheel.server.reading.negotiation import Encoding

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

__all__ = ["Packed"]

_WORTHWHILE = 500
"""Bytes from which on packing saves more than it costs."""
_SMALL = 1 << 16
"""Bytes that are packed in less time than it takes to hand them to a thread and back, or little more."""


class Packed:
    """Bytes, packed at most once in each way. Packing large ones takes a while: it belongs into a thread."""

    __slots__ = ("_forms", "tag")

    def __init__(self, content: bytes) -> None:
        self._forms = {Encoding.IDENTITY: content}
        self.tag = hashlib.blake2b(content, digest_size=12).hexdigest()
        """Names the content; the base of its ETag."""

    @property
    def weight(self) -> int:
        """Bytes that it takes in memory."""
        return sum(len(form) for form in self._forms.values()) + 200

    def is_ready(self, encoding: Encoding) -> bool:
        """Tell whether this form is there, or made in no time."""
        return self.usable(encoding) in self._forms or len(self._forms[Encoding.IDENTITY]) <= _SMALL

    def usable(self, encoding: Encoding) -> Encoding:
        """Return the encoding that is really used: small pages are not packed."""
        return encoding if len(self._forms[Encoding.IDENTITY]) >= _WORTHWHILE else Encoding.IDENTITY

    def form(self, encoding: Encoding) -> bytes:
        """Return the bytes, packed."""
        encoding = self.usable(encoding)
        found = self._forms.get(encoding)
        if found is None:
            found = self._forms[encoding] = _pack(self._forms[Encoding.IDENTITY], encoding)
        return found

    def etag(self, encoding: Encoding) -> str:
        """Return the ETag, which differs between encodings, as bytes do."""
        encoding = self.usable(encoding)
        return f'"{self.tag}"' if encoding is Encoding.IDENTITY else f'"{self.tag}-{encoding.value}"'


def _pack(content: bytes, encoding: Encoding) -> bytes:
    if encoding is Encoding.GZIP:
        module, level = _gzip()
        compressed: bytes = module.compress(content, level, mtime=0)
        return compressed
    packed: bytes = zstd.compress(content, 3)  # digests do not get smaller by trying harder
    return packed


@cache
def _gzip() -> tuple[Any, int]:
    """Return what packs, and how hard it tries; isal, where it is installed, takes a seventh of the time."""
    try:
        return import_module("isal.igzip"), 2
    except ImportError:
        return import_module("gzip"), 6
