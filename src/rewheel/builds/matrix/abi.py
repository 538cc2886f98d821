"""Recording the versions that a wheel was built against, as properties (PEP 850, abi_dependency)."""

from collections.abc import Mapping

from rewheel.builds.errors import BuildsError
from rewheel.builds.matrix.recipe import Recipe
from rewheel.variants import VariantMetadata, VariantProperties, VariantProperty

__all__ = ["record_abi"]

_NAMESPACE = "abi_dependency"


def record_abi(
    metadata: VariantMetadata, label: str, recipe: Recipe, versions: Mapping[str, str]
) -> VariantMetadata:
    """Add to a label the versions of what its recipe names; `versions` are those that the build saw.

    Raises `BuildsError` for a project that the build did not see, or whose version can't be a property.
    """
    if not recipe.record_abi:
        return metadata
    namespace = min(metadata.abi_namespaces, default=_NAMESPACE)
    properties = list(metadata.select(label).variants[label])
    for project, precision in recipe.record_abi.items():
        version = versions.get(project)
        if version is None:
            raise BuildsError(
                f"the variant {label} is to record the version of {project}, which its build did not have",
                hint=f"pass it through (--passthrough {project}), or name it in build-system.requires",
            )
        value = _value(version, precision)
        if not value:
            raise BuildsError(f"{project} {version} has no version that abi_dependency could record")
        properties.append(VariantProperty(namespace, project.replace("-", "_"), value))
    recorded = VariantProperties.from_properties(properties)
    return metadata.with_variants({**metadata.variants, label: recorded})


def _value(version: str, precision: int) -> str:
    """Return the first numbers of a version, as many as count; missing ones are zero."""
    from packaging.version import InvalidVersion, Version

    try:
        parsed = Version(version)
    except InvalidVersion:
        return ""
    if parsed.epoch:
        return ""
    release = (*parsed.release, 0, 0)[:precision]
    return ".".join(map(str, release))
