"""Requirements of providers are checked without a parser, so packaging is asked whether that is right."""

import pytest
from hypothesis import given, strategies as st
from packaging.requirements import InvalidRequirement, Requirement

from rewheel.variants.requirements import is_requirement

GOOD = [
    "foo",
    "Foo.bar_baz-1",
    "foo>=1,<2",
    "foo >= 1 , < 2",
    "foo~=1.0",
    "foo==1.*",
    "foo!=1.0+local.1",
    "foo===1.0-odd",
    "foo(>=1)",
    "foo (>=1, <2)",
    "foo ()",
    "foo[a]",
    "foo[]",
    "foo [a, b-c] >=1",
    "foo @ https://example.org/foo.whl",
    "foo@https://example.org/foo.whl",
    "foo[a] @ file:///tmp/foo.whl ; os_name == 'posix'",
    "foo; python_version >= '3.12'",
    "foo>=1;extra=='x' and (os_name=='nt' or sys_platform=='linux')",
]
BAD = [
    "",
    " ",
    "-r file",
    "-e .",
    "--hash=sha256:0",
    "foo bar",
    "foo >",
    "foo 1.0",
    "foo=1.0",
    "foo>=1 <2",
    "foo[a",
    "foo[a b]",
    "foo[,a]",
    "foo (>=1",
    "foo;",
    "foo; ",
    "foo; bogus",
    "foo; os_name = 'posix'",
    "foo @",
    "https://example.org/foo.whl",
    "./foo",
    "foo\x00",
    "é",
    "_foo",
    "foo-",
]


@pytest.mark.parametrize("text", GOOD)
def test_requirements_are_recognised(text: str) -> None:
    Requirement(text)
    assert is_requirement(text)


@pytest.mark.parametrize("text", BAD)
def test_anything_else_is_not(text: str) -> None:
    with pytest.raises(InvalidRequirement):
        Requirement(text)
    assert not is_requirement(text)


names = st.sampled_from(["foo", "Foo-bar", "a.b_c", "x1"])
extras = st.sampled_from(["", "[a]", "[a,b]", " [ a , b ]", "[]"])
clauses = st.lists(
    st.builds(
        "{}{}{}".format,
        st.sampled_from(["==", "!=", ">=", "<=", ">", "<", "~="]),
        st.sampled_from(["", " "]),
        st.sampled_from(["1.0", "2.0rc1", "3.4.post1", "1!5.0"]),
    ),
    max_size=3,
).map(",".join)
markers = st.sampled_from(["", ";os_name=='nt'", " ; python_version < '3.9' or extra == 'a'"])


@given(names, extras, clauses, markers, st.booleans())
def test_what_packaging_accepts_is_accepted(
    name: str, extra: str, clause: str, marker: str, has_space: bool
) -> None:
    text = f"{name}{extra}{' ' if has_space else ''}{clause}{marker}"
    Requirement(text)
    assert is_requirement(text)


# Without "_": packaging lets names end in it, which the specification does not.
@given(st.text("a1[](),;<>=!~@ .-", max_size=24))
def test_what_is_refused_is_refused_by_packaging_as_well(text: str) -> None:
    if not is_requirement(text):
        with pytest.raises(InvalidRequirement):
            Requirement(text)


def test_hostile_texts_are_judged_quickly() -> None:
    for text in (
        "a" + " " * 100_000 + "!",
        "a" * 100_000 + "!",
        "a[" + "b," * 50_000,
        "a" + ">=1," * 50_000 + "!",
    ):
        assert not is_requirement(text)
