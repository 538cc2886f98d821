"""The index file of a release: what its published variant wheels say together (PEP 825)."""

from collections.abc import Mapping

from rewheel.server.errors import Refused
from rewheel.variants import (
    DocumentKind,
    InconsistentMetadata,
    VariantMetadata,
    combine,
    read_metadata,
    write_metadata,
)

__all__ = ["combined_document"]


def combined_document(documents: Mapping[str, str]) -> str | None:
    """Return the text of the index file, given what each wheel says by its name; None without variants.

    The text depends on the wheels alone, not on their order, which tells whom to blame. Adding a wheel adds
    labels, and namespaces at the end of their order, and changes nothing that clients rely on; a wheel that
    would change more contradicts those before it: raises Refused (400).
    """
    if not documents:
        return None
    parts = {
        name: read_metadata(document.encode(), kind=DocumentKind.WHEEL)
        for name, document in documents.items()
    }
    try:
        return write_metadata(combine(parts.values()))
    except InconsistentMetadata as error:
        raise Refused(
            400,
            f"the variant metadata of this release would contradict itself: {_contradiction(parts)}",
            hint="wheels of one release share the order of namespaces, and a label has one meaning",
            kind="inconsistent-variants",
        ) from error


def _contradiction(parts: Mapping[str, VariantMetadata]) -> str:
    """Name the first wheel that does not go with those before it, and why."""
    known: list[VariantMetadata] = []
    for name, part in parts.items():
        try:
            known = [combine([*known, part])]
        except InconsistentMetadata as error:
            return f"{name}: {'; '.join(str(finding) for finding in error.findings)}"
    return "its wheels contradict each other"
