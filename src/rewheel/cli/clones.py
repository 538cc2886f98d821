"""Editable repositories: cloned into a folder that stays, which is then what is installed (pip's `--src`)."""

from pathlib import Path
from typing import TYPE_CHECKING

from rewheel.config import redact_url
from rewheel.values import replace

if TYPE_CHECKING:
    from rewheel.cli.requirements_file import Asked
    from rewheel.cli.session import Session
    from rewheel.environments import Target
    from rewheel.metadata import Requirement

__all__ = ["clone_editables", "source_folder"]


def source_folder(session: "Session", target: "Target", chosen: Path | None) -> Path:
    """Return where repositories are cloned: `--src`, else `src` in the environment or current folder."""
    if chosen is not None:
        return session.cwd / chosen
    return (session.cwd if target.is_directory_target else target.root) / "src"


def clone_editables(session: "Session", asked: "Asked", folder: Path | None) -> None:
    """Put folders in the place of the repositories that are asked for as editable. Raises RewheelError.

    They lie in `folder`, each under the name of its project; without one they vanish with the run.
    """
    for number, requirement in enumerate(asked.requirements):
        if requirement.url.startswith("git+") and requirement.url in asked.editable:
            folder = folder if folder is not None else session.temporary_folder()
            found = _cloned(session, requirement, folder)
            origin = asked.origins.get(str(requirement))
            if origin is not None:
                asked.origins[str(found)] = origin
            asked.editable.add(found.url)
            asked.requirements[number] = found


def _cloned(session: "Session", requirement: "Requirement", folder: Path) -> "Requirement":
    from rewheel.builds.clones import renew_clone
    from rewheel.builds.errors import RepositoryError
    from rewheel.builds.git import GitReference

    reference = GitReference.parse(requirement.url)
    place = folder / requirement.project
    session.reporter.detail(f"Cloning {reference.shown} into {place}", 0)
    renew_clone(reference, place, session.environ)
    root = (place / reference.subdirectory).resolve()
    if not root.is_relative_to(place.resolve()) or not root.is_dir():
        raise RepositoryError(f"{redact_url(requirement.url)} has no folder {reference.subdirectory!r}")
    return replace(requirement, url=root.as_uri())
