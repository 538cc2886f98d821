"""What the user asked of the resolution, besides the requirements."""

from collections.abc import Mapping

from rewheel.resolution.formats import Formats
from rewheel.values import field, frozen

__all__ = ["ResolveOptions"]


@frozen
class ResolveOptions:
    """Policy of one resolution; project names are normalised as PEP 503 says."""

    pre: bool = False
    upgrade: bool = False
    """Look for newer versions of what is asked for, though an installed one would do."""
    eager: bool = False
    """With `upgrade`: look also for newer versions of what that needs."""
    reinstall: bool = False
    """Keep nothing that is installed."""
    no_deps: bool = False
    no_default_extras: bool = False
    no_variants: bool = False
    """Take plain wheels only, as if no variant wheel existed."""
    forced_labels: Mapping[str, str] = field(default_factory=dict)
    """Project to the one label that may be taken; the empty label stands for the plain wheel."""
    excluded_labels: Mapping[str, frozenset[str]] = field(default_factory=dict)
    formats: Formats = field(default_factory=Formats)
    editable: frozenset[str] = frozenset()
    """URLs of the folders that are to be installed as they stand (PEP 660)."""
    fixed: frozenset[str] = frozenset()
    """Projects of which only what is installed counts, so that no source is asked for them."""
    fixed_at_any_version: bool = False
    """Whether what is installed of them will do, whatever is required."""
    abi_versions: Mapping[str, str] = field(default_factory=dict)
    """Versions that count as installed for labels that depend on them (PEP 850, abi_dependency)."""
    origins: Mapping[str, str] = field(default_factory=dict)
    """Where requirements and constraints of the user's stand, as `file:line`, by their text."""
    require_hashes: bool = False
    allowed_hashes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Project to digests, as `"sha256:…"`, of which a file must have one; an absent project allows any."""
    whole_metadata: bool = True
    """Whether all headers of the metadata are wanted, and not only what resolving needs."""
