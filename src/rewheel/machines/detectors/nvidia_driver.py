"""Asking NVIDIA's driver for its CUDA version and its GPUs: NVML first, then libcuda, then nvidia-smi.

Each way may be missing, incomplete, crash or hang without spoiling the next. The version is that of the
user-mode driver (libcuda), not of the kernel module.
"""

import re
from collections.abc import Iterable, Mapping

from rewheel.machines.host import Host
from rewheel.values import field, frozen, mutable

__all__ = ["Driver", "Gpu", "ask_driver", "cuda_order"]

_TIMEOUT = 10.0
_VISIBLE = "CUDA_VISIBLE_DEVICES"


@frozen
class Gpu:
    """A GPU: its compute capability, None if unknown, and its identifiers, those of MIG instances too."""

    capability: tuple[int, int] | None
    uuids: tuple[str, ...] = ()


@mutable
class Driver:
    """What could be learned; None for what could not. `failures` are crashes and the like, not absences.

    `gpus` holds all GPUs, whatever is visible; `in_cuda_order` says whether CUDA counts them in this order.
    """

    version: tuple[int, int] | None = None
    version_source: str = ""
    gpus: tuple[Gpu, ...] | None = None
    gpus_source: str = ""
    in_cuda_order: bool = False
    failures: list[str] = field(default_factory=list)


def ask_driver(host: Host, *, version: bool = True, gpus: bool = True) -> Driver:
    """Ask one way after another until the `version` and the `gpus`, as far as wanted, are known."""
    driver = Driver()
    if host.system not in {"Linux", "Windows"}:
        return driver
    for ask in (_ask_nvml, _ask_libcuda, _ask_nvidia_smi):
        version_missing = version and driver.version is None
        gpus_missing = gpus and driver.gpus is None
        if version_missing or gpus_missing:
            ask(host, driver, version_missing, gpus_missing)
    return driver


def cuda_order(host: Host) -> tuple[Gpu, ...] | None:
    """List the GPUs in the order in which CUDA counts them, by default the fastest first."""
    data = host.probe("cuda", _libcuda(host), timeout=_TIMEOUT, without=(_VISIBLE,)).data or {}
    return _gpus(data.get("devices"))


def _ask_nvml(host: Host, driver: Driver, version: bool, gpus: bool) -> None:
    answer = host.probe("nvml", *_nvml(host), timeout=_TIMEOUT)
    if answer.failure and not host.is_blind:
        driver.failures.append(answer.failure)
    _learn(driver, "NVML", answer.data or {}, version=version, gpus=gpus)


def _ask_libcuda(host: Host, driver: Driver, version: bool, gpus: bool) -> None:
    # Without the variable, so that the positions that it names can be found in the list.
    answer = host.probe("cuda", _libcuda(host), timeout=_TIMEOUT, without=(_VISIBLE,))
    if answer.failure and not host.is_blind:
        driver.failures.append(answer.failure)
    _learn(driver, "libcuda", answer.data or {}, version=version, gpus=gpus)


def _learn(driver: Driver, source: str, data: Mapping[str, object], *, version: bool, gpus: bool) -> None:
    number = data.get("driver")
    if version and isinstance(number, int) and 0 < number < 10**6:
        driver.version = (number // 1000, number % 1000 // 10)
        driver.version_source = source
    found = _gpus(data.get("devices"))
    if gpus and found is not None:
        driver.gpus, driver.gpus_source = found, source
        driver.in_cuda_order = source == "libcuda"


def _gpus(devices: object) -> tuple[Gpu, ...] | None:
    """Hold what a probe listed to its form; None if nothing of it is known."""
    if not isinstance(devices, list):
        return None
    found = []
    for device in devices:
        if not isinstance(device, dict):
            return None
        uuids = device.get("uuids")
        names = uuids if isinstance(uuids, list) else []
        capability = _capability(device.get("capability"))
        found.append(Gpu(capability, tuple(name for name in names if isinstance(name, str))))
    return _unless_unknown(found)


def _capability(value: object) -> tuple[int, int] | None:
    match value:
        case [int(major), int(minor)] if 0 < major < 1000 and 0 <= minor < 1000:
            return major, minor
    return None


def _unless_unknown(gpus: Iterable[Gpu]) -> tuple[Gpu, ...] | None:
    """Keep a list in which something is known, or which is truly empty."""
    found = tuple(gpus)
    return found if not found or any(gpu.capability for gpu in found) else None


def _ask_nvidia_smi(host: Host, driver: Driver, version: bool, gpus: bool) -> None:
    described = host.run(["nvidia-smi", "-q"], timeout=_TIMEOUT)
    if not described.found:
        return
    if described.failure:
        driver.failures.append(described.failure)
    text = "" if described.failure else described.output
    if version:
        found = re.search(
            r"^\s*CUDA (?:UMD )?Version\s*:\s*([0-9]{1,3})\.([0-9]{1,3})\s*$", text, re.MULTILINE
        )
        if found:
            driver.version, driver.version_source = (int(found[1]), int(found[2])), "nvidia-smi"
    if gpus:
        command = ["nvidia-smi", "--query-gpu=compute_cap", "--format=csv,noheader"]
        listed = host.run(command, timeout=_TIMEOUT)
        if not listed.failure:
            driver.gpus, driver.gpus_source = _smi_gpus(listed.output, text), "nvidia-smi"


def _smi_gpus(listed: str, described: str) -> tuple[Gpu, ...] | None:
    """Combine the capabilities, one line per GPU, with the identifiers of the long description."""
    sections = re.split(r"^GPU ", described, flags=re.MULTILINE)[1:]
    uuids = [
        tuple(re.findall(r"^.*UUID\s*:\s*((?:GPU|MIG)-[0-9A-Za-z/-]+)\s*$", section, re.MULTILINE))
        for section in sections
    ]
    gpus = []
    for index, line in enumerate(line for line in listed.splitlines() if line.strip()):
        found = re.fullmatch(r"([0-9]{1,3})\.([0-9]{1,3})", line.strip())
        capability = (int(found[1]), int(found[2])) if found else None
        gpus.append(Gpu(capability, uuids[index] if index < len(uuids) else ()))
    return _unless_unknown(gpus)


def _nvml(host: Host) -> tuple[str, ...]:
    if host.system == "Windows":
        windows, programs = (
            host.folder("WINDIR", "C:/Windows"),
            host.folder("ProgramFiles", "C:/Program Files"),
        )
        return (f"{windows}/System32/nvml.dll", f"{programs}/NVIDIA Corporation/NVSMI/nvml.dll")
    return ("libnvidia-ml.so.1",)


def _libcuda(host: Host) -> str:
    return "nvcuda.dll" if host.system == "Windows" else "libcuda.so.1"
