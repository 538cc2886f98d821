"""Values are what dataclasses would be, and cost less."""

import copy
import pickle
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field as dataclass_field, fields, replace as dataclass_replace
from functools import cached_property
from typing import ClassVar

import pytest

from rewheel.values import field, field_names, frozen, mutable, replace


@frozen
class Point:
    """A point, with notes that are no part of it."""

    x: int
    y: int = 0
    notes: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    dimensions: ClassVar[int] = 2


@dataclass(frozen=True, slots=True)
class Twin:
    """The same as a dataclass."""

    x: int
    y: int = 0
    notes: Mapping[str, str] = dataclass_field(default_factory=dict, repr=False, compare=False)
    dimensions: ClassVar[int] = 2


@mutable
class Place:
    """Something that changes."""

    name: str
    points: list[Point] = field(default_factory=list)


@frozen(slots=False)
class Remembering:
    """Something with a property that is found out once."""

    text: str

    @cached_property
    def length(self) -> int:
        """The length of the text."""
        return len(self.text)


@frozen(eq=False, kw_only=True)
class Single:
    """Something that is equal to itself alone."""

    name: str


@frozen
class Spelled:
    """Something that has its own idea of being equal."""

    name: str
    __match_args__ = ("other",)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Spelled) and self.name.lower() == other.name.lower()

    def __hash__(self) -> int:
        return hash(self.name.lower())

    def __repr__(self) -> str:
        return f"<{self.name}>"


@frozen
class Partly:
    """Something of which a part can't be hashed."""

    name: str
    parts: dict[str, str] = field(default_factory=dict, hash=False)


@pytest.mark.parametrize("arguments", [(1,), (1, 2), (1, 2, {"a": "b"})])
def test_it_is_what_a_dataclass_is(arguments: tuple[object, ...]) -> None:
    """Fields, defaults, words, equality and hash are those of the same class as a dataclass."""
    ours, theirs = Point(*arguments), Twin(*arguments)  # type: ignore[arg-type]
    assert (ours.x, ours.y, ours.notes) == (theirs.x, theirs.y, theirs.notes)
    assert repr(ours) == repr(theirs).replace("Twin", "Point")
    assert ours == Point(*arguments)  # type: ignore[arg-type]
    assert hash(ours) == hash(Point(*arguments))  # type: ignore[arg-type]
    assert ours != theirs
    assert ours != Point(-1)
    assert Point.__match_args__ == Twin.__match_args__
    assert Point.__slots__ == Twin.__slots__  # type: ignore[attr-defined]
    assert Point.dimensions == 2


def test_what_is_not_compared_makes_no_difference() -> None:
    """A field that is not compared is neither hashed nor told."""
    assert Point(1, notes={"a": "b"}) == Point(1)
    assert len({Point(1, notes={"a": "b"}), Point(1)}) == 1
    assert "notes" not in repr(Point(1))


def test_a_default_is_made_anew_for_each() -> None:
    """Two objects never share what a factory made."""
    assert Place("a").points is not Place("a").points
    assert Place("a") == Place("a", [])


@pytest.mark.parametrize("arguments", [(), (1, 2, {}, 4)])
def test_wrong_arguments_are_refused(arguments: tuple[object, ...]) -> None:
    """The first call is as strict as every later one."""
    for _ in range(2):
        with pytest.raises(TypeError, match="__init__"):
            Point(*arguments)  # type: ignore[arg-type]


def test_frozen_ones_never_change() -> None:
    """Neither a field nor anything else can be set or deleted."""
    point = Point(1)
    for change in (
        lambda: setattr(point, "x", 2),
        lambda: setattr(point, "z", 2),
        lambda: delattr(point, "x"),
        lambda: setattr(Remembering("a"), "text", "b"),
    ):
        with pytest.raises(AttributeError, match="immutable"):
            change()
    assert point == Point(1)


def test_mutable_ones_change_and_are_not_hashed() -> None:
    """What changes can be compared, and is no key."""
    place = Place("a")
    place.name = "b"
    assert place == Place("b")
    with pytest.raises(TypeError, match="unhashable"):
        hash(place)
    with pytest.raises(AttributeError):
        place.other = 1  # type: ignore[attr-defined]


def test_without_slots_a_property_can_be_remembered() -> None:
    """`cached_property` keeps what it found in the object."""
    found = Remembering("abc")
    assert found.length == 3
    assert "length" in vars(found)
    assert found == Remembering("abc")


def test_without_comparison_each_is_itself() -> None:
    """Two alike are two; keyword-only fields take no positions."""
    assert Single(name="a") != Single(name="a")
    assert len({Single(name="a"), Single(name="a")}) == 2
    with pytest.raises(TypeError, match="positional"):
        Single("a")  # type: ignore[misc]
    assert Single.__match_args__ == ()


def test_what_a_class_defines_itself_stays() -> None:
    """Its own equality, hash and words count."""
    assert Spelled("A") == Spelled("a")
    assert hash(Spelled("A")) == hash(Spelled("a"))
    assert repr(Spelled("A")) == "<A>"
    assert Spelled.__match_args__ == ("other",)


def test_a_field_may_be_compared_and_not_hashed() -> None:
    """As what is equal has equal hashes anyhow."""
    assert hash(Partly("a", {"b": "c"})) == hash(Partly("a"))
    assert Partly("a", {"b": "c"}) != Partly("a")


def test_copies_and_pickles_are_equal() -> None:
    """Being immutable is no obstacle to being made again."""
    point = Point(1, 2)
    assert copy.copy(point) == copy.deepcopy(point) == pickle.loads(pickle.dumps(point)) == point


def test_replacing_makes_another() -> None:
    """The original stays as it is; a field that there is not is an error."""
    point = Point(1, 2)
    assert replace(point, y=3) == Point(1, 3)
    assert point.y == 2
    assert replace(Single(name="a"), name="b").name == "b"
    assert field_names(point) == field_names(Point) == ("x", "y", "notes")
    with pytest.raises(TypeError):
        replace(point, z=1)


def test_the_functions_of_dataclasses_take_values() -> None:
    """Who writes values somewhere need not know how they were made."""
    assert asdict(Place("a", [Point(1)])) == {"name": "a", "points": [{"x": 1, "y": 0, "notes": {}}]}
    assert dataclass_replace(Point(1), y=3) == Point(1, 3)
    assert tuple(each.name for each in fields(Point)) == field_names(Point)


def test_dataclasses_are_not_loaded() -> None:
    """What all this is for: neither the module nor what it loads."""
    code = "import sys, rewheel.values; print(*{'dataclasses', 'inspect'} & set(sys.modules))"
    said = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert not said.stdout.split()
