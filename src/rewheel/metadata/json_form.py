"""Core metadata as a JSON object, in the form that PEP 566 gives it and that pip's reports have."""

from rewheel.metadata.core_metadata import CoreMetadata

__all__ = ["json_metadata"]

_REPEATED = frozenset({
    "classifier", "default-extra", "dynamic", "import-name", "import-namespace", "license-file", "obsoletes",
    "obsoletes-dist", "platform", "project-url", "provides", "provides-dist", "provides-extra", "requires",
    "requires-dist", "requires-external", "supported-platform",
})  # fmt: skip
"""Fields that may be given several times, and are lists even if they are given once."""


def json_metadata(metadata: CoreMetadata) -> dict[str, str | list[str]]:
    """Return every field under its name in lower case, with `_` for `-`; the description is its own field.

    Keywords become a list, as PEP 566 wants it. Fields that nobody knows keep their first value.
    """
    found: dict[str, str | list[str]] = {}
    for name, values in metadata.headers.items():
        key = name.replace("-", "_")
        if name in _REPEATED:
            found[key] = list(values)
        elif name == "keywords":
            text = values[0]
            found[key] = [word.strip() for word in text.split(",")] if "," in text else text.split()
        else:
            found[key] = values[0]
    if metadata.description:
        found["description"] = metadata.description
    return found
