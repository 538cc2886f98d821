"""Labels that depend on the versions of other distributions (PEP 850, abi_dependency)."""

import os
from pathlib import Path
from zipfile import ZipFile

import pytest
from hypothesis import given, strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from resolution.conftest import World
from rewheel.environments import find_target
from rewheel.errors import UsageError
from rewheel.metadata import Requirement
from rewheel.resolution import ResolutionError
from rewheel.resolution.abi import matches, parse_abi_versions

PROVIDERS = {
    "cuda": {"static-properties": {"version": ["12.8", "12.6", "12"]}},
    "abi_dependency": {"builtin": "abi_dependency"},
}
PRIORITIES = ["cuda", "abi_dependency"]


@pytest.mark.parametrize(
    ("value", "version", "expected"),
    [
        ("2", "2", True),
        ("2", "2.9.1+cu128", True),
        ("2", "3.0", False),
        ("2.9", "2.9", True),
        ("2.9", "2.9.0rc1", True),
        ("2.9", "2.10", False),
        ("2.8.0", "2.8.0", True),
        ("2.8.0", "2.8.0.post1", True),
        ("2.8.0", "2.8.1", False),
        ("2.0", "2.1", False),
        ("2.0", "2", True),
        ("2", "1!2", False),
        ("02", "2", False),
        ("2.x", "2", False),
        ("2.8.0.1", "2.8.0.1", False),
        ("", "2", False),
    ],
)
def test_which_versions_a_value_names(value: str, version: str, expected: bool) -> None:
    assert matches(value, Version(version)) is expected


numbers = st.lists(st.integers(min_value=0, max_value=3), min_size=1, max_size=3)


@given(numbers, numbers)
def test_a_value_is_a_prefix_match(value: list[int], version: list[int]) -> None:
    text = ".".join(map(str, value))
    found = Version(".".join(map(str, version)))
    assert matches(text, found) == SpecifierSet(f"=={text}.*").contains(found, prereleases=True)


def variant(world: World, name: str, version: str, label: str, cuda: str = "", torch: str = "") -> None:
    properties: dict[str, dict[str, list[str]]] = {}
    requires = []
    if cuda:
        properties["cuda"] = {"version": [cuda]}
    if torch:
        properties["abi_dependency"] = {"torch": [torch]}
        requires = [f"torch=={torch}; 'abi_dependency :: torch :: {torch}' in variant_properties"]
    world.wheel(
        name, version, label=label, properties=properties, providers=PROVIDERS, priorities=PRIORITIES,
        requires=requires,
    )  # fmt: skip


@pytest.fixture
def example(world: World) -> World:
    """The published example: torch, flash-attn and vllm, without a plain wheel anywhere."""
    for version in ("2.8.0", "2.9.0"):
        for cuda in ("12.6", "12.8", "13.0"):
            variant(world, "torch", version, f"cuda{cuda}", cuda=cuda)
    variant(world, "flash-attn", "2.8.0", "cu12_pyt2.8.0", cuda="12", torch="2.8.0")
    variant(world, "flash-attn", "2.8.0", "cu12_pyt2.9.0", cuda="12", torch="2.9.0")
    variant(world, "flash-attn", "2.8.0", "cu13_pyt2.9.0", cuda="13", torch="2.9.0")
    variant(world, "vllm", "0.11.0", "cu128_pyt2.8.0", cuda="12.8", torch="2.8.0")
    return world


def labels(world: World, *wanted: str, **options: object) -> dict[str, tuple[str, str]]:
    return {p.project: (p.version, p.label) for p in world.resolve(*wanted, **options).packages}


def test_two_packages_agree_on_a_third(example: World) -> None:
    assert labels(example, "flash-attn", "vllm") == {
        "torch": ("2.8.0", "cuda12.8"),
        "flash-attn": ("2.8.0", "cu12_pyt2.8.0"),
        "vllm": ("0.11.0", "cu128_pyt2.8.0"),
    }
    assert not example.reporter.warnings


@pytest.mark.parametrize(
    ("torch", "expected", "label"),
    [
        ("torch==2.8.0", "2.8.0", "cu12_pyt2.8.0"),
        ("torch==2.9.0", "2.9.0", "cu12_pyt2.9.0"),
        ("torch", "2.9.0", "cu12_pyt2.9.0"),
    ],
)
def test_a_label_follows_the_version_that_is_asked_for(
    example: World, torch: str, expected: str, label: str
) -> None:
    assert labels(example, torch, "flash-attn") == {
        "torch": (expected, "cuda12.8"),
        "flash-attn": ("2.8.0", label),
    }


def test_the_newest_acceptable_version_is_taken_when_nothing_is_said(example: World) -> None:
    assert labels(example, "flash-attn")["torch"] == ("2.9.0", "cuda12.8")


def test_the_installed_version_is_preferred(example: World, tmp_path: Path) -> None:
    installed = install(tmp_path, "torch", "2.8.0")
    assert labels(example, "flash-attn", installed=installed) == {
        "torch": ("2.8.0", ""),
        "flash-attn": ("2.8.0", "cu12_pyt2.8.0"),
    }


def test_it_constrains_and_does_not_require(world: World, tmp_path: Path) -> None:
    """A distribution that is neither there nor about to be does not match."""
    properties = {"abi_dependency": {"torch": ["2.8"]}}
    world.wheel("torch", "2.8.1")
    world.wheel("a", label="t28", properties=properties, providers=PROVIDERS, priorities=PRIORITIES)
    world.wheel("a")
    world.wheel("b", requires=["torch"])
    assert labels(world, "a") == {"a": ("1.0", "")}
    assert labels(world, "a", "b")["a"] == ("1.0", "t28")
    assert labels(world, "a", installed=install(tmp_path, "torch", "2.8.4")) == {"a": ("1.0", "t28")}
    assert labels(world, "a", installed=install(tmp_path, "torch", "2.9")) == {"a": ("1.0", "")}
    assert labels(world, "a", abi_versions={"torch": "2.8"}) == {"a": ("1.0", "t28")}


def test_versions_that_lead_nowhere_are_given_up(example: World) -> None:
    with pytest.raises(ResolutionError, match="torch"):
        labels(example, "vllm", "torch==2.9.0")


def test_without_priority_it_ranks_last(world: World) -> None:
    world.wheel("torch", "2.8.0")
    document = {
        "$schema": "https://variants-schema.wheelnext.dev/peps/850/v0.2.0.json",
        "default-priorities": {"namespace": ["cuda"]},
        "providers": {"cuda": PROVIDERS["cuda"]},
    }
    for label, properties in {
        "x": {"abi_dependency": {"torch": ["2.8.0"]}},
        "y": {"cuda": {"version": ["12"]}},
    }.items():
        world.wheel("a", label=label, variant_json={**document, "variants": {label: properties}})
    assert labels(world, "a", "torch")["a"] == ("1.0", "y")


def install(tmp_path: Path, name: str, version: str) -> list:
    site = tmp_path / f"{name}-{version}"
    info = site / f"{name}-{version}.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "RECORD").write_text("")
    return find_target(None, site, os.environ, tmp_path).installed()


def test_explaining_takes_the_likely_version_for_granted(example: World) -> None:
    explanation = example.resolver().explain(Requirement.parse("flash-attn"))
    selected = explanation.choice.selected
    assert selected is not None
    assert selected.label == "cu12_pyt2.9.0"


def test_versions_can_be_said() -> None:
    assert parse_abi_versions("") == {}
    assert parse_abi_versions("Foo_Bar==1.2, b == 3") == {"foo-bar": "1.2", "b": "3"}
    for text in ("a", "a=1", "a==", "==1", "a==x", "a b==1"):
        with pytest.raises(UsageError, match="VARIANT_ABI_DEPENDENCY"):
            parse_abi_versions(text)


def test_an_installed_label_keeps_what_it_depends_on(example: World, tmp_path: Path) -> None:
    wheel = next(example.shelf.glob("flash_attn-*-cu12_pyt2.8.0.whl"))
    site = tmp_path / "site"
    with ZipFile(wheel) as archive:
        archive.extractall(site)
    installed = find_target(None, site, os.environ, tmp_path).installed()
    assert labels(example, "flash-attn", installed=installed) == {
        "torch": ("2.8.0", "cuda12.8"),
        "flash-attn": ("2.8.0", "cu12_pyt2.8.0"),
    }
