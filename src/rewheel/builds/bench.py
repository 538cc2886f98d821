"""Where one source tree is built: an environment with what the build requires, and nothing else."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from rewheel.builds.environment import create_environment, environ_inside, environ_outside
from rewheel.builds.errors import BuildFailed, BuildsError
from rewheel.builds.logs import BuildLog
from rewheel.builds.passthrough import Passthrough, find_passthrough
from rewheel.errors import RewheelError
from rewheel.installing import Installer
from rewheel.metadata import Requirement

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from rewheel.builds.workshop import Workshop
    from rewheel.environments import Target
    from rewheel.resolution import WheelBuilder

__all__ = ["Bench"]


class Bench:
    """The environment of one build, made when it is first needed; without isolation, the one outside."""

    def __init__(
        self,
        folder: Path,
        *,
        what: str,
        project: str,
        workshop: "Workshop",
        nested: "Callable[[str], AbstractContextManager[WheelBuilder]]",
        log: BuildLog,
        passthrough: frozenset[str],
    ) -> None:
        """Make the environment below `folder`. `what` is built, of the `project`, if its name is known.

        `nested` makes the builder for what the build of a project requires; `passthrough` are projects that
        it is to see as they are installed outside.
        """
        self._folder = folder
        self._what = what
        self._project = project
        self._workshop = workshop
        self._nested = nested
        self._log = log
        self._projects = passthrough

    @cached_property
    def passthrough(self) -> Passthrough:
        """What is installed outside and visible inside."""
        return find_passthrough(self._workshop.passthrough | self._projects, self._workshop.target)

    @cached_property
    def target(self) -> "Target":
        """The environment. Raises `RewheelError` if there can be none."""
        workshop = self._workshop
        if not workshop.isolated:
            return workshop.target
        folder = self._folder / "environment"
        target = create_environment(folder, workshop.target.python, workshop.environ, workshop.cache_dir)
        try:
            self.passthrough.link(self._folder / "passthrough", target)
        except OSError as error:
            shown = error.strerror or error
            raise BuildsError(f"what is installed can't be passed through to a build: {shown}") from error
        if self.passthrough.distributions:
            passed = ", ".join(self.passthrough.stamp)
            self._log.write(f"passed through: {passed}")
            workshop.reporter.detail(f"{self._what} is built with the installed {passed}")
        return target

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment variables that a backend sees here."""
        inside = environ_inside if self._workshop.isolated else environ_outside
        return inside(self.target, self._workshop.environ)

    def install(self, texts: Sequence[str]) -> None:
        """Install what the build requires, with our own installer; outside of isolation it must be there."""
        if not self._workshop.isolated:
            return
        target = self.target
        wanted = [Requirement.parse(text) for text in texts]
        wanted = [requirement for requirement in wanted if requirement.applies(target.markers)]
        passed = self.passthrough
        workshop = self._workshop
        conflicts = list(passed.conflicts(wanted, self._what))
        if conflicts and not workshop.passthrough_force:
            raise conflicts[0]
        for conflict in conflicts:
            workshop.reporter.warning(f"{conflict}; it is passed through all the same")
        wanted = [requirement for requirement in wanted if requirement.project not in passed.projects]
        if not wanted:
            return
        with self._nested(self._project or self._what) as builder:
            installer = Installer(
                resolver=workshop.resolvers(
                    target,
                    builder=builder,
                    installed=[*target.installed(), *passed.distributions],
                    fixed=passed.projects,
                    at_any_version=workshop.passthrough_force,
                ),
                client=workshop.client,
                target=target,
                store=workshop.store,
                builder=builder,
                reporter=workshop.reporter,
            )
            try:
                installer.install(wanted)
            except BuildsError:
                raise
            except RewheelError as error:
                raise BuildFailed(
                    self._what, f"its build requires {', '.join(texts)}: {error}", hint=error.hint
                ) from error
