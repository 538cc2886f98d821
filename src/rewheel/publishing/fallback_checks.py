"""Who is left out: tools without variants, machines that no label fits, platforms that lack a label."""

from collections.abc import Iterator

from rewheel.publishing.entries import Release, WheelEntry
from rewheel.publishing.findings import Collector
from rewheel.variants import NULL_LABEL

__all__ = ["check_fallbacks"]


def check_fallbacks(release: Release, found: Collector) -> None:
    """Check that a release with variants has something for everybody."""
    variants = [wheel for wheel in release.variant_wheels if wheel.filename.label != NULL_LABEL]
    if not release.variant_wheels:
        return
    plain = [wheel for wheel in release.wheels if not wheel.filename.label]
    if not plain:
        instead = "they build from source" if release.sdists else "they find nothing"
        found.add("RW211", f"has no plain wheel for tools that do not know variants; {instead}")
    fallbacks = [wheel for wheel in release.wheels if wheel.filename.label in {"", NULL_LABEL}]
    unserved = sorted({_shown(wheel) for wheel in variants if not _is_served(wheel, fallbacks)})
    if unserved and not release.sdists:
        missing = ", ".join(unserved[:5]) + (f" and {len(unserved) - 5} more" if len(unserved) > 5 else "")
        found.add("RW212", f"has neither a null variant nor a plain wheel for {missing}")
    for label, tag in _gaps(variants):
        found.add("RW213", f"has no wheel {label!r} for {tag}, for which there are others")


def _is_served(wheel: WheelEntry, fallbacks: list[WheelEntry]) -> bool:
    """Tell whether some fallback covers the tags of a wheel: the same ones, or more general ones."""
    return any(_covers(fallback, wheel) for fallback in fallbacks)


def _covers(fallback: WheelEntry, wheel: WheelEntry) -> bool:
    if set(fallback.filename.tags()) & set(wheel.filename.tags()):
        return True
    return _platforms_meet(fallback, wheel) and _pythons_meet(fallback, wheel)


def _platforms_meet(fallback: WheelEntry, wheel: WheelEntry) -> bool:
    ours = set(map(_family, fallback.filename.platform.split(".")))
    return "any" in ours or bool(ours & set(map(_family, wheel.filename.platform.split("."))))


def _family(platform: str) -> str:
    """Return what platform tags of one system and architecture share, whatever version they ask for."""
    if platform.startswith("manylinux"):
        parts = platform.split("_")
        return "glibc " + "_".join(parts[3:] if len(parts) > 3 and parts[1].isdecimal() else parts[1:])
    if platform.startswith(("musllinux_", "macosx_")):
        parts = platform.split("_")
        return f"{parts[0]} {'_'.join(parts[3:])}"
    return platform


def _pythons_meet(fallback: WheelEntry, wheel: WheelEntry) -> bool:
    ours, theirs = fallback.filename, wheel.filename
    if ours.abi in {"none", "abi3"}:
        return True
    return bool(
        set(ours.python.split(".")) & set(theirs.python.split("."))
        and set(ours.abi.split(".")) & set(theirs.abi.split("."))
    )


def _gaps(variants: list[WheelEntry]) -> Iterator[tuple[str, str]]:
    """Yield labels and the tags that only their siblings have, where most siblings have them."""
    by_tag: dict[str, set[str]] = {}
    for wheel in variants:
        by_tag.setdefault(_shown(wheel), set()).add(wheel.filename.label)
    labels = {wheel.filename.label for wheel in variants}
    for tag, here in sorted(by_tag.items()):
        if len(here) > 1 or len(labels) == 1:
            for label in sorted(labels - here):
                yield label, tag


def _shown(wheel: WheelEntry) -> str:
    name = wheel.filename
    return f"{name.python}-{name.abi}-{name.platform}"
