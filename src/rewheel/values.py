"""Values: classes of named fields that are equal if their fields are, at a tenth of what dataclasses cost.

`dataclasses` loads `inspect`, and compiles half a dozen functions for every class that is defined: about a
millisecond each, where installing defines sixty. Here all classes share one way to compare, hash and show
themselves, and `__init__` is compiled for the first object of a class, which many never have in a run.

`@frozen` means what `@dataclass(frozen=True, slots=True)` means, `@mutable` what `@dataclass(slots=True)`
means; what is said of single fields is said by `field`. There is no inheritance of fields. The functions of
`dataclasses`, such as `asdict`, take values as well.
"""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, ClassVar, TypeVar, dataclass_transform, overload

from rewheel.rows import NamedTuple

__all__ = ["field", "field_names", "frozen", "mutable", "replace"]

Made = TypeVar("Made", bound=type)
Item = TypeVar("Item")
_Decorator = Callable[[Made], Made]

_ABSENT: Any = object()
"""Stands for a default that there is not."""
_FIELDS = "__value_fields__"


class _Field(NamedTuple):
    """What is said of one field of a class."""

    name: str = ""
    default: Any = _ABSENT
    factory: Callable[[], Any] | None = None
    is_shown: bool = True
    is_compared: bool = True
    is_hashed: bool = True


@overload
def field(*, default: Item, repr: bool = True, compare: bool = True, hash: bool = True) -> Item: ...
@overload
def field(
    *,
    default_factory: Callable[[], Item],
    repr: bool = True,
    compare: bool = True,
    hash: bool = True,
) -> Item: ...
@overload
def field(*, repr: bool = True, compare: bool = True, hash: bool = True) -> Any: ...  # noqa: ANN401
def field(
    *,
    default: Any = _ABSENT,
    default_factory: Callable[[], Any] | None = None,
    repr: bool = True,  # noqa: A002 - the words are those of dataclasses
    compare: bool = True,
    hash: bool = True,  # noqa: A002
) -> Any:
    """Say more of a field than its type; what is not compared is not hashed either."""
    return _Field("", default, default_factory, repr, compare, hash and compare)


@overload
def frozen(made: Made) -> Made: ...
@overload
def frozen(*, eq: bool = True, slots: bool = True, kw_only: bool = False) -> Callable[[Made], Made]: ...
@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(
    made: Any = None,
    *,
    eq: bool = True,
    slots: bool = True,
    kw_only: bool = False,
) -> Any:
    """Make a class of objects that never change; `slots=False` leaves room for `cached_property`."""

    def decorate(cls: type) -> type:
        return _value(cls, is_frozen=True, eq=eq, slots=slots, kw_only=kw_only)

    return decorate if made is None else decorate(made)


@overload
def mutable(made: Made) -> Made: ...
@overload
def mutable(*, eq: bool = True) -> Callable[[Made], Made]: ...
@dataclass_transform(field_specifiers=(field,))
def mutable(made: Any = None, *, eq: bool = True) -> Any:
    """Make a class of objects whose fields may be set; they can't be hashed if they are compared."""

    def decorate(cls: type) -> type:
        return _value(cls, is_frozen=False, eq=eq, slots=True, kw_only=False)

    return decorate if made is None else decorate(made)


def field_names(value: object) -> tuple[str, ...]:
    """Return the names of the fields of a value or of its class, in their order."""
    fields: tuple[_Field, ...] = getattr(value, _FIELDS)
    return tuple(each.name for each in fields)


def replace(value: Item, **changes: Any) -> Item:  # noqa: ANN401
    """Return a value that differs from another in some fields."""
    given = {name: getattr(value, name) for name in field_names(value)} | changes
    return type(value)(**given)


def _value(cls: type, *, is_frozen: bool, eq: bool, slots: bool, kw_only: bool) -> type:
    own = dict(cls.__dict__)
    annotations: dict[str, object] = cls.__annotations__
    fields = tuple(
        [_named(name, own.pop(name, _ABSENT)) for name, kind in annotations.items() if _is_field(kind)]
    )
    names = tuple([each.name for each in fields])
    added: dict[str, Any] = {
        _FIELDS: fields,
        "__dataclass_fields__": _DATACLASS_FIELDS,
        "__init__": _first_init(fields, is_frozen=is_frozen, slots=slots, kw_only=kw_only),
    }
    methods: dict[str, Any] = {"__repr__": _show, "__match_args__": () if kw_only else names}
    if eq:
        methods["__eq__"] = _equality(_key([each.name for each in fields if each.is_compared]))
        key = _key([each.name for each in fields if each.is_hashed])
        methods["__hash__"] = (lambda self: hash(key(self))) if is_frozen else None
    if is_frozen:
        methods |= _FROZEN
    added |= {
        name: method
        for name, method in methods.items()
        if name not in own or (name == "__hash__" and own[name] is None)
    }
    if slots:
        own.pop("__dict__", None)
        own.pop("__weakref__", None)
        added |= {"__slots__": names, "__qualname__": cls.__qualname__}
        return type(cls)(cls.__name__, cls.__bases__, own | added)
    for each in fields:
        if each.name in cls.__dict__:
            delattr(cls, each.name)
    for name, value in added.items():
        setattr(cls, name, value)
    return cls


class _DataclassFields:
    """What the functions of `dataclasses` look for, made when they do."""

    def __get__(self, value: object, cls: type) -> object:
        from dataclasses import make_dataclass

        made: object = make_dataclass(cls.__name__, field_names(cls)).__dict__["__dataclass_fields__"]
        cls.__dataclass_fields__ = made  # type: ignore[attr-defined]
        return made


_DATACLASS_FIELDS = _DataclassFields()


def _named(name: str, default: object) -> _Field:
    return default._replace(name=name) if isinstance(default, _Field) else _Field(name, default)


def _is_field(kind: object) -> bool:
    if isinstance(kind, str):
        return not kind.startswith("ClassVar")
    return getattr(kind, "__origin__", kind) is not ClassVar


def _key(names: Sequence[str]) -> Callable[[object], Any]:
    return attrgetter(*names) if names else lambda _: ()


def _equality(key: Callable[[object], Any]) -> Callable[[object, object], bool]:
    def __eq__(self: object, other: object) -> bool:  # noqa: N807
        return key(self) == key(other) if other.__class__ is self.__class__ else NotImplemented

    return __eq__


def _show(self: object) -> str:
    fields: tuple[_Field, ...] = getattr(self, _FIELDS)
    shown = ", ".join(f"{each.name}={getattr(self, each.name)!r}" for each in fields if each.is_shown)
    return f"{type(self).__qualname__}({shown})"


def _refuse(self: object, name: str, *_: object) -> None:
    raise AttributeError(f"cannot change {name!r}: {type(self).__name__} is immutable")


def _reduce(self: object) -> tuple[object, ...]:
    """Let it be copied and pickled, which would set fields otherwise."""
    return _restored, (type(self), {name: getattr(self, name) for name in field_names(self)})


def _restored(cls: type, given: dict[str, Any]) -> object:
    return cls(**given)


_FROZEN = {"__setattr__": _refuse, "__delattr__": _refuse, "__reduce__": _reduce}


def _first_init(
    fields: tuple[_Field, ...], *, is_frozen: bool, slots: bool, kw_only: bool
) -> Callable[..., None]:
    """Return an `__init__` that, when it is first called, puts the real one in its place."""

    def __init__(self: object, *given: Any, **named: Any) -> None:  # noqa: N807, ANN401
        cls = next(each for each in type(self).__mro__ if each.__dict__.get(_FIELDS) is fields)
        made = _compiled_init(cls, fields, is_frozen=is_frozen, slots=slots, kw_only=kw_only)
        cls.__init__ = made  # type: ignore[misc]
        made(self, *given, **named)

    return __init__


def _compiled_init(
    cls: type, fields: tuple[_Field, ...], *, is_frozen: bool, slots: bool, kw_only: bool
) -> Callable[..., None]:
    parameters, body = ["self", *(["*"] if kw_only and fields else [])], []
    scope: dict[str, Any] = {"absent": _ABSENT}
    for number, each in enumerate(fields):
        name, made = each.name, each.name
        if each.factory is not None:
            scope[f"factory_{number}"] = each.factory
            made = f"factory_{number}() if {name} is absent else {name}"
        default = _ABSENT if each.factory is not None else each.default
        if each.factory is not None or default is not _ABSENT:
            scope[f"default_{number}"] = default
            parameters.append(f"{name}=default_{number}")
        else:
            parameters.append(name)
        if not is_frozen:
            body.append(f" self.{name} = {made}")
        elif slots:
            scope[f"set_{number}"] = cls.__dict__[name].__set__  # past the refusal to change anything
            body.append(f" set_{number}(self, {made})")
        else:
            body.append(f" self.__dict__[{name!r}] = {made}")
    exec(f"def __init__({', '.join(parameters)}):\n" + ("\n".join(body) or " pass"), scope)  # noqa: S102
    made_init: Callable[..., None] = scope["__init__"]
    made_init.__qualname__ = f"{cls.__qualname__}.__init__"
    return made_init
