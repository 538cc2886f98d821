"""Wheel variants for Python: the right build of a package for the machine it runs on."""

__version__ = "0.1.0"
