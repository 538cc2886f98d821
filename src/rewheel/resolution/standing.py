"""Whether an installed variant still fits the machine, and what variant markers see of it."""

from typing import TYPE_CHECKING, NamedTuple

from rewheel.machines import OriginKind
from rewheel.resolution.abi import AbiVersions
from rewheel.resolution.eligibility import python_allows
from rewheel.variants import (
    PLAIN,
    DocumentKind,
    VariantEnvironment,
    VariantMetadata,
    VariantProperties,
    VariantsError,
    normalize_project,
    rank,
    read_metadata,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.version import Version

    from rewheel.environments import InstalledDistribution, Target
    from rewheel.resolution.choosing import Supporting
    from rewheel.variants import RejectedFeature

__all__ = ["Misfit", "installed_properties", "installed_variant", "misfits"]

_NOBODY_KNOWS = frozenset({
    OriginKind.UNKNOWN, OriginKind.FAILED, OriginKind.UNTRUSTED, OriginKind.DISABLED
})  # fmt: skip


class Misfit(NamedTuple):
    """One reason why an installed distribution does not belong where it is."""

    kind: str
    """"python", "platform", "variant" or "metadata"."""
    reason: str


def installed_properties(found: "InstalledDistribution") -> VariantProperties:
    """Return the properties of an installed variant, none for a plain wheel.

    Raises `VariantsError` if its `variant.json` can't be read.
    """
    if not found.label:
        return VariantProperties.from_properties(())
    return _metadata(found).properties_of(found.label) or VariantProperties.from_properties(())


def installed_variant(found: "InstalledDistribution", providers: "Supporting") -> VariantEnvironment:
    """Return what variant markers see for a distribution that is already there.

    Raises `VariantsError` if its `variant.json` can't be read.
    """
    if not found.label:
        return PLAIN
    metadata = _metadata(found)
    declared = metadata.properties_of(found.label) or VariantProperties.from_properties(())
    supports = providers.support(metadata, declared.namespaces, project=found.project, source="")
    supported = {namespace: support.features for namespace, support in supports.items()}
    for namespace in metadata.abi_namespaces.intersection(declared.namespaces):
        # It was installed because the versions of other packages matched.
        supported[namespace] = {
            feature: declared.values(namespace, feature) for feature in declared.features(namespace)
        }
    return VariantEnvironment.of(found.label, declared, supported)


def misfits(
    found: "InstalledDistribution",
    target: "Target",
    providers: "Supporting",
    versions: "Mapping[str, Version]",
) -> list[Misfit]:
    """Tell why an installed distribution does not fit its Python, platform or machine; nothing if it does.

    `versions` are those of all that is installed, by project: a label may depend on them (PEP 850,
    abi_dependency). Where nobody knows what the machine supports, as for a provider that is not trusted, a
    variant is given the benefit of the doubt, and the providers warn. Labels that would fit better are not
    looked for.
    """
    reasons = []
    requires_python = found.metadata().requires_python
    python = target.markers["python_full_version"]
    if requires_python and not python_allows(requires_python, python):
        reasons.append(Misfit("python", f"requires Python {requires_python}, but this is {python}"))
    tags = found.wheel_tags
    if tags and target.tags.keys().isdisjoint(tags):
        reasons.append(Misfit("platform", "is not supported on this platform"))
    try:
        reason = _variant_misfit(found, providers, versions)
    except VariantsError as error:
        reasons.append(Misfit("metadata", f"has a variant.json that cannot be read: {error}"))
    else:
        reasons += [Misfit("variant", reason)] if reason else []
    return reasons


def _variant_misfit(
    found: "InstalledDistribution", providers: "Supporting", versions: "Mapping[str, Version]"
) -> str:
    if not found.label:
        return ""
    metadata = _metadata(found)
    properties = metadata.properties_of(found.label) or VariantProperties.from_properties(())
    supports = dict(providers.support(metadata, properties.namespaces, project=found.project, source=""))
    abi = AbiVersions()
    abi.assumed = versions
    for namespace in metadata.abi_namespaces.intersection(supports):
        if supports[namespace].origin.kind is OriginKind.UNKNOWN:
            supports[namespace] = abi.support(namespace, metadata, [found.label])
    supported = {namespace: support.features for namespace, support in supports.items()}
    verdict = rank([found.label], metadata, supported).verdicts[found.label]
    certain = [r for r in verdict.rejected if supports[r.namespace].origin.kind not in _NOBODY_KNOWS]
    return "; ".join(
        _wrong_version(rejected, versions) if rejected.namespace in metadata.abi_namespaces else str(rejected)
        for rejected in certain
    )


def _wrong_version(rejected: "RejectedFeature", versions: "Mapping[str, Version]") -> str:
    project = normalize_project(rejected.feature)
    version = versions.get(project)
    there = f"you have {project} {version}" if version is not None else "that is not installed"
    return f"it is for {project} {' or '.join(rejected.wanted)}, but {there}"


def _metadata(found: "InstalledDistribution") -> VariantMetadata:
    try:
        data = (found.path / "variant.json").read_bytes()
    except OSError as error:
        raise VariantsError(f"{found.path}: variant.json can't be read: {error.strerror}") from error
    return read_metadata(data, kind=DocumentKind.WHEEL, label=found.label)
