"""What an audit of the indexes found, for people and for programs."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rewheel.cli.tables import table_lines

if TYPE_CHECKING:
    from rewheel.indexes import Sources
    from rewheel.resolution.auditing import Audited, Taken

__all__ = ["audit_json", "audit_lines"]


def audit_lines(audited: Sequence["Audited"], sources: "Sources", asked: int) -> Iterator[str]:
    """Tell of every name that several indexes offer, and then how many there are."""
    for found in audited:
        yield f"{found.requirement}: offered by {len(found.offers)} indexes"
        yield from table_lines(
            [
                (offer.source.name, offer.newest, "1 file" if offer.files == 1 else f"{offer.files} files")
                for offer in found.offers
            ],
            indent="  ",
        )
        yield from table_lines(
            [
                (f"{strategy}{'*' if strategy is sources.policy.strategy else ''}", *_taken(taken))
                for strategy, taken in found.takes.items()
            ],
            indent="  ",
        )
        if found.limits:
            yield f"  {found.limits}"
        if found.are_strangers:
            yield "  the indexes do not say of each other that it is one project"
        if not found.is_decided:
            yield "  what you get depends on the strategy"
        yield ""
    open_ones = sum(not found.is_decided for found in audited)
    projects = "1 project" if asked == 1 else f"{asked} projects"
    yield (
        f"{projects} looked up: {len(audited)} offered by more than one index, "
        f"{open_ones} that depend on the strategy (* in force: {sources.policy.strategy})"
    )


def audit_json(audited: Sequence["Audited"], sources: "Sources", asked: int) -> dict[str, object]:
    """Return the same for programs."""
    return {
        "strategy": str(sources.policy.strategy),
        "indexes": [
            {"name": source.name, "url": source.location, "group": source.group}
            for source in sources
            if not source.is_find_links
        ],
        "asked": asked,
        "projects": [
            {
                "project": found.requirement.project,
                "requirement": str(found.requirement),
                "offers": [
                    {
                        "index": offer.source.name,
                        "url": offer.source.location,
                        "newest": offer.newest or None,
                        "files": offer.files,
                    }
                    for offer in found.offers
                ],
                "takes": {str(strategy): _taken_json(taken) for strategy, taken in found.takes.items()},
                "decided": found.is_decided,
                "vouched": not found.are_strangers,
                "limits": found.limits or None,
            }
            for found in audited
        ],
    }


def _taken(taken: "Taken | None") -> tuple[str, ...]:
    if taken is None:
        return ("nothing",)
    return taken.file.source.name, taken.version, taken.file.filename


def _taken_json(taken: "Taken | None") -> dict[str, object] | None:
    if taken is None:
        return None
    return {
        "index": taken.file.source.name,
        "version": taken.version,
        "filename": taken.file.filename,
        "url": taken.file.location,
        "hashes": dict(taken.file.hashes),
    }
