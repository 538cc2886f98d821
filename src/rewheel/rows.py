"""Tuples with names for their fields: what `typing.NamedTuple` makes, at a tenth of what that costs.

That compiles a function for every class that is defined, of which a run defines dozens and makes objects of a
few. Here `__new__` is compiled when the first object of a class is made. To type checkers it is the same.
"""

from collections.abc import Iterable
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Self

__all__ = ["NamedTuple"]


class _Definition(type):
    """Makes classes of tuples out of annotated names; a class derived from one of those is like any other."""

    def __new__(cls, name: str, bases: tuple[type, ...], own: dict[str, Any]) -> Any:  # noqa: ANN401
        if not any(base.__dict__.get("_is_root") for base in bases):
            return super().__new__(cls, name, bases, own)
        own["__slots__"] = ()
        made: Any = super().__new__(cls, name, bases, own)
        fields = tuple(made.__annotations__)
        made._field_defaults = {field: own[field] for field in fields if field in own}
        made._fields = fields
        made.__match_args__ = fields  # type: ignore[misc]  # as for any class
        for number, field in enumerate(fields):
            setattr(made, field, _getter(number))
        return made


class _Row(tuple[Any, ...], metaclass=_Definition):
    """A tuple whose fields are named by the annotations of the class, with defaults for the last ones."""

    __slots__ = ()
    _is_root = True
    _fields: tuple[str, ...] = ()
    _field_defaults: dict[str, Any] = {}  # noqa: RUF012 - never changed

    def __new__(cls, *given: Any, **named: Any) -> Self:  # noqa: ANN401
        """Make the function that makes objects of this class, and an object with it."""
        cls.__new__ = _compiled(cls)  # type: ignore[method-assign]
        return cls.__new__(cls, *given, **named)

    @classmethod
    def _make(cls, values: Iterable[Any]) -> Self:
        made = tuple.__new__(cls, values)
        if len(made) != len(cls._fields):
            raise TypeError(f"Expected {len(cls._fields)} arguments, got {len(made)}")
        return made

    def _replace(self, /, **changes: Any) -> Self:  # noqa: ANN401
        made = self._make(map(changes.pop, self._fields, self))
        if changes:
            raise ValueError(f"Got unexpected field names: {list(changes)!r}")
        return made

    def _asdict(self) -> dict[str, Any]:
        return dict(zip(self._fields, self, strict=True))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
        return f"{type(self).__name__}({shown})"

    def __getnewargs__(self) -> tuple[Any, ...]:
        """Give what copying and pickling make it of."""
        return tuple(self)


def _getter(number: int) -> Any:  # noqa: ANN401
    """Return what reads a field; the one that named tuples of the standard library have is the fastest."""
    try:
        from collections import _tuplegetter  # type: ignore[attr-defined]
    except ImportError:
        return property(itemgetter(number))
    return _tuplegetter(number, "")


def _compiled(cls: type[_Row]) -> Any:  # noqa: ANN401
    listed = "".join(f"{name}, " for name in cls._fields)
    scope: dict[str, Any] = {"new": tuple.__new__}
    exec(f"def __new__(_cls, {listed}): return new(_cls, ({listed}))", scope)  # noqa: S102
    made = scope["__new__"]
    made.__defaults__ = tuple(cls._field_defaults.values())
    made.__qualname__ = f"{cls.__qualname__}.__new__"
    return staticmethod(made)


if TYPE_CHECKING:
    from typing import NamedTuple
else:
    NamedTuple = _Row
