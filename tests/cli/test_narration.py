"""The lines that an installation prints are those that the design shows."""

from pathlib import Path
from types import MappingProxyType

import pytest

from rewheel.cli.explanation import explanation_json, explanation_lines, matrix_lines
from rewheel.cli.narration import change_line, choice_lines, collecting_line, kept_line, planned_line
from rewheel.indexes import DirectorySource, File
from rewheel.installing import Changed
from rewheel.machines import NamespaceSupport, Origin, OriginKind
from rewheel.metadata import CoreMetadata
from rewheel.resolution import Choice, Explanation, ResolvedPackage, Status, WheelVerdict
from rewheel.variants import VariantProperty, WheelFilename

SOURCE = DirectorySource(Path("/wheels"))
TAG = "cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64"
FROM_CPUINFO = NamespaceSupport(
    "x86_64", {"level": ("v3", "v2", "v1")}, Origin(OriginKind.DETECTOR, "/proc/cpuinfo")
)


def verdict(
    label: str,
    status: Status,
    reason: str = "",
    position: int | None = None,
    properties: tuple[VariantProperty, ...] = (),
    tag: str = TAG,
    size: int | None = 17_600_000,
) -> WheelVerdict:
    name = f"numpy-2.2.5-{tag}{'-' if label else ''}{label}.whl"
    file = File(name, f"https://me:pw@a.test/{name}", {}, "", None, size, "", False, SOURCE)
    return WheelVerdict(file, WheelFilename.parse(name), status, reason, position, properties)


def level(value: str) -> tuple[VariantProperty, ...]:
    return (VariantProperty("x86_64", "level", value),)


def choice(*verdicts: WheelVerdict, machine: str = "this machine", **more: object) -> Choice:
    return Choice("numpy", "2.2.5", "https://a.test/simple", machine, verdicts, **more)  # type: ignore[arg-type]


TALK = choice(
    verdict("x86_64_v3", Status.SELECTED, "best supported", 0, level("v3")),
    verdict("x86_64_v2", Status.COMPATIBLE, "level v3 before v2", 1, level("v2")),
    verdict("x86_64_v1", Status.COMPATIBLE, "level v3 before v1", 2, level("v1")),
    verdict("", Status.COMPATIBLE, "variants before plain wheels", 3),
    verdict(
        "x86_64_v4",
        Status.UNSUPPORTED,
        "[x86_64 :: level :: v4] is not supported; this machine: v3",
        properties=level("v4"),
    ),
    verdict("", Status.WRONG_PLATFORM, "platform win_amd64 does not fit", tag="cp311-cp311-win_amd64"),
    verdict("other", Status.WRONG_PLATFORM, "platform win_amd64 does not fit", tag="cp311-cp311-win_amd64"),
    supports={"x86_64": FROM_CPUINFO},
    metadata_origin="numpy-2.2.5-variants.json",
)


def package(chosen: Choice) -> ResolvedPackage:
    return ResolvedPackage("numpy", "2.2.5", CoreMetadata("numpy", "2.2.5"), chosen, requested=True)


def test_the_example_of_the_design() -> None:
    lines = [
        *choice_lines(TALK),
        collecting_line(package(TALK)),
        change_line(Changed("numpy", "2.2.5", "x86_64_v3")),
    ]
    assert "\n".join(lines) == (
        "numpy 2.2.5: 4 variants, x86_64 from /proc/cpuinfo\n"
        "  rejected x86_64_v4   [x86_64 :: level :: v4] is not supported; this machine: v3\n"
        "  3 compatible; selected x86_64_v3   [x86_64 :: level :: v3]\n"
        f"Collecting numpy  numpy-2.2.5-{TAG}-x86_64_v3.whl (17.6 MB)\n"
        "Installed numpy 2.2.5 (variant x86_64_v3)"
    )


def test_without_variants_there_is_no_story() -> None:
    plain = choice(verdict("", Status.SELECTED, position=0), verdict("a", Status.WRONG_PLATFORM))
    assert list(choice_lines(plain)) == []


def test_the_plain_wheel_is_named_when_no_variant_fits() -> None:
    chosen = choice(
        verdict("", Status.SELECTED, "the only wheel that would do", 0, size=None),
        verdict("cu12", Status.UNSUPPORTED, "nvidia is not supported"),
        verdict("cu118_old", Status.IGNORED, "its metadata is broken"),
        verdict("null", Status.EXCLUDED, "excluded by --exclude-variant"),
        supports={"nvidia": NamespaceSupport("nvidia", {}, Origin(OriginKind.DISABLED, "optional"))},
    )
    assert list(choice_lines(chosen)) == [
        "numpy 2.2.5: 3 variants, nvidia disabled (optional)",
        "  ignored cu118_old   its metadata is broken",
        "  rejected cu12        nvidia is not supported",
        "  excluded null        excluded by --exclude-variant",
        "  none compatible; selected the plain wheel",
    ]
    assert planned_line(package(chosen)) == f"Would install numpy 2.2.5  numpy-2.2.5-{TAG}.whl"
    assert collecting_line(package(chosen)) == f"Collecting numpy  numpy-2.2.5-{TAG}.whl"


def test_null_says_that_it_has_no_properties() -> None:
    chosen = choice(verdict("null", Status.SELECTED, position=0))
    assert list(choice_lines(chosen))[-1] == "  1 compatible; selected null   (no properties)"
    assert list(choice_lines(choice(verdict("a", Status.UNSUPPORTED))))[-1].endswith("no wheel is selected")


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (Changed("foo", "2"), "Installed foo 2"),
        (Changed("foo", "2", "", "1", ""), "Installed foo 2, was 1"),
        (Changed("foo", "2", "a", "2", "b"), "Installed foo 2 (variant a), was 2 (variant b)"),
        (Changed("foo", "2", "a", "2", "a"), "Installed foo 2 (variant a)"),
    ],
)
def test_what_changed(change: Changed, line: str) -> None:
    assert change_line(change) == line


def test_what_stays() -> None:
    assert kept_line(package(TALK)) == "Already satisfied: numpy 2.2.5 (variant x86_64_v3)"


def test_the_table_has_every_wheel_with_its_reason() -> None:
    lines = list(explanation_lines(Explanation("numpy", TALK)))
    assert lines[:4] == [
        "numpy 2.2.5  from https://a.test/simple  for this machine",
        "  x86_64 from /proc/cpuinfo: level v3, v2, v1",
        "  variant metadata from numpy-2.2.5-variants.json",
        "",
    ]
    assert len(lines) == 4 + len(TALK.verdicts)
    for line, item in zip(lines[4:], TALK.verdicts, strict=True):
        assert item.status in line
        assert item.reason in line
        assert (item.label or "(plain)") in line
    assert lines[4].startswith("  1  selected        x86_64_v3")


def test_the_matrix() -> None:
    old = choice(
        verdict("", Status.SELECTED, "the only one", 0),
        verdict("x86_64_v3", Status.UNSUPPORTED, "no"),
        machine="old",
        supports=MappingProxyType({}),
    )
    none = choice(verdict("", Status.WRONG_PLATFORM, "no"), machine="arm")
    lines = list(matrix_lines([Explanation("numpy", each) for each in (TALK, old, none)]))
    assert lines[0] == "numpy 2.2.5  from https://a.test/simple"
    assert lines[2].split() == ["wheel", "this", "machine", "old", "arm"]
    rows = {line.split()[0]: line.split()[1:] for line in lines[3:] if line.startswith("  numpy")}
    assert rows[f"numpy-2.2.5-{TAG}-x86_64_v3.whl"] == ["selected", "unsupported", "-"]
    assert rows[f"numpy-2.2.5-{TAG}.whl"] == ["compatible", "(4)", "selected", "wrong-platform"]
    assert "  this machine: variant x86_64_v3, best supported" in lines
    assert "  old: the plain wheel, the only one" in lines
    assert "  arm: no wheel would do" in lines


def test_json_holds_everything_but_secrets() -> None:
    found = explanation_json(Explanation("numpy>=2", TALK, (choice(verdict("", Status.YANKED, "yanked")),)))
    assert found["selected"] == f"numpy-2.2.5-{TAG}-x86_64_v3.whl"
    wheels = found["wheels"]
    assert isinstance(wheels, list)
    assert [wheel["verdict"] for wheel in wheels] == [str(item.status) for item in TALK.verdicts]
    assert "pw" not in str(found)
    assert found["skipped"] == [{"version": "2.2.5", "wheels": [found["skipped"][0]["wheels"][0]]}]  # type: ignore[index]


def test_versions_passed_over_are_put_together() -> None:
    yanked = [
        Choice("numpy", f"3.{n}", "s", "m", (verdict("", Status.YANKED, "yanked: oops"),)) for n in range(10)
    ]
    mixed = choice(verdict("", Status.WRONG_PYTHON, "a"), verdict("x", Status.WRONG_PLATFORM, "b"))
    none = choice()
    lines = list(explanation_lines(Explanation("numpy", TALK, (*yanked, mixed, none))))
    assert "  versions 3.0, 3.1, 3.2, 3.3, 3.4, 3.5, … 3.9 passed over: yanked: oops" in lines
    assert "  version 2.2.5 passed over: 1 wrong-python, 1 wrong-platform" in lines
    assert "  version 2.2.5 passed over: it has no wheels" in lines


def test_long_lists_of_support_are_cut() -> None:
    many = NamespaceSupport(
        "nvidia", {"low": tuple(str(n) for n in range(50))}, Origin(OriginKind.FILE, "gpu.toml")
    )
    chosen = choice(verdict("", Status.SELECTED, "r", 0), supports={"nvidia": many})
    assert "  nvidia from gpu.toml: low 0, 1, 2, 3, 4, 5, … 49" in explanation_lines(
        Explanation("numpy", chosen)
    )
