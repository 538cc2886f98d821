"""`rewheel check`: pip's answers on the same environment, variants, files and machines."""

import json
import os
from pathlib import Path

import pytest

from support.index_server import IndexServer
from support.wheel_factory import make_wheel

from .conftest import Run
from .environment import make_environment, pip, site_packages

MACHINE = """
[metadata]
version = "0.1"
[[provider]]
namespace = "{namespace}"
resolved = ["some-provider==1.0"]
properties = {properties}
"""
STATIC = {"gpu": {"static-properties": {"arch": ["x2", "x1"]}}}


def install(run: Run, shelf: Path, *words: object) -> None:
    assert run("install", "--no-deps", "-f", shelf, "--no-index", *words).code == 0


def write_machine(name: str, namespace: str, properties: str) -> None:
    Path(name).write_text(MACHINE.format(namespace=namespace, properties=properties))


def kinds(run: Run, *words: object) -> list[str]:
    code, out, _ = run("check", "--json", *words)
    found = [problem["kind"] for problem in json.loads(out)["problems"]]
    assert code == bool(found)
    return found


def test_lines_are_those_of_pip(run: Run, shelf: Path) -> None:
    make_environment()
    make_wheel(
        shelf,
        "Foo",
        requires=["bar>=2", "lost", "never; python_version<'3'", "opt; extra=='x'"],
        extras=["x"],
    )
    make_wheel(shelf, "bar")
    make_wheel(shelf, "fine", requires=["bar", "pre>=1.0"])
    make_wheel(shelf, "pre", "2.0a1")
    install(run, shelf, "foo", "bar", "fine", "pre==2.0a1")
    code, out, err = run("check")
    theirs = pip("check")
    assert (code, err) == (1, "") == (theirs.returncode, theirs.stderr)
    assert sorted(out.splitlines()) == sorted(theirs.stdout.splitlines())
    assert out.splitlines() == [
        "foo 1.0 has requirement bar>=2, but you have bar 1.0.",
        "foo 1.0 requires lost, which is not installed.",
    ]


def test_all_is_well(run: Run, shelf: Path) -> None:
    make_environment()
    make_wheel(shelf, "foo", entry_points="[console_scripts]\nfoo = foo:main\n")
    assert run("check") == (0, "No broken requirements found.\n", "")
    install(run, shelf, "foo", "--compile")
    assert run("check", "--files") == (0, pip("check").stdout, "")
    assert run("check", "-q") == (0, "", "")
    assert kinds(run) == []


def test_extras_count_where_somebody_asks_for_them(run: Run, shelf: Path) -> None:
    make_environment()
    make_wheel(
        shelf,
        "foo",
        requires=["deep; extra=='x'", "foo[y]; extra=='x'", "wide; extra=='y'"],
        extras=["X", "y"],
    )
    make_wheel(shelf, "user", requires=["foo[x]"])
    install(run, shelf, "foo")
    assert kinds(run) == []
    install(run, shelf, "user")
    assert run("check").out.splitlines() == [
        "foo[x] 1.0 requires deep, which is not installed.",
        "foo[y] 1.0 requires wide, which is not installed.",
    ]


@pytest.mark.parametrize(
    ("requirement", "missing"),
    [("foo", True), ("foo[]", False), ("foo[other]", False), ("foo[more]", True), ("foo[nope]", False)],
)
def test_default_extras_count_where_nobody_asks_for_others(
    run: Run, shelf: Path, requirement: str, missing: bool
) -> None:
    make_environment()
    make_wheel(shelf, "foo", requires=["deep; extra=='more'"], extras=["more", "other"])
    make_wheel(shelf, "user", requires=[requirement])
    install(run, shelf, "foo", "user")
    metadata = site_packages() / "foo-1.0.dist-info/METADATA"
    size = metadata.stat().st_size
    text = metadata.read_text().replace(
        "Metadata-Version: 2.3\n", "Metadata-Version: 2.3\nDefault-Extra: more\n"
    )
    metadata.unlink()  # it may be a file of the store
    metadata.write_text(text)
    assert kinds(run) == (["missing"] if missing else []) + ["files"]
    assert metadata.stat().st_size != size


def test_variant_markers_are_those_of_the_installed_variant(run: Run, shelf: Path) -> None:
    make_environment()
    requires = ["fast; 'gpu :: arch :: x2' in variant_properties", "slow; variant_label == ''"]
    make_wheel(
        shelf, "foo", label="x2", properties={"gpu": {"arch": ["x2"]}}, priorities=["gpu"], providers=STATIC,
        requires=requires,
    )  # fmt: skip
    make_wheel(shelf, "foo", requires=requires)
    install(run, shelf, "foo")
    assert run("check").out == "foo 1.0 requires fast, which is not installed.\n"
    install(run, shelf, "foo", "--no-variants", "--reinstall")
    assert run("check").out == "foo 1.0 requires slow, which is not installed.\n"


def test_a_variant_that_no_longer_fits_the_machine(
    run: Run, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_environment()
    properties = {"x86_64": {"level": ["v3"]}}
    make_wheel(shelf, "foo", label="x86_64_v3", properties=properties, priorities=["x86_64"])
    make_wheel(shelf, "foo")
    write_machine("good.toml", "x86_64", '{ level = ["v3", "v2", "v1"] }')
    write_machine("bad.toml", "x86_64", '{ level = ["v2", "v1"] }')
    install(run, shelf, "foo", "--machine", "good.toml")
    assert run("list").out.split()[-1] == "x86_64_v3"
    assert kinds(run, "--machine", "good.toml") == []
    code, out, err = run("check", "--machine", "bad.toml")
    assert (code, err) == (1, "")
    assert out == (
        "foo 1.0 (variant x86_64_v3): [x86_64 :: level :: v3] is not supported; this machine: v2.\n"
    )


def test_nobody_knowing_is_no_problem(run: Run, shelf: Path) -> None:
    make_environment()
    providers = {"odd": {"requires": ["odd-provider"]}}
    make_wheel(
        shelf, "foo", label="o", properties={"odd": {"a": ["b"]}}, priorities=["odd"], providers=providers
    )
    write_machine("m.toml", "odd", '{ a = ["b"] }')
    install(run, shelf, "foo", "--machine", "m.toml")
    code, out, err = run("check")
    assert (code, out) == (0, "No broken requirements found.\n")
    assert "odd-provider: not trusted" in err


def test_a_variant_for_another_version_of_a_package(run: Run, shelf: Path) -> None:
    make_environment()
    make_wheel(
        shelf, "foo", label="t2", properties={"abi_dependency": {"torch": ["2.9"]}}, requires=["torch"],
        priorities=["abi_dependency"], providers={"abi_dependency": {"builtin": "abi_dependency"}},
    )  # fmt: skip
    for version in ("2.9.1", "3.0"):
        make_wheel(shelf, "torch", version)
    assert run("install", "foo", "torch<3", "-f", shelf, "--no-index").code == 0
    assert run("list").out.split()[-3:] == ["t2", "torch", "2.9.1"]
    assert kinds(run) == []
    install(run, shelf, "-U", "torch")
    code, out, err = run("check")
    assert (code, err) == (1, "")
    assert out == "foo 1.0 (variant t2): it is for torch 2.9, but you have torch 3.0.\n"
    run("uninstall", "torch")
    assert "foo 1.0 (variant t2): it is for torch 2.9, but that is not installed." in run("check").out


def test_files_that_are_not_what_they_were(run: Run, shelf: Path) -> None:
    make_environment()
    names = [f"foo/m{number}.py" for number in range(6)]
    make_wheel(shelf, "foo", files={name: f"# {name}\n" for name in names})
    install(run, shelf, "foo", "--link-mode", "copy")
    packages = site_packages()
    changed = packages / "foo/m0.py"
    changed.write_text("# foo/M0.py\n")
    assert kinds(run) == []
    code, out, _ = run("check", "--files")
    assert (code, out) == (1, "foo 1.0 is damaged: foo/m0.py is changed.\n")
    changed.write_text("")
    assert run("check").out == "foo 1.0 is damaged: foo/m0.py is of another size.\n"
    for name in names[1:]:
        (packages / name).unlink()
    assert run("check").out.split(": ")[1].rstrip() == (
        "foo/m1.py, foo/m2.py and 3 more files are missing; foo/m0.py is of another size."
    )
    (problem,) = json.loads(run("check", "--json").out)["problems"]
    assert len(problem["files"]) == 6
    assert {"path": "foo/m0.py", "damage": "size"} in problem["files"]


def test_what_is_not_for_this_python_or_platform(run: Run, shelf: Path) -> None:
    make_environment()
    make_wheel(shelf, "foo")
    make_wheel(shelf, "bar")
    install(run, shelf, "foo", "bar", "--link-mode", "copy")
    info = site_packages() / "foo-1.0.dist-info"
    text = info / "METADATA"
    text.write_text(text.read_text() + "Requires-Python: >=4\n")
    wheel = site_packages() / "bar-1.0.dist-info/WHEEL"
    wheel.write_text(wheel.read_text().replace("py3-none-any", "py3-none-win_arm64"))
    lines = run("check").out.splitlines()
    assert any(line.startswith("foo 1.0 requires Python >=4, but this is 3.") for line in lines)
    assert "bar 1.0 is not supported on this platform." in lines
    assert kinds(run) == ["platform", "files", "python", "files"]


def test_wreckage_is_reported_and_not_stumbled_over(run: Run, shelf: Path) -> None:
    make_environment()
    make_wheel(shelf, "foo", requires=["bar"])
    install(run, shelf, "foo", "--link-mode", "copy")
    packages = site_packages()
    (packages / "foo-1.0.dist-info/METADATA").write_text("Name: foo\nVersion: 1.0\nRequires-Dist: ???\n")
    (packages / "foo-0.9.dist-info").mkdir()
    (packages / "empty-1.0.dist-info").mkdir()
    assert set(kinds(run)) == {"metadata", "duplicate", "files"}
    (packages / "foo-1.0.dist-info/RECORD").write_bytes(b"\xff\xfe\x00,,\n../../../../etc/passwd\x00,,3\n")
    code, out, _ = run("check", "--files")
    assert code == 1
    assert "foo is installed twice: foo-0.9.dist-info and foo-1.0.dist-info." in out


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read everything")
def test_files_that_cannot_be_read(run: Run, shelf: Path) -> None:
    make_environment()
    make_wheel(shelf, "foo")
    install(run, shelf, "foo", "--link-mode", "copy")
    (site_packages() / "foo.py").chmod(0)
    assert "foo.py is unreadable" in run("check", "--files").out


def test_names_of_several_indexes_are_warned_of(run: Run, shelf: Path, world: Path) -> None:
    make_environment()
    other = world / "other"
    for name in ("foo", "bar", "pinned", "mirrored"):
        make_wheel(shelf, name)
    for name in ("foo", "pinned", "mirrored"):
        make_wheel(other, name, "2.0")
    with IndexServer(shelf) as one, IndexServer(other) as two, IndexServer(other) as mirror:
        (world / "rewheel.toml").write_text(
            f"""
            [[index]]
            name = "one"
            url = "{one.simple_url}"
            [[index]]
            name = "two"
            url = "{two.simple_url}"
            deny = ["mirrored"]
            [[index]]
            name = "first"
            url = "{mirror.simple_url}"
            group = "mirrors"
            deny = ["foo"]
            [index-pin]
            pinned = "one"
            """
        )
        flags = ["-i", mirror.simple_url]  # which is the third one of these, under its name
        assert run("check", *flags).err == "", "nothing is installed"
        assert run("install", "--no-deps", "foo", "bar", "pinned", "mirrored==1.0", *flags).code == 0
        for server in (one, two, mirror):
            server.forget()
        code, out, err = run("check", *flags)
        assert (code, out) == (0, "No broken requirements found.\n")
        assert [line.partition(";")[0] for line in err.splitlines()] == [
            "warning: foo is offered by one and by two",
            "warning: mirrored is offered by one and by first",
        ]
        assert not (one.requests or two.requests or mirror.requests)
        code, out, err = run("check", "--json", *flags)
        assert json.loads(out)["shared"][0] == {"name": "foo", "indexes": ["one", "two"]}
        assert (code, err) == (0, "")

        assert run("check", "--cache-dir", "empty", *flags).err == "", "an index that was never asked"
        asking = run("check", "--indexes", "--cache-dir", "empty", *flags)
        assert len(asking.err.splitlines()) == 2
        assert one.count("*/foo/") == two.count("*/foo/") == 1
        assert two.count("*/pinned/") == 0
    assert run("check", "--indexes", "--cache-dir", "empty", *flags).code == 1
    assert run("check", *flags).code == 0
    assert run("check", "--no-index").err == ""
