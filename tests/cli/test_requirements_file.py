"""Requirements: as arguments, and in files as pip reads them."""

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from rewheel.cli.requirements import read_requirement
from rewheel.cli.requirements_file import Asked, RequirementsFileError, read_requirements_file
from rewheel.errors import RewheelError, UsageError
from support.wheel_factory import make_wheel

HASH = "a" * 64
OTHER = "b" * 64


def read(path: Path, *, constraints: bool = False, **environ: str) -> Asked:
    asked = Asked()
    read_requirements_file(path, asked, environ=environ, constraints=constraints)
    return asked


def write(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def texts(asked: Asked) -> list[str]:
    return [str(requirement) for requirement in asked.requirements]


def test_what_files_hold(tmp_path: Path) -> None:
    asked = read(
        write(
            tmp_path / "r.txt",
            """
# a comment
foo >= 1  # another
   bar[x]==2.0 ; python_version > "3"
--index-url https://a.test/simple   # the index
--extra-index-url=https://b.test
-i https://c.test/simple
--find-links links
--trusted-host b.test
--no-index
--pre
--prefer-binary
--only-binary :all:
--no-binary :none:
--use-feature fast-deps
baz \\
   ==1.0 \\
   # a comment in between ends the line
qux
""",
        )
    )
    assert [requirement.project for requirement in asked.requirements] == ["foo", "bar", "baz", "qux"]
    assert asked.requirements[1].extras == {"x"}
    assert asked.requirements[2].specifier == "==1.0"
    assert asked.options == {
        "index_url": "https://c.test/simple",
        "extra_index_urls": ("https://b.test",),
        "find_links": ("links",),
        "trusted_hosts": ("b.test",),
        "no_index": True,
        "pre": True,
        "prefer_binary": True,
        "only_binary": (":all:",),
        "no_binary": (":none:",),
    }


def test_sources_by_place(tmp_path: Path) -> None:
    named, unnamed = tmp_path / "named", tmp_path / "un[named]"
    write(named / "pyproject.toml", "[project]\nname = 'The.Name'\n")
    write(unnamed / "setup.py", "")
    write(tmp_path / "foo-1.0.tar.gz", "")
    lines = [
        "-e ./named[test]",
        "./un[named][docs] ; python_version > '3'",
        "foo-1.0.tar.gz --config-settings a=1 --config-settings a=2 -C b=x=y",
        "bar @ git+https://a.test/bar@main#subdirectory=sub",
        "git+ssh://git@a.test/baz#egg=baz[x]",
        "git+https://a.test/qux -C c=1",
        "https://a.test/archive/main.zip",
        "--only-binary a,B.c",
    ]
    asked = read(write(tmp_path / "r.txt", "\n".join(lines)))
    assert [(r.project, sorted(r.extras)) for r in asked.requirements] == [
        ("the-name", ["test"]), ("foo", []), ("bar", []), ("baz", ["x"]),
    ]  # fmt: skip
    assert asked.editable == {named.as_uri()} == {asked.requirements[0].url}
    assert [place.url for place in asked.unnamed] == [
        unnamed.as_uri(), "git+https://a.test/qux", "https://a.test/archive/main.zip",
    ]  # fmt: skip
    place = asked.unnamed[0].named("Found")
    assert (place.project, place.extras, place.url) == ("found", {"docs"}, unnamed.as_uri())
    assert place.marker is not None
    assert asked.config_settings == {
        "foo": {"a": ["1", "2"], "b": "x=y"}, "git+https://a.test/qux": {"c": "1"},
    }  # fmt: skip
    assert asked.options["only_binary"] == ("a,B.c",)
    asked.tell_backends({"all": "1"})
    assert asked.config_settings["foo"] == {"a": ["1", "2"], "b": "x=y"}
    assert asked.config_settings["bar"] == asked.config_settings[unnamed.as_uri()] == {"all": "1"}


def test_files_name_files(tmp_path: Path) -> None:
    write(tmp_path / "deep/more.txt", "bar\n-c limits.txt\n--find-links wheels\n")
    write(tmp_path / "deep/limits.txt", "bar<3\n-r deeper.txt\n")
    write(tmp_path / "deep/deeper.txt", "qux<4\n")
    (tmp_path / "deep/wheels").mkdir()
    asked = read(write(tmp_path / "r.txt", "foo\n-r deep/more.txt\n"))
    assert texts(asked) == ["foo", "bar"]
    assert [requirement.project for requirement in asked.constraints] == ["bar", "qux"]
    assert asked.options["find_links"] == (str(tmp_path / "deep/wheels"),)


def test_hashes(tmp_path: Path) -> None:
    asked = read(
        write(
            tmp_path / "r.txt",
            f"foo==1 --hash=sha256:{HASH} \\\n  --hash sha256:{OTHER.upper()}\nbar==2\n",
        )
    )
    assert asked.hashes == {"foo": frozenset({f"sha256:{HASH}", f"sha256:{OTHER}"})}
    assert [project for project, _ in asked.without_hash] == ["bar"]
    limits = write(tmp_path / "c.txt", f"foo==1 --hash=sha256:{HASH}\n")
    read_requirements_file(limits, asked, environ={}, constraints=True)
    assert asked.hashes == {"foo": frozenset({f"sha256:{HASH}"})}


def test_variables(tmp_path: Path) -> None:
    path = write(tmp_path / "r.txt", "--index-url https://${USER_1}:${TOKEN}@a.test/$HOME/${unset}\n")
    asked = read(path, USER_1="me", TOKEN="secret", HOME="x")
    assert asked.options["index_url"] == "https://me:secret@a.test/$HOME/${unset}"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    text = "# -*- coding: latin-1 -*-\n# é\nfoo\n" if encoding == "latin-1" else "# é\nfoo\n"
    assert texts(read(write(tmp_path / "r.txt", text.encode(encoding)))) == ["foo"]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("\nfoo bar\n", 2, "foo bar"),
        ("foo\n--bogus\n", 2, "--bogus has no place"),
        ("foo --bogus=1\n", 1, "--bogus has no place after a requirement"),
        ("foo --hash=md5:x\n", 1, "--hash=md5:x"),
        (f"foo --hash=sha256:{HASH}0\n", 1, "a digest of its length"),
        ("foo --hash\n", 1, "--hash needs a value"),
        ("-r\n", 1, "-r needs a value"),
        ("--pre=yes\n", 1, "--pre takes no value"),
        ("-e ./nowhere\n", 1, "there is no such file"),
        ("-e git+https://a.test/x\n", 1, "the name of the project has to be said"),
        ("-e ./foo-1.0.tar.gz\n", 1, "there is no such file"),
        ("foo -C key\n", 1, "expected KEY=VALUE"),
        ("https://a.test/v1.zip --hash=sha256:" + "0" * 64 + "\n", 1, "only with a name"),
        ("-r https://a.test/r.txt\n", 1, "download it first"),
        ("foo 'unclosed\n", 1, "unclosed"),
        ('--index-url "unclosed\n', 1, "no closing quotation"),
        ("./missing.whl\n", 1, "there is no such file"),
        ("-r missing.txt\n", 0, "missing.txt: cannot be read"),
    ],
)
def test_mistakes_name_file_and_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    path = write(tmp_path / "r.txt", text)
    with pytest.raises(RequirementsFileError) as caught:
        read(path)
    assert message in str(caught.value)
    assert caught.value.exit_code == 2
    if line:
        assert str(caught.value).startswith(f"{path}:{line}: ")


def test_a_constraint_has_no_extras(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="extras"):
        read(write(tmp_path / "c.txt", "foo[x]<2\n"), constraints=True)


def test_hostile_files(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", "-r b.txt\n")
    with pytest.raises(UsageError, match="names itself"):
        read(write(tmp_path / "b.txt", "-r a.txt\n"))
    with pytest.raises(UsageError, match="names itself"):
        read(write(tmp_path / "c.txt", "-r c.txt\n"))
    with pytest.raises(UsageError, match="not text"):
        read(write(tmp_path / "d.txt", b"foo\xff\xfe"))
    with pytest.raises(UsageError, match="not text in bogus"):
        read(write(tmp_path / "e.txt", b"# coding: bogus\nfoo"))
    with pytest.raises(UsageError, match="is a wheel"):
        read(write(tmp_path / "foo-1.0-py3-none-any.whl", b""))
    with pytest.raises(UsageError, match="Is a directory"):
        read(tmp_path)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.txt"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    try:
        read(path)
    except RewheelError as error:
        assert str(error)


def test_wheels_by_place(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "My.Foo", "1.0+local", label="x1", properties={"gpu": {"arch": ["x1"]}})
    for text in (f"./{wheel.name}", wheel.name, str(wheel), wheel.as_uri(), f"my-foo @ {wheel.as_uri()}"):
        found = read_requirement(text, tmp_path)
        assert found.project == "my-foo"
        assert found.url == wheel.as_uri()
    found = read_requirement(f"./{wheel.name}[test,docs] ; python_version > '3'", tmp_path)
    assert found.extras == {"test", "docs"}
    assert found.marker is not None
    found = read_requirement("https://me:pw@a.test/foo-1.0%2Bcu-py3-none-any.whl#sha256=00", tmp_path)
    assert found.project == "foo"
    assert found.url == "https://me:pw@a.test/foo-1.0%2Bcu-py3-none-any.whl#sha256=00"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (".", "which project it is has to be said"),
        ("git+https://me:hunter2@a.test/x", "which project it is has to be said"),
        ("foo @ hg+https://a.test/x", "only those of git"),
        ("https://a.test/v1.0.tar.gz", "which project it is has to be said"),
        ("https://me:hunter2@a.test/readme.html", "expected the path or URL of a wheel"),
        ("ftp://a.test/foo-1.0-py3-none-any.whl", "expected a URL of http, https or file"),
        ("not-a-wheel-name.whl", "there is no such file"),
        ("https://a.test/foo.whl", "foo.whl"),
        ("foo==", "foo=="),
        ("", ""),
        ("foo;", "foo;"),
        ("-x", "-x"),
    ],
)
def test_what_is_no_requirement(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(RewheelError) as caught:
        read_requirement(text, tmp_path)
    assert message in str(caught.value)
    assert "hunter2" not in str(caught.value)
