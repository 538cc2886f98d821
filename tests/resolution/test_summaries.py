"""Summaries of metadata: what they say is what METADATA says, of this very wheel, or there are none."""

import json
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest

from resolution.conftest import World
from rewheel.indexes import Cache, Client, File
from rewheel.metadata import CoreMetadata, Requirement
from rewheel.resolution import Resolution
from rewheel.resolution.summaries import Summaries, Summary, needs_of
from rewheel.values import replace

METADATA = CoreMetadata(
    "foo",
    "1.0",
    "2.4",
    ">=3.8",
    ("bar>=1", 'baz ; extra == "all"', "qux ; python_version<'3'"),
    ("all",),
    ("all",),
)
SUMMARY = Summary(METADATA, needs_of(METADATA))


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with Client(cache=Cache(tmp_path / "cache")) as client:
        yield client


def file(client: Client, url: str = "https://x.example/foo.whl", **more: Any) -> Any:
    """A file of an index, as far as a summary looks at it."""
    attributes: dict[str, Any] = {
        "hashes": {"sha256": "ab" * 32}, "requires_python": "", "yanked": None, "size": 1, "upload_time": "",
        "core_metadata": {"sha256": "cd" * 32}, "source": SimpleNamespace(name="x"),
    }  # fmt: skip
    return File("foo-1.0-py3-none-any.whl", url, **(attributes | more))


def test_what_is_kept_is_found(client: Client) -> None:
    """Fields, dependencies and their markers come back as they were."""
    Summaries(client).keep(file(client), SUMMARY)
    assert Summaries(client).find(file(client)) == SUMMARY
    assert [need.marker for need in SUMMARY.needs] == ["", 'extra == "all"', 'python_version < "3"']
    assert [need.extras for need in SUMMARY.needs] == [(), ("all",), ()]
    assert [need.is_ruled_out(()) for need in SUMMARY.needs] == [False, True, False]
    assert not any(need.is_ruled_out(("all", "other")) for need in SUMMARY.needs)


@pytest.mark.parametrize(
    "other",
    [
        {"url": "https://y.example/foo.whl"},
        {"hashes": {"sha256": "ba" * 32}},
        {"core_metadata": {"sha256": "dc" * 32}},
        {"core_metadata": True},
        {"core_metadata": False},
    ],
)
def test_nothing_is_known_of_another_file(client: Client, other: dict[str, Any]) -> None:
    """Another place, another hash of the wheel or of its metadata: it has to be read."""
    Summaries(client).keep(file(client), SUMMARY)
    assert Summaries(client).find(file(client, **other)) is None


@pytest.mark.parametrize(
    "doubtful", [{"hashes": {}}, {"hashes": {"md5": "ab" * 16}}, {"url": "file:///x/foo.whl"}]
)
def test_what_may_change_is_not_kept(client: Client, doubtful: dict[str, Any]) -> None:
    """Without a strong hash, or on this computer, a file may be another one tomorrow."""
    Summaries(client).keep(file(client, **doubtful), SUMMARY)
    assert Summaries(client).find(file(client, **doubtful)) is None
    assert not (client.cache.directory / "summaries-2").exists()


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{}", b"[]", b"\xff", b"[" * 100000,
        b'["foo","1.0","2.4","",[],[]]', b'["foo",1,"2.4","",[],[],[]]',
        b'["foo","1.0","2.4","",[],[],[["bar",""]]]', b'["foo","1.0","2.4","",[],[],[["bar",1,[]]]]',
        b'["foo","1.0","2.4","",[],[],[["bar","",[1]]]]', b'["foo","1.0","2.4","",[],[],[["bar","",1]]]',
        b'["foo","1.0","2.4","",[1],[],[]]', b'["foo","1.0","2.4","",[],[],[null]]',
    ],
)  # fmt: skip
def test_a_malformed_entry_counts_as_missing(client: Client, body: bytes) -> None:
    """Whatever wrote it, it is not believed."""
    Summaries(client).keep(file(client), SUMMARY)
    (entry,) = (path for path in (client.cache.directory / "summaries-2").rglob("*") if path.is_file())
    key = json.loads(entry.read_bytes().partition(b"\n")[0])["key"]
    client.cache.put("summaries-2", key, {}, body)
    assert Summaries(client).find(file(client)) is None


def test_a_damaged_entry_is_removed_and_made_anew(client: Client) -> None:
    """A byte that differs is noticed by the checksum."""
    Summaries(client).keep(file(client), SUMMARY)
    (entry,) = (path for path in (client.cache.directory / "summaries-2").rglob("*") if path.is_file())
    entry.write_bytes(entry.read_bytes().replace(b"bar", b"evl"))
    assert Summaries(client).find(file(client)) is None
    assert not entry.exists()
    Summaries(client).keep(file(client), SUMMARY)
    assert Summaries(client).find(file(client)) == SUMMARY


def test_two_may_write_at_once(client: Client) -> None:
    """Each reader sees one whole entry or the other."""
    other = Summary(replace(METADATA, version="2.0"), SUMMARY.needs)

    def write(summary: Summary) -> None:
        for _ in range(40):
            Summaries(client).keep(file(client), summary)
            assert Summaries(client).find(file(client)) in (SUMMARY, other)

    threads = [Thread(target=write, args=(summary,)) for summary in (SUMMARY, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Summaries(client).find(file(client)) in (SUMMARY, other)


def resolve(world: World, cache: Path, *, whole: bool = False) -> Resolution:
    """Resolve as a command of its own would."""
    with Client(cache=Cache(cache), reporter=world.reporter) as client:
        world.client = client
        return world.resolver(whole_metadata=whole).resolve([Requirement.parse("foo[all]")])


def told(resolution: Resolution) -> list[object]:
    return [(p.project, p.version, p.extras, p.requires, p.metadata.requires) for p in resolution.packages]


def test_metadata_is_asked_for_once(world: World, tmp_path: Path) -> None:
    """The second command has the same answer, from the summary alone."""
    world.wheel("foo", requires=["bar", 'baz; extra == "all"', "no; python_version < '3'"], extras=["all"])
    world.wheel("bar")
    world.wheel("baz", requires_python=">=3.5")
    first = resolve(world, tmp_path / "cache")
    for path in (tmp_path / "cache").glob("indexes-*/files/*/*"):
        path.unlink()
    world.server.requests.clear()
    assert told(resolve(world, tmp_path / "cache")) == told(first)
    assert world.server.count("/files/*") == 0
    assert resolve(world, tmp_path / "cache", whole=True).find("foo").metadata.headers  # type: ignore[union-attr]


def test_another_wheel_under_the_same_name_is_read(world: World, tmp_path: Path) -> None:
    """The page says that it is another: what the former one said is of no interest."""
    world.wheel("foo", extras=["all"])
    resolve(world, tmp_path / "cache")
    world.wheel("foo", requires=["bar"], extras=["all"])
    world.wheel("bar")
    assert [p.project for p in resolve(world, tmp_path / "cache").packages] == ["bar", "foo"]


def test_what_is_wrong_with_metadata_is_told_again(world: World, tmp_path: Path) -> None:
    """Nothing is kept of a wheel that can't be used."""
    world.wheel("foo", "2.0", requires=["=bar"])
    world.wheel("foo", "1.0", extras=["all"])
    for _ in range(2):
        assert resolve(world, tmp_path / "cache").find("foo").version == "1.0"  # type: ignore[union-attr]
    assert len([text for text in world.reporter.warnings if "can't be read" in text]) == 2
