"""The questions that an interpreter answers about itself.

This module runs inside any Python from 3.8 on, by itself: it may import nothing but the standard library
and must not use newer syntax. `collect` returns what `rewheel.environments.interpreter` reads.
"""

from __future__ import annotations

import os
import platform
import sys
import sysconfig
from importlib.util import MAGIC_NUMBER

_ANY_PREFIX = "REWHEEL-PREFIX"


def collect() -> dict[str, object]:
    """Return the facts of the running interpreter as JSON-compatible values."""
    elsewhere = paths(dict.fromkeys(_PREFIXES, _ANY_PREFIX))
    return {
        "executable": sys.executable,
        "version": list(sys.version_info[:3]),
        "implementation": sys.implementation.name,
        "prefix": sys.prefix,
        "base_prefix": getattr(sys, "base_prefix", sys.prefix),
        "stdlib": sysconfig.get_path("stdlib"),
        "markers": markers(),
        "bytecode": bytecode(),
        "paths": paths({}),
        "prefix_paths": {name: os.path.relpath(path, _ANY_PREFIX) for name, path in elsewhere.items()},
        "build": {
            "platform": sysconfig.get_platform(),
            "bits": 64 if sys.maxsize > 2**32 else 32,
            "nodot": str(
                sysconfig.get_config_var("py_version_nodot") or "{}{}".format(*sys.version_info[:2])
            ),
            "ext_suffix": str(sysconfig.get_config_var("EXT_SUFFIX") or ""),
            "debug": is_debug(),
            "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
            "glibc": glibc(),
            "manylinux_refused": manylinux_refused(),
            "mac_version": platform.mac_ver()[0] if sys.platform == "darwin" else "",
            "mac_machine": platform.mac_ver()[2] if sys.platform == "darwin" else "",
        },
    }


def bytecode() -> str:
    """Name the form of bytecode that this interpreter reads; empty if it reads none from files."""
    tag = sys.implementation.cache_tag
    return f"{tag}-{MAGIC_NUMBER.hex()}" if tag else ""


def markers() -> dict[str, str]:
    """Return the environment of dependency specifiers, without `extra`."""
    info = sys.implementation.version
    implementation_version = "{}.{}.{}".format(info.major, info.minor, info.micro)  # noqa: UP032
    if info.releaselevel != "final":
        implementation_version += info.releaselevel[0] + str(info.serial)
    full_version = platform.python_version()
    return {
        "implementation_name": sys.implementation.name,
        "implementation_version": implementation_version,
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "platform_python_implementation": platform.python_implementation(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        # Builds between releases call themselves "3.13.0+", which is no version at all.
        "python_full_version": full_version + "local" if full_version.endswith("+") else full_version,
        "python_version": ".".join(platform.python_version_tuple()[:2]),
        "sys_platform": sys.platform,
    }


_PREFIXES = ("base", "platbase", "installed_base", "installed_platbase", "prefix", "exec_prefix")


def paths(variables: dict[str, str]) -> dict[str, str]:
    """Return where things are installed: as this interpreter is set up, or below other prefixes."""
    preferred = getattr(sysconfig, "get_preferred_scheme", None)
    names = sysconfig.get_scheme_names()
    if preferred is not None:
        scheme = preferred("prefix")
    else:
        candidates = (sys.implementation.name, os.name + "_prefix", os.name, "posix_prefix")
        scheme = next(name for name in candidates if name in names)
    # What distributors use to redirect the system's own Python is not meant for other prefixes.
    if variables and scheme in ("posix_local", "osx_framework_library"):
        scheme = "posix_prefix"
    found = sysconfig.get_paths(scheme, vars=variables)
    if sys.prefix != getattr(sys, "base_prefix", sys.prefix):
        python = "python{}.{}".format(*sys.version_info[:2])
        prefix = variables.get("base", sys.prefix)
        found["include"] = os.path.join(prefix, "include", "site", python)  # noqa: PTH118
    return {
        "purelib": found["purelib"],
        "platlib": found["platlib"],
        "scripts": found["scripts"],
        "data": found["data"],
        "headers": found["include"],
    }


def is_debug() -> bool:
    """Tell whether extension modules of debug builds are loaded; Windows sets no variable for it."""
    from importlib.machinery import EXTENSION_SUFFIXES

    with_debug = sysconfig.get_config_var("Py_DEBUG")
    if with_debug is None:
        return hasattr(sys, "gettotalrefcount") or "_d.pyd" in EXTENSION_SUFFIXES
    return bool(with_debug)


def glibc() -> str:
    """Return glibc's version such as "2.36", or "" if this interpreter uses another library."""
    if not sys.platform.startswith("linux"):
        return ""
    try:
        text = os.confstr("CS_GNU_LIBC_VERSION")
        return text.rsplit()[-1] if text else ""
    except (AttributeError, OSError, ValueError):
        pass
    try:
        import ctypes

        version = ctypes.CDLL(None).gnu_get_libc_version
        version.restype = ctypes.c_char_p
        return str(version().decode("ascii"))
    except (ImportError, AttributeError, OSError, ValueError):
        return ""


def manylinux_refused() -> list[str]:
    """Return the glibc versions for which a `_manylinux` module, if there is one, says no (PEP 600)."""
    current = glibc()
    if not current:
        return []
    try:
        import _manylinux  # type: ignore[import-not-found]
    except ImportError:
        return []
    machine = sysconfig.get_platform().split("-", 1)[-1].replace("-", "_").replace(".", "_")
    legacy = {5: "manylinux1_compatible", 12: "manylinux2010_compatible", 17: "manylinux2014_compatible"}
    ask = getattr(_manylinux, "manylinux_compatible", None)
    refused = []
    minor_digits = current.split(".")[1].split("-")[0] if "." in current else ""
    for minor in range(int(minor_digits) + 1 if minor_digits.isdigit() else 0):
        answer = ask(2, minor, machine) if ask else getattr(_manylinux, legacy.get(minor, ""), None)
        if answer is not None and not answer:
            refused.append("2_{}".format(minor))  # noqa: UP032
    return refused
