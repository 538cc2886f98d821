"""Everything that builds work with and that stays the same for all of them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from rewheel.builds.cache import BuildCache
from rewheel.builds.processes import Processes
from rewheel.progress import SILENT, Reporter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewheel.environments import InstalledDistribution, Target
    from rewheel.indexes import Client
    from rewheel.installing import Store
    from rewheel.resolution import Resolver, WheelBuilder

__all__ = ["Resolvers", "Workshop"]


class Resolvers(Protocol):
    """Makes the resolver that finds what a build requires, for the build's own environment."""

    def __call__(
        self,
        target: "Target",
        *,
        builder: "WheelBuilder",
        installed: "Sequence[InstalledDistribution]",
        fixed: Collection[str],
        at_any_version: bool,
    ) -> "Resolver":
        """Return a resolver; of the `fixed` projects only what is installed may count.

        `at_any_version` says that it will do, whatever is required of it.
        """
        ...


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where and with what is built."""

    client: "Client"
    store: "Store"
    target: "Target"
    """What the wheels are for: its interpreter builds them."""
    resolvers: Resolvers
    cache_dir: Path
    environ: Mapping[str, str]
    """What builds see of the environment variables."""
    logs: Path
    """The folder in which the output of failed builds is kept."""
    isolated: bool = True
    """Whether each build gets an environment of its own; otherwise it sees all that is installed."""
    passthrough: frozenset[str] = frozenset()
    """Projects that isolated builds see as they are installed in the target."""
    passthrough_force: bool = False
    """Whether these are passed through though a build requires other versions of them."""
    reporter: Reporter = SILENT
    processes: Processes = field(default_factory=Processes)

    @property
    def built(self) -> BuildCache:
        """The wheels that were built before."""
        return BuildCache(self.cache_dir / "built-1")
