"""Which installed distributions would be replaced by an upgrade: newer versions, better variants."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rewheel.metadata import Requirement
from rewheel.metadata.version_keys import parse_version
from rewheel.resolution.errors import ResolutionError
from rewheel.resolution.inspection import no_wheel_reason
from rewheel.values import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rewheel.environments import InstalledDistribution
    from rewheel.indexes import Client, Sources
    from rewheel.progress import Reporter
    from rewheel.resolution.choice import Choice, Explanation
    from rewheel.resolution.resolver import Resolver

__all__ = ["Outdated", "find_outdated"]


@frozen
class Outdated:
    """An installed distribution and what an upgrade would put in its place."""

    installed: "InstalledDistribution"
    version: str
    label: str
    """Of the variant that would be taken; "" for a plain wheel."""
    filename: str
    filetype: str
    """"wheel", or "sdist" for what would have to be built."""


def find_outdated(
    installed: "Iterable[InstalledDistribution]",
    resolver: "Resolver",
    *,
    sources: "Sources",
    client: "Client",
    reporter: "Reporter",
) -> Iterator[Outdated]:
    """Yield what has a newer version, or in the same version another variant that would be chosen now.

    What no source has is passed over. The packages are looked at one by one: whether they go together is
    not asked. Newer versions of which no variant fits are warned of. Raises `IndexesError` if a source fails.
    """
    packages = list(installed)
    client.map(sources.pages, dict.fromkeys(each.project for each in packages))
    for each in packages:
        try:
            explanation = resolver.explain(Requirement.parse(each.project))
        except ResolutionError as error:
            reporter.detail(str(error))
            continue
        if out_of_reach := list(_out_of_reach(each, explanation)):
            newest, *others = out_of_reach
            further = f" (and {len(others)} more since {each.version})" if others else ""
            reporter.warning(
                f"{each.name} {newest.version} is passed over{further}: {no_wheel_reason(newest)}"
            )
        if (found := _better(each, explanation.choice)) is not None:
            yield found


def _out_of_reach(installed: "InstalledDistribution", explanation: "Explanation") -> Iterator["Choice"]:
    """Yield newer versions that would be taken if one of their variants fitted."""
    here = parse_version(installed.version)
    for choice in (explanation.choice, *explanation.skipped):
        there = parse_version(choice.version)
        is_newer = here is not None and there is not None and there > here
        if is_newer and choice.selected is None and choice.sources is None and choice.variants_are_to_blame:
            yield choice


def _better(installed: "InstalledDistribution", choice: "Choice") -> Outdated | None:
    here, there = parse_version(installed.version), parse_version(choice.version)
    if here is None or there is None or there < here:
        return None
    selected = choice.selected
    if selected is not None:
        found = Outdated(installed, choice.version, selected.label, str(selected.filename), "wheel")
    elif choice.sources is not None:
        found = Outdated(installed, choice.version, "", choice.sources.place, "sdist")
    else:
        return None
    if there == here and (found.label == installed.label or installed.direct_url is not None):
        return None
    return found
