"""Whom to be for which server: user and password from URLs and from netrc, and never for another host."""

import base64
import threading
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from rewheel.indexes.urls import Origin, split_credentials

__all__ = ["Credentials", "basic"]


class _Entry(NamedTuple):
    origin: Origin
    path: str
    login: tuple[str, str]


class Credentials:
    """Remembers the logins that came with URLs; files of the same origin get them too. Thread-safe."""

    def __init__(self, netrc: Path | None = None) -> None:
        self._netrc = netrc
        self._hosts: dict[str, tuple[str, str]] | None = None
        self._learned: list[_Entry] = []
        self._lock = threading.Lock()

    def learn(self, url: str) -> str:
        """Remember the login in a URL, if there is one, and give the URL without it. Raises ValueError."""
        bare, login = split_credentials(url)
        if login is not None:
            path = urlsplit(bare).path.rpartition("/")[0] + "/"
            entry = _Entry(Origin.of(bare), path, login)
            with self._lock:
                if entry not in self._learned:
                    self._learned.append(entry)
        return bare

    def header_for(self, url: str, origin: Origin) -> str:
        """Give the value of `Authorization` for a URL of `origin`; empty if nobody is known there.

        Of several logins for one origin the one whose path leads furthest to the URL is taken. A login for
        a plain http host also serves its https twin, to which such hosts often redirect.
        """
        path = urlsplit(url).path
        best: tuple[int, tuple[str, str]] | None = None
        for entry in self._learned:
            if origin != entry.origin and not _is_upgrade(entry.origin, origin):
                continue
            shared = len(entry.path) if path.startswith(entry.path) else 0
            if best is None or shared > best[0]:
                best = (shared, entry.login)
        login = best[1] if best is not None else self._from_netrc(origin.host)
        return basic(*login) if login is not None else ""

    def _from_netrc(self, host: str) -> tuple[str, str] | None:
        with self._lock:
            if self._hosts is None:
                self._hosts = _read_netrc(self._netrc) if self._netrc is not None else {}
        return self._hosts.get(host)


def basic(user: str, password: str) -> str:
    """Write a login as the value of an `Authorization` header."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")


def _is_upgrade(old: Origin, new: Origin) -> bool:
    return old == ("http", new.host, 80) and new == ("https", old.host, 443)


def _read_netrc(path: Path) -> dict[str, tuple[str, str]]:
    """Read a netrc file; a missing or broken one has no logins, and its default entry is for nobody.

    The default entry would send a password to every host that an index names.
    """
    import netrc

    try:
        entries = netrc.netrc(str(path)).hosts
    except (OSError, netrc.NetrcParseError, UnicodeDecodeError, ValueError):
        return {}
    return {
        host: (login or "", password or "")
        for host, (login, _, password) in entries.items()
        if host != "default"
    }
