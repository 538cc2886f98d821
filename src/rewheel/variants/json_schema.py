"""JSON Schemas of the dialects that we write, made from the same rules that the reader follows.

The files in `schemas/` are these schemas; a test keeps them equal. They say what can be said about one
document without comparing its parts: whether every namespace used is listed is checked by `check_metadata`.
"""

from __future__ import annotations

from typing import Any

from rewheel.variants.schema import Dialect

__all__ = ["json_schema"]

_NAME = "^[a-z0-9_]+$"
_VALUE = "^[a-z0-9_.]+$"
_ENDPOINT = (
    r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*"
    r"(\s*:\s*[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*)?$"
)


def json_schema(dialect: Dialect) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of what is written in a dialect."""
    namespaces = _list_of(_NAME, "Namespaces, most important first")
    properties: dict[str, Any] = {
        "$schema": {"const": dialect.value, "description": "The version of the format"},
        "default-priorities": _table(
            "What decides the order of variants", {"namespace": namespaces}, required=["namespace"]
        ),
        "variants": _keyed(
            _VALUE,
            "What each label stands for",
            _keyed(
                _NAME, "Features of a namespace", _keyed(_NAME, "Values of a feature", _list_of(_VALUE, ""))
            ),
        ),
    }
    properties["variants"]["properties"] = {"null": {"type": "object", "maxProperties": 0}}
    if dialect is Dialect.PEP850:
        properties["providers"] = _keyed(_NAME, "Where supported values come from", _provider())
    made = _table("Variants of one release, or of one of its wheels", properties, required=sorted(properties))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": dialect.value,
        "title": f"Variant metadata of {dialect.name.replace('PEP', 'PEP ')}",
        **made,
    }


def _provider() -> dict[str, Any]:
    optional = {"type": "boolean", "description": "Whether it must be enabled by the user"}
    requirement = {"type": "string", "minLength": 1, "description": "A dependency specifier"}
    plugin = {
        "requires": {"type": "array", "items": requirement, "minItems": 1, "uniqueItems": True},
        "plugin-api": {"type": "string", "pattern": _ENDPOINT},
        "optional": optional,
    }
    static = {
        "static-properties": _keyed(_NAME, "Supported values, best first", _list_of(_VALUE, "", least=0)),
        "feature-order": _list_of(_NAME, "All features, best first"),
        "optional": optional,
    }
    order_needed = {
        "if": {"properties": {"static-properties": {"minProperties": 2}}},
        "then": {"required": ["feature-order"]},
    }
    builtin = {"builtin": {"type": "string", "minLength": 1}, "optional": optional}
    return {
        "oneOf": [
            _table("A plugin", plugin, required=["requires"]),
            {**_table("Lists in place", static, required=["static-properties"]), **order_needed},
            _table("Known to the installer", builtin, required=["builtin"]),
        ]
    }


def _table(description: str, properties: dict[str, Any], *, required: list[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _keyed(pattern: str, description: str, value: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "description": description,
        "patternProperties": {pattern: value},
        "additionalProperties": False,
    }


def _list_of(pattern: str, description: str, *, least: int = 1) -> dict[str, Any]:
    made: dict[str, Any] = {
        "type": "array",
        "items": {"type": "string", "pattern": pattern},
        "minItems": least,
        "uniqueItems": True,
    }
    return {**made, "description": description} if description else made
