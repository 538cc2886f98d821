"""What pyproject.toml says about the wheels of a project: variants, recipes, default extras, backend."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rewheel.builds.errors import InvalidDeclaration, InvalidProject, UnknownLabels
from rewheel.builds.matrix.default_extras import NO_DEFAULT_EXTRAS, DefaultExtras, read_default_extras
from rewheel.builds.matrix.places import TomlPlaces
from rewheel.builds.matrix.recipe import PLAIN, Recipe, read_recipe
from rewheel.variants import NULL_LABEL, Finding, VariantMetadata, check_metadata, read_pyproject
from rewheel.variants.findings import Findings, path_of

__all__ = ["PYPROJECT", "Declaration", "read_declaration"]

PYPROJECT = "pyproject.toml"
_LIMIT = 16 << 20
_REFUSED = frozenset({"same-properties", "no-properties"})
"""Findings that readers tolerate and that no project may begin with."""
_KEY = re.compile(r'"(?P<quoted>(?:[^"\\]|\\.)*)"|\[(?P<index>\d+)\]|(?P<bare>[^.\[\]"]+)')
_SYNTAX = re.compile(r"\s*\(at (?:line (?P<line>\d+), column \d+|end of document)\)")


@dataclass(frozen=True, slots=True)
class Declaration:
    """A project's own word on its wheels; without any, only plain wheels can be built."""

    place: str
    """The file, as messages call it."""
    text: str = field(default="", repr=False)
    metadata: VariantMetadata | None = None
    recipes: Mapping[str, Recipe] = field(default_factory=dict)
    """By label, for those that have one."""
    default_extras: DefaultExtras = NO_DEFAULT_EXTRAS
    places: TomlPlaces = field(default_factory=TomlPlaces, repr=False, compare=False)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels in the order of the file, and `null`, which needs no mention."""
        if self.metadata is None:
            return ()
        return tuple(dict.fromkeys((*self.metadata.variants, NULL_LABEL)))

    def recipe(self, label: str) -> Recipe:
        """Return how a label is built; an empty label stands for the plain wheel."""
        return self.recipes.get(label, PLAIN)

    def where(self, *keys: str | int) -> str:
        """Name file and line of something that is declared."""
        return f"{self.place}:{self.places.line(*keys)}"

    def check_labels(self, labels: Iterable[str]) -> None:
        """Raise `UnknownLabels` for labels that are not declared."""
        unknown = [label for label in labels if label and label not in self.labels]
        if unknown:
            raise UnknownLabels(self.place, unknown, self.labels)


def read_declaration(path: Path, place: str = "") -> Declaration:
    """Read a pyproject.toml; a project without one declares nothing.

    `place` is what messages call the file. Raises `InvalidDeclaration` with everything that is wrong, each
    with its line.
    """
    place = place or path.name
    if not path.is_file():
        return Declaration(place)
    text = _load(path, place)
    document = _parse(text, place)
    findings = Findings()
    places = TomlPlaces.of(text)
    metadata = _metadata(document, findings)
    recipes = _recipes(document, metadata, findings)
    extras = read_default_extras(document, findings)
    if findings.is_fatal:
        raise InvalidDeclaration(place, [_located(item, places) for item in findings if item.fatal])
    return Declaration(place, text, metadata, recipes, extras, places)


def _load(path: Path, place: str) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_LIMIT + 1)
        if len(data) > _LIMIT:
            raise InvalidProject(f"{place}: a pyproject.toml of more than {_LIMIT >> 20} MiB is refused")
        return data.decode("utf-8").removeprefix("\ufeff")
    except OSError as error:
        raise InvalidProject(f"{place} can't be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InvalidDeclaration(place, [(line, "it is not UTF-8")]) from error


def _parse(text: str, place: str) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        message = str(error)
        found = _SYNTAX.search(message)
        line = int(found["line"]) if found and found["line"] else text.count("\n") + 1
        raise InvalidDeclaration(place, [(line, f"no TOML: {_SYNTAX.sub('', message)}")]) from error


def _metadata(document: Mapping[str, Any], findings: Findings) -> VariantMetadata | None:
    if "variant" not in document:
        return None
    table = document["variant"]
    if not isinstance(table, Mapping):
        findings.fatal("not-an-object", "variant", "expected a table")
        return None
    for item in check_metadata(table, kind="pyproject"):
        place = f"variant.{item.path}" if item.path else "variant"
        if item.fatal or item.code in _REFUSED:
            findings.fatal(item.code, place, item.message)
    if findings.is_fatal:
        return None
    return read_pyproject(document)


def _recipes(
    document: Mapping[str, Any], metadata: VariantMetadata | None, findings: Findings
) -> dict[str, Recipe]:
    ours = document.get("tool", {}).get("rewheel", {}) if isinstance(document.get("tool"), Mapping) else {}
    tables = ours.get("variant", {}) if isinstance(ours, Mapping) else {}
    if not isinstance(tables, Mapping):
        findings.fatal("not-an-object", path_of("tool", "rewheel", "variant"), "expected a table")
        return {}
    known = {NULL_LABEL, *(metadata.variants if metadata is not None else ())}
    found: dict[str, Recipe] = {}
    for label, table in tables.items():
        path = ("tool", "rewheel", "variant", label)
        if isinstance(table, str):
            continue  # a setting of installations: the label that the user wants of a package
        if metadata is None:
            findings.fatal("no-variants", path_of(*path), "the project has no table [variant] to declare it")
        elif label not in known and not findings.is_fatal:
            message = f"there is no variant {label!r}; declared are {', '.join(sorted(known))}"
            findings.fatal("unknown-label", path_of(*path), message)
        found[label] = read_recipe(table, path, findings)
    return found


def _located(finding: Finding, places: TomlPlaces) -> tuple[int, str]:
    keys: list[str | int] = []
    for match in _KEY.finditer(finding.path):
        if match["index"] is not None:
            keys.append(int(match["index"]))
        elif match["quoted"] is not None:
            keys.append(match["quoted"].encode("ascii", "replace").decode("unicode_escape"))
        else:
            keys.append(match["bare"])
    return places.line(*keys), str(finding)
