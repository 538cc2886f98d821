"""Declared properties are held against those who know them, on a machine that has none of the hardware."""

from pathlib import Path

import pytest

from rewheel.builds import InvalidDeclaration
from rewheel.builds.matrix import check_properties, read_declaration
from rewheel.machines import PluginDescription, PluginFeature
from rewheel.variants import Provider

KNOWN = {
    "nvidia": ("nvidia-variant-provider>=0.0.2", "nvidia_variant_provider.plugin:NvidiaVariantPlugin"),
    "x86_64": ("x86-64-variant-provider", ""),
    "amd": ("amd-variant-provider", "amd_variant_provider.plugin:AMDVariantPlugin"),
    "ascend": ("huawei-ascend-variant-provider", "huawei_ascend_variant_provider.plugin:AscendVariantPlugin"),
}


def declared(folder: Path, namespace: str, properties: str, provider: str = "") -> tuple[str, ...]:
    requirement, endpoint = KNOWN.get(namespace, ("strange-provider", ""))
    if not provider:
        provider = f"requires = ['{requirement}']\n" + (f"plugin-api = '{endpoint}'\n" if endpoint else "")
    path = folder / "pyproject.toml"
    path.write_text(
        f"[variant]\ndefault-priorities.namespace = ['{namespace}']\n"
        f"[variant.providers.{namespace}]\n{provider}[variant.variants.it]\n{namespace}.{properties}\n"
    )
    return check_properties(read_declaration(path), describe, {"python_version": "3.11"})


def describe(provider: Provider, properties: list[tuple[str, str]]) -> PluginDescription | None:
    if provider.requires == ("silent-provider",):
        return None
    if provider.requires == ("old-provider",):
        return PluginDescription(None, verdicts={pair: pair[1] == "good" for pair in properties})
    return PluginDescription((PluginFeature("size", ("xl", "s")), PluginFeature("kinds", ("a", "b"), True)))


@pytest.mark.parametrize(
    ("namespace", "properties"),
    [
        ("nvidia", "sm_arch = ['120_real', '90_virtual']"),
        ("nvidia", "cuda_version_lower_bound = ['13.0']"),
        ("x86_64", "level = ['v4']"),
        ("amd", "gfx_arch = ['gfx90a', 'gfx1151']"),
        ("ascend", "npu_type = ['910b']"),
        ("other", "size = ['s']"),
        ("other", "kinds = ['a', 'b']"),
    ],
)
def test_known_properties(tmp_path: Path, namespace: str, properties: str) -> None:
    assert declared(tmp_path, namespace, properties) == ()


@pytest.mark.parametrize(
    ("namespace", "properties", "message"),
    [
        ("x86_64", "level = ['v9']", "does not know [x86_64 :: level :: v9]; the values of level are v4, v3"),
        ("x86_64", "levle = ['v3']", "does not know [x86_64 :: levle :: v3]; its features are level,"),
        ("x86_64", "level = ['v2', 'v3']", "allows one value of level, not v2 and v3"),
        ("nvidia", "sm_arch = ['90']", "does not know [nvidia :: sm_arch :: 90]"),
        ("other", "size = ['m']", "does not know [other :: size :: m]; the values of size are xl, s"),
        ("other", "size = ['s', 'xl']", "allows one value of size"),
    ],
)
def test_unknown_properties(tmp_path: Path, namespace: str, properties: str, message: str) -> None:
    with pytest.raises(InvalidDeclaration) as caught:
        declared(tmp_path, namespace, properties)
    line = (tmp_path / "pyproject.toml").read_text().splitlines().index(f"{namespace}.{properties}") + 1
    assert str(caught.value).startswith(f"pyproject.toml:{line}: the provider of {namespace} ")
    assert message in str(caught.value)


def test_static_lists_and_providers_of_the_earlier_interface(tmp_path: Path) -> None:
    static = "static-properties.arch = ['x2', 'x1']\n"
    assert declared(tmp_path, "gpu", "arch = ['x1']", static) == ()
    with pytest.raises(InvalidDeclaration, match="the static list of gpu does not know"):
        declared(tmp_path, "gpu", "arch = ['x3']", static)
    assert declared(tmp_path, "gpu", "arch = ['good']", "requires = ['old-provider']\n") == ()
    with pytest.raises(InvalidDeclaration, match=r"does not know \[gpu :: arch :: bad\]"):
        declared(tmp_path, "gpu", "arch = ['bad']", "requires = ['old-provider']\n")


def test_what_nobody_could_check_is_told(tmp_path: Path) -> None:
    assert declared(tmp_path, "gpu", "arch = ['x']", "requires = ['silent-provider']\n") == ("gpu",)
