"""URLs as the indexes room uses them: shown without secrets, quoted, joined, turned into paths."""

import re
from pathlib import Path
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

from rewheel.rows import NamedTuple

__all__ = [
    "Origin",
    "filename_in",
    "is_url",
    "join",
    "local_path",
    "quoted",
    "redact",
    "split_credentials",
    "without_fragment",
]

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Origin(NamedTuple):
    """Who answers for a URL: credentials and connections belong to an origin, never to more than one."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> "Origin":
        """Read the origin of an `http` or `https` URL; raises ValueError for anything else."""
        parts = urlsplit(url)
        host = parts.hostname
        if parts.scheme not in _DEFAULT_PORTS or not host:
            message = "not an http or https URL with a host"
            raise ValueError(message)
        if not host.isascii():
            host = host.encode("idna").decode("ascii")
        return cls(parts.scheme, host, parts.port or _DEFAULT_PORTS[parts.scheme])

    @property
    def address(self) -> str:
        """The value of a `Host` header: without the port if it is the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def is_url(text: str) -> bool:
    """Tell a URL from a path; a drive letter is no scheme."""
    return _SCHEME.match(text) is not None


def redact(text: str) -> str:
    """Show a URL without user, password, query and fragment, all of which may be secrets; paths stay."""
    if not is_url(text) or text.startswith("file:"):
        return text
    scheme, _, rest = text.partition(":")
    slashes = "//" if rest.startswith("//") else ""
    rest = rest.removeprefix("//")
    end = min((at for at in map(rest.find, "/?#") if at >= 0), default=len(rest))
    user, at_sign, host = rest[:end].rpartition("@")
    path = re.split(r"[?#]", rest[end:], maxsplit=1)[0]
    shown = "****@" if user and at_sign else ""
    return f"{scheme}:{slashes}{shown}{host}{path}"


def split_credentials(url: str) -> tuple[str, tuple[str, str] | None]:
    """Take user and password out of a URL; they are percent-decoded."""
    head, at_sign, _ = url.partition("@")
    if not at_sign or "://" not in head:
        return url, None
    parts = urlsplit(url)
    userinfo, at_sign, host = parts.netloc.rpartition("@")
    if not at_sign:
        return url, None
    user, _, password = userinfo.partition(":")
    bare = urlunsplit((parts.scheme, host, parts.path, parts.query, parts.fragment))
    return bare, (unquote(user), unquote(password))


def quoted(url: str) -> str:
    """Percent-encode what may not stand in a request line; what is encoded already stays.

    Raises ValueError for text that no encoding has, such as half a surrogate pair.
    """
    if url.isascii() and url.isprintable() and " " not in url:
        return url
    return quote(url, safe="%/:=&?~#+!$,;'@()*[]")


def join(base: str, url: str) -> str:
    """Resolve a reference against the page that it stands on. Raises ValueError when that cannot be done."""
    if url.startswith(("https://", "http://")):
        return quoted(url)
    return quoted(urljoin(base, url))


def without_fragment(url: str) -> tuple[str, str]:
    """Split a URL at its fragment."""
    url, _, fragment = url.partition("#")
    return url, fragment


def filename_in(url: str) -> str:
    """Give the last component of a URL's path, percent-decoded."""
    path = re.split(r"[?#]", url, maxsplit=1)[0]
    return unquote(path.rpartition("/")[2])


def local_path(url: str) -> Path | None:
    """Give the path that a `file:` URL stands for; None for any other URL or another computer's file."""
    if not url.startswith("file:"):
        return None
    parts = urlsplit(url)
    if parts.netloc not in {"", "localhost"}:
        return None
    path = unquote(parts.path)
    if re.match(r"/[A-Za-z]:", path):
        path = path[1:]
    return Path(path) if path and "\0" not in path else None
