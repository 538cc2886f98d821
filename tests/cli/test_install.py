"""`rewheel install`, `list`, `uninstall`, `explain` and `release index`, from a folder of wheels."""

import json
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.index_server import Fault, IndexServer
from support.wheel_factory import make_wheel, write_index_file

from .conftest import Run

STATIC = {"gpu": {"static-properties": {"arch": ["x3", "x2", "x1"]}}}


def stock(shelf: Path, *labels: str, version: str = "1.0", **more: object) -> None:
    for label in labels:
        properties = {"gpu": {"arch": [label]}} if label != "null" else {}
        make_wheel(
            shelf,
            "foo",
            version,
            label=label,
            properties=properties,
            priorities=["gpu"],
            providers=STATIC,
            **more,
        )  # type: ignore[arg-type]
    make_wheel(shelf, "foo", version, **more)  # type: ignore[arg-type]


@pytest.fixture
def server(shelf: Path) -> Iterator[IndexServer]:
    with IndexServer(shelf) as server:
        yield server


def test_the_story_of_an_installation(run: Run, shelf: Path) -> None:
    stock(shelf, "x1", "x2", "x9")
    code, out, err = run("install", "foo", "-f", shelf, "--no-index", "-t", "there")
    assert (code, err) == (0, "")
    assert out.splitlines()[:3] == [
        "foo 1.0: 3 variants, gpu from the package's static list",
        "  rejected x9   [gpu :: arch :: x9] is not supported; this machine: x3",
        "  2 compatible; selected x2   [gpu :: arch :: x2]",
    ]
    assert out.splitlines()[3].startswith("Collecting foo  foo-1.0-py3-none-any-x2.whl (")
    assert out.splitlines()[4:] == ["Installed foo 1.0 (variant x2)"]
    assert "LABEL = 'x2'" in Path("there/foo.py").read_text()


def test_quiet_says_nothing(run: Run, shelf: Path) -> None:
    stock(shelf, "x1")
    assert run("install", "-q", "foo", "-f", shelf, "--no-index", "-t", "there") == (0, "", "")
    assert run("list", "-q", "-t", "there").out.splitlines()[1].split() == ["foo", "1.0", "x1"]


def test_list_and_uninstall(run: Run, shelf: Path) -> None:
    stock(shelf, "x1")
    make_wheel(shelf, "bar", "2.0")
    assert run("list", "-t", "there").out.startswith("nothing is installed in")
    run("install", "foo", "bar", "-f", shelf, "--no-index", "-t", "there")
    code, out, err = run("list", "-t", "there")
    assert (code, err) == (0, "")
    assert [line.split() for line in out.splitlines()] == [
        ["Package", "Version", "Variant"],
        ["bar", "2.0"],
        ["foo", "1.0", "x1"],
    ]
    found = json.loads(run("list", "--json", "-t", "there").out)
    assert [(each["name"], each["label"], each["requested"]) for each in found] == [
        ("bar", "", True),
        ("foo", "x1", True),
    ]
    code, out, err = run("uninstall", "Foo", "nothing", "-t", "there")
    assert (code, out) == (0, "Removed foo 1.0 (variant x1)\n")
    assert err.startswith("warning: nothing is not installed in")
    assert [path.name for path in Path("there").glob("*.py")] == ["bar.py"]
    assert run("uninstall", "-t", "there").code == 2


def test_what_is_there_stays_until_it_is_upgraded(run: Run, shelf: Path) -> None:
    stock(shelf, "x1")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", ".venv"], check=True)
    options = ["-f", shelf, "--no-index"]
    run("install", "foo", *options)
    assert run("install", "foo", *options).out == "Already satisfied: foo 1.0 (variant x1)\n"
    stock(shelf, "x2", version="2.0")
    assert run("install", "foo", *options).out == "Already satisfied: foo 1.0 (variant x1)\n"
    out = run("install", "-U", "foo", *options).out
    assert out.splitlines()[-1] == "Installed foo 2.0 (variant x2), was 1.0 (variant x1)"
    out = run("install", "--reinstall", "foo", *options).out
    assert out.splitlines()[-1] == "Installed foo 2.0 (variant x2)"


def test_a_dry_run_changes_nothing_and_can_be_reported(run: Run, shelf: Path) -> None:
    stock(shelf, "x1", requires=["bar"])
    make_wheel(shelf, "bar", "2.0")
    code, out, err = run(
        "install", "foo", "-f", shelf, "--no-index", "-t", "there", "--dry-run", "--report", "-"
    )
    assert code == 0
    report = json.loads(out)
    assert [entry["metadata"]["name"] for entry in report["install"]] == ["bar", "foo"]
    foo = report["install"][1]
    assert foo["variant"]["label"] == "x1"
    assert foo["variant"]["properties"] == ["gpu :: arch :: x1"]
    assert foo["requested"]
    assert "Would install foo 1.0 (variant x1)" in err
    assert not Path("there").exists()


def test_a_report_knows_the_hash_of_what_was_fetched(run: Run, shelf: Path) -> None:
    import hashlib

    stock(shelf)
    assert run("install", "foo", "-f", shelf, "--no-index", "-t", "there", "--report", "r.json").code == 0
    (entry,) = json.loads(Path("r.json").read_text())["install"]
    expected = hashlib.sha256((shelf / entry["filename"]).read_bytes()).hexdigest()
    assert entry["download_info"]["archive_info"]["hashes"]["sha256"] == expected
    code, _, err = run(
        "install", "foo", "-f", shelf, "--no-index", "-t", "there", "--report", "no/such/folder.json"
    )
    assert code == 2
    assert "--report no/such/folder.json" in err


def test_labels_by_hand(run: Run, shelf: Path) -> None:
    stock(shelf, "x1", "x2", "x9", "null")
    options = ["-f", shelf, "--no-index", "-t", "there", "--reinstall"]

    def label(*more: str) -> str:
        code, _, err = run("install", "foo", *options, *more)
        assert code == 0, err
        return Path("there/foo.py").read_text().removeprefix("LABEL = ").strip().strip("'")

    assert label() == "x2"
    assert label("--variant", "Foo=x1") == "x1"
    assert label("--variant", "foo=") == ""
    assert label("--exclude-variant", "foo=x2") == "x1"
    assert label("--exclude-variant", "foo=x2", "--exclude-variant", "foo=x1") == "null"
    assert label("--no-variants") == ""
    _, _, err = run("install", "foo", *options, "--variant", "fooo=x1")
    assert err == "warning: --variant fooo has no effect: nothing asks for fooo\n"
    assert run("install", "foo", *options, "--variant", "foo=x9").code == 1
    assert run("install", "foo", *options, "--variant", "a=b", "--variant", "A=c").code == 2


def test_settings_reach_the_installation(
    run: Run, shelf: Path, world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stock(shelf, "x1", "x2")
    (world / "rewheel.toml").write_text('no-index = true\nfind-links = ["shelf"]\nvariant = { foo = "x1" }\n')
    run("install", "foo", "-t", "a")
    assert "x1" in Path("a/foo.py").read_text()
    monkeypatch.setenv("REWHEEL_NO_VARIANTS", "1")
    monkeypatch.setenv("REWHEEL_VARIANT", "other=y")
    run("install", "foo", "-t", "b")
    assert "LABEL = ''" in Path("b/foo.py").read_text()


def test_requirements_files_and_constraints(run: Run, shelf: Path, world: Path) -> None:
    for version in ("1.0", "2.0"):
        make_wheel(shelf, "foo", version)
    (world / "r.txt").write_text("--no-index\n--find-links shelf\nfoo\n")
    (world / "c.txt").write_text("foo<2\n")
    code, out, err = run("install", "-r", "r.txt", "-c", "c.txt", "-t", "there")
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "Installed foo 1.0"
    code, out, _ = run("uninstall", "-r", "r.txt", "-t", "there")
    assert (code, out) == (0, "Removed foo 1.0\n")


def test_hashes(run: Run, shelf: Path, world: Path) -> None:
    import hashlib

    wheel = make_wheel(shelf, "foo", "1.0", requires=["bar"])
    other = make_wheel(shelf, "bar", "1.0")
    good = hashlib.sha512(wheel.read_bytes()).hexdigest()
    bar = hashlib.sha256(other.read_bytes()).hexdigest()
    options = ["-r", "r.txt", "-f", shelf, "--no-index", "-t", "there"]

    def install(text: str, *more: str) -> tuple[int, str]:
        (world / "r.txt").write_text(text)
        code, _, err = run("install", *options, *more)
        assert (code == 0) == Path("there").exists()
        return code, err

    assert "hashes are required, but there is none for foo" in install("foo==1.0\n", "--require-hashes")[1]
    assert "must name one version" in install(f"foo>=1 --hash=sha512:{good}\n")[1]
    code, err = install(f"foo==1.0 --hash=sha512:{good}\n")
    assert (code, "there is none for bar==1.0" in err) == (1, True)
    code, err = install(f"foo==1.0 --hash=sha512:{'0' * 128}\nbar==1.0 --hash=sha256:{bar}\n")
    assert (code, "sha512:00000" in err) == (1, True)
    assert install(f"foo==1.0 --hash=sha512:{good}\nbar==1.0 --hash=sha256:{bar}\n") == (0, "")


def test_a_wheel_by_path(run: Run, shelf: Path) -> None:
    stock(shelf, "x1")
    wheel = "./shelf/foo-1.0-py3-none-any-x1.whl"
    code, _, err = run("install", wheel, "--no-index", "-t", "there")
    assert (code, err) == (0, "")
    found = json.loads(run("list", "--json", "-t", "there").out)
    assert found[0]["direct_url"]["url"].endswith("foo-1.0-py3-none-any-x1.whl")


def test_failures_are_one_line_and_leave_nothing(run: Run, shelf: Path) -> None:
    stock(shelf)
    for arguments in (["nothing-like-it"], ["foo>=9"], ["foo==1.0", "foo==2.0"]):
        code, _, err = run("install", *arguments, "-f", shelf, "--no-index", "-t", "there")
        assert code == 1
        assert err.startswith("error: ")
        assert not Path("there").exists()


def test_without_an_environment_there_is_advice(run: Run) -> None:
    code, out, err = run("install", "foo", "--no-index")
    assert (code, out) == (1, "")
    assert err.startswith("error: found no virtual environment")
    assert "hint: create one with" in err
    assert run("list").code == 1


def test_into_a_virtual_environment(run: Run, shelf: Path, world: Path) -> None:
    stock(
        shelf,
        "x1",
        entry_points="[console_scripts]\nfoo-label = foo:main\n",
        files={"foo.py": "LABEL = 'x1'\ndef main():\n    print(LABEL)\n"},
    )
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", ".venv"], check=True)
    assert run("install", "foo", "-f", shelf, "--no-index").code == 0
    done = subprocess.run([world / ".venv/bin/foo-label"], capture_output=True, text=True, check=True)
    assert done.stdout == "x1\n"
    assert run("list").out.splitlines()[1].split() == ["foo", "1.0", "x1"]
    assert run("uninstall", "foo").code == 0
    assert not (world / ".venv/bin/foo-label").exists()


MACHINE = """
[metadata]
version = "0.1"
[platform]
system = "{system}"
machine = "{machine}"
[[provider]]
namespace = "x86_64"
resolved = ["provider-variant-x86-64==0.0.1.post2"]
properties = {{ level = ["v2", "v1"] }}
"""


def levels(shelf: Path) -> None:
    for level in ("v2", "v3"):
        make_wheel(
            shelf, "foo", "1.0", label=level, properties={"x86_64": {"level": [level]}},
            providers={"x86_64": {"requires": ["provider-variant-x86-64"],
                                  "plugin-api": "provider_variant_x86_64.plugin:X8664Plugin"}},
        )  # fmt: skip
    make_wheel(shelf, "foo", "1.0")


def test_for_another_machine(run: Run, shelf: Path, world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    levels(shelf)
    monkeypatch.setenv("X86_64_VARIANT_PROVIDER_FORCE_LEVEL", "v3")
    (world / "old.toml").write_text(MACHINE.format(system="Linux", machine="x86_64"))
    (world / "mac.toml").write_text(
        MACHINE.format(system="Darwin", machine="arm64").replace(
            "[[provider]]", 'os-version = "14.0"\n[[provider]]'
        )
    )
    options = ["-f", shelf, "--no-index"]
    code, out, err = run("install", "foo", *options, "--machine", "old.toml", "-t", "there")
    assert (code, err) == (0, "")
    assert "x86_64 from old.toml" in out
    assert "LABEL = 'v2'" in Path("there/foo.py").read_text()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", ".venv"], check=True)
    code, _, err = run("install", "foo", *options, "--machine", "mac.toml")
    assert code == 2
    assert "would not run in" in err
    assert run("install", "foo", *options, "--machine", "mac.toml", "--dry-run").code == 0
    assert run("install", "foo", *options, "--machine", "missing.toml").code == 1


def test_explain(run: Run, shelf: Path, world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    levels(shelf)
    monkeypatch.setenv("X86_64_VARIANT_PROVIDER_FORCE_LEVEL", "v3")
    (world / "old.toml").write_text(MACHINE.format(system="Linux", machine="x86_64"))
    (world / "new.toml").write_text(
        MACHINE.format(system="Linux", machine="x86_64").replace('["v2"', '["v3", "v2"')
    )
    options = ["-f", shelf, "--no-index"]
    code, out, err = run("explain", "foo", *options)
    assert (code, err) == (0, "")
    assert out.startswith("foo 1.0  from ")
    assert "x86_64 from X86_64_VARIANT_PROVIDER_FORCE_LEVEL: level v3, v2, v1" in out
    assert len([line for line in out.splitlines() if "py3-none-any" in line]) == 3
    code, out, err = run("explain", "foo", *options, "--json")
    (found,) = json.loads(out)["explanations"]
    assert (found["label"], found["machine"]) == ("v3", "this machine")
    assert {wheel["label"]: wheel["verdict"] for wheel in found["wheels"]} == {
        "v3": "selected",
        "v2": "compatible",
        "": "compatible",
    }
    assert all(wheel["reason"] for wheel in found["wheels"])
    machines = ["--machine", "old.toml", "--machine", "new.toml"]
    code, out, err = run("explain", "foo", *options, *machines)
    assert (code, err) == (0, "")
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines() if line.startswith("  ")}
    assert rows["wheel"] == ["old", "new"]
    assert rows["foo-1.0-py3-none-any-v3.whl"] == ["unsupported", "selected"]
    found = json.loads(run("explain", "foo", *options, *machines, "--json").out)["explanations"]
    assert [(each["machine"], each["label"]) for each in found] == [("old", "v2"), ("new", "v3")]
    assert not Path("there").exists()


def test_explain_says_when_nothing_fits(run: Run, shelf: Path) -> None:
    make_wheel(shelf, "foo", "1.0", label="x9", properties={"gpu": {"arch": ["x9"]}}, providers=STATIC)
    code, out, _ = run("explain", "foo", "-f", shelf, "--no-index")
    assert code == 0
    assert "[gpu :: arch :: x9] is not supported" in out
    assert "no wheel of this version would do" in out
    assert run("explain", "nothing", "-f", shelf, "--no-index").code == 1
    assert run("explain").code == 2


def test_a_release_can_be_installed_from(run: Run, shelf: Path) -> None:
    stock(shelf, "x1", "x2")
    code, out, err = run("release", "index", "shelf")
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "foo 1.0: 3 wheels, variants x1, x2"
    assert out.splitlines()[-1].startswith("Wrote shelf/simple (")
    code, out, _ = run("install", "foo", "--index-url", "shelf/simple", "-t", "there")
    assert code == 0
    assert out.splitlines()[-1] == "Installed foo 1.0 (variant x2)"
    code, _, err = run("release", "index", "missing")
    assert code == 1
    (shelf / "foo-1.0-py3-none-any-x2.whl").write_bytes(b"no wheel")
    code, _, err = run("release", "index", "shelf")
    assert code == 1
    assert "foo-1.0-py3-none-any-x2.whl" in err


def test_a_wheel_that_is_not_what_its_index_says(run: Run, shelf: Path, server: IndexServer) -> None:
    stock(shelf, "x1")
    make_wheel(shelf, "foo", "1.0", label="x3", properties={"gpu": {"arch": ["x1"]}}, providers=STATIC)
    write_index_file(
        shelf, "foo", "1.0", {"x1": {"gpu": {"arch": ["x1"]}}, "x3": {"gpu": {"arch": ["x3"]}}},
        priorities=["gpu"], providers=STATIC,
    )  # fmt: skip
    code, out, err = run("install", "foo", "--index-url", server.simple_url, "-t", "there")
    assert code == 0
    assert out.splitlines()[-1] == "Installed foo 1.0 (variant x1)"
    assert err.startswith("warning: foo-1.0-py3-none-any-x3.whl")
    code, _, err = run("install", "foo==1.0", "--index-url", server.simple_url, "-t", "other")
    assert code == 1
    assert "foo-1.0-py3-none-any-x3.whl" in err
    assert not Path("other").exists()


def test_a_server_that_fails_is_one_line(run: Run, shelf: Path, server: IndexServer) -> None:
    stock(shelf)
    server.faults["/simple/*"] = Fault(status=500)
    options = ["--index-url", server.simple_url, "-t", "there", "--retries", "0"]
    code, out, err = run("install", "foo", *options)
    assert (code, out) == (1, "")
    assert err.startswith("error: ")
    assert not Path("there").exists()


def test_what_was_installed_once_is_installed_offline(run: Run, shelf: Path, server: IndexServer) -> None:
    stock(shelf, "x1")
    options = ["foo", "--index-url", server.simple_url]
    assert run("install", *options, "-t", "a").code == 0
    assert run("install", *options, "-t", "b", "--offline").code == 0
    assert "x1" in Path("b/foo.py").read_text()
    assert run("install", *options, "-t", "c", "--offline", "--no-cache").code == 1


def test_no_cache_leaves_no_cache(run: Run, shelf: Path, tmp_path: Path) -> None:
    stock(shelf)
    assert run("install", "foo", "-f", shelf, "--no-index", "-t", "there", "--no-cache").code == 0
    assert not (tmp_path / "cache").exists()
    assert Path("there/foo.py").exists()
    assert run("cache", "clean", "--no-cache").code == 2


def test_the_cache(run: Run, shelf: Path, tmp_path: Path) -> None:
    stock(shelf)
    cache = tmp_path / "cache"
    assert run("cache", "dir").out == f"{cache}\n"
    run("install", "foo", "-f", shelf, "--no-index", "-t", "there")
    found = json.loads(run("cache", "info", "--json").out)
    assert found["directory"] == str(cache)
    assert found["parts"]["wheels"]["files"] > 0
    assert "unpacked wheels" in run("cache", "info").out
    (cache / "mine.txt").write_text("keep")
    code, out, err = run("cache", "clean")
    assert (code, err) == (0, "")
    assert out.startswith("Removed ")
    assert [path.name for path in cache.iterdir()] == ["mine.txt"]
    assert run("cache", "clean").code == 0
    assert run("cache", "info").code == 0
    assert Path("there/foo.py").exists()


def test_credentials_are_never_shown(run: Run, shelf: Path, server: IndexServer) -> None:
    stock(shelf, "x1")
    url = server.simple_url.replace("http://", "http://me:hunter2@")
    for arguments in (
        ["install", "foo", "-t", "there", "-vv", "--report", "-"],
        ["explain", "foo", "-vv"],
        ["explain", "foo", "--json"],
        ["install", "missing", "-t", "other", "-vv"],
    ):
        _, out, err = run(*arguments, "--index-url", url)
        assert "hunter2" not in out + err
    assert "hunter2" not in "".join(
        path.read_text(errors="replace") for path in Path("there").rglob("*.json")
    )


def test_looking_needs_no_hashes(run: Run, shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stock(shelf)
    monkeypatch.setenv("REWHEEL_REQUIRE_HASHES", "1")
    assert run("explain", "foo", "-f", shelf, "--no-index").code == 0
    assert run("install", "foo", "-f", shelf, "--no-index", "-t", "there").code == 2


def test_a_saved_machine_of_the_same_kind_keeps_what_is_installed(run: Run, shelf: Path, world: Path) -> None:
    make_wheel(shelf, "foo", "1.0", requires=["bar"])
    make_wheel(shelf, "bar", "1.0")
    environment = world / "environment"
    venv.create(environment)
    place = ["--python", environment, "-f", shelf, "--no-index"]
    assert run("machine", "save", "here.toml").code == 0
    assert run("install", "bar", *place).code == 0
    make_wheel(shelf, "bar", "2.0")
    out = run("install", "foo", *place, "--machine", "here.toml").out
    assert "Installed foo 1.0" in out
    assert "bar 2.0" not in out
