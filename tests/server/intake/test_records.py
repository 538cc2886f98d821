"""What was found in a file is the same after it has waited in the database, and names are read or refused."""

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from rewheel.server.errors import Refused
from rewheel.server.intake import Spooled, inspect
from rewheel.server.intake.naming import read_name
from rewheel.server.intake.records import from_record, to_record
from rewheel.wheels import dismount
from support.wheel_factory import make_wheel


def spooled(path: Path) -> Spooled:
    content = path.read_bytes()
    return Spooled(path, hashlib.sha256(content).hexdigest(), len(content))


@pytest.mark.parametrize("kind", ["plain", "variant", "rim"])
def test_records_are_read_as_they_were_written(tmp_path: Path, kind: str) -> None:
    label = "" if kind == "plain" else "fast"
    path = make_wheel(tmp_path, "foo", label=label, properties={"gpu": {"arch": ["x1"]}}, requires=["bar>=1"])
    if kind == "rim":
        path = dismount(path, uri="https://example.com/", owner="acme", output=tmp_path)
    found = inspect(spooled(path))
    again = from_record(json.loads(json.dumps(to_record(found))))
    assert again.as_file() == found.as_file()
    assert (again.uploaded_name, again.listed_sha256) == (path.name, found.listed_sha256)
    assert again.description == found.description
    assert again.hosting == found.hosting
    assert again.metadata == found.metadata


@pytest.mark.parametrize(
    ("name", "target", "project"),
    [
        ("Foo_Bar-1.0-py3-none-any.whl", "Foo_Bar-1.0-py3-none-any.whl", "foo-bar"),
        ("foo-1.0.0-py3-none-any-x1.rim", "foo-1.0.0-py3-none-any-x1.whl", "foo"),
        ("foo-1.0.tar.gz", "foo-1.0.tar.gz", "foo"),
    ],
)
def test_names(name: str, target: str, project: str) -> None:
    found = read_name(name)
    assert (found.target, found.project) == (target, project)
    assert found.sort_key == read_name("foo-1-py3-none-any.whl").sort_key
    assert name in found.rivals


@given(st.text(max_size=60).map(lambda text: text + ".whl") | st.text(max_size=60))
def test_any_name_is_read_or_refused(name: str) -> None:
    try:
        found = read_name(name)
    except Refused as refused:
        assert refused.status == 400
        assert refused.message.isprintable()
    else:
        assert "/" not in found.target
