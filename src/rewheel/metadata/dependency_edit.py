"""Which dependencies of a finished wheel are to go and which are to come, read from words and checked."""

from collections.abc import Sequence
from typing import Self

from rewheel.metadata.core_metadata import CoreMetadata
from rewheel.metadata.editing import edit_metadata
from rewheel.metadata.errors import InvalidCoreMetadata, InvalidRequirement
from rewheel.metadata.requirements import Requirement
from rewheel.values import frozen
from rewheel.variants import normalize_project

__all__ = ["DependencyEdit"]


@frozen
class DependencyEdit:
    """A change of METADATA, to be called with it."""

    add: tuple[str, ...] = ()
    """Dependency specifiers."""
    drop: tuple[str, ...] = ()
    """Normalised names of projects."""

    @classmethod
    def parse(cls, add: Sequence[str], drop: Sequence[str], *, is_plain: bool = False) -> Self:
        """Read what is written; `is_plain` says that the wheel is to be a plain one, without variant markers.

        Raises InvalidRequirement.
        """
        added = []
        for text in add:
            requirement = Requirement.parse(text)
            if is_plain and requirement.marker is not None and requirement.marker.uses_variants:
                raise InvalidRequirement(text, "a plain wheel has no variant markers")
            added.append(str(requirement))
        return cls(tuple(added), tuple(dict.fromkeys(map(normalize_project, drop))))

    def __bool__(self) -> bool:
        return bool(self.add or self.drop)

    def __call__(self, content: bytes) -> bytes:
        """Return the changed METADATA; raises InvalidCoreMetadata when there is nothing to drop."""
        if self.drop:
            known = dict.fromkeys(_projects(CoreMetadata.parse(content)))
            for name in self.drop:
                if name not in known:
                    has = ", ".join(known) or "no dependencies"
                    raise InvalidCoreMetadata(f"it has no dependency on {name}; it has {has}")
        return edit_metadata(content, add=self.add, drop=self.drop)


def _projects(core: CoreMetadata) -> list[str]:
    found = []
    for text in core.requires:
        try:
            found.append(Requirement.parse(text).project)
        except InvalidRequirement:
            continue
    return found
