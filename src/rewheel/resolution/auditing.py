"""Names that several indexes offer, and what each strategy would take: dependency confusion made visible."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from rewheel.indexes import Guard, IndexesError, Strategy
from rewheel.resolution.errors import ResolutionError
from rewheel.resolution.releases import releases_of
from rewheel.values import frozen, replace

if TYPE_CHECKING:
    from rewheel.indexes import File, ProjectPage, Source, Sources
    from rewheel.metadata import Requirement
    from rewheel.resolution.resolver import Resolver

__all__ = ["Audited", "Offered", "Taken", "audit"]


@frozen
class Offered:
    """What one index has of a project."""

    source: "Source"
    newest: str
    """The newest version of which there is a file; empty if no file has a version."""
    files: int


@frozen
class Taken:
    """The file that a strategy would take."""

    version: str
    file: "File"

    @property
    def identity(self) -> tuple[str, str, str]:
        """What tells it from another: its hash, or, where the index gives none, the index that it is from."""
        digest = self.file.digest
        is_sure = digest is not None and digest.is_strong
        return self.version, self.file.filename, str(digest) if is_sure else self.file.source.name


@frozen
class Audited:
    """A project that more than one index offers."""

    requirement: "Requirement"
    offers: tuple[Offered, ...]
    """In the order of the indexes, also of those that a pin or a denial keeps from being asked."""
    takes: Mapping[Strategy, Taken | None]
    """`None` where a strategy finds nothing that would do."""
    limits: str
    """What the user decided about the project; empty if nothing."""
    are_strangers: bool
    """Whether two of the indexes do not vouch for one another (PEP 708)."""

    @property
    def is_decided(self) -> bool:
        """Whether every strategy would take the same file, so that nothing hangs on the strategy."""
        return len({taken.identity if taken else None for taken in self.takes.values()}) == 1


def audit(
    requirements: Sequence["Requirement"],
    sources: "Sources",
    resolver_for: Callable[["Sources"], "Resolver"],
) -> list[Audited]:
    """Find the projects among the requirements that more than one index offers; nothing is resolved or built.

    Every index is asked for every project, whatever the policy says of it. Raises `IndexesError` when one
    fails, unless the policy ignores failures, since a name that it may have would be missing.
    """
    indexes = [source for source in sources if not source.is_find_links]
    projects = list(dict.fromkeys(requirement.project for requirement in requirements))
    pages = sources.map(lambda project: _pages(project, indexes, sources), projects)
    found = {project: offered for project, offered in zip(projects, pages, strict=True) if len(offered) > 1}
    if not found:
        return []
    quiet = replace(sources.policy, guard=Guard.OFF)
    resolvers = {
        strategy: resolver_for(sources.under(replace(quiet, strategy=strategy))) for strategy in Strategy
    }
    return [
        _audited(requirement, found[requirement.project], sources, resolvers)
        for requirement in requirements
        if requirement.project in found
    ]


def _pages(project: str, indexes: Iterable["Source"], sources: "Sources") -> "list[ProjectPage]":
    found = []
    for source in indexes:
        try:
            page = source.page(project)
        except IndexesError as error:
            if not sources.policy.ignore_errors:
                raise
            sources.warn(source, error)
        else:
            if page is not None and page.files:
                found.append(page)
    return found


def _audited(
    requirement: "Requirement",
    pages: Sequence["ProjectPage"],
    sources: "Sources",
    resolvers: Mapping[Strategy, "Resolver"],
) -> Audited:
    from rewheel.indexes.vouching import strangers

    return Audited(
        requirement=requirement,
        offers=tuple(_offered(page) for page in pages),
        takes={strategy: _taken(resolver, requirement) for strategy, resolver in resolvers.items()},
        limits=sources.limits(requirement.project),
        are_strangers=strangers(pages) is not None,
    )


def _offered(page: "ProjectPage") -> Offered:
    releases = releases_of(page, {})
    files = [file for release in releases for file in (*(w.file for w in release.wheels), *release.sdists)]
    return Offered(page.source, releases[0].version if releases else "", len(files))


def _taken(resolver: "Resolver", requirement: "Requirement") -> Taken | None:
    try:
        choice = resolver.explain(requirement).choice
    except ResolutionError:
        return None
    if choice.selected is not None:
        return Taken(choice.version, choice.selected.file)
    if choice.sources is not None and choice.sources.file is not None:
        return Taken(choice.version, choice.sources.file)
    return None
