"""One installed package, as people and programs see it: pip's fields, and the variant."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rewheel.environments.references import editable_location
from rewheel.errors import RewheelError

if TYPE_CHECKING:
    from rewheel.environments import InstalledDistribution
    from rewheel.environments.dependencies import DependencyGraph
    from rewheel.metadata import CoreMetadata

__all__ = ["package_json", "package_lines"]


def package_lines(
    found: "InstalledDistribution", graph: "DependencyGraph", *, files: bool, everything: bool
) -> Iterator[str]:
    """Describe a package; `files` lists them, `everything` adds what is rarely wanted."""
    metadata = found.metadata()
    yield f"Name: {found.name}"
    yield f"Version: {found.version}"
    if found.label:
        yield f"Variant: {found.label}"
        yield "Variant-properties:"
        yield from (f"  {item}" for item in _properties(found))
    yield from _lines("Summary", metadata.field("summary"))
    yield f"Home-page: {_home_page(metadata)}"
    yield from _lines("Author", metadata.field("author"))
    yield from _lines("Author-email", metadata.field("author-email"))
    expression = metadata.field("license-expression")
    if expression:
        yield f"License-Expression: {expression}"
    else:
        yield from _lines("License", metadata.field("license"))
    yield f"Location: {found.path.parent}"
    location = editable_location(found)
    if location is not None:
        yield f"Editable project location: {location}"
    yield f"Requires: {', '.join(_requires(found, graph))}"
    yield f"Required-by: {', '.join(_required_by(found, graph))}"
    if metadata.extras:
        yield f"Provides-extra: {', '.join(metadata.extras)}"
    if metadata.default_extras:
        yield f"Default-extra: {', '.join(metadata.default_extras)}"
    if everything:
        yield from _rarely_wanted(found, metadata)
    if files:
        yield "Files:"
        yield from (f"  {path}" for path in _files(found))


def package_json(found: "InstalledDistribution", graph: "DependencyGraph") -> dict[str, object]:
    """Return the same for programs, everything included."""
    metadata = found.metadata()
    location = editable_location(found)
    return {
        "name": found.name,
        "version": found.version,
        "label": found.label,
        "variant_properties": _properties(found),
        "summary": metadata.field("summary"),
        "home_page": _home_page(metadata),
        "author": metadata.field("author"),
        "author_email": metadata.field("author-email"),
        "license": metadata.field("license-expression") or metadata.field("license"),
        "location": str(found.path.parent),
        "editable_project_location": str(location) if location is not None else None,
        "requires_python": metadata.requires_python,
        "requires_dist": list(metadata.requires),
        "requires": _requires(found, graph),
        "required_by": _required_by(found, graph),
        "extras": list(metadata.extras),
        "default_extras": list(metadata.default_extras),
        "active_extras": sorted(graph.extras(found.project)),
        "installer": found.installer,
        "requested": found.requested,
        "direct_url": found.direct_url,
        "files": _files(found),
    }


def _lines(name: str, value: str) -> Iterator[str]:
    """Write a field whose value may have several lines; the later ones are indented, unlike fields."""
    first, *others = value.split("\n")
    yield f"{name}: {first}"
    yield from (f"  {line}".rstrip() for line in others)


def _properties(found: "InstalledDistribution") -> list[str]:
    from rewheel.resolution.standing import installed_properties

    return [str(item) for item in installed_properties(found)]


def _home_page(metadata: "CoreMetadata") -> str:
    """Return the home page, wherever the metadata names it (well-known labels of project URLs)."""
    if page := metadata.field("home-page"):
        return page
    for entry in metadata.headers.get("project-url", ()):
        label, _, url = entry.partition(",")
        if "".join(character for character in label.lower() if character.isalnum()) == "homepage":
            return url.strip()
    return ""


def _requires(found: "InstalledDistribution", graph: "DependencyGraph") -> list[str]:
    """Return the names of what it needs, those of extras only where another package asks for the extra."""
    return sorted({needed.requirement.name for needed in graph.needs(found.project)}, key=str.lower)


def _required_by(found: "InstalledDistribution", graph: "DependencyGraph") -> list[str]:
    return sorted({needed.parent.name for needed in graph.needed_by(found.project)}, key=str.lower)


def _rarely_wanted(found: "InstalledDistribution", metadata: "CoreMetadata") -> Iterator[str]:
    yield f"Metadata-Version: {metadata.metadata_version}"
    yield f"Installer: {found.installer}"
    yield "Classifiers:"
    yield from (f"  {line}" for line in metadata.headers.get("classifier", ()))
    yield "Entry-points:"
    try:
        text = (found.path / "entry_points.txt").read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    yield from (f"  {line.strip()}" for line in text.splitlines())
    yield "Project-URLs:"
    yield from (f"  {line}" for line in metadata.headers.get("project-url", ()))


def _files(found: "InstalledDistribution") -> list[str]:
    """Return the paths of RECORD, which start at the package's location; none without a RECORD."""
    try:
        return sorted(entry.path for entry in found.record())
    except RewheelError:
        return []
