"""Keys sort as versions do."""

import subprocess
import sys

from hypothesis import example, given, settings, strategies as st
from packaging.version import InvalidVersion, Version

from rewheel.metadata.version_keys import has_local, is_early, key_of, normalized, parse_version, read

NUMBERS = st.one_of(st.integers(0, 12), st.sampled_from([99, 100, 2024, 10**12]))
LONG = st.lists(NUMBERS, min_size=1, max_size=4).map(lambda found: ".".join(map(str, found)))
SUFFIXES = st.sampled_from(
    ["", "a1", "b0", "rc2", ".post0", ".post1", ".dev0", "a1.dev2", ".post1.dev3", "rc1.post1", "-1"]
)
WRITTEN = st.tuples(
    st.sampled_from(["", "", "v", "0!", "1!"]), LONG, SUFFIXES, st.sampled_from(["", "+cpu", "+1.a"])
)
ANY = st.one_of(
    WRITTEN.map("".join), LONG, st.tuples(LONG, st.sampled_from(["+1", "+a.10", "+a.9", "rc10"])).map("".join)
)


@given(ANY, ANY)
@settings(max_examples=600)
@example("1.0", "1.0.0")
@example("1.0.dev1", "1.0a1")
@example("1.0+1", "1.0+a")
@example("1.0+a", "1.0+a.1")
@example("1.0.post1", "1.0.0.1")
@example("1!0", "2024")
@example("01.09", "1.9")
def test_keys_sort_as_versions_do(first: str, second: str) -> None:
    """Equal versions have equal keys, and older ones lower keys."""
    one, other = key_of(first), key_of(second)
    assert one is not None
    assert other is not None
    assert (one < other, one == other) == (
        Version(first) < Version(second),
        Version(first) == Version(second),
    )


@given(ANY)
def test_what_is_told_of_a_version(text: str) -> None:
    """The form of PEP 440, whether it is early, and whether it has a local part."""
    version, written = Version(text), read(text)
    assert written is not None
    assert normalized(text) == written.text == str(version)
    assert (written.epoch, written.release) == (version.epoch, version.release)
    assert is_early(written.text) == written.is_early == version.is_prerelease
    assert has_local(written.key) == (version.local is not None)


@given(st.text(alphabet="01.abcrpostdev+!v-_ \u0661\u00b2", max_size=8))
@example("9" * 5000)
@example("1..2")
@example("")
@example("1.a1")
@example("1rc")
@example("1.0.post")
@example(".post1")
def test_what_is_no_version_has_no_key(text: str) -> None:
    """The same texts are versions as for packaging, whatever script their digits are of."""
    try:
        expected = str(Version(text))
    except (InvalidVersion, ValueError):
        assert (read(text), parse_version(text), normalized(text)) == (None, None, text)
    else:
        assert normalized(text) == expected


def test_plain_versions_need_no_packaging() -> None:
    """Importing it takes as long as sorting thousands of versions."""
    code = (
        "import sys\nfrom rewheel.metadata.clauses import Clauses\n"
        "from rewheel.metadata.version_keys import key_of\n"
        "assert key_of('1.2.3') < key_of('1.10')\n"
        "assert Clauses.parse('>=1.2,<3,!=2.0.*,~=2.1').among([key_of('2.5')], ['2.5'])\n"
        "print(*(name for name in sys.modules if name.startswith('packaging')))"
    )
    said = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert not said.stdout.split()
