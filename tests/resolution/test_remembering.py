"""A remembered answer is the answer that would be found anew, or it is not given."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from resolution.conftest import World
from rewheel.environments import Target, find_target
from rewheel.indexes import Cache, Client, Sources
from rewheel.machines import Machine, ProviderPolicy, Providers
from rewheel.metadata import Requirement
from rewheel.progress import RecordingReporter
from rewheel.resolution import RememberingResolver, Resolution, ResolveOptions, Resolver, question_of
from rewheel.values import replace


class Asker:
    """Asks as one command after another would: each with a client of its own, all with one cache."""

    def __init__(self, world: World, cache: Path) -> None:
        self.world = world
        self.cache = cache
        self.thought = 0
        """How often a resolver had to be made."""

    def ask(
        self,
        *texts: str,
        target: Target | None = None,
        indexes: tuple[str, ...] = (),
        said: tuple[object, ...] = (),
        installed: bool = False,
        offline: bool = False,
        reject: str = "",
    ) -> Resolution:
        world, target = self.world, target or self.world.target
        reporter = RecordingReporter()
        there = target.installed() if installed else []
        with Client(cache=Cache(self.cache), reporter=reporter, offline=offline) as client:
            first, *more = indexes or (world.server.simple_url,)
            sources = Sources.build(client, index_url=first, extra_index_urls=more)

            def make() -> Resolver:
                self.thought += 1
                providers = Providers(
                    Machine.elsewhere(None, {}), policy=ProviderPolicy(), plugins=None, trust=None,
                    reporter=reporter, marker_environment=target.markers,
                )  # fmt: skip
                return Resolver(
                    sources=sources, client=client, target=target, providers=providers,
                    options=ResolveOptions(), installed=there, reporter=reporter,
                )  # fmt: skip

            resolver = RememberingResolver(
                make,
                question=question_of(target, there, said),
                sources=sources,
                client=client,
                target=target,
                warnings=lambda: len(reporter.warnings),
            )
            wanted = [Requirement.parse(text) for text in texts]
            resolution = resolver.resolve(wanted)
            if reject:
                package = resolution.find(reject)
                assert package is not None
                resolver.reject(package, "it is bad")
                resolution = resolver.resolve(wanted)
            return resolution

    def versions(self, *texts: str, **options: object) -> Mapping[str, str]:
        resolution = self.ask(*texts, **options)  # type: ignore[arg-type]
        return {package.project: package.version for package in resolution.packages}


@pytest.fixture
def asker(world: World, tmp_path: Path) -> Iterator[Asker]:
    world.wheel("a", "1.0", requires=["b"])
    world.wheel("b", "1.0", requires_python=">=3")
    world.server.cache_control = "max-age=600"
    world.server.etag = True
    yield Asker(world, tmp_path / "cache")


def test_the_same_question_has_the_same_answer(world: World, asker: Asker) -> None:
    first = asker.ask("a>=1")
    world.server.requests.clear()
    second = asker.ask("a>=1")
    assert asker.thought == 1
    assert world.server.requests == []
    for one, other in zip(first.packages, second.packages, strict=True):
        assert (one.project, one.version, one.requires, one.requested, one.pinned, one.extras) == (
            other.project, other.version, other.requires, other.requested, other.pinned, other.extras
        )  # fmt: skip
        assert one.file is not None
        assert other.file is not None
        assert (one.file.url, one.file.hashes, one.file.core_metadata) == (
            other.file.url, other.file.hashes, other.file.core_metadata
        )  # fmt: skip
        assert (one.metadata.name, one.metadata.requires) == (other.metadata.name, other.metadata.requires)
        assert one.wheel is not None
        assert other.wheel is not None
        assert (one.wheel.filename, one.wheel.status) == (other.wheel.filename, other.wheel.status)


@pytest.mark.parametrize("changed", ["a", "b"])
def test_a_changed_page_is_noticed(world: World, asker: Asker, changed: str) -> None:
    world.server.cache_control = "no-cache"
    asker.ask("a")
    asker.ask("a")
    assert asker.thought == 1, "pages were asked for again and are the same"
    world.wheel(changed, "2.0", requires=["b"] if changed == "a" else [])
    assert asker.versions("a")[changed] == "2.0"
    assert asker.thought == 2


def test_a_page_that_comes_into_being_is_noticed(world: World, asker: Asker, tmp_path: Path) -> None:
    from support.index_server import IndexServer

    shelf = tmp_path / "private"
    shelf.mkdir()
    with IndexServer(shelf, cache_control="no-cache") as private:
        indexes = (private.simple_url, world.server.simple_url)
        for _ in range(2):
            assert asker.versions("a", indexes=indexes) == {"a": "1.0", "b": "1.0"}
        assert asker.thought == 1
        from support.wheel_factory import make_wheel

        make_wheel(shelf, "b", "0.1")
        assert asker.versions("a", indexes=indexes) == {"a": "1.0", "b": "0.1"}


def test_so_is_another_order_of_indexes(world: World, asker: Asker, tmp_path: Path) -> None:
    from support.index_server import IndexServer
    from support.wheel_factory import make_wheel

    make_wheel(tmp_path / "other", "b", "7.0")
    with IndexServer(tmp_path / "other", cache_control="max-age=600") as other:
        one, two = world.server.simple_url, other.simple_url
        assert asker.versions("a", indexes=(one, two))["b"] == "1.0"
        assert asker.versions("a", indexes=(two, one))["b"] == "7.0"
        assert asker.versions("a", indexes=(one, two))["b"] == "1.0"
        assert asker.thought == 2


def test_so_is_another_interpreter(world: World, asker: Asker) -> None:
    world.wheel("c", requires=['d; python_version < "3"'])
    world.wheel("d")
    markers = MappingProxyType({**world.target.markers, "python_version": "2.7"})
    assert asker.versions("c") == {"c": "1.0"}
    assert asker.versions("c", target=replace(world.target, markers=markers)) == {"c": "1.0", "d": "1.0"}


def test_so_are_other_tags(world: World, asker: Asker) -> None:
    target = find_target(None, world.target.root, os.environ, Path.cwd())
    asker.ask("a")
    target.__dict__["tags"] = {"py3-none-any": 0, "cp399-none-any": 1}
    asker.ask("a", target=target)
    assert asker.thought == 2


def test_so_are_other_requirements_flags_and_settings(asker: Asker) -> None:
    for number, (texts, said) in enumerate(
        [(("a",), ()), (("a>=1",), ()), (("a", "b"), ()), (("a",), ("--pre",)), (("a",), (("pre", True),))], 1
    ):
        for _ in range(2):
            asker.ask(*texts, said=said)
        assert asker.thought == number


def test_so_is_what_is_installed(world: World, asker: Asker) -> None:
    assert asker.versions("a", installed=True) == {"a": "1.0", "b": "1.0"}
    info = world.target.scheme.purelib / "b-0.5.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: b\nVersion: 0.5\n")
    (info / "RECORD").write_text("")
    for _ in range(2):
        resolution = asker.ask("a", installed=True)
        assert {p.project: (p.version, p.kept is not None) for p in resolution.packages} == {
            "a": ("1.0", False),
            "b": ("0.5", True),
        }
    assert asker.thought == 2
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: b\nVersion: 0.5\nRequires-Dist: c\n")
    world.wheel("c")
    assert asker.versions("a", installed=True) == {"a": "1.0", "b": "0.5", "c": "1.0"}


def test_where_variants_are_offered_the_machine_is_asked_every_time(world: World, asker: Asker) -> None:
    world.wheel("b", "1.0", label="x1", properties={"gpu": {"arch": ["x1"]}})
    for _ in range(2):
        asker.ask("a")
    assert asker.thought == 2


def test_what_had_to_be_warned_of_is_said_every_time(world: World, asker: Asker) -> None:
    for _ in range(2):
        asker.ask("a[nothing]")
    assert asker.thought == 2


def test_files_without_hashes_are_not_relied_on(world: World, asker: Asker) -> None:
    world.server.hashes = False
    for _ in range(2):
        asker.ask("a")
    assert asker.thought == 2


def test_a_wheel_that_turns_out_bad_is_left_out(world: World, asker: Asker) -> None:
    world.wheel("a", "0.9")
    asker.ask("a")
    resolution = asker.ask("a", reject="a")
    assert {p.project: p.version for p in resolution.packages} == {"a": "0.9"}
    assert asker.versions("a")["a"] == "1.0", "the index says so again"


def test_offline_the_cache_is_good_enough(world: World, asker: Asker) -> None:
    world.server.cache_control = "no-cache"
    asker.ask("a")
    assert {p.project for p in asker.ask("a", offline=True).packages} == {"a", "b"}
    assert asker.thought == 1


@pytest.mark.parametrize("damage", [b"", b"x", b"{}"])
def test_a_damaged_memory_is_none(world: World, asker: Asker, damage: bytes) -> None:
    asker.ask("a")
    (kept,) = [path for path in (asker.cache / "indexes-1/answers").rglob("*") if path.is_file()]
    kept.write_bytes(damage)
    asker.ask("a")
    assert asker.thought == 2


def test_an_answer_of_another_form_is_none(world: World, asker: Asker) -> None:
    asker.ask("a")
    cache = Cache(asker.cache)
    (kept,) = [path for path in (asker.cache / "indexes-1/answers").rglob("*") if path.is_file()]
    key = kept.read_bytes().partition(b'"key":"')[2].partition(b'"')[0].decode()
    for body in (b"[]", b"{}", b'{"format":1,"pages":[[1]]}', b'{"format":1,"pages":[],"packages":[{}]}'):
        cache.put("answers", key, {}, body)
        thought = asker.thought
        asker.ask("a")
        assert asker.thought == thought + 1
