"""Version clauses mean what packaging says that they mean."""

import subprocess
import sys

import pytest
from hypothesis import example, given, settings, strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from rewheel.metadata.clauses import Clauses
from rewheel.metadata.version_keys import key_of, normalized

NUMBERS = st.lists(st.integers(0, 3), min_size=1, max_size=4).map(lambda found: ".".join(map(str, found)))
SUFFIXES = st.sampled_from(
    ["", "", "", "a1", "b0", "rc2", ".post0", ".post1", ".dev0", "a1.dev2", ".post1.dev3", "-1"]
)
RELEASES = st.tuples(st.sampled_from(["", "", "", "v", "0!", "1!"]), NUMBERS).map("".join)
VERSIONS = st.tuples(RELEASES, SUFFIXES, st.sampled_from(["", "", "", "+cpu", "+1.a"])).map("".join)
BOUNDS = st.tuples(RELEASES, SUFFIXES).map("".join)
CLAUSES = st.one_of(
    st.tuples(st.sampled_from([">=", "<=", ">", "<", "==", "!="]), BOUNDS).map("".join),
    st.tuples(st.sampled_from(["==", "!="]), VERSIONS).map("".join),
    st.tuples(st.sampled_from(["==", "!="]), RELEASES, st.just(".*")).map("".join),
    st.tuples(st.just("~="), RELEASES.filter(lambda text: "." in text), SUFFIXES).map("".join),
    st.tuples(st.just("==="), VERSIONS).map("".join),
)
SPECIFIERS = st.lists(CLAUSES, max_size=3).map(",".join)


@given(SPECIFIERS, st.lists(VERSIONS, max_size=8))
@settings(max_examples=800)
@example("<1.0", ["1.0a1", "1.0.dev0", "1", "0.9"])
@example(">1.0", ["1.0.post1", "1.0+cpu", "1.0.0.1", "1.1"])
@example(">1.0.post1", ["1.0.post1+cpu", "1.0.post2", "1.0"])
@example("<1.0.post1", ["1.0", "1.0.post0", "1.0.post1.dev0"])
@example("~=2.2.post3", ["2.3", "2.2", "2.2.post4", "3.0"])
@example("~=1.4.5a4", ["1.4.5a3", "1.4.6", "1.5", "1.4.5.0"])
@example("==1.0.*", ["1", "1.0a1", "1.0.post1", "1.0.1+cpu", "1!1.0"])
@example("===1.0,<2", ["1.0", "1"])
@example("==1.0+cpu", ["1.0", "1.0+cpu", "1.0+CPU"])
def test_agrees_with_packaging(text: str, versions: list[str]) -> None:
    """What is contained, whether a pre-release is named, and whether one version is."""
    ours, oracle = Clauses.parse(text), SpecifierSet(text)
    for version in map(Version, versions):
        assert ours.contain(version) == oracle.contains(version, prereleases=True), version
    assert ours.name_pre_release == bool(oracle.prereleases)
    pins = [each for each in oracle if each.operator in {"==", "==="} and not each.version.endswith(".*")]
    assert ours.pin == bool(pins)


@given(SPECIFIERS, st.lists(VERSIONS, max_size=10))
@settings(max_examples=800)
@example("<1.0.post1", ["1.0", "1.0.post0", "1.0.post0.dev1", "1.0rc1", "0.9"])
@example(">1.0rc1", ["1.0rc2", "1.0", "1.0.post1", "1.0rc1.post1", "1.1"])
@example("!=1.0", ["1.0+cpu", "1.0", "1.0.post1"])
def test_all_at_once_is_one_by_one(text: str, given_versions: list[str]) -> None:
    """Bisecting sorted versions gives the very ones that satisfy the clauses."""
    by_key = {key_of(each) or "": normalized(each) for each in given_versions}
    keys = sorted(by_key)
    versions = [by_key[key] for key in reversed(keys)]
    clauses = Clauses.parse(text)
    expected = [clauses.contain(each) for each in versions]
    found = clauses.among(keys, versions)
    assert [bool(found >> place & 1) for place in range(len(versions))] == expected
    assert not found >> len(versions)


def test_nothing_asked_is_nothing_refused() -> None:
    """An empty specifier contains everything, pre-releases, too."""
    assert Clauses.parse("").contain(Version("1.0.dev1+cpu"))
    assert not Clauses.parse("").pin


@pytest.mark.parametrize(
    "text", ["1.0", ">=", ">=1,,<2", "==1.*.0", "~=1", "<1.0+cpu", ">=1.*", ">=" + "9" * 5000]
)
def test_what_are_no_clauses(text: str) -> None:
    """What packaging refuses is refused here, and blanks between commas as well."""
    with pytest.raises(ValueError, match=r".+"):
        Clauses.parse(text)


def test_the_same_text_is_parsed_once() -> None:
    """Thousands of requirements name the same few specifiers."""
    assert Clauses.parse(">=1,<2") is Clauses.parse(">=1,<2")


def test_the_usual_clauses_load_no_specifiers() -> None:
    """That module loads logging, platform and subprocess, which nothing else here needs."""
    code = (
        "import sys\nfrom packaging.version import Version\nfrom rewheel.metadata.clauses import Clauses\n"
        "assert Clauses.parse('>=1.2,<3,!=2.0.*,~=2.1').contain(Version('2.5'))\n"
        "assert not Clauses.parse('<2').contain(Version('2.5'))\n"
        "print(*{'packaging.specifiers', 'packaging.tags', 'logging'} & set(sys.modules))"
    )
    said = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert not said.stdout.split()
