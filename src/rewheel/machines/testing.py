"""Machines for tests, ours and those of tools that build on us: no hardware, no files, no surprises."""

from collections.abc import Mapping, Sequence

from rewheel.machines.machine import Machine
from rewheel.machines.platform import Platform
from rewheel.machines.support import NamespaceSupport, Origin, OriginKind

__all__ = ["pretend_machine"]


def pretend_machine(
    supported: Mapping[str, Mapping[str, Sequence[str]]] | None = None,
    *,
    name: str = "pretend",
    platform: Platform | None = None,
    environ: Mapping[str, str] | None = None,
) -> Machine:
    """Make a machine that supports what is given, in that order, and otherwise the least that there is.

    A namespace without features is declared unsupported. Overrides are read from `environ`, by default
    none, so that the machine is the same wherever the test runs. Without `platform` its architecture is
    that of the interpreter.

    >>> pretend_machine({"x86_64": {"level": ["v3", "v2"]}}).detect("x86_64").features["level"]
    ('v3', 'v2')
    """
    declared = {
        namespace: NamespaceSupport(
            namespace,
            {feature: tuple(values) for feature, values in features.items()},
            Origin(OriginKind.FILE, f"{name}.toml"),
        )
        for namespace, features in (supported or {}).items()
    }
    return Machine.elsewhere(platform, environ or {}, name=name, declared=declared)
