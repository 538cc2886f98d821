"""The finer rules: file names, what is asked of whom, markers in every form, sources, providers, hashes."""

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from acceptance.conftest import STATIC, Shop
from support.index_server import Fault, IndexServer, Response
from support.wheel_factory import make_wheel

ODD = {"odd": {"requires": ["odd-provider"]}}


def rename(shop: Shop, old: str, new: str) -> None:
    (shop.shelf / old).rename(shop.shelf / new)


# File names


@pytest.mark.parametrize("label", ["1", "_", ".", "0.1", "x" * 80, "x1.y_z"])
def test_any_label_of_its_alphabet_will_do(shop: Shop, label: str) -> None:
    shop.wheel(label=label, properties={"gpu": {"arch": ["x1"]}})
    shop.wheel()
    assert shop.install().label() == label


@pytest.mark.parametrize(
    "name",
    [
        "foo-2.0-py3-none-any-X1.whl",
        "foo-2.0-py3-none-any-x+1.whl",
        "foo-2.0-py3-none-any-.whl",
        "foo-2.0-py3-none-any-x1-x2.whl",
        "foo-2.0-b1-py3-none-any-x1.whl",
        "foo-2.0-3-none-any-x1.whl",
        "foo-2.0-1-py3-none-any-~abcd1234~.whl",
        "foo-2.0-py3-none.whl",
        "foo-2.0-3py-none-any.whl",
        "foo-two-py3-none-any.whl",
        "bar-2.0-py3-none-any.whl",
        "foo-2.0-py3-none-any.whl.asc",
        "foo-2.0-py3-none-any-x1.egg",
        "foo-2.0-linux.exe",
    ],
)
def test_files_with_wrong_names_are_passed_over(shop: Shop, name: str) -> None:
    shop.variants("x1")
    wheel = make_wheel(shop.folder / "other", version="2.0")
    shop.server.responses[f"/odd/{name}"] = Response(wheel.read_bytes())
    files = [
        {"filename": path.name, "url": f"/files/{path.name}", "hashes": {}}
        for path in sorted(shop.shelf.iterdir())
    ]
    files.append({"filename": name, "url": f"/odd/{name}", "hashes": {}})
    shop.server.responses["/simple/foo/"] = Response(
        json.dumps({"meta": {"api-version": "1.0"}, "name": "foo", "files": files}).encode(),
        "application/vnd.pypi.simple.v1+json",
    )
    outcome = shop.install()
    assert outcome.code == 0, outcome.err
    assert outcome.label() == "x1"


def test_a_part_that_begins_with_a_digit_is_a_build(shop: Shop) -> None:
    shop.wheel(build="1")
    shop.wheel(build="2", files={"foo.py": "LABEL = ''\nBUILD = 2\n"})
    outcome = shop.install()
    assert outcome.label() == ""
    assert "BUILD = 2" in (outcome.target / "foo.py").read_text()


def test_build_and_label_together(shop: Shop) -> None:
    shop.wheel(build="7local", label="x2", properties={"gpu": {"arch": ["x2"]}})
    shop.wheel(label="x1", properties={"gpu": {"arch": ["x1"]}}, build="8")
    assert shop.install().label() == "x2"


def test_spellings_of_a_name_and_a_version_are_one(shop: Shop) -> None:
    for spelling in ("Foo.Bar", "foo_bar", "FOO_BAR"):
        shop.variants("x1", name="foo-bar", version="1.0")
        for path in list(shop.shelf.iterdir()):
            path.rename(path.with_name(path.name.replace("foo_bar", spelling)))
        outcome = shop.install("foo.bar")
        assert outcome.code == 0, outcome.err
        assert "variant x1" in outcome.out
        for path in list(shop.shelf.iterdir()):
            path.unlink()


@pytest.mark.parametrize(
    ("wheels", "index_file"),
    [("1.0", "1"), ("1", "1.0.0"), ("1.0.0", "1.0"), ("1.0+cu.12", "1.0.0+cu_12"), ("1.0rc1", "1.0c1")],
)
def test_an_index_file_belongs_to_an_equal_version(shop: Shop, wheels: str, index_file: str) -> None:
    for label in ("x1", "x2"):
        shop.wheel(version=wheels.replace("+cu.", "+cu_"), label=label, properties={"gpu": {"arch": [label]}})
    # The index file contradicts the wheels' order by what it leaves out, so that it shows who was asked.
    shop.index_file({"x1": {"gpu": {"arch": ["x1"]}}}, version=index_file)
    outcome = shop.install("--pre")
    assert outcome.code == 0, outcome.err
    assert outcome.label() == "x1"


# Who is asked for what


def test_no_provider_is_asked_for_wheels_that_do_not_fit_the_platform(shop: Shop) -> None:
    providers = {**STATIC, **ODD}
    variants = {"x1": {"gpu": {"arch": ["x1"]}}, "odd": {"odd": {"kind": ["one"]}}}
    for label, properties in variants.items():
        tag = "py3-none-any" if label == "x1" else "py3-none-win_arm64"
        shop.wheel(
            label=label, properties=properties, providers=providers, priorities=["odd", "gpu"], tag=tag
        )
    shop.index_file(variants, providers=providers, priorities=["odd", "gpu"])
    outcome = shop.install()
    assert outcome.label() == "x1"
    assert not outcome.warnings


def test_no_provider_is_asked_when_only_null_and_plain_wheels_are_left(shop: Shop) -> None:
    shop.wheel(label="null", providers=ODD, priorities=["odd"])
    shop.wheel()
    shop.index_file({"null": {}}, providers=ODD, priorities=["odd"])
    outcome = shop.install()
    assert outcome.label() == "null"
    assert not outcome.warnings


def test_only_one_wheel_of_each_label_is_read(shop: Shop) -> None:
    for label in ("x1", "x2"):
        for build in ("1", "2", "3"):
            shop.wheel(label=label, properties={"gpu": {"arch": [label]}}, build=build)
    shop.wheel(label="x3", properties={"gpu": {"arch": ["x3"]}}, tag="py3-none-win_arm64")
    assert shop.run("explain", "foo", "--index-url", shop.server.simple_url)[0] == 0
    read = {path for path in shop.server.paths() if path.endswith(".whl")}
    assert len(read) == 2
    assert not any("win_arm64" in path for path in read)


def test_a_compressed_tag_counts_by_its_best(shop: Shop) -> None:
    shop.wheel(tag="py2.py3-none-any", build="9", files={"foo.py": "LABEL = ''\nWHO = 'old'\n"})
    python = f"py{__import__('sys').version_info[0]}{__import__('sys').version_info[1]}"
    shop.wheel(tag=f"py30.{python}-none-any", files={"foo.py": "LABEL = ''\nWHO = 'new'\n"})
    outcome = shop.install()
    assert "WHO = 'new'" in (outcome.target / "foo.py").read_text()


def test_a_wish_never_makes_anything_fit(shop: Shop) -> None:
    shop.variants("x1", "x9")
    assert shop.install("--variant", "foo=x9").code == 1
    assert shop.install("--variant", "foo=nothing").code == 1
    assert shop.install("--exclude-variant", "foo=x1").label() == ""
    assert shop.install("--exclude-variant", "foo=x9").label() == "x1"
    assert shop.install("--variant", "foo=x1", "--no-variants").code in {1, 2}


def test_a_label_of_nobody_is_incompatible_everywhere(shop: Shop) -> None:
    """A label that the index file lacks is out even when its wheel says that it would fit."""
    shop.variants("x3")
    shop.index_file({"x1": {"gpu": {"arch": ["x1"]}}})
    outcome = shop.install()
    assert outcome.label() == ""
    code, out, _ = shop.run("explain", "foo", "--index-url", shop.server.simple_url, "--json")
    assert code == 0
    (explanation,) = json.loads(out)["explanations"]
    verdicts = {wheel["label"]: wheel["verdict"] for wheel in explanation["wheels"]}
    assert verdicts == {"x3": "unknown-label", "": "selected"}


# Degradation


def test_a_failing_index_file_costs_one_warning_per_release(shop: Shop) -> None:
    for version in ("1.0", "2.0"):
        shop.variants("x1", "x2", "null", version=version, plain=version == "1.0")
    shop.server.faults["*variants.json*"] = Fault(status=404)
    outcome = shop.install()
    assert outcome.installed == {"foo": "1.0"}
    assert outcome.label() == ""
    assert sum("2.0" in warning for warning in outcome.warnings) >= 1
    assert sum(warning.startswith("warning: foo 1.0") for warning in outcome.warnings) == 1


def test_variant_wheels_of_a_server_without_ranges_are_read_whole_if_small(shop: Shop) -> None:
    shop.server.ranges = False
    shop.server.metadata = False
    shop.wheel(label="x2", properties={"gpu": {"arch": ["x2"]}})
    shop.wheel()
    assert shop.install().label() == "x2"


def test_one_provider_that_fails_leaves_the_others_alone(shop: Shop) -> None:
    providers = {**ODD, **STATIC}
    variants = {"odd": {"odd": {"kind": ["one"]}}, "x1": {"gpu": {"arch": ["x1"]}}}
    for label, properties in variants.items():
        shop.wheel(label=label, properties=properties, providers=providers, priorities=["odd", "gpu"])
    shop.wheel()
    outcome = shop.install()
    assert outcome.label() == "x1"
    assert len(outcome.warnings) == 1


# Sources


def test_an_index_counts_with_its_plain_wheel_before_the_variants_of_the_next(
    shop: Shop, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    make_wheel(other, label="x3", properties={"gpu": {"arch": ["x3"]}}, providers=STATIC, priorities=["gpu"])
    shop.wheel()
    with IndexServer(other) as second:
        assert shop.install("--extra-index-url", second.simple_url).label() == ""


def test_a_bad_index_file_of_one_source_leaves_the_other_alone(shop: Shop) -> None:
    links = shop.folder / "links"
    make_wheel(links, label="x1", properties={"gpu": {"arch": ["x1"]}}, providers=STATIC, priorities=["gpu"])
    shop.variants("x3")
    (shop.shelf / "foo-1.0-variants.json").write_text("{}")
    outcome = shop.install("--find-links", str(links))
    assert outcome.label() == "x1"
    assert len(outcome.warnings) == 1


def test_a_page_of_links_is_a_source_of_variants(shop: Shop) -> None:
    shop.variants("x1", "x2")
    outcome = shop.install("--no-index", "--find-links", shop.server.links_url, index=False)
    assert outcome.label() == "x2"


def test_a_wheel_by_url_without_ranges(shop: Shop) -> None:
    shop.server.ranges = False
    shop.variants("x1", "x9", plain=True)
    assert shop.install(shop.server.file_url("foo-1.0-py3-none-any-x1.whl"), index=False).label() == "x1"
    outcome = shop.install(shop.server.file_url("foo-1.0-py3-none-any-x9.whl"), index=False)
    assert outcome.code == 1
    assert "[gpu :: arch :: x9]" in outcome.err


def test_a_wheel_by_path_for_another_platform_is_an_error(shop: Shop) -> None:
    wheel = shop.wheel(tag="py3-none-win_arm64")
    outcome = shop.install(str(wheel))
    assert outcome.code == 1
    assert "win_arm64" in outcome.err


def test_a_wheel_by_path_is_judged_anew_for_another_machine(shop: Shop) -> None:
    provider = {
        "nvidia": {
            "requires": ["nvidia-variant-provider"],
            "plugin-api": "nvidia_variant_provider.plugin:NvidiaVariantPlugin",
        }
    }
    wheel = shop.wheel(
        label="cu", properties={"nvidia": {"cuda_version_lower_bound": ["12.6"]}}, providers=provider,
        priorities=["nvidia"],
    )  # fmt: skip
    machines = {}
    for version in ("12.8", "11.8"):
        machines[version] = shop.folder / f"{version}.toml"
        machines[version].write_text(
            '[metadata]\ncreated-by = "a test"\nversion = "0.1"\n[[provider]]\n'
            'resolved = ["nvidia-variant-provider==0.0.2"]\nnamespace = "nvidia"\n'
            'plugin-api = "nvidia_variant_provider.plugin:NvidiaVariantPlugin"\n'
            "[provider.properties]\n"
            f'cuda_version_lower_bound = ["{"12.6" if version == "12.8" else version}"]\n'
        )
    assert shop.install(str(wheel), "--machine", str(machines["12.8"])).label() == "cu"
    outcome = shop.install(str(wheel), "--machine", str(machines["11.8"]))
    assert outcome.code == 1
    assert "12.6" in outcome.err


@pytest.mark.parametrize("metadata", [True, False])
def test_a_wheel_that_lies_is_passed_over_for_the_next_label_then_the_next_version(
    shop: Shop, metadata: bool
) -> None:
    shop.server.metadata = metadata
    shop.variants("x2", version="2.0", plain=False)
    shop.wheel(version="2.0", label="x2", properties={"gpu": {"arch": ["x1"]}})
    shop.variants("x1", version="1.0", plain=False)
    outcome = shop.install()
    assert outcome.code == 0, outcome.err
    assert outcome.installed == {"foo": "1.0"}
    assert outcome.warnings


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{", b'{"$schema": "https://variants-schema.wheelnext.dev/peps/850/v9.0.0.json"}'],
    ids=["none", "a list", "cut short", "another major"],
)
def test_a_wheel_whose_own_metadata_is_bad_is_never_installed(shop: Shop, content: bytes) -> None:
    shop.variants("x1")
    shop.wheel(label="x1", variant_json=content)
    outcome = shop.install()
    assert outcome.label() == ""
    assert len(outcome.warnings) == 1


def test_hashes_rule_wheels_out_before_variants_are_looked_at(shop: Shop) -> None:
    shop.variants("x1", "x2", "x3")
    wheel = shop.shelf / "foo-1.0-py3-none-any.whl"
    listed = shop.folder / "requirements.txt"
    listed.write_text(f"foo==1.0 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n")
    target = shop.folder / "hashed"
    code, _, err = shop.run(
        "install", "-r", str(listed), "--index-url", shop.server.simple_url, "--target", str(target)
    )
    assert code == 0, err
    assert (target / "foo.py").read_text() == "LABEL = ''\n"


def test_hashes_that_the_index_does_not_give_are_checked_on_the_file(shop: Shop) -> None:
    shop.server.hashes = False
    shop.wheel()
    listed = shop.folder / "requirements.txt"
    digest = hashlib.sha256((shop.shelf / "foo-1.0-py3-none-any.whl").read_bytes()).hexdigest()
    for given, expected in ((digest, 0), ("0" * 64, 1)):
        listed.write_text(f"foo==1.0 --hash=sha256:{given}\n")
        target = shop.folder / f"t{expected}"
        code, _, err = shop.run(
            "install", "-r", str(listed), "--index-url", shop.server.simple_url, "--target", str(target)
        )
        assert code == expected, err
        assert target.exists() is (expected == 0)


# Markers


@pytest.mark.parametrize(
    ("marker", "wanted"),
    [
        ("variant_label == '12.0'", False),
        ("variant_label == '12'", True),
        ("variant_label in '12 13'", True),
        ("variant_label not in '13 14'", True),
        ("'12' in variant_label", True),
        ("'3' in variant_label", False),
        ("'gpu :: arch :: X1' in variant_properties", False),
        ("'gpu :: arch' in variant_properties", False),
        ("'gpu :: arch' not in variant_properties", True),
        ("'nonsense' in variant_namespaces", False),
        ("'gpu::arch' in variant_features", True),
        ("'gpu  ::  arch' in variant_features", True),
        ("'gpu :: arch :: x1' in variant_features", False),
        ("'gpu :: arch' in variant_namespaces", False),
        ("'gpu' in variant_namespaces and ('a' in variant_namespaces or variant_label == '12')", True),
        ("'gpu' in variant_namespaces and python_version < '3'", False),
        ("python_version < '3' or 'gpu' in variant_namespaces", True),
        ("'' in variant_properties", False),
    ],
)
def test_markers(shop: Shop, marker: str, wanted: bool) -> None:
    shop.wheel("bar")
    shop.wheel(label="12", properties={"gpu": {"arch": ["x1", "x9"]}}, requires=[f"bar; {marker}"])
    outcome = shop.install()
    assert outcome.code == 0, outcome.err
    assert ("bar" in outcome.installed) is wanted


def test_markers_count_for_their_own_package_only(shop: Shop) -> None:
    shop.wheel("baz")
    shop.wheel("bar", requires=["baz; 'gpu' in variant_namespaces"])
    shop.wheel(label="x1", properties={"gpu": {"arch": ["x1"]}}, requires=["bar"])
    assert shop.install().installed == {"foo": "1.0", "bar": "1.0"}


def test_markers_of_extras_see_the_variant(shop: Shop) -> None:
    shop.wheel("bar")
    shop.wheel("baz")
    shop.wheel(
        label="x1",
        properties={"gpu": {"arch": ["x1"]}},
        extras=["fast"],
        requires=[
            "bar; extra == 'fast' and 'gpu' in variant_namespaces",
            "baz; extra == 'fast' and 'gpu' not in variant_namespaces",
        ],
    )
    assert shop.install("foo[fast]").installed == {"foo": "1.0", "bar": "1.0"}
    assert shop.install("foo").installed == {"foo": "1.0"}


def test_markers_do_not_influence_their_own_selection(shop: Shop) -> None:
    """A variant that needs what nobody has is no reason to take the next one: the version is out."""
    shop.wheel(
        label="x2", properties={"gpu": {"arch": ["x2"]}}, requires=["absent; 'gpu' in variant_namespaces"]
    )
    shop.wheel(label="x1", properties={"gpu": {"arch": ["x1"]}})
    shop.wheel(version="0.9")
    outcome = shop.install()
    assert outcome.installed == {"foo": "0.9"}
    assert shop.install("foo==1.0").code == 1


@pytest.mark.parametrize("where", ["argument", "file", "constraint"])
def test_markers_of_variants_are_refused_where_nothing_is_selected_yet(shop: Shop, where: str) -> None:
    shop.wheel()
    text = "foo; variant_label == ''"
    path = shop.folder / "requirements.txt"
    path.write_text(f"{text}\n")
    arguments = {"argument": [text], "file": ["-r", str(path)], "constraint": ["foo", "-c", str(path)]}[where]
    code, _, err = shop.run(
        "install", *arguments, "--index-url", shop.server.simple_url, "--target", str(shop.folder / "t")
    )
    assert code == 2, err
    assert "variant" in err
    assert not (shop.folder / "t").exists()


# Providers


def test_a_provider_can_be_disabled(shop: Shop) -> None:
    shop.variants("x1")
    assert shop.install("--disable-provider", "gpu").label() == ""
    assert shop.install("--disable-provider", "foo:gpu").label() == ""
    assert shop.install("--disable-provider", "bar:gpu").label() == "x1"


def test_a_disabled_provider_is_not_asked_for(shop: Shop) -> None:
    shop.wheel(label="a", properties={"odd": {"kind": ["one"]}}, providers=ODD, priorities=["odd"])
    shop.wheel()
    outcome = shop.install("--disable-provider", "odd")
    assert outcome.label() == ""
    assert not outcome.warnings


def test_an_optional_provider_needs_consent_too(shop: Shop) -> None:
    providers = {"odd": {"requires": ["odd-provider"], "optional": True}}
    shop.wheel(label="a", properties={"odd": {"kind": ["one"]}}, providers=providers, priorities=["odd"])
    shop.wheel()
    outcome = shop.install()
    assert outcome.label() == ""
    assert not any("trust" in warning for warning in outcome.warnings)
    outcome = shop.install("--enable-provider", "odd")
    assert outcome.label() == ""
    assert "--trust-provider odd-provider" in outcome.err


NVIDIA = "nvidia_variant_provider.plugin:NvidiaVariantPlugin"
MATCHES: dict[str, tuple[dict[str, Any], bool]] = {
    "by name": ({"requires": ["nvidia-variant-provider"], "plugin-api": NVIDIA}, True),
    "another spelling": ({"requires": ["NVIDIA_variant.provider>=0.0.1"], "plugin-api": NVIDIA}, True),
    "whitespace": ({"requires": ["nvidia-variant-provider"], "plugin-api": NVIDIA.replace(":", " : ")}, True),
    "one left by its marker": (
        {
            "requires": ["nvidia-variant-provider; python_version>'3'", "other; python_version<'3'"],
            "plugin-api": NVIDIA,
        },
        True,
    ),
    "a version that nobody knows": (
        {"requires": ["nvidia-variant-provider>=99"], "plugin-api": NVIDIA},
        False,
    ),
    "two packages": ({"requires": ["nvidia-variant-provider", "other"], "plugin-api": NVIDIA}, False),
    "an extra": ({"requires": ["nvidia-variant-provider[x]"], "plugin-api": NVIDIA}, False),
    "a URL": (
        {"requires": ["nvidia-variant-provider @ https://example.com/a.whl"], "plugin-api": NVIDIA},
        False,
    ),
    "another end point": ({"requires": ["nvidia-variant-provider"], "plugin-api": "a:B"}, False),
    "no end point": ({"requires": ["nvidia-variant-provider"]}, False),
    "another package": ({"requires": ["nvidia-provider"], "plugin-api": NVIDIA}, False),
}


@pytest.mark.parametrize(("provider", "ours"), MATCHES.values(), ids=MATCHES)
def test_who_is_stood_in_for(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, provider: dict[str, Any], ours: bool
) -> None:
    monkeypatch.setenv("NV_VARIANT_PROVIDER_FORCE_CUDA_DRIVER_VERSION", "12.8")
    shop.wheel(
        label="cu", properties={"nvidia": {"cuda_version_lower_bound": ["12.6"]}},
        providers={"nvidia": provider}, priorities=["nvidia"],
    )  # fmt: skip
    shop.wheel()
    outcome = shop.install()
    assert outcome.code == 0, outcome.err
    assert outcome.label() == ("cu" if ours else "")
    assert len(outcome.warnings) == (0 if ours else 1)


@pytest.mark.parametrize(
    "provider",
    [
        {"requires": ["provider-variant-x86-64"]},
        {"requires": ["x86-64-variant-provider"]},
        {"requires": ["x86_64-variant-provider<1"]},
        {"requires": ["x86-64-variant-provider"], "plugin-api": "provider_variant_x86_64.plugin:X8664Plugin"},
    ],
)
def test_packages_of_one_namespace_are_equivalent(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, provider: dict[str, Any]
) -> None:
    monkeypatch.setenv("X86_64_VARIANT_PROVIDER_FORCE_LEVEL", "v2")
    for level in ("v2", "v3"):
        shop.wheel(
            label=level, properties={"x86_64": {"level": [level]}}, providers={"x86_64": provider},
            priorities=["x86_64"],
        )  # fmt: skip
    outcome = shop.install("--machine", str(elsewhere(shop)))
    assert outcome.code == 0, outcome.err
    assert outcome.label() == "v2"
    assert not outcome.warnings


def elsewhere(shop: Shop, machine: str = "x86_64") -> Path:
    path = shop.folder / "elsewhere.toml"
    path.write_text(
        '[metadata]\ncreated-by = "a test"\nversion = "0.1"\n[platform]\nsystem = "Linux"\n'
        f'machine = "{machine}"\nlibc = "glibc"\nlibc-version = "2.39"\n'
    )
    return path


def test_elsewhere_static_lists_and_overrides_count_but_nothing_detected(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    nvidia = {"nvidia": {"requires": ["nvidia-variant-provider"], "plugin-api": NVIDIA}}
    providers = {**STATIC, **nvidia}
    variants = {
        "x1": {"gpu": {"arch": ["x1"]}},
        "cu": {"nvidia": {"cuda_version_lower_bound": ["12.6"]}},
    }
    for label, properties in variants.items():
        shop.wheel(label=label, properties=properties, providers=providers, priorities=["nvidia", "gpu"])
    path = elsewhere(shop, "aarch64")
    assert shop.install("--machine", str(path)).label() == "x1"
    monkeypatch.setenv("NV_VARIANT_PROVIDER_FORCE_CUDA_DRIVER_VERSION", "12.8")
    assert shop.install("--machine", str(path)).label() == "cu"


def test_foreign_variables_mean_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_CUDA_DRIVER_VERSION", "12.8")
    monkeypatch.setenv("UV_CPU_LEVEL_OVERRIDE", "4")
    provider = {"x86_64": {"requires": ["provider-variant-x86-64"]}}
    shop.wheel(
        label="v4", properties={"x86_64": {"level": ["v4"]}}, providers=provider, priorities=["x86_64"]
    )
    shop.wheel()
    assert shop.install("--machine", str(elsewhere(shop))).label() == ""


def test_a_plugin_s_answer_is_checked(shop: Shop) -> None:
    bad = {
        "values of another alphabet": "[Config('kind', ['one', 'Two'])]",
        "a value twice": "[Config('kind', ['one', 'one'])]",
        "a feature twice": "[Config('kind', ['one']), Config('kind', ['one'])]",
        "not a list": "7",
        "no name": "[Config(None, ['one'])]",
        "an exception": "1 / 0",
        "an exit": "__import__('os')._exit(0)",
    }
    for number, (what, answer) in enumerate(bad.items()):
        name = f"odd{number}-provider"
        plugin = (
            "class Config:\n    def __init__(self, name, values):\n"
            "        self.name, self.values, self.multi_value = name, values, False\n"
            f"def get_supported_configs():\n    return {answer}\n"
            "def get_all_configs():\n    return []\n"
        )
        shop.wheel(name, files={f"odd{number}_provider.py": plugin})
        for path in shop.shelf.glob("foo-*"):
            path.unlink()
        providers = {"odd": {"requires": [name]}, **STATIC}
        variants = {"a": {"odd": {"kind": ["one"]}}, "x1": {"gpu": {"arch": ["x1"]}}}
        for label, properties in variants.items():
            shop.wheel(label=label, properties=properties, providers=providers, priorities=["odd", "gpu"])
        outcome = shop.install("--trust-provider", name, "--no-cache")
        assert outcome.code == 0, (what, outcome.err)
        assert outcome.label() == "x1", what
        assert len(outcome.warnings) == 1, (what, outcome.err)


def test_an_index_page_of_links_that_lead_elsewhere(shop: Shop) -> None:
    """A page may not lead to files of this computer."""
    own = make_wheel(shop.folder / "own", version="9.0")
    shop.wheel()
    names = {own.as_uri(): own.name, "/files/foo-1.0-py3-none-any.whl": "foo-1.0-py3-none-any.whl"}
    page = "".join(f'<a href="{url}">{name}</a>' for url, name in names.items())
    shop.server.responses["/simple/foo/"] = Response(f"<html><body>{page}</body></html>".encode())
    assert shop.install().installed == {"foo": "1.0"}


def test_the_installed_label_is_shown(shop: Shop) -> None:
    shop.variants("x1")
    outcome = shop.install()
    with zipfile.ZipFile(shop.shelf / "foo-1.0-py3-none-any-x1.whl") as archive:
        assert "foo-1.0.dist-info/variant.json" in archive.namelist()
    code, out, _ = shop.run("list", "--json", "--target", str(outcome.target))
    assert code == 0
    assert [(entry["name"], entry["label"]) for entry in json.loads(out)] == [("foo", "x1")]
