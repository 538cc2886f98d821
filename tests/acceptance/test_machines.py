"""Which machine wheels are chosen for: this one with overrides, or another one from a file."""

import json
from pathlib import Path

import pytest

from acceptance.conftest import Shop

LEVELS = {f"level{n}": {"x86_64": {"level": [f"v{n}"]}} for n in (1, 2, 3, 4)}
CUDA = {
    f"cu{v.replace('.', '')}": {"nvidia": {"cuda_version_lower_bound": [v]}} for v in ("11.8", "12.6", "12.8")
}
NVIDIA = {
    "nvidia": {
        "requires": ["nvidia-variant-provider>=0.0.1,<1"],
        "plugin-api": "nvidia_variant_provider.plugin:NvidiaVariantPlugin",
    }
}
X86 = {
    "x86_64": {
        "requires": ["provider-variant-x86-64"],
        "plugin-api": "provider_variant_x86_64.plugin:X8664Plugin",
    }
}


def stock(shop: Shop, variants: dict, providers: dict, *, index: bool = True) -> None:
    namespaces = list(providers)
    for label, properties in variants.items():
        shop.wheel(label=label, properties=properties, providers=providers, priorities=namespaces)
    shop.wheel()
    if index:
        shop.index_file(variants, providers=providers, priorities=namespaces)


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("12.8", "cu128"),
        ("12.7", "cu126"),
        ("13.0", "cu128"),
        ("12", "cu118"),
        ("11.8", "cu118"),
        ("11.2", ""),
        ("16.0", "cu128"),
        ("99.0", ""),  # more values than anybody may mean
    ],
)
def test_the_override_of_a_provider_counts_at_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, version: str, expected: str
) -> None:
    stock(shop, CUDA, NVIDIA)
    monkeypatch.setenv("NV_VARIANT_PROVIDER_FORCE_CUDA_DRIVER_VERSION", version)
    assert shop.install().label() == expected


def test_a_malformed_override_makes_the_namespace_unsupported(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    stock(shop, CUDA, NVIDIA)
    monkeypatch.setenv("NV_VARIANT_PROVIDER_FORCE_CUDA_DRIVER_VERSION", "twelve")
    outcome = shop.install()
    assert outcome.label() == ""
    assert len(outcome.warnings) == 1


@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_a_level_can_be_forced(shop: Shop, monkeypatch: pytest.MonkeyPatch, level: int) -> None:
    stock(shop, LEVELS, X86)
    monkeypatch.setenv("X86_64_VARIANT_PROVIDER_FORCE_LEVEL", f"v{level}")
    assert shop.install("--machine", str(described(shop, {}))).label() in {f"level{level}", ""}


def described(shop: Shop, namespaces: dict, platform: dict | None = None) -> Path:
    lines = ["[metadata]", 'created-by = "a test"', 'version = "0.1"']
    if platform:
        lines += ["[platform]", *(f"{key} = {json.dumps(value)}" for key, value in platform.items())]
    for namespace, features in namespaces.items():
        lines += [
            "[[provider]]",
            f'resolved = ["{namespace}-provider==1.0"]',
            f'plugin-api = "{namespace}:P"',
            f'namespace = "{namespace}"',
        ]
        lines += [
            "[provider.properties]",
            *(f"{feature} = {json.dumps(values)}" for feature, values in features.items()),
        ]
    path = shop.folder / "machine.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_machine_file_says_what_is_supported(shop: Shop) -> None:
    stock(shop, CUDA, NVIDIA)
    path = described(shop, {"nvidia": {"cuda_version_lower_bound": ["12.6", "11.8"]}})
    assert shop.install("--machine", str(path)).label() == "cu126"
    path = described(shop, {"nvidia": {"cuda_version_lower_bound": ["11.8", "12.6"]}})
    assert shop.install("--machine", str(path)).label() == "cu118"
    path = described(shop, {"nvidia": {"cuda_version_lower_bound": []}})
    assert shop.install("--machine", str(path)).label() == ""


def test_a_machine_file_answers_for_unknown_namespaces_too(shop: Shop) -> None:
    variants = {"a": {"odd": {"kind": ["one"]}}, "b": {"odd": {"kind": ["two"]}}}
    stock(shop, variants, {"odd": {"requires": ["odd-provider"]}})
    assert shop.install().label() == ""
    path = described(shop, {"odd": {"kind": ["two", "one"]}})
    assert shop.install("--machine", str(path)).label() == "b"


def test_the_package_s_own_list_outranks_a_machine_file(shop: Shop) -> None:
    shop.variants("x1", "x2")
    path = described(shop, {"gpu": {"arch": ["x1"]}})
    assert shop.install("--machine", str(path)).label() == "x2"


def test_namespaces_without_a_provider_are_answered_by_well_known_name(shop: Shop) -> None:
    for label, properties in CUDA.items():
        shop.wheel(label=label, properties=properties, providers=None, priorities=["nvidia"])
    shop.wheel()
    path = described(shop, {"nvidia": {"cuda_version_lower_bound": ["12.8", "12.6"]}})
    assert shop.install("--machine", str(path)).label() == "cu128"


def test_nothing_of_this_computer_shows_through_a_described_platform(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    for label, properties in LEVELS.items():
        shop.wheel(
            label=label, properties=properties, providers=X86, priorities=["x86_64"],
            tag="py3-none-manylinux_2_17_x86_64",
        )  # fmt: skip
    path = described(
        shop, {}, {"system": "Linux", "machine": "x86_64", "libc": "glibc", "libc-version": "2.39"}
    )
    assert shop.install("--machine", str(path)).label() == "level2"
    monkeypatch.setenv("X86_64_VARIANT_PROVIDER_FORCE_LEVEL", "v3")
    assert shop.install("--machine", str(path)).label() == "level3"


def test_a_foreign_platform_gets_its_own_wheels(shop: Shop) -> None:
    arm = {f"arm{v}": {"aarch64": {"version": [v]}} for v in ("8a", "8.2a", "9.0a")}
    providers = {
        "aarch64": {
            "requires": ["provider-variant-aarch64"],
            "plugin-api": "provider_variant_aarch64.plugin:AArch64Plugin",
        }
    }
    for label, properties in arm.items():
        shop.wheel(
            label=label, properties=properties, providers=providers, priorities=["aarch64"],
            tag="py3-none-manylinux_2_17_aarch64",
        )  # fmt: skip
    shop.wheel(tag="py3-none-manylinux_2_17_x86_64")
    platform = {"system": "Linux", "machine": "aarch64", "libc": "glibc", "libc-version": "2.39"}
    assert shop.install("--machine", str(described(shop, {}, platform))).label() == "arm8a"
    path = described(shop, {"aarch64": {"version": ["8.2a", "8.1a", "8a"]}}, platform)
    assert shop.install("--machine", str(path)).label() == "arm8.2a"


def test_a_plugin_is_not_run_without_consent(shop: Shop) -> None:
    stock(shop, {"a": {"odd": {"kind": ["one"]}}}, {"odd": {"requires": ["odd-provider"]}})
    outcome = shop.install()
    assert outcome.label() == ""
    assert len(outcome.warnings) == 1
    assert "--trust-provider odd-provider" in outcome.err
    assert not shop.server.count("/simple/odd-provider/*")


def test_a_trusted_plugin_is_asked(shop: Shop) -> None:
    stock(
        shop,
        {"a": {"odd": {"kind": ["one"]}}, "b": {"odd": {"kind": ["two"]}}},
        {"odd": {"requires": ["odd-provider"], "plugin-api": "odd_provider:Plugin"}},
    )
    plugin = (
        "class Config:\n    name, values, multi_value = 'kind', ['two', 'one'], False\n"
        "class Plugin:\n    namespace = 'odd'\n"
        "    @staticmethod\n    def get_supported_configs():\n        return [Config]\n"
        "    @staticmethod\n    def get_all_configs():\n        return [Config]\n"
    )
    shop.wheel("odd-provider", "1.5", files={"odd_provider.py": plugin})
    outcome = shop.install("--trust-provider", "odd-provider")
    assert outcome.code == 0, outcome.err
    assert outcome.label() == "b"
    # Consent is remembered, for exactly this.
    assert shop.install().label() == "b"
    shop.wheel("odd-provider", "1.5", files={"odd_provider.py": plugin + "# changed\n"})
    assert shop.run("cache", "clean")[0] == 0
    outcome = shop.install()
    assert outcome.label() == ""
    assert "trusted" in outcome.warnings[0]


@pytest.mark.parametrize(
    "text", ["", "[", "[metadata]\nversion = 3\n[[provider]]\nnamespace = 'A B'\n", "\x00"]
)
def test_a_bad_machine_file_is_one_clear_error(shop: Shop, text: str) -> None:
    shop.wheel()
    path = shop.folder / "machine.toml"
    path.write_text(text)
    outcome = shop.install("--machine", str(path))
    assert outcome.code in {0, 1, 2}
    if outcome.code:
        assert "machine.toml" in outcome.err


def test_explain_gives_every_wheel_and_reason_as_json(shop: Shop) -> None:
    shop.variants("x1", "x9", "null")
    code, out, _ = shop.run("explain", "foo", "--index-url", shop.server.simple_url, "--json")
    assert code == 0
    (explanation,) = json.loads(out)["explanations"]
    assert {wheel["label"] for wheel in explanation["wheels"]} == {"x1", "x9", "null", ""}
    assert all(wheel["verdict"] and wheel["reason"] for wheel in explanation["wheels"])


def test_explain_shows_a_matrix_of_machines(shop: Shop) -> None:
    stock(shop, CUDA, NVIDIA)
    one = described(shop, {"nvidia": {"cuda_version_lower_bound": ["12.6"]}}).rename(shop.folder / "one.toml")
    two = described(shop, {}).rename(shop.folder / "two.toml")
    code, out, _ = shop.run(
        "explain", "foo", "--index-url", shop.server.simple_url, "--machine", str(one), "--machine", str(two)
    )
    assert code == 0
    assert "one" in out
    assert "two" in out
    row = next(line for line in out.splitlines() if "cu126" in line)
    assert "selected" in row
    assert "unsupported" in row


def test_a_saved_machine_is_read_back(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NV_VARIANT_PROVIDER_FORCE_CUDA_DRIVER_VERSION", "12.6")
    stock(shop, CUDA, NVIDIA)
    path = shop.folder / "saved.toml"
    code, _, err = shop.run("machine", "save", str(path))
    assert code == 0, err
    monkeypatch.delenv("NV_VARIANT_PROVIDER_FORCE_CUDA_DRIVER_VERSION")
    assert shop.install("--machine", str(path)).label() == "cu126"
