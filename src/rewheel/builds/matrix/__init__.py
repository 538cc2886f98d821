"""Many wheels of one project: what is declared, and how each wheel of it is built."""

from rewheel.builds.matrix.declaration import Declaration, read_declaration
from rewheel.builds.matrix.matrix import Matrix
from rewheel.builds.matrix.products import Outcome, Product
from rewheel.builds.matrix.providers import check_properties
from rewheel.builds.matrix.systems import WRAPPER, wrapped_system

__all__ = [
    "WRAPPER",
    "Declaration",
    "Matrix",
    "Outcome",
    "Product",
    "check_properties",
    "read_declaration",
    "wrapped_system",
]
