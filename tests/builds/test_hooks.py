"""The wrapping backend, driven by the real frontends: pypa/build and pip."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from builds.conftest import Yard, built
from builds.test_matrix import VARIANT, _build_requires, matrix
from rewheel.builds.matrix import read_declaration
from rewheel.builds.matrix.requested import Requested
from rewheel.errors import RewheelError
from rewheel.metadata import CoreMetadata
from rewheel.wheels import Wheel
from support.source_factory import make_tree

WRAPPING = """
[tool.rewheel.build]
backend = "backend"
backend-path = ["."]
"""
EXTRAS = (
    '[project]\nname = "foo"\nversion = "1.0"\ndefault-optional-dependency-keys = ["fast"]\n'
    "[project.optional-dependencies]\nfast = []\n"
)


def wrapped(folder: Path, pyproject: str = VARIANT, **recipe: Any) -> Path:
    """Write a tree whose backend is ours, around the one that is in the tree."""
    recipe = {"steady": True, "requires": ["bar", "baz"], **recipe}
    tree = make_tree(folder, pyproject=pyproject + WRAPPING, **recipe)
    path = tree / "pyproject.toml"
    text = path.read_text().replace('backend-path = ["."]\n\n', "", 1)
    path.write_text(text.replace('build-backend = "backend"', 'build-backend = "rewheel.build_backend"'))
    return tree


def frontend(*words: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    found = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "REWHEEL_"))}
    environ = {"PIP_CONFIG_FILE": os.devnull, "NO_COLOR": "1", **environ}
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=cwd,
        env={**found, **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def build(tree: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return frontend("build", "--no-isolation", *words, cwd=tree, **environ)


@pytest.mark.parametrize(
    ("label", "extras"), [("", ""), ("x2", EXTRAS), ("null", EXTRAS)], ids=lambda value: value[:4]
)
def test_pypa_build_makes_the_same_bytes(yard: Yard, label: str, extras: str) -> None:
    tree = wrapped(yard.folder / "project", VARIANT + extras, extras=["fast"])
    settings = ["-C", f"variant-label={label}"] if label else []
    done = build(tree, "--outdir", str(yard.folder / "theirs"), *settings)
    assert not done.returncode, done.stdout + done.stderr
    shutil.rmtree(tree)
    tree = wrapped(yard.folder / "project", VARIANT + extras, extras=["fast"])
    for product in matrix(yard, tree=tree).run([label], sdist=True):
        assert product.path, product.error
        theirs = yard.folder / "theirs" / product.path.name
        assert theirs.read_bytes() == product.path.read_bytes(), product.path.name
        if product.name == "x2":
            assert built(theirs)["label"] == "x2"


def test_settings_reach_the_wrapped_backend_without_ours(yard: Yard) -> None:
    tree = wrapped(yard.folder / "project")
    done = build(
        tree, "-w", "-o", str(yard.folder), "-C", "variant-label=x2", "-C", "speed=slow", "-C", "a=1"
    )
    assert not done.returncode, done.stderr
    facts = built(yard.folder / "foo-1.0-py3-none-any-x2.whl")
    assert facts["settings"] == {"speed": "slow", "a": "1"}
    assert facts["mode"] == "two"


@pytest.mark.parametrize(
    ("settings", "label"),
    [
        ({"null-variant": "1"}, "null"),
        ({"null-variant": ""}, "null"),
        ({"null-variant": "0"}, ""),
        ({"variant": "gpu :: arch :: x2"}, "x2"),
        ({"variant-name": ["gpu::arch::x1"]}, "x1"),
        ({"variant": "gpu::arch::x2", "variant-label": "x2", "other": "1"}, "x2"),
        ({"variant-label": "null"}, "null"),
        ({}, ""),
        (None, ""),
    ],
)
def test_the_words_that_ask_for_a_variant(yard: Yard, settings: dict[str, Any] | None, label: str) -> None:
    tree = make_tree(yard.folder / "project", pyproject=VARIANT)
    requested = Requested.read(settings, read_declaration(tree / "pyproject.toml"))
    assert requested.label == label
    assert requested.settings == ({"other": "1"} if settings and "other" in settings else {})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"variant-label": "x3"}, "pyproject.toml declares no variant 'x3'; it has x1, x2, null"),
        ({"variant": "gpu::arch::x9"}, "no variant with exactly the properties [gpu::arch::x9]"),
        ({"variant": "gpu::arch"}, "gpu::arch"),
        ({"variant-label": "x1", "null-variant": "1"}, "ask for two variants, x1 and null"),
        ({"variant-label": ["x1", "x2"]}, "variant-label is given more than once: x1, x2"),
    ],
)
def test_what_can_not_be_asked_for(yard: Yard, settings: dict[str, Any], message: str) -> None:
    tree = make_tree(yard.folder / "project", pyproject=VARIANT)
    with pytest.raises(RewheelError) as caught:
        Requested.read(settings, read_declaration(tree / "pyproject.toml"))
    assert message in str(caught.value)


def test_frontends_show_a_sentence_and_no_traceback(yard: Yard) -> None:
    tree = wrapped(yard.folder / "project")
    done = build(tree, "-w", "-o", str(yard.folder / "out"), "-C", "variant-label=x3")
    assert done.returncode
    printed = done.stdout + done.stderr
    assert "error: pyproject.toml declares no variant 'x3'; it has x1, x2, null" in printed
    assert "rewheel/builds" not in printed
    assert not list((yard.folder / "out").glob("*.whl"))


def test_pip_gets_the_plain_wheel_and_the_variant_goes_elsewhere(yard: Yard) -> None:
    tree = wrapped(yard.folder / "project")
    words = ["pip", "wheel", "--no-build-isolation", "--no-deps", "-w", str(yard.folder / "pip"), "."]
    refused = frontend(*words, "-C", "variant-label=x2", cwd=tree)
    assert refused.returncode
    assert "pip does not take wheels with a label" in refused.stdout + refused.stderr
    place = yard.folder / "variants"
    done = frontend(*words, "-C", "variant-label=x2", "-C", f"variant-output={place}", cwd=tree)
    assert not done.returncode, done.stdout + done.stderr
    assert built(place / "foo-1.0-py3-none-any-x2.whl")["mode"] == "two"
    assert built(yard.folder / "pip/foo-1.0-py3-none-any.whl")["mode"] is None


def test_pip_installs_what_it_wraps(yard: Yard) -> None:
    text = VARIANT + EXTRAS.replace("default-optional-dependency-keys", "default-optional-dependencies")
    tree = wrapped(yard.folder / "project", text, extras=["fast"], requires=[])
    target = yard.folder / "installed"
    words = ["pip", "install", "--no-build-isolation", "--no-deps", "--target", str(target), "."]
    done = frontend(*words, "-v", cwd=tree)
    assert not done.returncode, done.stdout + done.stderr
    assert "default-optional-dependencies is the old name" in done.stdout + done.stderr
    text = (target / "foo-1.0.dist-info/METADATA").read_text()
    assert "Default-Extra: fast" in text
    assert "Metadata-Version: 2.5" in text


def test_editable_installations_are_plain(yard: Yard) -> None:
    tree = wrapped(yard.folder / "project")
    script = (
        "import rewheel.build_backend as b, sys\n"
        "assert callable(b.get_requires_for_build_editable)\n"
        f"print(b.build_editable({str(yard.folder)!r}, {{'variant-label': 'x2'}}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tree, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines()[-1:] == ["foo-1.0-py3-none-any.whl"], done.stderr


def test_only_hooks_that_the_wrapped_backend_has(yard: Yard) -> None:
    tree = wrapped(yard.folder / "project", editable=False, prepares=False)
    script = (
        "import rewheel.build_backend as b, sys\n"
        "assert not [name for name in sys.modules if name.startswith('rewheel.') and name != b.__name__]\n"
        "print([name for name in b._OPTIONAL if hasattr(b, name)])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tree, capture_output=True, text=True, check=False
    )
    assert done.stdout == "[]\n", done.stderr


def test_prepared_metadata_are_those_of_the_wheel(yard: Yard) -> None:
    tree = wrapped(yard.folder / "project", VARIANT + EXTRAS, extras=["fast"])
    settings = "{'variant-label': 'x2'}"
    script = (
        "import rewheel.build_backend as b\n"
        f"print(b.prepare_metadata_for_build_wheel({str(yard.folder)!r}, {settings}))\n"
        f"b.build_wheel({str(yard.folder)!r}, {settings})"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tree, capture_output=True, text=True, check=False
    )
    assert not done.returncode, done.stderr
    prepared = (yard.folder / "foo-1.0.dist-info/METADATA").read_bytes()
    with Wheel.open(yard.folder / "foo-1.0-py3-none-any-x2.whl") as wheel:
        assert wheel.metadata_text() == prepared
    assert CoreMetadata.parse(prepared).requires == ("baz", "runtime>=2")


def test_providers_are_required_of_the_frontend(yard: Yard) -> None:
    text = _build_requires(yard) + (
        '[variant.providers.gpu]\nrequires = ["gpu-provider>=1"]\n'
        '[variant.providers.x86_64]\nrequires = ["x86-64-variant-provider"]\n'
        "[variant.variants.both]\ngpu.arch = ['x1']\nx86_64.level = ['v2']\n"
        "[tool.rewheel.variant.both]\nbuild-dependencies = { add = ['nvcc'], drop = ['given'] }\n"
    ).replace('["math"]', '["gpu"]')
    text = text.replace('namespace = ["math"]', 'namespace = ["math", "gpu", "x86_64"]')
    tree = wrapped(yard.folder / "project", text, get_requires=["given", "kept"])
    (tree / "pyproject.toml").write_text((tree / "pyproject.toml").read_text() + 'requires = ["also"]\n')
    script = "import rewheel.build_backend as b, json; print(json.dumps([{}]))"
    calls = ", ".join(
        f"b.get_requires_for_build_{kind}({settings})"
        for kind, settings in [("wheel", ""), ("wheel", "{'variant-label': 'both'}"), ("sdist", "")]
    )
    done = subprocess.run(
        [sys.executable, "-c", script.format(calls)], cwd=tree, capture_output=True, text=True, check=False
    )
    assert json.loads(done.stdout.splitlines()[-1]) == [
        ["given", "kept", "also"],
        ["kept", "nvcc", "gpu-provider>=1", "math-provider", "also"],
        ["also"],
    ], done.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "names none"),
        ('backend = "rewheel.build_backend"', "names none"),
        ('backend = "nothing_like_it"', "can't be imported"),
        ('backend = "json:nothing"', "can't be imported"),
        ('backend = "backend"\nbackend-path = ["../.."]', "leads out of the source tree"),
        ('backend = "backend"\nrequires = ["a b"]', "`requires` of [tool.rewheel.build]"),
        ('backend = "backend"\nrequire = ["a"]', "has no setting 'require'"),
    ],
)
def test_what_can_not_be_wrapped(yard: Yard, text: str, message: str) -> None:
    tree = wrapped(yard.folder / "project")
    path = tree / "pyproject.toml"
    path.write_text(path.read_text().replace('backend = "backend"\nbackend-path = ["."]', text))
    script = "import rewheel.build_backend as b; b.get_requires_for_build_wheel()"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tree, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
