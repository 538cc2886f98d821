"""From the wheels that are left to the choice among them: who is asked, and what is made of the answers."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from rewheel.resolution.choice import Choice, Verdicts, WheelVerdict
from rewheel.resolution.judging import Wishes, judge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rewheel.machines import NamespaceSupport
    from rewheel.resolution.abi import AbiVersions
    from rewheel.resolution.combined import CombinedMetadata
    from rewheel.resolution.releases import Release, WheelFile
    from rewheel.variants import VariantMetadata

    SupportsOf = Callable[[VariantMetadata, Sequence[str], Release], Mapping[str, NamespaceSupport]]

__all__ = ["Supporting", "choice_of", "supports_of"]


class Supporting(Protocol):
    """Who knows what a machine supports, as `Providers` does."""

    def support(
        self, metadata: "VariantMetadata", namespaces: Collection[str], *, project: str, source: str
    ) -> Mapping[str, "NamespaceSupport"]:
        """Answer for exactly the namespaces asked, in their order."""
        ...


def choice_of(
    release: "Release",
    eligible: Sequence["WheelFile"],
    refused: "Iterable[WheelVerdict]",
    combined: "CombinedMetadata | None",
    *,
    machine: str,
    supports: "SupportsOf",
    wishes: Wishes,
) -> Choice:
    """Rank the eligible wheels of a release and say of every wheel what becomes of it.

    `supports` is asked what the machine supports, for the labels that matter. `combined` of None says that no
    variant metadata was needed.
    """
    answers: Mapping[str, NamespaceSupport] = {}
    ranking = None
    if combined is not None and combined.metadata is not None:
        from rewheel.variants import rank

        labels = sorted({wheel.filename.label for wheel in eligible if wheel.filename.label})
        answers = supports(combined.metadata, labels, release)
        supported = {namespace: found.features for namespace, found in answers.items()}
        ranking = rank(labels, combined.metadata, supported)
    verdicts = judge(eligible, combined=combined, ranking=ranking, wishes=wishes)
    usable = [verdict for verdict in verdicts if verdict.position is not None]

    def others() -> list[WheelVerdict]:
        unfit = [verdict for verdict in verdicts if verdict.position is None]
        return sorted([*unfit, *refused], key=lambda verdict: verdict.file.filename)

    problems = [combined.problem] if combined is not None and combined.problem else []
    if combined is not None:
        problems += [f"{label}: {reason}" for label, reason in combined.dropped.items()]
    return Choice(
        project=release.project,
        version=release.version,
        source=release.source.name,
        machine=machine,
        verdicts=Verdicts(usable, others),
        supports=answers,
        metadata_origin=combined.origin if combined is not None else "",
        problems=tuple(problems),
        may_have_variants=release.may_have_labels,
    )


def supports_of(
    metadata: "VariantMetadata",
    labels: Sequence[str],
    release: "Release",
    *,
    providers: Supporting,
    abi: "AbiVersions",
) -> Mapping[str, "NamespaceSupport"]:
    """Ask the providers for the namespaces that these labels use, and for no others."""
    from rewheel.machines import OriginKind

    properties = [metadata.properties_of(label) for label in labels]
    wanted = {name for found in properties if found is not None for name in found.namespaces}
    if not wanted:
        return {}
    ordered = [name for name in metadata.namespaces if name in wanted]
    ordered += sorted(wanted.difference(ordered))
    answers = providers.support(metadata, ordered, project=release.project, source=release.source.location)
    return {
        namespace: abi.support(namespace, metadata, labels)
        if namespace in metadata.abi_namespaces and found.origin.kind is OriginKind.UNKNOWN
        else found
        for namespace, found in answers.items()
    }
