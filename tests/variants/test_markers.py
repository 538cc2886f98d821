"""Environment markers, with packaging as the judge of everything but variants."""

import contextlib
import copy
import pickle
from typing import Any

import pytest
from hypothesis import example, given, settings, strategies as st
from packaging.markers import InvalidMarker as TheirInvalidMarker, Marker as TheirMarker, UndefinedComparison

from rewheel.variants import (
    PLAIN,
    InvalidMarker,
    Marker,
    UndefinedMarkerVariable,
    VariantEnvironment,
    VariantProperties,
    VariantProperty,
)

ENVIRONMENT = {
    "implementation_name": "cpython",
    "implementation_version": "3.11.7",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_release": "6.5.0-1025-azure",
    "platform_system": "Linux",
    "platform_version": "#26~22.04.1-Ubuntu SMP",
    "python_full_version": "3.11.7",
    "platform_python_implementation": "CPython",
    "python_version": "3.11",
    "sys_platform": "linux",
}
DECLARED = VariantProperties.from_mapping(
    {"nvidia": {"sm_arch": ["110_real", "120_real"]}, "x86_64": {"level": ["v3"]}}
)
SUPPORTED = {"nvidia": {"sm_arch": ["120_real", "100_real"]}, "x86_64": {"level": ["v3", "v2"]}}
VARIANT = VariantEnvironment.of("cu13", DECLARED, SUPPORTED)
NULL = VariantEnvironment("null")


def test_markers_see_what_is_declared_and_supported() -> None:
    assert VARIANT.properties == (
        VariantProperty("nvidia", "sm_arch", "120_real"),
        VariantProperty("x86_64", "level", "v3"),
    )
    assert VARIANT.features == ("nvidia :: sm_arch", "x86_64 :: level")
    assert VARIANT.namespaces == ("nvidia", "x86_64")
    assert VariantEnvironment.of("", DECLARED, SUPPORTED) == PLAIN
    assert VariantEnvironment.of("null", VariantProperties(), SUPPORTED) == NULL
    assert PLAIN.features == PLAIN.namespaces == ()


@pytest.mark.parametrize(
    ("marker", "variant", "null", "plain"),
    [
        ('variant_label == "cu13"', True, False, False),
        ('"cu13" == variant_label', True, False, False),
        ('variant_label != "cu13"', False, True, True),
        ('variant_label == ""', False, False, True),
        ('variant_label != ""', True, True, False),
        ('variant_label == "null"', False, True, False),
        ('variant_label != "null"', True, False, True),
        ('variant_label in "cu12 cu13"', True, False, True),  # the empty text is in every text
        ('variant_label not in "cu12 cu13"', False, True, False),
        ('"cu" in variant_label', True, False, False),
        ('"cu" not in variant_label', False, True, True),
        ('"nvidia" in variant_namespaces', True, False, False),
        ('"nvidia" not in variant_namespaces', False, True, True),
        ('"amd" not in variant_namespaces', True, True, True),
        ('"nvidia :: sm_arch" in variant_features', True, False, False),
        ('"nvidia::sm_arch" in variant_features', True, False, False),
        ('"nvidia \t::\tsm_arch" in variant_features', True, False, False),
        ('"nvidia" in variant_features', False, False, False),
        ('"nvidia :: sm_arch :: 120_real" in variant_properties', True, False, False),
        ('"nvidia::sm_arch::120_real" in variant_properties', True, False, False),
        ('"nvidia :: sm_arch :: 110_real" in variant_properties', False, False, False),
        ('"nvidia :: sm_arch :: 110_real" not in variant_properties', True, True, True),
        ('"x86_64 ::level:: v3" in variant_properties', True, False, False),
        ('"nvidia :: sm_arch" in variant_properties', False, False, False),
        ('"" in variant_properties', False, False, False),
        ('":: ::" in variant_properties', False, False, False),
        ('"NVIDIA" in variant_namespaces', False, False, False),
        ('"?!" not in variant_features', True, True, True),
        ('os_name == "posix" and "nvidia" in variant_namespaces', True, False, False),
        ('os_name == "nt" or variant_label != "cu13"', False, True, True),
        ('(variant_label == "" or variant_label == "null") and extra == "x"', False, False, False),
    ],
)
def test_variant_markers(marker: str, variant: bool, null: bool, plain: bool) -> None:
    parsed = Marker.parse(marker)
    assert parsed.uses_variants
    assert [parsed.evaluate(ENVIRONMENT, each) for each in (VARIANT, NULL, PLAIN)] == [variant, null, plain]
    assert parsed.evaluate(ENVIRONMENT) is plain
    assert Marker.parse(str(parsed)) == parsed


def test_labels_are_texts_not_versions() -> None:
    environment = VariantEnvironment("12.0")
    assert Marker.parse('variant_label == "12.0"').evaluate(ENVIRONMENT, environment)
    assert not Marker.parse('variant_label == "12"').evaluate(ENVIRONMENT, environment)
    assert not Marker.parse('variant_label == "12.*"').evaluate(ENVIRONMENT, environment)
    # Not even beside a variable that is a version.
    assert Marker.parse("python_version != variant_label").evaluate(ENVIRONMENT, VariantEnvironment("3.11.0"))


@pytest.mark.parametrize(
    "marker",
    [
        'variant_label < "a"',
        'variant_label >= "a"',
        'variant_label ~= "1.0"',
        '"1" === variant_label',
        'variant_namespaces == "a"',
        '"a" == variant_namespaces',
        'variant_namespaces in "a"',
        "variant_namespaces in variant_features",
        "os_name in variant_namespaces",
        '"a" > variant_properties',
        'extras == "a"',
        'dependency_groups not in "a"',
        "",
        "   ",
        "os_name",
        "os_name ==",
        '== "a"',
        'os_name == "a',
        "os_name == a",
        'os_name == "a" and',
        'os_name == "a" os_name == "b"',
        'os_name == "a" && os_name == "b"',
        '(os_name == "a"',
        'os_name == "a")',
        "()",
        'os_name = "a"',
        'os_name not "a"',
        'os_name notin "a"',
        'os_name in not "a"',
        'not os_name == "a"',
        'foo == "a"',
        'variant_labels == "a"',
        'os_Name == "a"',
        'os_name == "a";',
        'os_name == "a\n"',
        'os_name == "\x00"',
        'os_name\n== "a"',
        '"a" == "b" c',
        "(" * 100 + 'os_name == "a"' + ")" * 100,
        "(" * 50_000,
        'os_name == "' + "a" * 70_000 + '"',
    ],
)
def test_what_is_no_marker_is_refused_with_its_place(marker: str) -> None:
    with pytest.raises(InvalidMarker) as caught:
        Marker.parse(marker)
    assert isinstance(caught.value, ValueError)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("marker", "left"),
    [
        ('variant_label == ""', True),
        ('variant_label != ""', False),
        ('os_name == "nt" and variant_label == ""', 'os_name == "nt"'),
        ('os_name == "nt" and variant_label != ""', False),
        ('os_name == "nt" or variant_label == ""', True),
        ('os_name == "nt" or variant_label != ""', 'os_name == "nt"'),
        ('os_name == "nt"', 'os_name == "nt"'),
        (
            'os_name == "nt" and ("a" in variant_namespaces or "b" not in variant_features and extra != "y")',
            'os_name == "nt" and extra != "y"',
        ),
        (
            '("a" in variant_namespaces or os_name == "p") and ("b" in variant_namespaces or os_name == "q")',
            'os_name == "p" and os_name == "q"',
        ),
    ],
)
def test_variants_can_be_settled_in_advance(marker: str, left: bool | str) -> None:
    settled = Marker.parse(marker).without_variants()
    assert str(settled) == str(left)
    if not isinstance(settled, bool):
        assert not settled.uses_variants


@pytest.mark.parametrize(
    ("marker", "extras", "result"),
    [
        ('extra == "foo_bar"', ["Foo.Bar"], True),
        ('extra == "Foo.Bar"', ["foo-bar", "x"], True),
        ('"foo" == extra', ["foo"], True),
        ('extra == "foo"', [], False),
        ('extra == "foo"', ["bar", "baz"], False),
        ('extra != "foo"', [], True),
        ('extra != "foo"', ["bar"], True),
        ('extra != "foo"', ["foo"], False),
        ('extra != "foo"', ["foo", "bar"], False),
        ('extra in "foo"', ["foo"], True),
        ('extra not in "foo"', ["foo"], False),
        ('"foo" in extra', ["foobar"], True),
        ('extra == ""', [], True),
        ('extra == "foo" and extra == "bar"', ["foo", "bar"], True),
        ('"Foo_Bar" in extras', ["foo-bar"], True),
        ('"foo" not in extras', ["foo-bar"], True),
        ('"foo" in extras', [], False),
    ],
)
def test_extras_are_compared_by_normalised_name(marker: str, extras: list[str], result: bool) -> None:
    assert Marker.parse(marker).evaluate(ENVIRONMENT, extras=extras) is result


def test_dependency_groups_are_those_of_lock_files() -> None:
    marker = Marker.parse('"Dev_Tools" in dependency_groups')
    assert marker.evaluate(ENVIRONMENT, groups=["dev-tools"])
    assert not marker.evaluate(ENVIRONMENT, extras=["dev-tools"])


@pytest.mark.parametrize(
    ("marker", "result"),
    [
        ('python_version >= "3.8"', True),
        ('python_version < "3.9"', False),
        ('python_version == "3.11.*"', True),
        ('python_full_version == "3.11.*"', True),
        ('python_full_version != "3.1.*"', True),
        ('python_version ~= "3.8"', True),
        ('python_full_version ~= "3.11.0"', True),
        ('python_full_version ~= "3.10.0"', False),
        ('"3.8" < python_version', True),
        ('"3.9" in python_version', False),
        ('python_version in "3.10, 3.11"', True),
        ('python_version not in "3.8 3.9"', True),
        ('python_full_version > "3.11.7rc1"', True),
        ('python_full_version === "3.11.7"', True),
        ('python_version == "3.11.0"', True),
        ('python_version >= "abc"', False),
        ('platform_release >= "5"', False),  # this release is no version
        ('platform_release == "6.5.0-1025-azure"', True),
        ('platform_version >= "1"', False),
        ('os.name == "posix"', True),
        ("python_implementation == 'CPython'", True),
        ('platform.python_implementation == "CPython"', True),
        ("os_name == platform_system", False),
        ("'a' == 'a'", True),
        ("'a' in 'abc' and 'z' not in 'abc'", True),
    ],
)
def test_ordinary_markers(marker: str, result: bool) -> None:
    parsed = Marker.parse(marker)
    assert not parsed.uses_variants
    assert parsed.evaluate(ENVIRONMENT) is result


def test_absurd_versions_are_just_false() -> None:
    assert not Marker.parse(f'python_version >= "{"1" * 5000}"').evaluate(ENVIRONMENT)
    assert not Marker.parse('python_version >= "3"').evaluate({"python_version": "1" * 5000})


def test_a_python_from_a_checkout_is_understood() -> None:
    environment = {**ENVIRONMENT, "python_full_version": "3.14.0+"}
    assert Marker.parse('python_full_version >= "3.14"').evaluate(environment)


def test_a_missing_variable_is_named() -> None:
    with pytest.raises(UndefinedMarkerVariable) as caught:
        Marker.parse('os_name == "posix"').evaluate({})
    assert caught.value.variable == "os_name"
    assert isinstance(caught.value, LookupError)


@pytest.mark.parametrize(
    "marker", ['os_name ~= "1.0"', 'os_name === "posix"', 'python_version ~= "abc"', 'python_version ~= "3"']
)
def test_comparisons_without_meaning_are_refused_when_evaluated(marker: str) -> None:
    with pytest.raises(InvalidMarker):
        Marker.parse(marker).evaluate(ENVIRONMENT)


def test_markers_are_values() -> None:
    marker = Marker.parse("os.name=='posix' and( extra=='Foo_Bar')")
    assert marker == Marker.parse('os_name == "posix" and extra == "foo-bar"')
    assert hash(marker) == hash(Marker.parse(str(marker)))
    assert marker != "os_name"
    assert str(marker) == 'os_name == "posix" and extra == "foo-bar"'
    assert repr(marker) == f"Marker({str(marker)!r})"
    assert marker.variables == {"os_name", "extra"}
    assert pickle.loads(pickle.dumps(marker)) == copy.copy(marker) == marker
    with pytest.raises(AttributeError):
        marker.other = 1  # type: ignore[attr-defined]


def test_quotes_survive() -> None:
    for text in ('os_name == "it\'s"', "os_name == 'say \"x\"'"):
        assert str(Marker.parse(text)) == text


# packaging as the oracle -----------------------------------------------------------------------------------

VARIABLES = [*ENVIRONMENT, "os.name", "sys.platform", "platform.machine", "python_implementation"]
VERSIONS = [
    "3",
    "3.0",
    "3.8",
    "3.11",
    "3.11.0",
    "3.11.7",
    "3.12",
    "3.11.7rc1",
    "3.11.*",
    "3.11.8.post1",
    "1!3.11",
    "x",
]
LITERALS = [
    *VERSIONS,
    "posix",
    "linux",
    "x86_64",
    "cpython CPython",
    "",
    "3.10 3.11",
    "6.5.0-1025-azure",
    "6.5",
]
OPERATORS = ["==", "!=", "<", "<=", ">", ">=", "~=", "===", "in", "not in"]

literals = st.sampled_from(LITERALS).map(lambda text: f'"{text}"')
atoms = st.builds(
    lambda variable, operator, literal, is_swapped, blank: blank.join(
        [literal, f" {operator} ", variable] if is_swapped else [variable, f" {operator} ", literal]
    ),
    st.sampled_from(VARIABLES),
    st.sampled_from(OPERATORS),
    literals,
    st.booleans(),
    st.sampled_from(["", " ", "\t"]),
) | st.builds(
    lambda operator, extra: f'extra {operator} "{extra}"',
    st.sampled_from(["==", "!=", "in", "not in", "<", ">="]),
    st.sampled_from(["foo", "Foo_Bar", "foo.bar", ""]),
)
expressions = st.recursive(
    atoms,
    lambda inner: st.builds(
        lambda parts, word, has_brackets: (
            f"({f' {word} '.join(parts)})" if has_brackets else f" {word} ".join(parts)
        ),
        st.lists(inner, min_size=2, max_size=3),
        st.sampled_from(["and", "or"]),
        st.booleans(),
    ),
    max_leaves=6,
)


@settings(max_examples=400)
@given(expressions, st.sampled_from(["", "foo", "foo-bar"]))
def test_markers_mean_what_packaging_says(text: str, extra: str) -> None:
    theirs = TheirMarker(text)
    try:
        expected: Any = theirs.evaluate({**ENVIRONMENT, "extra": extra})
    except UndefinedComparison:
        expected = None
    ours = Marker.parse(text)
    extras = [extra] if extra else []
    if expected is None:
        # They look at every part, we stop when the answer is certain.
        with contextlib.suppress(InvalidMarker):
            ours.evaluate(ENVIRONMENT, extras=extras)
    else:
        assert ours.evaluate(ENVIRONMENT, extras=extras) is expected
        assert TheirMarker(str(ours)).evaluate({**ENVIRONMENT, "extra": extra}) is expected
    assert Marker.parse(str(ours)) == ours
    assert ours.without_variants() == ours


tokens = st.sampled_from(
    [
        *OPERATORS,
        "and",
        "or",
        "not",
        "(",
        ")",
        "os_name",
        "extra",
        "extras",
        "python_version",
        '"3"',
        "'x'",
        "foo",
        "'",
    ]
)


@settings(max_examples=400)
@given(st.lists(tokens, max_size=8), st.sampled_from([" ", ""]))
def test_what_packaging_refuses_is_refused(parts: list[str], blank: str) -> None:
    text = blank.join(parts)
    try:
        TheirMarker(text)
    except TheirInvalidMarker:
        with pytest.raises(InvalidMarker):
            Marker.parse(text)
        return
    try:
        Marker.parse(text)
    except InvalidMarker as error:
        assert "is a set" in str(error)  # they find out when evaluating


@given(st.text(max_size=40))
def test_any_text_is_a_marker_or_refused(text: str) -> None:
    try:
        parsed = Marker.parse(text)
    except InvalidMarker:
        return
    assert Marker.parse(str(parsed)) == parsed


@given(expressions, st.sampled_from([PLAIN, NULL, VARIANT]), st.booleans())
def test_settling_variants_changes_no_meaning(text: str, variant: VariantEnvironment, is_and: bool) -> None:
    word = "and" if is_and else "or"
    marker = Marker.parse(f'({text}) {word} ("nvidia" in variant_namespaces or variant_label == "null")')
    settled = marker.without_variants(variant)
    try:
        expected = marker.evaluate(ENVIRONMENT, variant)
    except InvalidMarker:
        return
    result = settled if isinstance(settled, bool) else settled.evaluate(ENVIRONMENT)
    assert result is expected


@settings(max_examples=300)
@given(expressions, st.sampled_from(["foo", "foo-bar", "other"]))
@example('extra == "foo" and os_name == "posix" or extra == "foo-bar"', "other")
@example('os_name == "posix" and (extra == "foo" or extra == "bar")', "foo")
def test_the_extras_that_a_marker_takes(text: str, extra: str) -> None:
    """Where none of them is asked for, it is false, whatever the environment."""
    marker = Marker.parse(text)
    if marker.extras and extra not in marker.extras:
        with contextlib.suppress(InvalidMarker):
            assert not marker.evaluate(ENVIRONMENT, extras=[extra])
            assert not marker.evaluate(ENVIRONMENT)


@pytest.mark.parametrize(
    ("text", "extras"),
    [
        ('extra == "Foo_Bar"', ["foo-bar"]),
        ('"foo" == extra', ["foo"]),
        ('extra != "foo"', []),
        ('extra == ""', []),
        ('extra == "foo" or os_name == "posix"', []),
        ('os_name == "posix" and (extra == "foo" or extra == "bar")', ["bar", "foo"]),
        ('python_version < "3"', []),
    ],
)
def test_which_extras_a_marker_takes(text: str, extras: list[str]) -> None:
    assert sorted(Marker.parse(text).extras) == extras
