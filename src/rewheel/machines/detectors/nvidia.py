"""nvidia: CUDA versions that the driver serves, and GPU architectures that the visible GPUs run."""

import re
from collections.abc import Iterator

from rewheel.machines.detectors.detection import Detection, known_from, nothing, override
from rewheel.machines.detectors.nvidia_driver import Driver, Gpu, ask_driver, cuda_order
from rewheel.machines.detectors.visible_devices import hides_all, names_index, visible_indices
from rewheel.machines.host import Host
from rewheel.values import frozen

__all__ = [
    "ALL_VALUES",
    "FORCE_DRIVER",
    "FORCE_SM",
    "OVERRIDES",
    "detect",
    "lower_bounds",
    "sm_architectures",
    "upper_bounds",
]

FORCE_DRIVER = "NV_VARIANT_PROVIDER_FORCE_CUDA_DRIVER_VERSION"
FORCE_SM = "NV_VARIANT_PROVIDER_FORCE_SM_ARCH"

_VISIBLE = "CUDA_VISIBLE_DEVICES"
_FIRST_MAJOR, _LAST_MAJOR, _LAST_MINOR = 11, 15, 20
_MOST_VALUES = 1024
_OLDEST_CAPABILITY = (5, 0)


def _versions(major: int, highest: int) -> Iterator[str]:
    """Count down the minor versions of a major one, then name the major version itself."""
    yield from (f"{major}.{minor}" for minor in range(highest, -1, -1))
    yield str(major)


def lower_bounds(version: tuple[int, int]) -> tuple[str, ...]:
    """List the bounds that a driver of this version reaches: ">= bound", nearest first."""
    major, minor = version
    if major < _FIRST_MAJOR:
        return ()
    older = (bound for m in range(major - 1, _FIRST_MAJOR - 1, -1) for bound in _versions(m, _LAST_MINOR))
    return (*_versions(major, minor), *older)


def upper_bounds(version: tuple[int, int]) -> tuple[str, ...]:
    """List the bounds that a driver of this version stays below: "< bound", farthest first."""
    major, minor = version
    if major > _LAST_MAJOR:
        return ()
    newer = (bound for m in range(_LAST_MAJOR, major, -1) for bound in _versions(m, _LAST_MINOR))
    return (*newer, *(f"{major}.{m}" for m in range(_LAST_MINOR, minor, -1)))


def sm_architectures(capability: tuple[int, int]) -> tuple[str, ...]:
    """List what a GPU runs: machine code of its own generation up to its own, PTX for its generation."""
    if capability < _OLDEST_CAPABILITY:
        return ()
    major, minor = capability
    return (*(f"{major}{m}_real" for m in range(minor, -1, -1)), f"{major}0_virtual")


_BOUNDS = tuple(
    bound for major in range(_LAST_MAJOR, _FIRST_MAJOR - 1, -1) for bound in _versions(major, _LAST_MINOR)
)
OVERRIDES: tuple[str, ...] = (FORCE_DRIVER, FORCE_SM)

ALL_VALUES: dict[str, tuple[str, ...]] = {
    "cuda_version_lower_bound": _BOUNDS,
    "cuda_version_upper_bound": _BOUNDS,
    "sm_arch": tuple(
        f"{major}{minor}_{kind}"
        for kind in ("real", "virtual")
        for major in range(12, 4, -1)
        for minor in range(9, -1, -1)
    ),
}


@frozen
class _Capability:
    """The best capability among the visible GPUs, None if unknown, and what to say about it."""

    value: tuple[int, int] | None
    hidden: bool = False
    warning: str = ""


def detect(host: Host) -> Detection:
    """Find the driver's version and the best visible GPU; without a driver nothing is supported."""
    forced_version = _numbers(override(host, FORCE_DRIVER, "a version such as 12.8", _FORCED_VERSION))
    forced_sm = _numbers(override(host, FORCE_SM, "a compute capability such as 9.0", _FORCED_SM))
    hidden = hides_all(host.environ.get(_VISIBLE))
    if hidden and not forced_version:
        return nothing(host, _VISIBLE)
    driver = ask_driver(host, version=not forced_version, gpus=not (forced_sm or hidden))
    version = forced_version or driver.version
    if version is None:
        problems = "; ".join(driver.failures)
        return nothing(
            host, "the NVIDIA driver", *([f"nvidia was not detected: {problems}"] if problems else [])
        )
    problem = _range_problem(version, forced=bool(forced_version))
    if problem:
        return nothing(
            host, driver.version_source or FORCE_DRIVER, f"{problem}; nvidia counts as unsupported"
        )
    best = _Capability(forced_sm) if forced_sm else _best_visible(host, driver)
    if best.hidden and not forced_version:
        return nothing(host, _VISIBLE)
    return _detection(version, best, driver, overrides=_overrides(forced_version, forced_sm))


_FORCED_VERSION = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6})*")
_FORCED_SM = re.compile(r"[0-9]{1,3}\.[0-9]{1,3}")


def _numbers(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    numbers = [int(part) for part in text.split(".")]
    return numbers[0], numbers[1] if len(numbers) > 1 else 0


def _overrides(version: object, sm: object) -> tuple[str, ...]:
    return (*([FORCE_DRIVER] if version else []), *([FORCE_SM] if sm else []))


def _range_problem(version: tuple[int, int], *, forced: bool) -> str:
    """Tell why there are no lists for a version: beyond what is known, or beyond what can be written."""
    major, minor = version
    if not forced and not (_FIRST_MAJOR, 0) <= version <= (_LAST_MAJOR, _LAST_MINOR):
        known = f"{_FIRST_MAJOR}.0 to {_LAST_MAJOR}.{_LAST_MINOR}"
        return f"the driver's CUDA version {major}.{minor} is outside of what is known, {known}"
    count = minor + 2 + max(0, major - _FIRST_MAJOR) * (_LAST_MINOR + 2)
    if forced and major >= _FIRST_MAJOR and count > _MOST_VALUES:
        return f"{FORCE_DRIVER} is set to {major}.{minor}, which would mean {count} values"
    return ""


def _best_visible(host: Host, driver: Driver) -> _Capability:
    setting = host.environ.get(_VISIBLE)
    gpus, warning = driver.gpus or (), ""
    if hides_all(setting):
        return _Capability(None, hidden=True)
    if not gpus:
        return _Capability(None)
    in_cuda_order = driver.in_cuda_order or host.environ.get("CUDA_DEVICE_ORDER") == "PCI_BUS_ID"
    if names_index(setting) and not in_cuda_order and len({gpu.capability for gpu in gpus}) > 1:
        ordered = cuda_order(host)
        if ordered:
            gpus = ordered
        else:
            warning = (
                f"the GPUs differ and libcuda does not tell how it counts them; {_VISIBLE}={setting}"
                " is taken to count them in PCI order"
            )
    visible = visible_indices(setting, [gpu.uuids for gpu in gpus])
    capabilities = [gpu.capability for gpu in _chosen(gpus, visible) if gpu.capability]
    return _Capability(max(capabilities, default=None), hidden=not visible, warning=warning)


def _chosen(gpus: tuple[Gpu, ...], indices: tuple[int, ...]) -> list[Gpu]:
    return [gpus[index] for index in indices]


def _detection(
    version: tuple[int, int], best: _Capability, driver: Driver, overrides: tuple[str, ...]
) -> Detection:
    architectures = sm_architectures(best.value) if best.value else ()
    warnings = [best.warning] if best.warning else []
    if best.value and not architectures:
        old = ".".join(map(str, best.value))
        warnings.append(f"the GPU's compute capability {old} is older than 5.0; nvidia has no sm_arch")
    features = {
        "cuda_version_lower_bound": lower_bounds(version),
        "cuda_version_upper_bound": upper_bounds(version),
        "sm_arch": architectures,
    }
    sources = [driver.version_source, driver.gpus_source if best.value else ""]
    origin = known_from(overrides, [source for source in sources if source])
    return Detection(
        {feature: values for feature, values in features.items() if values}, origin, tuple(warnings)
    )
