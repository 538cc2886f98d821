"""The provider packages that our own detectors stand in for, and how metadata names them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

from rewheel.errors import RewheelError
from rewheel.machines.detectors.detection import Detection
from rewheel.machines.host import Host
from rewheel.values import frozen

if TYPE_CHECKING:
    from rewheel.metadata import Requirement

__all__ = ["NATIVE", "NativeMatch", "NativeProvider", "match_native"]


class _Detector(Protocol):
    """The shape of a module in `detectors/`."""

    ALL_VALUES: Mapping[str, tuple[str, ...]]
    OVERRIDES: tuple[str, ...]

    def detect(self, host: Host) -> Detection: ...


@frozen
class NativeProvider:
    """Provider packages of one namespace whose behaviour we implement ourselves.

    `packages` maps each equivalent package (normalised name) to the versions whose behaviour this is.
    `plugin_apis` are the entry points that metadata may name; the first is written into machine files.
    With `derived`, metadata may also leave the entry point out. `multi_value` names the features for which
    one wheel may list several values. `patterns` are features with more legal values than anyone can list.
    `unpublished` names packages that other installers know and that no index has.
    """

    namespace: str
    packages: Mapping[str, tuple[str, ...]]
    plugin_apis: tuple[str, ...] = ()
    derived: bool = False
    multi_value: frozenset[str] = frozenset()
    patterns: Mapping[str, str] | None = None
    unpublished: frozenset[str] = frozenset()

    @property
    def pin(self) -> str:
        """The package and version whose rules we follow first of all, as "name==version"."""
        name, versions = next(iter(self.packages.items()))
        return f"{name}=={versions[-1]}"

    @property
    def plugin_api(self) -> str:
        """The entry point to write beside `pin`; "" when it follows from the package's name."""
        return self.plugin_apis[0] if self.plugin_apis else ""

    @property
    def all_values(self) -> Mapping[str, tuple[str, ...]]:
        """Every feature in order with every value that a build may use, whatever the hardware."""
        return self._module().ALL_VALUES

    @property
    def overrides(self) -> tuple[str, ...]:
        """The environment variables that say what is supported instead of detecting it."""
        return self._module().OVERRIDES

    def is_valid(self, feature: str, value: str) -> bool:
        """Whether a wheel may be built with the property."""
        if value in self.all_values.get(feature, ()):
            return True
        pattern = (self.patterns or {}).get(feature)
        return pattern is not None and re.fullmatch(pattern, value) is not None

    def detect(self, host: Host) -> Detection:
        """Find out what a computer supports."""
        return self._module().detect(host)

    def _module(self) -> _Detector:
        import importlib

        return cast("_Detector", importlib.import_module(f"rewheel.machines.detectors.{self.namespace}"))


_VERSION = r"[0-9]+\.[0-9]+(?:\.[0-9]+)?(?:\.rc[0-9]+)?"

NATIVE: Mapping[str, NativeProvider] = {
    provider.namespace: provider
    for provider in (
        NativeProvider(
            "nvidia",
            {"nvidia-variant-provider": ("0.0.1", "0.0.2")},
            ("nvidia_variant_provider.plugin:NvidiaVariantPlugin",),
            multi_value=frozenset({"sm_arch"}),
        ),
        NativeProvider(
            "amd",
            {"amd-variant-provider": ("0.0.2",)},
            ("amd_variant_provider.plugin:AMDVariantPlugin",),
            multi_value=frozenset({"gfx_arch"}),
            patterns={"gfx_arch": "gfx[0-9][0-9a-f]*"},
        ),
        NativeProvider(
            "intel",
            {"intel-variant-provider": ("0.0.1", "0.0.2", "0.0.3")},
            ("intel_variant_provider.plugin:IntelVariantPlugin",),
            multi_value=frozenset({"device_ip"}),
        ),
        NativeProvider(
            "x86_64",
            {"provider-variant-x86-64": ("0.0.1.post2",), "x86-64-variant-provider": ("0.2.1",)},
            ("provider_variant_x86_64.plugin:X8664Plugin",),
            derived=True,
            unpublished=frozenset({"x86-64-variant-provider"}),
        ),
        NativeProvider(
            "aarch64",
            {"provider-variant-aarch64": ("0.0.1.post2", "0.0.3"), "aarch64-variant-provider": ("0.2.0",)},
            ("provider_variant_aarch64.plugin:AArch64Plugin",),
            derived=True,
            unpublished=frozenset({"aarch64-variant-provider"}),
        ),
        NativeProvider("blas_lapack", {"blas-lapack-variant-provider": ("0.0.3",)}, derived=True),
        NativeProvider("openmp", {"openmp-variant-provider": ("0.0.2",)}, derived=True),
        NativeProvider(
            "ascend",
            {"huawei-ascend-variant-provider": ("0.0.2",)},
            ("huawei_ascend_variant_provider.plugin:AscendVariantPlugin",),
            patterns={
                "npu_type": r"[0-9]+[a-z]+[0-9]*|[a-z]+[0-9]+[a-z0-9]*",
                "driver_version": _VERSION,
                "cann_version": _VERSION,
            },
        ),
        NativeProvider(
            "tpu",
            {"tpu-variant-provider": ("0.1.0",)},
            ("tpu_variant_provider.plugin:TpuVariantPlugin",),
        ),
    )
}


class NativeMatch(NamedTuple):
    """The provider that we stand in for, or None together with the reason, a sentence fragment."""

    provider: NativeProvider | None
    reason: str = ""


def match_native(
    requirements: Iterable["str | Requirement"],
    plugin_api: str = "",
    *,
    marker_environment: Mapping[str, str] | None = None,
    recognised: Mapping[str, Sequence[str]] | None = None,
) -> NativeMatch:
    """Decide whether a plugin named by metadata is one that our detectors stand in for. Never raises.

    Requirements whose marker is false in `marker_environment` don't count; without an environment the
    caller has dropped them already. Exactly one must remain, of a known package, without URL or extras,
    with a known entry point (`plugin_api`, or derived from the name if that is ""), and with a specifier
    that admits a version whose behaviour we know. `recognised` adds versions by package name.
    """
    try:
        remaining = _applicable(requirements, marker_environment)
    except RewheelError as error:
        return NativeMatch(None, str(error))
    if len(remaining) != 1:
        count = len(remaining) or "no"
        return NativeMatch(None, f"{count} of its required packages apply here, not exactly one")
    requirement = remaining[0]
    name = requirement.project
    if requirement.url or requirement.extras:
        return NativeMatch(None, f"it requires {name} with {'a URL' if requirement.url else 'extras'}")
    provider = next((known for known in NATIVE.values() if name in known.packages), None)
    if provider is None:
        return NativeMatch(None, f"{name} is not a provider that rewheel detects itself")
    endpoint = "".join(plugin_api.split()) or _derived(name)
    derived = map(_derived, provider.packages) if provider.derived else ()
    if endpoint not in {*provider.plugin_apis, *derived}:
        return NativeMatch(None, f"its plugin-api {endpoint} is not one that rewheel knows of {name}")
    versions = (*provider.packages[name], *(recognised or {}).get(name, ()))
    if not any(requirement.specifier_set.contains(version, prereleases=True) for version in versions):
        known = ", ".join(versions)
        return NativeMatch(None, f"it requires {name}{requirement.specifier}; rewheel knows {known}")
    return NativeMatch(provider)


def _applicable(
    requirements: Iterable["str | Requirement"], environment: Mapping[str, str] | None
) -> list["Requirement"]:
    from rewheel.metadata import Requirement

    parsed = [Requirement.parse(one) if isinstance(one, str) else one for one in requirements]
    return parsed if environment is None else [one for one in parsed if one.applies(environment)]


def _derived(name: str) -> str:
    """Derive the entry point that a plugin has when metadata names none (PEP 850, plugin-api)."""
    return name.replace("-", "_")
