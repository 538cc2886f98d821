"""The dot product of two arrays of floats, compiled for the processor that it runs on."""

from dotprod._dot import LEVEL, dot

__all__ = ["LEVEL", "dot"]
