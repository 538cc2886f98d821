"""The dependencies within the environment of this run."""

from typing import TYPE_CHECKING

from rewheel.cli.session import Session

if TYPE_CHECKING:
    from rewheel.environments import InstalledDistribution
    from rewheel.environments.dependencies import DependencyGraph
    from rewheel.machines import Providers
    from rewheel.variants import VariantEnvironment

__all__ = ["installed_graph"]


def installed_graph(session: Session) -> "DependencyGraph":
    """Return who needs whom in the session's environment, as its variants are on the session's machine."""
    from rewheel.environments.dependencies import DependencyGraph

    target = session.target
    providers: list[Providers] = []

    def variant_of(found: "InstalledDistribution") -> "VariantEnvironment":
        from rewheel.resolution.standing import installed_variant

        if not providers:
            providers.append(session.providers(session.machine, target.markers))
        return installed_variant(found, providers[0])

    return DependencyGraph(target.installed(), target.markers, variant_of)
