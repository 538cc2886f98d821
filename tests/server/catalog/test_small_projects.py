"""Small projects are read without a thread, and exactly as all others are."""

import hashlib
from pathlib import Path

import pytest
from packaging.version import Version
from sqlalchemy import update

from rewheel.server.catalog import files, projects, releases, stages
from rewheel.server.catalog.database import Database
from rewheel.server.catalog.direct import Direct
from rewheel.server.catalog.files import NewFile
from rewheel.server.catalog.moments import now
from rewheel.server.catalog.projects import Status
from rewheel.server.catalog.releases import Description
from rewheel.server.catalog.schema import files as file_table, projects as project_table
from rewheel.server.catalog.small_projects import SmallProjects
from rewheel.server.catalog.versions import sort_key
from rewheel.server.running import prepare
from rewheel.server.settings import ServerSettings

VERSIONS = ("1.10", "1.2", "1.2rc1", "2!0.1", "1.2.post1")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory):
    settings = ServerSettings(data=tmp_path_factory.mktemp("small") / "data", admin_token="secret")
    prepare(settings)
    database = Database(settings.database_url, connections=4)
    yield database
    database.close()


def fill(database: Database, name: str, names: list[str], *, is_visible: bool = True) -> None:
    """Make a project with files of several versions."""
    with database.write() as connection:
        project = projects.create(connection, name)
        kept = {
            version: releases.create(
                connection, project.id, version=version, sort_key=sort_key(Version(version)),
                description=Description("", "", {}, "", ""),
            )
            for version in VERSIONS
        }  # fmt: skip
        for number, filename in enumerate(names):
            digest = hashlib.sha256(filename.encode()).hexdigest()
            new = NewFile(filename=filename, kind="wheel", sha256=digest, size=number, hashes={})
            files.add(connection, project.id, kept[VERSIONS[number % len(VERSIONS)]], new)
        if is_visible:
            projects.publish(connection, project)


def slowly(database: Database, name: str):
    with database.read() as connection:
        project = projects.find(connection, name)
        assert project is not None
        return project, list(files.list_published(connection, project.id))


def at_once(database: Database, name: str):
    return SmallProjects(Direct(database)).find(name)


def test_they_are_read_as_others_are(database: Database) -> None:
    fill(database, "same", [f"same-{letter}.whl" for letter in "zaZ_ebdcé0"])
    assert at_once(database, "same") == slowly(database, "same")


def test_every_column_is_read(database: Database) -> None:
    fill(database, "full", ["full-a.whl"])
    with database.write() as connection:
        connection.execute(
            update(project_table)
            .where(project_table.c.name == "full")
            .values(
                status=Status.DEPRECATED, status_reason="old", file_limit=7, quota=8,
                tracks=["https://a.test/full/"], alternate_locations=["https://b.test/full/"],
            )
        )  # fmt: skip
        connection.execute(
            update(file_table)
            .where(file_table.c.filename == "full-a.whl")
            .values(
                requires_python=">=3", yanked_reason="", metadata_sha256="0" * 64, label="cu13",
                external_url="https://c.test/full-a.whl", provenance="https://d.test/",
            )
        )  # fmt: skip
    found = at_once(database, "full")
    assert found == slowly(database, "full")
    assert found[0].status is Status.DEPRECATED
    assert found[0].is_visible is True


def test_a_project_may_have_no_files(database: Database) -> None:
    fill(database, "empty", [])
    assert at_once(database, "empty") == slowly(database, "empty")


def test_staged_files_are_not_among_them(database: Database) -> None:
    fill(database, "staged", ["staged-a.whl", "staged-b.whl"])
    with database.write() as connection:
        project = projects.find(connection, "staged")
        assert project is not None
        stage = stages.add(
            connection, project_id=project.id, project="staged", version="9", sort_key="9", created_by=None,
            expires_at=now(),
        )  # fmt: skip
        connection.execute(
            update(file_table).where(file_table.c.filename == "staged-a.whl").values(stage_id=stage.id)
        )
    found = at_once(database, "staged")
    assert found == slowly(database, "staged")
    assert [file.filename for file in found[1]] == ["staged-b.whl"]


def test_large_hidden_and_unknown_ones_are_not_at_hand(database: Database) -> None:
    fill(database, "large", [f"large-{number:03}.whl" for number in range(101)])
    fill(database, "limit", [f"limit-{number:03}.whl" for number in range(100)])
    fill(database, "hidden", ["hidden-a.whl"], is_visible=False)
    assert at_once(database, "limit") == slowly(database, "limit")
    for name in ("large", "hidden", "unknown", "", "\0", "'"):
        assert at_once(database, name) is None


def test_it_is_of_this_moment(database: Database) -> None:
    small = SmallProjects(Direct(database))
    fill(database, "changing", ["changing-a.whl"])
    before = small.find("changing")
    with database.write() as connection:
        project = projects.find(connection, "changing")
        assert project is not None
        projects.touch(connection, project.id)
        assert small.find("changing") == before  # nobody is waited for, and nothing uncommitted is seen
    after = small.find("changing")
    assert before is not None
    assert after is not None
    assert after[0].serial == before[0].serial + 1


def test_without_the_file_nothing_is_at_hand(tmp_path: Path) -> None:
    gone = Database(f"sqlite:///{tmp_path / 'none' / 'catalog.sqlite3'}")
    assert at_once(gone, "any") is None
    gone.close()
    across = Database("postgresql://127.0.0.1:1/none")
    assert at_once(across, "any") is None
    across.close()
