import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from rewheel.environments import DamagedDistribution, InvalidTarget, find_target, scan
from rewheel.errors import RewheelError
from support.wheel_factory import make_wheel


def dist_info(folder: Path, name: str, **files: str | bytes) -> Path:
    path = folder / name
    path.mkdir(parents=True)
    for file, content in files.items():
        (path / file.replace("_json", ".json")).write_bytes(
            content.encode() if isinstance(content, str) else content
        )
    return path


def test_what_pip_installs_is_read(tmp_path: Path) -> None:
    wheel = make_wheel(
        tmp_path,
        "Foo.Bar",
        "1.0",
        label="x1",
        properties={"gpu": {"arch": ["x1"]}},
        requires=["baz; extra == 'a'"],
    )
    plain = wheel.rename(tmp_path / wheel.name.replace("-x1.whl", ".whl"))
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--target", tmp_path / "t", plain], check=True)
    (found,) = find_target(sys.executable, tmp_path / "t", {}, tmp_path).installed()
    assert (found.name, found.project, found.version, found.label) == ("Foo.Bar", "foo-bar", "1.0", "x1")
    assert found.installer == "pip"
    assert found.requested
    assert found.direct_url is not None
    assert found.direct_url["url"] == plain.as_uri()
    assert not found.editable
    assert not found.is_egg
    assert found.damage == ""
    assert found.metadata().name == "Foo.Bar"
    assert {entry.path for entry in found.record()} >= {"foo_bar.py", "foo_bar-1.0.dist-info/METADATA"}


def test_editable_and_dependency_flags(tmp_path: Path) -> None:
    url = json.dumps({"url": "file:///src", "dir_info": {"editable": True}})
    dist_info(tmp_path, "foo-1.0.dist-info", METADATA="Name: foo\nVersion: 1.0\n\n", direct_url_json=url)
    (found,) = scan([tmp_path])
    assert found.editable
    assert not found.requested
    assert found.installer == found.label == ""
    assert "no RECORD" in found.damage


@pytest.mark.parametrize(
    ("name", "content", "project", "version"),
    [
        ("foo_bar-1.0.dist-info", "", "foo-bar", "1.0"),
        ("foo-bar-1.0.dist-info", "", "foo-bar", "1.0"),
        ("foo-1.0+cu128.dist-info", "", "foo", "1.0+cu128"),
        ("foo-1.0_local.dist-info", "Name: Foo\nVersion: 1.0+local\n", "foo", "1.0+local"),
        ("foo.dist-info", "Name: Foo\nVersion: 2\n\nVersion: 3\n", "foo", "2"),
        ("foo-v1.dist-info", "name:foo\nversion:1\n", "foo", "1"),
    ],
)
def test_names_and_versions(tmp_path: Path, name: str, content: str, project: str, version: str) -> None:
    dist_info(tmp_path, name, METADATA=content)
    (found,) = scan([tmp_path])
    assert (found.project, found.version) == (project, version)


def test_old_eggs_are_listed_but_have_no_record(tmp_path: Path) -> None:
    dist_info(tmp_path, "old_one-1.0-py3.11.egg-info", **{"PKG-INFO": "Name: old-one\nVersion: 1.0\n\n"})
    (tmp_path / "older-2.0.egg-info").write_text("Metadata-Version: 1.0\nName: Older\nVersion: 2.0\n")
    dist_info(tmp_path, "worked_on.egg-info", **{"PKG-INFO": "Name: worked_on\nVersion: 3\n\n"})
    found = scan([tmp_path])
    assert [(each.name, each.project, each.version) for each in found] == [
        ("old-one", "old-one", "1.0"),
        ("Older", "older", "2.0"),
        ("worked_on", "worked-on", "3"),
    ]
    assert all(each.is_egg for each in found)
    with pytest.raises(DamagedDistribution, match="egg-info"):
        found[0].record()


def test_damage_is_tolerated(tmp_path: Path) -> None:
    dist_info(tmp_path, "empty-1.0.dist-info")
    dist_info(tmp_path, "nothing.dist-info")
    dist_info(tmp_path, "~oo-1.0.dist-info", METADATA="Name: foo\nVersion: 1\n")
    dist_info(tmp_path, "odd-1.0.dist-info", METADATA=b"\xff\xfe", RECORD=b'"\xff', INSTALLER=b"\xff \n",
              direct_url_json="[" * 9999, variant_json='{"variants": 3}')  # fmt: skip
    dist_info(tmp_path, "two-1.0.dist-info", variant_json='{"variants": {"a": {}, "b": {}}}')
    (tmp_path / "file-1.0.dist-info").write_text("not a folder")
    found = {each.project: each for each in scan([tmp_path])}
    assert set(found) == {"empty", "odd", "two", "file"}
    assert "no readable METADATA" in found["empty"].damage
    assert found["odd"].direct_url is None
    assert found["odd"].label == found["two"].label == ""
    assert found["empty"].name == "empty"
    for each in found.values():
        with pytest.raises(RewheelError):
            each.record()
    with pytest.raises(DamagedDistribution, match="METADATA"):
        found["empty"].metadata()


def test_folders_are_read_once_and_may_be_missing(tmp_path: Path) -> None:
    dist_info(tmp_path / "lib", "foo-1.0.dist-info")
    dist_info(tmp_path / "lib", "foo-2.0.dist-info")
    (tmp_path / "lib64").symlink_to("lib")
    found = scan([tmp_path / "lib", tmp_path / "lib64", tmp_path / "missing"])
    assert [each.version for each in found] == ["1.0", "2.0"]
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(InvalidTarget, match="cannot read"):
        scan([tmp_path / "loop"])


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), max_size=40),
       content=st.binary(max_size=200))  # fmt: skip
def test_any_name_and_content_can_be_read(
    tmp_path_factory: pytest.TempPathFactory, name: str, content: bytes
) -> None:
    folder = tmp_path_factory.mktemp("any")
    try:
        path = folder / f"{name}.dist-info"
        path.mkdir()
    except OSError:
        return
    for file in ("METADATA", "RECORD", "INSTALLER", "direct_url.json", "variant.json"):
        (path / file).write_bytes(content)
    for each in scan([folder]):
        assert isinstance(each.name + each.label + each.installer + each.damage + each.version, str)
        assert each.editable in {True, False}
        for read in (each.record, each.metadata):
            with contextlib.suppress(RewheelError):
                read()


def test_huge_files_are_not_read(tmp_path: Path) -> None:
    path = dist_info(tmp_path, "foo-1.0.dist-info", METADATA="Name: foo\n")
    os.truncate(path / "METADATA", 17 * 1024 * 1024)
    (found,) = scan([tmp_path])
    assert "no readable METADATA" in found.damage
