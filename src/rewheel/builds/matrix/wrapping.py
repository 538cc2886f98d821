"""The backend that ours wraps, in this very process: its tree, its variables, its settings, for one hook."""

import contextlib
import importlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rewheel.builds.errors import InvalidProject
from rewheel.builds.matrix.compiler_flags import default_flags_here
from rewheel.builds.matrix.declaration import PYPROJECT, Declaration, read_declaration
from rewheel.builds.matrix.plugins import endpoint_of
from rewheel.builds.matrix.recipe import Recipe
from rewheel.builds.matrix.requested import Requested
from rewheel.builds.matrix.surroundings import surroundings
from rewheel.builds.matrix.systems import extra_requirements, wrapped_system
from rewheel.builds.matrix.trees import copy_sources, digest_of_tree, pyproject_for_backend, write_pyproject
from rewheel.builds.matrix.workplace import place_key, steady_workplace
from rewheel.builds.project import BuildSystem
from rewheel.machines import PluginDescription
from rewheel.variants import Provider

__all__ = ["Wrapped", "ask_here", "describe_here", "hook_of"]


@dataclass(frozen=True, slots=True)
class Wrapped:
    """The wrapped backend, imported, in the folder and with the variables that the asked build needs."""

    backend: Any
    root: Path
    """The source tree that the frontend started us in."""
    declaration: Declaration
    requested: Requested
    requires: Sequence[str]
    """What the project requires besides, by `[tool.rewheel.build]`."""
    outside: dict[str, str]
    """The environment variables as the frontend gave them."""

    @classmethod
    @contextlib.contextmanager
    def open(cls, settings: Mapping[str, Any] | None, kind: str) -> Iterator["Wrapped"]:
        """Enter where the hook of a `kind` of build works; leave this process as it was.

        A variant is built in a copy of the tree: what another variant's build left there has other flags. So
        is what the wrapped backend must not see in pyproject.toml. Raises `RewheelError`.
        """
        root = Path.cwd()
        declaration = read_declaration(root / PYPROJECT)
        system = wrapped_system(root, root.name)
        requested = Requested.read(settings, declaration)
        outside = dict(os.environ)
        recipe = Recipe() if kind == "sdist" else declaration.recipe(requested.label)
        label = requested.label if not recipe.is_empty else ""
        patched = pyproject_for_backend(declaration)
        with contextlib.ExitStack() as stack:
            place = root
            if kind != "editable" and (requested.label or patched is not None):
                place = stack.enter_context(_copy(root, label, kind, patched))
            made = surroundings(
                outside,
                recipe,
                label,
                root=str(place),
                prefix=sys.prefix,
                defaults=default_flags_here(system),
            )
            stack.enter_context(_inside(place, made))
            if declaration.default_extras.deprecation:
                where = declaration.where(*declaration.default_extras.path)
                sys.stderr.write(f"warning: {where}: {declaration.default_extras.deprecation}\n")
            backend = _import(system, place)
            yield cls(backend, root, declaration, requested, extra_requirements(root), outside)

    @property
    def recipe(self) -> Recipe:
        """How the label is built."""
        return self.declaration.recipe(self.requested.label)

    @property
    def settings(self) -> dict[str, Any] | None:
        """The config settings for the wrapped backend, as `rewheel build` would give them."""
        return self.recipe.settings_with(self.requested.settings) or None

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment variables of the build."""
        return os.environ

    @property
    def markers(self) -> Mapping[str, str]:
        """The environment of dependency specifiers here."""
        from packaging.markers import default_environment

        return {name: str(value) for name, value in default_environment().items()}

    def versions(self) -> dict[str, str]:
        """Return what is installed for the build."""
        from importlib.metadata import distributions

        from rewheel.variants import normalize_project

        found: dict[str, str] = {}
        for distribution in distributions():
            name = distribution.metadata["Name"]
            if name:  # the first on the path is the one that is imported
                found.setdefault(normalize_project(name), distribution.version)
        return found


def hook_of(name: str) -> bool:
    """Tell whether the wrapped backend has a hook."""
    root = Path.cwd()
    return hasattr(_import(wrapped_system(root, root.name), root), name)


def ask_here(
    provider: Provider, properties: list[tuple[str, str]], *, with_supported: bool = False
) -> PluginDescription:
    """Ask a provider plugin that the frontend installed for the build; raises `RewheelError`."""
    from rewheel.machines.plugin_here import describe_plugin

    return describe_plugin(
        endpoint_of(provider), provider.namespace, properties=properties, with_supported=with_supported
    )


def describe_here(provider: Provider, properties: list[tuple[str, str]]) -> PluginDescription | None:
    """Ask a plugin what may be declared, if it is installed: that it is, is the project's own wish."""
    from importlib.util import find_spec

    if find_spec(endpoint_of(provider).module.partition(".")[0]) is None:
        return None
    return ask_here(provider, properties)


@contextlib.contextmanager
def _copy(root: Path, label: str, kind: str, patched: str | None) -> Iterator[Path]:
    digest = digest_of_tree(root)
    key = place_key(digest, label, sys.implementation.name, sys.version_info[:2])
    with steady_workplace(f"{digest} sdist" if kind == "sdist" else key) as place:
        copy_sources(root, place / "tree")
        write_pyproject(place / "tree", patched)
        yield place / "tree"


@contextlib.contextmanager
def _inside(place: Path, environ: Mapping[str, str]) -> Iterator[None]:
    """Work in a folder with other variables for a while."""
    before, folder = dict(os.environ), Path.cwd()
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(place)
    try:
        yield
    finally:
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(before)


def _import(system: BuildSystem, place: Path) -> Any:  # noqa: ANN401 - a backend is of no type
    for entry in reversed(system.backend_path):
        path = str((place / entry).resolve())
        if path not in sys.path:
            sys.path.insert(0, path)
    module, _, attributes = system.backend.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for name in filter(None, attributes.split(".")):
            found = getattr(found, name)
    except (ImportError, AttributeError) as error:
        raise InvalidProject(
            f"the backend {system.backend}, which rewheel is to wrap, can't be imported: {error}",
            hint="name what provides it in build-system.requires, beside rewheel",
        ) from error
    return found
