"""All sources of a run, in the order in which they count."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from rewheel.indexes.assembling import index_sources, links_sources
from rewheel.indexes.errors import IndexesError, UnrelatedProjects
from rewheel.indexes.fetching import Client
from rewheel.indexes.files import ProjectPage
from rewheel.indexes.offers import Offer, Step, steps
from rewheel.indexes.policy import Guard, IndexPolicy, Strategy
from rewheel.indexes.source import IndexSource, Source
from rewheel.values import replace

__all__ = ["Sources"]

_ADVICE = "--ignore-index-errors goes on without it"

Item = TypeVar("Item")
Result = TypeVar("Result")


class Sources:
    """The sources in their order; find-links are group 0, and each index or group of mirrors follows."""

    def __init__(
        self, sources: Iterable[Source], client: Client, *, policy: IndexPolicy | None = None
    ) -> None:
        self._sources = tuple(sources)
        self._client = client
        self.policy = policy or IndexPolicy()
        self._told: set[object] = set()
        self._steps: dict[tuple[Source, ...], Sequence[Step]] = {}
        self._lock = threading.Lock()

    @classmethod
    def build(
        cls,
        client: Client,
        *,
        index_url: str = "",
        extra_index_urls: Sequence[str] = (),
        indexes: Sequence[Sequence[Any]] = (),
        find_links: Sequence[str] = (),
        no_index: bool = False,
        base: Path | None = None,
        policy: IndexPolicy | None = None,
        groups: Sequence[tuple[str, Strategy]] = (),
        pins: Mapping[str, str] | None = None,
    ) -> "Sources":
        """Make the sources that a command line names: named indexes, then `index_url`, then the extra ones.

        `indexes` are tuples in the form of IndexEntry, whose end may be missing. `groups` say which strategy
        holds between the members of a group; `pins` are patterns of project names with the index or group
        that they come from; the rest of the `policy` is taken as it is. Relative paths start from `base`,
        the current folder by default. An index that is named twice counts where it is named first. Raises
        InvalidSource.
        """
        folder = base if base is not None else Path.cwd()
        links = links_sources(find_links, client, folder)
        unnamed = [("", url) for url in (index_url, *extra_index_urls)]
        found, complete = index_sources(
            [] if no_index else [*indexes, *unnamed],
            client,
            folder,
            policy=policy or IndexPolicy(),
            groups=groups,
            pins=pins or {},
        )
        return cls([*links, *found], client, policy=complete)

    def __iter__(self) -> Iterator[Source]:
        return iter(self._sources)

    def __len__(self) -> int:
        return len(self._sources)

    @property
    def groups(self) -> tuple[tuple[Source, ...], ...]:
        """The sources by group, in order of priority."""
        numbers = sorted({source.group for source in self._sources})
        return tuple(tuple(s for s in self._sources if s.group == number) for number in numbers)

    def only(self, location: str) -> "Sources":
        """Return the sources at one location, under the same policy; there may be none."""
        found = [source for source in self._sources if source.location == location]
        return Sources(found, self._client, policy=self.policy)

    def under(self, policy: IndexPolicy) -> "Sources":
        """Return the same sources, with all the pages that they have read, under another policy."""
        return Sources(self._sources, self._client, policy=policy)

    def considered(self, project: str) -> tuple[Source, ...]:
        """Return the sources that may have a say about a project: a pin or a denial takes out others.

        A pin leaves what the user keeps on this computer beside it, but no other place in the network.
        """
        pin = self.policy.pin_of(project)
        return tuple(
            source
            for source in self._sources
            if not self.policy.denies(source.name, project)
            and (pin is None or source.name in pin.sources or (source.is_find_links and source.is_local))
        )

    def offer(self, project: str) -> Offer:
        """Ask the sources for a project, and put what they have into the order in which it counts.

        Raises IndexesError when a source fails, unless the failure comes after the first tier and may thus
        not matter: then the offer ends before it, and has it as `failure`. Raises UnrelatedProjects if the
        guard refuses what it finds.
        """
        offer = self._offer(project)
        if self.policy.guard is not Guard.OFF and project not in self.policy.verified:
            self._guard(offer)
        self._tell(offer)
        return offer

    def pages(self, project: str, *, complete: bool = False) -> list[ProjectPage]:
        """Ask all sources at once for a project, and give the pages of those that have it, in order.

        Raises IndexesError when a source fails. A failure after the first group that has the project changes
        nothing for those who take the first: it is only warned of, unless the answer must be `complete`.
        """
        offer = self._offer(project)
        if complete and offer.failure is not None:
            raise offer.failure
        return list(offer.pages)

    def prefetch(self, projects: Iterable[str]) -> None:
        """Start to fetch the projects' pages; failures come up when they are asked for."""
        for project in projects:
            for source in self.considered(project):
                if isinstance(source, IndexSource):
                    self._client.submit(lambda job: _ask(*job), (source, project))
                    if self.policy.strategy is Strategy.FIRST_INDEX:
                        break

    def begin(self, projects: Iterable[str]) -> None:
        """Start at once to fetch the projects' pages, if the network is needed for any of them."""
        lacking = [
            project
            for project in projects
            if any(
                isinstance(each, IndexSource) and each.must_ask(project) for each in self.considered(project)
            )
        ]
        if lacking:
            self.prefetch(lacking)
            self._client.wake()

    def limits(self, project: str) -> str:
        """Say what keeps other indexes from having a say about a project; empty if nothing does."""
        pin = self.policy.pin_of(project)
        if pin is not None:
            return f"{project} is pinned to {pin.target}, and no other index is asked for it"
        denying = [source.name for source in self._sources if self.policy.denies(source.name, project)]
        if denying:
            return f"{', '.join(denying)} may not be asked for {project}"
        if self.policy.strategy is Strategy.FIRST_INDEX and len(self.groups) > 1:
            return f"with {self.policy.strategy} only the first index that has {project} counts"
        return ""

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Apply the function to every item in threads, as the client does."""
        return self._client.map(function, items)

    def verifying(self, projects: Iterable[str]) -> "Sources":
        """Return the same sources, where hashes from the user decide over the files of these projects."""
        return self.under(replace(self.policy, verified=frozenset(projects)))

    def warn(self, source: Source, error: IndexesError) -> None:
        """Warn, once, that a source was not asked."""
        if self._is_news(source):
            self._client.reporter.warning(f"{source.name} was not asked: {error}")

    # How an offer comes about

    def _offer(self, project: str) -> Offer:
        considered = self.considered(project)
        answers = {} if self.policy.strategy is Strategy.FIRST_INDEX else self._ask(considered, project)
        if self.policy.strategy is Strategy.VERSION_PRIORITY:
            pages, failures = self._sort(considered, answers)
            if failures:
                raise self._abort(*failures[0])
            return Offer(project, (tuple(pages),) if pages else ())
        links: list[ProjectPage] = []
        tiers: list[tuple[ProjectPage, ...]] = []
        failure: IndexesError | None = None
        found_in = -1
        finished: set[int] = set()
        for step in self._in_steps(considered):
            if step.group in finished:
                continue
            if tiers and self.policy.strategy is Strategy.FIRST_INDEX and step.group != found_in:
                break
            pages, failures = self._sort(step.sources, answers or self._ask(step.sources, project))
            if failures and not (tiers or links):
                raise self._abort(*failures[0])
            if failures:
                self.warn(*failures[0])
                failure = self._abort(*failures[0])
                break
            if step.is_links:
                links = pages
            elif pages:
                tiers.append(tuple(pages))
                found_in = step.group
                finished |= {step.group} if step.is_alone else set()
        if links:  # beside the first index that has the project
            tiers[:1] = [(*links, *(tiers[0] if tiers else ()))]
        return Offer(project, tuple(tiers), failure)

    def _in_steps(self, considered: tuple[Source, ...]) -> Sequence[Step]:
        """Put sources into steps; for nearly all projects the same ones."""
        found = self._steps.get(considered)
        if found is None:
            found = self._steps[considered] = steps(considered, self.policy)
        return found

    def _ask(self, sources: Sequence[Source], project: str) -> Mapping[Source, "_Answer"]:
        """Ask sources side by side; a failure is an answer."""
        answers = self._client.map(lambda source: _ask(source, project), sources)
        return dict(zip(sources, answers, strict=True))

    def _sort(
        self, sources: Sequence[Source], answers: Mapping[Source, "_Answer"]
    ) -> tuple[list[ProjectPage], list[tuple[Source, IndexesError]]]:
        """Part the answers into pages and failures, and warn of the failures if they are to be ignored."""
        found = [(source, answers[source]) for source in sources]
        pages = [answer for _, answer in found if isinstance(answer, ProjectPage)]
        failures = [(source, answer) for source, answer in found if isinstance(answer, IndexesError)]
        if self.policy.ignore_errors:
            for source, error in failures:
                self.warn(source, error)
            failures = []
        return pages, failures

    def _abort(self, source: Source, error: IndexesError) -> IndexesError:
        """Say with a failure that no other index stands in for the one that failed."""
        if len(self._sources) > 1 and _ADVICE not in error.hint:
            advice = f"no other index stands in for {source.name}; {_ADVICE}"
            error.hint = f"{error.hint}; {advice}" if error.hint else advice
        return error

    def _guard(self, offer: Offer) -> None:
        from rewheel.indexes.vouching import strangers

        found = strangers(offer.pages)
        if found is None:
            return
        problem = UnrelatedProjects(offer.project, *(page.source.name for page in found))
        if self.policy.guard is Guard.REFUSE:
            raise problem
        self._client.reporter.warning(str(problem))

    # What is told of it

    def _is_news(self, subject: object) -> bool:
        with self._lock:
            is_news = subject not in self._told
            self._told.add(subject)
        return is_news

    def _tell(self, offer: Offer) -> None:
        """Tell, with -v, which sources were considered, and of a name that several indexes offer."""
        if not self._is_news(offer.project):
            return
        detail = self._client.reporter.detail
        if self._is_news(Strategy):
            groups = (" and ".join(source.name for source in group) for group in self.groups)
            detail(f"index strategy: {self.policy.strategy}, over {', then '.join(groups) or 'no source'}")
        having = {page.source for page in offer.pages}
        considered = self.considered(offer.project)
        listed = (f"{source.name} ({'has it' if source in having else 'no'})" for source in considered)
        detail(f"{offer.project}: considered {', '.join(listed) or 'no source'}")
        if limits := self.limits(offer.project):
            detail(limits)
        if len(offer.indexes) > 1:
            names = ", ".join(source.name for source in offer.indexes)
            detail(f"{offer.project}: more than one index offers this name: {names}")


_Answer = ProjectPage | IndexesError | None


def _ask(source: Source, project: str) -> _Answer:
    try:
        return source.page(project)
    except IndexesError as error:
        return error
