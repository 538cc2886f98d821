"""What a machine supports, for people and for programs."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from rewheel.errors import UsageError
from rewheel.values import frozen

if TYPE_CHECKING:
    from rewheel.machines import Machine, NamespaceSupport, Platform

__all__ = ["MachineView"]


@frozen
class MachineView:
    """The answers of a machine, by namespace."""

    name: str
    platform: "Platform | None"
    supports: Mapping[str, "NamespaceSupport"]

    @classmethod
    def of(cls, machine: "Machine", namespaces: Iterable[str] = ()) -> "MachineView":
        """Ask the machine about the namespaces, or about all that it declares or that can be detected.

        Raises UsageError for a namespace of which nobody knows anything.
        """
        from rewheel.machines import NATIVE, Platform

        wanted = tuple(namespaces) or (*machine.declared, *NATIVE)
        supports = {}
        for namespace in dict.fromkeys(wanted):
            support = machine.detect(namespace)
            if support is None:
                raise UsageError(
                    f"nothing here can tell what a machine supports of {namespace!r}",
                    hint=f"known are {', '.join(sorted({*machine.declared, *NATIVE}))}",
                )
            supports[namespace] = support
        return cls(machine.name, Platform.current() if machine.is_here else machine.platform, supports)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was odd while asking."""
        return tuple(warning for support in self.supports.values() for warning in support.warnings)

    def lines(self) -> Iterator[str]:
        """Write it for people: per namespace the features in order, each with its values in order."""
        yield self.name + (f": {self.platform}" if self.platform is not None else "")
        for support in self.supports.values():
            yield ""
            what = "" if support.is_supported else ", nothing supported"
            yield f"{support.namespace}  {support.origin}{what}"
            for features, values in _runs(support.features):
                yield f"  {', '.join(features)}: {', '.join(values)}"

    def as_json(self) -> dict[str, object]:
        """Return it for programs; the order of features and values is the order of preference."""
        return {
            "machine": self.name,
            "platform": _platform(self.platform) if self.platform is not None else None,
            "namespaces": {
                namespace: {
                    "features": {feature: list(values) for feature, values in support.features.items()},
                    "origin": str(support.origin.kind),
                    "detail": support.origin.detail,
                    "provider": support.provider,
                    "plugin_api": support.plugin_api,
                    "warnings": list(support.warnings),
                }
                for namespace, support in self.supports.items()
            },
        }


def _runs(features: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[list[str], tuple[str, ...]]]:
    """Put features together that follow one another and have the same values, as the many flags do."""
    names: list[str] = []
    last: tuple[str, ...] = ()
    for name, values in features.items():
        if names and values != last:
            yield names, last
            names = []
        names.append(name)
        last = values
    if names:
        yield names, last


def _platform(platform: "Platform") -> dict[str, object]:
    return {
        "system": platform.system,
        "machine": platform.machine,
        "libc": platform.libc,
        "version": ".".join(map(str, platform.os_version)) if any(platform.os_version) else "",
    }
