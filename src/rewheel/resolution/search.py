"""One search: the answers to the solver's questions, and what its solution means."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rewheel.errors import RewheelError
from rewheel.resolution.candidate_set import CandidateSet
from rewheel.resolution.choice import Status
from rewheel.resolution.errors import NoCandidate
from rewheel.resolution.packages import DEFAULT_EXTRAS, extra_of, packages_of, project_of
from rewheel.resolution.question import Requested, Solution
from rewheel.resolution.resolved import Resolution, ResolvedPackage, dependencies_first
from rewheel.resolution.status import status_warning
from rewheel.resolution.straight import go_straight

if TYPE_CHECKING:
    from packaging.version import Version

    from rewheel.indexes import Client
    from rewheel.metadata import Requirement
    from rewheel.progress import Reporter
    from rewheel.resolution.candidates import Candidate, ProjectCandidates
    from rewheel.resolution.choice import Choice, WheelVerdict
    from rewheel.resolution.inspection import Inspected, Inspector
    from rewheel.resolution.solver import Unsolvable
    from rewheel.resolution.universe import Universe

__all__ = ["Likely", "Search"]

Likely = Callable[[str, "WheelVerdict"], None]
"""Hears of a project and its wheel that will probably be part of the answer."""


class Search:
    """Finds one candidate for every project that is needed, and reports what was passed over."""

    def __init__(
        self,
        universe: "Universe",
        inspector: "Inspector",
        *,
        markers: Mapping[str, str],
        no_deps: bool,
        no_default_extras: bool,
        origins: Mapping[str, str],
        client: "Client",
        reporter: "Reporter",
        likely: Likely | None = None,
    ) -> None:
        self._universe = universe
        self._likely = likely
        self._inspector = inspector
        self._markers = markers
        self._no_deps = no_deps
        self._no_default_extras = no_default_extras
        self._origins = origins
        self._constraints: Mapping[str, Sequence[Requirement]] = {}
        self._client = client
        self._reporter = reporter
        self._needs: dict[tuple[str, int], Sequence[Requested]] = {}
        self._met: dict[str, int] = {}
        self._decided: dict[str, int] = {}
        self._passed_over: dict[Candidate, Inspected] = {}
        self._have_defaults: set[str] = set()

    def run(
        self,
        requested: Sequence[tuple["Requirement", CandidateSet]],
        constraints: Sequence["Requirement"] = (),
        held: Mapping[str, "Version"] | None = None,
    ) -> Resolution:
        """Search until everything fits together, and warn of versions that variants ruled out.

        Projects in `held` may have that version only. Raises `ResolutionError` if nothing fits.
        """
        limits: dict[str, list[Requirement]] = {}
        for constraint in constraints:
            limits.setdefault(constraint.project, []).append(constraint)
        self._constraints = limits
        wanted = [requirement for requirement, _ in requested]
        self._prepare(requirement.project for requirement in wanted)
        while True:
            references = self._universe.references
            roots = [
                entry
                for requirement in wanted
                for entry in self._packages(requirement, self._universe.allowed(requirement, by_user=True))
            ]
            solution, failure = self._solve(roots, held or {})
            if self._universe.references != references:
                # What was said before of a project knows nothing of a file that was named only later.
                self._needs.clear()
                self._decided.clear()
            elif failure is not None:
                raise self._failure(failure) from failure
            elif solution is not None and not self._learn_of_default_extras(solution):
                return self._resolution(solution, wanted)

    def _solve(
        self, roots: Sequence[Requested], held: Mapping[str, "Version"]
    ) -> tuple[Solution | None, "Unsolvable | None"]:
        """Return a solution, or else the proof that there is none."""

        def limit(package: str) -> CandidateSet | None:
            return self._limit(package, held)

        solution = go_straight(self, roots, limit)
        if solution is not None:
            return solution, None
        from rewheel.resolution.solver import Unsolvable, solve

        self._decided.clear()
        try:
            return solve(self, roots, limit), None
        except Unsolvable as unsolvable:
            return None, unsolvable

    def _limit(self, package: str, held: Mapping[str, "Version"]) -> CandidateSet | None:
        """Return what constraints, and the versions that are taken for granted, leave of a package."""
        if package not in self._constraints and package not in held:
            return None
        allowed = CandidateSet.full()
        for constraint in self._constraints.get(package, ()):
            allowed = allowed & self._universe.allowed(constraint, by_user=True)
        if package in held:
            numbered = enumerate(self._universe.candidates(package).candidates.versions)
            bits = sum(1 << number for number, each in numbered if each == str(held[package]))
            allowed = allowed & CandidateSet(bits)
        return allowed

    # What the solver asks

    def choose(self, package: str, allowed: CandidateSet) -> int | None:
        """Return the best candidate whose wheel and metadata can be used."""
        project = project_of(package)
        candidates = self._universe.candidates(project)
        decided = self._decided.get(project)
        if package != project and decided is not None and decided in allowed:
            return decided
        for number, candidate in candidates.in_order(allowed):
            try:
                found = self._inspector.inspect(candidate, number in candidates.pinned)
            except RewheelError as error:
                if number and not (candidate.has_wheel or candidate.installed or candidate.reference):
                    error.hint = "; ".join(filter(None, [error.hint, _why_built(candidate)]))
                raise
            if found.metadata is not None:
                if package == project:
                    self._decided[project] = number
                return number
            self._passed_over[candidate] = found
        return None

    def dependencies(self, package: str, number: int) -> Sequence[Requested]:
        """Return what the chosen wheel of a candidate needs, or one of its extras."""
        known = self._needs.get((package, number))
        if known is None:
            known = self._needs[package, number] = list(self._read_needs(package, number))
        return known

    def priority(self, package: str, allowed: CandidateSet, conflicts: int) -> Any:  # noqa: ANN401
        """Put first what has only one candidate, then what made trouble, then what was met first."""
        project = project_of(package)
        if conflicts:  # what is decided now may be taken back
            self._likely = None
        single = allowed.bits > 0 and not allowed.bits & (allowed.bits - 1)
        return (not single, -conflicts, self._met.get(project, len(self._met)), package)

    # What the report of a failure asks

    def candidates(self, project: str) -> "ProjectCandidates":
        """Return the candidates of a project."""
        return self._universe.candidates(project)

    def needs_of(self, package: str, number: int, dependency: str) -> Iterable[Requested]:
        """Return the requirements by which a candidate needs a dependency."""
        return [entry for entry in self._needs.get((package, number), ()) if entry.package == dependency]

    def constraints(self, project: str) -> Sequence[str]:
        """Return the words of the constraints on a project."""
        return [str(constraint) for constraint in self._constraints.get(project, ())]

    def origin(self, text: str) -> str:
        """Say where a requirement or constraint of the user's stands; empty if that is the command line."""
        return self._origins.get(text, "")

    def obstacles(self, project: str, among: CandidateSet) -> Iterable[str]:
        """Say why candidates could not be used, or that no source has the project."""
        if not self._universe.is_known(project):
            yield f"no source has a project named {project}"
            return
        from rewheel.resolution.failure import versions_of

        found = self._universe.candidates(project)
        reasons: dict[str, CandidateSet] = {}
        for number, candidate in enumerate(found.candidates):
            passed_over = self._passed_over.get(candidate)
            reason = passed_over.obstacle if passed_over is not None else found.reluctance(number)
            if number in among and reason:
                known = reasons.get(reason, CandidateSet.empty())
                reasons[reason] = known | CandidateSet.singleton(number)
        for reason, those in reasons.items():
            yield f"{project} {versions_of(found, those)}: {reason}"

    # How the answers come about

    def _read_needs(self, package: str, number: int) -> Iterable[Requested]:
        project = project_of(package)
        candidate = self._universe.candidates(project).candidates[number]
        found = self._inspect(project, number)
        if self._likely is not None and found.choice is not None and found.choice.selected is not None:
            self._likely(project, found.choice.selected)
        if package != project:
            yield Requested(project, CandidateSet.singleton(number), f"{project}=={candidate.version}")
        if self._no_deps:
            return
        extra = extra_of(package)
        requirements = found.requirements(self._markers)
        if extra == DEFAULT_EXTRAS:
            for name in found.default_extras:
                yield Requested(f"{project}[{name}]", CandidateSet.singleton(number), f"{project}[{name}]")
            return
        if extra:
            if extra not in found.extras:
                self._reporter.warning(f"{project} {candidate.version} has no extra named {extra}")
            without = set(requirements)
            requirements = [r for r in found.requirements(self._markers, (extra,)) if r not in without]
        self._prepare(requirement.project for requirement in requirements if not requirement.url)
        for requirement in requirements:
            yield from self._packages(requirement, self._universe.allowed(requirement))

    def _packages(self, requirement: "Requirement", allowed: CandidateSet) -> Iterable[Requested]:
        return packages_of(requirement, allowed, have_defaults=self._have_defaults)

    def _learn_of_default_extras(self, solution: Solution) -> bool:
        """Note which projects have default extras; if there are new ones, the search has to run again.

        Few projects have any, and which do is known only from the metadata of what was chosen.
        """
        if self._no_default_extras:
            return False
        new = {
            project
            for project, number in solution.pins.items()
            if project not in self._have_defaults
            and not extra_of(project)
            and self._inspect(project, number).default_extras
        }
        self._have_defaults |= new
        self._needs.clear()
        return bool(new)

    def _inspect(self, project: str, number: int) -> "Inspected":
        candidates = self._universe.candidates(project)
        return self._inspector.inspect(candidates.candidates[number], number in candidates.pinned)

    def _prepare(self, projects: Iterable[str]) -> None:
        """Fetch the pages of new projects side by side, and begin to read their likely wheels."""
        new = [name for name in dict.fromkeys(projects) if name not in self._met]
        self._universe.meet(new)
        for project in new:
            self._met[project] = len(self._met)
            candidates = self._universe.candidates(project)
            number, first = next(iter(candidates.in_order(CandidateSet.full())), (0, None))
            if first is not None and not first.has_variants:
                self._client.submit(self._look_ahead, (first, number in candidates.pinned))

    def _look_ahead(self, job: tuple["Candidate", bool]) -> None:
        self._inspector.look_ahead(*job)

    # What the solution means

    def _resolution(self, solution: Solution, wanted: Sequence["Requirement"]) -> Resolution:
        requires: dict[str, list[str]] = {}
        extras: dict[str, set[str]] = {}
        for package in solution.pins:
            if extra_of(package) not in {"", DEFAULT_EXTRAS}:
                extras.setdefault(project_of(package), set()).add(extra_of(package))
        for parent, child in solution.edges:
            if project_of(parent) != project_of(child):
                requires.setdefault(project_of(parent), []).append(project_of(child))
        projects = [package for package in solution.pins if not extra_of(package)]
        asked = {requirement.project: requirement for requirement in wanted}
        packages = []
        for project in dependencies_first(projects, requires):
            number = solution.pins[project]
            candidates = self._universe.candidates(project)
            candidate = candidates.candidates[number]
            found = self._inspect(project, number)
            assert found.metadata is not None
            self._warn_of_passed_over(candidates.candidates[:number], candidate)
            self._warn_of_yanked(candidate, found)
            if found.choice is not None:
                self._reporter.detail(f"{project} {candidate.version} is taken from {found.choice.source}")
                self._warn_of_status(project, found.choice)
            packages.append(
                ResolvedPackage(
                    project=project,
                    version=candidate.version,
                    metadata=found.metadata,
                    choice=found.choice,
                    kept=candidate.installed,
                    extras=tuple(sorted(extras.get(project, ()))),
                    requires=tuple(dict.fromkeys(requires.get(project, ()))),
                    requested=project in asked,
                    direct_url=candidate.direct_url,
                    pinned=number in candidates.pinned or bool(candidate.reference),
                )
            )
        return Resolution(tuple(packages))

    def _warn_of_passed_over(self, better: Sequence["Candidate"], taken: "Candidate") -> None:
        for candidate in better:
            found = self._passed_over.get(candidate)
            if found is not None and found.choice is not None and found.choice.variants_are_to_blame:
                skipped = f"{candidate.project} {candidate.version}"
                self._reporter.warning(f"{skipped} is passed over for {taken.version}: {found.obstacle}")

    def _warn_of_status(self, project: str, choice: "Choice") -> None:
        taken = choice.selected.file if choice.selected is not None else None
        if taken is None and choice.sources is not None:
            taken = choice.sources.file
        if (
            taken is not None
            and not taken.source.is_find_links
            and (warning := status_warning(project, taken))
        ):
            self._reporter.warning(warning)

    def _warn_of_yanked(self, taken: "Candidate", found: "Inspected") -> None:
        selected = found.choice.selected if found.choice is not None else None
        if selected is not None and not taken.reference:
            reason = selected.file.yanked
        else:
            reason = taken.yank_reason if taken.is_yanked else None
        if reason is not None:
            because = f" ({reason})" if reason else ""
            self._reporter.warning(
                f"{taken.project} {taken.version} was yanked by its maintainers{because}, and is taken only "
                "because a requirement names exactly this version"
            )

    def statuses(self, project: str) -> Iterable[str]:
        """Tell, by words of `Status` and `PRE_RELEASE`, why candidates of a project were not taken."""
        found = self._universe.candidates(project)
        for number, candidate in enumerate(found.candidates):
            passed_over = self._passed_over.get(candidate)
            if passed_over is not None and passed_over.choice is not None:
                yield from (str(verdict.status) for verdict in passed_over.choice.verdicts)
            elif reluctance := found.reluctance(number):
                yield str(Status.YANKED) if candidate.is_yanked else reluctance

    def _failure(self, unsolvable: "Unsolvable") -> "RewheelError":
        from rewheel.resolution.failure import advice, contradiction
        from rewheel.resolution.solver import FactKind

        facts = unsolvable.facts
        for fact in facts:  # an index that could not be asked may have had what is lacking
            for package in filter(None, (fact.package, fact.dependency)):
                if (failure := self._universe.failure(project_of(package))) is not None:
                    return failure
        projects = {project_of(fact.package) for fact in facts}
        if len(projects) == 1 and any(fact.kind is FactKind.NO_CANDIDATE for fact in facts):
            project = projects.pop()
            obstacles = list(self.obstacles(project, CandidateSet.full()))
            if obstacles:
                return NoCandidate(
                    f"no version of {project} can be installed here:\n"
                    + "\n".join(f"  - {o}" for o in obstacles),
                    hint=advice([project], self),
                )
        return contradiction(facts, self)


def _why_built(candidate: "Candidate") -> str:
    """Say why somebody who asked for something newer sees an old version fail."""
    project = candidate.project
    return (
        f"newer versions of {project} than {candidate.version} had been ruled out; `--only-binary {project}` "
        "leaves out those without a wheel, and the contradiction is told"
    )
