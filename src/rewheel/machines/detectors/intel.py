"""intel: architecture versions (IP) of Intel GPUs, told by Level Zero, on Linux and Windows."""

import re
from collections.abc import Iterable

from rewheel.machines.detectors.detection import Detection, nothing, override, words
from rewheel.machines.host import Host
from rewheel.machines.support import Origin, OriginKind

__all__ = ["ALL_VALUES", "FORCE_DEVICE_IP", "OVERRIDES", "detect"]

FORCE_DEVICE_IP = "INTEL_VARIANT_PROVIDER_FORCE_DEVICE_IP"

_KNOWN = words(
    """
    35.11.0 35.10.4 30.5.4 30.4.4 30.3.1 30.1.0 30.0.4 20.4.4 20.2.0 20.1.0 12.74.4 12.71.4 12.70.4 12.60.7
    12.57.0 12.56.5 12.55.8 12.10.0 12.4.0 12.3.0 12.2.0 12.1.0 12.0.0
    """
)
# Code for the base runs on the others of its family, too.
_BASES = {
    "30.5.4": "30.0.4",
    "30.4.4": "30.0.4",
    "30.3.1": "30.0.4",
    "30.1.0": "30.0.4",
    "20.4.4": "20.1.0",
    "20.2.0": "20.1.0",
    "12.71.4": "12.70.4",
    "12.57.0": "12.55.8",
    "12.56.5": "12.55.8",
}

OVERRIDES: tuple[str, ...] = (FORCE_DEVICE_IP,)

ALL_VALUES: dict[str, tuple[str, ...]] = {"device_ip": _KNOWN}


def detect(host: Host) -> Detection:
    """Find the versions of all Intel GPUs, each followed by the base of its family."""
    known = re.compile("|".join(map(re.escape, _KNOWN)))
    forced = override(host, FORCE_DEVICE_IP, "the IP of a known GPU, such as 20.1.0", known)
    if forced:
        return Detection({"device_ip": (forced,)}, Origin(OriginKind.OVERRIDE, FORCE_DEVICE_IP))
    if host.is_blind or host.system not in {"Linux", "Windows"}:
        return nothing(host, "Level Zero")
    answer = host.probe("level_zero", _library(host), timeout=10)
    if answer.failure:
        return nothing(host, "Level Zero", f"intel was not detected: {answer.failure}")
    ips = list(_ips((answer.data or {}).get("devices")))
    values = dict.fromkeys(value for ip in ips for value in (ip, _BASES.get(ip, "")) if value in _KNOWN)
    unknown = dict.fromkeys(ip for ip in ips if ip not in _KNOWN)
    warnings = [f"{', '.join(unknown)}: no wheel is known to be built for this Intel GPU"] if unknown else []
    if not values:
        return nothing(host, "Level Zero", *warnings)
    return Detection({"device_ip": tuple(values)}, Origin(OriginKind.DETECTOR, "Level Zero"), tuple(warnings))


def _library(host: Host) -> str:
    if host.system == "Windows":
        return f"{host.folder('WINDIR', 'C:/Windows')}/System32/ze_loader.dll"
    return "libze_loader.so.1"


def _ips(devices: object) -> Iterable[str]:
    """Spell the packed versions of Intel's devices: ten bits architecture, eight release, six revision."""
    for device in devices if isinstance(devices, list) else []:
        match device:
            case {"vendor": 0x8086, "ip": int(ip)} if 0 < ip < 1 << 32:
                yield f"{ip >> 22}.{ip >> 14 & 255}.{ip & 63}"
