"""amd: architectures of the GPUs (gfx) and the ROCm version, on Linux.

GPUs are told by `rocminfo`, else `rocm_agent_enumerator`, else the kernel's KFD topology.
"""

import re

from rewheel.machines.detectors.detection import Detection, known_from, nothing, override
from rewheel.machines.detectors.visible_devices import visible_indices
from rewheel.machines.host import Host
from rewheel.values import frozen

__all__ = ["ALL_VALUES", "FORCE_GFX", "FORCE_ROCM", "OVERRIDES", "detect"]

FORCE_GFX = "AMD_VARIANT_PROVIDER_FORCE_GFX_ARCH"
FORCE_ROCM = "AMD_VARIANT_PROVIDER_FORCE_ROCM_VERSION"

_PREFERRED = "AMD_PREFERRED_GFX_ARCHS"
_VISIBLE = "ROCR_VISIBLE_DEVICES"
_KFD_NODES = "/sys/class/kfd/kfd/topology/nodes"

_GFX = (
    "gfx900", "gfx906", "gfx908", "gfx90a", "gfx942", "gfx1030", "gfx1100", "gfx1101", "gfx1102", "gfx1200",
    "gfx1201",
)  # fmt: skip
_ALSO_BUILT_FOR = ("gfx950", "gfx1150", "gfx1151")  # by torch, unknown to the provider package

OVERRIDES: tuple[str, ...] = (FORCE_GFX, FORCE_ROCM)

ALL_VALUES: dict[str, tuple[str, ...]] = {
    "gfx_arch": _GFX,
    "rocm_version": (*(f"7.{minor}" for minor in range(10, -1, -1)), "6.4", "6.3"),
}

_GFX_NAME = re.compile(r"\b(gfx[0-9]+[0-9a-f]*)\b")
_FORCED_GFX = re.compile(r"[\s,;]*gfx[0-9][0-9a-f]*(?:[\s,;]+gfx[0-9][0-9a-f]*)*[\s,;]*")
_FORCED_ROCM = re.compile(r"([0-9]{1,4})\.([0-9]{1,4})(?:\.[0-9]{1,6})?")


@frozen
class _Found:
    values: tuple[str, ...] = ()
    source: str = ""
    failures: tuple[str, ...] = ()


def detect(host: Host) -> Detection:
    """Find the architectures and the version, each by its override or by looking."""
    forced_gfx = override(host, FORCE_GFX, "a list of architectures such as gfx942,gfx1100", _FORCED_GFX)
    forced_rocm = override(host, FORCE_ROCM, "a version such as 6.4.1 or 6.4", _FORCED_ROCM)
    may_look = host.system == "Linux" and not host.is_blind
    gfx = rocm = _Found()
    if forced_gfx:
        gfx = _Found(tuple(dict.fromkeys(_GFX_NAME.findall(forced_gfx))))
    elif may_look:
        gfx = _find_gfx(host)
    if forced_rocm:
        rocm = _Found((_major_minor(forced_rocm),))
    elif may_look:
        rocm = _find_rocm(host)
    if not (gfx.values or rocm.values):
        problems = "; ".join(gfx.failures)
        return nothing(host, "ROCm", *([f"amd was not detected: {problems}"] if problems else []))
    forced = [name for name, value in ((FORCE_GFX, forced_gfx), (FORCE_ROCM, forced_rocm)) if value]
    sources = [found.source for found in (gfx, rocm) if found.source]
    unknown = [] if forced_gfx else [name for name in gfx.values if name not in _GFX + _ALSO_BUILT_FOR]
    warnings = [f"{', '.join(unknown)}: no wheel is known to be built for this GPU"] if unknown else []
    features = {"gfx_arch": gfx.values, "rocm_version": rocm.values}
    return Detection(
        {feature: values for feature, values in features.items() if values},
        known_from(forced, sources),
        tuple(warnings),
    )


def _major_minor(version: str) -> str:
    return ".".join(str(int(part)) for part in version.split(".")[:2])


def _find_gfx(host: Host) -> _Found:
    failures = []
    listed = host.run(["rocminfo"], timeout=7)
    named = () if listed.failure else tuple(sorted(set(_GFX_NAME.findall(listed.output))))
    if named and set(named) <= set(_preferred(host)):
        return _Found(named, "rocminfo")
    if listed.found and listed.failure:
        failures.append(listed.failure)
    # Only rocminfo honours the variable: what it does not name must not come back by another way.
    is_filtered = _VISIBLE in host.environ and listed.found and not listed.failure
    counted = host.run(["rocm_agent_enumerator", "-name"], timeout=5)
    if counted.found and counted.failure:
        failures.append(counted.failure)
    firsts = (
        [] if counted.failure else [_GFX_NAME.search(line.lower()) for line in counted.output.splitlines()]
    )
    for source, found in (
        ("rocm_agent_enumerator", {first[1] for first in firsts if first} - {"gfx000"}),
        ("KFD", set() if is_filtered else _kfd(host)),
    ):
        values = tuple(sorted(found & set(named) if is_filtered else found))
        if values:
            return _Found(values, source)
    return _Found(failures=tuple(failures))


def _preferred(host: Host) -> tuple[str, ...]:
    chosen = [name.strip() for name in host.environ.get(_PREFERRED, "").split(",")]
    return tuple(filter(None, chosen)) or _GFX


def _kfd(host: Host) -> set[str]:
    """Read the visible GPUs from the kernel's list of nodes, in which CPUs have the version 0."""
    versions, uuids = [], []
    paths = host.glob(f"{_KFD_NODES}/*/properties")
    for path in sorted(paths, key=lambda path: (len(path), path)):  # node 10 after node 9
        text = host.read_text(path, limit=1 << 16) or ""
        properties = dict(re.findall(r"^(\w+) ([0-9]{1,20})$", text, re.MULTILINE))
        version = int(properties.get("gfx_target_version", "0"))
        if version:
            versions.append(version)
            uuids.append((f"GPU-{int(properties.get('unique_id', '0')):016x}",))
    visible = visible_indices(host.environ.get(_VISIBLE), uuids)
    return {_gfx_of(versions[index]) for index in visible}


def _gfx_of(version: int) -> str:
    """Name an architecture: the decimal MMmmss is "gfx", the major, and hexadecimal minor and stepping."""
    return f"gfx{version // 10000}{version // 100 % 100:x}{version % 100:x}"


def _find_rocm(host: Host) -> _Found:
    path = f"{host.environ.get('ROCM_PATH') or '/opt/rocm'}/.info/version"
    found = re.match(r"\s*([0-9]{1,4})[.-]([0-9]{1,4})(?:[.\s-]|$)", host.read_text(path, limit=4096) or "")
    return _Found((f"{int(found[1])}.{int(found[2])}",), path) if found else _Found()
