"""The demo's package index: made once from real wheels, then kept in the cache and checked at each use."""

import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from rewheel.demo.errors import DemoError
from rewheel.demo.market import Market
from rewheel.demo.picking import Shopping, pick_wheels
from rewheel.demo.recipe import (
    NUMPY,
    RECIPE_VERSION,
    TORCH,
    TORCH_LABELS,
    TORCH_VERSION,
    numpy_metadata,
    torch_metadata,
)
from rewheel.demo.standin import write_standin
from rewheel.errors import RewheelError
from rewheel.publishing import write_index
from rewheel.wheels import make_variant

__all__ = ["Pantry", "open_pantry"]

_MANIFEST = "manifest.json"
_UNFINISHED = ".unfinished-"
_ABANDONED_AFTER = 24 * 3600.0
"""Seconds after which an unfinished index cannot be somebody's who is still at work."""


@dataclass(frozen=True, slots=True)
class Pantry:
    """An index that is ready to be served."""

    directory: Path
    numpy_version: str


def open_pantry(
    cache_dir: Path, tags: Mapping[str, int], market: Callable[[], Market], say: Callable[[str], None]
) -> Pantry:
    """Return the index for the Python with these wheel `tags`, from the cache if it is there and intact.

    Only otherwise is the `market` opened. An index appears in the cache in one step, when it is complete.
    Raises RewheelError when it cannot be made.
    """
    home = cache_dir / "demo" / f"{RECIPE_VERSION}-{_key(tags)}"
    pantry = _checked(home)
    if pantry is not None:
        return pantry
    with _folder_beside(home) as unfinished:
        _stock(unfinished, tags, market(), say)
        _put_in_place(unfinished, home)
    pantry = _checked(home)
    if pantry is None:
        raise DemoError(f"{home} changed while the demo was being prepared", hint="run the demo once more")
    return pantry


def _key(tags: Mapping[str, int]) -> str:
    """Name the Python and platform whose wheels are wanted: its best tag."""
    best = min(tags, key=lambda tag: tags[tag])
    return best.replace("/", "_")


def _stock(home: Path, tags: Mapping[str, int], market: Market, say: Callable[[str], None]) -> None:
    """Fetch the real wheels, repack them, add the stand-ins and write the pages."""
    index = home / "index"
    index.mkdir()
    shopping = pick_wheels(market.files(NUMPY), tags)
    _announce(shopping, say)
    metadata = numpy_metadata()
    wheels = market.download([ingredient.file for ingredient in shopping.ingredients], index)
    for wheel, ingredient in zip(wheels, shopping.ingredients, strict=True):
        for label in ingredient.labels:
            make_variant(wheel, metadata=metadata, label=label, output=index)
    standin = write_standin(index, TORCH, TORCH_VERSION)
    for label in TORCH_LABELS:
        make_variant(standin, metadata=torch_metadata(), label=label, output=index)
    write_index(index)
    files = {path.relative_to(index).as_posix(): digest for path, digest in _digests(index)}
    manifest = {"numpy": shopping.version, "files": files}
    (home / _MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def _announce(shopping: Shopping, say: Callable[[str], None]) -> None:
    sizes = [ingredient.file.size for ingredient in shopping.ingredients]
    known = [size for size in sizes if size is not None]
    amount = f", {sum(known) / 1e6:.0f} MB" if len(known) == len(sizes) else ""
    say(
        f"Preparing, this once: {len(sizes)} real wheels of numpy {shopping.version} are fetched from the "
        f"configured package index{amount},"
    )
    say("and repacked, as they are, under the labels of the variants that they stand for.")


def _checked(home: Path) -> Pantry | None:
    """Return the index in `home` if every file of it is what was once written; None otherwise."""
    try:
        manifest = json.loads((home / _MANIFEST).read_text(encoding="utf-8"))
        index = home / "index"
        found = {path.relative_to(index).as_posix(): digest for path, digest in _digests(index)}
        if manifest["files"] == found and isinstance(manifest["numpy"], str):
            return Pantry(index, manifest["numpy"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


def _digests(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield every file below `folder` with its SHA-256."""
    from concurrent.futures import ThreadPoolExecutor

    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    with ThreadPoolExecutor(4, "rewheel-demo") as pool:
        yield from zip(paths, pool.map(_digest, paths), strict=True)


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def _folder_beside(home: Path) -> Iterator[Path]:
    """Create a folder next to `home` that is gone afterwards, unless it was moved into place."""
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        _sweep(home.parent)
        folder = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=home.parent))
    except OSError as error:
        reason = error.strerror or str(error)
        raise DemoError(
            f"the demo needs a cache, and {home.parent} cannot be written: {reason}",
            hint="name another folder with --cache-dir",
        ) from error
    try:
        yield folder
    except RewheelError:
        raise
    except OSError as error:
        raise DemoError(f"the demo's index cannot be written below {home.parent}: {error}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _put_in_place(unfinished: Path, home: Path) -> None:
    """Let the complete index take the place of one that is missing or damaged."""
    if home.exists():
        # renamed first: a folder that another demo still serves from may take a while to vanish
        damaged = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=home.parent))
        with suppress(OSError):
            home.rename(damaged / home.name)
        shutil.rmtree(damaged, ignore_errors=True)
    try:
        unfinished.rename(home)
    except OSError:
        if _checked(home) is None:  # otherwise another demo was faster
            raise


def _sweep(parent: Path) -> None:
    """Remove what demos left unfinished that were killed long ago."""
    for path in parent.glob(f"{_UNFINISHED}*"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _ABANDONED_AFTER:
                shutil.rmtree(path, ignore_errors=True)
