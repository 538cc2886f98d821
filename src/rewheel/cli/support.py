"""What the machine supports, found out by modules that are loaded only if some wheel has a label."""

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from rewheel.cli.session import Session
    from rewheel.machines import Machine, NamespaceSupport, Providers
    from rewheel.variants import VariantMetadata

__all__ = ["LazyProviders"]


class LazyProviders:
    """Answers as the session's providers do; they, and the machine, are made for the first question."""

    def __init__(
        self, session: "Session", find_machine: "Callable[[], Machine]", markers: Mapping[str, str]
    ) -> None:
        self._session = session
        self._find_machine = find_machine
        self._markers = markers

    @cached_property
    def _providers(self) -> "Providers":
        return self._session.providers(self._find_machine(), self._markers)

    def support(
        self, metadata: "VariantMetadata", namespaces: Collection[str], *, project: str, source: str
    ) -> "Mapping[str, NamespaceSupport]":
        """Do as `Providers.support` does."""
        return self._providers.support(metadata, namespaces, project=project, source=source)
