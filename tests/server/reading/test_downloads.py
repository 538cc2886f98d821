"""Files, whole and in parts."""

import email
import email.policy
import hashlib
from pathlib import Path

import pytest

from support.server import Reply, RunningServer
from support.wheel_factory import make_wheel


@pytest.fixture(scope="module")
def content(any_server: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, bytes]:
    """The path of a file of a few hundred kilobytes on the server, and its bytes."""
    noise = b"".join(hashlib.sha256(bytes([n % 256, n // 256])).digest() for n in range(10_000))
    wheel = make_wheel(tmp_path_factory.mktemp("wheels"), "large", "1.0", files={"large.bin": noise})
    assert any_server.upload(wheel).status == 200
    url: str = any_server.page("large")["files"][0]["url"]
    return url.removeprefix("../.."), wheel.read_bytes()


def part(server: RunningServer, path: str, wanted: str, **headers: str) -> Reply:
    return server.get(path, range=wanted, **headers)


def test_a_file_never_changes_and_caches_may_know(
    any_server: RunningServer, content: tuple[str, bytes]
) -> None:
    path, whole = content
    reply = any_server.get(path)
    assert reply.body == whole
    assert reply.headers["content-length"] == str(len(whole))
    assert reply.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert reply.headers["etag"] == f'"{hashlib.sha256(whole).hexdigest()}"'
    assert reply.headers["accept-ranges"] == "bytes"
    tag, date = reply.headers["etag"], reply.headers["last-modified"]
    assert any_server.get(path, if_none_match=tag).status == 304
    assert any_server.get(path, if_modified_since=date).status == 304
    assert any_server.get(path, if_modified_since="Mon, 01 Jan 2001 00:00:00 GMT").status == 200
    assert any_server.get(path, if_modified_since="nonsense").status == 200
    assert any_server.get(path, if_none_match='"other"', if_modified_since=date).status == 200


@pytest.mark.parametrize(
    ("wanted", "start", "end"), [("bytes=0-9", 0, 10), ("bytes=-22", -22, None), ("bytes=1000-", 1000, None)]
)
def test_one_part(
    any_server: RunningServer, content: tuple[str, bytes], wanted: str, start: int, end: int | None
) -> None:
    path, whole = content
    reply = part(any_server, path, wanted)
    assert reply.status == 206
    assert reply.body == whole[start:end]
    first = start % len(whole)
    assert reply.headers["content-range"] == f"bytes {first}-{first + len(reply.body) - 1}/{len(whole)}"
    assert reply.headers["content-length"] == str(len(reply.body))


def test_several_parts_come_as_one_message(any_server: RunningServer, content: tuple[str, bytes]) -> None:
    path, whole = content
    reply = part(any_server, path, "bytes=0-3, 300000-, 10-19")
    assert reply.status == 206
    kind = reply.headers["content-type"]
    assert kind.startswith("multipart/byteranges; boundary=")
    assert int(reply.headers["content-length"]) == len(reply.body)
    message = email.message_from_bytes(
        f"Content-Type: {kind}\r\n\r\n".encode() + reply.body, policy=email.policy.HTTP
    )
    parts = [(item["content-range"], item.get_payload(decode=True)) for item in message.iter_parts()]
    assert parts == [
        (f"bytes 0-3/{len(whole)}", whole[:4]),
        (f"bytes 300000-{len(whole) - 1}/{len(whole)}", whole[300000:]),
        (f"bytes 10-19/{len(whole)}", whole[10:20]),
    ]


def test_a_part_of_another_content_is_not_sent(any_server: RunningServer, content: tuple[str, bytes]) -> None:
    path, whole = content
    head = any_server.request("HEAD", path)
    for validator in (head.headers["etag"], head.headers["last-modified"]):
        assert part(any_server, path, "bytes=0-9", if_range=validator).status == 206
    for validator in ('"other"', "Mon, 01 Jan 2001 00:00:00 GMT", "nonsense"):
        assert part(any_server, path, "bytes=0-9", if_range=validator).body == whole


def test_parts_that_are_not_there(any_server: RunningServer, content: tuple[str, bytes]) -> None:
    path, whole = content
    reply = part(any_server, path, f"bytes={len(whole)}-")
    assert reply.status == 416
    assert reply.headers["content-range"] == f"bytes */{len(whole)}"
    assert part(any_server, path, "bytes=0-,0-,0-,0-").body == whole


def test_a_file_is_found_by_its_own_address_alone(
    any_server: RunningServer, content: tuple[str, bytes]
) -> None:
    path, _ = content
    for other in (
        path.replace("/files/", "/files/00"),
        path.replace("large-1.0", "large-1.1"),
        path + "/",
        path + ".asc",
        path.replace("/files/", "/files//"),
        path.rpartition("/")[0] + "/%2e%2e%2f%2e%2e%2fcatalog.sqlite3",
    ):
        assert any_server.get(other).status == 404, other


def test_metadata_is_served_beside_the_wheel(any_server: RunningServer, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "beside", "1.0", requires=["large>=1"])
    any_server.upload(wheel)
    file = any_server.page("beside")["files"][0]
    reply = any_server.get(file["url"].removeprefix("../..") + ".metadata")
    assert "Requires-Dist: large>=1" in reply.text
    assert file["core-metadata"]["sha256"] == hashlib.sha256(reply.body).hexdigest()
    assert reply.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert part(any_server, file["url"].removeprefix("../..") + ".metadata", "bytes=0-7").text == "Metadata"
