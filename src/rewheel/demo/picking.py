"""Which real wheels the demo is made of: for this Python, for the platforms of the talk and for this one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rewheel.demo.errors import DemoError
from rewheel.demo.recipe import AARCH64_LABELS, APPLE_LABELS, NUMPY, NUMPY_VERSION, X86_64_LABELS
from rewheel.indexes import File
from rewheel.variants import InvalidFilename, WheelFilename

if TYPE_CHECKING:
    from packaging.version import Version

__all__ = ["Ingredient", "Shopping", "pick_wheels"]


@dataclass(frozen=True, slots=True)
class Ingredient:
    """A wheel as its maintainers published it, and the labels that it is repacked under."""

    file: File
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shopping:
    """All wheels of one release that the demo needs."""

    version: str
    ingredients: tuple[Ingredient, ...]


@dataclass(frozen=True, slots=True)
class _Offer:
    file: File
    filename: WheelFilename

    @property
    def python(self) -> str:
        """The Python and ABI tags: "cp311-cp311"."""
        return f"{self.filename.python}-{self.filename.abi}"


_PLATFORMS = (
    ("manylinux", "_x86_64", X86_64_LABELS),
    ("manylinux", "_aarch64", AARCH64_LABELS),
    ("macosx", "_arm64", APPLE_LABELS),
)


def pick_wheels(files: Iterable[File], tags: Mapping[str, int]) -> Shopping:
    """Pick, for the Python whose wheel `tags` are given with their ranks, the release and its wheels.

    It is the release of the talk, or the newest one when that has no wheels for this Python. A platform
    that is none of the talk's gets the wheel that suits it best as well. Raises DemoError when no release
    will do.
    """
    offers = _offers(files)
    pythons = list(dict.fromkeys(tag.rsplit("-", 1)[0] for tag in sorted(tags, key=lambda tag: tags[tag])))
    for version in _preferred(offers):
        for python in pythons:
            suitable = [offer for offer in offers[version] if offer.python == python]
            found = _for_platforms(suitable, tags)
            if found:
                return Shopping(str(version), found)
    reason = f"none of the {len(offers)} versions on offer has them" if offers else "the index has none"
    raise DemoError(
        f"the demo needs wheels of {NUMPY} for this Python, for Linux and macOS, but {reason}",
        hint="run the demo with Python 3.11, 3.12 or 3.13, and with a package index that has these wheels",
    )


def _offers(files: Iterable[File]) -> "dict[Version, list[_Offer]]":
    from packaging.version import InvalidVersion, Version

    offers: dict[Version, list[_Offer]] = {}
    for file in files:
        if file.yanked is not None or not file.filename.endswith(".whl"):
            continue
        try:
            filename = WheelFilename.parse(file.filename)
            version = Version(filename.version)
        except (InvalidFilename, InvalidVersion):
            continue
        if filename.project == NUMPY and filename.is_plain:
            offers.setdefault(version, []).append(_Offer(file, filename))
    return offers


def _preferred(offers: "Mapping[Version, list[_Offer]]") -> "Sequence[Version]":
    """Return the version of the talk, then the others from the newest; pre-releases don't count."""
    final = sorted((version for version in offers if not version.is_prerelease), reverse=True)
    return sorted(final, key=lambda version: str(version) != NUMPY_VERSION)


def _for_platforms(offers: Sequence[_Offer], tags: Mapping[str, int]) -> tuple[Ingredient, ...]:
    """Return one wheel per platform, or nothing when one of the talk's platforms is missing."""
    found: list[_Offer] = []
    ingredients: list[Ingredient] = []
    for system, architecture, labels in _PLATFORMS:
        matching = [
            offer
            for offer in offers
            if offer.filename.platform.startswith(system) and offer.filename.platform.endswith(architecture)
        ]
        if not matching:
            return ()
        # the lowest platform version runs on most computers, and its name sorts first
        found.append(min(matching, key=lambda offer: offer.filename.platform))
        ingredients.append(Ingredient(found[-1].file, labels))
    if any(_rank(offer, tags) is not None for offer in found):
        return tuple(ingredients)
    ranked = [
        (rank, offer.file.filename, offer) for offer in offers if (rank := _rank(offer, tags)) is not None
    ]
    if not ranked:
        return ()
    here = min(ranked, key=lambda item: item[:2])[2]
    return (*ingredients, Ingredient(here.file, _labels_of(here.filename)))


def _rank(offer: _Offer, tags: Mapping[str, int]) -> int | None:
    return min((tags[tag] for tag in offer.filename.tags() if tag in tags), default=None)


def _labels_of(filename: WheelFilename) -> tuple[str, ...]:
    platform = filename.platform
    if platform.endswith(("x86_64", "amd64")):
        return X86_64_LABELS
    if platform.endswith(("aarch64", "arm64")):
        return APPLE_LABELS if platform.startswith("macosx") else AARCH64_LABELS
    return ()
