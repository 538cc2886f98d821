"""Who may say what a machine supports: the providers that are built in, and those that the user trusts."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rewheel.cli.tables import table_lines

if TYPE_CHECKING:
    from rewheel.machines import TrustEntry, TrustStore

__all__ = ["provider_lines", "providers_json"]


def provider_lines(store: "TrustStore") -> Iterator[str]:
    """Write it for people."""
    from rewheel.machines import NATIVE

    yield "Built in, and asked without running anything of others:"
    for native in NATIVE.values():
        yield ""
        packages = ", ".join(f"{name} {', '.join(versions)}" for name, versions in native.packages.items())
        rows = [("stands for", packages)]
        rows += [("as", api) for api in native.plugin_apis]
        rows += [("override", name) for name in native.overrides]
        yield native.namespace
        yield from table_lines(rows, indent="  ")
    yield ""
    entries = store.entries()
    if not entries:
        yield f"No third-party provider is trusted ({store.path})."
        return
    yield f"Trusted third-party providers ({store.path}):"
    yield from table_lines(map(_row, entries), indent="  ")


def providers_json(store: "TrustStore") -> dict[str, object]:
    """Return it for programs."""
    from rewheel.machines import NATIVE

    return {
        "native": [
            {
                "namespace": native.namespace,
                "packages": {name: list(versions) for name, versions in native.packages.items()},
                "plugin_apis": list(native.plugin_apis),
                "overrides": list(native.overrides),
            }
            for native in NATIVE.values()
        ],
        "trust_file": str(store.path),
        "trusted": [
            {
                "package": entry.package,
                "namespace": entry.namespace,
                "resolved": list(entry.resolved),
                "hashes": dict(entry.hashes),
                "date": entry.date,
            }
            for entry in store.entries()
        ],
    }


def _row(entry: "TrustEntry") -> tuple[str, str, str]:
    where = "all namespaces" if entry.namespace == "*" else f"for {entry.namespace}"
    pins = ", ".join(entry.resolved) if entry.is_pinned else "not pinned yet"
    return entry.package, where, pins + (f", since {entry.date}" if entry.date else "")
