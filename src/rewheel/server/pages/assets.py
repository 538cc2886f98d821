"""The few files that pages load: styles, a script for comfort, an icon. Named by content, kept for ever."""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

__all__ = ["Asset", "asset_url", "find_asset"]

_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that pages load."""

    url: str
    content: bytes
    media_type: str


def asset_url(name: str) -> str:
    """Return where a file is; its address changes with its content."""
    return _assets()[name].url


def find_asset(path: str) -> Asset | None:
    """Find a file by its address."""
    return _by_url().get(path)


@cache
def _assets() -> dict[str, Asset]:
    found = {}
    for resource in files("rewheel.server.pages").joinpath("static").iterdir():
        stem, _, extension = resource.name.rpartition(".")
        if extension in _TYPES:
            content = resource.read_bytes()
            digest = hashlib.sha256(content).hexdigest()[:16]
            found[resource.name] = Asset(f"/static/{stem}.{digest}.{extension}", content, _TYPES[extension])
    return found


@cache
def _by_url() -> dict[str, Asset]:
    return {asset.url: asset for asset in _assets().values()}
