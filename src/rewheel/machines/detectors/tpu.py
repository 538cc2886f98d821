"""tpu: whether a Google TPU is present, told by the PCI devices, on Linux."""

from rewheel.machines.detectors.detection import Detection, nothing
from rewheel.machines.host import Host
from rewheel.machines.support import Origin, OriginKind

__all__ = ["ALL_VALUES", "FORCE_PRESENT", "OVERRIDES", "detect"]

FORCE_PRESENT = "TPU_VARIANT_PROVIDER_FORCE_PRESENT"

OVERRIDES: tuple[str, ...] = (FORCE_PRESENT,)

ALL_VALUES: dict[str, tuple[str, ...]] = {"present": ("true", "false")}

_PCI_DEVICES = "/sys/bus/pci/devices"
_GOOGLE = "0x1ae0"
_TPUS = frozenset({"0x0027", "0x0056", "0x005e", "0x0062", "0x0063", "0x006f", "0x0076", "0x0083", "0x007c"})


def detect(host: Host) -> Detection:
    """Say true or false: wheels may want that there is none. Of another machine neither is known."""
    forced = host.environ.get(FORCE_PRESENT, "").strip().lower()
    if forced:
        return _present(forced in {"1", "true", "yes"}, Origin(OriginKind.OVERRIDE, FORCE_PRESENT))
    if host.is_blind:
        return nothing(host, "")
    return _present(host.system == "Linux" and _has_tpu(host), Origin(OriginKind.DETECTOR, _PCI_DEVICES))


def _present(answer: bool, origin: Origin) -> Detection:
    return Detection({"present": ("true" if answer else "false",)}, origin)


def _has_tpu(host: Host) -> bool:
    return any(
        (host.read_text(path, 64) or "").strip().lower() == _GOOGLE
        and (host.read_text(f"{path.removesuffix('vendor')}device", 64) or "").strip().lower() in _TPUS
        for path in host.glob(f"{_PCI_DEVICES}/*/vendor")
    )
