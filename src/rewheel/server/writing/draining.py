"""Hearing clients out: most of them listen to a refusal only when they have said everything."""

from collections.abc import Callable
from contextlib import suppress

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rewheel.server.answers import header

__all__ = ["HeardOut"]

_LONGEST = 300.0
"""Seconds for which a body is listened to that nobody wants any more."""


class HeardOut:
    """An application whose refusals wait until the body has arrived, and throws away what is left of it.

    A client that is still sending would find the connection broken instead of the reason. At most `limit`
    bytes are waited for, with at most `patience` seconds between them; an answer that closes the connection
    waits for nothing.
    """

    def __init__(self, app: ASGIApp, *, limit: int, patience: float) -> None:
        self._app = app
        self._limit = limit
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http" or scope["method"] in {"GET", "HEAD"}:
            await self._app(scope, receive, send)
            return
        is_over = False
        # Who asks first whether to send has sent nothing yet.
        asks_first = header(scope, b"expect").lower() == "100-continue"

        async def heard() -> Message:
            nonlocal is_over, asks_first
            message = await receive()
            is_over = message["type"] != "http.request" or not message.get("more_body", False)
            asks_first = False
            return message

        async def answer(message: Message) -> None:
            if (
                message["type"] == "http.response.start"
                and message["status"] >= 400
                and not asks_first
                and (b"connection", b"close") not in message["headers"]
            ):
                with suppress(TimeoutError), anyio.fail_after(_LONGEST):
                    await self._listen(heard, lambda: is_over)
            await send(message)

        await self._app(scope, heard, answer)

    async def _listen(self, heard: Receive, is_over: Callable[[], bool]) -> None:
        left = self._limit
        while not is_over() and left > 0:
            with anyio.fail_after(self._patience):
                message = await heard()
            left -= len(message.get("body", b""))
