"""A project's state is told to whoever installs it (PEP 792)."""

import json

import pytest

from resolution.conftest import World
from rewheel.resolution import NoCandidate
from support.index_server import JSON, Response


def say(world: World, status: object, *, files: bool = True, form: str = "json") -> None:
    """Let the page of foo have a status."""
    path = world.wheel("foo")
    if form == "html":
        assert isinstance(status, dict)
        metas = "".join(
            f'<meta name="pypi:project-status{suffix}" content="{status[key]}">'
            for key, suffix in (("status", ""), ("reason", "-reason"))
            if key in status
        )
        link = f'<a href="/files/{path.name}">{path.name}</a>' if files else ""
        body = f"<!DOCTYPE html><html><head>{metas}</head><body>{link}</body></html>"
        world.server.responses["/simple/foo/"] = Response(body.encode(), "text/html")
        return
    page = {
        "meta": {"api-version": "1.4"},
        "name": "foo",
        "versions": ["1.0"],
        "project-status": status,
        "files": [{"filename": path.name, "url": f"/files/{path.name}", "hashes": {}}] if files else [],
    }
    world.server.responses["/simple/foo/"] = Response(json.dumps(page).encode(), JSON)


@pytest.mark.parametrize("form", ["json", "html"])
@pytest.mark.parametrize("status", ["archived", "deprecated", "quarantined"])
def test_792_a_warning_with_the_reason(world: World, status: str, form: str) -> None:
    say(world, {"status": status, "reason": "use bar"}, form=form)
    assert world.resolve("foo").packages[0].version == "1.0"
    (warning,) = world.reporter.warnings
    assert warning.startswith(f"foo is {status}")
    assert warning.endswith("(use bar)")


@pytest.mark.parametrize(
    "status", [None, [], {}, {"status": "active"}, {"status": 1}, {"status": "unheard-of"}]
)
def test_792_what_is_unknown_means_active(world: World, status: object) -> None:
    say(world, status)
    world.resolve("foo")
    assert world.reporter.warnings == []


def test_792_the_other_spelling_of_the_key(world: World) -> None:
    say(world, {"state": "archived"})
    world.resolve("foo")
    assert "foo is archived" in world.reporter.warnings[0]


def test_792_a_dependency_is_told_of_and_what_is_not_taken_is_not(world: World) -> None:
    say(world, {"status": "deprecated"})
    world.wheel("bar", requires=["foo"])
    world.wheel("baz")
    world.resolve("baz")
    assert world.reporter.warnings == []
    world.resolve("bar")
    assert len(world.reporter.warnings) == 1


def test_792_quarantine_explains_why_there_is_nothing(world: World) -> None:
    say(world, {"status": "quarantined", "reason": "it is haunted"}, files=False)
    with pytest.raises(NoCandidate) as caught:
        world.resolve("foo")
    assert caught.value.hint == "foo is quarantined: its index takes it for unsafe (it is haunted)"
