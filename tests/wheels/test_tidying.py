"""A wheel that says nothing of who built it, and METADATA that say more than the backend did."""

import zipfile
from pathlib import Path

import pytest

from rewheel.metadata import edit_metadata
from rewheel.wheels import AlreadyVariant, InvalidWheel, Wheel, tidy_wheel, verify
from support.wheel_factory import make_wheel


def _repacked(wheel: Path, folder: Path, mode: int, year: int) -> Path:
    """Write a wheel as another computer would."""
    folder.mkdir()
    target = folder / wheel.name
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            fresh = zipfile.ZipInfo(info.filename, (year, 1, 1, 0, 0, 0))
            fresh.external_attr = (0o100000 | mode) << 16
            new.writestr(fresh, old.read(info), zipfile.ZIP_DEFLATED)
    return target


def test_times_and_permissions_do_not_matter(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "foo", requires=["bar"])
    made = [
        tidy_wheel(_repacked(wheel, tmp_path / str(year), mode, year), output=tmp_path / "out" / str(year))
        for year, mode in ((1999, 0o664), (2020, 0o600))
    ]
    assert made[0].read_bytes() == made[1].read_bytes()
    with Wheel.open(made[0]) as opened:
        verify(opened)
    with zipfile.ZipFile(made[0]) as archive:
        assert {info.external_attr >> 16 for info in archive.infolist()} == {0o100644}


def test_metadata_change_with_their_record(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "foo", requires=["bar"])
    made = tidy_wheel(wheel, output=tmp_path / "out", metadata=lambda text: edit_metadata(text, add=["baz"]))
    with Wheel.open(made) as opened:
        verify(opened)
        assert b"Requires-Dist: baz" in opened.metadata_text()


def test_what_metadata_can_not_be_is_the_wheels_fault(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "foo")
    with pytest.raises(InvalidWheel, match="default extra x is not among those"):
        tidy_wheel(wheel, output=tmp_path / "o", metadata=lambda t: edit_metadata(t, default_extras=["x"]))
    assert not (tmp_path / "o").exists()


def test_a_variant_is_refused(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "foo", label="x", properties={"gpu": {"arch": ["x"]}})
    with pytest.raises(AlreadyVariant):
        tidy_wheel(wheel, output=tmp_path / "o")
