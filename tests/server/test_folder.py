"""`rewheel serve DIR`: a folder as an index, and what happens when the folder changes."""

import time
from pathlib import Path

import pytest

from support.server import JSON, RunningServer, running_server
from support.wheel_factory import make_wheel

AVX = {"x86_64": {"level": ["v3"]}}


def eventually(server: RunningServer, project: str, filenames: set[str]) -> None:
    for _ in range(200):
        reply = server.get(f"/simple/{project}/", accept=JSON)
        found = {file["filename"] for file in reply.json()["files"]} if reply.status == 200 else set()
        if found == filenames:
            return
        time.sleep(0.1)
    raise AssertionError(f"{found} instead of {filenames}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    make_wheel(folder, "foo", "1.0")
    make_wheel(folder, "foo", "1.0", label="v3", properties=AVX)
    (folder / "broken-1.0-py3-none-any.whl").write_bytes(b"no wheel")
    (folder / "notes.txt").write_text("not served")
    return folder


def test_a_folder_is_served_as_it_is_and_as_it_becomes(folder: Path, tmp_path: Path) -> None:
    plain, variant = "foo-1.0-py3-none-any.whl", "foo-1.0-py3-none-any-v3.whl"
    with running_server(tmp_path / "unused", str(folder)) as server:
        assert not (tmp_path / "unused").exists()
        assert any("broken-1.0-py3-none-any.whl" in line for line in server.lines)
        assert server.get("/simple/", accept=JSON).json()["projects"] == [{"name": "foo"}]
        page = server.page("foo")
        assert [file["filename"] for file in page["files"]] == [variant, plain, "foo-1.0-variants.json"]
        content = server.get(f"/simple/foo/{page['files'][2]['url']}").json()
        assert content["variants"] == {"v3": AVX}
        path = page["files"][1]["url"].removeprefix("../..")
        assert server.get(path).body == (folder / plain).read_bytes()
        assert server.get(f"{path}.metadata").text.startswith("Metadata-Version: ")
        added = make_wheel(folder, "foo", "2.0")
        eventually(server, "foo", {plain, variant, added.name, "foo-1.0-variants.json"})
        (folder / variant).unlink()
        eventually(server, "foo", {plain, added.name})
        (folder / plain).unlink()
        added.unlink()
        eventually(server, "foo", set())
        assert server.get("/simple/", accept=JSON).json()["projects"] == []


def test_nothing_can_be_uploaded_into_a_folder(folder: Path, tmp_path: Path) -> None:
    with running_server(tmp_path / "unused", str(folder)) as server:
        reply = server.upload(make_wheel(tmp_path, "bar", "1.0"))
        assert reply.status == 403
        assert "takes no uploads" in reply.text


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with (
        pytest.raises(AssertionError, match="No such file or directory"),
        running_server(tmp_path / "unused", str(tmp_path / "missing")),
    ):
        pass
