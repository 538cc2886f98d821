"""Verification finds what was changed, and nothing in a good wheel."""

import zipfile
from pathlib import Path

import pytest

from rewheel.variants import Finding
from rewheel.wheels import InvalidRecord, Wheel, checked_record, verify
from support.wheel_factory import make_wheel, variant_document
from wheels.hostile_zip import Entry, zip_of

FAST = {"gpu": {"arch": ["x1"]}}
RECORD = "foo-1.0.dist-info/RECORD"


def findings(path: Path) -> list[Finding]:
    with Wheel.open(path) as wheel:
        return list(verify(wheel))


def with_record(path: Path, change) -> Path:
    """Write the wheel again with a RECORD that `change` made of its rows."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    rows = change(members[RECORD].decode().splitlines())
    members[RECORD] = ("\n".join(rows) + "\n").encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("label", ["", "null", "fast"])
def test_nothing_is_wrong_with_a_good_wheel(tmp_path, label: str) -> None:
    path = make_wheel(tmp_path, label=label, properties=FAST if label == "fast" else None)
    assert findings(path) == []
    with Wheel.open(path) as wheel:
        rows = checked_record(wheel)
        assert set(rows) == set(wheel.archive.members) - {RECORD}


def drop(rows: list[str]) -> list[str]:
    return [row for row in rows if not row.startswith("foo.py")]


def row(text: str):
    return lambda rows: [text, *drop(rows)]


@pytest.mark.parametrize(
    ("change", "code", "path", "fatal"),
    [
        (drop, "record-unlisted", "foo.py", True),
        (row("foo.py,,"), "record-hash", "foo.py", True),
        (row("foo.py,md5=abc,3"), "record-hash", "foo.py", True),
        (row("foo.py,sha1=abc,3"), "record-hash", "foo.py", True),
        (row("foo.py,sha256=abc,11"), "record-mismatch", "foo.py", True),
        (row("foo.py,sha256=abc,3"), "record-mismatch", "foo.py", True),
        (lambda rows: [*rows, "gone.py,sha256=abc,3"], "record-absent", "gone.py", False),
        (lambda rows: [*rows, rows[0]], "record-twice", "foo.py", False),
        (lambda rows: [*rows, "foo.py,sha256=abc,3"], "record-twice", "foo.py", True),
        (lambda rows: [*rows, "../evil,sha256=abc,3"], "record-unsafe", "'../evil'", True),
        (lambda rows: [*rows, "/evil,sha256=abc,3"], "record-unsafe", "'/evil'", True),
        (lambda rows: [*rows, "one,two"], "record", RECORD, True),
    ],
)
def test_record_must_vouch_for_every_file(tmp_path, change, code: str, path: str, fatal: bool) -> None:
    wheel_path = with_record(make_wheel(tmp_path), change)
    found = findings(wheel_path)
    assert (code, path, fatal) in {(item.code, item.path, item.fatal) for item in found}
    with Wheel.open(wheel_path) as wheel:
        if fatal and code != "record-mismatch":  # content is not read for this
            with pytest.raises(InvalidRecord):
                checked_record(wheel)
        else:
            assert "foo.py" in checked_record(wheel)


def test_signatures_and_directories_need_no_row(tmp_path) -> None:
    path = make_wheel(tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("foo-1.0.dist-info/RECORD.jws", "{}")
        archive.writestr("empty/", "")
    assert findings(path) == []


def test_a_damaged_member_is_named(tmp_path) -> None:
    path = make_wheel(tmp_path, files={"foo.py": "x" * 300})
    data = bytearray(path.read_bytes())
    data[40] ^= 0xFF
    path.write_bytes(bytes(data))
    assert [(item.code, item.path) for item in findings(path)] == [("archive", "foo.py")]


def test_broken_dist_info_is_reported_and_the_rest_still_checked(tmp_path) -> None:
    path = tmp_path / "foo-1.0-py3-none-any-fast.whl"
    entries = [Entry(b"foo.py"), Entry(b"foo-1.0.dist-info/WHEEL", b"Wheel-Version: 3.0\n")]
    path.write_bytes(zip_of(*entries))
    found = findings(path)
    assert {item.code for item in found} == {"metadata", "wheel", "variant-missing", "record"}
    assert all(item.fatal for item in found)


def test_variant_files_must_be_where_labels_are(tmp_path) -> None:
    labelled = make_wheel(tmp_path, label="fast", variant_json=variant_document({"slow": FAST}))
    assert [item.fatal for item in findings(labelled)] == [True]
    plain = make_wheel(tmp_path, label="fast", properties=FAST).rename(tmp_path / "foo-1.0-py3-none-any.whl")
    assert [(item.code, item.fatal) for item in findings(plain)] == [("variant-unlabelled", False)]


def test_tags_and_build_that_differ_are_only_mentioned(tmp_path) -> None:
    path = make_wheel(tmp_path).rename(tmp_path / "foo-1.0-7-py2-none-any.whl")
    assert {(item.code, item.fatal) for item in findings(path)} == {("tags", False), ("build", False)}
