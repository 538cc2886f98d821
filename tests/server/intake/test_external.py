"""Looking at wheels that lie elsewhere, and the tricks of rims that would lead the server astray."""

import hashlib
import json
import os
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from rewheel.server.errors import Refused
from rewheel.server.intake.external import ExternalWheels
from rewheel.server.upstream.reach import is_public
from rewheel.wheels import ExternalHosting, dismount
from support.index_server import Fault, IndexServer, Response
from support.server import RunningServer, running_server
from support.tls import make_certificate, server_context
from support.upload2 import Uploader
from support.wheel_factory import make_wheel


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    (tmp_path / "hosted").mkdir()
    return tmp_path / "hosted"


@pytest.fixture
def host(shelf: Path) -> Iterator[IndexServer]:
    with IndexServer(shelf) as running:
        yield running


@pytest.fixture
def wheel(shelf: Path) -> Path:
    return make_wheel(shelf, "big")


@pytest.fixture
def trusting(host: IndexServer) -> Iterator[ExternalWheels]:
    """Lets itself be led to the host, and over http."""
    looking = ExternalWheels(hosts=[f"127.0.0.1:{host.port}"], allow_http=True, timeout=5)
    yield looking
    looking.close()


@pytest.fixture
def opened() -> Iterator[Callable[..., ExternalWheels]]:
    """Make them with other choices; they are closed at the end."""
    with ExitStack() as stack:
        yield lambda **choices: stack.enter_context(closing(ExternalWheels(**choices)))


def place(wheel: Path, uri: str, **changes: object) -> ExternalHosting:
    content = wheel.read_bytes()
    values = {"size": len(content), "hashes": {"sha256": hashlib.sha256(content).hexdigest()}, **changes}
    return ExternalHosting("acme", uri, **values)  # type: ignore[arg-type]


def refusal(looking: ExternalWheels, wheel: Path, found: ExternalHosting) -> str:
    with pytest.raises(Refused) as caught:
        looking.check(wheel.name, found)
    assert caught.value.status == 400
    return caught.value.message


class TestWhatIsThere:
    def test_the_wheel_of_the_rim_passes(
        self, trusting: ExternalWheels, host: IndexServer, wheel: Path
    ) -> None:
        trusting.check(wheel.name, place(wheel, host.file_url(wheel.name)))

    def test_a_wheel_that_is_not_there(
        self, trusting: ExternalWheels, host: IndexServer, wheel: Path
    ) -> None:
        assert "not there" in refusal(trusting, wheel, place(wheel, host.file_url("other.whl")))

    def test_a_host_without_range_requests(
        self, trusting: ExternalWheels, host: IndexServer, wheel: Path
    ) -> None:
        host.ranges = False
        assert "range requests" in refusal(trusting, wheel, place(wheel, host.file_url(wheel.name)))

    def test_another_size_is_seen_before_anything_is_read(
        self, trusting: ExternalWheels, host: IndexServer, wheel: Path
    ) -> None:
        found = place(wheel, host.file_url(wheel.name), size=7)
        assert "the rim gives 7" in refusal(trusting, wheel, found)
        assert len(host.requests) == 1

    def test_another_content(self, trusting: ExternalWheels, host: IndexServer, wheel: Path) -> None:
        found = place(wheel, host.file_url(wheel.name), hashes={"sha256": "0" * 64})
        assert "its sha256 is" in refusal(trusting, wheel, found)

    def test_a_host_that_breaks_off(self, trusting: ExternalWheels, host: IndexServer, wheel: Path) -> None:
        host.faults["*.whl"] = Fault(truncate=0)
        assert "cannot be fetched" in refusal(trusting, wheel, place(wheel, host.file_url(wheel.name)))

    def test_a_host_that_lies_about_the_range(
        self, trusting: ExternalWheels, host: IndexServer, wheel: Path
    ) -> None:
        size = wheel.stat().st_size
        path = f"/files/{wheel.name}"
        headers = {"Content-Range": f"bytes 0-0/{size}"}
        host.responses[path] = Response(b"x" * (size + 9), "application/zip", 206, headers)
        assert "the host answers 206" in refusal(trusting, wheel, place(wheel, host.file_url(wheel.name)))


class TestWhereItIsLed:
    @pytest.mark.parametrize(
        "name", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "0.0.0.0", "[::1]"]
    )
    def test_nothing_that_only_the_server_sees_is_connected_to(
        self, host: IndexServer, wheel: Path, name: str, opened: Callable[..., ExternalWheels]
    ) -> None:
        looking = opened(allow_http=True, timeout=5)
        uri = f"http://{name}:{host.port}/files/{wheel.name}"
        assert "cannot be fetched" in refusal(looking, wheel, place(wheel, uri))
        assert host.connections == 0

    @pytest.mark.parametrize(
        "address",
        [
            "10.0.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b:1::a00:1",
            "fe80::1",
            "fc00::1",
            "ff02::1",
            "2002:a00:1::",
        ],
    )
    def test_what_is_not_public(self, address: str) -> None:
        assert not is_public(address)

    def test_a_name_is_looked_up_once_and_the_address_that_was_checked_counts(
        self,
        host: IndexServer,
        wheel: Path,
        monkeypatch: pytest.MonkeyPatch,
        opened: Callable[..., ExternalWheels],
    ) -> None:
        """A name that is public when it is looked at, and ours when it is connected to, leads nowhere."""
        asked: list[str] = []
        answers = iter(["192.0.2.1", "127.0.0.1", "127.0.0.1"])

        def look_up(name: bytes, port: int, *_: object, **__: object) -> list[object]:
            asked.append(name.decode())
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        looking = opened(allow_http=True, timeout=1)
        uri = f"http://rebinding.example:{host.port}/files/{wheel.name}"
        assert "may not be reached" in refusal(looking, wheel, place(wheel, uri))
        assert asked == ["rebinding.example"]
        assert "may not be reached" in refusal(looking, wheel, place(wheel, uri))
        assert host.connections == 0

    def test_a_redirect_is_looked_at_like_the_first_place(
        self, trusting: ExternalWheels, host: IndexServer, wheel: Path, tmp_path: Path
    ) -> None:
        with IndexServer(tmp_path) as secret:
            host.redirects[f"/files/{wheel.name}"] = f"{secret.url}/files/{wheel.name}"
            message = refusal(trusting, wheel, place(wheel, host.file_url(wheel.name)))
            assert "may not be reached" in message
            assert secret.connections == 0

    @pytest.mark.parametrize("goal", ["file:///etc/passwd", "gopher://127.0.0.1:70/", "ftp://127.0.0.1/"])
    def test_a_redirect_to_another_scheme(
        self, trusting: ExternalWheels, host: IndexServer, wheel: Path, goal: str
    ) -> None:
        host.redirects[f"/files/{wheel.name}"] = goal
        assert "refused" in refusal(trusting, wheel, place(wheel, host.file_url(wheel.name)))

    def test_redirects_end(self, trusting: ExternalWheels, host: IndexServer, wheel: Path) -> None:
        path = f"/files/{wheel.name}"
        host.redirects[path] = path
        assert "5 redirects" in refusal(trusting, wheel, place(wheel, host.file_url(wheel.name)))

    def test_http_is_for_trials(
        self, host: IndexServer, wheel: Path, opened: Callable[..., ExternalWheels]
    ) -> None:
        looking = opened(hosts=[f"127.0.0.1:{host.port}"], timeout=5)
        assert "https" in refusal(looking, wheel, place(wheel, host.file_url(wheel.name)))
        assert host.connections == 0

    def test_a_certificate_that_nobody_vouches_for(
        self, shelf: Path, tmp_path: Path, wheel: Path, opened: Callable[..., ExternalWheels]
    ) -> None:
        with IndexServer(shelf, tls=server_context(make_certificate(tmp_path))) as safe:
            looking = opened(hosts=[f"127.0.0.1:{safe.port}"], timeout=5)
            message = refusal(looking, wheel, place(wheel, safe.file_url(wheel.name)))
            assert "certificate is not trusted" in message
            assert safe.requests == []

    def test_an_authority_of_the_operator_vouches_for_it(
        self, shelf: Path, tmp_path: Path, wheel: Path, opened: Callable[..., ExternalWheels]
    ) -> None:
        with IndexServer(shelf, tls=server_context(make_certificate(tmp_path))) as safe:
            looking = opened(hosts=[f"127.0.0.1:{safe.port}"], timeout=5, certificates=tmp_path / "ca.pem")
            looking.check(wheel.name, place(wheel, safe.file_url(wheel.name)))
            assert len(safe.requests) == 2
            other = opened(hosts=[f"127.0.0.1:{safe.port}"], timeout=5, certificates=tmp_path / "no.pem")
            assert "there is no such file" in refusal(other, wheel, place(wheel, safe.file_url(wheel.name)))

    def test_strange_ports_are_for_hosts_of_the_operator(
        self, wheel: Path, opened: Callable[..., ExternalWheels]
    ) -> None:
        looking = opened(allow_http=True, timeout=1)
        uri = f"http://8.8.8.8:25/{wheel.name}"
        assert "may not be reached" in refusal(looking, wheel, place(wheel, uri))

    def test_no_proxy_of_the_environment_is_used(
        self, trusting: ExternalWheels, host: IndexServer, wheel: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        trusting.check(wheel.name, place(wheel, host.file_url(wheel.name)))
        assert not any("authorization" in request.headers for request in host.requests)


class TestServer:
    @pytest.fixture
    def server(self, tmp_path: Path, host: IndexServer) -> Iterator[RunningServer]:
        arguments = ("--verify-external", "--allow-insecure-external")
        environ = {"REWHEEL_SERVER_EXTERNAL_HOSTS": f"127.0.0.1:{host.port}"}
        with running_server(tmp_path / "index", *arguments, environ=environ) as running:
            yield running

    @staticmethod
    def rim(server: RunningServer, host: IndexServer, wheel: Path, folder: Path) -> Path:
        document = {"support-url": "mailto:help@acme.example", "may-host-externally": True}
        assert Uploader(server, server.token).manage("PUT", "organisations/acme", **document).status == 200
        uri = f"{host.url}/files/"
        return dismount(wheel, uri=uri, owner="acme", output=folder, allow_http=True)

    def test_rims_are_listed_when_their_wheels_are_there(
        self, server: RunningServer, host: IndexServer, wheel: Path, tmp_path: Path
    ) -> None:
        rim, away = self.rim(server, host, wheel, tmp_path), tmp_path / wheel.name
        wheel.rename(away)
        reply = server.upload(rim)
        assert reply.status == 400
        assert "not there" in reply.text
        uploader = Uploader(server, server.token)
        session = uploader.session("big")  # the wheel may come later than its rim, until it is published
        uploader.add(session, rim)
        refused = uploader.publish(session)
        assert refused.status == 400
        assert "not there" in refused.text
        away.rename(wheel)
        assert uploader.publish(session).status == 201
        self.verify(server, host, 0)
        wheel.write_bytes(wheel.read_bytes() + b"more")
        found = self.verify(server, host, 1)
        assert [damage["kind"] for damage in found["damages"]] == ["external"]
        assert found["external"] == 1

    @staticmethod
    def verify(server: RunningServer, host: IndexServer, code: int) -> dict[str, list[dict[str, str]]]:
        environ = {
            **os.environ,
            "REWHEEL_SERVER_EXTERNAL_HOSTS": f"127.0.0.1:{host.port}",
            "REWHEEL_SERVER_ALLOW_INSECURE_EXTERNAL": "yes",
        }
        command = [sys.executable, "-m", "rewheel", "index", "verify", "--external", "--json"]
        done = subprocess.run(
            [*command, "--data", str(server.data)], env=environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stderr
        found: dict[str, list[dict[str, str]]] = json.loads(done.stdout)
        return found

    @pytest.mark.parametrize(
        "variable", ["REWHEEL_SERVER_CERTIFICATES", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"]
    )
    def test_over_https_with_an_authority_of_ones_own(
        self, shelf: Path, tmp_path: Path, wheel: Path, variable: str
    ) -> None:
        tls = tmp_path / "tls"
        tls.mkdir()
        with IndexServer(shelf, tls=server_context(make_certificate(tls))) as safe:
            others = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
            environ = {
                **dict.fromkeys(others, ""),  # what this computer may have
                "PIP_CONFIG_FILE": os.devnull,
                "REWHEEL_SERVER_EXTERNAL_HOSTS": f"127.0.0.1:{safe.port}",
                variable: str(tls / "ca.pem"),
            }
            with running_server(tmp_path / "index", "--verify-external", environ=environ) as server:
                rim = self.rim(server, safe, wheel, tmp_path)
                assert server.upload(rim).text == f"{rim.name} is published\n"

    def test_a_bundle_that_is_not_there_ends_the_start(self, tmp_path: Path) -> None:
        environ = {"REWHEEL_SERVER_CERTIFICATES": str(tmp_path / "none.pem")}
        with (
            pytest.raises(AssertionError, match="expected a file or folder of certificates that is there"),
            running_server(tmp_path / "index", environ=environ),
        ):
            pass

    def test_slow_hosts_keep_no_thread_from_others(
        self, tmp_path: Path, host: IndexServer, wheel: Path
    ) -> None:
        environ = {"REWHEEL_SERVER_EXTERNAL_HOSTS": "127.0.0.1", "REWHEEL_SERVER_THREADS": "1"}
        arguments = ("--verify-external", "--allow-insecure-external")
        with (
            running_server(tmp_path / "index", *arguments, environ=environ) as server,
            socket.create_server(("127.0.0.1", 0), backlog=50) as silent,
            ThreadPoolExecutor(12) as pool,
        ):
            self.rim(server, host, wheel, tmp_path)
            uri = f"http://127.0.0.1:{silent.getsockname()[1]}/"
            rims = [
                dismount(
                    make_wheel(tmp_path, "slow", f"{number}.0"),
                    uri=uri, owner="acme", output=tmp_path, allow_http=True,
                )
                for number in range(12)
            ]  # fmt: skip
            jobs = [pool.submit(server.upload, rim) for rim in rims]
            connections = [silent.accept()[0] for _ in range(4)]  # and they get no answer
            assert server.get("/simple/", accept="text/html").status == 200
            assert server.upload(make_wheel(tmp_path, "quick")).status == 200
            silent.close()
            for connection in connections:
                connection.close()
            statuses = Counter(job.result(60).status for job in jobs)
        assert statuses[400] >= 4
        assert statuses[503] >= 4
        assert sum(statuses.values()) == 12

    def test_unless_it_is_asked_for_nothing_is_fetched(
        self, tmp_path: Path, host: IndexServer, wheel: Path
    ) -> None:
        environ = {"REWHEEL_SERVER_EXTERNAL_HOSTS": f"127.0.0.1:{host.port}"}
        with running_server(tmp_path / "plain", "--allow-insecure-external", environ=environ) as server:
            assert server.upload(self.rim(server, host, wheel, tmp_path)).status == 200
            assert server.get("/project/big/", accept="text/html").status == 200
        assert host.connections == 0
