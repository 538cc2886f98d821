"""The extension module; compilers learn from rewheel which processor to build for (CFLAGS)."""

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "dotprod._dot",
            ["src/dotprod/_dot.c"],
            extra_compile_args=["-O3", "-ffast-math", "-funroll-loops"],
        )
    ]
)
