"""Providers: where the supported values of a namespace come from (PEP 850, provider information)."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from rewheel.variants.errors import VariantsError
from rewheel.variants.properties import ABI_DEPENDENCY

__all__ = ["Provider", "ProviderKind"]

_NOTHING: Mapping[str, tuple[str, ...]] = MappingProxyType({})


class ProviderKind(StrEnum):
    """How a provider finds out what is supported."""

    PLUGIN = "plugin"  # a package that is asked on the machine, or while building
    STATIC = "static"  # the lists stand in the metadata
    BUILTIN = "builtin"  # the installer knows by itself


class Provider:
    """What the metadata says about the provider of one namespace; immutable.

    `static_properties` is in order of preference, features as well as values. A plugin with
    `build_requires` instead of `requires` is asked only while building and never stands in a wheel.
    `plugin_api` may be empty: it is then derived from the first requirement. `enable_if` is a marker of
    old dialects that is evaluated against the target; where it is false the provider is disabled.
    """

    __slots__ = (
        "build_requires",
        "builtin",
        "enable_if",
        "kind",
        "namespace",
        "optional",
        "plugin_api",
        "requires",
        "static_properties",
    )

    namespace: str
    kind: ProviderKind
    requires: tuple[str, ...]
    plugin_api: str
    static_properties: Mapping[str, tuple[str, ...]]
    builtin: str
    optional: bool
    build_requires: tuple[str, ...]
    enable_if: str

    def __init__(
        self,
        namespace: str,
        kind: ProviderKind,
        *,
        requires: tuple[str, ...] = (),
        plugin_api: str = "",
        static_properties: Mapping[str, tuple[str, ...]] = _NOTHING,
        builtin: str = "",
        optional: bool = False,
        build_requires: tuple[str, ...] = (),
        enable_if: str = "",
    ) -> None:
        put = object.__setattr__
        put(self, "namespace", namespace)
        put(self, "kind", kind)
        put(self, "requires", tuple(requires))
        put(self, "plugin_api", plugin_api)
        ordered = {feature: tuple(values) for feature, values in static_properties.items()}
        put(self, "static_properties", MappingProxyType(ordered))
        put(self, "builtin", builtin)
        put(self, "optional", optional)
        put(self, "build_requires", tuple(build_requires))
        put(self, "enable_if", enable_if)
        self._check_kind()

    def _check_kind(self) -> None:
        given = {
            ProviderKind.PLUGIN: bool(self.requires or self.build_requires or self.plugin_api),
            ProviderKind.STATIC: bool(self.static_properties),
            ProviderKind.BUILTIN: bool(self.builtin),
        }
        for kind, is_given in given.items():
            if is_given and kind is not self.kind:
                raise VariantsError(
                    f"the {self.kind} provider of {self.namespace} cannot be a {kind} provider, too"
                )
        if self.kind is ProviderKind.BUILTIN and not self.builtin:
            raise VariantsError(f"the built-in provider of {self.namespace} has no name")
        if self.requires and self.build_requires:
            raise VariantsError(f"the provider of {self.namespace} has both requires and build-requires")

    @property
    def feature_order(self) -> tuple[str, ...]:
        """The features of a static provider, most preferred first."""
        return tuple(self.static_properties)

    @property
    def is_abi_dependency(self) -> bool:
        """Whether the namespace is about the versions of other packages that a wheel was built against."""
        return self.builtin == ABI_DEPENDENCY

    def _key(self) -> tuple[object, ...]:
        return (
            self.namespace,
            self.kind,
            self.requires,
            self.plugin_api,
            tuple(self.static_properties.items()),
            self.builtin,
            self.optional,
            self.build_requires,
            self.enable_if,
        )

    def __eq__(self, other: object) -> bool:
        return self._key() == other._key() if isinstance(other, Provider) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key())

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"cannot change {name!r}: a provider is immutable")

    def __reduce__(self) -> tuple[object, ...]:
        named = {name: getattr(self, name) for name in self.__slots__ if name not in {"namespace", "kind"}}
        return (
            _remake,
            (self.namespace, self.kind, {**named, "static_properties": dict(self.static_properties)}),
        )

    def __repr__(self) -> str:
        return f"Provider({self.namespace!r}, {self.kind})"


def _remake(namespace: str, kind: ProviderKind, named: dict[str, Any]) -> Provider:
    """Make a provider again that was copied or pickled."""
    return Provider(namespace, kind, **named)
