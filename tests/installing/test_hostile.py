"""Wheels, RECORDs and environments that were made to do harm, or that merely meet unluckily."""

import zipfile
from pathlib import Path

import pytest

from installing.conftest import Environment
from rewheel.errors import RewheelError
from rewheel.installing import CannotUninstall, FileConflict, UnsafePath, uninstall
from rewheel.progress import RecordingReporter
from support.wheel_factory import write_wheel


def refused(env: Environment, wheel: Path, match: str) -> None:
    before = env.snapshot()
    with pytest.raises(RewheelError, match=match):
        env.install(wheel)
    assert env.snapshot() == before


@pytest.mark.parametrize(
    ("path", "match"),
    [
        ("../outside.py", "leads out|unsafe|outside"),
        ("/etc/evil", "absolute"),
        ("a/../../b", "leads out"),
        ("foo-1.0.data/data/pyvenv.cfg", "part of the environment"),
        ("foo-1.0.data/data/bin/python", "part of the environment"),
        ("foo-1.0.data/data/bin/Python3.11", "part of the environment"),
        ("foo-1.0.data/scripts/python3", "part of the environment"),
        ("foo-1.0.data/scripts/activate", "part of the environment"),
        ("foo-1.0.data/data/.rewheel-transaction/journal", "reserved"),
        ("foo-1.0.data/unknown/x", "none of the data folders"),
        ("foo-1.0.data/x", "none of the data folders"),
        ("foo-1.0.data/purelib/bar-1.0.dist-info/METADATA", "another distribution"),
        ("bar-1.0.egg-info/PKG-INFO", "another distribution"),
        ("bar-1.0.egg-info", "another distribution"),
        ("foo-1.0.data/platlib/bar.egg-link", "another distribution"),
    ],
)
def test_files_where_no_file_of_a_wheel_belongs(env: Environment, path: str, match: str) -> None:
    refused(env, env.wheel(files={"foo.py": "", path: "evil"}), match)


@pytest.mark.parametrize(
    "entry_points",
    [
        "[console_scripts]\n../evil = foo:main\n",
        "[console_scripts]\n/bin/evil = foo:main\n",
        "[console_scripts]\na\\b = foo:main\n",
        "[console_scripts]\n.. = foo:main\n",
        "[console_scripts]\n= foo:main\n",
        "[console_scripts]\npython = foo:main\n",
        "[gui_scripts]\nactivate = foo:main\n",
        "[console_scripts]\na = foo\n",
        "[console_scripts]\na = foo:main; import os\n",
        "[console_scripts]\na = foo:main()\n",
        "[console_scripts]\na = foo.import:main\n",
        "[console_scripts]\na = os:system('x')\n",
        "[console_scripts]\nno equals sign\n",
        "[console_scripts]\na = foo:x\na = foo:y\n",
        "[console_scripts]\nA = foo:x\na = foo:y\n",
        "a = foo:x\n",
        "[console_scripts]\n" + "n" * 300 + " = foo:x\n",
        "[console_scripts]\na\0b = foo:x\n",
    ],
)
def test_commands_that_cannot_be(env: Environment, entry_points: str) -> None:
    refused(env, env.wheel(entry_points=entry_points), "foo")


def test_a_script_and_a_command_of_one_name(env: Environment) -> None:
    wheel = env.wheel(
        files={"foo-1.0.data/scripts/tool": "#!/bin/sh\n"}, entry_points="[console_scripts]\ntool = foo:x\n"
    )
    refused(env, wheel, "both a script")
    wheel = env.wheel(
        files={"foo-1.0.data/data/bin/tool": "#!/bin/sh\n"}, entry_points="[console_scripts]\ntool = foo:x\n"
    )
    refused(env, wheel, "also written by the installer")


def rewritten(wheel: Path, member: str, content: bytes | None) -> Path:
    """Change one member behind RECORD's back."""
    changed = wheel.parent / "changed" / wheel.name
    changed.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(changed, "w") as copy:
        for info in source.infolist():
            if info.filename != member:
                copy.writestr(info, source.read(info))
        if content is not None:
            copy.writestr(member, content)
    return changed


@pytest.mark.parametrize(
    ("member", "content", "match"),
    [
        ("foo.py", b"LABEL = 77\n", "does not have its sha256 hash"),
        ("foo.py", b"longer than before, or shorter", "instead of"),
        ("extra.py", b"", r"extra\.py is not listed in RECORD"),
        ("foo-1.0.dist-info/RECORD", None, "no RECORD"),
        ("foo-1.0.dist-info/RECORD", b"foo.py,md5=abc,3\n", "md5"),
        ("foo-1.0.dist-info/RECORD", b"foo.py,,\n", "no hash"),
        ("foo-1.0.dist-info/RECORD", b"\xff\xfe", "not UTF-8"),
        ("foo-1.0.dist-info/WHEEL", b"Wheel-Version: 9.0\n", "format 9"),
        ("foo-1.0.dist-info/METADATA", b"Name: bar\nVersion: 1.0\n", "that of bar"),
    ],
)
def test_a_record_that_does_not_agree(
    env: Environment, member: str, content: bytes | None, match: str
) -> None:
    refused(env, rewritten(env.wheel(), member, content), match)
    assert not list(env.store.root.rglob("manifest"))


def test_rows_without_a_file_do_no_harm(env: Environment) -> None:
    env.install(rewritten(env.wheel(), "foo.py", None))
    assert "foo.py" not in (env.site / "foo-1.0.dist-info" / "RECORD").read_text()


def test_a_variant_wheel_must_describe_itself(env: Environment) -> None:
    refused(env, env.wheel(label="x1", variant_json=b""), r"no variant\.json")
    refused(env, env.wheel(label="x1", variant_json=b"{}"), "schema")


def test_links_in_archives_are_refused(env: Environment, tmp_path: Path) -> None:
    wheel = env.wheel()
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr(link, "/etc")
    refused(env, wheel, "link")


def test_a_file_of_another_project_is_not_overwritten(env: Environment) -> None:
    env.install(env.wheel("owner", files={"shared.py": "original", "pkg/a.py": ""}))
    intruder = env.wheel("intruder", files={"shared.py": "other", "pkg/b.py": ""})
    before = env.snapshot()
    with pytest.raises(
        FileConflict, match=r"intruder would overwrite .*shared\.py, which belongs to owner"
    ) as caught:
        env.install(intruder)
    assert "owner" in caught.value.hint
    assert env.snapshot() == before
    env.install(intruder, force=True)
    assert (env.site / "shared.py").read_text() == "other"
    uninstall([env.target.find("intruder")], env.target)
    assert (env.site / "shared.py").exists(), "its owner still needs it"
    assert not (env.site / "pkg/b.py").exists()


def test_two_wheels_of_one_plan_must_agree(env: Environment) -> None:
    one, two = env.wheel("one", files={"x/y.py": "1"}), env.wheel("two", files={"x/y.py": "2"})
    before = env.snapshot()
    with pytest.raises(FileConflict, match="two would overwrite"):
        env.install(one, two)
    assert env.snapshot() == before
    env.install(one, two, force=True)
    assert (env.site / "x/y.py").read_text() == "2"
    with pytest.raises(UnsafePath, match="a folder in another wheel"):
        env.install(env.wheel("three", files={"z": ""}), env.wheel("four", files={"z/a.py": ""}))


def test_equal_files_may_be_shared(env: Environment) -> None:
    files = {"shared/__init__.py": "same", "shared/LICENSE": "same"}
    env.install(env.wheel("one", files=files), env.wheel("two", files=files))
    env.install(env.wheel("three", files=files))
    uninstall([env.target.find("one")], env.target)
    assert (env.site / "shared/LICENSE").read_text() == "same"
    uninstall(env.target.installed(), env.target)
    assert not (env.site / "shared").exists()


def test_namespace_packages_may_declare_themselves_differently(env: Environment) -> None:
    one = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"
    two = "from pkgutil import extend_path\n__path__ = extend_path(__path__, __name__)\n"
    env.install(env.wheel("ns-one", files={"ns/__init__.py": one, "ns/one.py": ""}))
    env.install(env.wheel("ns-two", files={"ns/__init__.py": two, "ns/two.py": ""}))
    assert env.run("-c", "import ns.one, ns.two; print('both')") == "both\n"


def test_files_that_nobody_owns_are_replaced_with_one_warning(env: Environment) -> None:
    for name in ("foo.py", "bar.py"):
        (env.site / name).write_text("by hand")
    (env.site / "__pycache__").mkdir()
    (env.site / "__pycache__" / "foo.cpython-311.pyc").write_bytes(b"")
    reporter = RecordingReporter()
    env.install(env.wheel(files={"foo.py": "new", "bar.py": "new"}), reporter=reporter)
    (warning,) = reporter.warnings
    assert "foo replaces" in warning
    assert "and 1 more" in warning
    assert (env.site / "foo.py").read_text() == "new"
    assert not (env.site / "__pycache__").exists()


def test_nothing_is_installed_through_links(env: Environment, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (env.site / "pkg").symlink_to(outside)
    refused(env, env.wheel(files={"pkg/a.py": ""}), "symbolic link")
    assert list(outside.iterdir()) == []
    (env.site / "file.py").symlink_to(outside / "target.py")
    env.install(env.wheel(files={"file.py": "new"}))
    assert not (env.site / "file.py").is_symlink()
    assert list(outside.iterdir()) == []


def test_a_file_or_a_full_folder_in_the_way_is_left_alone(env: Environment) -> None:
    (env.site / "pkg").write_text("a file")
    refused(env, env.wheel(files={"pkg/a.py": ""}), "no folder")
    (env.site / "foo").mkdir()
    (env.site / "foo" / "mine").write_text("")
    refused(env, env.wheel(files={"foo": ""}), "folder with files")


def installed_by_hand(env: Environment, *rows: str) -> None:
    info = env.site / "evil-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n")
    (info / "RECORD").write_text("".join(f"{row},,\n" for row in (*rows, "evil-1.0.dist-info/METADATA",
                                                                  "evil-1.0.dist-info/RECORD")))  # fmt: skip


@pytest.mark.parametrize(
    "row",
    [
        "../../../../precious",
        "/etc/hostname",
        "../../../bin/python",
        "../../../pyvenv.cfg",
        "link/precious",
        "a/..",
        "../../../../../../../../../../etc/hostname",
        "folder",
    ],
)
def test_records_may_not_name_what_is_not_theirs(env: Environment, row: str, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("")
    (env.site / "link").symlink_to(tmp_path)
    (env.site / "folder").mkdir()
    installed_by_hand(env, row)
    before = env.snapshot()
    with pytest.raises(UnsafePath):
        uninstall(env.target.installed(), env.target)
    with pytest.raises(UnsafePath):
        env.install(env.wheel("evil", "2.0"))
    assert env.snapshot() == before
    assert (tmp_path / "precious").exists()


def test_a_record_that_claims_files_of_others_does_not_get_them(env: Environment) -> None:
    env.install(env.wheel())
    installed_by_hand(env, "foo.py", "foo-1.0.dist-info/METADATA", "own.py", "missing.py", "./sub/../own2.py")
    (env.site / "own.py").write_text("")
    (env.site / "own2.py").write_text("")
    uninstall([env.target.find("evil")], env.target)
    assert env.versions() == {"foo": "1.0"}
    assert (env.site / "foo.py").exists()
    assert not (env.site / "own.py").exists()
    assert not (env.site / "own2.py").exists()


def test_what_has_no_record_cannot_be_uninstalled(env: Environment) -> None:
    info = env.site / "bare-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: bare\nVersion: 1.0\n")
    egg = env.site / "egg-1.0-py3.11.egg-info"
    egg.mkdir()
    (egg / "PKG-INFO").write_text("Name: egg\nVersion: 1.0\n")
    before = env.snapshot()
    for name in ("bare", "egg"):
        with pytest.raises(CannotUninstall, match=name) as caught:
            uninstall([env.target.find(name)], env.target)
        assert caught.value.hint
        with pytest.raises(CannotUninstall):
            env.install(env.wheel(name, "2.0"))
    assert env.snapshot() == before
    env.install(env.wheel())
    uninstall([env.target.find("foo")], env.target)
    assert env.snapshot() == before


def test_two_versions_of_one_project_are_both_replaced(env: Environment) -> None:
    env.install(env.wheel(files={"foo.py": "1"}))
    kept = env.root.with_name("kept")
    (env.site / "foo-1.0.dist-info").rename(kept)
    env.install(env.wheel(version="2.0", files={"foo2.py": "2"}))
    kept.rename(env.site / "foo-1.0.dist-info")
    env.install(env.wheel(version="3.0", files={"foo3.py": "3"}))
    assert {path.name for path in env.site.iterdir()} == {"foo-3.0.dist-info", "foo3.py"}


def test_unusual_but_honest_names_survive(env: Environment) -> None:
    files = {"pkg/ünïcode ✓.txt": "x", "pkg/odd; 'names' & more.txt": "y", "pkg/ space": "z"}
    before = env.snapshot()
    env.install(env.wheel(files=files))
    assert {path.name for path in (env.site / "pkg").iterdir()} == {path[4:] for path in files}
    uninstall(env.target.installed(), env.target)
    assert env.snapshot() == before


def test_a_wheel_that_is_both_file_and_folder_is_refused(env: Environment, tmp_path: Path) -> None:
    members = {
        "x": "file",
        "x/y": "inside",
        "foo-1.0.dist-info/METADATA": "Name: foo\nVersion: 1.0\n",
        "foo-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    refused(env, write_wheel(tmp_path / "foo-1.0-py3-none-any.whl", members, "foo-1.0.dist-info"), "x")
