"""Whom to be for which server: user and password from URLs, netrc and the keyring, never for another host.

A login in a URL counts first; a user without a password is looked up in netrc. The keyring is asked only
when a server has refused what we knew, once for each server and user.
"""

import threading
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from rewheel.indexes.keyring import Keyring
from rewheel.indexes.urls import Origin, split_credentials
from rewheel.rows import NamedTuple

__all__ = ["Credentials", "basic"]


class _Entry(NamedTuple):
    origin: Origin
    path: str
    login: tuple[str, str]


class Credentials:
    """Remembers the logins that came with URLs; files of the same origin get them too. Thread-safe."""

    def __init__(self, netrc: Path | None = None, keyring: Keyring | None = None) -> None:
        self._netrc = netrc
        self._keyring = keyring
        self._hosts: dict[str, tuple[str, str]] | None = None
        self._learned: list[_Entry] = []
        self._looked_up: list[_Entry] = []
        self._named: dict[str, Origin] = {}
        self._asked: set[tuple[Origin, str, str]] = set()
        self._lock = threading.Lock()
        self._keyring_lock = threading.Lock()

    def learn(self, url: str, *, named: bool = False) -> str:
        """Remember the login in a URL, if there is one, and give the URL without it. Raises ValueError.

        `named` says that the user wrote the URL, so that the keyring may know it.
        """
        bare, login = split_credentials(url)
        if named and bare.startswith(("http://", "https://")):
            self._named.setdefault(bare, Origin.of(bare))
        if login is not None:
            entry = _Entry(Origin.of(bare), _folder(bare), login)
            with self._lock:
                if entry not in self._learned:
                    self._learned.append(entry)
        return bare

    def header_for(self, url: str, origin: Origin) -> str:
        """Give the value of `Authorization` for a URL of `origin`; empty if nobody is known there.

        Of several logins for one origin the one whose path leads furthest to the URL is taken. A login for
        a plain http host also serves its https twin, to which such hosts often redirect.
        """
        login = _nearest(self._looked_up, url, origin)
        if login is None:
            login = _nearest(self._learned, url, origin)
            if login is None or not login[1]:
                login = self._from_netrc(origin.host, login[0] if login else "") or login
        return basic(*login) if login is not None else ""

    def after_refusal(self, url: str, origin: Origin, refused: str) -> str:
        """Look for another login than the one that a server refused; give its header, or "".

        Asks the keyring as pip does: for the index that the user named, then for the host. Over plain http
        only hosts that the user named are worth a password.
        """
        if self._keyring is None:
            return ""
        learned = _nearest(self._learned, url, origin)
        if learned is not None and learned[1]:
            return ""  # the user gave a password, and nobody may stand in for it
        user = learned[0] if learned is not None else ""
        index = max((name for name in self._named if _is_below(url, name)), key=len, default="")
        if origin.scheme != "https" and origin not in self._named.values():
            return ""
        with self._keyring_lock:  # whoever comes second finds what the first one found
            question = (origin, index, user)
            if question not in self._asked:
                self._asked.add(question)
                services = dict.fromkeys(filter(None, (index, origin.address)))
                login = self._keyring.find(services, user)
                if login is not None:
                    path = _folder(index) if index else "/"
                    self._looked_up.append(_Entry(origin, path, login))
        found = self.header_for(url, origin)
        return found if found != refused else ""

    def _from_netrc(self, host: str, user: str) -> tuple[str, str] | None:
        """Find the login of a host, of a certain user if one is named."""
        with self._lock:
            if self._hosts is None:
                self._hosts = _read_netrc(self._netrc) if self._netrc is not None else {}
        found = self._hosts.get(host)
        return found if found is not None and user in {"", found[0]} else None


def basic(user: str, password: str) -> str:
    """Write a login as the value of an `Authorization` header."""
    import base64

    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")


def _nearest(entries: Iterable[_Entry], url: str, origin: Origin) -> tuple[str, str] | None:
    path = urlsplit(url).path
    best: tuple[int, tuple[str, str]] | None = None
    for entry in entries:
        if origin != entry.origin and not _is_upgrade(entry.origin, origin):
            continue
        shared = len(entry.path) if path.startswith(entry.path) else 0
        if best is None or shared > best[0]:
            best = (shared, entry.login)
    return best[1] if best is not None else None


def _folder(url: str) -> str:
    return urlsplit(url).path.rpartition("/")[0] + "/"


def _is_below(url: str, index: str) -> bool:
    return url == index or url.startswith(index if index.endswith("/") else f"{index}/")


def _is_upgrade(old: Origin, new: Origin) -> bool:
    return old == ("http", new.host, 80) and new == ("https", old.host, 443)


def _read_netrc(path: Path) -> dict[str, tuple[str, str]]:
    """Read a netrc file; a missing or broken one has no logins, and its default entry is for nobody.

    The default entry would send a password to every host that an index names.
    """
    if not path.is_file():  # as is usual
        return {}
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
