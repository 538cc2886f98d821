"""What the config settings of a build hook ask of rewheel, and what they tell the wrapped backend."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rewheel.builds.errors import BuildsError
from rewheel.builds.matrix.declaration import Declaration
from rewheel.variants import NULL_LABEL, VariantProperties, VariantProperty

__all__ = ["Requested"]

_LABEL = "variant-label"
_OUTPUT = "variant-output"
_UNCHECKED = "skip-variant-validation"
_LEGACY_PROPERTIES = ("variant", "variant-name")
_LEGACY_NULL = "null-variant"
_OURS = frozenset({_LABEL, _OUTPUT, _UNCHECKED, _LEGACY_NULL, *_LEGACY_PROPERTIES})
_FALSE = frozenset({"", "0", "false", "no", "off"})


@dataclass(frozen=True, slots=True)
class Requested:
    """One build as a frontend asks for it; an empty label is the plain wheel."""

    label: str
    settings: Mapping[str, Any]
    """Those for the wrapped backend."""
    output: str = ""
    """A folder for the variant, if the frontend itself is to get the plain wheel."""
    is_checked: bool = True
    """Whether the properties are held against their providers."""

    @classmethod
    def read(cls, settings: Mapping[str, Any] | None, declaration: Declaration) -> "Requested":
        """Read config settings, also those that meson-python once understood.

        Raises `BuildsError` for what contradicts itself, and `UnknownLabels`.
        """
        given = dict(settings or {})
        label = _single(given, _LABEL)
        if _LEGACY_NULL in given and _single(given, _LEGACY_NULL).lower() not in {"0", "false", "no", "off"}:
            label = _agreed(label, NULL_LABEL)
        texts = [text for key in _LEGACY_PROPERTIES for text in _several(given, key)]
        if texts:
            label = _agreed(label, _label_of(texts, declaration))
        declaration.check_labels([label])
        return cls(
            label,
            {key: value for key, value in given.items() if key not in _OURS},
            _single(given, _OUTPUT),
            _single(given, _UNCHECKED).lower() in _FALSE,
        )


def _single(given: Mapping[str, Any], key: str) -> str:
    values = _several(given, key)
    if len(values) > 1:
        raise BuildsError(f"the config setting {key} is given more than once: {', '.join(values)}")
    return values[0] if values else ""


def _several(given: Mapping[str, Any], key: str) -> list[str]:
    value = given.get(key)
    if value is None or value is False:
        return []
    values = value if isinstance(value, list) else [value]
    return ["true" if item is True else str(item).strip() for item in values]


def _agreed(label: str, other: str) -> str:
    if label and label != other:
        raise BuildsError(f"the config settings ask for two variants, {label} and {other}")
    return other


def _label_of(texts: list[str], declaration: Declaration) -> str:
    """Return the label that stands for exactly these properties."""
    wanted = VariantProperties.from_properties(map(VariantProperty.parse, texts))
    variants = declaration.metadata.variants if declaration.metadata is not None else {}
    for label, properties in variants.items():
        if properties == wanted:
            return label
    shown = ", ".join(f"[{text}]" for text in texts)
    raise BuildsError(
        f"{declaration.place} declares no variant with exactly the properties {shown}",
        hint="name a declared one with the config setting variant-label",
    )
