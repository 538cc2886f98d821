"""The JSON Schemas agree with what the reader and the writer do."""

import copy
import json
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

from rewheel.variants import Dialect, check_metadata, json_schema, read_metadata, to_document
from variants.strategies import documents, json_values

VALIDATORS = {dialect: Draft202012Validator(json_schema(dialect)) for dialect in Dialect}
FILES = {Dialect.PEP825: "pep825-v0.1.1.json", Dialect.PEP850: "pep850-v0.2.0.json"}


@pytest.mark.parametrize("dialect", list(Dialect))
def test_the_schemas_in_the_package_are_up_to_date(dialect: Dialect) -> None:
    text = files("rewheel.variants").joinpath("schemas", FILES[dialect]).read_text(encoding="utf-8")
    assert json.loads(text) == json_schema(dialect)
    Draft202012Validator.check_schema(json_schema(dialect))
    assert json_schema(dialect)["$id"] == dialect.value


@given(documents())
def test_what_is_written_follows_the_schema(document: dict[str, Any]) -> None:
    metadata = read_metadata(document)
    for dialect, validator in VALIDATORS.items():
        validator.validate(to_document(metadata, dialect=dialect))


# The reader tolerates these, or a schema cannot tell them.
TOLERATED_BY_SCHEMA = {
    "bad-requirement",
    "feature-order",
    "missing-provider",
    "unlisted-namespace",
    "unlisted-provider",
    "bad-text",
}


@given(documents(), json_values)
def test_what_the_schema_refuses_is_never_read_without_a_word(document: dict[str, Any], junk: Any) -> None:
    validator = VALIDATORS[Dialect.PEP850]
    for path in list(_paths(document)):
        damaged = copy.deepcopy(document)
        inner = damaged
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = junk
        found = check_metadata(damaged)
        if not validator.is_valid(damaged):
            assert found or damaged["$schema"] != document["$schema"]
        elif found:
            fatal = {finding.code for finding in found if finding.fatal}
            assert fatal <= TOLERATED_BY_SCHEMA


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Any:
    if path:
        yield path
    if isinstance(value, dict):
        for key in list(value)[:3]:
            yield from _paths(value[key], (*path, key))
    elif isinstance(value, list) and value:
        yield from _paths(value[0], (*path, 0))
