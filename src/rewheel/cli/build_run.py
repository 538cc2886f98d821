"""One run of `rewheel build`: from the words of the command to wheels and a table of what became of them."""

import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rewheel.cli.reporter import size_text
from rewheel.cli.tables import table_lines
from rewheel.errors import UsageError
from rewheel.values import frozen

if TYPE_CHECKING:
    from rewheel.builds import Workshop
    from rewheel.builds.matrix import Declaration, Matrix, Product
    from rewheel.cli.session import Session

__all__ = ["BuildRun"]


@frozen(slots=False)
class BuildRun:
    """What was asked for, as it was written."""

    session: "Session"
    source: Path
    output: Path | None
    labels: Sequence[str]
    all_variants: bool
    sdist: bool
    pyproject: Path | None
    pythons: Sequence[str]
    jobs: int | None
    rebuild: bool
    no_validate: bool
    config_settings: Sequence[str]

    def run(self, *, as_json: bool) -> int:
        """Build, tell, and return the exit code. Raises `RewheelError`."""
        if self.labels and self.all_variants:
            raise UsageError("--variant and --all-variants exclude each other")
        declaration = self._declaration
        labels = self._wanted()
        declaration.check_labels(labels)
        if declaration.default_extras.deprecation:
            self.session.reporter.warning(
                f"{declaration.where(*declaration.default_extras.path)}: "
                f"{declaration.default_extras.deprecation}"
            )
        matrix = self._matrix()
        if any(labels) and not self.no_validate:
            self._validate(matrix.workshops[0])
        products = matrix.run(labels, sdist=self.sdist and self._is_folder)
        if as_json:
            self.session.output.json({"products": [_as_json(product) for product in products]})
        else:
            self._tell(products)
        return 1 if any(product.outcome == "failed" for product in products) else 0

    def _wanted(self) -> list[str]:
        if self.all_variants:
            if self._declaration.metadata is None:
                self._declaration.check_labels(["*"])
            return ["", *self._declaration.labels]
        return list(dict.fromkeys(self.labels)) or [""]

    @cached_property
    def _root(self) -> Path:
        """The source tree, unpacked if need be."""
        from rewheel.builds import unpack_sources

        path = self.session.cwd / self.source
        if path.is_dir():
            return path.resolve()
        if not path.is_file():
            raise UsageError(f"{self.source}: there is no such folder or source distribution")
        if path.suffix == ".whl":
            raise UsageError(
                f"{self.source} is a wheel, which is built already",
                hint="`rewheel variant make` repacks wheels",
            )
        return unpack_sources(path, self.session.temporary_folder() / "sources")

    @property
    def _is_folder(self) -> bool:
        return (self.session.cwd / self.source).is_dir()

    @cached_property
    def _output(self) -> Path:
        if self.output is not None:
            return self.session.cwd / self.output
        return (self._root if self._is_folder else self.session.cwd) / "dist"

    @cached_property
    def _declaration(self) -> "Declaration":
        from rewheel.builds.matrix import read_declaration

        if self.pyproject is not None:
            path = self.session.cwd / self.pyproject
            if not path.is_file():
                raise UsageError(f"{self.pyproject}: there is no such file")
            return read_declaration(path, str(self.pyproject))
        path = self._root / "pyproject.toml"
        is_here = path.parent == self.session.cwd.resolve()
        return read_declaration(path, "pyproject.toml" if is_here else _shown(path, self.session.cwd))

    def _matrix(self) -> "Matrix":
        from rewheel.builds.matrix import Matrix, wrapped_system
        from rewheel.cli.building import workshop_for
        from rewheel.cli.requirements_file import read_config_settings

        session = self.session
        targets = [session.target_of(python) for python in self.pythons] or [session.reference_target]
        name = self._root.name if self._is_folder else self.source.name
        settings = read_config_settings(self.config_settings)
        if "variant-label" in settings:
            raise UsageError(
                "-C variant-label is for other build tools", hint="name the variant with --variant"
            )
        return Matrix(
            root=self._root,
            name=name,
            declaration=self._declaration,
            system=wrapped_system(self._root, name),
            workshops=[workshop_for(session, target) for target in targets],
            output=self._output,
            journals=session.cache_dir / "finished-1",
            settings=settings,
            jobs=self.jobs or min(4, os.cpu_count() or 1),
            rebuild=self.rebuild,
            told=self._heard,
        )

    def _validate(self, workshop: "Workshop") -> None:
        from rewheel.builds.matrix import check_properties
        from rewheel.machines import Machine

        target = workshop.target
        providers = self.session.providers(Machine.here(self.session.environ), target.markers)
        for namespace in check_properties(self._declaration, providers.describe, target.markers):
            self.session.reporter.detail(
                f"nobody could say whether the properties of {namespace} are valid", 0
            )

    def _heard(self, product: "Product") -> None:
        name = f"{product.name} {product.path.name}" if product.path is not None else product.name
        self.session.reporter.detail(f"{product.outcome}: {name}")

    def _tell(self, products: "Sequence[Product]") -> None:
        output = self.session.output
        rows = [self._row(product) for product in products]
        for line in table_lines(rows, indent="  "):
            output.say(line)
        for product in products:
            if product.error is not None:
                who = (
                    f"{product.name} with Python {product.python}" if len(self.pythons) > 1 else product.name
                )
                output.error(f"{who}: {product.error}", product.error.hint)
        there = [product for product in products if product.path is not None]
        failed = sum(product.outcome == "failed" for product in products)
        count = len({product.path for product in there})
        more = f"; {failed} failed, the same command builds only those again" if failed else ""
        output.say(
            f"{count} file{'s' if count != 1 else ''} in {_shown(self._output, self.session.cwd)}{more}"
        )

    def _row(self, product: "Product") -> list[str]:
        cells = [product.name, product.outcome.value]
        if len(self.pythons) > 1:
            cells.insert(1, product.python)
        if product.path is not None:
            cells += [size_text(product.path.stat().st_size), product.path.name]
        elif product.log is not None:
            cells += ["", f"log: {product.log}"]
        return cells


def _shown(path: Path, cwd: Path) -> str:
    """Name a path as people see it from where they are."""
    return os.path.relpath(path, cwd) if path.is_relative_to(cwd) else str(path)


def _as_json(product: "Product") -> dict[str, Any]:
    return {
        "label": "" if product.name.startswith("(") else product.name,
        "kind": "sdist" if product.name == "(sdist)" else "wheel",
        "outcome": product.outcome.value,
        "python": product.python,
        "path": str(product.path) if product.path is not None else None,
        "log": str(product.log) if product.log is not None else None,
        "error": str(product.error) if product.error is not None else None,
    }
