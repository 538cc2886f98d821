"""Whether a wheel that lies elsewhere is there, and is the one that its rim speaks of (PEP 759, resiliency).

Off unless the operator asks for it. A rim is a stranger's word about where to connect to, so that connections
are made to public addresses alone, and to hosts that the operator names. The address that is looked at is the
one that is connected to, also after a redirect: a name that answers differently the next time gains nothing.
"""

import hashlib
import hmac
import re
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Self

from rewheel.indexes import HttpSettings, IndexesError
from rewheel.indexes.http import HttpClient
from rewheel.server.errors import Refused
from rewheel.server.settings import ServerSettings
from rewheel.server.upstream.reach import Reach
from rewheel.wheels import ExternalHosting

__all__ = ["ExternalWheels"]

_LARGEST = 32 << 30
"""Bytes above which no wheel is read, whatever a rim says."""
_SLOWEST = 64 << 10
"""Bytes a second; a host that sends fewer is given up, besides `_START` seconds for the beginning."""
_START = 60.0
_LONGEST = 900.0
"""Seconds after which a server gives a wheel up in any case: somebody waits for the answer."""
_PORTS = frozenset({80, 443, 8443})
"""Where strangers may let us connect to; hosts of the operator may be at any port."""
_RANGE = re.compile(r"bytes 0-0/([0-9]{1,15})")
_STRONG = ("sha512", "sha384", "sha256", "blake2b")


class _Nearby(Reach):
    """Lets us reach the operator's hosts at any address, and others in public at the usual ports alone."""

    def __call__(self, host: str, port: int, address: str) -> bool:
        """Answer for a connection to `host`, as a URL names it, at the IP `address`."""
        return super().__call__(host, port, address) and (port in _PORTS or self.is_named(host, port))


class ExternalWheels:
    """Looks at wheels on the hosts of their owners. May be used by several threads at once.

    No credentials are sent, no proxy of the environment is used, and certificates are always checked.
    """

    def __init__(
        self,
        *,
        hosts: Iterable[str] = (),
        allow_http: bool = False,
        certificates: Path | None = None,
        timeout: float = 10.0,
        longest: float | None = None,
    ) -> None:
        """Trust `hosts`, each `name` or `name:port`, to be wherever they are.

        One wheel takes at most `longest` seconds.
        """
        self._allow_http = allow_http
        self._longest = longest
        self._http = HttpClient(
            HttpSettings(
                timeout=timeout,
                retries=1,
                max_wait=2.0,
                max_redirects=5,
                connections=4,
                certificates=certificates,
                may_reach=_Nearby((), hosts),
            )
        )

    @classmethod
    def of(cls, settings: ServerSettings) -> Self | None:
        """Take what the operator has chosen; None if nothing is to be fetched, which is the default."""
        if not settings.verify_external:
            return None
        return cls(
            hosts=settings.external_hosts,
            allow_http=settings.allow_insecure_external,
            certificates=settings.certificates,
            longest=_LONGEST,
        )

    def close(self) -> None:
        """Hang up, and give up what is under way."""
        self._http.close()

    def check(self, filename: str, place: ExternalHosting) -> None:
        """Read the wheel from end to end; raises Refused (400) with what is wrong, in words.

        A byte is asked for first, which shows whether the host answers range requests and how large the wheel
        is, before anything large is read.
        """
        self._check_scheme(filename, place.uri)
        if place.size > _LARGEST:
            raise _wrong(filename, f"{place.size:,} bytes are more than is looked at")
        try:
            self._probe(filename, place)
            found = self._digests(filename, place)
        except IndexesError as error:
            raise _wrong(filename, f"it cannot be fetched: {error.message}") from error
        for algorithm, wanted in place.hashes.items():
            digest = found.get(algorithm)
            if digest is not None and not hmac.compare_digest(digest, wanted.lower()):
                raise _wrong(filename, f"its {algorithm} is {digest} there, and the rim gives {wanted}")

    def _probe(self, filename: str, place: ExternalHosting) -> None:
        with self._http.stream(place.uri, headers={"Range": "bytes=0-0"}) as stream:
            self._check_scheme(filename, stream.url)
            if stream.status in {404, 410}:
                raise _wrong(filename, f"it is not there: the host answers {stream.status}")
            if stream.status == 200:
                raise _wrong(filename, "the host does not answer range requests, which installers need")
            if stream.status != 206:
                raise _wrong(filename, f"the host answers {stream.status}")
            match = _RANGE.fullmatch(stream.headers.get("content-range", "").strip())
            if match is None:
                raise _wrong(filename, "the host answers range requests with something else")
            if int(match[1]) != place.size:
                raise _wrong(
                    filename, f"it has {int(match[1]):,} bytes there, and the rim gives {place.size:,}"
                )

    def _digests(self, filename: str, place: ExternalHosting) -> Mapping[str, str]:
        hashers = {name: hashlib.new(name) for name in place.hashes if name in _STRONG}
        read = 0
        patience = _START + place.size / _SLOWEST
        deadline = time.monotonic() + (patience if self._longest is None else min(patience, self._longest))
        with self._http.stream(place.uri) as stream:
            self._check_scheme(filename, stream.url)
            if stream.status != 200:
                raise _wrong(filename, f"the host answers {stream.status}")
            for piece in stream.chunks():
                read += len(piece)
                if read > place.size:
                    break
                if time.monotonic() > deadline:
                    raise _wrong(filename, "the host sends it too slowly")
                for hasher in hashers.values():
                    hasher.update(piece)
        if read != place.size:
            more = "more" if read > place.size else f"{read:,}"
            raise _wrong(filename, f"the host sends {more} bytes, and the rim gives {place.size:,}")
        return {name: hasher.hexdigest() for name, hasher in hashers.items()}

    def _check_scheme(self, filename: str, url: str) -> None:
        if not self._allow_http and not url.startswith("https:"):
            raise _wrong(filename, "it is not fetched over https")


def _wrong(filename: str, reason: str) -> Refused:
    return Refused(
        400,
        f"{filename}, which lies elsewhere, was looked at: {reason}",
        hint="put the wheel there first, at a place that stays, then upload its rim again",
        kind="external-wheel",
    )
