import json

import pytest

from publishing.releases import GPU, gpu_wheel
from rewheel.publishing import UnpublishableRelease, write_index
from rewheel.variants import read_metadata
from support.wheel_factory import PEP825, PEP850, make_wheel, write_index_file


def codes(error):
    return {(finding.file, finding.code) for finding in error.value.findings if finding.is_error}


def index_of(directory, name="foo-1.0-variants.json"):
    return json.loads((directory / name).read_text())


def test_index_file_holds_every_label_of_the_release(tmp_path):
    gpu_wheel(tmp_path, "x1", "x1")
    gpu_wheel(tmp_path, "x2", "x2", tag="cp311-cp311-linux_x86_64")
    gpu_wheel(tmp_path, "x2", "x2", tag="cp312-cp312-linux_x86_64")
    make_wheel(tmp_path, label="null", priorities=["gpu"], providers=GPU)
    make_wheel(tmp_path)
    write_index(tmp_path)
    document = index_of(tmp_path)
    assert document["$schema"] == PEP850
    assert document["variants"] == {
        "null": {},
        "x1": {"gpu": {"arch": ["x1"]}},
        "x2": {"gpu": {"arch": ["x2"]}},
    }
    assert document["providers"] == GPU
    assert document["default-priorities"] == {"namespace": ["gpu"]}


def test_without_providers_the_index_file_is_of_pep_825(tmp_path):
    make_wheel(tmp_path, label="x1", properties={"gpu": {"arch": ["x1"]}})
    write_index(tmp_path)
    document = index_of(tmp_path)
    assert document["$schema"] == PEP825
    assert "providers" not in document


def test_an_old_dialect_is_published_in_the_current_one(tmp_path):
    document = {
        "$schema": "https://variants-schema.wheelnext.dev/v0.0.3.json",
        "default-priorities": {"namespace": ["gpu"]},
        "providers": {"gpu": {"requires": ["gpu-provider"], "plugin-api": "gpu_provider:Plugin"}},
        "variants": {"x1": {"gpu": {"arch": ["x1"]}}},
    }
    make_wheel(tmp_path, label="x1", variant_json=document)
    write_index(tmp_path)
    assert index_of(tmp_path)["$schema"] == PEP850


def test_each_release_has_an_index_file_of_its_own(tmp_path):
    gpu_wheel(tmp_path, "x1", "x1")
    gpu_wheel(tmp_path, "x1", "x2", version="2.0")
    gpu_wheel(tmp_path, "x1", "x3", name="Bar.Baz", version="1.0")
    make_wheel(tmp_path, "plain", "1.0")
    write_index(tmp_path)
    found = sorted(path.name for path in tmp_path.glob("*-variants.json"))
    assert found == ["bar_baz-1.0-variants.json", "foo-1.0-variants.json", "foo-2.0-variants.json"]
    assert index_of(tmp_path, "foo-2.0-variants.json")["variants"]["x1"] == {"gpu": {"arch": ["x2"]}}


def test_longer_namespace_lists_win(tmp_path):
    two = GPU | {"cpu": {"requires": ["cpu-provider"]}}
    gpu_wheel(tmp_path, "x1", "x1")
    make_wheel(
        tmp_path, label="c1", properties={"cpu": {"level": ["1"]}}, priorities=["gpu", "cpu"], providers=two
    )
    write_index(tmp_path)
    document = index_of(tmp_path)
    assert document["default-priorities"]["namespace"] == ["gpu", "cpu"]
    assert set(document["providers"]) == {"gpu", "cpu"}


def test_versions_that_are_equal_are_one_release(tmp_path):
    gpu_wheel(tmp_path, "x1", "x1", version="1.0")
    gpu_wheel(tmp_path, "x2", "x2", version="1.0.0")
    write_index(tmp_path)
    assert [path.name for path in tmp_path.glob("*-variants.json")] == ["foo-1.0-variants.json"]
    assert set(index_of(tmp_path)["variants"]) == {"x1", "x2"}


def test_contradicting_wheels_are_refused_all_at_once_and_nothing_is_written(tmp_path):
    gpu_wheel(tmp_path, "x1", "x1", tag="cp311-cp311-linux_x86_64")
    gpu_wheel(tmp_path, "x1", "x2", tag="cp312-cp312-linux_x86_64")
    make_wheel(
        tmp_path,
        version="2.0",
        label="a",
        properties={"gpu": {"arch": ["1"]}},
        priorities=["gpu", "cpu"],
    )
    make_wheel(
        tmp_path,
        version="2.0",
        label="b",
        properties={"gpu": {"arch": ["2"]}},
        priorities=["gpu", "net"],
    )
    (tmp_path / "broken-1.0-py3-none-any.whl").write_bytes(b"no zip")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(UnpublishableRelease) as error:
        write_index(tmp_path)
    assert {file for file, _ in codes(error)} == {
        "broken-1.0-py3-none-any.whl",
        "foo-1.0-cp312-cp312-linux_x86_64-x1.whl",
        "foo-2.0-py3-none-any-b.whl",
    }
    message = str(error.value)
    assert "nothing was written" in message
    assert all(file in message for file, _ in codes(error))
    assert sorted(tmp_path.iterdir()) == before


def test_the_label_inside_must_be_the_label_outside(tmp_path):
    gpu_wheel(tmp_path, "x1", "x1").rename(tmp_path / "foo-1.0-py3-none-any-x9.whl")
    with pytest.raises(UnpublishableRelease, match="x9"):
        write_index(tmp_path)


def test_a_label_without_variant_json_is_refused(tmp_path):
    make_wheel(tmp_path, label="x1", variant_json=b"")
    with pytest.raises(UnpublishableRelease, match=r"variant\.json: is missing"):
        write_index(tmp_path)


def test_a_variant_wheel_that_lost_its_label_is_refused(tmp_path):
    gpu_wheel(tmp_path, "x1", "x1").rename(tmp_path / "foo-1.0-py3-none-any.whl")
    with pytest.raises(UnpublishableRelease, match="has no label"):
        write_index(tmp_path)


def test_two_labels_for_the_same_properties_are_refused(tmp_path):
    gpu_wheel(tmp_path, "a", "x1")
    gpu_wheel(tmp_path, "b", "x1")
    with pytest.raises(UnpublishableRelease, match="same as those of a"):
        write_index(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"not json",
        b"[]",
        b"{}",
        b'{"$schema": "https://variants-schema.wheelnext.dev/v7.0.0.json"}',
        b'{"a": 1, "a": 2}',
        b"[" * 5000,
        b"\xff\xfe",
        json.dumps(
            {"$schema": PEP825, "default-priorities": {"namespace": []}, "variants": {"x1": {}}}
        ).encode(),
        json.dumps(
            {
                "$schema": PEP825,
                "default-priorities": {"namespace": ["a"]},
                "variants": {"x1": {"b": {"f": ["v"]}}},
            }
        ).encode(),
    ],
)
def test_bad_variant_json_is_refused_with_its_findings(tmp_path, content):
    make_wheel(tmp_path, label="x1", variant_json=content)
    with pytest.raises(UnpublishableRelease) as error:
        write_index(tmp_path)
    assert "foo-1.0-py3-none-any-x1.whl: variant.json" in str(error.value)


def test_an_index_file_may_gain_labels_and_namespaces(tmp_path):
    gpu_wheel(tmp_path, "x1", "x1")
    write_index(tmp_path)
    gpu_wheel(tmp_path, "x2", "x2")
    make_wheel(
        tmp_path,
        label="c1",
        properties={"cpu": {"level": ["1"]}},
        priorities=["gpu", "cpu"],
        providers=GPU | {"cpu": {"requires": ["cpu-provider"]}},
    )
    report = write_index(tmp_path)
    assert tmp_path / "foo-1.0-variants.json" in report.written
    assert set(index_of(tmp_path)["variants"]) == {"x1", "x2", "c1"}


@pytest.mark.parametrize(
    ("variants", "priorities", "reason"),
    [
        ({"x1": {"gpu": {"arch": ["x1"]}}, "x2": {"gpu": {"arch": ["x2"]}}}, ["gpu"], "'x2' would vanish"),
        ({"x1": {"gpu": {"arch": ["x7"]}}}, ["gpu"], "'x1' would stand for other properties"),
        ({"x1": {"gpu": {"arch": ["x1"]}}}, ["cpu", "gpu"], "order of namespaces"),
    ],
)
def test_any_other_change_needs_permission(tmp_path, variants, priorities, reason):
    gpu_wheel(tmp_path, "x1", "x1")
    path = write_index_file(tmp_path, "foo", "1.0", variants, priorities=priorities)
    before = path.read_bytes()
    with pytest.raises(UnpublishableRelease, match=reason) as error:
        write_index(tmp_path)
    assert error.value.hint
    assert path.read_bytes() == before
    write_index(tmp_path, replace=True)
    assert index_of(tmp_path)["variants"] == {"x1": {"gpu": {"arch": ["x1"]}}}


def test_an_unreadable_index_file_needs_permission_too(tmp_path):
    gpu_wheel(tmp_path, "x1", "x1")
    path = tmp_path / "foo-1.0-variants.json"
    path.write_text("{")
    with pytest.raises(UnpublishableRelease, match="exists already"):
        write_index(tmp_path)
    write_index(tmp_path, replace=True)
    assert read_metadata(path.read_bytes()).variants.keys() == {"x1"}


def test_an_index_file_of_another_spelling_gives_way_only_with_permission(tmp_path):
    gpu_wheel(tmp_path, "x1", "x1")
    other = write_index_file(tmp_path, "foo", "1.0.0", {"x1": {"gpu": {"arch": ["x1"]}}})
    with pytest.raises(UnpublishableRelease, match=r"named foo-1\.0-variants\.json"):
        write_index(tmp_path)
    report = write_index(tmp_path, replace=True)
    assert report.removed == (other,)
    assert not other.exists()


def test_an_index_file_without_variant_wheels_stays_but_is_not_listed(tmp_path):
    make_wheel(tmp_path)
    path = write_index_file(tmp_path, "foo", "1.0", {"x1": {"gpu": {"arch": ["x1"]}}})
    report = write_index(tmp_path)
    assert [finding.file for finding in report.findings] == [path.name]
    assert "variants.json" not in (tmp_path / "simple/foo/index.html").read_text()
    assert path.exists()
    assert write_index(tmp_path, replace=True).removed == (path,)


def test_providers_for_some_namespaces_only_are_refused(tmp_path):
    gpu_wheel(tmp_path, "x1", "x1")
    make_wheel(tmp_path, label="c1", properties={"cpu": {"level": ["1"]}}, priorities=["gpu", "cpu"])
    with pytest.raises(UnpublishableRelease, match="cpu"):
        write_index(tmp_path)
