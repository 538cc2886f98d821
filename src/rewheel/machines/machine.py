"""A machine: what some computer supports, namespace by namespace. Another computer is just another value."""

import threading
from collections.abc import Mapping
from types import MappingProxyType

from rewheel.machines.detectors.detection import MalformedOverride
from rewheel.machines.host import BlindHost, Host
from rewheel.machines.native import NATIVE, NativeProvider
from rewheel.machines.platform import Platform, current_machine, current_system, normalize_arch
from rewheel.machines.support import NamespaceSupport, Origin, OriginKind

__all__ = ["Machine"]

_NOTHING_DECLARED: Mapping[str, NamespaceSupport] = MappingProxyType({})


class Machine:
    """What a computer supports: declared for it, or detected the first time that it is asked.

    `declared` is authoritative: a namespace listed there is never detected. Other namespaces are detected
    by our own detectors through `host`, once per instance, from any thread. All environment variables that
    matter come from the mapping that the instance was made with, so a changed override means a new machine.
    `platform` None means the platform of the interpreter in use.
    """

    def __init__(
        self,
        name: str,
        host: Host,
        *,
        platform: Platform | None = None,
        declared: Mapping[str, NamespaceSupport] = _NOTHING_DECLARED,
    ) -> None:
        self.name = name
        self.platform = platform
        self.declared: Mapping[str, NamespaceSupport] = MappingProxyType(dict(declared))
        self.host = host
        self._answers: dict[str, NamespaceSupport] = {}
        self._locks = {namespace: threading.Lock() for namespace in NATIVE}

    @classmethod
    def here(
        cls, environ: Mapping[str, str], *, interpreter_arch: str = "", host: Host | None = None
    ) -> "Machine":
        """Take this computer, for an interpreter of the given architecture (default: our own)."""
        return cls("this machine", host or Host.here(dict(environ), interpreter_arch=interpreter_arch))

    @classmethod
    def elsewhere(
        cls,
        platform: Platform | None,
        environ: Mapping[str, str],
        *,
        name: str = "",
        declared: Mapping[str, NamespaceSupport] = _NOTHING_DECLARED,
        interpreter_arch: str = "",
    ) -> "Machine":
        """Take another computer, of which nothing is known but what is said here.

        Nothing of this computer's hardware shows through: what is not `declared` is what every computer of
        that architecture has, besides override variables, which are said on purpose. Without a platform
        the architecture is that of the interpreter in use.
        """
        if platform is not None:
            system, arch = platform.system, platform.arch
        else:
            system, arch = current_system(), normalize_arch(interpreter_arch or current_machine())
        host = BlindHost(dict(environ), system, arch)
        return cls(name or str(platform or "another machine"), host, platform=platform, declared=declared)

    @property
    def is_here(self) -> bool:
        """Whether this is the computer that we run on, so that plugins can be asked about it."""
        return not self.host.is_blind

    @property
    def arch(self) -> str:
        """The architecture whose code it runs: "x86_64", "aarch64", …."""
        return self.host.arch

    def detect(self, namespace: str) -> NamespaceSupport | None:
        """Say what is supported: as declared, else as detected. None if nobody here knows the namespace.

        Never raises. The first question about a GPU may take seconds; later ones are answered from memory.
        """
        if namespace in self.declared:
            return self.declared[namespace]
        native = NATIVE.get(namespace)
        if native is None:
            return None
        with self._locks[namespace]:
            if namespace not in self._answers:
                self._answers[namespace] = _detect(native, self.host)
            return self._answers[namespace]

    def __eq__(self, other: object) -> bool:
        """Compare what the machines were made of; answers detected so far don't matter."""
        if not isinstance(other, Machine):
            return NotImplemented
        return self._parts() == other._parts()

    def __hash__(self) -> int:
        return hash((self.name, self.platform, tuple(self.declared)))

    def __repr__(self) -> str:
        return f"<Machine {self.name!r}: {self.platform or self.arch}, {len(self.declared)} declared>"

    def _parts(self) -> tuple[object, ...]:
        ordered = [(name, *map(list, _in_order(support))) for name, support in self.declared.items()]
        return self.name, self.platform, dict(self.declared), ordered, self.host


def _in_order(support: NamespaceSupport) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    return tuple(support.features), tuple(support.features.values())


def _detect(native: NativeProvider, host: Host) -> NamespaceSupport:
    """Ask one detector; whatever goes wrong with it costs its own namespace and nothing else."""
    namespace = native.namespace
    try:
        found = native.detect(host)
        features = {feature: values for feature, values in found.features.items() if values}
        origin, warnings = found.origin, found.warnings
    except MalformedOverride as problem:
        features, origin = {}, Origin(OriginKind.OVERRIDE, problem.variable)
        warnings = (f"{problem}; {namespace} counts as unsupported",)
    except Exception as error:  # noqa: BLE001 - the last line of defence against a computer stranger than our tests
        reason = f"{type(error).__name__}: {error}"
        features, origin = {}, Origin(OriginKind.FAILED, reason)
        warnings = (f"the detection of {namespace} failed ({reason}); it counts as unsupported",)
    return NamespaceSupport(namespace, features, origin, native.pin, native.plugin_api, warnings)
