"""ascend: type of the first Huawei NPU, driver version and CANN version, on Linux."""

import re

from rewheel.machines.detectors.detection import Detection, known_from, nothing, override
from rewheel.machines.host import Host
from rewheel.values import field, mutable

__all__ = ["ALL_VALUES", "FORCE", "OVERRIDES", "detect"]

FORCE = {
    feature: f"ASCEND_VARIANT_PROVIDER_FORCE_{feature.upper()}"
    for feature in ("npu_type", "driver_version", "cann_version")
}

OVERRIDES: tuple[str, ...] = tuple(FORCE.values())

# Any version can be meant, and new types are named by the tool; the registry has patterns for all three.
ALL_VALUES: dict[str, tuple[str, ...]] = {
    "npu_type": ("910b", "310p", "a3"),
    "driver_version": (),
    "cann_version": (),
}

_NPU_ROW = re.compile(
    r"^\|\s*([0-9]+)\s+([0-9]+[A-Za-z]+[0-9]*|[A-Za-z]+[0-9]+[A-Za-z0-9]*)\s+\|", re.MULTILINE
)
_DRIVER = re.compile(r"Version:\s*([0-9]+)\.([0-9]+)(?:\.([0-9]+))?(?:\.rc([0-9]+))?")
_CANN = re.compile(r"version=([0-9]+)\.([0-9]+)(?:\.([0-9]+))?(?:\.RC([0-9]+))?")


@mutable
class _Found:
    features: dict[str, str] = field(default_factory=dict)
    sources: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def add(self, feature: str, value: str, source: str) -> None:
        if value and feature not in self.features:
            self.features[feature] = value
            self.sources.append(source)


def detect(host: Host) -> Detection:
    """Find one exact value per feature, by its override or by looking."""
    expected = {
        "npu_type": "a type such as 910b",
        "driver_version": "a version such as 25.2.0",
        "cann_version": "a version such as 8.2.rc1",
    }
    forced = {
        feature: value
        for feature, variable in FORCE.items()
        if (value := override(host, variable, expected[feature]))
    }
    found = _Found(dict(forced))
    if host.system == "Linux" and not host.is_blind:
        if not {"npu_type", "driver_version"} <= set(forced):
            _ask_npu_smi(host, found)
        _read_cann(host, found)
    if not found.features:
        problems = "; ".join(found.failures)
        warnings = [f"ascend was not detected: {problems}"] if problems else []
        return nothing(host, "npu-smi", *warnings)
    features = {feature: (found.features[feature],) for feature in FORCE if feature in found.features}
    return Detection(features, known_from((FORCE[feature] for feature in forced), found.sources))


def _ask_npu_smi(host: Host, found: _Found) -> None:
    answer = host.run(["npu-smi", "info"], timeout=10)
    if answer.failure:
        if answer.found:
            found.failures.append(answer.failure)
        return
    row = _NPU_ROW.search(answer.output)
    found.add("npu_type", _npu_type(row[2]) if row else "", "npu-smi")
    found.add("driver_version", _version(_DRIVER.search(answer.output)), "npu-smi")


def _npu_type(name: str) -> str:
    """Give an NPU the name that wheels use for it."""
    lowered = name.lower()
    short = lowered.removeprefix("ascend") or lowered
    if short == "910":
        return "a3"
    return next((family for family in ("910b", "310p") if short.startswith(family)), short)


def _read_cann(host: Host, found: _Found) -> None:
    home = host.environ.get("ASCEND_TOOLKIT_HOME")
    if home:
        path = f"{home}/{host.arch}-linux/ascend_toolkit_install.info"
        found.add("cann_version", _version(_CANN.search(host.read_text(path, 1 << 16) or "")), path)


def _version(found: re.Match[str] | None) -> str:
    if found is None:
        return ""
    major, minor, patch, candidate = found.groups()
    parts = [str(int(part)) for part in (major, minor, patch) if part]
    return ".".join([*parts, f"rc{int(candidate)}"] if candidate else parts)
