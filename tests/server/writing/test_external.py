"""Wheels that lie elsewhere (PEP 759) over a real server: every check of its list, and what goes wrong."""

import hashlib
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from uv import find_uv_bin

from rewheel.wheels import dismount
from support.index_server import IndexServer
from support.server import JSON, Reply, RunningServer, metadata_fields, running_server
from support.tls import make_certificate, server_context
from support.upload2 import Uploader
from support.wheel_factory import make_wheel

SUPPORT = "mailto:wheels@acme.example"


@pytest.fixture(scope="module")
def server(any_server: RunningServer) -> RunningServer:
    """All of this holds on a laptop and in a company."""
    return any_server


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    folder = tmp_path / "hosted"
    folder.mkdir()
    return folder


@pytest.fixture
def host(shelf: Path, certificate: Path) -> Iterator[IndexServer]:
    """The web server of the organisation."""
    with IndexServer(shelf, tls=server_context(certificate)) as running:
        yield running


@pytest.fixture
def admin(server: RunningServer) -> Uploader:
    uploader = Uploader(server, server.token)
    document = {"support-url": SUPPORT, "may-host-externally": True}
    assert uploader.manage("PUT", "organisations/acme", **document).status == 200
    return uploader


Rim = Callable[..., Path]


@pytest.fixture
def make_rim(host: IndexServer, shelf: Path) -> Rim:
    """Put a wheel onto the host, and make its rim."""

    def make(name: str, *, owner: str = "acme", uri: str = "", **keywords: Any) -> Path:
        wheel = make_wheel(shelf, name, **keywords)
        return dismount(wheel, uri=uri or f"{host.url}/files/", owner=owner, output=shelf.parent)

    return make


def wheel_of(shelf: Path, rim: Path) -> Path:
    return shelf / (rim.stem + ".whl")


def upload(server: RunningServer, path: Path, **fields: str) -> Reply:
    return server.upload(path, **fields)


def rewritten(rim: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """Write a rim anew, changed in whatever way."""
    with zipfile.ZipFile(rim) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(rim, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return rim


def hosting(members: dict[str, bytes], **changes: Any) -> None:
    (name,) = [name for name in members if name.endswith("EXTERNAL-HOSTING.json")]
    members[name] = json.dumps({**json.loads(members[name]), **changes}).encode()


@pytest.mark.usefixtures("admin")
class TestPages:
    def test_the_page_for_people_says_who_hosts_a_file_and_whom_to_ask(
        self, server: RunningServer, host: IndexServer, make_rim: Rim
    ) -> None:
        assert upload(server, make_rim("shown")).status == 200
        page = server.get("/project/shown/", accept="text/html").text
        assert f"from {host.url.rpartition('//')[2].rstrip('/')}, where acme hosts it" in page
        assert f'<a href="{SUPPORT}"' in page

    def test_759_the_pages_name_the_place_outside_and_the_hash(
        self, server: RunningServer, host: IndexServer, shelf: Path, make_rim: Rim
    ) -> None:
        rim = make_rim("placed", requires_python=">=3.8")
        assert upload(server, rim).status == 200
        wheel = wheel_of(shelf, rim)
        content = wheel.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        (entry,) = server.page("placed")["files"]
        place = entry.pop("_rim")
        entry.pop("upload-time")
        assert entry == {
            "filename": wheel.name,
            "url": host.file_url(wheel.name),
            "hashes": {"sha256": digest},
            "size": len(content),
            "requires-python": ">=3.8",
        }
        page = server.get("/simple/placed/").text
        assert f'href="{host.file_url(wheel.name)}#sha256={digest}"' in page
        assert (place["owner"], place["support"]) == ("acme", SUPPORT)
        path = place["url"].removeprefix("../..")
        assert server.get(path).body == rim.read_bytes()
        assert place["hashes"] == {"sha256": hashlib.sha256(rim.read_bytes()).hexdigest()}
        metadata = server.get(path + ".metadata").body
        assert b"Name: placed" in metadata
        assert place["core-metadata"] == {"sha256": hashlib.sha256(metadata).hexdigest()}
        assert host.requests == []  # the server never looks

    def test_759_rims_of_variants_have_their_index_file(self, server: RunningServer, make_rim: Rim) -> None:
        for label in ("x1", "x2"):
            rim = make_rim("hosted-variants", label=label, properties={"gpu": {"arch": [label]}})
            assert upload(server, rim).status == 200
        document = server.get("/simple/hosted-variants/hosted_variants-1.0-variants.json").json()
        assert set(document["variants"]) == {"x1", "x2"}

    def test_759_whom_to_ask_is_always_the_newest(
        self, server: RunningServer, admin: Uploader, make_rim: Rim
    ) -> None:
        document = {"support-url": "https://old.example/", "may-host-externally": True}
        admin.manage("PUT", "organisations/moving", **document)
        upload(server, make_rim("asked-about", owner="moving"))
        assert server.page("asked-about")["files"][0]["_rim"]["support"] == "https://old.example/"
        admin.manage("PUT", "projects/asked-about/organisation", organisation=None)
        admin.manage("PUT", "organisations/moving", **{"support-url": "https://new.example/"})
        assert server.page("asked-about")["files"][0]["_rim"]["support"] == "https://new.example/"

    def test_759_yanking_is_as_usual(self, server: RunningServer, admin: Uploader, make_rim: Rim) -> None:
        upload(server, make_rim("hosted-yanked"))
        assert admin.manage("PUT", "projects/hosted-yanked/releases/1.0/yank", reason="bad").status == 200
        (entry,) = server.page("hosted-yanked")["files"]
        assert entry["yanked"] == "bad"

    def test_759_it_costs_no_quota(self, server: RunningServer, admin: Uploader, make_rim: Rim) -> None:
        upload(server, make_rim("weightless"))
        assert admin.manage("GET", "projects/weightless").json()["used"] == 0


@pytest.mark.usefixtures("admin")
class TestInstalling:
    @pytest.mark.parametrize("tool", ["pip", "uv", "rewheel"])
    def test_759_c2_installers_take_it_through_the_index(
        self,
        server: RunningServer,
        host: IndexServer,
        tmp_path: Path,
        certificate: Path,
        make_rim: Rim,
        tool: str,
    ) -> None:
        upload(server, make_wheel(tmp_path, f"local-for-{tool}"))
        upload(server, make_rim(f"large-for-{tool}", requires=[f"local-for-{tool}"]))
        done = install(tool, server, certificate, tmp_path, f"large-for-{tool}")
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "out" / f"large_for_{tool}.py").is_file()
        assert (tmp_path / "out" / f"local_for_{tool}.py").is_file()
        if tool == "rewheel":  # which reads metadata from the rim, and the wheel once
            assert len(host.requests) == 1

    @pytest.mark.parametrize("tool", ["pip", "uv", "rewheel"])
    def test_759_c3_a_tampered_wheel_is_refused(
        self, server: RunningServer, shelf: Path, tmp_path: Path, certificate: Path, make_rim: Rim, tool: str
    ) -> None:
        name = f"tampered-for-{tool}"
        upload(server, make_rim(name))
        make_wheel(shelf, name, files={f"{name.replace('-', '_')}.py": "evil = 1\n"})
        done = install(tool, server, certificate, tmp_path, name)
        assert done.returncode != 0
        assert not (tmp_path / "out" / f"{name.replace('-', '_')}.py").exists()
        assert "hash" in done.stderr.lower() or "sha256" in done.stderr.lower()

    def test_759_c6_a_host_that_is_down(
        self, server: RunningServer, host: IndexServer, tmp_path: Path, certificate: Path, make_rim: Rim
    ) -> None:
        rim = make_rim("unreachable")
        upload(server, rim)
        host.stop()
        done = install("rewheel", server, certificate, tmp_path, "unreachable", "--retries", "0")
        assert done.returncode == 1
        assert f"{rim.stem}.whl lies with acme, not with the index" in done.stderr
        assert "ask acme for help: wheels@acme.example" in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("admin")
class TestRules:
    @pytest.mark.parametrize(
        ("change", "words"),
        [
            (lambda members: members.update({"package/__init__.py": b"x"}), "only the dist-info"),
            (
                lambda members: hosting(members, uri="http://example.com/refused-1.0-py3-none-any.whl"),
                "https",
            ),
            (lambda members: hosting(members, uri="https://127.0.0.1:9/etc/passwd"), "name"),
            (lambda members: hosting(members, uri="file:///etc/passwd"), "https"),
            (lambda members: hosting(members, version="2.0"), "version"),
            (lambda members: hosting(members, hashes={"md5": "0" * 32}), "strong"),
            (lambda members: hosting(members, hashes={"sha512": "0" * 128}), "sha256"),
            (lambda members: hosting(members, size="big"), "size"),
            (lambda members: hosting(members, owner="acme\r\nX-Evil: 1"), "owner"),
            (lambda members: members.clear(), ""),
        ],
    )
    def test_759_c4_rims_that_are_refused(
        self, server: RunningServer, make_rim: Rim, change: Callable[[dict[str, bytes]], None], words: str
    ) -> None:
        reply = upload(server, rewritten(make_rim("refused"), change))
        assert reply.status == 400, reply.text
        assert words in reply.text
        assert server.get("/simple/refused/").status == 404

    def test_759_the_metadata_are_checked_like_those_of_a_wheel(
        self, server: RunningServer, make_rim: Rim
    ) -> None:
        reply = upload(server, make_rim("badly-described", requires=["no requirement at all"]))
        assert reply.status == 400
        assert "RW113" in reply.text

    def test_759_c5_a_wheel_comes_home_and_never_leaves(
        self, server: RunningServer, shelf: Path, make_rim: Rim
    ) -> None:
        rim = make_rim("homing")
        wheel = wheel_of(shelf, rim)
        assert upload(server, rim).status == 200
        other = make_wheel(shelf.parent / "other", "homing", files={"homing.py": "other = 1\n"})
        refused = upload(server, other)
        assert refused.status == 409
        assert "hash" in refused.text
        assert upload(server, wheel).status == 200
        (entry,) = server.page("homing")["files"]
        assert entry["url"].startswith("../../files/")
        assert "_rim" not in entry
        assert entry["core-metadata"]
        path = entry["url"].removeprefix("../..")
        assert server.get(path).body == wheel.read_bytes()
        reply = upload(server, rim)
        assert reply.status == 409
        assert "is here itself" in reply.text

    def test_759_c5_a_rim_never_replaces_a_rim(self, server: RunningServer, make_rim: Rim) -> None:
        assert upload(server, make_rim("fixed")).status == 200
        reply = upload(server, make_rim("fixed", uri="https://elsewhere.example.com/"))
        assert reply.status == 409
        assert "never replaced" in reply.text

    def test_759_c5_a_yanked_rim_keeps_its_place(
        self, server: RunningServer, admin: Uploader, shelf: Path, make_rim: Rim
    ) -> None:
        rim = make_rim("withdrawn")
        upload(server, rim)
        admin.manage("PUT", "projects/withdrawn/releases/1.0/yank", reason="")
        assert upload(server, wheel_of(shelf, rim)).status == 409
        admin.manage("DELETE", "projects/withdrawn/releases/1.0/yank")
        assert upload(server, wheel_of(shelf, rim)).status == 200

    def test_759_c7_the_owner_has_to_be_enabled(
        self, server: RunningServer, admin: Uploader, make_rim: Rim
    ) -> None:
        assert upload(server, make_rim("unknown-owner", owner="nobody")).status == 403
        admin.manage("PUT", "organisations/small")
        reply = upload(server, make_rim("small-owner", owner="small"))
        assert reply.status == 403
        assert "not enabled" in reply.text
        assert server.get("/simple/small-owner/").status == 404
        reply = admin.manage("PUT", "organisations/small", **{"may-host-externally": True})
        assert reply.status == 400  # nobody could be asked
        for contact in ("javascript:alert(1)", "call me", "mailto:a b@c"):
            assert admin.manage("PUT", "organisations/small", **{"support-url": contact}).status == 400
        document = {"may-host-externally": True, "support-url": "https://small.example/help"}
        assert admin.manage("PUT", "organisations/small", **document).status == 200
        assert upload(server, make_rim("small-owner", owner="small")).status == 200

    def test_759_c7_only_who_acts_for_an_organisation_names_it(
        self, server: RunningServer, admin: Uploader, make_rim: Rim
    ) -> None:
        mallory = admin.friend("mallory")
        rim = make_rim("borrowed-name")
        assert server.upload(rim, token=mallory.token).status == 403
        assert admin.manage("PUT", "organisations/acme/members/mallory", role="maintainer").status == 200
        assert server.upload(rim, token=mallory.token).status == 200
        # From now on the project is the organisation's, and no other can be named.
        document = {"may-host-externally": True, "support-url": "https://other.example/help"}
        admin.manage("PUT", "organisations/other", **document)
        other = make_rim("borrowed-name", version="2.0", owner="other")
        assert server.upload(other, token=mallory.token).status == 403
        assert admin.manage("DELETE", "organisations/acme").status == 409

    def test_759_c8_what_is_deleted_never_comes_back(
        self, server: RunningServer, admin: Uploader, shelf: Path, make_rim: Rim
    ) -> None:
        rim = make_rim("gone")
        upload(server, rim)
        wheel = wheel_of(shelf, rim)
        place = server.page("gone")["files"][0]["_rim"]["url"].removeprefix("../..")
        assert admin.manage("DELETE", f"projects/gone/files/{wheel.name}").status == 200
        assert server.page("gone")["files"] == []
        assert server.get(place).status == 404
        for path in (rim, wheel):
            reply = upload(server, path)
            assert reply.status == 400
            assert "was deleted" in reply.text

    def test_759_rims_can_be_staged(
        self, server: RunningServer, admin: Uploader, host: IndexServer, shelf: Path, make_rim: Rim
    ) -> None:
        rim = make_rim("staged-rim")
        session = admin.session("staged-rim")
        admin.add(session, rim)
        stage = "/" + session["links"]["stage"].removeprefix(server.url)
        (entry,) = server.get(f"{stage}staged-rim/", accept=JSON).json()["files"]
        assert entry["url"] == host.file_url(f"{rim.stem}.whl")
        twin = admin.begin(session, wheel_of(shelf, rim))
        assert twin.status == 202  # the wheel replaces its rim in the session
        assert admin.send("DELETE", twin.json()["links"]["file-upload-session"]).status == 204
        admin.add(session, rim)
        assert admin.publish(session).status == 201
        assert server.page("staged-rim")["files"][0]["_rim"]["owner"] == "acme"
        admin.session("staged-rim-later", "1.0")

    def test_759_the_server_fetches_nothing_whatever_a_rim_says(
        self, server: RunningServer, host: IndexServer, make_rim: Rim
    ) -> None:
        """No request is forged through the server: what a rim names is written down and never looked at."""
        rim = make_rim("forged", uri=f"{host.url}/internal/admin/")
        assert upload(server, rim).status == 200
        assert server.get("/simple/forged/").status == 200
        assert host.connections == 0


def install(
    tool: str, server: RunningServer, certificate: Path, folder: Path, name: str, *more: str
) -> "subprocess.CompletedProcess[str]":
    environ = {
        key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "UV_", "REWHEEL_"))
    }
    environ |= {"PIP_CONFIG_FILE": os.devnull, "HOME": str(folder), "SSL_CERT_FILE": str(certificate)}
    out = str(folder / "out")
    commands = {
        "pip": [sys.executable, "-m", "pip", "install", "--no-cache-dir", "--cert", str(certificate)],
        "uv": [find_uv_bin(), "pip", "install", "--python", sys.executable, "--cache-dir", f"{folder}/uv"],
        "rewheel": [
            sys.executable, "-m", "rewheel", "install", "--cache-dir", f"{folder}/cache",
            "--cert", str(certificate),
        ],
    }  # fmt: skip
    command = [*commands[tool], "--target", out, "--index-url", server.simple, name, *more]
    return subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=100, cwd=folder, env=environ
    )


def test_759_http_only_where_the_operator_allows_it(
    server: RunningServer, admin: Uploader, shelf: Path, tmp_path: Path, certificate: Path
) -> None:
    wheel = make_wheel(shelf, "on-trial")
    with IndexServer(shelf) as host, running_server(tmp_path / "i", "--allow-insecure-external") as trial:
        uri = f"{host.url}/files/"
        rim = dismount(wheel, uri=uri, owner="acme", output=tmp_path, allow_http=True)
        refused = server.upload(rim)
        assert refused.status == 400
        assert "https" in refused.text
        session = admin.session("on-trial")
        begun = admin.begin(session, rim).json()
        admin.send_bytes(begun, rim.read_bytes())
        assert admin.complete(begun).status == 400
        document = {"support-url": SUPPORT, "may-host-externally": True}
        Uploader(trial, trial.token).manage("PUT", "organisations/acme", **document)
        assert trial.upload(rim).status == 200
        done = install("rewheel", trial, certificate, tmp_path, "on-trial")
        assert done.returncode == 0, done.stderr


STUB_BACKEND = '''
import hashlib, os, pathlib, re, tomllib, urllib.request

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    """Fetch the wheel from the index that pyproject.toml names, as wheel-stub does."""
    with open("pyproject.toml", "rb") as file:
        index = tomllib.load(file)["tool"]["stub"]["index_url"]
    name, version = re.search(r"Name: (.*)\\nVersion: (.*)\\n", open("PKG-INFO").read()).groups()
    page = urllib.request.urlopen(f"{index}{name}/").read().decode()
    for url, digest in re.findall(r'href="([^"#]+)#sha256=([0-9a-f]+)"', page):
        filename = url.rpartition("/")[2]
        if filename.endswith(".whl") and filename.split("-")[1] == version:
            content = urllib.request.urlopen(urllib.parse.urljoin(f"{index}{name}/", url)).read()
            assert hashlib.sha256(content).hexdigest() == digest
            pathlib.Path(wheel_directory, filename).write_bytes(content)
            return filename
    raise RuntimeError("ask acme for the wheel")
'''


def stub(folder: Path, name: str, index: str, *, backend: str, requires: str, tool: str) -> Path:
    """Write a source distribution that stands for a wheel elsewhere."""
    root = f"{name.replace('-', '_')}-1.0"
    info = f"Metadata-Version: 2.2\nName: {name}\nVersion: 1.0\n"
    pyproject = f'[build-system]\nrequires = [{requires}]\n{backend}\n[tool.{tool}]\nindex_url = "{index}"\n'
    path = folder / f"{root}.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for member, text in (("PKG-INFO", info), ("pyproject.toml", pyproject), ("backend.py", STUB_BACKEND)):
            found = tarfile.TarInfo(f"{root}/{member}")
            found.size = len(text.encode())
            archive.addfile(found, BytesIO(text.encode()))
    return path


@pytest.mark.parametrize("tool", ["pip", "uv", "rewheel"])
def test_759_c9_a_stub_installs_the_wheel_that_it_stands_for(
    server: RunningServer, shelf: Path, tmp_path: Path, certificate: Path, tool: str
) -> None:
    name = f"stubbed-{tool}"
    make_wheel(shelf, name, files={f"stubbed_{tool}.py": "LARGE = True\n"})
    with IndexServer(shelf) as elsewhere:
        backend = 'build-backend = "backend"\nbackend-path = ["."]'
        sdist = stub(tmp_path, name, elsewhere.simple_url, backend=backend, requires="", tool="stub")
        assert server.upload(sdist, **metadata_fields(sdist, sdist.read_bytes())).status == 200
        done = install(tool, server, certificate, tmp_path, name)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / f"out/stubbed_{tool}.py").read_text() == "LARGE = True\n"


@pytest.mark.acceptance
def test_759_c9_the_real_wheel_stub(server: RunningServer, shelf: Path, tmp_path: Path) -> None:
    make_wheel(shelf, "really-stubbed", files={"really_stubbed.py": "LARGE = True\n"})
    with IndexServer(shelf, formats=("html",)) as elsewhere:
        backend = 'build-backend = "wheel_stub.buildapi"'
        sdist = stub(
            tmp_path, "really-stubbed", elsewhere.simple_url,
            backend=backend, requires='"wheel-stub==0.5.0"', tool="wheel_stub",
        )  # fmt: skip
        assert server.upload(sdist).status == 200
        done = subprocess.run(
            [
                sys.executable, "-m", "rewheel", "install", "--target", str(tmp_path / "out"), "--cache-dir",
                str(tmp_path / "cache"), "--extra-index-url", server.simple, "really-stubbed",
            ],
            check=False, capture_output=True, text=True, cwd=tmp_path, timeout=110,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "out/really_stubbed.py").read_text() == "LARGE = True\n"
