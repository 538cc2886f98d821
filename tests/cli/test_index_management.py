"""`rewheel index token|project|organisation|log`: the same by a server and on the machine itself."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.server import RunningServer, running_server
from support.wheel_factory import make_wheel

from .conftest import Ran, Run

Manage = Callable[..., Ran]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("managed") / "index") as running:
        yield running


@pytest.fixture(params=["server", "machine"])
def manage(request: pytest.FixtureRequest, server: RunningServer, run: Run) -> Manage:
    """Run a command by the server with a token, or on the folder of the index."""
    if request.param == "server":
        place: tuple[object, ...] = ("--server", server.url, "--token", server.token)
    else:
        place = ("--data", server.data)
    return lambda *arguments: run("index", *arguments, *place)


@pytest.fixture
def project(server: RunningServer, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """Return the name of a project with two releases, which no other test uses."""
    name = "p-" + "".join(letter for letter in request.node.name if letter.isalnum())[-60:].lower()
    for version in ("1.0", "2.0"):
        assert server.upload(make_wheel(tmp_path, name, version)).status == 200
    return name


def test_tokens(manage: Manage, server: RunningServer, run: Run) -> None:
    limits = ("--action", "upload", "--project", "P_x", "--expires-in", "30")
    code, out, err = manage("token", "create", "ci", "--account", "robot", *limits)
    assert (code, err) == (0, "")
    assert out.startswith("rewheel-")
    secret = out.strip()
    listed = manage("token", "list").out
    assert secret not in listed
    line = next(line for line in reversed(listed.splitlines()) if "robot: ci" in line)
    assert "upload on p-x; never used, expires" in line
    assert run("index", "token", "list", "--server", server.url, "--token", secret).code == 1
    number = line.split()[0]
    assert manage("token", "revoke", number).out == f"Revoked token {number}\n"
    tokens = json.loads(manage("token", "list", "--json").out)
    assert next(token for token in tokens if str(token["id"]) == number)["revoked-at"]
    assert run("index", "token", "list", "--server", server.url, "--token", secret).code == 1


def test_projects(manage: Manage, server: RunningServer, project: str, tmp_path: Path) -> None:
    assert project in manage("project", "list").out.split()
    assert "status        active" in manage("project", "show", project).out
    assert (
        manage("project", "status", project, "archived", "--reason", "it rests").out
        == f"{project} is archived\n"
    )
    assert server.page(project)["project-status"] == {"status": "archived", "reason": "it rests"}
    assert "archived (it rests)" in manage("project", "show", project).out
    wheel = f"{project.replace('-', '_')}-1.0-py3-none-any.whl"
    assert manage("project", "yank", project, "1.0", "--reason", "bad").out == f"Yanked {wheel}\n"
    assert server.page(project)["files"][0]["yanked"] == "bad"
    assert manage("project", "unyank", project, wheel).code == 0
    assert "yanked" not in server.page(project)["files"][0]
    code, _, err = manage("project", "delete", project, "1.0")
    assert (code, "--yes" in err) == (2, True)
    assert manage("project", "delete", project, wheel, "--yes").out == f"Deleted {wheel}\n"
    assert server.page(project)["versions"] == ["2.0"]
    out = manage("project", "limits", project, "--file-limit", "500 MiB", "--quota", "1GiB").out
    assert "524,288,000 bytes a file, 1,073,741,824 in all" in out
    assert "104,857,600 bytes a file" in manage("project", "limits", project, "--file-limit", "default").out
    assert manage("project", "limits", project, "--file-limit", "2GiB").code == 1
    for wrong in ("many", "-1", "1e99", "MiB", ""):
        assert manage("project", "limits", project, f"--quota={wrong}").code == 2
    assert manage("project", "limits", project).code == 2
    log = manage("log", project).out.splitlines()
    assert "admin" in log[0]
    assert "project-limits" in log[0]
    assert json.loads(manage("log", project, "-n", "1", "--json").out)[0]["action"] == "project-limits"
    assert manage("project", "delete", project, "--yes").code == 0
    assert server.get(f"/simple/{project}/").status == 404


def test_people(manage: Manage, project: str) -> None:
    manage("token", "create", "x", "--account", "helper")
    assert manage("project", "owner", project, "helper", "--role", "maintainer").code == 0
    assert json.loads(manage("project", "show", project, "--json").out)["roles"][-1] == {
        "account": "helper",
        "role": "maintainer",
    }
    assert manage("project", "owner", project, "helper", "--remove").code == 0
    assert manage("project", "owner", project, "stranger").code == 1
    support = "mailto:help@guild.example"
    assert manage("organisation", "set", "guild", "--external").code == 1
    assert manage("organisation", "set", "guild", "--external", "--support", support).code == 0
    assert f"guild: hosts wheels elsewhere; support: {support}" in manage("organisation", "list").out
    assert manage("organisation", "member", "guild", "helper").out == "helper is maintainer of guild\n"
    assert manage("project", "transfer", project, "guild").code == 0
    assert "organisation  guild" in manage("project", "show", project).out
    assert manage("project", "transfer", project, "-").code == 0
    assert manage("organisation", "member", "guild", "helper", "--remove").code == 0
    assert manage("organisation", "delete", "guild").code == 0


def test_what_cannot_be(manage: Manage) -> None:
    code, _, err = manage("project", "show", "nobody-has-this")
    assert code == 1
    assert "no project" in err
    for name in ("../tokens", "", "..", "a/b"):
        assert manage("project", "show", name).code == 2


def test_places(run: Run, server: RunningServer, world: Path) -> None:
    code, _, err = run("index", "project", "list")
    assert code == 1
    assert "there is no index in" in err
    assert not (world / "rewheel-index").exists()
    code, _, err = run("index", "project", "list", "--server", server.url)
    assert code == 1
    assert "needs a token" in err
    code, _, err = run("index", "project", "list", "--server", f"{server.url}simple", "--token", server.token)
    assert code == 1
    assert "not as a rewheel server does" in err
    assert run("index", "project", "list", "--server", "ftp://x").code == 2
