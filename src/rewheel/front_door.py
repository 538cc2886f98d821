"""Rooms whose public names are loaded when they are first used (PEP 562), so that importing costs little."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["front_door"]


def front_door(
    package: str, namespace: dict[str, object], homes: "Mapping[str, str]"
) -> "tuple[Callable[[str], object], Callable[[], list[str]]]":
    """Return the `__getattr__` and `__dir__` of a package whose public names live in its modules.

    `namespace` is the package's `globals()`, `homes` the module of each public name.
    """

    def load(name: str) -> object:
        home = homes.get(name)
        if home is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        # Not importlib.import_module: importing importlib would cost as much as all of this.
        value: object = getattr(__import__(f"{package}.{home}", fromlist=[name]), name)
        namespace[name] = value
        return value

    def names() -> list[str]:
        return sorted(homes)

    return load, names
