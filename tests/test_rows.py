"""Rows are what `typing.NamedTuple` makes, and cost less."""

import copy
import json
import pickle
import typing
from typing import Any

import pytest

from rewheel.rows import NamedTuple


class Point(NamedTuple):
    """A point."""

    x: int
    y: int = 0
    notes: "tuple[str, ...]" = ()
    """Words about it."""

    @property
    def size(self) -> int:
        """How far it is from the origin."""
        return self.x + self.y

    @classmethod
    def parse(cls, text: str) -> "Point":
        """Read it."""
        return cls(*map(int, text.split(",")))


class Twin(typing.NamedTuple):
    """The same."""

    x: int
    y: int = 0
    notes: "tuple[str, ...]" = ()
    """Words about it."""


class Shown(NamedTuple):
    """Something that shows itself as it likes."""

    secret: str

    def __repr__(self) -> str:
        return "Shown()"


class Far(Point):
    """A point with something of its own."""

    def __str__(self) -> str:
        return f"far away at {self.x}"


def test_they_are_tuples() -> None:
    point = Point(1, notes=("a",))
    x, y, notes = point
    assert (x, y, notes) == point == (1, 0, ("a",)) == Point(1, 0, ("a",))
    assert (point.x, point.y, point.notes, point.size) == (1, 0, ("a",), 1)
    assert isinstance(point, tuple)
    assert {point: 1}[Point(1, 0, ("a",))] == 1
    assert Point.parse("3,4") == (3, 4, ())
    assert json.dumps(point) == '[1, 0, ["a"]]'
    assert min(Point(2), Point(1)).x == 1


@pytest.mark.parametrize("given", [((), {}), ((1,), {"z": 1}), ((1, 2, (), 4), {}), ((1,), {"x": 2})])
def test_they_are_made_like_their_twins(given: tuple[tuple[Any, ...], dict[str, Any]]) -> None:
    """What is missing, unknown or too much is refused."""
    for cls in (Point, Twin):
        with pytest.raises(TypeError, match=r"__new__\(\)"):
            cls(*given[0], **given[1])


def test_what_is_told_of_them() -> None:
    for name in ("_fields", "_field_defaults", "__match_args__"):
        assert getattr(Point, name) == getattr(Twin, name)
    assert repr(Point(1)) == repr(Twin(1)).replace("Twin", "Point")
    assert Point(1)._asdict() == Twin(1)._asdict()
    hints = {name: kind for name, kind in typing.get_type_hints(Point).items() if not name.startswith("_")}
    assert hints == typing.get_type_hints(Twin)
    assert repr(Shown("x")) == "Shown()"
    assert Point.__doc__ == "A point."
    match Point(5):
        case Point(x, y):
            assert (x, y) == (5, 0)


def test_they_never_change() -> None:
    point = Point(1)
    with pytest.raises(AttributeError):
        point.x = 2  # type: ignore[misc]
    with pytest.raises(AttributeError):
        point.other = 2  # type: ignore[attr-defined]
    changed = point._replace(y=2)
    assert (point, changed) == ((1, 0, ()), (1, 2, ()))
    with pytest.raises(ValueError, match="unexpected field names"):
        point._replace(z=1)  # type: ignore[call-arg]
    assert type(Point._make([1, 2, ()])) is Point
    with pytest.raises(TypeError, match="Expected 3 arguments, got 1"):
        Point._make([1])


@pytest.mark.parametrize("value", [Point(1, 2, ("a",)), Far(1), Shown("x")])
def test_they_can_be_copied_and_pickled(value: Any) -> None:
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        restored = pickle.loads(pickle.dumps(value, protocol))
        assert (restored, type(restored)) == (value, type(value))
    for copied in (copy.copy(value), copy.deepcopy(value)):
        assert (copied, type(copied)) == (value, type(value))


def test_classes_may_be_derived_from_them() -> None:
    assert str(Far(7)) == "far away at 7"
    assert (Far(7).size, Far(7), type(Far(7)._replace(x=1))) == (7, Point(7), Far)
    assert type(Point(1)) is Point
