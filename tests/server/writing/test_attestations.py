"""Attestations from the upload to the pages, and what an index says that does not take any (PEP 740)."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.processes import free_ports
from support.server import RunningServer, running_server
from support.sigstore import Identity, Sigstore
from support.upload2 import Uploader
from support.wheel_factory import make_wheel


@pytest.fixture(scope="module")
def sigstore() -> Sigstore:
    return Sigstore()


@pytest.fixture(scope="module", params=["folder", "postgresql-s3"])
def verifying(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, sigstore: Sigstore
) -> Iterator[RunningServer]:
    """A server that takes attestations of the workflow that releases `foo…`."""
    folder = tmp_path_factory.mktemp("verifying")
    (port,) = free_ports(1)
    (folder / "rewheel.toml").write_text(
        f"""
        [server]
        public-url = "http://127.0.0.1:{port}/"
        attestations-root = "{sigstore.trusted_root(folder)}"
        publishers = [
            {{ projects = ["foo*"], kind = "GitHub", repository = "acme/foo", workflow = "release.yml" }},
        ]
        """
    )
    place: list[str] = []
    environ: dict[str, str] = {}
    if request.param == "postgresql-s3":
        store = request.getfixturevalue("object_store")
        database = request.getfixturevalue("postgresql").new_database()
        place = ["--database", database, "--storage", store.new_storage()]
        environ = store.environment
    with running_server(folder / "index", *place, port=port, environ=environ) as running:
        yield running


def listed(server: RunningServer, wheel: Path) -> dict[str, str]:
    files = server.page(wheel.name.partition("-")[0].replace("_", "-"))["files"]
    found: dict[str, str] = next(file for file in files if file["filename"] == wheel.name)
    return found


def test_verified_attestations_are_served_as_provenance(
    verifying: RunningServer, sigstore: Sigstore, tmp_path: Path
) -> None:
    wheel = make_wheel(tmp_path, "foo")
    attestation = sigstore.attest(wheel)
    reply = verifying.upload(wheel, attestations=json.dumps([attestation]))
    assert reply.status == 200, reply.text
    file = listed(verifying, wheel)
    url = file["provenance"]
    assert url == f"{verifying.url}{file['url'].removeprefix('../../')}.provenance"
    html = verifying.get("/simple/foo/", accept="text/html").text
    assert f'data-provenance="{url}"' in html
    path = url.removeprefix(verifying.url.rstrip("/"))
    served = verifying.get(path)
    assert served.headers["content-type"] == "application/json"
    (bundle,) = served.json()["attestation_bundles"]
    assert bundle["publisher"]["repository"] == "acme/foo"
    assert bundle["attestations"][0]["envelope"] == attestation["envelope"]
    assert verifying.request("GET", path, headers={"If-None-Match": served.headers["etag"]}).status == 304
    assert f'href="{path}"' in verifying.get("/project/foo/", accept="text/html").text
    assert verifying.upload(wheel).status == 200  # the same again, without
    assert listed(verifying, wheel)["provenance"] == url

    plain = make_wheel(tmp_path, "foo", "2.0")
    assert verifying.upload(plain).status == 200
    assert "provenance" not in listed(verifying, plain)
    assert verifying.get(path.replace("foo-1.0", "foo-2.0")).status == 404
    admin = Uploader(verifying, verifying.token)
    assert admin.manage("PUT", "projects/foo/status", status="quarantined").status == 200
    assert verifying.get(path).status == 404
    assert admin.manage("PUT", "projects/foo/status", status="active").status == 200
    assert admin.manage("DELETE", f"projects/foo/files/{wheel.name}").status == 200
    assert verifying.get(path).status == 404


def test_what_cannot_be_verified_is_not_published(
    verifying: RunningServer, sigstore: Sigstore, tmp_path: Path
) -> None:
    wheel, other = (
        make_wheel(tmp_path, "foo-false"),
        make_wheel(tmp_path / "other", "foo-false", files={"x.py": "x = 1\n"}),
    )
    stranger = sigstore.attest(wheel, Identity(repository="mallory/foo"))
    for sent, reason in (
        (json.dumps([stranger]), "mallory/foo/.github/workflows/release.yml@refs/tags/v1.0, who may not"),
        (json.dumps([sigstore.attest(other)]), "about other content"),
        ("[]", "a list of one to 4"),
        ("{", "not JSON"),
    ):
        reply = verifying.upload(wheel, attestations=sent)
        assert (reply.status, reason in reply.text) == (400, True), reply.text
    assert verifying.get("/simple/foo-false/").status == 404
    bar = make_wheel(tmp_path, "bar")
    reply = verifying.upload(bar, attestations=json.dumps([sigstore.attest(bar)]))
    assert (reply.status, "nobody is known here who may attest for bar" in reply.text) == (400, True)


def test_twine_and_uv_send_them(verifying: RunningServer, sigstore: Sigstore, tmp_path: Path) -> None:
    for version, command in (
        ("3.0", [sys.executable, "-m", "twine", "upload", "--attestations", "--repository-url"]),
        ("4.0", [str(Path(sys.executable).with_name("uv")), "publish", "--publish-url"]),
    ):
        wheel = make_wheel(tmp_path / version, "foo-sent", version)
        beside = wheel.with_name(f"{wheel.name}.publish.attestation")
        beside.write_text(json.dumps(sigstore.attest(wheel)))
        login = ["--username", "__token__", "--password", verifying.token]
        done = subprocess.run(
            [*command, verifying.legacy, *login, str(wheel), str(beside)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "provenance" in listed(verifying, wheel), done.stdout + done.stderr


def test_without_roots_of_trust_none_are_taken(
    server: RunningServer, sigstore: Sigstore, tmp_path: Path
) -> None:
    wheel = make_wheel(tmp_path, "unverified")
    reply = server.upload(wheel, attestations=json.dumps([sigstore.attest(wheel)]))
    assert reply.status == 400
    assert "which this index does not verify and so does not take" in reply.text
    assert "--no-attestations" in reply.text
    assert server.get("/simple/unverified/").status == 404
    assert server.upload(wheel).status == 200


@pytest.mark.parametrize(
    ("environ", "reason"),
    [
        ({}, "complete and secure address"),
        ({"REWHEEL_SERVER_PUBLIC_URL": "http://packages.example/"}, "complete and secure address"),
        ({"REWHEEL_SERVER_PUBLIC_URL": "https://packages.example/"}, "the roots of trust for attestations"),
    ],
)
def test_a_start_that_could_not_keep_its_word_ends(
    tmp_path: Path, environ: dict[str, str], reason: str
) -> None:
    place = {"REWHEEL_SERVER_ATTESTATIONS_ROOT": str(tmp_path / "none.json")}
    with (
        pytest.raises(AssertionError, match=reason),
        running_server(tmp_path / "index", environ={**place, **environ}),
    ):
        pass
