import pytest

from demo.shelf import CP311, PLATFORMS, file_of
from rewheel.demo import DemoError
from rewheel.demo.picking import pick_wheels
from rewheel.demo.recipe import AARCH64_LABELS, APPLE_LABELS, X86_64_LABELS


def wheels(version="2.2.5", python="cp311-cp311", platforms=PLATFORMS):
    return [file_of(f"numpy-{version}-{python}-{platform}.whl") for platform in platforms]


def names(shopping):
    return [ingredient.file.filename for ingredient in shopping.ingredients]


def test_the_wheels_of_the_talk_are_picked_for_this_python():
    files = wheels() + wheels(python="cp312-cp312") + wheels(version="2.3.1")
    files.append(file_of("numpy-2.2.5.tar.gz"))
    shopping = pick_wheels(files, CP311)
    assert shopping.version == "2.2.5"
    assert names(shopping) == [file.filename for file in wheels()]
    labels = [ingredient.labels for ingredient in shopping.ingredients]
    assert labels == [X86_64_LABELS, AARCH64_LABELS, APPLE_LABELS]


def test_musl_and_newer_systems_are_not_what_the_talk_shows():
    others = ("musllinux_1_2_x86_64", "macosx_14_0_arm64", "manylinux_2_28_x86_64")
    shopping = pick_wheels(wheels(platforms=others) + wheels(), CP311)
    assert names(shopping) == [file.filename for file in wheels()]


def test_a_python_that_is_too_new_gets_the_newest_release_that_has_wheels():
    tags = {"cp314-cp314-manylinux_2_17_x86_64": 0}
    files = wheels()
    for version in ("2.3.2", "2.10.0", "2.11.0rc1"):
        files += wheels(version=version, python="cp314-cp314")
    files += wheels(version="2.12.0", python="cp314-cp314", platforms=PLATFORMS[:2])
    assert pick_wheels(files, tags).version == "2.10.0"


def test_another_platform_gets_its_own_wheel_as_well():
    tags = {"cp311-cp311-win_amd64": 0, "py3-none-any": 1}
    files = wheels() + wheels(platforms=("win32", "win_amd64"))
    shopping = pick_wheels(files, tags)
    assert names(shopping)[-1] == "numpy-2.2.5-cp311-cp311-win_amd64.whl"
    assert shopping.ingredients[-1].labels == X86_64_LABELS
    assert len(shopping.ingredients) == 4


def test_a_processor_without_levels_gets_a_plain_wheel_only():
    tags = {"cp311-cp311-manylinux_2_17_ppc64le": 0}
    shopping = pick_wheels(wheels() + wheels(platforms=("manylinux_2_17_ppc64le",)), tags)
    assert shopping.ingredients[-1].labels == ()


def test_yanked_and_foreign_files_do_not_count():
    files = [file_of(file.filename, yanked="broken") for file in wheels()]
    files += [
        file_of("numpy-2.2.5-cp311-cp311-x-y-z-1.whl"),
        file_of("numpy_financial-2.2.5-cp311-cp311-win32.whl"),
        file_of("numpy-nonsense-cp311-cp311-win32.whl"),
    ]
    with pytest.raises(DemoError, match="the index has none"):
        pick_wheels(files, CP311)
    shopping = pick_wheels(files + wheels(version="2.2.6"), CP311)
    assert shopping.version == "2.2.6"


def test_variants_that_the_index_has_itself_are_left_alone():
    files = [file_of(file.filename.replace(".whl", "-x86_64_v3.whl")) for file in wheels()]
    assert names(pick_wheels(files + wheels(), CP311)) == [file.filename for file in wheels()]


def test_without_wheels_for_this_python_the_error_says_what_would_do():
    with pytest.raises(DemoError, match="none of the 1 versions") as error:
        pick_wheels(wheels(python="cp310-cp310"), CP311)
    assert "Python 3.11" in error.value.hint
