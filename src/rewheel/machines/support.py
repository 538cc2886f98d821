"""What a machine supports in one namespace, and where that is known from."""

from collections.abc import Mapping
from enum import StrEnum

from rewheel.values import frozen

__all__ = ["NamespaceSupport", "Origin", "OriginKind"]


class OriginKind(StrEnum):
    """The ways to know, or not to know, what is supported."""

    STATIC = "static"
    """Lists that the package itself gives."""
    FILE = "file"
    """A machine file."""
    OVERRIDE = "override"
    """An environment variable that the user set."""
    DETECTOR = "detector"
    """Our own detection, or the baseline that every such machine has."""
    PLUGIN = "plugin"
    """A provider plugin that ran with the user's consent."""
    VERSIONS = "versions"
    """The versions of other distributions, installed or about to be."""
    DISABLED = "disabled"
    """Nobody asked, because the provider is optional and not enabled, or was disabled."""
    UNTRUSTED = "untrusted"
    """Nobody asked, because the user has not agreed to run the provider."""
    FAILED = "failed"
    """Somebody asked, and the answer was unusable."""
    UNKNOWN = "unknown"
    """There is nothing to ask."""


_WORDS = {
    OriginKind.DISABLED: "disabled",
    OriginKind.UNTRUSTED: "not trusted",
    OriginKind.FAILED: "failed",
    OriginKind.UNKNOWN: "unknown",
}


@frozen
class Origin:
    """Where an answer comes from; `detail` is a file, a library, a tool, a variable or a reason."""

    kind: OriginKind
    detail: str = ""

    def __str__(self) -> str:
        """Tell it the way an installer prints it: "from /proc/cpuinfo", "disabled (optional provider)"."""
        word = _WORDS.get(self.kind)
        if word is None:
            return f"from {self.detail or self.kind.value}"
        return f"{word} ({self.detail})" if self.detail else word


@frozen
class NamespaceSupport:
    """The ordered features of one namespace, each with its ordered values, most preferred first.

    No features means that nothing of the namespace is supported. `provider` is the package whose rules
    were followed, pinned ("nvidia-variant-provider==0.0.2"; several are joined by ", "). `warnings` are
    single lines for the user; whoever asks reports them, once.
    """

    namespace: str
    features: Mapping[str, tuple[str, ...]]
    origin: Origin
    provider: str = ""
    plugin_api: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def is_supported(self) -> bool:
        """Whether at least one property of the namespace is supported."""
        return any(self.features.values())
