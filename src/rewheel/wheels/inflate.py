"""Raw deflate data back to bytes, never to more of them than the archive declared."""

import zlib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module
from typing import Any, Protocol

__all__ = ["DamagedDataError", "checksum", "inflate", "inflate_stream"]

_RAW = -15
_STEP = 1 << 20  # bytes that a stream yields at once, at most


class DamagedDataError(ValueError):
    """The compressed data are not what the archive declared; the message is a sentence fragment."""


class _Inflater(Protocol):
    eof: bool
    unused_data: bytes
    unconsumed_tail: bytes

    def decompress(self, data: bytes | memoryview, max_length: int = ..., /) -> bytes: ...


class _Codec(Protocol):
    def decompressobj(self, wbits: int) -> _Inflater: ...

    def crc32(self, data: bytes | memoryview, value: int = ..., /) -> int: ...


@cache
def _codec() -> tuple[_Codec, type[Exception]]:
    """Return isal where it is installed, which inflates twice as fast, and its error."""
    try:
        chosen: Any = import_module("isal.isal_zlib")
    except ImportError:
        chosen = zlib
    return chosen, chosen.error


def checksum(data: bytes, value: int = 0) -> int:
    """Return the CRC-32 of `data`, continued from `value`."""
    return _codec()[0].crc32(data, value)


def inflate(data: bytes | memoryview, size: int) -> bytes:
    """Inflate one whole member of `size` bytes; raises `DamagedDataError` if it is anything else."""
    codec, error = _codec()
    inflater = codec.decompressobj(_RAW)
    try:
        # One byte more than declared is enough to notice a bomb, and to let the end of data be seen.
        content = inflater.decompress(data, size + 1)
    except error as problem:
        raise DamagedDataError("its compressed data are damaged") from problem
    if len(content) != size or not inflater.eof or inflater.unused_data:
        raise DamagedDataError("its compressed data do not have the declared size")
    return content


def inflate_stream(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Inflate a member of `size` bytes piece by piece; raises `DamagedDataError` at the latest at its end."""
    codec, error = _codec()
    inflater = codec.decompressobj(_RAW)
    left = size
    for chunk in chunks:
        pending: bytes = chunk
        while pending:
            if inflater.eof:
                raise DamagedDataError("its compressed data do not have the declared size")
            try:
                content = inflater.decompress(pending, min(left + 1, _STEP))
            except error as problem:
                raise DamagedDataError("its compressed data are damaged") from problem
            left -= len(content)
            if left < 0 or inflater.unused_data:
                raise DamagedDataError("its compressed data do not have the declared size")
            pending = inflater.unconsumed_tail
            if content:
                yield content
    while not inflater.eof:  # what the inflater still holds back
        try:
            content = inflater.decompress(b"", min(left + 1, _STEP))
        except error as problem:
            raise DamagedDataError("its compressed data are damaged") from problem
        left -= len(content)
        if left < 0 or (not content and not inflater.eof):
            raise DamagedDataError("its compressed data do not have the declared size")
        if content:
            yield content
    if left:
        raise DamagedDataError("its compressed data do not have the declared size")
