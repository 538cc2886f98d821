"""How the known machines are made: a platform, and what our detectors are told instead of looking.

`python tests/machines/known_recipes.py` writes the files of `rewheel.machines.known` anew.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import rewheel.machines.known as known
from rewheel.machines import Machine, Platform, write_machine_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FOLDER = Path(known.__file__).parent
DATE = datetime(2026, 1, 1, tzinfo=UTC)
"""Written into all files, so that writing them again changes nothing."""

LINUX = Platform("Linux", "x86_64", "glibc", (2, 39))
MUSL = Platform("Linux", "x86_64", "musl", (1, 2))
LINUX_ARM = Platform("Linux", "aarch64", "glibc", (2, 39))
WINDOWS = Platform("Windows", "AMD64", "", (10, 0))
MAC_ARM = Platform("Darwin", "arm64", "", (15, 0))
MAC_INTEL = Platform("Darwin", "x86_64", "", (15, 0))

LEVEL = "X86_64_VARIANT_PROVIDER_FORCE_LEVEL"
ARM = "AARCH64_VARIANT_PROVIDER_FORCE_VERSION"
CUDA = "NV_VARIANT_PROVIDER_FORCE_CUDA_DRIVER_VERSION"
SM = "NV_VARIANT_PROVIDER_FORCE_SM_ARCH"
GFX = "AMD_VARIANT_PROVIDER_FORCE_GFX_ARCH"
ROCM = "AMD_VARIANT_PROVIDER_FORCE_ROCM_VERSION"

CPU_LINUX = {"v1": "any", "v2": "since about 2009", "v3": "since about 2013", "v4": "AVX-512"}
GPUS = {
    "t4": ("T4", "7.5", "11.0"),
    "a100": ("A100", "8.0", "11.0"),
    "rtx30": ("RTX 30", "8.6", "11.1"),
    "rtx40": ("RTX 40, L4", "8.9", "11.8"),
    "h100": ("H100", "9.0", "11.8"),
    "b200": ("B200", "10.0", "12.8"),
    "rtx50": ("RTX 50", "12.0", "12.8"),
}
"""Name, compute capability, and the first CUDA version that knows it."""
AMD = {
    "gfx90a": "MI200",
    "gfx942": "MI300",
    "gfx1100": "RX 7900",
    "gfx1201": "RX 9070",
}


class Recipe(NamedTuple):
    title: str
    platform: Platform
    overrides: Mapping[str, str]

    def machine(self) -> Machine:
        return Machine.elsewhere(self.platform, self.overrides, name=self.title)


def _recipes() -> Iterator[tuple[str, Recipe]]:
    for level, since in CPU_LINUX.items():
        yield f"linux-x86_64-{level}", Recipe(f"Linux, x86-64-{level} ({since})", LINUX, {LEVEL: level})
    yield "linux-musl-x86_64-v3", Recipe("Alpine Linux, x86-64-v3", MUSL, {LEVEL: "v3"})
    yield "windows-x86_64-v3", Recipe("Windows, x86-64-v3", WINDOWS, {LEVEL: "v3"})
    for generation, version in (("2", "8.2a"), ("3", "8.4a"), ("4", "8.4a")):
        title = f"Linux on Arm, Graviton {generation}"
        yield f"linux-aarch64-graviton{generation}", Recipe(title, LINUX_ARM, {ARM: version})
    yield "linux-aarch64-raspberry-pi5", Recipe("Linux on Arm, Raspberry Pi 5", LINUX_ARM, {ARM: "8a"})
    for chip in ("m1", "m2", "m3", "m4"):
        yield f"macos-apple-{chip}", Recipe(f"macOS, Apple {chip.upper()}", MAC_ARM, {ARM: "8.4a"})
    yield "macos-intel", Recipe("macOS, Intel", MAC_INTEL, {LEVEL: "v3"})
    for cuda in ("11.8", "12.4", "12.8", "13.0"):
        for key, (gpu, sm, first) in GPUS.items():
            if tuple(map(int, first.split("."))) <= tuple(map(int, cuda.split("."))):
                overrides = {LEVEL: "v3", CUDA: cuda, SM: sm}
                yield f"cuda-{cuda}-{key}", Recipe(f"CUDA {cuda}, {gpu} (SM {sm})", LINUX, overrides)
    for rocm in ("6.4", "7.0"):
        for gfx, gpu in AMD.items():
            overrides = {LEVEL: "v3", ROCM: rocm, GFX: gfx}
            yield f"rocm-{rocm}-{gfx}", Recipe(f"ROCm {rocm}, {gpu} ({gfx})", LINUX, overrides)
    intel = {LEVEL: "v3", "INTEL_VARIANT_PROVIDER_FORCE_DEVICE_IP": "20.1.0"}
    yield "intel-arc-b580", Recipe("Intel GPU, Arc B580 (20.1.0)", LINUX, intel)
    tpu = {LEVEL: "v3", "TPU_VARIANT_PROVIDER_FORCE_PRESENT": "true"}
    yield "tpu-vm", Recipe("TPU VM", LINUX, tpu)
    ascend = {
        ARM: "8.2a",
        "ASCEND_VARIANT_PROVIDER_FORCE_NPU_TYPE": "910b",
        "ASCEND_VARIANT_PROVIDER_FORCE_DRIVER_VERSION": "24.1.0",
        "ASCEND_VARIANT_PROVIDER_FORCE_CANN_VERSION": "8.0.0",
    }
    yield "ascend-910b", Recipe("Ascend 910B, CANN 8.0", LINUX_ARM, ascend)


RECIPES: Mapping[str, Recipe] = dict(_recipes())


def write(folder: Path) -> None:
    for name, recipe in RECIPES.items():
        write_machine_file(folder / f"{name}.toml", recipe.machine(), date=DATE)


if __name__ == "__main__":
    for path in FOLDER.glob("*.toml"):
        path.unlink()
    write(FOLDER)
