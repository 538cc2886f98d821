"""What a candidate turns out to be: its wheel, its core metadata, its dependencies."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from rewheel.errors import RewheelError
from rewheel.indexes.once import Once
from rewheel.metadata import CoreMetadata, InvalidCoreMetadata, Requirement
from rewheel.metadata.version_keys import key_of
from rewheel.resolution.eligibility import python_allows
from rewheel.resolution.errors import WheelRejected
from rewheel.resolution.summaries import Need, Summaries, Summary, needs_of
from rewheel.values import frozen
from rewheel.variants import PLAIN, Marker, VariantEnvironment, VariantsError, normalize_project
from rewheel.wheels.errors import WheelsError

if TYPE_CHECKING:
    from rewheel.environments import Target
    from rewheel.indexes import Client
    from rewheel.progress import Reporter
    from rewheel.resolution.building import Buildable, WheelBuilder
    from rewheel.resolution.candidates import Candidate
    from rewheel.resolution.choice import Choice, WheelVerdict
    from rewheel.resolution.selection import Selector
    from rewheel.variants import VariantProperties

__all__ = ["Inspected", "Inspector", "disagreement"]


@frozen
class Inspected:
    """A candidate as it was found; one that can't be used has no metadata."""

    metadata: CoreMetadata | None = None
    choice: "Choice | None" = None
    variant: VariantEnvironment = PLAIN
    problem: str = ""
    """Why it can't be used, unless that is the choice among its wheels."""
    needs: tuple[Need, ...] = ()
    """The dependencies in the metadata."""

    @property
    def obstacle(self) -> str:
        """Why it can't be used; empty if it can."""
        if self.problem or self.metadata is not None or self.choice is None:
            return self.problem
        return no_wheel_reason(self.choice)

    @property
    def extras(self) -> frozenset[str]:
        """The names of its extras, normalised."""
        return frozenset(map(normalize_project, self.metadata.extras)) if self.metadata else frozenset()

    @property
    def default_extras(self) -> tuple[str, ...]:
        """The names of the extras that come along unless a requirement says otherwise (PEP 771)."""
        return tuple(map(normalize_project, self.metadata.default_extras)) if self.metadata else ()

    def requirements(self, environment: Mapping[str, str], extras: Collection[str] = ()) -> list[Requirement]:
        """Return the dependencies that apply, with the markers evaluated for the chosen wheel's variant."""
        return [
            Requirement.parse(need.text)
            for need in self.needs
            if not need.marker or (not need.is_ruled_out(extras) and self._holds(need, environment, extras))
        ]

    def _holds(self, need: Need, environment: Mapping[str, str], extras: Collection[str]) -> bool:
        return Marker.parse(need.marker).evaluate(environment, self.variant, extras)


class Inspector:
    """Reads candidates, each once; from several threads at a time if asked to look ahead."""

    def __init__(
        self,
        *,
        selector: "Selector",
        client: "Client",
        target: "Target",
        reporter: "Reporter",
        builder: "WheelBuilder | None" = None,
        whole_metadata: bool = True,
    ) -> None:
        """Without `whole_metadata`, that of wheels may lack the headers that resolving does not need."""
        self._summaries = None if whole_metadata else Summaries(client)
        self._selector = selector
        self._client = client
        self._target = target
        self._reporter = reporter
        self._builder = builder
        self._found: Once[tuple[Candidate, bool], Inspected] = Once()

    def inspect(self, candidate: "Candidate", pinned: bool = False) -> Inspected:
        """Choose the candidate's wheel and read its core metadata.

        A candidate that can't be used is no error but has an obstacle, because another version may do.
        Raises `WheelRejected` when a pinned candidate's wheel is not what its index says, and `IndexesError`
        when a source fails, since going on without it could silently give something older.
        """
        return self._found.get((candidate, pinned), lambda: self._inspect(candidate, pinned=pinned))

    def look_ahead(self, candidate: "Candidate", pinned: bool = False) -> None:
        """Read a candidate that may be asked for, unless that would run code of its sources."""
        if self._selector.choose(candidate.releases, pinned=pinned).selected is not None:
            self.inspect(candidate, pinned)

    def forget(self) -> None:
        """Look at everything anew, because a wheel was rejected."""
        self._found = Once()

    def _inspect(self, candidate: "Candidate", *, pinned: bool) -> Inspected:
        if candidate.installed is not None:
            return self._installed(candidate)
        while True:
            choice = self._selector.choose(candidate.releases, pinned=pinned)
            selected = choice.selected
            if selected is None and choice.sources is not None:
                return self._unbuilt(candidate, choice, choice.sources)
            if selected is None:
                return Inspected(choice=choice)
            try:
                metadata, needs = self._summary(selected)
            except (WheelsError, VariantsError, InvalidCoreMetadata, WheelRejected) as error:
                problem = str(error)
            else:
                problem = _misnamed(metadata, candidate)
                if not problem and self._python_fits(metadata):
                    return Inspected(metadata, choice, variant_environment(choice), needs=needs)
            if not problem:
                self._selector.reject(selected.file, f"it requires Python {metadata.requires_python}")
                continue
            if pinned or candidate.reference:
                raise WheelRejected(
                    f"{selected.file.filename} from {choice.source} can't be used: {problem}",
                    hint="ask the index's operator to repair it, or ask for another version",
                )
            self._reporter.warning(f"{selected.file.filename} from {choice.source} is ignored: {problem}")
            self._selector.reject(selected.file, problem)

    def _unbuilt(self, candidate: "Candidate", choice: "Choice", sources: "Buildable") -> Inspected:
        """Read the metadata of what has to be built; a failing build raises: nothing older may stand in."""
        assert self._builder is not None
        metadata = self._builder.describe(sources).metadata
        obstacle = _misnamed(metadata, candidate) or _invalid(metadata)
        if not obstacle and not self._python_fits(metadata):
            obstacle = f"it requires Python {metadata.requires_python}"
        if not obstacle:
            return Inspected(metadata, choice, needs=needs_of(metadata))
        if candidate.reference:
            raise WheelRejected(f"{sources.place} can't be used: {obstacle}")
        return Inspected(choice=choice, problem=f"{sources.place}: {obstacle}")

    def _installed(self, candidate: "Candidate") -> Inspected:
        assert candidate.installed is not None
        try:
            variant = self._selector.installed_variant(candidate.installed)
            metadata = candidate.installed.metadata()
            problem = _unreadable(metadata)
        except RewheelError as error:
            problem = str(error)
        if problem:
            return Inspected(problem=f"its installed metadata can't be read: {problem}")
        return Inspected(metadata, variant=variant, needs=needs_of(metadata))

    def _summary(self, selected: "WheelVerdict") -> Summary:
        """Find out what a wheel says of itself; raises WheelRejected, or another error, if that is no use."""
        summaries = self._summaries if not selected.label else None
        if summaries is not None and (kept := summaries.find(selected.file)) is not None:
            return kept
        metadata = self._read(selected)
        if problem := _invalid(metadata):
            raise WheelRejected(problem)
        summary = Summary(metadata, needs_of(metadata))
        if summaries is not None:
            summaries.keep(selected.file, summary)
        return summary

    def _read(self, selected: "WheelVerdict") -> CoreMetadata:
        """Read the core metadata, from PEP 658's file where it is offered, else from the wheel."""
        offered = self._client.metadata(selected.file)
        if offered is not None:
            return CoreMetadata.parse(offered)
        from rewheel.wheels import Wheel

        # It is what will be installed, so it may be fetched whole if it can't be read in parts.
        source = self._client.open_wheel(selected.file, whole=True)
        try:
            wheel = Wheel.over(source, selected.file.filename)
            if problem := disagreement(wheel.variant_json(), selected):
                raise WheelRejected(problem)
            return CoreMetadata.parse(wheel.metadata_text())
        finally:
            source.close()

    def _python_fits(self, metadata: CoreMetadata) -> bool:
        python = self._target.markers["python_full_version"]
        return not metadata.requires_python or python_allows(metadata.requires_python, python)


def disagreement(variant_json: bytes | None, expected: "WheelVerdict") -> str:
    """Say in what a wheel differs from the verdict that chose it; empty if it is what its index says.

    A variant wheel must hold a `variant.json` with its own label and the very properties by which it was
    selected: nothing is installed on the index's word alone (PEP 825, variant metadata).
    """
    if not expected.label:
        return ""
    if variant_json is None:
        return f"it has the label {expected.label} but no variant.json"
    from rewheel.variants import DocumentKind, VariantProperties, read_metadata

    try:
        metadata = read_metadata(variant_json, kind=DocumentKind.WHEEL, label=expected.label)
    except VariantsError as error:
        return str(error)
    embedded = metadata.properties_of(expected.label) or VariantProperties()
    declared = VariantProperties.from_properties(expected.properties)
    if embedded != declared:
        return f"its own properties are {_listed(embedded)}, but its index says {_listed(declared)}"
    return ""


def variant_environment(choice: "Choice") -> VariantEnvironment:
    """Return what the variant markers of the selected wheel see (PEP 825, environment markers)."""
    selected = choice.selected
    if selected is None or not selected.label:
        return PLAIN
    from rewheel.variants import VariantProperties

    supported = {namespace: found.features for namespace, found in choice.supports.items()}
    return VariantEnvironment.of(
        selected.label, VariantProperties.from_properties(selected.properties), supported
    )


def no_wheel_reason(choice: "Choice") -> str:
    """Say in a few words why no wheel of the version would do."""
    if not choice.verdicts:
        return "it has no wheels, and nothing may or can be built"
    reasons: dict[str, None] = {}
    for verdict in choice.verdicts:
        reasons.setdefault(f"{verdict.label}: {verdict.reason}" if verdict.label else verdict.reason)
    listed = list(reasons)
    return "; ".join(listed[:4]) + (f"; and {len(listed) - 4} more" if len(listed) > 4 else "")


def _misnamed(metadata: CoreMetadata, candidate: "Candidate") -> str:
    if normalize_project(metadata.name) != candidate.project:
        return f"its metadata is that of {metadata.name}"
    if metadata.version != candidate.version and key_of(metadata.version) != key_of(candidate.version):
        return f"its metadata says version {metadata.version}"
    return ""


def _invalid(metadata: CoreMetadata) -> str:
    """Say what keeps metadata from being used; empty if nothing does."""
    provided = set(map(normalize_project, metadata.extras))
    for name in metadata.default_extras:
        if normalize_project(name) not in provided:  # PEP 771, specification
            return f"its default extra {name[:100]} is none of the extras that it provides"
    return _unreadable(metadata)


def _unreadable(metadata: CoreMetadata) -> str:
    """Say which of its dependencies is no dependency specifier; empty if all are."""
    try:
        for text in metadata.requires:
            Requirement.parse(text)
    except RewheelError as error:
        return f"its metadata has a dependency that can't be read: {error}"
    return ""


def _listed(properties: "VariantProperties") -> str:
    return ", ".join(f"[{found}]" for found in properties) or "none"
