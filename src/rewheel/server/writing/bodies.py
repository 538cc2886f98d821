"""The body of a request, piece by piece, with an end to patience."""

import time
from collections.abc import AsyncIterator

import anyio
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from rewheel.server.errors import Refused

__all__ = ["pieces"]

_SLOWEST = 1024
"""Bytes a second."""


async def pieces(receive: Receive, *, limit: int, patience: float) -> AsyncIterator[bytes]:
    """Yield what arrives, at most `limit` bytes, waiting for each piece at most `patience` seconds.

    What only drips is given up, too: after twice that time, 1 KiB has to have arrived for every second more.

    Raises Refused (413, 408), and ClientDisconnect when there is nobody left to tell.
    """
    total, begin = 0, time.monotonic()
    while True:
        try:
            with anyio.fail_after(patience):
                message = await receive()
        except TimeoutError as error:
            raise Refused(
                408, f"nothing has arrived for {patience:g} seconds", headers={"Connection": "close"}
            ) from error
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        if time.monotonic() - begin > 2 * patience + total / _SLOWEST:
            raise Refused(408, "the request arrives too slowly", headers={"Connection": "close"})
        piece = message.get("body", b"")
        total += len(piece)
        if total > limit:
            raise Refused(413, f"the request is larger than {limit} bytes", headers={"Connection": "close"})
        if piece:
            yield piece
        if not message.get("more_body", False):
            return
