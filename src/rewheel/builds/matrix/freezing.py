"""Providers that are asked while building: their answers become static lists in the wheel (PEP 850)."""

from collections.abc import Callable

from rewheel.builds.errors import BuildsError
from rewheel.builds.matrix.providers import properties_of
from rewheel.errors import RewheelError
from rewheel.machines import PluginDescription
from rewheel.variants import Provider, VariantMetadata, freeze_build_providers

__all__ = ["build_providers", "freeze"]

Asked = Callable[[Provider, list[tuple[str, str]]], PluginDescription]
"""Asks the plugin of a provider, as it is installed for the build, also what it supports."""


def build_providers(metadata: VariantMetadata | None) -> tuple[Provider, ...]:
    """Return the providers that are asked while building, in the order of their namespaces.

    All of them are, whatever label is built: the wheels of a release must say the same of each provider.
    """
    if metadata is None:
        return ()
    found = (metadata.providers.get(namespace) for namespace in metadata.namespaces)
    return tuple(provider for provider in found if provider is not None and provider.build_requires)


def freeze(metadata: VariantMetadata, ask: Asked) -> VariantMetadata:
    """Return the metadata that a wheel may have. Raises `BuildsError` for a provider that can't be frozen."""
    answers: dict[str, dict[str, tuple[str, ...]]] = {}
    for provider in build_providers(metadata):
        namespace = provider.namespace
        who = f"the provider of {namespace} ({', '.join(provider.build_requires)})"
        try:
            answer = ask(provider, properties_of(metadata, namespace))
        except RewheelError as error:
            raise BuildsError(f"{who} could not be asked: {error}", hint=error.hint) from error
        if not answer.fixed:
            raise BuildsError(
                f"{who} does not support the same everywhere, so that its answer can't stand in a wheel",
                hint="write requires instead of build-requires, to have it asked where a wheel is installed",
            )
        supported = answer.supported or ()
        several = [feature.name for feature in supported if feature.multi_value]
        if several:
            raise BuildsError(
                f"{who} allows several values of {', '.join(several)} in a wheel; static lists can't say so",
                hint="write requires instead of build-requires",
            )
        answers[namespace] = {feature.name: feature.values for feature in supported if feature.values}
    return freeze_build_providers(metadata, answers) if answers else metadata
