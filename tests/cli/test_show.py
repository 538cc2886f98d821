"""`rewheel show`: pip's fields on the same environment, and what pip does not know."""

import json
from pathlib import Path

from support.wheel_factory import make_wheel, write_wheel

from .conftest import Run
from .environment import make_environment, pip, site_packages

STATIC = {"gpu": {"static-properties": {"arch": ["x2", "x1"]}}}
METADATA = """\
Metadata-Version: 2.4
Name: Foo.Bar
Version: 1.0
Summary: A thing
Author-email: Somebody <somebody@example.org>
License-Expression: MIT
Project-URL: Home page, https://example.org
Project-URL: Source, https://example.org/source
Classifier: Programming Language :: Python
Requires-Dist: zebra
Requires-Dist: Apple>=1
Requires-Dist: cherry; extra == "more"
Requires-Dist: absent; python_version < "3"
Provides-Extra: more
Default-Extra: more

# Long text
"""


def stock(shelf: Path) -> None:
    write_wheel(
        shelf / "foo_bar-1.0-py3-none-any.whl",
        {
            "foo_bar.py": "",
            "foo_bar-1.0.dist-info/METADATA": METADATA,
            "foo_bar-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            "foo_bar-1.0.dist-info/entry_points.txt": "[console_scripts]\nfoo = foo_bar:main\n",
        },
        "foo_bar-1.0.dist-info",
    )
    make_wheel(shelf, "zebra", requires=["foo.bar"])
    make_wheel(shelf, "Apple")
    make_wheel(shelf, "cherry")
    make_wheel(shelf, "user", requires=["foo-bar[]"])


def test_fields_are_those_of_pip(run: Run, shelf: Path) -> None:
    make_environment()
    stock(shelf)
    assert run("install", "user", "-f", shelf, "--no-index").code == 0
    code, out, err = run("show", "foo.BAR", "zebra", "-f", "-v")
    assert (code, err) == (0, "")
    theirs = pip("show", "foo.BAR", "zebra", "-f", "-v").stdout.splitlines()
    ours = out.splitlines()
    only_ours = ["Provides-extra: more", "Default-extra: more", "Requires: Apple, cherry, zebra"]
    assert [line for line in ours if line not in only_ours] == [
        line for line in theirs if not line.startswith("Requires: Apple")
    ]
    # The default extra counts, because zebra asks for foo.bar without brackets.
    assert [line for line in ours if line in only_ours] == [only_ours[2], *only_ours[:2]]
    assert "License-Expression: MIT" in ours
    assert "Home-page: https://example.org" in ours
    assert "Required-by: user, zebra" in ours


def test_a_variant_has_its_properties(run: Run, shelf: Path) -> None:
    properties = {"gpu": {"arch": ["x2"]}}
    make_wheel(shelf, "foo", label="x2", properties=properties, priorities=["gpu"], providers=STATIC)
    make_environment()
    run("install", "foo", "-f", shelf, "--no-index")
    assert "Variant: x2\nVariant-properties:\n  gpu :: arch :: x2\n" in run("show", "foo").out
    (found,) = json.loads(run("show", "foo", "--json").out)
    assert found["label"] == "x2"
    assert found["variant_properties"] == ["gpu :: arch :: x2"]
    assert found["requested"] is True
    assert "foo.py" in found["files"]


def test_long_texts_stay_below_their_field(run: Run, shelf: Path) -> None:
    make_environment()
    make_wheel(shelf, "foo")
    run("install", "foo", "-f", shelf, "--no-index", "--link-mode", "copy")
    metadata = site_packages() / "foo-1.0.dist-info/METADATA"
    text = "License: MIT\n        \n        Name: not a name\nAuthor: A\x1b[31m\n"
    metadata.write_text(metadata.read_text() + text)
    out = run("show", "foo").out
    assert "\nLicense: MIT\n\n  Name: not a name\nLocation: " in out
    assert "Author: A\\x1b[31m\n" in out


def test_json_has_everything(run: Run, shelf: Path) -> None:
    make_environment()
    stock(shelf)
    run("install", "zebra", "-f", shelf, "--no-index")
    (found,) = json.loads(run("show", "foo-bar", "--json").out)
    assert found["name"] == "Foo.Bar"
    assert found["requires"] == ["Apple", "cherry", "zebra"]
    assert found["required_by"] == ["zebra"]
    assert (found["extras"], found["default_extras"], found["active_extras"]) == (
        ["more"],
        ["more"],
        ["more"],
    )


def test_what_is_not_installed_is_told(run: Run, shelf: Path) -> None:
    make_environment()
    make_wheel(shelf, "foo")
    run("install", "foo", "-f", shelf, "--no-index")
    code, out, err = run("show", "foo", "nothing")
    assert code == 0
    assert out.startswith("Name: foo\n")
    assert err.startswith("warning: nothing is not installed in")
    code, out, err = run("show", "nothing")
    assert (code, out) == (1, "")
    assert err.startswith("error: not installed in")
    assert run("show").code == 2
