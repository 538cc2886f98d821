"""The machines of the talk, as files that `rewheel machine save` would have written on them."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from rewheel.machines import Machine, Platform, write_machine_file

__all__ = ["MACHINES", "write_machine_files"]


class _Described(NamedTuple):
    """A machine: its platform, and the variables that make our detectors answer as they would there."""

    platform: Platform
    overrides: Mapping[str, str]
    namespaces: tuple[str, ...]


_LINUX_X86_64 = Platform("Linux", "x86_64", "glibc", (2, 39))
_LINUX_ARM = Platform("Linux", "aarch64", "glibc", (2, 39))
_MAC = Platform("Darwin", "arm64", "", (15, 0))
_CUDA_12_8 = {
    "NV_VARIANT_PROVIDER_FORCE_CUDA_DRIVER_VERSION": "12.8",
    "NV_VARIANT_PROVIDER_FORCE_SM_ARCH": "9.0",
    "X86_64_VARIANT_PROVIDER_FORCE_LEVEL": "v4",
}

MACHINES: Mapping[str, _Described] = {
    "arm.toml": _Described(_LINUX_ARM, {"AARCH64_VARIANT_PROVIDER_FORCE_VERSION": "8.2a"}, ("aarch64",)),
    "mac.toml": _Described(_MAC, {"AARCH64_VARIANT_PROVIDER_FORCE_VERSION": "8.4a"}, ("aarch64",)),
    "cuda.toml": _Described(_LINUX_X86_64, _CUDA_12_8, ("x86_64", "nvidia")),
    "nogpu.toml": _Described(
        _LINUX_X86_64, {"X86_64_VARIANT_PROVIDER_FORCE_LEVEL": "v2"}, ("x86_64", "nvidia")
    ),
}
"""By file name. What is not found on a machine is saved as not supported there, so the file is complete."""


def write_machine_files(directory: Path) -> None:
    """Write all of them into `directory`."""
    for name, described in MACHINES.items():
        machine = Machine.elsewhere(described.platform, described.overrides, name=Path(name).stem)
        write_machine_file(directory / name, machine, described.namespaces)
