"""A build backend that wraps any other one and builds variants, too (PEP 517, PEP 660, PEP 825).

    [build-system]
    requires = ["rewheel", "setuptools>=77"]
    build-backend = "rewheel.build_backend"

    [tool.rewheel.build]
    backend = "setuptools.build_meta"

Without further words it builds what the wrapped backend builds. The config setting `variant-label=LABEL`
builds that variant. Nothing is loaded before a hook is called.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Settings = dict[str, Any] | None

__all__ = [
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
]

_OPTIONAL = frozenset(
    {
        "build_editable",
        "get_requires_for_build_editable",
        "prepare_metadata_for_build_editable",
        "prepare_metadata_for_build_wheel",
    }
)
"""Hooks that are there if the wrapped backend has them."""


def get_requires_for_build_sdist(config_settings: "Settings" = None) -> list[str]:
    """Return what making a source distribution needs besides `requires`."""
    from rewheel.builds.matrix import hooks

    return hooks.requirements("sdist", config_settings)


def build_sdist(sdist_directory: str, config_settings: "Settings" = None) -> str:
    """Make the source distribution, and return its name."""
    from rewheel.builds.matrix import hooks

    return hooks.build_sdist(sdist_directory, config_settings)


def get_requires_for_build_wheel(config_settings: "Settings" = None) -> list[str]:
    """Return what building a wheel needs besides `requires`, the providers of a variant included."""
    from rewheel.builds.matrix import hooks

    return hooks.requirements("wheel", config_settings)


def build_wheel(
    wheel_directory: str, config_settings: "Settings" = None, metadata_directory: str | None = None
) -> str:
    """Build a wheel, plain or of the variant that is asked for, and return its name."""
    from rewheel.builds.matrix import hooks

    del metadata_directory  # the wrapped backend did not write it as it is now
    return hooks.build_wheel(wheel_directory, config_settings)


def __getattr__(name: str) -> "Callable[..., Any]":
    if name in _OPTIONAL:
        from rewheel.builds.matrix import hooks

        hook = hooks.optional(name)
        if hook is not None:
            return hook
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
