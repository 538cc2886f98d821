"""Undoing the compression of an answer, without trusting how large it says it is."""

import zlib

__all__ = ["Decoder", "DecodingError"]


class DecodingError(ValueError):
    """The bytes are not compressed the way that the header says."""


class Decoder:
    """Decodes one answer piece by piece and gives at most `limit` bytes in all.

    Both methods raise OverflowError beyond the limit, before more memory than that is used.
    """

    def __init__(self, encoding: str, limit: int) -> None:
        self._left = limit
        self._inflate: zlib._Decompress | None = None
        self._started = False
        name = encoding.strip().lower()
        if name in {"gzip", "x-gzip"}:
            self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 16)
        elif name == "deflate":
            self._inflate = zlib.decompressobj()
        elif name not in {"", "identity"}:
            message = f"compressed as {name!r}, which was not asked for"
            raise DecodingError(message)
        self._may_be_raw = name == "deflate"

    def feed(self, data: bytes) -> bytes:
        """Decode the next piece."""
        if self._inflate is None:
            return self._counted(data)
        self._started = self._started or bool(data)
        try:
            return self._inflated(self._inflate, data)
        except zlib.error as error:
            if not self._may_be_raw:
                message = "the compressed answer is damaged"
                raise DecodingError(message) from error
            # Many servers understand "deflate" as the bare stream, without the wrapper that it should have.
            self._may_be_raw = False
            self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
            return self.feed(data)

    def finish(self) -> None:
        """Check that the stream is complete; an answer without any body is."""
        if self._inflate is None or self._inflate.eof or not self._started:
            return
        message = "the compressed answer ends too early"
        raise DecodingError(message)

    def _inflated(self, inflate: "zlib._Decompress", data: bytes) -> bytes:
        # One byte more than allowed is asked for: only then is "too large" told from "exactly full".
        pieces = [self._counted(inflate.decompress(data, self._left + 1))]
        while inflate.eof and inflate.unused_data[:2] == b"\x1f\x8b":  # gzip streams may follow one another
            self._inflate, data = zlib.decompressobj(zlib.MAX_WBITS | 16), inflate.unused_data
            inflate = self._inflate
            pieces.append(self._counted(inflate.decompress(data, self._left + 1)))
        self._may_be_raw = self._may_be_raw and not any(pieces)
        return b"".join(pieces)

    def _counted(self, piece: bytes) -> bytes:
        if len(piece) > self._left:
            message = "more bytes than accepted"
            raise OverflowError(message)
        self._left -= len(piece)
        return piece
