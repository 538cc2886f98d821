"""The front door of the room: what it promises, and what it costs to open it."""

import doctest
import importlib
import pkgutil
import subprocess
import sys

import pytest

import rewheel.variants as room
from rewheel.errors import RewheelError

MODULES = [f"rewheel.variants.{item.name}" for item in pkgutil.iter_modules(room.__path__)]


def test_every_promised_name_exists_and_no_other() -> None:
    assert room.__all__ == sorted(set(room.__all__), key=room.__all__.index)
    assert set(room.__all__) == set(room._HOMES)
    assert set(dir(room)) == set(room.__all__)
    for name in room.__all__:
        value = getattr(room, name)
        home = importlib.import_module(f"rewheel.variants.{room._HOMES[name]}")
        assert getattr(home, name) is value
        assert name in home.__all__
    with pytest.raises(AttributeError):
        room.something_else  # noqa: B018


def test_what_type_checkers_see_is_what_there_is() -> None:
    source = (importlib.resources.files(room) / "__init__.py").read_text(encoding="utf-8")
    imported = source.partition("if TYPE_CHECKING:")[2].partition("\n_HOMES")[0]
    for name, home in room._HOMES.items():
        block = imported.partition(f"from rewheel.variants.{home} import ")[2]
        assert name in block.partition("\n    from ")[0], name


def test_everything_public_is_described() -> None:
    for name in room.__all__:
        value = getattr(room, name)
        if isinstance(value, type) or callable(value):
            assert value.__doc__, name
            for member, attribute in vars(value).items() if isinstance(value, type) else ():
                if not member.startswith("_") and (callable(attribute) or isinstance(attribute, property)):
                    assert attribute.__doc__, f"{name}.{member}"


def test_every_error_belongs_to_the_family() -> None:
    errors = importlib.import_module("rewheel.variants.errors")
    for name in errors.__all__:
        value = getattr(errors, name)
        if isinstance(value, type):
            assert issubclass(value, errors.VariantsError)
            assert issubclass(value, RewheelError)


@pytest.mark.parametrize("module", ["rewheel.variants", *MODULES])
def test_examples_in_docstrings_are_true(module: str) -> None:
    assert doctest.testmod(importlib.import_module(module)).failed == 0


def loaded_after(statement: str) -> set[str]:
    """Return what a fresh interpreter has loaded after a statement, beyond what it had before."""
    code = f"import sys; before = set(sys.modules); {statement}; print(*(set(sys.modules) - before))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


@pytest.mark.parametrize(
    "statement",
    [
        "import rewheel.variants",
        "from rewheel.variants import rank, read_metadata",
        "from rewheel.variants import *",
    ],
)
def test_importing_loads_nothing_from_elsewhere(statement: str) -> None:
    loaded = loaded_after(statement)
    roots = {name.partition(".")[0] for name in loaded} - set(sys.stdlib_module_names)
    assert roots == {"rewheel"}


def test_the_usual_imports_load_nothing_slow() -> None:
    loaded = loaded_after("from rewheel.variants import rank, read_metadata")
    assert not {"typing", "re", "enum", "json", "dataclasses", "inspect", "hashlib", "packaging"} & loaded


def test_reading_ranking_and_simple_markers_need_no_other_package() -> None:
    statement = (
        "from rewheel.variants import *; "
        'm = read_metadata(\'{"$schema": "v0.1.1.json", "default-priorities": {"namespace": ["a"]}, '
        '"variants": {"b": {"a": {"c": ["d"]}}}}\'); '
        "r = rank(['b'], m, {'a': {'c': ['d']}}); assert r.verdicts['b'].reason; "
        "write_metadata(m); "
        "assert Marker.parse(\"python_version >= '3.8'\").evaluate({'python_version': '3.11'})"
    )
    roots = {name.partition(".")[0] for name in loaded_after(statement)} - set(sys.stdlib_module_names)
    assert roots == {"rewheel"}
