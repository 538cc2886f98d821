"""Requirements that projects and scripts keep in their own files: dependency groups, inline metadata."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rewheel.cli.requirements_file import Asked
from rewheel.cli.session import Session
from rewheel.errors import UsageError

if TYPE_CHECKING:
    from rewheel.environments import Target
    from rewheel.metadata import Requirement

__all__ = ["add_groups", "add_scripts", "check_scripts"]


def add_groups(session: Session, asked: Asked, groups: Iterable[str]) -> None:
    """Add the requirements of dependency groups, each `[PATH:]NAME` (PEP 735); raises RewheelError."""
    for text in groups:
        from rewheel.metadata.dependency_groups import read_dependency_group

        place, _, name = text.rpartition(":")
        path = session.cwd / (place or "pyproject.toml")
        if path.is_dir():
            path /= "pyproject.toml"
        if not name:
            raise UsageError(f"--group {text}: the name of the group is missing")
        _add(asked, read_dependency_group(path, name), f"--group {text}")


def add_scripts(session: Session, asked: Asked, scripts: Iterable[str]) -> None:
    """Add what scripts say that they need (PEP 723); raises RewheelError."""
    for text in scripts:
        from rewheel.metadata.inline_script import read_script

        _add(asked, read_script(session.cwd / text).requires, text)


def check_scripts(session: Session, scripts: Iterable[str], target: "Target") -> None:
    """Raise UsageError if a script is not for the target's Python."""
    for text in scripts:
        from rewheel.metadata.inline_script import read_script
        from rewheel.resolution.eligibility import python_allows

        wanted = read_script(session.cwd / text).requires_python
        python = target.markers["python_full_version"]
        if wanted and not python_allows(wanted, python):
            raise UsageError(
                f"{text} requires Python {wanted}, but {target.python} is {python}",
                hint="name another interpreter with --python",
            )


def _add(asked: Asked, requirements: "Iterable[Requirement]", origin: str) -> None:
    for requirement in requirements:
        asked.requirements.append(requirement)
        asked.origins.setdefault(str(requirement), origin)
        asked.without_hash.append((requirement.project, f"{requirement} ({origin})"))
