"""What `install` takes besides requirements: groups, scripts, files from the web; and where it refuses."""

import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.index_server import IndexServer, Response
from support.wheel_factory import make_wheel

from .conftest import Run
from .environment import make_environment


@pytest.fixture
def server(shelf: Path) -> Iterator[IndexServer]:
    with IndexServer(shelf) as server:
        yield server


def installed(folder: str = "there") -> list[str]:
    return sorted(path.stem for path in Path(folder).glob("*.py"))


GROUPS = """
[dependency-groups]
test = ["foo", {include-group = "lint"}]
lint = ["bar<2"]
loop = [{include-group = "loop"}]
variant = ["foo; 'x' in variant_namespaces"]
empty = []
"""


def test_groups(run: Run, shelf: Path) -> None:
    make_wheel(shelf, "foo")
    for version in ("1.0", "2.0"):
        make_wheel(shelf, "bar", version)
    make_wheel(shelf, "baz")
    Path("sub").mkdir()
    Path("sub/pyproject.toml").write_text(GROUPS)
    Path("pyproject.toml").write_text("[dependency-groups]\nmine = ['baz']\n")
    options = ("-f", shelf, "--no-index", "-t", "there")
    for place in ("sub/pyproject.toml:test", "sub:test"):
        code, _, err = run("install", "--group", place, "--group", "mine", *options)
        assert (code, err) == (0, "")
    assert installed() == ["bar", "baz", "foo"]
    assert run("list", "-t", "there").out.splitlines()[1].split() == ["bar", "1.0"]
    assert run("install", "--group", "sub:empty", *options).code == 0


@pytest.mark.parametrize(
    ("group", "problem"),
    [
        ("sub:loop", "in a circle: loop -> loop"),
        ("sub:variant", "variant markers are allowed only"),
        ("sub:nothing", "there is no dependency group nothing"),
        ("test", "pyproject.toml: cannot be read"),
        ("sub:", "the name of the group is missing"),
    ],
)
def test_groups_that_are_none(run: Run, group: str, problem: str) -> None:
    Path("sub").mkdir()
    Path("sub/pyproject.toml").write_text(GROUPS)
    code, out, err = run("install", "--group", group, "--no-index", "-t", "there")
    assert (code > 0, out) == (True, "")
    assert problem in err


def test_a_script_says_what_it_needs(run: Run, shelf: Path) -> None:
    make_wheel(shelf, "foo")
    script = Path("script.py")
    script.write_text(
        "# /// script\n# requires-python = '>=3.8'\n# dependencies = ['foo']\n# ///\nimport foo\n"
    )
    options = ("-f", shelf, "--no-index", "-t", "there")
    for option in ("-s", "--script", "--requirements-from-script"):
        assert run("install", option, script, *options).code == 0
    assert installed() == ["foo"]
    assert run("download", "-s", script, "-d", "files", "-f", shelf, "--no-index").code == 0
    script.write_text(script.read_text().replace(">=3.8", ">=4"))
    code, _, err = run("install", "-s", script, *options)
    assert code == 2
    assert "script.py requires Python >=4, but" in err
    script.write_text("import foo\n")
    assert "has no script metadata" in run("install", "-s", script, *options).err


def test_a_changed_group_is_noticed(run: Run, shelf: Path) -> None:
    make_environment()
    make_wheel(shelf, "foo")
    make_wheel(shelf, "bar")
    project = Path("pyproject.toml")
    script = Path("script.py")
    options = ("-f", shelf, "--no-index")
    for name in ("foo", "bar"):
        project.write_text(f"[dependency-groups]\nmine = ['{name}']\n")
        script.write_text(f"# /// script\n# dependencies = ['{name}']\n# ///\n")
        for asked in (("--group", "mine"), ("-s", "script.py")):
            for _ in range(2):
                assert run("install", *asked, *options).code == 0
            assert f" {name} 1.0" in run("install", *asked, *options).out


def test_requirements_files_from_the_web(run: Run, shelf: Path, server: IndexServer) -> None:
    make_wheel(shelf, "foo")
    for version in ("1.0", "2.0"):
        make_wheel(shelf, "bar", version)
    main = f"-i {server.simple_url}\nfoo\n-r more/deep.txt\n"
    server.responses["/r.txt"] = Response(main.encode(), "text/plain")
    server.responses["/more/deep.txt"] = Response(b"bar\n-c ../limits.txt\n", "text/plain")
    server.responses["/limits.txt"] = Response(b"bar<2\n", "text/plain")
    code, _, err = run("install", "-r", f"{server.url}/r.txt", "-t", "there")
    assert (code, err) == (0, "")
    assert installed() == ["bar", "foo"]
    assert run("list", "-t", "there").out.splitlines()[1].split() == ["bar", "1.0"]
    Path("local.txt").write_text(f"-c {server.url}/limits.txt\nbar\n")
    code, _, err = run("install", "-r", "local.txt", "-i", server.simple_url, "-t", "two", "-q")
    assert (code, err) == (0, "")
    assert run("uninstall", "-r", f"{server.url}/r.txt", "-t", "there").code == 0
    assert installed() == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("-r file:///etc/hostname", "may name only files on the web"),
        ("-r missing.txt", "there is no such file on the server"),
        ("-r r.txt", "the file names itself"),
        ("???", "r.txt:1:"),
    ],
)
def test_files_from_the_web_that_go_wrong(run: Run, server: IndexServer, text: str, problem: str) -> None:
    server.responses["/r.txt"] = Response(text.encode(), "text/plain")
    url = server.url.replace("://", "://me:secret@") + "/r.txt"
    code, out, err = run("install", "-r", url, "-i", server.simple_url, "-t", "there")
    assert (code > 0, out) == (True, "")
    assert problem in err
    assert "secret" not in err


def test_offline_and_other_schemes(run: Run, server: IndexServer, shelf: Path) -> None:
    server.responses["/r.txt"] = Response(b"foo\n", "text/plain")
    code, _, err = run("install", "-r", f"{server.url}/r.txt", "--offline", "-t", "there")
    assert code == 1 or code == 2
    assert "offline" in err
    assert server.paths() == []
    assert "http, https or file" in run("install", "-r", "ftp://a.test/r.txt", "-t", "there").err
    make_wheel(shelf, "foo")
    Path("r.txt").write_text("foo\n")
    place = Path("r.txt").absolute().as_uri()
    assert run("install", "-r", place, "-f", shelf, "--no-index", "-t", "there").code == 0


def test_uninstalling_what_a_file_names(run: Run, shelf: Path) -> None:
    make_environment()
    for name in ("foo", "bar", "baz"):
        make_wheel(shelf, name)
    run("install", "foo", "bar", "baz", "-f", shelf, "--no-index")
    Path("more.txt").write_text("baz\nabsent\n")
    Path("r.txt").write_text("# comment\nFoo==1.0  # variant x\n-r more.txt\n-i https://a.test/\n")
    code, out, err = run("uninstall", "-y", "-r", "r.txt")
    assert (code, out) == (0, "Removed baz 1.0\nRemoved foo 1.0\n")
    assert err.startswith("warning: absent is not installed in")
    assert run("freeze").out == "bar==1.0\n"


def test_a_managed_environment_is_left_alone(run: Run, shelf: Path, system: Path) -> None:
    make_wheel(shelf, "foo")
    (marker,) = system.glob("lib/python3.*/os.py")
    marker.with_name("EXTERNALLY-MANAGED").write_text(
        "[externally-managed]\nError=To install, use apt.\n Really.\n\n If you must, make an environment.\n"
    )
    python = system / "bin/python3"
    code, out, err = run("install", "foo", "-f", shelf, "--no-index", "--python", python)
    assert (code, out) == (1, "")
    assert "managed by something else, which says: To install, use apt. Really." in err
    assert "hint: create an environment with `python3 -m venv .venv`, or give `--target DIR`" in err
    assert run("list", "--python", python).code == 0
    options = ("-f", shelf, "--no-index", "--python", python, "--target", "there")
    assert run("install", "foo", *options).code == 0


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """Return an installation of Python that is no environment, with the files of the one that we run on."""
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    base = Path(sys.base_prefix, "bin", version)
    system = tmp_path / "system"
    library = system / "lib" / version
    (library / "site-packages").mkdir(parents=True)
    (system / "bin").mkdir()
    for path in Path(sysconfig.get_path("stdlib")).iterdir():
        if path.name not in {"site-packages", "EXTERNALLY-MANAGED"}:
            (library / path.name).symlink_to(path)
    python = system / "bin/python3"
    if base.is_file():
        shutil.copy(base, python)
    command = [python, "-I", "-c", "import sys; print(sys.prefix)"]
    done = subprocess.run(command, capture_output=True, text=True, check=False) if python.exists() else None
    if done is None or done.stdout.strip() != str(system):  # never touch the real one
        pytest.skip("this interpreter cannot be copied")
    return system


def test_the_user_scheme_is_refused(run: Run) -> None:
    code, out, err = run("install", "--user", "foo")
    assert (code, out) == (2, "")
    assert "hint: create an environment" in err
