"""What is told when things do not fit together: who wants what, and where that is written."""

from pathlib import Path

from support.source_factory import make_sdist
from support.wheel_factory import make_wheel

from .conftest import Run


def test_files_and_lines_are_named(run: Run, shelf: Path, world: Path) -> None:
    make_wheel(shelf, "a", requires=["b>=2"])
    for version in ("1.0", "2.0"):
        make_wheel(shelf, "b", version)
    flags = ["--no-index", "-f", shelf, "-t", "there"]
    (world / "sub").mkdir()
    (world / "sub" / "nested.txt").write_text("# first\n\nb<2\n")
    (world / "r.txt").write_text("-r sub/nested.txt\na\n")
    code, _, err = run("install", "-r", "r.txt", *flags)
    assert code == 1
    assert f"you asked for b<2 ({world}/sub/nested.txt:3)" in err
    assert f"you asked for a ({world}/r.txt:2)" in err
    assert "a 1.0 needs b>=2" in err

    (world / "c.txt").write_text("\nb==1.0\n")
    code, _, err = run("install", "a", "-c", "c.txt", *flags)
    assert code == 1
    assert f"the constraint b==1.0 ({world}/c.txt:2) allows b only 1.0" in err
    assert "you asked for a\n" in err
    assert "loosen the constraint" in err

    (world / "pyproject.toml").write_text('[dependency-groups]\ntest = ["b<2"]\n')
    (world / "s.py").write_text('# /// script\n# dependencies = ["a"]\n# ///\n')
    code, _, err = run("install", "--group", "test", "-s", "s.py", *flags)
    assert code == 1
    assert "you asked for b<2 (--group test)" in err
    assert "you asked for a (s.py)" in err


def test_an_old_version_that_cannot_be_built_says_why_it_was_tried(run: Run, shelf: Path) -> None:
    make_wheel(shelf, "foo", "2.0", requires=["b>=2"])
    make_sdist(shelf, "foo", "1.0", build_requires=["not-there"])
    for version in ("1.0", "2.0"):
        make_wheel(shelf, "b", version)
    flags = ["--no-index", "-f", shelf, "-t", "there"]
    code, _, err = run("install", "foo", "b<2", *flags)
    assert code == 1
    assert "newer versions of foo than 1.0 had been ruled out; `--only-binary foo`" in err
    code, _, err = run("install", "foo", "b<2", "--only-binary", "foo", *flags)
    assert code == 1
    assert "foo 2.0 needs b>=2" in err
    assert "had been ruled out" not in err
