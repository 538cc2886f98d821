"""What the client gets of a file: whole, in parts, beside it or onto the disk, and always the right bytes."""

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rewheel.indexes import (
    Cache,
    Client,
    DirectSource,
    FetchError,
    File,
    HashMismatch,
    HttpSettings,
    IndexesError,
    IndexSource,
    Interrupted,
    NotFound,
    RangesUnsupported,
    TooLarge,
)
from rewheel.progress import Reporter
from rewheel.values import replace
from support.index_server import Fault, IndexServer, Response
from support.wheel_factory import make_wheel

Find = Callable[[Client, str], File]
NewClient = Callable[..., Client]
WHEEL = "/files/foo-1.0-py3-none-any.whl"


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def large(wheels: Path) -> Path:
    """A wheel far larger than its tail, whose metadata does not lie in the tail."""
    noise = os.urandom(200_000)
    return make_wheel(wheels, "large", files={"large/a.bin": noise, "large/b.bin": noise[::-1]})


# Small files


def test_reads_an_index_file(server: IndexServer, client: Client, find: Find, wheels: Path) -> None:
    file = find(client, "foo-1.0-variants.json")
    assert client.fetch(file) == (wheels / file.filename).read_bytes()


@pytest.mark.parametrize("status", [403, 404, 500])
def test_an_index_file_that_is_listed_but_missing(
    server: IndexServer, client: Client, find: Find, status: int
) -> None:
    file = find(client, "foo-1.0-variants.json")
    server.faults["*-variants.json"] = Fault(status=status)
    with pytest.raises(FetchError) as caught:
        client.fetch(file)
    assert caught.value.status == status
    assert isinstance(caught.value, NotFound) == (status == 404)


@pytest.mark.parametrize("formats", [("json",), ("html",)])
def test_wrong_bytes_are_refused_after_a_second_look(
    server: IndexServer, client: Client, find: Find, formats: tuple[str]
) -> None:
    server.formats = formats  # type: ignore[assignment]
    file = find(client, "foo-1.0-variants.json")
    server.faults["*-variants.json"] = Fault(body=b"{}")
    with pytest.raises(HashMismatch) as caught:
        client.fetch(file)
    assert caught.value.expected == file.hashes["sha256"]
    assert caught.value.actual == hashlib.sha256(b"{}").hexdigest()
    assert server.requests[-1].headers["cache-control"] == "no-cache"


def test_wrong_bytes_once_are_no_failure(server: IndexServer, client: Client, find: Find) -> None:
    file = find(client, "foo-1.0-variants.json")
    server.faults["*-variants.json"] = Fault(body=b"{}", times=1)
    assert b"default-priorities" in client.fetch(file)


def test_a_small_file_that_is_not_small(server: IndexServer, client: Client, find: Find) -> None:
    with pytest.raises(TooLarge):
        client.fetch(find(client, "foo-1.0-variants.json"), limit=10)


@pytest.mark.parametrize(
    ("hashes", "fits"),
    [
        ({"sha512": "right"}, True),
        ({"sha512": "wrong"}, False),
        ({"sha256": "right", "md5": "wrong"}, True),
        ({"md5": "right"}, True),
        ({"md5": "wrong"}, False),
        ({"sha256": "RIGHT"}, True),
        ({"sha256": ""}, True),
        ({"crc": "wrong"}, True),
        ({"sha256": "no hex at all"}, False),
        ({}, True),
    ],
)
def test_the_best_hash_is_verified(
    server: IndexServer, client: Client, find: Find, wheels: Path, hashes: dict[str, str], fits: bool
) -> None:
    file = find(client, "foo-1.0-variants.json")
    data = (wheels / file.filename).read_bytes()

    def filled(algorithm: str, text: str) -> str:
        if text.lower() != "right":
            return "0" * 64 if text == "wrong" else text
        digest = hashlib.new(algorithm, data).hexdigest()
        return digest.upper() if text.isupper() else digest

    file = replace(file, hashes={name: filled(name, text) for name, text in hashes.items()})
    if fits:
        assert client.fetch(file) == data
    else:
        with pytest.raises(HashMismatch):
            client.fetch(file)


# Metadata beside the wheel


def test_reads_metadata_beside_the_wheel(server: IndexServer, client: Client, find: Find) -> None:
    data = client.metadata(find(client, "bar-2.0"))
    assert data is not None and b"Requires-Dist: foo" in data
    assert server.count("*.whl") == 0


def test_metadata_that_is_not_offered(server: IndexServer, client: Client, find: Find) -> None:
    server.metadata = False
    assert client.metadata(find(client, "bar-2.0")) is None
    assert server.count("*.metadata") == 0


def test_metadata_that_is_offered_but_absent(server: IndexServer, client: Client, find: Find) -> None:
    file = find(client, "bar-2.0")
    server.metadata = False
    assert client.metadata(file) is None


def test_wrong_metadata_is_refused(server: IndexServer, client: Client, find: Find) -> None:
    server.faults["*.metadata"] = Fault(body=b"Name: evil\n")
    with pytest.raises(HashMismatch):
        client.metadata(find(client, "bar-2.0"))


def test_metadata_stands_before_the_query(server: IndexServer, client: Client, find: Find) -> None:
    file = find(client, "bar-2.0")
    assert client.metadata(replace(file, url=f"{file.url}?token=x")) is not None
    assert server.requests[-1].path.endswith(".whl.metadata?token=x")


# Parts of wheels


def test_reads_the_tail_in_one_request(server: IndexServer, client: Client, find: Find, wheels: Path) -> None:
    file = find(client, "foo-1.0-py3-none-any-v3")
    data = (wheels / file.filename).read_bytes()
    server.forget()
    source = client.open_wheel(file)
    assert source.size == len(data)
    assert source.read_at(0, len(data)) == data
    assert source.read_at(len(data) - 5, 100) == data[-5:]
    assert source.read_at(len(data), 1) == source.read_at(3, 0) == b""
    source.close()
    assert [request.headers["range"] for request in server.requests] == ["bytes=-65536"]


def test_reads_more_only_where_it_must(server: IndexServer, client: Client, find: Find, large: Path) -> None:
    file, data = find(client, "large"), large.read_bytes()
    server.forget()
    source = client.open_wheel(file)
    assert source.read_at(20_000, 30) == data[20_000:20_030]
    assert source.read_at(20_040, 10_000) == data[20_040:30_040], "the next bytes came along"
    assert source.read_at(15_000, 10_000) == data[15_000:25_000], "and so did some before them"
    assert source.read_at(len(data) - 70_000, 70_000) == data[-70_000:]
    assert source.read_at(0, len(data)) == data
    ranges = [request.headers["range"] for request in server.requests]
    assert ranges[:2] == ["bytes=-65536", "bytes=11808-36383"]
    assert ranges[2] == f"bytes={len(data) - 78_192}-{len(data) - 65_537}", "the tail is not fetched twice"
    assert len(ranges) <= 4


def test_any_reads_give_the_right_bytes(server: IndexServer, client: Client, find: Find, large: Path) -> None:
    source, data = client.open_wheel(find(client, "large")), large.read_bytes()
    state = 12345
    for _ in range(60):
        state = (state * 1_103_515_245 + 12_345) % 2**31
        offset, length = state % len(data), (state >> 8) % 60_000
        assert source.read_at(offset, length) == data[offset : offset + length]


def test_long_reads_that_overlap(server: IndexServer, client: Client, find: Find, wheels: Path) -> None:
    path = make_wheel(wheels, "huge", files={"huge/a.bin": os.urandom(7_000_000)})
    source, data = client.open_wheel(find(client, "huge")), path.read_bytes()
    for start, end in [
        (3_000_000, 6_000_000),
        (1_000_000, 4_000_000),
        (5_000_000, 7_000_000),
        (0, 6_500_000),
    ]:
        assert source.read_at(start, end - start) == data[start:end]


def test_a_wheel_is_opened_once(server: IndexServer, client: Client, find: Find) -> None:
    file = find(client, "foo-1.0-py3-none-any-v3")
    server.forget()
    for _ in range(3):
        source = client.open_wheel(file)
        source.read_at(0, 10)
        source.close()
    assert len(server.requests) == 1


def test_a_server_without_suffix_ranges(server: IndexServer, client: Client, find: Find, large: Path) -> None:
    server.suffix_ranges = False
    source, data = client.open_wheel(find(client, "large")), large.read_bytes()
    assert source.read_at(source.size - 100, 100) == data[-100:]
    assert source.read_at(5, 5) == data[5:10]


def test_a_server_that_takes_a_suffix_for_a_start(
    server: IndexServer, client: Client, find: Find, large: Path
) -> None:
    data = large.read_bytes()
    file = find(client, "large")
    server.faults["/files/large*"] = Fault(times=0)
    partial = Response(data[:65537], status=206, headers={"Content-Range": f"bytes 0-65536/{len(data)}"})
    server.responses[f"/odd/{large.name}"] = partial
    source = client.open_wheel(file)
    assert source.read_at(0, 10) == data[:10]
    with pytest.raises(FetchError):
        client.open_wheel(replace(file, url=f"{server.url}/odd/{large.name}", hashes={}))


@pytest.mark.parametrize(
    "content_range", ["", "bytes 0-9/*", "bytes 9-0/10", "bytes 0-3/10", "bytes 5-14/10", "x"]
)
def test_parts_that_are_not_what_they_say(
    server: IndexServer, client: Client, find: Find, content_range: str
) -> None:
    file = find(client, "foo-1.0-py3-none-any.whl")
    server.responses[WHEEL] = Response(b"0123456789", status=206, headers={"Content-Range": content_range})
    with pytest.raises(FetchError):
        client.open_wheel(file)


def test_a_server_without_ranges_gives_the_whole_wheel(
    server: IndexServer, client: Client, find: Find, large: Path
) -> None:
    server.ranges = False
    file, data = find(client, "large"), large.read_bytes()
    for _ in range(2):
        source = client.open_wheel(file)
        assert source.read_at(0, len(data)) == data
        source.close()
    assert server.count("/files/large*") == 2, "one request that asked for a part, one for the whole"


def test_a_large_wheel_is_not_fetched_for_its_metadata(
    server: IndexServer, new_client: NewClient, find: Find, large: Path
) -> None:
    server.ranges = False
    client = new_client(whole_limit=100_000)
    with pytest.raises(RangesUnsupported, match="no parts") as caught:
        client.open_wheel(find(client, "large"))
    assert caught.value.length == large.stat().st_size


def test_a_wheel_that_changes_while_it_is_read(
    server: IndexServer, client: Client, find: Find, large: Path
) -> None:
    server.etag = True
    source = client.open_wheel(find(client, "large"))
    large.write_bytes(large.read_bytes()[::-1])
    with pytest.raises(FetchError, match="changed while it was read"):
        source.read_at(0, 100)


def test_a_wheel_that_changes_its_size(server: IndexServer, client: Client, find: Find, large: Path) -> None:
    source = client.open_wheel(find(client, "large"))
    large.write_bytes(large.read_bytes() + b"more")
    with pytest.raises(FetchError, match="changed while it was read"):
        source.read_at(0, 100)


def test_a_wheel_that_is_gone(server: IndexServer, client: Client, find: Find) -> None:
    file = find(client, "foo-1.0-py3-none-any.whl")
    server.faults[WHEEL] = Fault(status=404)
    with pytest.raises(NotFound):
        client.open_wheel(file)


def test_an_unreasonable_read_is_refused(server: IndexServer, client: Client, find: Find) -> None:
    source = client.open_wheel(find(client, "foo-1.0-py3-none-any.whl"))
    with pytest.raises(TooLarge):
        source.read_at(0, 2**40)


# Downloads


class Progress(Reporter):
    def __init__(self) -> None:
        self.heard: list[str] = []
        self.bytes = 0

    def download_started(self, name: str, size: int | None) -> None:
        self.heard.append(f"start {name} {size}")

    def download_advanced(self, name: str, count: int) -> None:
        self.bytes += count

    def download_finished(self, name: str) -> None:
        self.heard.append(f"end {name}")


def test_downloads_and_tells_how_far_it_is(
    server: IndexServer, new_client: NewClient, find: Find, large: Path, tmp_path: Path
) -> None:
    progress = Progress()
    client = new_client(reporter=progress)
    path = client.download(find(client, "large"), tmp_path / "new" / "folder")
    assert path == tmp_path / "new" / "folder" / large.name
    assert path.read_bytes() == large.read_bytes()
    assert progress.heard == [f"start {large.name} {large.stat().st_size}", f"end {large.name}"]
    assert progress.bytes == large.stat().st_size
    assert [entry.name for entry in path.parent.iterdir()] == [large.name]


@pytest.mark.parametrize("etag", [True, False])
def test_goes_on_where_the_connection_broke(
    server: IndexServer, client: Client, find: Find, large: Path, tmp_path: Path, etag: bool
) -> None:
    server.etag = etag
    file = find(client, "large")
    server.faults["/files/large*"] = Fault(truncate=150_000, times=2)
    server.forget()
    retrieved = client.retrieve(file, tmp_path)
    assert retrieved.sha256 == sha256(large) == sha256(retrieved.path)
    assert [request.headers.get("range") for request in server.requests] == [
        None, "bytes=150000-", "bytes=300000-"
    ]  # fmt: skip
    assert ("if-range" in server.requests[-1].headers) == etag


def test_goes_on_where_an_answer_stalls(
    server: IndexServer, new_client: NewClient, find: Find, large: Path, tmp_path: Path
) -> None:
    client = new_client(HttpSettings(timeout=0.3))
    file = find(client, "large")
    server.faults["/files/large*"] = Fault(truncate=150_000, stall=2, times=2)
    server.forget()
    assert client.retrieve(file, tmp_path).sha256 == sha256(large)
    assert [request.headers.get("range") for request in server.requests] == [
        None, "bytes=150000-", "bytes=300000-"
    ]  # fmt: skip
    server.faults["/files/large*"] = Fault(truncate=0, stall=2)
    with pytest.raises(Interrupted, match="no answer in time"):
        new_client(HttpSettings(timeout=0.3, retries=1), cache=Cache(tmp_path / "other")).retrieve(
            file, tmp_path / "again"
        )


def test_begins_anew_where_it_cannot_go_on(
    server: IndexServer, client: Client, find: Find, large: Path, tmp_path: Path
) -> None:
    server.ranges = False
    file = find(client, "large")
    server.faults["/files/large*"] = Fault(truncate=1000, times=2)
    assert client.retrieve(file, tmp_path).sha256 == sha256(large)


def test_two_different_files_are_not_spliced(
    server: IndexServer, client: Client, find: Find, large: Path, tmp_path: Path
) -> None:
    file = replace(find(client, "large"), hashes={})
    server.faults["/files/large*"] = Fault(truncate=1000, times=1)
    assert client.retrieve(file, tmp_path).sha256 == sha256(large)
    assert server.requests[-1].headers.get("range") is None, (
        "nothing proves that the rest is of the same file"
    )


def test_gives_up_when_nothing_more_comes(
    server: IndexServer, client: Client, find: Find, large: Path, tmp_path: Path, waits: list[float]
) -> None:
    file = find(client, "large")
    server.faults["/files/large*"] = Fault(truncate=0)
    with pytest.raises(Interrupted):
        client.download(file, tmp_path / "into")
    assert list((tmp_path / "into").iterdir()) == []
    assert len(waits) == client.settings.retries


def test_wrong_bytes_never_appear(server: IndexServer, client: Client, find: Find, tmp_path: Path) -> None:
    file = find(client, "foo-1.0-py3-none-any.whl")
    server.faults[WHEEL] = Fault(body=b"evil")
    with pytest.raises(HashMismatch):
        client.download(file, tmp_path / "into")
    assert list((tmp_path / "into").iterdir()) == []
    assert server.count(WHEEL) == 2
    server.forget()
    server.faults[WHEEL] = Fault(body=b"evil", times=1)
    assert client.download(file, tmp_path / "into").is_file()


def test_another_hash_than_sha256(
    server: IndexServer, client: Client, find: Find, large: Path, tmp_path: Path
) -> None:
    digest = hashlib.sha512(large.read_bytes()).hexdigest()
    file = replace(find(client, "large"), hashes={"sha512": digest, "sha256": ""})
    assert client.retrieve(file, tmp_path).sha256 == sha256(large)
    assert client.retrieve(file, tmp_path).sha256 == sha256(large), "and it is recognised"
    assert server.count("/files/large*") == 1
    with pytest.raises(HashMismatch):
        client.retrieve(replace(file, hashes={"sha512": "0" * 128}), tmp_path / "other")


def test_what_lies_there_already_is_kept_or_replaced(
    server: IndexServer, client: Client, find: Find, tmp_path: Path
) -> None:
    file = find(client, "foo-1.0-py3-none-any.whl")
    path = client.download(file, tmp_path / "into")
    path.write_bytes(b"damaged")
    assert sha256(client.download(file, tmp_path / "into")) == file.hashes["sha256"]


def test_a_folder_that_cannot_be_written(
    client: Client, server: IndexServer, find: Find, tmp_path: Path
) -> None:
    obstacle = tmp_path / "file"
    obstacle.write_text("")
    with pytest.raises(IndexesError, match="cannot be written") as caught:
        client.download(find(client, "foo-1.0-py3-none-any.whl"), obstacle / "into")
    assert caught.value.hint


def test_a_login_stays_with_the_index(server: IndexServer, new_client: NewClient, tmp_path: Path) -> None:
    with IndexServer(*server.directories) as other:
        server.auth = ("me", "secret")
        server.redirects["/files/"] = f"{other.url}/files/"
        client = new_client()
        source = IndexSource(f"http://me:secret@127.0.0.1:{server.port}/simple", client)
        page = source.page("foo")
        assert page is not None
        assert "secret" not in source.name + source.location + page.url + str([f.url for f in page.files])
        client.open_wheel(page.files[0]).read_at(0, 1)
        client.download(page.files[0], tmp_path)
        assert len(other.requests) >= 2
        assert "authorization" not in str(other.requests)


# Local files


def test_local_files_need_no_server(client: Client, wheels: Path, tmp_path: Path) -> None:
    path = wheels / "foo-1.0-py3-none-any.whl"
    file = DirectSource(str(path), client).file
    source = client.open_wheel(file)
    assert source.read_at(0, 2) == b"PK"
    source.close()
    assert client.local_path(file) == path
    assert client.retrieve(file, tmp_path).sha256 == sha256(path)
    assert client.metadata(file) is None
    assert client.fetch(DirectSource((wheels / "foo-1.0-variants.json").as_uri(), client).file).startswith(
        b"{"
    )


def test_local_files_are_verified_too(client: Client, wheels: Path, tmp_path: Path) -> None:
    uri = (wheels / "foo-1.0-py3-none-any.whl").as_uri()
    assert client.retrieve(DirectSource(uri, client).file, tmp_path)
    file = DirectSource(f"{uri}#sha256={'0' * 64}", client).file
    with pytest.raises(HashMismatch):
        client.download(file, tmp_path / "into")
    with pytest.raises(HashMismatch):
        client.fetch(file)
    assert list((tmp_path / "into").iterdir()) == []


def test_local_files_that_are_gone(client: Client, wheels: Path, tmp_path: Path) -> None:
    path = wheels / "foo-1.0-py3-none-any.whl"
    file = DirectSource(str(path), client).file
    path.unlink()
    for use in (client.open_wheel, client.fetch, lambda gone: client.download(gone, tmp_path)):
        with pytest.raises(NotFound):
            use(file)


# Threads


def test_works_in_threads_and_keeps_the_order(client: Client) -> None:
    assert client.map(lambda number: number * 2, range(100)) == [number * 2 for number in range(100)]
    nested = client.map(lambda number: sum(client.map(lambda n: n + number, range(10))), range(40))
    assert nested == [sum(n + number for n in range(10)) for number in range(40)]


def test_works_alone_when_all_threads_are_busy(new_client: NewClient) -> None:
    client = new_client(HttpSettings(connections=2))

    def deep(level: int) -> int:
        return 1 if level == 0 else sum(client.map(deep, [level - 1] * 3))

    assert deep(5) == 3**5
    client.close()
    assert deep(2) == 9, "a closed client has no threads"


def test_raises_the_first_failure(client: Client) -> None:
    with pytest.raises(ZeroDivisionError):
        client.map(lambda number: 1 // number, [1, 0, 2])


def test_fetches_in_advance(server: IndexServer, new_client: NewClient, find: Find) -> None:
    server.metadata = False
    client = new_client()
    files = [find(client, "foo-1.0-py3-none-any"), find(client, "bar-2.0")]
    server.metadata = True
    files.append(find(new_client(), "bar-2.0"))
    client.prefetch(files)
    sources = [client.open_wheel(file) for file in files[:2]]
    assert [source.read_at(0, 2) for source in sources] == [b"PK", b"PK"]
    assert client.metadata(files[2])
    assert server.count("*.whl") == 2
    assert server.count("*.metadata") == 1


def test_a_failure_in_advance_is_told_later(server: IndexServer, client: Client, find: Find) -> None:
    file = replace(find(client, "bar-2.0"), core_metadata=False)
    server.faults["*.whl"] = Fault(status=403)
    client.prefetch([file])
    with pytest.raises(FetchError, match="403"):
        client.open_wheel(file)


def test_closing_does_not_wait_for_what_was_fetched_in_advance(
    server: IndexServer, new_client: NewClient, find: Find
) -> None:
    client = new_client(HttpSettings(timeout=60))
    files = [find(client, "foo-1.0-py3-none-any.whl"), find(client, "bar-2.0")]
    server.faults["/files/*"] = Fault(delay=100)  # the suite's time limit would tell
    client.prefetch(files)
    while server.count("/files/*") < 2:
        time.sleep(0.01)
    client.close()
    assert server.count("/files/*") == 2
    with pytest.raises(FetchError, match="closed"):
        client.fetch(files[0])


def test_many_wheels_at_once(server: IndexServer, new_client: NewClient, wheels: Path) -> None:
    for number in range(40):
        make_wheel(wheels, "many", f"{number}.0")
    client = new_client(HttpSettings(connections=16))
    page = IndexSource(server.simple_url, client).page("many")
    assert page is not None
    sources = client.map(client.open_wheel, page.files)
    assert [source.size for source in sources] == [file.size for file in page.files]
    assert server.connections <= 17
