"""`/health` says that the process lives, `/ready` that it can do its work, `/metrics` what it has done."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import anyio
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from rewheel.server.errors import Refused

if TYPE_CHECKING:
    from rewheel.server.services import Services

__all__ = ["routes"]

_PATIENCE = 5.0
"""Seconds within which database and storage have to answer."""
_UNCACHED = {"Cache-Control": "no-store"}


def routes(services: "Services") -> Sequence[BaseRoute]:
    """Return the routes that balancers and monitoring ask."""

    async def health(request: Request) -> Response:
        del request
        return JSONResponse({"status": "ok"}, headers=_UNCACHED)

    async def ready(request: Request) -> Response:
        del request
        parts = {"database": services.database.check, "storage": services.blobs.check}
        found: dict[str, str] = {}

        async def ask(name: str) -> None:
            found[name] = f"does not answer within {_PATIENCE:g} seconds"
            try:
                with anyio.move_on_after(_PATIENCE):
                    # Beside the limited threads: busy is not broken. Whoever hangs is left to hang.
                    await anyio.to_thread.run_sync(parts[name], abandon_on_cancel=True)
                    found[name] = "ok"
            except Refused as refused:
                found[name] = refused.message

        async with anyio.create_task_group() as group:
            for name in parts:
                group.start_soon(ask, name)
        is_ready = all(said == "ok" for said in found.values())
        status = "ready" if is_ready else "unavailable"
        return JSONResponse({"status": status, **found}, 200 if is_ready else 503, headers=_UNCACHED)

    async def measures(request: Request) -> Response:
        del request
        body, content_type = await anyio.to_thread.run_sync(services.metrics.exposition)
        return Response(body, headers={"Content-Type": content_type, **_UNCACHED})

    return [Route("/health", health), Route("/ready", ready), Route("/metrics", measures)]
