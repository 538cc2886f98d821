"""What a backend sees of the environment variables while it builds one label."""

import os
import shlex
from collections.abc import Mapping

from rewheel.builds.matrix.recipe import Recipe

__all__ = ["EPOCH", "LABEL_VARIABLE", "build_epoch", "surroundings"]

EPOCH = 315532800
"""The time of all files where SOURCE_DATE_EPOCH does not say: 1980-01-01, the first day that zip knows."""
LABEL_VARIABLE = "REWHEEL_VARIANT_LABEL"
"""Tells build scripts which variant is built."""
_DATE = "SOURCE_DATE_EPOCH"
_MAPPED = {"CFLAGS": "CC", "CXXFLAGS": "CXX"}
"""The variables in which paths are mapped, and those that name the compiler."""


def surroundings(
    environ: Mapping[str, str],
    recipe: Recipe,
    label: str,
    *,
    root: str,
    prefix: str,
    defaults: Mapping[str, str],
) -> dict[str, str]:
    """Return the variables for building a label in the folder `root` and the environment `prefix`.

    `defaults` are flags that a backend uses only as long as nobody sets their variable.
    Compilers that are given flags are also told to write neither of the two folders into what they make, so
    that it is the same wherever it is made. Without flags nothing of theirs is set, because many makefiles
    would then forget their own.
    """
    made = {**environ, **recipe.environment}
    made.setdefault(_DATE, str(EPOCH))
    if not made[_DATE].strip():
        made[_DATE] = str(EPOCH)
    if label and not recipe.is_empty:
        made[LABEL_VARIABLE] = label
    for name, flags in recipe.flags.items():
        given = made.get(name) or defaults.get(name, "")
        made[name] = " ".join(filter(None, [given, flags]))
    for name, compiler in _MAPPED.items():
        if made.get(name) and _knows_mapping(made.get(compiler, "")):
            maps = [f"-ffile-prefix-map={folder}={sign}" for folder, sign in ((root, "."), (prefix, "/env"))]
            made[name] = " ".join([made[name], *map(shlex.quote, maps)])
    return made


def build_epoch(environ: Mapping[str, str]) -> int:
    """Return the time that all files of a wheel get, in seconds since 1970."""
    text = environ.get(_DATE, "").strip()
    return int(text) if text.isdecimal() and len(text) < 12 else EPOCH


def _knows_mapping(compiler: str) -> bool:
    """Tell whether a compiler is GCC or Clang, as far as its name tells; the default one is."""
    if os.name == "nt":
        return False
    words = compiler.split()
    name = os.path.basename(words[-1]) if words else "cc"  # noqa: PTH119 - a word, maybe after ccache
    return any(part in name for part in ("gcc", "g++", "clang", "c++")) or name == "cc"
