"""Keep-alive connections: made once per need, through a proxy if there is one, and used again.

Three things make many small fetches fast: connections are kept, one TLS context serves all of them (reading
the system's certificates takes longer than a fetch), and each host name is looked up once, because a burst
of equal questions makes some resolvers stall for seconds.
"""

import contextlib
import socket
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rewheel.indexes.credentials import basic
from rewheel.indexes.proxies import Proxy, proxy_for
from rewheel.indexes.settings import HttpSettings
from rewheel.indexes.urls import Origin
from rewheel.indexes.wire import Wire

if TYPE_CHECKING:
    import ssl

__all__ = ["Connection", "Connections"]

_PROXY_ANSWER_LIMIT = 64 * 1024


class Connection:
    """An open connection to an origin; when `reused` is set, the server may have closed it meanwhile."""

    __slots__ = ("origin", "proxy", "reused", "wire")

    def __init__(self, origin: Origin, wire: Wire, proxy: Proxy | None) -> None:
        self.origin = origin
        self.wire = wire
        self.proxy = proxy
        """Set if requests must name the whole URL, because a proxy reads them."""
        self.reused = False

    def close(self) -> None:
        """Hang up."""
        self.wire.close()


class Connections:
    """The pool. Thread-safe; all methods may be called from any thread."""

    def __init__(self, settings: HttpSettings) -> None:
        self._settings = settings
        self._idle: dict[Origin, list[Connection]] = {}
        self._lock = threading.Lock()
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self.is_closed = False
        self._tls: dict[bool, ssl.SSLContext] = {}
        self._tls_lock = threading.Lock()
        self._addresses: dict[tuple[str, int], list[Any]] = {}
        self._lookups: dict[tuple[str, int], threading.Lock] = {}

    def take(self, origin: Origin, *, fresh: bool = False) -> Connection:
        """Give an idle connection, else (or with `fresh`) a new one. Raises OSError or ValueError."""
        with self._lock:
            if self.is_closed:
                raise OSError("the client was closed")
            idle = self._idle.get(origin)
            if idle and not fresh:
                return idle.pop()
        return self._connect(origin)

    def give_back(self, connection: Connection) -> None:
        """Keep a connection whose answer was read to its end."""
        connection.reused = True
        with self._lock:
            idle = self._idle.setdefault(connection.origin, [])
            if not self.is_closed and len(idle) < self._settings.connections:
                idle.append(connection)
                return
        connection.close()

    def close(self) -> None:
        """Hang up on everyone; threads that wait for an answer fail with OSError instead of waiting on."""
        with self._lock:
            self.is_closed = True
            connections = [connection for idle in self._idle.values() for connection in idle]
            self._idle.clear()
            sockets = list(self._sockets)
        for connection in connections:
            connection.close()
        for sock in sockets:
            with contextlib.suppress(OSError):
                # Of the plain socket even under TLS: the object belongs to the thread that reads from it.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def _connect(self, origin: Origin) -> Connection:
        proxy = proxy_for(origin, self._settings.proxies)
        if proxy:
            self._check_reach(origin, origin.host)
        sock = self._dial(proxy[0] if proxy else origin, is_proxy=proxy is not None)
        try:
            if proxy and origin.scheme == "https":
                _tunnel(sock, origin, proxy)
            if origin.scheme == "https":
                sock = self._tls_context(origin).wrap_socket(sock, server_hostname=origin.host)
                self._watch(sock)
        except BaseException:
            sock.close()
            raise
        return Connection(origin, Wire(sock), proxy if origin.scheme == "http" else None)

    def _dial(self, origin: Origin, *, is_proxy: bool) -> socket.socket:
        """Try the host's addresses in the resolver's order."""
        failure: OSError | None = None
        for family, kind, protocol, _, address in self._resolve(origin.host, origin.port):
            if not is_proxy:
                self._check_reach(origin, address[0])
            sock = None
            try:
                sock = socket.socket(family, kind, protocol)
                self._watch(sock)
                sock.settimeout(self._settings.timeout)
                sock.connect(address)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError as error:
                failure = failure or error
                if sock is not None:
                    sock.close()
            else:
                return sock
        raise failure or OSError("the host has no address")

    def _check_reach(self, origin: Origin, address: str) -> None:
        """Raise ValueError for an address that may not be reached; a name, which a proxy looks up, passes."""
        may_reach = self._settings.may_reach
        if may_reach is None or not _is_address(address) or may_reach(origin.host, origin.port, address):
            return
        message = f"the address {address} may not be reached from here"
        raise ValueError(message)

    def _watch(self, sock: socket.socket) -> None:
        with self._lock:
            if self.is_closed:
                raise OSError("the client was closed")
            self._sockets.add(sock)

    def _resolve(self, host: str, port: int) -> list[Any]:
        key = (host, port)
        with self._lock:
            lookup = self._lookups.setdefault(key, threading.Lock())
        with lookup:
            if key not in self._addresses:
                # As bytes, since text would load what international names need, which `Origin` has done.
                self._addresses[key] = socket.getaddrinfo(host.encode("ascii"), port, 0, socket.SOCK_STREAM)
            return self._addresses[key]

    def _tls_context(self, origin: Origin) -> "ssl.SSLContext":
        trusted = not {origin.host, f"{origin.host}:{origin.port}"}.isdisjoint(self._settings.trusted_hosts)
        with self._tls_lock:
            if trusted not in self._tls:
                self._tls[trusted] = _new_tls_context(self._settings, trusted=trusted)
            return self._tls[trusted]


def _is_address(text: str) -> bool:
    from ipaddress import ip_address

    try:
        ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return True


def _new_tls_context(settings: HttpSettings, *, trusted: bool) -> "ssl.SSLContext":
    import ssl
    import sys

    bundle = settings.certificates
    if bundle is None and not trusted and sys.platform != "linux":
        import truststore

        context: ssl.SSLContext = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    elif bundle is not None:
        with _naming(bundle, "the trusted certificates (--cert)"):
            place = "capath" if bundle.is_dir() else "cafile"
            context = ssl.create_default_context(**{place: str(bundle)})  # type: ignore[arg-type]
    else:
        context = ssl.create_default_context()
    if trusted:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if settings.client_certificate is not None:
        with _naming(settings.client_certificate, "the certificate to show (--client-cert)"):
            # Whoever is asked for the password of a key waits for somebody to type it.
            context.load_cert_chain(str(settings.client_certificate), password=_no_password)
    context.set_alpn_protocols(["http/1.1"])
    return context


@contextlib.contextmanager
def _naming(path: Path, what: str) -> Iterator[None]:
    """Say of a failure which file it is about; raises ValueError."""
    try:
        yield
    except FileNotFoundError:
        message = f"{what} {path}: there is no such file"
        raise ValueError(message) from None
    except OSError as error:  # that of the TLS library is one, and often says no more than its own name
        message = f"{what} {path} cannot be used: {error.strerror or error}"
        raise ValueError(message) from error


def _no_password() -> str:
    message = "its key is encrypted, and nobody is asked for the password"
    raise OSError(message)


def _tunnel(sock: socket.socket, origin: Origin, proxy: Proxy) -> None:
    """Ask the proxy for a tunnel to the origin. Raises OSError if it refuses."""
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    lines = [f"CONNECT {host}:{origin.port} HTTP/1.1", f"Host: {host}:{origin.port}"]
    if proxy[1] is not None:
        lines.append(f"Proxy-Authorization: {basic(*proxy[1])}")
    sock.sendall("\r\n".join([*lines, "", ""]).encode("ascii"))
    answer = b""
    # The answer has no body, and nothing follows it before we speak: it ends with the first empty line.
    while not answer.endswith(b"\r\n\r\n"):
        piece = sock.recv(1)
        if not piece or len(answer) > _PROXY_ANSWER_LIMIT:
            raise OSError(f"the proxy {proxy[0].address} hung up")
        answer += piece
    status = answer.split(None, 2)[1:2]
    if status != [b"200"]:
        shown = answer.partition(b"\r\n")[0].decode("latin-1")
        raise OSError(f"the proxy {proxy[0].address} gave no tunnel: {shown}")
