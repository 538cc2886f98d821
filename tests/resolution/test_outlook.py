"""Who gets what: a release in memory against machines that are not here."""

import pytest

from rewheel.machines import known_machines
from rewheel.resolution import OfferedWheel, Recipient, who_gets_what
from rewheel.variants import VariantMetadata, WheelFilename, read_metadata
from support.wheel_factory import variant_document

MACHINES = [Recipient(known.name, known.machine) for known in known_machines()]
LEVELS = {f"x86_64_{level}": {"x86_64": {"level": [level]}} for level in ("v2", "v3", "v4")}
LINUX = "cp312-cp312-manylinux_2_28_x86_64"


def metadata(variants: dict) -> VariantMetadata:
    return read_metadata(variant_document(variants))


def offered(*tails: str, **attributes: str) -> list[OfferedWheel]:
    return [OfferedWheel(WheelFilename.parse(f"foo-1.0-{tail}.whl"), **attributes) for tail in tails]


def labels(
    wheels: list[OfferedWheel], known: VariantMetadata | None, python=(3, 12)
) -> dict[str, str | None]:
    return {look.recipient.name: look.label for look in who_gets_what(wheels, known, MACHINES, [python])}


def test_every_machine_gets_the_best_that_it_supports() -> None:
    wheels = offered(LINUX, *(f"{LINUX}-{label}" for label in LEVELS))
    found = labels(wheels, metadata(LEVELS))
    assert found["linux-x86_64-v1"] == ""
    assert found["linux-x86_64-v2"] == "x86_64_v2"
    assert found["linux-x86_64-v3"] == found["cuda-12.8-h100"] == "x86_64_v3"
    assert found["linux-x86_64-v4"] == "x86_64_v4"
    assert found["windows-x86_64-v3"] is found["linux-musl-x86_64-v3"] is found["macos-apple-m1"] is None


def test_the_nearest_reason_is_told() -> None:
    (look,) = who_gets_what(
        offered(f"{LINUX}-x86_64_v4", "cp312-cp312-win_amd64"),
        metadata(LEVELS),
        [machine for machine in MACHINES if machine.name == "linux-x86_64-v3"],
        [(3, 12)],
    )
    assert look.label is None
    assert look.reason == "[x86_64 :: level :: v4] is not supported; this machine: v3"


def test_python_decides_too() -> None:
    wheels = offered("cp311-cp311-manylinux_2_28_x86_64", "cp312-abi3-manylinux_2_28_x86_64")
    assert labels(wheels, None, (3, 10))["linux-x86_64-v3"] is None
    assert labels(wheels, None, (3, 11))["linux-x86_64-v3"] == ""
    assert labels(wheels, None, (3, 13))["linux-x86_64-v3"] == ""
    wheels = offered("py3-none-any", requires_python=">=3.12")
    assert labels(wheels, None, (3, 11))["linux-x86_64-v3"] is None


def test_without_metadata_the_variants_are_left_out() -> None:
    wheels = offered(LINUX, f"{LINUX}-x86_64_v2")
    assert labels(wheels, None)["linux-x86_64-v4"] == ""


def test_a_yanked_wheel_is_for_nobody() -> None:
    wheels = [*offered(f"{LINUX}-x86_64_v3", yanked="broken"), *offered(LINUX)]
    assert labels(wheels, metadata(LEVELS))["linux-x86_64-v3"] == ""


def test_labels_that_depend_on_a_version_need_the_version() -> None:
    from packaging.version import Version

    known = metadata({"torch29": {"abi_dependency": {"torch": ["2.9"]}}})
    wheels = offered(f"{LINUX}-torch29")
    machines = [machine for machine in MACHINES if machine.name == "linux-x86_64-v3"]
    (without,) = who_gets_what(wheels, known, machines, [(3, 12)])
    assert without.label is None
    (given,) = who_gets_what(wheels, known, machines, [(3, 12)], assumed={"torch": Version("2.9.1")})
    assert given.label == "torch29"


@pytest.mark.parametrize("wheels", [[], offered("py3-none-any")])
def test_any_release_has_an_outlook(wheels: list[OfferedWheel]) -> None:
    assert set(labels(wheels, None).values()) == ({""} if wheels else {None})
