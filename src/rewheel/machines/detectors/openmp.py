"""openmp: OpenMP runtimes to choose among, which every machine can run.

Nothing is detected: the list is constant, in the order in which the provider package prefers it. It is
meant for builds, which turn it into a static list.
"""

from rewheel.machines.detectors.detection import Detection
from rewheel.machines.host import Host
from rewheel.machines.support import Origin, OriginKind

__all__ = ["ALL_VALUES", "OVERRIDES", "detect"]

OVERRIDES: tuple[str, ...] = ()

ALL_VALUES: dict[str, tuple[str, ...]] = {"provider": ("gnu", "intel", "llvm")}


def detect(host: Host) -> Detection:
    """Offer every runtime, wherever this runs."""
    del host
    return Detection(ALL_VALUES, Origin(OriginKind.DETECTOR, "a fixed list"))
