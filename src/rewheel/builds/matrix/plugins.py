"""Asking provider plugins that are installed for a build; whoever names them there wants them to run."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rewheel.machines import (
    Endpoint,
    PluginDescription,
    PluginError,
    PluginRunner,
    PreparedEnvironment,
)
from rewheel.metadata import Requirement
from rewheel.variants import Provider

__all__ = ["ask_installed", "endpoint_of"]


class _NoEnvironments:
    """The plugin is installed already."""

    def prepare(self, requirements: Sequence[str], source: str) -> PreparedEnvironment:
        """Refuse: nothing is to be installed."""
        del source
        raise PluginError(f"{', '.join(requirements)} is not installed for the build")


def ask_installed(
    python: Path, environ: Mapping[str, str], provider: Provider, properties: list[tuple[str, str]]
) -> PluginDescription:
    """Ask the plugin of a provider, as the interpreter `python` has it. Raises `RewheelError`."""
    runner = PluginRunner(_NoEnvironments(), environ=environ)
    return runner.describe(
        PreparedEnvironment(python, ()),
        endpoint_of(provider),
        provider.namespace,
        properties=properties,
        with_supported=True,
    )


def endpoint_of(provider: Provider) -> Endpoint:
    """Return where a plugin is imported from. Raises `RewheelError`."""
    if provider.plugin_api:
        return Endpoint.parse(provider.plugin_api)
    first = Requirement.parse((*provider.requires, *provider.build_requires)[0])
    return Endpoint.of_distribution(first.project)
