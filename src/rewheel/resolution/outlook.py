"""Who gets what: which wheel of a release each of many machines would take, without looking at one file."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from rewheel.environments import DescribedPython, PlatformDescription
from rewheel.indexes import File, ProjectPage, Source
from rewheel.machines import ProviderPolicy, Providers
from rewheel.metadata.version_keys import normalized
from rewheel.progress import SILENT
from rewheel.resolution.abi import AbiVersions
from rewheel.resolution.choosing import choice_of, supports_of
from rewheel.resolution.combined import CombinedMetadata
from rewheel.resolution.eligibility import Refused, eligible_wheels
from rewheel.resolution.judging import Wishes
from rewheel.resolution.releases import Release, WheelFile, tag_rank
from rewheel.values import frozen

if TYPE_CHECKING:
    from packaging.version import Version

    from rewheel.machines import Machine
    from rewheel.resolution.choice import Choice
    from rewheel.variants import VariantMetadata, WheelFilename

__all__ = ["OfferedWheel", "Outlook", "Recipient", "who_gets_what"]


@frozen
class OfferedWheel:
    """A wheel as an index knows it."""

    filename: "WheelFilename"
    requires_python: str = ""
    yanked: str | None = None
    """Why it was withdrawn (PEP 592), possibly without a reason; None if it was not."""
    size: int | None = None
    """Bytes, if known."""


@frozen
class Recipient:
    """A machine that might install the release; its platform must be known."""

    name: str
    machine: "Machine"


@frozen
class Outlook:
    """What one machine with one Python would take, and what is said of every wheel."""

    recipient: Recipient
    python: tuple[int, int]
    choice: "Choice"

    @property
    def label(self) -> str | None:
        """The label that it gets, empty for the plain wheel; None if no wheel would do."""
        selected = self.choice.selected
        return selected.label if selected is not None else None

    @property
    def reason(self) -> str:
        """Why it gets this one; without any, why the one that came nearest would not do."""
        selected = self.choice.selected
        if selected is not None:
            return selected.reason
        verdicts = self.choice.verdicts
        nearest = min(verdicts, key=lambda verdict: _FAR.get(str(verdict.status), 0), default=None)
        return nearest.reason if nearest is not None else "the release has no wheels"


_FAR = {"wrong-python": 1, "wrong-platform": 2}
"""Reasons that say less than that a property is not supported."""


def who_gets_what(
    wheels: Iterable[OfferedWheel],
    metadata: "VariantMetadata | None",
    recipients: Sequence[Recipient],
    pythons: Sequence[tuple[int, int]],
    *,
    assumed: "Mapping[str, Version] | None" = None,
) -> list[Outlook]:
    """Choose among the wheels of one release for every recipient with every Python.

    `metadata` is the combined variant metadata of the release; without it variant wheels are ignored, as
    installers do. `assumed` are versions of other distributions, by project, for labels that depend on them.
    Nothing is read and nothing is asked of this computer, so the answer depends on the arguments alone.
    """
    offered = _Offered(list(wheels))
    outlooks = []
    abi = AbiVersions()
    abi.assumed = assumed or {}
    for recipient in recipients:
        for version in pythons:
            python = _described(recipient.machine, version)
            if python is not None:
                choice = _choice(offered, python, metadata, recipient, abi)
                outlooks.append(Outlook(recipient, version, choice))
    return outlooks


def _described(machine: "Machine", version: tuple[int, int]) -> DescribedPython | None:
    platform = machine.platform
    if platform is None:
        return None
    return DescribedPython(
        version,
        PlatformDescription(platform.system, platform.machine, platform.libc, platform.os_version),
    )


def _choice(
    offered: "_Offered",
    python: DescribedPython,
    metadata: "VariantMetadata | None",
    recipient: Recipient,
    abi: AbiVersions,
) -> "Choice":
    release, eligible, refused = offered.sorted_for(python)
    providers = Providers(
        recipient.machine,
        policy=ProviderPolicy(),
        plugins=None,
        trust=None,
        reporter=SILENT,
        marker_environment=python.markers,
    )
    combined = None
    if any(wheel.filename.label for wheel in eligible):
        problem = "" if metadata is not None else "its variant metadata is not known"
        combined = CombinedMetadata(metadata, "the release", problem)
    return choice_of(
        release,
        eligible,
        refused,
        combined,
        machine=recipient.name,
        supports=partial(supports_of, providers=providers, abi=abi),
        wishes=Wishes(),
    )


class _Here(Source):
    """The source of files that nobody is going to fetch."""

    def _find(self, project: str) -> ProjectPage | None:
        del project
        return None


class _Sorted(NamedTuple):
    """What tags, Python and yanking leave of a release, which is the same for all machines of a platform."""

    release: Release
    eligible: list[WheelFile]
    refused: Refused


class _Offered:
    """The wheels, sorted out once for every Python on every platform."""

    def __init__(self, wheels: Sequence[OfferedWheel]) -> None:
        self._wheels = wheels
        self._source = _Here("the release", "the release")
        self._known: dict[DescribedPython, _Sorted] = {}

    def sorted_for(self, python: DescribedPython) -> _Sorted:
        """Return which wheels are left for a Python, and what rules out the others."""
        known = self._known.get(python)
        if known is None:
            release = self._release(python.tags)
            split = eligible_wheels(release, python, allowed_hashes=None, pinned=False)
            known = self._known[python] = _Sorted(release, *split)
        return known

    def _release(self, tags: Mapping[str, int]) -> Release:
        first = self._wheels[0].filename if self._wheels else None
        return Release(
            first.project if first is not None else "",
            normalized(first.version) if first is not None else "0",
            self._source,
            [
                WheelFile(
                    str(wheel.filename),
                    tag_rank(wheel.filename, tags),
                    partial(self._file, wheel),
                    wheel.filename,
                )
                for wheel in self._wheels
            ],
        )

    def _file(self, wheel: OfferedWheel) -> File:
        return File(
            filename=str(wheel.filename),
            url="",
            hashes={},
            requires_python=wheel.requires_python,
            yanked=wheel.yanked,
            size=wheel.size,
            upload_time="",
            core_metadata=False,
            source=self._source,
        )
