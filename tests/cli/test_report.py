"""The report is the one that pip writes, and the variant besides."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from rewheel.metadata import CoreMetadata
from rewheel.metadata.json_form import json_metadata
from support.index_server import IndexServer
from support.wheel_factory import make_wheel, write_index_file

from .conftest import Run

PIP_KEYS = {"download_info", "is_direct", "is_yanked", "requested", "metadata", "requested_extras"}
OUR_KEYS = {"filename", "source", "built", "variant"}
GPU = {"gpu": {"static-properties": {"arch": ["x2", "x1"]}}}


def ours(run: Run, *wanted: str) -> dict[str, Any]:
    code, out, err = run("install", *wanted, "-t", "there", "--dry-run", "--report", "-")
    assert code == 0, err
    return json.loads(out)


def theirs(*wanted: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--dry-run"]
    command += ["--ignore-installed", "--report", "-", *wanted]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def test_every_key_of_pip_has_the_value_of_pip(run: Run, shelf: Path) -> None:
    needs = ["bar>=1; python_version > '3'", "baz; extra == 'more'"]
    make_wheel(shelf, "foo", requires=needs, extras=["more"])
    make_wheel(shelf, "bar")
    make_wheel(shelf, "bar", "2.0")
    path = make_wheel(shelf, "baz")
    with IndexServer(shelf, yanked={"bar-2.0-py3-none-any.whl": "broken"}) as server:
        wanted = ["foo[more]", str(path), "bar==2.0", "-i", server.simple_url]
        mine, pips = ours(run, *wanted), theirs(*wanted)
    assert set(mine) == {*pips, "kept"}
    assert mine["version"] == "1"
    assert mine["pip_version"].startswith("rewheel ")
    for name, value in pips["environment"].items():
        assert mine["environment"][name] == value

    def by_name(report: dict[str, Any]) -> dict[str, Any]:
        return {entry["metadata"]["name"]: entry for entry in report["install"]}

    assert by_name(mine).keys() == by_name(pips).keys() == {"foo", "bar", "baz"}
    for name, entry in by_name(pips).items():
        got = by_name(mine)[name]
        assert set(got) - OUR_KEYS == set(entry)
        assert {key: got[key] for key in entry} == entry
        assert got["variant"]["label"] == ""


def test_the_variant_and_what_became_of_the_others(run: Run, shelf: Path) -> None:
    variants = {label: {"gpu": {"arch": [label]}} for label in ("x1", "x2", "x9")}
    for label, properties in variants.items():
        make_wheel(shelf, "foo", label=label, properties=properties, providers=GPU)
    write_index_file(shelf, "foo", "1.0", variants, providers=GPU)
    make_wheel(shelf, "foo")
    (entry,) = ours(run, "foo", "--no-index", "-f", str(shelf))["install"]
    assert entry["variant"]["label"] == "x2"
    assert entry["variant"]["properties"] == ["gpu :: arch :: x2"]
    assert entry["variant"]["reason"]
    assert [(other["label"], other["verdict"]) for other in entry["variant"]["others"]] == [
        ("x1", "compatible"),
        ("x9", "unsupported"),
    ]
    assert "gpu :: arch :: x9" in entry["variant"]["others"][1]["reason"]


def test_what_is_kept(run: Run, shelf: Path) -> None:
    make_wheel(shelf, "foo", requires=["bar"])
    make_wheel(shelf, "bar")
    flags = ["--no-index", "-f", str(shelf)]
    assert run("install", "bar", *flags, "-t", "there").code == 0
    report = ours(run, "foo", *flags)
    assert [entry["metadata"]["name"] for entry in report["install"]] == ["foo"]
    (kept,) = report["kept"]
    assert kept["metadata"]["name"] == "bar"
    assert kept["variant"] == {"label": ""}


METADATA = """\
Metadata-Version: 2.4
Name: Foo.Bar
Version: 1.0
Summary: says something
Keywords: {keywords}
Platform: any
License-File: LICENSE
Project-URL: Source, https://example.org/x, y
Classifier: A :: B
Classifier: C :: D
Requires-Dist: bar>=1; extra == "x"
Provides-Extra: x
Dynamic: license-file
Home-page: https://example.org
{rest}"""


def test_metadata_as_pip_writes_them() -> None:
    texts = [
        METADATA.format(keywords=keywords, rest=rest)
        for keywords in ("one, two ,three", "one two", "", "one")
        for rest in ("", "\nA long story.\n\nWith: a colon\n", "Description: in a field\n", "\n")
    ]
    script = (
        "import email, json, sys; from pip._internal.metadata._json import msg_to_json;"
        "texts = json.load(sys.stdin);"
        "print(json.dumps([msg_to_json(email.message_from_string(text)) for text in texts]))"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, check=True, capture_output=True, text=True, input=json.dumps(texts))
    for text, expected in zip(texts, json.loads(done.stdout), strict=True):
        assert json_metadata(CoreMetadata.parse(text.encode())) == expected
