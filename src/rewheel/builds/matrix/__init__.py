"""Many wheels of one project: what is declared, and how each wheel of it is built."""

from rewheel.front_door import front_door

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rewheel.builds.matrix.declaration import Declaration, read_declaration
    from rewheel.builds.matrix.first_table import KINDS, write_first_table
    from rewheel.builds.matrix.matrix import Matrix
    from rewheel.builds.matrix.products import Outcome, Product
    from rewheel.builds.matrix.providers import check_properties
    from rewheel.builds.matrix.systems import WRAPPER, wrapped_system

_HOMES = {
    "Declaration": "declaration",
    "KINDS": "first_table",
    "Matrix": "matrix",
    "Outcome": "products",
    "Product": "products",
    "WRAPPER": "systems",
    "check_properties": "providers",
    "read_declaration": "declaration",
    "wrapped_system": "systems",
    "write_first_table": "first_table",
}

__all__ = [
    "KINDS",
    "WRAPPER",
    "Declaration",
    "Matrix",
    "Outcome",
    "Product",
    "check_properties",
    "read_declaration",
    "wrapped_system",
    "write_first_table",
]

__getattr__, __dir__ = front_door(__name__, globals(), _HOMES)
