"""The hooks of our build backend: the wrapped backend does the work, and its wheel is finished here.

They run in the process that a frontend starts for them, in the source tree, with what the project requires.
"""

import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from rewheel.builds.errors import BuildsError
from rewheel.builds.matrix.finishing import edit_for_label, finish_wheel
from rewheel.builds.matrix.freezing import build_providers, freeze
from rewheel.builds.matrix.providers import check_properties, provider_requirements
from rewheel.builds.matrix.requested import Requested
from rewheel.builds.matrix.sdists import finish_sdist
from rewheel.builds.matrix.surroundings import build_epoch
from rewheel.builds.matrix.wrapping import Wrapped, ask_here, describe_here, hook_of
from rewheel.errors import RewheelError

__all__ = ["build_sdist", "build_wheel", "optional", "requirements"]

Settings = dict[str, Any] | None


def requirements(kind: str, settings: Settings) -> list[str]:
    """Return what the wrapped backend, the project and the providers of a variant require for a build."""
    with _told(), Wrapped.open(settings, kind) as wrapped:
        recipe, label = wrapped.recipe, wrapped.requested.label
        found: list[str] = []
        hook = getattr(wrapped.backend, f"get_requires_for_build_{kind}", None)
        if hook is not None:
            found += hook(wrapped.settings) or []
        if kind != "sdist":
            found = list(recipe.build_dependencies.applied(found))
        metadata = wrapped.declaration.metadata
        if label and metadata is not None and kind != "sdist":
            found += provider_requirements(metadata, label)
            found += [text for provider in build_providers(metadata) for text in provider.build_requires]
        return list(dict.fromkeys([*found, *wrapped.requires]))


def build_sdist(folder: str, settings: Settings) -> str:
    """Make the source distribution."""
    with (
        _told(),
        Wrapped.open(settings, "sdist") as wrapped,
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as draft,
    ):
        name = wrapped.backend.build_sdist(draft, wrapped.settings)
        epoch = build_epoch(wrapped.environ)
        return finish_sdist(Path(draft, name), Path(folder), wrapped.declaration, epoch=epoch).name


def build_wheel(folder: str, settings: Settings) -> str:
    """Build the wheel that is asked for; with `variant-output` the plain one, and the variant goes there."""
    with _told():
        output = Path(folder)
        made = _build(output, settings)
        asked = dict(settings or {})
        place = asked.pop("variant-output", "")
        if not place:
            return made.name
        plain = {key: value for key, value in asked.items() if key != "variant-label"}
        return _build(output, plain).name


def optional(name: str) -> Callable[..., Any] | None:
    """Return a hook that is there only if the wrapped backend has it."""
    with _told():
        # Every editable build may require what the project adds.
        if not hook_of("build_editable" if name == "get_requires_for_build_editable" else name):
            return None
    kind = name.rpartition("_")[2]
    if name.startswith("get_requires"):
        return partial(_requirements_hook, kind)
    return partial(_prepare_hook, kind) if name.startswith("prepare") else _editable_hook


def _requirements_hook(kind: str, config_settings: Settings = None) -> list[str]:
    return requirements(kind, config_settings)


def _prepare_hook(kind: str, metadata_directory: str, config_settings: Settings = None) -> str:
    return _prepare(kind, metadata_directory, config_settings)


def _editable_hook(
    wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None
) -> str:
    del metadata_directory  # the wrapped backend did not write it as it is now
    return _editable(wheel_directory, config_settings)


def _build(output: Path, settings: Settings) -> Path:
    with (
        Wrapped.open(settings, "wheel") as wrapped,
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as draft,
    ):
        requested, declaration = wrapped.requested, wrapped.declaration
        if requested.label:
            _refuse_for_pip(requested, wrapped.outside)
            if requested.is_checked:
                check_properties(declaration, describe_here, wrapped.markers)
        name = wrapped.backend.build_wheel(draft, wrapped.settings, None)
        metadata = declaration.metadata
        if metadata is not None and requested.label:
            metadata = freeze(metadata, partial(ask_here, with_supported=True))
        where = wrapped.root / requested.output if requested.label and requested.output else output
        return finish_wheel(
            Path(draft, name),
            where,
            label=requested.label,
            declaration=declaration,
            metadata=metadata,
            versions=wrapped.versions(),
            epoch=build_epoch(wrapped.environ),
        )


def _editable(folder: str, settings: Settings) -> str:
    """Make an editable wheel, which is a plain one whatever it is built for (PEP 825)."""
    with (
        _told(),
        Wrapped.open(settings, "editable") as wrapped,
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as draft,
    ):
        name = wrapped.backend.build_editable(draft, wrapped.settings, None)
        return finish_wheel(
            Path(draft, name),
            Path(folder),
            label="",
            declaration=wrapped.declaration,
            metadata=None,
            versions={},
            epoch=build_epoch(wrapped.environ),
        ).name


def _prepare(kind: str, folder: str, settings: Settings) -> str:
    """Let the wrapped backend write the metadata, and make them what those of the finished wheel will be."""
    with _told(), Wrapped.open(settings, kind) as wrapped:
        name: str = getattr(wrapped.backend, f"prepare_metadata_for_build_{kind}")(folder, wrapped.settings)
        path = Path(folder, name, "METADATA")
        label = wrapped.requested.label if kind == "wheel" else ""
        path.write_bytes(edit_for_label(path.read_bytes(), label, wrapped.declaration))
        return name


def _refuse_for_pip(requested: Requested, environ: "dict[str, str]") -> None:
    """Stop before hours of work of which pip would throw the result away: it knows no labels."""
    if "PIP_BUILD_TRACKER" in environ and not requested.output:
        raise BuildsError(
            f"pip does not take wheels with a label, and would throw the variant {requested.label} away",
            hint="name a folder for it, -C variant-output=DIR; pip itself then gets the plain wheel. Or use "
            "`rewheel build`, or `python -m build`",
        )


class _told:  # noqa: N801 - reads as a word in front of `Wrapped.open`
    """Ends the process with a sentence instead of a traceback: frontends show what hooks print."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, RewheelError):
            hint = f"\nhint: {error.hint}" if error.hint else ""
            sys.stderr.write(f"error: {error}{hint}\n")
            raise SystemExit(1) from None
