"""What the four variant markers mean for the wheel that was selected (PEP 825, environment markers)."""

from rewheel.rows import NamedTuple
from rewheel.variants.label import NULL_LABEL
from rewheel.variants.properties import VariantProperties, VariantProperty
from rewheel.variants.supported import Supported

__all__ = ["PLAIN", "VariantEnvironment"]


class VariantEnvironment(NamedTuple):
    """The label of a selected wheel and its properties as markers see them.

    For plain wheels, source distributions and editable installs the label is empty: `PLAIN`.
    """

    label: str = ""
    properties: tuple[VariantProperty, ...] = ()

    @classmethod
    def of(cls, label: str, declared: VariantProperties, supported: Supported) -> "VariantEnvironment":
        """Return what markers see of a wheel: those of its declared properties that the machine supports.

        >>> declared = VariantProperties.from_mapping({"gpu": {"arch": ["x1", "x2"]}})
        >>> VariantEnvironment.of("gpu", declared, {"gpu": {"arch": ["x2"]}}).properties
        (VariantProperty(namespace='gpu', feature='arch', value='x2'),)
        """
        if not label or label == NULL_LABEL:
            return cls(label)
        seen = (
            item for item in declared if item.value in supported.get(item.namespace, {}).get(item.feature, ())
        )
        return cls(label, tuple(seen))

    @property
    def features(self) -> tuple[str, ...]:
        """The pairs `namespace :: feature` of the properties, sorted."""
        return tuple(sorted({f"{item.namespace} :: {item.feature}" for item in self.properties}))

    @property
    def namespaces(self) -> tuple[str, ...]:
        """The namespaces of the properties, sorted."""
        return tuple(sorted({item.namespace for item in self.properties}))


PLAIN = VariantEnvironment()
"""What markers see of anything that is not a variant wheel."""
