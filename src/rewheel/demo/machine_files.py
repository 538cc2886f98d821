"""The machines of the talk, described by files as `rewheel machine save` writes them."""

from collections.abc import Iterable, Mapping
from pathlib import Path

__all__ = ["MACHINES", "write_machine_files"]

_X86_64 = ("x86_64", "provider-variant-x86-64", "provider_variant_x86_64.plugin:X8664Plugin")
_AARCH64 = ("aarch64", "provider-variant-aarch64", "provider_variant_aarch64.plugin:AArch64Plugin")
_NVIDIA = ("nvidia", "nvidia-variant-provider", "nvidia_variant_provider.plugin:NvidiaVariantPlugin")

_Provider = tuple[tuple[str, str, str], Mapping[str, Iterable[str]]]


def _cuda_up_to(major: int, minor: int) -> list[str]:
    """List, newest first, what a driver of this CUDA version satisfies, as NVIDIA's provider does."""
    own = [f"{major}.{lower}" for lower in range(minor, -1, -1)]
    older = [
        text
        for older_major in range(major - 1, 10, -1)
        for text in [*(f"{older_major}.{lower}" for lower in range(20, -1, -1)), str(older_major)]
    ]
    return [*own, str(major), *older]


def _levels(highest: int) -> list[str]:
    return [f"v{level}" for level in range(highest, 0, -1)]


_LINUX_X86_64 = {"system": "Linux", "machine": "x86_64", "libc": "glibc", "libc-version": "2.39"}
_LINUX_ARM = _LINUX_X86_64 | {"machine": "aarch64"}
_MAC = {"system": "Darwin", "machine": "arm64", "os-version": "15.0"}

MACHINES: Mapping[str, tuple[Mapping[str, str], tuple[_Provider, ...]]] = {
    "arm.toml": (_LINUX_ARM, ((_AARCH64, {"version": ["8.2a", "8.1a", "8a"]}),)),
    "mac.toml": (_MAC, ((_AARCH64, {"version": ["8.4a", "8.3a", "8.2a", "8.1a", "8a"]}),)),
    "cuda.toml": (
        _LINUX_X86_64,
        (
            (_X86_64, {"level": _levels(4)}),
            (
                _NVIDIA,
                {
                    "cuda_version_lower_bound": _cuda_up_to(12, 8),
                    "sm_arch": ["90_real", "90_virtual"],
                },
            ),
        ),
    ),
    "nogpu.toml": (_LINUX_X86_64, ((_X86_64, {"level": _levels(2)}),)),
}
"""By file name: the platform, and what the provider of each namespace says there."""


def write_machine_files(directory: Path) -> None:
    """Write all of them into `directory`."""
    for name, (platform, providers) in MACHINES.items():
        (directory / name).write_text(_document(platform, providers), encoding="utf-8")


def _document(platform: Mapping[str, str], providers: Iterable[_Provider]) -> str:
    lines = ["[metadata]", 'tool = "rewheel demo"', "", "[platform]"]
    lines += [f'{key} = "{value}"' for key, value in platform.items()]
    for (namespace, package, plugin_api), properties in providers:
        lines += ["", "[[provider]]", f'resolved = ["{package}"]', f'plugin-api = "{plugin_api}"']
        lines += [f'namespace = "{namespace}"', "", "[provider.properties]"]
        for feature, values in properties.items():
            lines.append(f"{feature} = [" + ", ".join(f'"{value}"' for value in values) + "]")
    return "\n".join([*lines, ""])
