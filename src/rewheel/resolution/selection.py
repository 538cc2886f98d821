"""The choice among the wheels of one version (PEP 825, selection and installer behaviour)."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rewheel.indexes import DirectSource
from rewheel.resolution.abi import AbiVersions
from rewheel.resolution.choice import Choice, Status
from rewheel.resolution.choosing import choice_of, supports_of
from rewheel.resolution.eligibility import Refused, eligible_sdist, eligible_wheels
from rewheel.resolution.judging import Wishes
from rewheel.resolution.releases import Release, WheelFile, tag_rank
from rewheel.values import replace

if TYPE_CHECKING:
    from packaging.version import Version

    from rewheel.environments import InstalledDistribution, Target
    from rewheel.indexes import Client, File
    from rewheel.machines import NamespaceSupport
    from rewheel.progress import Reporter
    from rewheel.resolution.building import Buildable
    from rewheel.resolution.choosing import Supporting
    from rewheel.resolution.combined import CombinedMetadata
    from rewheel.resolution.options import ResolveOptions
    from rewheel.variants import VariantEnvironment, VariantMetadata

__all__ = ["Selector"]


class Selector:
    """Chooses among wheels for one target and machine; answers are remembered per release.

    Only when a labelled wheel is left after platform tags, Requires-Python, yanking and hashes is variant
    metadata read, and only the namespaces of those labels are asked of the providers.
    """

    def __init__(
        self,
        *,
        target: "Target",
        machine: str,
        providers: "Supporting",
        client: "Client",
        options: "ResolveOptions",
        reporter: "Reporter",
        can_build: bool = False,
    ) -> None:
        """`can_build` says that there is somebody who makes wheels of sources where no wheel would do."""
        self._machine = machine
        self._target = target
        self._providers = providers
        self._client = client
        self._options = options
        self._reporter = reporter
        self._can_build = can_build
        self.abi = AbiVersions()
        self._rejected: dict[tuple[str, str], str] = {}
        self._combined: dict[tuple[object, frozenset[str]], CombinedMetadata] = {}
        self._choices: dict[tuple[object, ...], Choice] = {}

    def choose(self, releases: Sequence[Release], *, pinned: bool = False) -> Choice:
        """Choose among the wheels of one version in sources of equal standing; usually that is one release.

        `pinned` says that a requirement names exactly this version. Nothing is raised for bad variant
        metadata: it takes variant wheels out of the choice, with one warning per release and source.
        """
        key = (*(release.key for release in releases), pinned)
        choice = self._choices.get(key)
        if choice is None:
            choice = self._choices[key] = self._choose(releases, pinned=pinned)
        return choice

    def assume(self, versions: Mapping[str, "Version"]) -> None:
        """Take versions of other distributions for granted; labels may depend on them (PEP 850)."""
        self.abi.assumed = versions
        self._choices.clear()

    def reject(self, file: "File", reason: str) -> None:
        """Take a wheel out of every further choice, because it is not what its index says."""
        self._rejected[file.source.name, file.url] = reason
        self._choices.clear()

    def installed_variant(self, installed: "InstalledDistribution") -> "VariantEnvironment":
        """Return what variant markers see for a distribution that is already there.

        Raises `VariantsError` if its `variant.json` can't be read.
        """
        from rewheel.resolution.standing import installed_variant

        return installed_variant(installed, self._providers)

    # Several sources of equal standing

    def _choose(self, releases: Sequence[Release], *, pinned: bool) -> Choice:
        choice = self._choose_wheel(releases, pinned=pinned)
        if choice.selected is not None or not self._can_build:
            return choice
        for release in releases:
            sources = self._sources(release, pinned=pinned)
            if sources is not None:
                return replace(choice, source=release.source.name, sources=sources)
        return choice

    def _sources(self, release: Release, *, pinned: bool) -> "Buildable | None":
        """Return what would be built of a release, if that is allowed."""
        if release.sources is not None:
            return release.sources
        if not self._options.formats.allows_sources(release.project):
            return None
        hashes = self._options.allowed_hashes.get(release.project)
        left = replace(release, sdists=[file for file in release.sdists if self._rejection(file) is None])
        sdist = eligible_sdist(left, self._target, allowed_hashes=hashes, pinned=pinned)
        if sdist is None:
            return None
        from rewheel.resolution.building import Buildable

        return Buildable(release.project, sdist)

    def _choose_wheel(self, releases: Sequence[Release], *, pinned: bool) -> Choice:
        choices = [self._choose_in(release, pinned=pinned) for release in releases]
        if len(choices) == 1:
            return choices[0]
        with_variants = [
            (release, choice)
            for release, choice in zip(releases, choices, strict=True)
            if choice.selected is not None and choice.selected.label
        ]
        if len(with_variants) > 1:
            return self._choose_across([release for release, _ in with_variants], releases, pinned=pinned)
        if with_variants:
            return with_variants[0][1]
        usable = [choice for choice in choices if choice.selected is not None]
        return max(usable, key=self._plain_key) if usable else choices[0]

    def _plain_key(self, choice: Choice) -> tuple[int, tuple[()] | tuple[int, str]]:
        assert choice.selected is not None
        best = tag_rank(choice.selected.filename, self._target.tags)
        assert best is not None
        return -best, choice.selected.filename.build_key

    def _choose_across(
        self, releases: Sequence[Release], others: Sequence[Release], *, pinned: bool
    ) -> Choice:
        """Let the variants of several sources compete if their metadata agree; else none counts."""
        from rewheel.resolution.combined import CombinedMetadata
        from rewheel.variants import VariantsError, combine

        parts = [self._read(release, self._eligible(release, pinned=pinned)[0]) for release in releases]
        sources = " and ".join(release.source.name for release in releases)
        first = releases[0]
        try:
            metadata = combine([part.metadata for part in parts if part.metadata is not None])
            combined = CombinedMetadata(metadata, " and ".join(dict.fromkeys(part.origin for part in parts)))
        except VariantsError as error:
            combined = CombinedMetadata(None, "", problem=f"{sources} contradict one another: {error}")
            self._warn(first, combined.problem)
        wheels = [wheel for release in others for wheel in release.wheels]
        merged = Release(first.project, first.version, first.source, wheels)
        choice = self._judge(merged, *self._eligible(merged, pinned=pinned), combined)
        return replace(choice, source=choice.selected.file.source.name) if choice.selected else choice

    # One release

    def _choose_in(self, release: Release, *, pinned: bool) -> Choice:
        eligible, refused = self._eligible(release, pinned=pinned)
        combined = None
        if not self._options.no_variants and any(wheel.filename.label for wheel in eligible):
            combined = self._read(release, eligible)
        return self._judge(release, eligible, refused, combined)

    def _eligible(self, release: Release, *, pinned: bool) -> tuple[list[WheelFile], Refused]:
        hashes = self._options.allowed_hashes.get(release.project)
        eligible, refused = eligible_wheels(release, self._target, allowed_hashes=hashes, pinned=pinned)
        left = []
        for wheel in eligible:
            reason = self._rejection(wheel.file)
            if reason is not None:
                refused.add(wheel, Status.IGNORED, reason)
            elif not self._may_be_wheel(release):
                reason = "you want it built from source"
                refused.add(wheel, Status.EXCLUDED, reason)
            else:
                left.append(wheel)
        return left, refused

    def _rejection(self, file: "File") -> str | None:
        return self._rejected.get((file.source.name, file.url))

    def _may_be_wheel(self, release: Release) -> bool:
        """Tell whether wheels are allowed; one that a requirement names itself always is."""
        return isinstance(release.source, DirectSource) or self._options.formats.allows_wheels(
            release.project
        )

    def _read(self, release: Release, eligible: Sequence[WheelFile]) -> "CombinedMetadata":
        from rewheel.resolution.combined import read_combined

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
                    self._warn(release, reason, label)
        return combined

    def _warn(self, release: Release, problem: str, label: str = "") -> None:
        which = f"variant {label} from {release.source.name} is" if label else "its variant wheels are"
        where = "" if label else f" ({release.source.name})"
        self._reporter.warning(f"{release.project} {release.version}: {which} ignored{where}: {problem}")

    def _judge(
        self,
        release: Release,
        eligible: Sequence[WheelFile],
        refused: Refused,
        combined: "CombinedMetadata | None",
    ) -> Choice:
        wishes = Wishes(
            label=self._options.forced_labels.get(release.project),
            not_labels=self._options.excluded_labels.get(release.project, frozenset()),
            only_plain=self._options.no_variants,
        )
        return choice_of(
            release,
            eligible,
            refused,
            combined,
            machine=self._machine,
            supports=self._supports,
            wishes=wishes,
        )

    def _supports(
        self, metadata: "VariantMetadata", labels: Sequence[str], release: Release
    ) -> Mapping[str, "NamespaceSupport"]:
        return supports_of(metadata, labels, release, providers=self._providers, abi=self.abi)
