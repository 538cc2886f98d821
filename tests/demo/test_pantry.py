import json
import os
import zipfile

import pytest

from demo.shelf import CP311, PLATFORMS, Shelf
from rewheel.demo import DemoError
from rewheel.demo.pantry import open_pantry
from rewheel.demo.recipe import AARCH64_LABELS, X86_64_LABELS
from rewheel.indexes import FetchError
from rewheel.wheels import Wheel


def never():
    raise AssertionError("the market was opened although the cache has everything")


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path / "shelf").put()


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def labels_for(directory, platform):
    return {path.stem.rpartition(platform)[2].lstrip("-") for path in directory.glob(f"*{platform}*.whl")}


def test_the_index_has_every_variant_of_the_talk(tmp_path, shelf):
    said = []
    pantry = open_pantry(tmp_path / "cache", CP311, lambda: shelf, said.append)
    assert pantry.numpy_version == "2.2.5"
    assert labels_for(pantry.directory, PLATFORMS[0]) == {"", *X86_64_LABELS}
    assert labels_for(pantry.directory, PLATFORMS[1]) == {"", *AARCH64_LABELS}
    assert labels_for(pantry.directory, PLATFORMS[2]) == {"", "null", "armv8.4a"}
    torch = sorted(path.name for path in pantry.directory.glob("torch-*.whl"))
    assert torch == [
        "torch-2.8.0-py3-none-any-cu118.whl",
        "torch-2.8.0-py3-none-any-cu126.whl",
        "torch-2.8.0-py3-none-any-cu128.whl",
        "torch-2.8.0-py3-none-any.whl",
    ]
    page = json.loads((pantry.directory / "simple/numpy/index.json").read_text())
    assert "numpy-2.2.5-variants.json" in {file["filename"] for file in page["files"]}
    assert "numpy 2.2.5" in " ".join(said)


def test_repacking_keeps_every_file_of_the_real_wheel(tmp_path, shelf):
    pantry = open_pantry(tmp_path / "cache", CP311, lambda: shelf, print)
    (original,) = shelf.folder.glob("*x86_64.whl")
    (variant,) = pantry.directory.glob("*-x86_64_v3.whl")
    with zipfile.ZipFile(original) as before, zipfile.ZipFile(variant) as after:
        record = "numpy-2.2.5.dist-info/RECORD"
        kept = [name for name in after.namelist() if name in before.namelist()]
        assert kept == before.namelist()
        assert all(before.read(name) == after.read(name) for name in kept if name != record)
    with Wheel.open(variant) as wheel:
        (item,) = wheel.variant_metadata().properties_of("x86_64_v3")
        assert str(item) == "x86_64 :: level :: v3"


def test_the_stand_in_says_that_it_is_one(tmp_path, shelf):
    pantry = open_pantry(tmp_path / "cache", CP311, lambda: shelf, print)
    with Wheel.open(pantry.directory / "torch-2.8.0-py3-none-any-cu128.whl") as wheel:
        assert b"stand-in" in wheel.metadata_text()
        assert b"stand-in" in wheel.archive.read("torch/__init__.py", limit=10_000)


def test_the_second_time_nothing_is_fetched(tmp_path, shelf):
    first = open_pantry(tmp_path / "cache", CP311, lambda: shelf, print)
    assert open_pantry(tmp_path / "cache", CP311, never, never) == first
    assert len(shelf.taken) == 3


@pytest.mark.parametrize("damage", ["changed", "missing", "added", "manifest"])
def test_a_damaged_index_is_made_anew(tmp_path, shelf, damage):
    pantry = open_pantry(tmp_path / "cache", CP311, lambda: shelf, print)
    wheel = next(pantry.directory.glob("*-x86_64_v3.whl"))
    good = wheel.read_bytes()
    if damage == "changed":
        wheel.write_bytes(good[:-1] + b"x")
    elif damage == "missing":
        wheel.unlink()
    elif damage == "added":
        (pantry.directory / "numpy-9.9-py3-none-any.whl").write_bytes(good)
    else:
        (pantry.directory.parent / "manifest.json").write_text("[]")
    again = open_pantry(tmp_path / "cache", CP311, lambda: shelf, print)
    assert wheel.read_bytes() == good
    assert again == pantry
    assert not (pantry.directory / "numpy-9.9-py3-none-any.whl").exists()
    assert names_in(tmp_path / "cache/demo") == [pantry.directory.parent.name]


def test_each_python_has_an_index_of_its_own(tmp_path, shelf):
    shelf.put(python="cp312-cp312")
    one = open_pantry(tmp_path / "cache", CP311, lambda: shelf, print)
    other = open_pantry(tmp_path / "cache", {"cp312-cp312-manylinux_2_17_x86_64": 0}, lambda: shelf, print)
    assert one.directory != other.directory
    assert not list(other.directory.glob("*cp311*"))


def test_a_failure_leaves_nothing_behind(tmp_path, shelf):
    class Closed(Shelf):
        def download(self, files, into):
            super().download(files[:1], into)
            raise FetchError("https://index.invalid/numpy", "no network")

    with pytest.raises(FetchError, match="no network"):
        open_pantry(tmp_path / "cache", CP311, lambda: Closed(shelf.folder), print)
    assert names_in(tmp_path / "cache/demo") == []


def test_an_interruption_leaves_nothing_behind(tmp_path, shelf):
    class Impatient(Shelf):
        def download(self, files, into):
            super().download(files[:1], into)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_pantry(tmp_path / "cache", CP311, lambda: Impatient(shelf.folder), print)
    assert names_in(tmp_path / "cache/demo") == []


def test_what_a_killed_demo_left_is_swept_after_a_day(tmp_path, shelf):
    home = tmp_path / "cache/demo"
    for name, mtime in ((".unfinished-old", 1_000_000_000), (".unfinished-new", None)):
        (home / name).mkdir(parents=True)
        if mtime:
            os.utime(home / name, (mtime, mtime))
    pantry = open_pantry(tmp_path / "cache", CP311, lambda: shelf, print)
    assert {path.name for path in home.iterdir()} == {pantry.directory.parent.name, ".unfinished-new"}


def test_a_cache_that_cannot_be_written_is_a_clear_error(tmp_path, shelf):
    (tmp_path / "cache").write_text("a file in the way")
    with pytest.raises(DemoError, match="cannot be written") as error:
        open_pantry(tmp_path / "cache", CP311, lambda: shelf, print)
    assert "--cache-dir" in error.value.hint
