"""The room promises what it lists, and is cheap to enter."""

import subprocess
import sys

import pytest

import rewheel.metadata
import rewheel.wheels


@pytest.mark.parametrize("room", [rewheel.wheels, rewheel.metadata])
def test_every_listed_name_is_there(room) -> None:
    assert dir(room) == sorted(room.__all__)
    for name in room.__all__:
        assert getattr(room, name).__name__ == name
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        room.nonsense  # noqa: B018


def test_reading_a_wheel_loads_no_third_party_module() -> None:
    code = (
        "import sys; before = set(sys.modules); from rewheel.wheels import Wheel, checked_record; "
        "from rewheel.metadata import CoreMetadata, Requirement; "
        "Requirement.parse('a>=1; os_name == \"x\"'); "
        "print(*({name.partition('.')[0] for name in set(sys.modules) - before} - sys.stdlib_module_names))"
    )
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert result.stdout.split() == ["rewheel"]
