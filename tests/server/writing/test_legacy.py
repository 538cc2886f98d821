"""Uploads by the interface of twine: what is taken, what is refused, and in which words."""

import hashlib
import os
import threading
import zipfile
from pathlib import Path

import pytest

from support.server import JSON, RunningServer, multipart
from support.source_factory import make_sdist
from support.wheel_factory import make_wheel

V3 = {"x86_64": {"level": ["v3"]}}


def names(server: RunningServer, project: str) -> list[str]:
    reply = server.get(f"/simple/{project}/", accept=JSON)
    return [file["filename"] for file in reply.json()["files"]] if reply.status == 200 else []


def test_a_token_is_needed_and_it_must_be_known(any_server: RunningServer, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "guarded", "1.0")
    body, kind = multipart({"name": "guarded", ":action": "file_upload"}, wheel.name, wheel.read_bytes())
    nobody = any_server.request("POST", "/legacy/", body, {"Content-Type": kind})
    assert (nobody.status, nobody.headers["www-authenticate"]) == (401, 'Basic realm="rewheel"')
    assert "__token__" in nobody.text
    for header in ("Basic !!!", "Basic bm9jb2xvbg==", "Bearer ", "Digest abc"):
        reply = any_server.request("POST", "/legacy/", body, {"Content-Type": kind, "Authorization": header})
        assert reply.status == 401
    assert any_server.upload(wheel, token="wrong").status == 401
    assert names(any_server, "guarded") == []
    bearer = {"Content-Type": kind, "Authorization": f"Bearer {any_server.token}"}
    assert any_server.request("POST", "/legacy/", body, bearer).status == 200
    assert names(any_server, "guarded") == [wheel.name]


def test_the_same_file_again_is_no_mistake_and_another_one_is(
    any_server: RunningServer, tmp_path: Path
) -> None:
    wheel = make_wheel(tmp_path / "one", "twice", "1.0")
    assert any_server.upload(wheel).text == f"{wheel.name} is published\n"
    again = any_server.upload(wheel)
    assert (again.status, again.text) == (200, f"{wheel.name} is here already, exactly as it is\n")
    other = make_wheel(tmp_path / "other", "twice", "1.0", files={"twice.py": "OTHER = 1\n"})
    refused = any_server.upload(other)
    assert refused.status == 409
    assert f"{wheel.name} already exists, with other content" in refused.text
    assert "new version" in refused.text
    url = any_server.page("twice")["files"][0]["url"]
    assert any_server.get(url.removeprefix("../..")).body == wheel.read_bytes()


def test_a_source_distribution_is_taken_too(any_server: RunningServer, tmp_path: Path) -> None:
    sdist = make_sdist(tmp_path, "from-source", "1.0", pkg_info="Summary: short\n\nlong\n")
    assert any_server.upload(sdist).status == 200
    assert names(any_server, "from-source") == [sdist.name]


def test_what_release_check_finds_is_refused_in_words(any_server: RunningServer, tmp_path: Path) -> None:
    damaged = make_wheel(tmp_path / "a", "unfit", "1.0")
    with zipfile.ZipFile(damaged, "a") as archive:
        archive.writestr("unlisted.py", "")
    lying = make_wheel(tmp_path / "b", "unfit", "2.0").rename(tmp_path / "unfit-3.0-py3-none-any.whl")
    unlabelled = make_wheel(tmp_path / "c", "unfit", "4.0", label="v3", properties=V3, variant_json=b"")
    text = tmp_path / "unfit-5.0.tar.gz"
    text.write_text("not compressed")
    for path, words in (
        (damaged, "unlisted.py"),
        (lying, "is that of another release"),
        (unlabelled, "variant.json"),
        (text, "cannot be read as a source distribution"),
    ):
        reply = any_server.upload(path, name="unfit")
        assert reply.status == 400, path
        assert words in reply.text
        assert reply.text.startswith(path.name)
    for name in (
        "unfit-1.0.exe",
        "unfit-1.0-py3-none-any.WHL",
        "unfit.whl",
        "../../unfit-1.0-py3-none-any.whl",
    ):
        body, kind = multipart({"name": "unfit", ":action": "file_upload"}, name, b"content")
        reply = any_server.request("POST", "/legacy/", body, {"Content-Type": kind}, token=any_server.token)
        assert reply.status == 400, name
    assert names(any_server, "unfit") == []


def test_variants_of_a_release_must_not_contradict_each_other(
    any_server: RunningServer, tmp_path: Path
) -> None:
    any_server.upload(make_wheel(tmp_path, "agreeing", "1.0", label="v3", properties=V3))
    wheel = make_wheel(
        tmp_path,
        "agreeing",
        "1.0",
        label="cuda",
        properties={"nvidia": {"cuda": ["12"]}},
        priorities=["nvidia"],
    )
    reply = any_server.upload(wheel)
    assert reply.status == 400
    assert "contradict" in reply.text
    assert wheel.name in reply.text
    assert wheel.name not in names(any_server, "agreeing")


def test_a_file_belongs_to_the_project_that_the_form_names(any_server: RunningServer, tmp_path: Path) -> None:
    reply = any_server.upload(make_wheel(tmp_path, "mine", "1.0"), name="yours")
    assert reply.status == 400
    assert "mine" in reply.text
    assert "yours" in reply.text


@pytest.mark.parametrize("digest", ["sha256_digest", "md5_digest", "blake2_256_digest"])
def test_what_arrives_damaged_is_refused(any_server: RunningServer, tmp_path: Path, digest: str) -> None:
    wheel = make_wheel(tmp_path, "damaged", "1.0")
    reply = any_server.upload(wheel, **{digest: "0" * 32 if digest == "md5_digest" else "0" * 64})
    assert reply.status == 400
    assert "damaged" in reply.text
    assert any_server.upload(wheel, **{digest: "no digest"}).status == 400
    assert names(any_server, "damaged") == []


def test_digests_that_are_right(any_server: RunningServer, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "right", "1.0")
    content = wheel.read_bytes()
    reply = any_server.upload(
        wheel,
        md5_digest=hashlib.md5(content, usedforsecurity=False).hexdigest(),
        blake2_256_digest=hashlib.blake2b(content, digest_size=32).hexdigest().upper(),
    )
    assert reply.status == 200


@pytest.mark.parametrize("same", [True, False])
def test_of_several_uploads_of_one_name_one_wins_and_the_others_are_told(
    any_server: RunningServer, tmp_path: Path, same: bool
) -> None:
    project = f"raced-{'same' if same else 'other'}"
    wheels = [
        make_wheel(tmp_path / str(n), project, "1.0", files={"x.py": "" if same else str(n)})
        for n in range(6)
    ]
    replies = []
    start = threading.Barrier(len(wheels))

    def upload(wheel: Path) -> None:
        start.wait()
        replies.append(any_server.upload(wheel))

    threads = [threading.Thread(target=upload, args=(wheel,)) for wheel in wheels]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    statuses = sorted(reply.status for reply in replies)
    assert statuses == ([200] * 6 if same else [200, *[409] * 5]), [reply.text for reply in replies]
    assert sum("is published" in reply.text for reply in replies) == 1
    assert names(any_server, project) == [wheels[0].name]


def test_files_of_one_new_release_may_come_at_once(any_server: RunningServer, tmp_path: Path) -> None:
    wheels = [
        make_wheel(tmp_path, "at-once", "1.0", label=f"v{n}", properties={"x86_64": {"level": [f"v{n}"]}})
        for n in range(1, 5)
    ]
    threads = [threading.Thread(target=any_server.upload, args=(wheel,)) for wheel in wheels]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert names(any_server, "at-once") == [*(wheel.name for wheel in wheels), "at_once-1.0-variants.json"]
    variants = any_server.get("/simple/at-once/at_once-1.0-variants.json").json()["variants"]
    assert sorted(variants) == ["v1", "v2", "v3", "v4"]


def form(*parts: tuple[str, bytes], end: bytes = b"--b--\r\n") -> bytes:
    return b"".join(b"--b\r\n" + head.encode() + b"\r\n\r\n" + data + b"\r\n" for head, data in parts) + end


FILE = 'Content-Disposition: form-data; name="content"; filename="foo-1.0-py3-none-any.whl"'
NAME = 'Content-Disposition: form-data; name="name"'


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"nonsense", 400),
        (form((NAME, b"foo")), 400),
        (form((FILE, b"content"), end=b""), 400),
        (form((FILE, b"one"), (FILE, b"two")), 400),
        (form((FILE.replace('"content"', '"other"'), b"one")), 400),
        (form(("X-Nothing: here", b"foo"), (FILE, b"content")), 400),
        (form((NAME, b"x" * (5 << 20)), (FILE, b"content")), 413),
        (form((f"{NAME}\r\nX-Long: {'x' * 20_000}", b"foo")), 400),
        (form((FILE.replace("foo-1.0", "\\0"), b"content")), 400),
    ],
)
def test_hostile_forms(any_server: RunningServer, body: bytes, status: int) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    reply = any_server.request("POST", "/legacy/", body, headers, token=any_server.token)
    assert reply.status == status, reply.text
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    "kind", ["", "application/json", "multipart/form-data", "multipart/form-data; boundary="]
)
def test_what_is_no_form(any_server: RunningServer, kind: str) -> None:
    reply = any_server.request("POST", "/legacy/", b"{}", {"Content-Type": kind}, token=any_server.token)
    assert reply.status == 415


def test_other_methods_and_actions(any_server: RunningServer, tmp_path: Path) -> None:
    assert any_server.get("/legacy/").status == 405
    reply = any_server.upload(make_wheel(tmp_path, "acting", "1.0"), **{":action": "doc_upload"})
    assert reply.status == 400


def test_a_refusal_is_heard_by_clients_that_first_send_everything(
    any_server: RunningServer, tmp_path: Path
) -> None:
    wheel = make_wheel(tmp_path, "talking", "1.0", files={"noise.bin": os.urandom(20 << 20)})
    reply = any_server.upload(wheel, token="wrong")
    assert reply.status == 401
    assert "not valid" in reply.text


def test_nothing_of_a_refused_upload_is_left(any_server: RunningServer, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "leaving", "1.0")
    any_server.upload(wheel, sha256_digest="0" * 64)
    assert list((any_server.data / "spool").iterdir()) == []
