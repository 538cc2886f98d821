import csv
import hashlib
import json
import os
import sys
import sysconfig
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path

import pytest

from installing.conftest import Environment, item
from rewheel.environments import find_target
from rewheel.errors import RewheelError
from rewheel.installing import (
    BytecodeMode,
    Changed,
    ExternallyManaged,
    InstallingError,
    LinkMode,
    MissingWheel,
    Plan,
    apply,
    uninstall,
)
from rewheel.progress import RecordingReporter

EVERYTHING = {
    "pkg/__init__.py": "",
    "pkg/data/table.csv": "1,2\n",
    "pkg/sub/deep/mod.py": "X = 1\n",
    "top.py": "def main():\n    print('hello from', __name__)\n",
    "foo-1.0.data/scripts/old-style": "#!python\nimport top; top.main()\n",
    "foo-1.0.data/scripts/shelly": "#!/bin/sh\necho shell\n",
    "foo-1.0.data/data/share/foo/readme.txt": "read me\n",
    "foo-1.0.data/headers/foo.h": "int foo;\n",
    "foo-1.0.data/purelib/pure.py": "",
    "foo-1.0.data/platlib/plat.py": "",
}
COMMANDS = (
    "[console_scripts]\nfoo = top:main\n[gui_scripts]\nfoo-gui = top:main\n[other]\nx = not looked at\n"
)


def record_of(env: Environment, name: str) -> dict[str, list[str]]:
    text = (env.site / f"{name}.dist-info" / "RECORD").read_text()
    return {row[0]: row[1:] for row in csv.reader(text.splitlines())}


def test_every_kind_of_file_goes_where_it_belongs(env: Environment) -> None:
    report = env.install(env.wheel(files=EVERYTHING, entry_points=COMMANDS))
    assert report.installed == (Changed("foo", "1.0"),)
    assert report.removed == ()
    python = "python{}.{}".format(*sys.version_info[:2])
    assert (env.site / "pkg/sub/deep/mod.py").read_text() == "X = 1\n"
    assert (env.site / "pure.py").exists()
    assert (env.site / "plat.py").exists()
    assert (env.root / "share/foo/readme.txt").read_text() == "read me\n"
    assert (env.root / "include/site" / python / "foo/foo.h").exists()
    assert not list(env.root.rglob("foo-1.0.data"))
    for command in ("foo", "foo-gui", "old-style", "shelly"):
        assert os.access(env.bin / command, os.X_OK)
    assert (
        env.run("-c", f"import subprocess; subprocess.run([{str(env.bin / 'foo')!r}])") == "hello from top\n"
    )
    assert (
        env.run("-c", f"import subprocess; subprocess.run([{str(env.bin / 'old-style')!r}])")
        == "hello from top\n"
    )
    assert (env.bin / "shelly").read_text() == "#!/bin/sh\necho shell\n"
    assert not (env.root / ".rewheel-transaction").exists()


def test_record_tells_what_is_there(env: Environment) -> None:
    env.install(env.wheel(files=EVERYTHING, entry_points=COMMANDS))
    rows = record_of(env, "foo-1.0")
    assert rows.pop("foo-1.0.dist-info/RECORD") == ["", ""]
    assert "../../../bin/foo" in rows
    assert "../../../share/foo/readme.txt" in rows
    assert "foo-1.0.dist-info/INSTALLER" in rows
    assert "foo-1.0.dist-info/REQUESTED" not in rows
    for path, (digest, size) in rows.items():
        content = (env.site / path).read_bytes()
        expected = urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        assert digest == f"sha256={expected}"
        assert int(size) == len(content)


def test_how_it_came_is_written_down(env: Environment) -> None:
    wheel = env.wheel(
        files={"foo.py": "", "foo-1.0.dist-info/REQUESTED": "", "foo-1.0.dist-info/INSTALLER": "evil"}
    )
    url = {"url": "https://example.org/foo.whl", "archive_info": {"hashes": {"sha256": "00"}}}
    apply(Plan((item(wheel, direct_url=url),)), env.target, env.store)
    info = env.site / "foo-1.0.dist-info"
    assert (info / "INSTALLER").read_text() == "rewheel\n"
    assert json.loads((info / "direct_url.json").read_text()) == url
    assert not (info / "REQUESTED").exists()
    apply(Plan((item(wheel, requested=True),)), env.target, env.store)
    assert (info / "REQUESTED").read_bytes() == b""
    assert not (info / "direct_url.json").exists()
    (found,) = env.target.installed()
    assert found.requested
    assert found.installer == "rewheel"


def test_a_variant_keeps_its_label(env: Environment) -> None:
    wheel = env.wheel(label="x1", properties={"gpu": {"arch": ["x1"]}})
    report = env.install(wheel)
    assert report.installed == (Changed("foo", "1.0", "x1"),)
    (found,) = env.target.installed()
    assert found.label == "x1"
    report = env.install(env.wheel(version="2.0"))
    assert report.installed == (Changed("foo", "2.0", "", "1.0", "x1"),)


def test_pip_sees_checks_and_removes_what_we_install(env: Environment) -> None:
    before = env.snapshot()
    env.install(
        env.wheel(files=EVERYTHING, entry_points=COMMANDS),
        env.wheel("bar", "2.0", label="x1", properties={"gpu": {"arch": ["x1"]}}, requires=["foo>=1"]),
    )
    listed = {each["name"]: each["version"] for each in json.loads(env.pip("list", "--format", "json"))}
    assert listed == {"foo": "1.0", "bar": "2.0"}
    env.pip("check")
    shown = env.pip("show", "-f", "foo")
    assert "../../../bin/foo-gui" in shown
    env.pip("uninstall", "-y", "foo", "bar")
    # pip leaves empty folders outside of the library folders behind.
    after = {path: entry for path, entry in env.snapshot().items() if entry[0] != "folder"}
    assert after == {path: entry for path, entry in before.items() if entry[0] != "folder"}


def test_we_remove_and_upgrade_what_pip_installs(env: Environment) -> None:
    before = env.snapshot()
    wheel = env.wheel(files=EVERYTHING, entry_points=COMMANDS)
    env.pip("install", "--no-index", "--no-deps", str(wheel))
    assert list((env.site / "__pycache__").iterdir()), "pip compiles"
    report = uninstall(env.target.installed(), env.target)
    assert report.removed == (Changed("foo", "1.0"),)
    assert env.snapshot() == before
    env.pip("install", "--no-index", "--no-deps", "--no-compile", str(wheel))
    env.install(env.wheel(version="2.0", files={"pkg/__init__.py": "NEW = 2\n"}))
    assert env.versions() == {"foo": "2.0"}
    assert not (env.site / "top.py").exists()
    assert not (env.bin / "foo").exists()
    assert not (env.root / "share").exists()
    env.pip("check")


def test_an_upgrade_replaces_everything(env: Environment) -> None:
    env.install(
        env.wheel(files={"foo/__init__.py": "1", "foo/gone.py": "", "foo/old/x.py": "", "same.py": "s"})
    )
    (env.site / "foo" / "__pycache__").mkdir()
    for name in ("gone", "__init__"):
        (env.site / "foo" / "__pycache__" / f"{name}.cpython-311.pyc").write_bytes(b"")
    (env.site / "foo" / "mine.txt").write_text("not recorded anywhere")
    report = env.install(
        env.wheel(version="2.0", files={"foo/__init__.py": "2", "foo/new/y.py": "", "same.py": "s"})
    )
    assert report.installed == (Changed("foo", "2.0", "", "1.0"),)
    assert env.versions() == {"foo": "2.0"}
    left = {str(path.relative_to(env.site)) for path in (env.site / "foo").rglob("*")}
    assert left == {"foo/__init__.py", "foo/mine.txt", "foo/new", "foo/new/y.py"}
    assert (env.site / "foo/__init__.py").read_text() == "2"
    assert not (env.site / "foo-1.0.dist-info").exists()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"foo.py": "1"}, {"foo/__init__.py": "2"}),
        ({"foo/__init__.py": "1", "foo/a/b.py": ""}, {"foo": "now a file"}),
        ({"foo": "a file"}, {"foo/__init__.py": "2", "foo/c.py": ""}),
    ],
)
def test_files_may_become_folders_and_back(
    env: Environment, old: dict[str, str], new: dict[str, str]
) -> None:
    env.install(env.wheel(files=old))
    env.install(env.wheel(version="2.0", files=new))
    files = {str(path.relative_to(env.site)) for path in env.site.rglob("*") if path.is_file()}
    assert {path for path in files if not path.startswith("foo-2.0.dist-info/")} == set(new)
    env.install(env.wheel(files=old))
    assert env.versions() == {"foo": "1.0"}


def test_the_same_version_can_be_installed_again(env: Environment) -> None:
    wheel = env.wheel(files=EVERYTHING, entry_points=COMMANDS)
    env.install(wheel)
    before = env.snapshot()
    (env.site / "top.py").unlink()
    (env.site / "pure.py").unlink()
    (env.site / "pure.py").write_text("changed")
    env.install(wheel)
    assert env.snapshot() == before


def test_removing_leaves_the_environment_as_it_was(env: Environment) -> None:
    before = env.snapshot()
    env.install(env.wheel(files=EVERYTHING, entry_points=COMMANDS), env.wheel("bar"))
    env.run("-c", "import pkg.sub.deep.mod, top, bar")
    uninstall(env.target.installed(), env.target)
    assert env.snapshot() == before


def test_a_plain_folder_gets_what_pip_would_put_there_and_nothing_else(folder_env: Environment) -> None:
    folder_env.install(folder_env.wheel(files=EVERYTHING, entry_points=COMMANDS))
    assert {path.name for path in folder_env.root.iterdir()} == {
        "bin", "foo-1.0.dist-info", "include", "pkg", "plat.py", "pure.py", "share", "top.py",
    }  # fmt: skip
    assert "bin/foo" in record_of(folder_env, "foo-1.0")
    assert (folder_env.root / "include/python/foo/foo.h").exists()
    assert (folder_env.bin / "foo").read_text().startswith(f"#!{sys.executable}\n")
    folder_env.install(folder_env.wheel(version="2.0"))
    assert {path.name for path in folder_env.root.iterdir()} == {"foo-2.0.dist-info", "foo.py"}
    uninstall(folder_env.target.installed(), folder_env.target)
    assert list(folder_env.root.iterdir()) == []


def test_a_prefix_is_filled_like_an_installation(env: Environment, tmp_path: Path) -> None:
    target = find_target(sys.executable, None, {}, tmp_path, prefix=tmp_path / "prefix")
    apply(Plan((item(env.wheel(entry_points=COMMANDS)),)), target, env.store)
    assert (target.scheme.purelib / "foo.py").exists()
    assert (tmp_path / "prefix" / "bin" / "foo").exists()


def test_paths_with_blanks_and_links_work(
    make_environment: Callable[[str], Environment], tmp_path: Path
) -> None:
    env = make_environment("a folder with blanks " + "x" * 100)
    env.install(env.wheel(files=EVERYTHING, entry_points=COMMANDS))
    program = f"import subprocess; subprocess.run([{str(env.bin / 'foo')!r}])"
    assert env.run("-c", program) == "hello from top\n"
    (tmp_path / "link").symlink_to(env.root)
    linked = find_target(str(tmp_path / "link"), None, {}, tmp_path)
    assert [each.project for each in linked.installed()] == ["foo"]
    apply(
        Plan((item(env.wheel("bar", entry_points="[console_scripts]\nbar = os:getpid\n")),)),
        linked,
        env.store,
    )
    assert env.versions() == {"foo": "1.0", "bar": "1.0"}
    assert str(tmp_path / "link") in (env.bin / "bar").read_text()
    uninstall(linked.installed(), linked)
    assert env.versions() == {}


def test_an_environment_whose_lib64_is_a_link_is_one_folder(env: Environment) -> None:
    lib64 = env.root / "lib64"
    if not lib64.exists():
        lib64.symlink_to("lib")
    scheme = env.target.scheme._replace(platlib=lib64 / env.site.relative_to(env.root / "lib"))
    target = type(env.target)(env.target.interpreter, scheme, env.root, env.target.markers)
    wheel = env.wheel(files={"foo-1.0.data/platlib/plat.py": "", "foo.py": ""})
    apply(Plan((item(wheel),)), target, env.store)
    assert set(record_of(env, "foo-1.0")) >= {"plat.py", "foo.py"}
    uninstall(target.installed(), target)
    assert env.versions() == {}


def test_compiling_is_done_when_asked(env: Environment) -> None:
    files = {"foo.py": "X = 1\n", "broken.py": "this is no Python\n"}
    env.install(env.wheel(files=files))
    assert not (env.site / "__pycache__").exists()
    env.install(env.wheel(files=files), bytecode=BytecodeMode.ALWAYS)
    assert [path.name.split(".")[0] for path in (env.site / "__pycache__").iterdir()] == ["foo"]
    uninstall(env.target.installed(), env.target)
    assert list(env.site.iterdir()) == []


def test_a_compiler_that_fails_is_only_a_warning(env: Environment) -> None:
    reporter = RecordingReporter()
    python = env.root / "bin" / "python"
    python.unlink()
    env.install(env.wheel(), bytecode=BytecodeMode.ALWAYS, reporter=reporter)
    assert "cannot compile" in reporter.warnings[0]
    python.write_text("#!/bin/sh\necho no compiler >&2; exit 7\n")
    python.chmod(0o755)
    env.install(env.wheel(), bytecode=BytecodeMode.ALWAYS, reporter=reporter)
    assert "no compiler" in reporter.warnings[1]
    assert env.versions() == {"foo": "1.0"}


def test_managed_environments_are_left_alone(tmp_path: Path, env: Environment) -> None:
    from rewheel.values import replace

    managed = replace(env.target, externally_managed="Use apt.\n\nMore text.")
    with pytest.raises(ExternallyManaged, match=r"which says: Use apt\.$"):
        apply(Plan((item(env.wheel()),)), managed, env.store)
    with pytest.raises(ExternallyManaged):
        uninstall([], replace(managed, externally_managed=""))


def test_nothing_to_do_does_nothing(folder_env: Environment) -> None:
    report = apply(Plan(), folder_env.target, folder_env.store) if folder_env.root.exists() else None
    assert report is None
    folder_env.root.mkdir(parents=True)
    assert apply(Plan(), folder_env.target, folder_env.store).installed == ()
    assert list(folder_env.root.iterdir()) == []


def test_a_wheel_that_is_nowhere_is_fetched_again_or_missed(env: Environment) -> None:
    wheel = env.wheel()
    wanted = item(wheel)
    lost = type(wanted)(wanted.filename, wanted.sha256, None)
    with pytest.raises(MissingWheel, match="is not in the store"):
        apply(Plan((lost,)), env.target, env.store)
    apply(Plan((lost,)), env.target, env.store, refetch=lambda _: wheel)
    wheel.unlink()
    uninstall(env.target.installed(), env.target)
    apply(Plan((lost,)), env.target, env.store)
    assert env.versions() == {"foo": "1.0"}


def test_plans_that_contradict_themselves_are_refused(env: Environment) -> None:
    with pytest.raises(InstallingError, match="twice"):
        env.install(env.wheel(), env.wheel(version="2.0"))
    env.install(env.wheel())
    (installed,) = env.target.installed()
    uninstall([installed], env.target)
    with pytest.raises(InstallingError, match="is not installed"):
        uninstall([installed], env.target)
    wheel = env.wheel()
    wrong = type(item(wheel))(item(env.wheel("bar")).filename, item(wheel).sha256, wheel)
    with pytest.raises(RewheelError, match="another project"):
        apply(Plan((wrong,)), env.target, env.store)


@pytest.mark.parametrize("mode", [LinkMode.AUTO, LinkMode.HARDLINK, LinkMode.COPY, LinkMode.SYMLINK])
def test_every_way_of_linking_gives_the_same_environment(env: Environment, mode: LinkMode) -> None:
    before = env.snapshot()
    report = env.install(env.wheel(files=EVERYTHING, entry_points=COMMANDS), link_mode=mode)
    assert report.link_mode in {mode, LinkMode.HARDLINK}
    assert env.run("-c", "import top; top.main()") == "hello from top\n"
    if mode is LinkMode.SYMLINK:
        assert (env.site / "top.py").is_symlink()
    if mode is LinkMode.COPY:
        assert (env.site / "top.py").stat().st_nlink == 1
    uninstall(env.target.installed(), env.target)
    assert env.snapshot() == before


def test_modes_follow_the_wheel_and_the_umask(env: Environment) -> None:
    import zipfile

    wheel = env.wheel(files={"tool.sh": "#!/bin/sh\n", "plain.txt": ""})
    marked = wheel.with_name("marked") / wheel.name
    marked.parent.mkdir()
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(marked, "w") as copy:
        for info in source.infolist():
            data = source.read(info)
            info.external_attr = (0o100777 if info.filename == "tool.sh" else 0o100644) << 16
            copy.writestr(info, data)
    env.install(marked)
    umask = os.umask(0o022)
    os.umask(umask)
    assert (env.site / "tool.sh").stat().st_mode & 0o777 == 0o777 & ~umask
    assert (env.site / "plain.txt").stat().st_mode & 0o777 == 0o666 & ~umask


def test_the_layout_is_the_one_of_this_python(env: Environment) -> None:
    assert env.site.relative_to(env.root) == Path(
        sysconfig.get_path("purelib", "venv", {"base": ""}).lstrip("/")
    )
