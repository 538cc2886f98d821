"""The choice among the wheels of one version (PEP 825, variant ordering and installer behaviour)."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from rewheel.resolution.choice import Choice, Status, WheelVerdict
from rewheel.resolution.combined import CombinedMetadata, read_combined
from rewheel.resolution.releases import tag_rank
from rewheel.variants import (
    PLAIN,
    DocumentKind,
    InconsistentMetadata,
    VariantEnvironment,
    VariantProperties,
    combine,
    rank,
    read_metadata,
    why_better,
)

if TYPE_CHECKING:
    from rewheel.environments import InstalledDistribution, Target
    from rewheel.indexes import Client
    from rewheel.machines import NamespaceSupport, Providers
    from rewheel.progress import Reporter
    from rewheel.resolution.options import ResolveOptions
    from rewheel.resolution.releases import Release, WheelFile
    from rewheel.variants import LabelVerdict, Ranking, VariantMetadata

__all__ = ["Selector", "python_allows"]

_LAST = 1 << 40
"""A place after every label: plain wheels come after all variants and after null."""


class Selector:
    """Chooses among wheels for one target and machine; answers are remembered per release.

    Platform tags, Requires-Python, yanking and hashes come first and need no metadata. Only when a labelled
    wheel is left is the release's variant metadata read, and only the namespaces of those labels are asked of
    the providers.
    """

    def __init__(
        self,
        *,
        target: "Target",
        machine: str,
        providers: "Providers",
        client: "Client",
        options: "ResolveOptions",
        reporter: "Reporter",
    ) -> None:
        self.machine = machine
        self._target = target
        self._providers = providers
        self._client = client
        self._options = options
        self._reporter = reporter
        self._rejected: dict[tuple[str, str], str] = {}
        self._combined: dict[tuple[object, frozenset[str]], CombinedMetadata] = {}
        self._choices: dict[tuple[object, ...], Choice] = {}

    def choose(self, releases: Sequence["Release"], *, pinned: bool = False) -> Choice:
        """Choose among the wheels of one version in sources of equal standing; usually that is one release.

        `pinned` says that a requirement names exactly this version, which makes yanked files eligible
        (PEP 592). Nothing is raised for bad metadata: it takes variant wheels out of the choice, with one
        warning per release and source.
        """
        key = (*(release.key for release in releases), pinned)
        choice = self._choices.get(key)
        if choice is None:
            choice = self._choices[key] = self._choose(releases, pinned=pinned)
        return choice

    def reject(self, wheel: "WheelFile", reason: str) -> None:
        """Take a wheel out of every further choice, because it is not what its index says."""
        self._rejected[wheel.file.source.name, wheel.file.url] = reason
        self._choices.clear()

    def combined_metadata(self, release: "Release", labels: frozenset[str]) -> "VariantMetadata | None":
        """Return the variant metadata that a choice among these labels of the release was made with."""
        combined = self._combined.get((release.key, labels))
        return combined.metadata if combined else None

    def installed_variant(self, installed: "InstalledDistribution") -> VariantEnvironment:
        """Return what variant markers see for a distribution that is already there.

        Raises `VariantsError` if its `variant.json` can't be read.
        """
        if not installed.label:
            return PLAIN
        data = (installed.path / "variant.json").read_bytes()
        metadata = read_metadata(data, kind=DocumentKind.WHEEL, label=installed.label)
        declared = metadata.properties_of(installed.label) or VariantProperties.from_properties(())
        supports = self._providers.support(
            metadata, declared.namespaces, project=installed.project, source="the environment"
        )
        supported = {namespace: found.features for namespace, found in supports.items()}
        return VariantEnvironment.of(installed.label, declared, supported)

    # One source, or several of equal standing

    def _choose(self, releases: Sequence["Release"], *, pinned: bool) -> Choice:
        if len(releases) == 1:
            return self._choose_in(releases[0], pinned=pinned)
        choices = [self._choose_in(release, pinned=pinned) for release in releases]
        with_variants = [
            (r, c) for r, c in zip(releases, choices, strict=True) if c.selected and c.selected.label
        ]
        if not with_variants:
            usable = [choice for choice in choices if choice.selected]
            return max(usable, key=self._plain_key) if usable else choices[0]
        if len(with_variants) == 1:
            return with_variants[0][1]
        return self._choose_across([release for release, _ in with_variants], pinned=pinned)

    def _plain_key(self, choice: Choice) -> tuple[int, tuple[()] | tuple[int, str]]:
        assert choice.selected is not None
        filename = choice.selected.filename
        best = tag_rank(filename, self._target.tags)
        return (-best if best is not None else -_LAST), filename.build_key

    def _choose_across(self, releases: Sequence["Release"], *, pinned: bool) -> Choice:
        """Let the variants of several sources compete if their metadata agree; else none counts."""
        first = releases[0]
        parts = [self._read(release, self._eligible(release, pinned=pinned)[0]) for release in releases]
        sources = " and ".join(release.source.name for release in releases)
        wheels = [wheel for release in releases for wheel in release.wheels]
        try:
            metadata = combine([part.metadata for part in parts if part.metadata])
        except InconsistentMetadata as error:
            problem = f"{sources} disagree on its variants: {error}"
            self._warn(first, problem)
            combined = CombinedMetadata(None, "", problem=problem)
        else:
            combined = CombinedMetadata(metadata, " and ".join(part.origin for part in parts))
        merged = type(first)(first.project, first.version, first.source, wheels)
        eligible, refused = self._eligible(merged, pinned=pinned)
        return self._judge(merged, eligible, refused, combined)

    # One release

    def _choose_in(self, release: "Release", *, pinned: bool) -> Choice:
        eligible, refused = self._eligible(release, pinned=pinned)
        if self._options.no_variants or not any(wheel.filename.label for wheel in eligible):
            return self._judge(release, eligible, refused, None)
        combined = self._read(release, eligible)
        return self._judge(release, eligible, refused, combined)

    def _read(self, release: "Release", eligible: Sequence["WheelFile"]) -> CombinedMetadata:
        one_per_label: dict[str, WheelFile] = {}
        for wheel in eligible:
            if wheel.filename.label:
                one_per_label.setdefault(wheel.filename.label, wheel)
        key = (release.key, frozenset(one_per_label))
        combined = self._combined.get(key)
        if combined is None:
            combined = self._combined[key] = read_combined(release, one_per_label, self._client)
            if combined.metadata is None:
                self._warn(release, combined.problem)
            else:
                for label, reason in combined.dropped.items():
                    self._reporter.warning(
                        f"{release.project} {release.version}: variant {label} from {release.source.name}"
                        f" is ignored: {reason}"
                    )
        return combined

    def _warn(self, release: "Release", problem: str) -> None:
        name = f"{release.project} {release.version}"
        self._reporter.warning(f"{name}: variant wheels from {release.source.name} are ignored: {problem}")

    def _eligible(self, release: "Release", *, pinned: bool) -> tuple[list["WheelFile"], list[WheelVerdict]]:
        """Split a release's wheels into those that variants decide among and those out for other reasons."""
        eligible: list[WheelFile] = []
        refused: list[WheelVerdict] = []
        yanked: list[WheelVerdict] = []
        yanked_wheels: list[WheelFile] = []
        for wheel in release.wheels:
            status, reason = self._obstacle(wheel, release.project)
            if status is None and wheel.file.yanked is not None:
                reason = f"yanked: {wheel.file.yanked}" if wheel.file.yanked else "yanked"
                yanked.append(WheelVerdict(wheel.file, wheel.filename, Status.YANKED, reason))
                yanked_wheels.append(wheel)
            elif status is None:
                eligible.append(wheel)
            else:
                refused.append(WheelVerdict(wheel.file, wheel.filename, status, reason))
        if pinned and not eligible:
            return yanked_wheels, refused
        return eligible, refused + yanked

    def _obstacle(self, wheel: "WheelFile", project: str) -> tuple[Status | None, str]:
        rejected = self._rejected.get((wheel.file.source.name, wheel.file.url))
        if rejected is not None:
            return Status.IGNORED, rejected
        if wheel.tag_rank is None:
            return Status.WRONG_PLATFORM, f"{_foreign_part(wheel, self._target)} does not fit this target"
        required = wheel.file.requires_python
        if required and not python_allows(required, self._target.markers["python_full_version"]):
            python = self._target.markers["python_full_version"]
            return Status.WRONG_PYTHON, f"requires Python {required}; the target has {python}"
        allowed = self._options.allowed_hashes.get(project)
        if allowed is not None:
            algorithms = {entry.partition(":")[0] for entry in allowed}
            offered = {f"{name}:{digest}" for name, digest in wheel.file.hashes.items() if name in algorithms}
            if offered and not offered & allowed:
                return Status.WRONG_HASH, "its hash is not among those allowed"
        return None, ""

    # From metadata to an order

    def _judge(
        self,
        release: "Release",
        eligible: Sequence["WheelFile"],
        refused: Sequence[WheelVerdict],
        combined: CombinedMetadata | None,
    ) -> Choice:
        labels = sorted({wheel.filename.label for wheel in eligible if wheel.filename.label})
        metadata = combined.metadata if combined else None
        supports: Mapping[str, NamespaceSupport] = {}
        ranking: Ranking | None = None
        if metadata is not None:
            supports = self._supports(metadata, labels, release)
            ranking = rank(labels, metadata, {name: found.features for name, found in supports.items()})
        usable: list[WheelFile] = []
        others = list(refused)
        for wheel in eligible:
            obstacle = self._label_obstacle(wheel, release.project, ranking, combined)
            if obstacle is None:
                usable.append(wheel)
            else:
                others.append(self._verdict(wheel, *obstacle, ranking=ranking))
        verdicts = self._explain_order(_ordered(usable, ranking), ranking, labels)
        verdicts += sorted(others, key=lambda verdict: verdict.file.filename)
        problems = ((combined.problem,) if combined.problem else ()) if combined else ()
        if combined:
            problems += tuple(f"{label}: {reason}" for label, reason in combined.dropped.items())
        return Choice(
            project=release.project,
            version=str(release.version),
            source=release.source.name,
            machine=self.machine,
            verdicts=tuple(verdicts),
            supports=supports,
            metadata_origin=combined.origin if combined else "",
            problems=problems,
        )

    def _supports(
        self, metadata: "VariantMetadata", labels: Sequence[str], release: "Release"
    ) -> Mapping[str, "NamespaceSupport"]:
        properties = [metadata.properties_of(label) for label in labels]
        wanted = {name for found in properties if found is not None for name in found.namespaces}
        if not wanted:
            return {}
        ordered = [name for name in metadata.namespaces if name in wanted]
        ordered += sorted(wanted.difference(ordered))
        return self._providers.support(metadata, ordered, project=release.project, source=release.source.name)

    def _label_obstacle(
        self, wheel: "WheelFile", project: str, ranking: "Ranking | None", combined: CombinedMetadata | None
    ) -> tuple[Status, str] | None:
        label = wheel.filename.label
        if label:
            if self._options.no_variants:
                return Status.EXCLUDED, "variants are switched off"
            if combined is None or ranking is None:
                return Status.IGNORED, combined.problem if combined else "no variant metadata"
            if label in combined.dropped:
                return Status.IGNORED, combined.dropped[label]
            verdict = ranking.verdicts[label]
            if not verdict.compatible:
                known = verdict.properties is not None
                return (Status.UNSUPPORTED if known else Status.UNKNOWN_LABEL), verdict.reason
        forced = self._options.forced_labels.get(project)
        if forced is not None and label != forced:
            return Status.EXCLUDED, f"you asked for {forced or 'the plain wheel'}"
        if label in self._options.excluded_labels.get(project, frozenset()):
            return Status.EXCLUDED, "you excluded it"
        return None

    def _explain_order(
        self, wheels: Sequence["WheelFile"], ranking: "Ranking | None", labels: Sequence[str]
    ) -> list[WheelVerdict]:
        verdicts = []
        for position, wheel in enumerate(wheels):
            status = Status.SELECTED if position == 0 else Status.COMPATIBLE
            reason = (
                _selected_reason(wheel, ranking, labels)
                if position == 0
                else _lost_reason(wheels[0], wheel, ranking)
            )
            verdicts.append(self._verdict(wheel, status, reason, ranking=ranking, position=position))
        return verdicts

    def _verdict(
        self,
        wheel: "WheelFile",
        status: Status,
        reason: str,
        *,
        ranking: "Ranking | None",
        position: int | None = None,
    ) -> WheelVerdict:
        known = ranking.verdicts.get(wheel.filename.label) if ranking is not None else None
        properties = tuple(known.properties) if known is not None and known.properties is not None else ()
        return WheelVerdict(wheel.file, wheel.filename, status, reason, position, properties)


def _ordered(wheels: Sequence["WheelFile"], ranking: "Ranking | None") -> list["WheelFile"]:
    """Label before platform tag before build number; the file name makes the order total."""

    def place(wheel: "WheelFile") -> tuple[int, int]:
        label = wheel.filename.label
        position = ranking.verdicts[label].position if ranking is not None and label else None
        return tuple(_LAST if found is None else found for found in (position, wheel.tag_rank))

    ordered = sorted(wheels, key=lambda wheel: wheel.file.filename)
    ordered.sort(key=lambda wheel: wheel.filename.build_key, reverse=True)
    ordered.sort(key=place)
    return ordered


@lru_cache(maxsize=1024)
def python_allows(requires_python: str, python: str) -> bool:
    """Tell whether a Requires-Python admits an interpreter; nonsense in it is no obstacle, as for pip."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return SpecifierSet(requires_python).contains(python, prereleases=True)
    except InvalidSpecifier:
        return True


def _foreign_part(wheel: "WheelFile", target: "Target") -> str:
    """Name the part of the wheel's tag that rules it out, the platform if it is to blame."""
    filename = wheel.filename
    platforms = {tag.rsplit("-", 1)[1] for tag in target.tags}
    if not platforms.intersection(filename.platform.split(".")):
        return f"platform {filename.platform}"
    return f"{filename.python}-{filename.abi}"


def _selected_reason(wheel: "WheelFile", ranking: "Ranking | None", labels: Sequence[str]) -> str:
    label = wheel.filename.label
    if label and ranking is not None:
        verdict = ranking.verdicts[label]
        deciding = ", ".join(f"[{found}]" for found in verdict.deciding)
        return f"best supported: {deciding}" if deciding else "the null variant fits every machine"
    return "no variant fits this machine" if labels else "the best platform tag"


def _lost_reason(best: "WheelFile", wheel: "WheelFile", ranking: "Ranking | None") -> str:
    if wheel.filename.label == best.filename.label:
        if wheel.tag_rank != best.tag_rank:
            return "another wheel of it has a better platform tag"
        return "another wheel of it has a newer build"
    if not wheel.filename.label:
        return "a variant wheel is preferred to a plain one"
    assert ranking is not None
    verdicts: Mapping[str, LabelVerdict] = ranking.verdicts
    return why_better(verdicts[best.filename.label], verdicts[wheel.filename.label])
