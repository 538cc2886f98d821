"""Whether the plugins of one namespace may run: what was agreed to, and whether this is still that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rewheel.values import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rewheel.machines.plugins import PreparedEnvironment
    from rewheel.machines.policy import ProviderPolicy
    from rewheel.machines.trust import TrustEntry, TrustStore
    from rewheel.metadata import Requirement

__all__ = ["Consent"]


@frozen
class Consent:
    """The user's consent to run what the `packages` of one namespace install.

    Every package needs consent: in this command (`granted`, which also agrees to new versions), or in the
    trust store (`entries`). Files agreed to earlier are pinned. An entry without pins, like consent in
    this command, agrees to what is found now, and that becomes its pins.
    """

    namespace: str
    packages: tuple[str, ...]
    granted: frozenset[str]
    entries: Mapping[str, TrustEntry]

    @classmethod
    def look_up(
        cls, packages: Iterable[str], namespace: str, *, policy: ProviderPolicy, store: TrustStore | None
    ) -> Consent:
        """Find what was agreed to for the packages, normalised names; raises TrustError."""
        names = tuple(dict.fromkeys(packages))
        granted = frozenset(names) & policy.trusted
        found = {name: store.entry(name, namespace) for name in names if name not in granted} if store else {}
        return cls(namespace, names, granted, {name: entry for name, entry in found.items() if entry})

    @property
    def missing(self) -> tuple[str, ...]:
        """The packages that the user has not agreed to run."""
        return tuple(name for name in self.packages if name not in self.granted and name not in self.entries)

    @property
    def pins(self) -> Mapping[str, str]:
        """The versions agreed to by normalised name; one on which two entries differ is left out."""
        pins: dict[str, str] = {}
        differing: set[str] = set()
        for entry in self.entries.values():
            for name, version in entry.versions.items():
                if pins.setdefault(name, version) != version:
                    differing.add(name)
        return {name: version for name, version in pins.items() if name not in differing}

    def pinned(self, requirements: Sequence[str]) -> tuple[str, ...]:
        """Add the pins to the requirements, so that the same versions are found again."""
        return (*requirements, *(f"{name}=={version}" for name, version in sorted(self.pins.items())))

    def objection_to(self, requirements: Iterable[Requirement]) -> str:
        """Tell, before anything is installed, which pinned version the requirements exclude; "" for none."""
        pins = self.pins
        for requirement in requirements:
            version = pins.get(requirement.project)
            if version is None or not requirement.specifier:
                continue
            if not requirement.specifier_set.contains(version, prereleases=True):
                return f"{requirement.project}{requirement.specifier} is not the {version} that was trusted"
        return ""

    def objection(self, prepared: PreparedEnvironment) -> str:
        """Tell how what is installed differs from what was agreed to; "" if it does not."""
        open_minded = bool(self.granted) or any(not entry.is_pinned for entry in self.entries.values())
        for name, version in sorted(prepared.versions.items()):
            digest = prepared.hashes.get(name, "")
            agreed = [entry for entry in self.entries.values() if name in entry.versions]
            for entry in agreed:
                if entry.versions[name] != version:
                    return f"{name} {version} is not the {entry.versions[name]} that was trusted"
                if entry.hashes.get(name, digest) != digest:
                    return f"{name} {version} has not the hash that was trusted"
            if not agreed and not open_minded:
                return f"{name} {version} was not part of what was trusted"
        return ""

    def record(self, prepared: PreparedEnvironment, store: TrustStore) -> None:
        """Pin what is installed for the consent that had no pins yet; raises TrustError."""
        for name in self.packages:
            entry = self.entries.get(name)
            if entry is not None and entry.is_pinned:
                continue
            namespace = entry.namespace if entry else self.namespace
            stored = store.entry(name, namespace)
            if (
                stored is None
                or stored.namespace != namespace
                or not stored.pins_exactly(prepared.versions, prepared.hashes)
            ):
                store.grant(name, namespace, resolved=prepared.resolved, hashes=prepared.hashes)
