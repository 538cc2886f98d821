"""The HTTP client against a real server: whom it trusts, where it goes, how it fails."""

import base64
import gzip
import socket
import ssl
import subprocess
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from email.utils import formatdate
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from rewheel.errors import RewheelError
from rewheel.indexes import FetchError, HttpSettings, Interrupted, NotFound, TooLarge
from rewheel.indexes.answers import check
from rewheel.indexes.decoding import Decoder, DecodingError
from rewheel.indexes.http import HttpClient
from rewheel.indexes.proxies import proxy_for
from rewheel.indexes.urls import Origin, redact
from support.index_server import Fault, IndexServer, Response

LIMIT = 1_000_000


@pytest.fixture
def http(waits: list[float]) -> Iterator[HttpClient]:
    client = HttpClient(HttpSettings(timeout=5), sleep=waits.append)
    yield client
    client.close()


@pytest.fixture
def other() -> Iterator[IndexServer]:
    with IndexServer() as running:
        running.responses["/goal"] = Response(b"arrived")
        yield running


def authorization(server: IndexServer) -> list[str | None]:
    return [request.headers.get("authorization") for request in server.requests]


def test_fetches_and_keeps_the_connection(server: IndexServer, http: HttpClient) -> None:
    for _ in range(5):
        assert http.get(f"{server.url}/simple/", limit=LIMIT).status == 200
    assert server.connections == 1


def test_a_connection_that_the_server_closed_is_no_failure(
    server: IndexServer, http: HttpClient, waits: list[float]
) -> None:
    server.responses["/once"] = Response(b"one", headers={})
    http.get(f"{server.url}/once", limit=LIMIT)
    server.faults["/once"] = Fault(drop=True, times=1)
    assert http.get(f"{server.url}/once", limit=LIMIT).body == b"one"
    assert waits == []


def test_an_unwanted_answer_does_not_cost_the_connection(server: IndexServer, http: HttpClient) -> None:
    with http.stream(f"{server.url}/simple/"):
        pass
    http.get(f"{server.url}/simple/", limit=LIMIT)
    assert server.connections == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_retries_what_may_pass(
    server: IndexServer, http: HttpClient, waits: list[float], status: int
) -> None:
    server.faults["/simple/"] = Fault(status=status, times=2)
    assert http.get(f"{server.url}/simple/", limit=LIMIT).status == 200
    assert waits == [0.25, 0.5]


def test_gives_the_last_answer_when_nothing_helps(
    server: IndexServer, http: HttpClient, waits: list[float]
) -> None:
    server.faults["/simple/"] = Fault(status=503)
    response = http.get(f"{server.url}/simple/", limit=LIMIT)
    assert response.status == 503
    assert len(server.requests) == 1 + http.settings.retries == 1 + len(waits)
    with pytest.raises(FetchError, match=r"503 \(Service Unavailable\)") as caught:
        check(response)
    assert caught.value.status == 503
    assert caught.value.hint


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 418])
def test_does_not_retry_what_will_stay(server: IndexServer, http: HttpClient, status: int) -> None:
    server.faults["/simple/"] = Fault(status=status)
    assert http.get(f"{server.url}/simple/", limit=LIMIT).status == status
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [404, 410])
def test_absence_is_an_error_of_its_own(server: IndexServer, http: HttpClient, status: int) -> None:
    server.faults["/simple/"] = Fault(status=status)
    with pytest.raises(NotFound):
        check(http.get(f"{server.url}/simple/", limit=LIMIT))


def test_waits_as_long_as_the_server_asks(server: IndexServer, http: HttpClient, waits: list[float]) -> None:
    server.faults["/simple/"] = Fault(status=429, headers={"Retry-After": "7"}, times=1)
    assert http.get(f"{server.url}/simple/", limit=LIMIT).status == 200
    assert waits == [7.0]


def test_understands_a_date_to_wait_for(server: IndexServer, http: HttpClient, waits: list[float]) -> None:
    date = formatdate(time.time() + 10, usegmt=True)
    server.faults["/simple/"] = Fault(status=503, headers={"Retry-After": date}, times=1)
    assert http.get(f"{server.url}/simple/", limit=LIMIT).status == 200
    assert 5 < waits[0] <= 10


@pytest.mark.parametrize("asked", ["86400", "99999999999999999999"])
def test_gives_up_when_the_wait_is_too_long(
    server: IndexServer, http: HttpClient, waits: list[float], asked: str
) -> None:
    server.faults["/simple/"] = Fault(status=429, headers={"Retry-After": asked})
    response = http.get(f"{server.url}/simple/", limit=LIMIT)
    assert response.status == 429
    assert all(wait <= http.settings.max_wait for wait in waits)


def test_tries_again_after_a_dropped_connection(server: IndexServer, http: HttpClient) -> None:
    server.faults["/simple/"] = Fault(drop=True, times=2)
    assert http.get(f"{server.url}/simple/", limit=LIMIT).status == 200


def test_tries_again_after_a_truncated_answer(server: IndexServer, http: HttpClient) -> None:
    server.faults["/simple/"] = Fault(truncate=10, times=2)
    assert http.get(f"{server.url}/simple/", limit=LIMIT).body.startswith(b"<!DOCTYPE")


def test_says_that_an_answer_is_never_complete(server: IndexServer, http: HttpClient) -> None:
    server.faults["/simple/"] = Fault(truncate=10)
    with pytest.raises(Interrupted, match="bytes too early"):
        http.get(f"{server.url}/simple/", limit=LIMIT)


def test_says_that_nobody_listens(waits: list[float]) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    http = HttpClient(HttpSettings(timeout=1), sleep=waits.append)
    with pytest.raises(Interrupted, match="refused") as caught:
        http.get(f"http://127.0.0.1:{port}/", limit=LIMIT)
    assert "--offline" in caught.value.hint
    assert len(waits) == 3


def test_says_that_an_answer_did_not_come_in_time(server: IndexServer, waits: list[float]) -> None:
    server.faults["/simple/"] = Fault(delay=0.15)
    http = HttpClient(HttpSettings(timeout=0.05, retries=1), sleep=waits.append)
    with pytest.raises(Interrupted, match="no answer in time"):
        http.get(f"{server.url}/simple/", limit=LIMIT)


def test_does_not_wait_for_ever_for_drops_of_an_answer() -> None:
    def drip(sock: socket.socket) -> None:
        connection, _ = sock.accept()
        with connection:
            connection.recv(10_000)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            try:
                while True:
                    connection.sendall(b"x")
                    time.sleep(0.005)
            except OSError:
                pass

    with socket.create_server(("127.0.0.1", 0)) as sock:
        thread = threading.Thread(target=drip, args=(sock,), daemon=True)
        thread.start()
        http = HttpClient(HttpSettings(timeout=0.02, retries=0))
        with pytest.raises(FetchError, match="too slowly"):
            http.get(f"http://127.0.0.1:{sock.getsockname()[1]}/", limit=LIMIT)
        thread.join()


@pytest.mark.parametrize(
    "answer",
    [
        b"hello, I speak something else\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffff\r\nhello",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"HTTP/1.1 999 \r\n\r\n" + b"\xff" * 100,
        b"HTTP/1.1 301 Moved\r\nLocation: http://[::1/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 301 Moved\r\nLocation: javascript:alert(1)\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:99999/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\nab",
        b"",
    ],
)
def test_a_server_that_talks_nonsense_is_one_clear_error(answer: bytes) -> None:
    def serve(sock: socket.socket) -> None:
        connection, _ = sock.accept()
        with connection:
            connection.recv(10_000)
            connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as sock:
        thread = threading.Thread(target=serve, args=(sock,), daemon=True)
        thread.start()
        http = HttpClient(HttpSettings(timeout=2, retries=0))
        with pytest.raises(FetchError):
            check(http.get(f"http://127.0.0.1:{sock.getsockname()[1]}/", limit=LIMIT))
        http.close()
        thread.join()


# How much


def test_refuses_a_large_answer_unread(server: IndexServer, http: HttpClient) -> None:
    server.responses["/large"] = Response(b"x" * 5000)
    with pytest.raises(TooLarge, match="1,000 bytes"):
        http.get(f"{server.url}/large", limit=1000)
    assert http.get(f"{server.url}/large", limit=5000).body == b"x" * 5000


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "raw deflate"])
def test_decodes_compressed_answers(server: IndexServer, http: HttpClient, encoding: str) -> None:
    text = b"hello " * 10_000
    packed = {
        "gzip": gzip.compress(text),
        "deflate": zlib.compress(text),
        "raw deflate": zlib.compress(text)[2:-4],
    }
    server.responses["/packed"] = Response(
        packed[encoding], headers={"Content-Encoding": encoding.removeprefix("raw ")}
    )
    assert http.get(f"{server.url}/packed", limit=LIMIT).body == text


def test_a_decompression_bomb_is_too_large(server: IndexServer, http: HttpClient) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    server.responses["/bomb"] = Response(bomb, headers={"Content-Encoding": "gzip"})
    with pytest.raises(TooLarge):
        http.get(f"{server.url}/bomb", limit=LIMIT)


@pytest.mark.parametrize(
    "body", [b"not gzip at all", gzip.compress(b"hello" * 100, mtime=0)[:-9]], ids=["foreign", "truncated"]
)
def test_damaged_compression_is_an_error(server: IndexServer, http: HttpClient, body: bytes) -> None:
    server.responses["/bad"] = Response(body, headers={"Content-Encoding": "gzip"})
    with pytest.raises(FetchError, match="compressed"):
        http.get(f"{server.url}/bad", limit=LIMIT)


@given(
    st.lists(st.binary(max_size=200), max_size=5), st.integers(1, 50), st.sampled_from(["gzip", "deflate"])
)
def test_any_pieces_of_a_compressed_text_give_the_text(parts: list[bytes], step: int, encoding: str) -> None:
    text = b"".join(parts)
    packed = b"".join(gzip.compress(p) for p in parts) if encoding == "gzip" else zlib.compress(text)
    decoder = Decoder(encoding, len(text))
    found = b"".join(decoder.feed(packed[at : at + step]) for at in range(0, len(packed), step))
    decoder.finish()
    assert found == text


@given(st.binary(max_size=300), st.sampled_from(["gzip", "deflate", "", "identity", "x-gzip", "br"]))
def test_any_bytes_are_decoded_or_refused(data: bytes, encoding: str) -> None:
    try:
        decoder = Decoder(encoding, 100)
        assert len(decoder.feed(data)) <= 100
        decoder.finish()
    except (DecodingError, OverflowError):
        pass


# Redirects and logins


def test_follows_redirects(server: IndexServer, other: IndexServer, http: HttpClient) -> None:
    server.redirects["/start"] = "/middle"
    server.redirects["/middle"] = f"{other.url}/goal"
    response = http.get(f"{server.url}/start", limit=LIMIT)
    assert (response.body, response.url) == (b"arrived", f"{other.url}/goal")


def test_ends_a_circle_of_redirects(server: IndexServer, http: HttpClient) -> None:
    server.redirects["/a"] = "/b"
    server.redirects["/b"] = "/a"
    with pytest.raises(FetchError, match="more than 10 redirects"):
        http.get(f"{server.url}/a", limit=LIMIT)


def test_sends_the_login_of_the_url(server: IndexServer, http: HttpClient) -> None:
    server.auth = ("me@work", "p:w d")
    url = f"http://me%40work:p%3Aw%20d@127.0.0.1:{server.port}/simple/"
    assert http.get(url, limit=LIMIT).status == 200
    assert http.get(f"{server.url}/simple/", limit=LIMIT).status == 200, "the origin's other URLs have it too"


def test_never_sends_a_login_to_another_host(
    server: IndexServer, other: IndexServer, http: HttpClient
) -> None:
    server.auth = ("me", "secret")
    server.redirects["/start"] = f"{other.url}/goal"
    assert http.get(f"http://me:secret@127.0.0.1:{server.port}/start", limit=LIMIT).body == b"arrived"
    assert authorization(other) == [None]
    assert "secret" not in str(other.requests)
    server.redirects["/again"] = f"http://localhost:{server.port}/simple/"
    http.get(f"http://me:secret@127.0.0.1:{server.port}/again", limit=LIMIT)
    assert authorization(server)[-1] is None, "the same computer under another name is another host"


def test_errors_do_not_show_logins(server: IndexServer, http: HttpClient) -> None:
    server.faults["/simple/"] = Fault(status=401)
    response = http.get(f"http://me:secret@127.0.0.1:{server.port}/simple/?token=secret", limit=LIMIT)
    with pytest.raises(FetchError) as caught:
        check(response)
    assert "secret" not in str(caught.value) + repr(caught.value.__dict__)
    assert "netrc" in caught.value.hint
    with pytest.raises(FetchError) as caught:
        http.get("http://me:secret@[broken/", limit=LIMIT)
    assert "secret" not in str(caught.value)


def test_reads_netrc_for_the_named_hosts_alone(server: IndexServer, tmp_path: Path) -> None:
    server.auth = ("me", "secret")
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\ndefault login me password leak\n")
    http = HttpClient(HttpSettings(netrc=netrc))
    assert http.get(f"{server.url}/simple/", limit=LIMIT).status == 200
    http.get(f"http://localhost:{server.port}/simple/", limit=LIMIT)
    assert authorization(server)[-1] is None
    http.close()


@pytest.mark.parametrize("content", ["machine", "nonsense { here", "\udcff", None])
def test_a_broken_netrc_has_no_logins(server: IndexServer, tmp_path: Path, content: str | None) -> None:
    netrc = tmp_path / "netrc"
    if content is not None:
        netrc.write_bytes(content.encode("utf-8", "surrogateescape"))
    http = HttpClient(HttpSettings(netrc=netrc))
    assert http.get(f"{server.url}/simple/", limit=LIMIT).status == 200
    http.close()


def test_of_two_logins_the_nearer_one_counts(server: IndexServer, http: HttpClient) -> None:
    for name in ("one", "two"):
        http.get(f"http://{name}:x@127.0.0.1:{server.port}/{name}/simple/", limit=LIMIT)
    for name in ("one", "two"):
        http.get(f"{server.url}/{name}/simple/foo/", limit=LIMIT)
    users = [base64.b64decode((text or "").split()[1]).decode() for text in authorization(server)]
    assert users == ["one:x", "two:x", "one:x", "two:x"]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:pw@host/simple/", "https://****@host/simple/"),
        ("https://token@host:8080", "https://****@host:8080"),
        ("https://host/a?sig=secret#x", "https://host/a"),
        ("https://a@b:c@host/x@y", "https://****@host/x@y"),
        ("./folder#1", "./folder#1"),
        ("C:\\wheels", "C:\\wheels"),
        ("file:///a#b", "file:///a#b"),
    ],
)
def test_shows_urls_without_secrets(url: str, shown: str) -> None:
    assert redact(url) == shown


@given(st.text(max_size=60))
def test_any_text_is_fetched_or_refused(text: str) -> None:
    http = HttpClient(HttpSettings(timeout=0.01, retries=0, proxies={"all_proxy": "http://127.0.0.1:1"}))
    for url in (text, f"http://127.0.0.1:1/{text}", f"http://{text}:1/"):
        with pytest.raises(RewheelError):
            http.get(url, limit=10)


# TLS


def test_trusts_the_certificates_that_are_named(tls_server: IndexServer, certificate: Path) -> None:
    http = HttpClient(HttpSettings(certificates=certificate))
    for _ in range(3):
        assert http.get(f"{tls_server.url}/simple/", limit=LIMIT).status == 200
    assert tls_server.connections == 1
    http.close()


def test_refuses_a_stranger_certificate_at_once(
    tls_server: IndexServer, http: HttpClient, waits: list[float]
) -> None:
    with pytest.raises(FetchError, match="certificate is not trusted") as caught:
        http.get(f"{tls_server.url}/simple/", limit=LIMIT)
    assert "--trusted-host" in caught.value.hint
    assert waits == []


@pytest.mark.parametrize("name", ["127.0.0.1", "127.0.0.1:{port}"])
def test_trusts_a_host_that_the_user_trusts(tls_server: IndexServer, name: str) -> None:
    http = HttpClient(HttpSettings(trusted_hosts=frozenset({name.format(port=tls_server.port)})))
    assert http.get(f"{tls_server.url}/simple/", limit=LIMIT).status == 200
    http.close()


def test_is_not_led_from_https_to_http(
    tls_server: IndexServer, server: IndexServer, certificate: Path
) -> None:
    http = HttpClient(HttpSettings(certificates=certificate))
    tls_server.redirects["/start"] = f"{server.url}/simple/"
    with pytest.raises(FetchError, match="from https to http"):
        http.get(f"{tls_server.url}/start", limit=LIMIT)
    assert server.requests == []
    http.close()


def test_an_unreadable_certificate_bundle_is_one_clear_error(tmp_path: Path, tls_server: IndexServer) -> None:
    http = HttpClient(HttpSettings(certificates=tmp_path / "missing.pem", retries=0))
    with pytest.raises(FetchError, match=r"--cert\).*missing\.pem: there is no such file"):
        http.get(f"{tls_server.url}/simple/", limit=LIMIT)
    (tmp_path / "missing.pem").write_text("no certificate")
    with pytest.raises(FetchError, match=r"--cert\).*missing\.pem cannot be used"):
        http.get(f"{tls_server.url}/simple/", limit=LIMIT)


def test_shows_a_certificate_to_a_server_that_asks(wheels: Path, certificate: Path, tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.load_verify_locations(certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    encrypted = tmp_path / "encrypted.pem"
    command = ["openssl", "rsa", "-in", certificate, "-aes256", "-passout", "pass:secret", "-out", encrypted]
    subprocess.run(command, check=True, capture_output=True)
    (tmp_path / "both.pem").write_bytes(
        (certificate.parent / "cert.pem").read_bytes() + encrypted.read_bytes()
    )

    def get(shown: Path | None) -> int:
        http = HttpClient(
            HttpSettings(certificates=certificate, client_certificate=shown, retries=0, timeout=5)
        )
        try:
            return http.get(f"{server.url}/simple/", limit=LIMIT).status
        finally:
            http.close()

    with IndexServer(wheels, tls=context) as server:
        assert get(certificate) == 200
        with pytest.raises(FetchError):
            get(None)
        with pytest.raises(FetchError, match=r"--client-cert\).*there is no such file"):
            get(tmp_path / "missing.pem")
        with pytest.raises(FetchError, match="nobody is asked for the password"):
            get(tmp_path / "both.pem")


# Proxies


def test_asks_a_proxy_for_plain_http(server: IndexServer) -> None:
    # The index server takes whole URLs like a proxy does, and answers by their path.
    http = HttpClient(HttpSettings(proxies={"http_proxy": f"http://me:pw@127.0.0.1:{server.port}"}))
    assert http.get("http://example.invalid/simple/", limit=LIMIT).status == 200
    request = server.requests[0]
    assert request.path == "http://example.invalid/simple/"
    assert request.headers["host"] == "example.invalid"
    assert request.headers["proxy-authorization"].startswith("Basic ")
    http.close()


def forward(proxy: socket.socket, seen: list[bytes]) -> None:
    """Serve one CONNECT the way that proxies do."""
    client, _ = proxy.accept()
    request = b""
    while not request.endswith(b"\r\n\r\n"):
        request += client.recv(1000)
    seen.append(request)
    host, _, port = request.split()[1].decode().rpartition(":")
    server = socket.create_connection((host, int(port)))
    client.sendall(b"HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n")

    def copy(source: socket.socket, goal: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                goal.sendall(data)
            goal.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    back = threading.Thread(target=copy, args=(server, client))
    back.start()
    copy(client, server)
    back.join()
    client.close()
    server.close()


def test_asks_a_proxy_for_a_tunnel_for_https(tls_server: IndexServer, certificate: Path) -> None:
    seen: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        thread = threading.Thread(target=forward, args=(proxy, seen), daemon=True)
        thread.start()
        settings = HttpSettings(
            certificates=certificate,
            proxies={"HTTPS_PROXY": f"http://me:pw@127.0.0.1:{proxy.getsockname()[1]}"},
        )
        http = HttpClient(settings)
        assert http.get(f"{tls_server.url}/simple/", limit=LIMIT).status == 200
        http.close()
        thread.join()
    assert seen[0].startswith(f"CONNECT 127.0.0.1:{tls_server.port} HTTP/1.1\r\n".encode())
    assert b"Proxy-Authorization: Basic" in seen[0]
    assert "proxy-authorization" not in tls_server.requests[0].headers


def test_a_refused_tunnel_is_one_clear_error(server: IndexServer) -> None:
    proxies = {"https_proxy": server.url}
    http = HttpClient(HttpSettings(proxies=proxies, retries=0))
    with pytest.raises(FetchError, match="gave no tunnel"):
        http.get("https://example.invalid/", limit=LIMIT)


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "http://", "http://[x", "https://127.0.0.1:1"])
def test_an_unusable_proxy_is_one_clear_error(proxy: str) -> None:
    http = HttpClient(HttpSettings(proxies={"all_proxy": proxy}, retries=0))
    with pytest.raises(FetchError):
        http.get("http://127.0.0.1:1/", limit=LIMIT)


@pytest.mark.parametrize(
    ("host", "no_proxy", "used"),
    [
        ("pypi.org", "", True),
        ("pypi.org", "*", False),
        ("pypi.org", "example.com, pypi.org", False),
        ("files.pypi.org", ".pypi.org", False),
        ("files.pypi.org", "pypi.org", False),
        ("notpypi.org", "pypi.org", True),
        ("10.1.2.3", "10.0.0.0/8", False),
        ("11.1.2.3", "10.0.0.0/8", True),
        ("pypi.org", "pypi.org:443", False),
        ("pypi.org", "pypi.org:8443", True),
        ("::1", "[::1]", False),
    ],
)
def test_some_hosts_need_no_proxy(host: str, no_proxy: str, used: bool) -> None:
    proxies = {"https_proxy": "proxy:3128", "no_proxy": no_proxy}
    assert (proxy_for(Origin("https", host, 443), proxies) is not None) == used


def test_a_header_from_strangers_is_no_proxy() -> None:
    origin = Origin("http", "pypi.org", 80)
    assert proxy_for(origin, {"HTTP_PROXY": "http://evil:1", "REQUEST_METHOD": "GET"}) is None
    assert proxy_for(origin, {"HTTP_PROXY": "http://good:1"}) == (Origin("http", "good", 1), None)


# Many at once


def test_many_threads_share_few_connections(server: IndexServer, http: HttpClient) -> None:
    failures: list[Exception] = []

    def work(get: Callable[..., object]) -> None:
        try:
            for _ in range(10):
                get(f"{server.url}/simple/", limit=LIMIT)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(http.get,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(server.requests) == 80
    assert server.connections <= 8
