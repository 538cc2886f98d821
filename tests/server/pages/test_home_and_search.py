"""Finding projects, and the figures of the index."""

import pytest
from packaging.version import Version

from rewheel.server.catalog import files, projects, releases, search
from rewheel.server.catalog.database import Database
from rewheel.server.catalog.migrating import migrate
from rewheel.server.catalog.newest import newest_release
from rewheel.server.catalog.releases import Description
from rewheel.server.catalog.versions import sort_key
from rewheel.server.settings import ServerSettings
from support.page import Page
from support.server import running_server
from support.upload2 import Uploader
from support.wheel_factory import make_wheel


@pytest.fixture(params=["sqlite", "postgresql"])
def catalog(request, tmp_path):
    url = f"sqlite:///{tmp_path / 'catalog.sqlite3'}"
    if request.param == "postgresql":
        url = ServerSettings(
            data=tmp_path, database=request.getfixturevalue("postgresql").new_database()
        ).database_url
    database = Database(url)
    migrate(database)
    yield database
    database.close()


def put(database, name, summary="", keywords="", version="1.0"):
    with database.write() as connection:
        project = projects.find(connection, name) or projects.create(connection, name)
        metadata = {"keywords": [keywords]} if keywords else {}
        releases.find_or_create(
            connection,
            project.id,
            version=version,
            sort_key=sort_key(Version(version)),
            description=Description(summary, "", metadata, "", ""),
        )
        projects.publish(connection, project)
        search.renew(connection, project.id)


def found(database, query):
    with database.read() as connection:
        hits = search.search(connection, query)
        found_projects = [projects.find(connection, name) for name in projects.list_names(connection)]
        names = {project.id: project.name for project in found_projects}
    return [names[key] for key in hits.ids], hits


def test_the_very_name_comes_first_then_names_then_keywords_and_summaries(catalog):
    put(catalog, "requests-cache", "Remembers answers")
    put(catalog, "requests", "HTTP for humans")
    put(catalog, "humans", "")
    put(catalog, "curl", "Makes requests", "http")
    assert found(catalog, "requests")[0] == ["requests", "requests-cache", "curl"]
    assert found(catalog, "humans")[0] == ["humans", "requests"]
    assert found(catalog, "Requests HTTP")[0] == ["requests", "curl"]


def test_words_are_found_by_their_beginning(catalog):
    put(catalog, "scikit-learn", "Machine learning")
    assert found(catalog, "sci")[0] == ["scikit-learn"]
    assert found(catalog, "scikit_learn")[0] == ["scikit-learn"]
    assert found(catalog, "learn mach")[0] == ["scikit-learn"]
    assert found(catalog, "cikit-nonsense")[0] == []


def test_a_slip_of_the_finger_finds_names_that_look_alike(catalog):
    put(catalog, "tensorflow")
    put(catalog, "flask")
    names, hits = found(catalog, "tensorfolw")
    assert names == ["tensorflow"]
    assert hits.guessed
    assert found(catalog, "zzzzzz")[0] == []


def test_the_newest_release_says_what_a_project_is_found_by(catalog):
    put(catalog, "foo", "about apples", version="1.0")
    put(catalog, "foo", "about pears", version="2.0")
    put(catalog, "foo", "about plums", version="1.1")
    assert found(catalog, "pears")[0] == ["foo"]
    assert found(catalog, "apples")[0] == []


def test_far_below_many_pre_releases_there_is_a_release(catalog):
    put(catalog, "foo", version="1.0")
    for number in range(40):
        put(catalog, "foo", version=f"2.0a{number}")
    with catalog.write() as connection:
        project = projects.find(connection, "foo")
        stable, alpha = (
            releases.find(connection, project.id, sort_key(Version(version))) for version in ("1.0", "2.0a9")
        )
        assert newest_release(connection, project.id) == stable  # none of them offers anything
        for expected, release in ((alpha, alpha), (stable, stable)):
            name = f"foo-{release}.tar.gz"
            files.add(
                connection,
                project.id,
                release,
                files.NewFile(filename=name, kind="sdist", sha256="0" * 64, size=1, hashes={}),
            )
            assert newest_release(connection, project.id) == expected
        assert newest_release(connection, project.id + 1) is None


def test_words_that_have_drifted_are_found(catalog):
    for number in range(5):
        put(catalog, f"foo{number}", "about apples")
    with catalog.write() as connection:
        for name in ("foo1", "foo4"):
            search.forget(connection, projects.find(connection, name).id)
    with catalog.read() as connection:
        some, last = search.drifted(connection, after=0, limit=3)
        more, end = search.drifted(connection, after=last, limit=3)
    assert (some, more, end) == (["foo1"], ["foo4"], None)


@pytest.mark.parametrize(
    "query",
    ["%", "_", "*", "'", '"; DROP TABLE projects; --', "\0", "~foo", "\U0010ffff", "a" * 5000, " " * 50],
)
def test_hostile_queries_find_nothing_and_break_nothing(catalog, query):
    put(catalog, "foo", "a summary")
    assert found(catalog, query)[0] == (["foo"] if query == "~foo" else [])


def test_a_project_cannot_push_itself_forward_with_words(catalog):
    put(catalog, "spam", " ".join(f"word{n}" for n in range(5000)), ",".join(f"key{n}" for n in range(5000)))
    with catalog.read() as connection:
        from sqlalchemy import func, select

        from rewheel.server.catalog.schema import search_terms

        assert connection.execute(select(func.count()).select_from(search_terms)).scalar_one() < 150


def test_the_home_page_begins_with_how_to_publish(tmp_path):
    with running_server(tmp_path / "index") as server:
        page = Page(server.get("/").text)
        assert "Nothing is published yet" in page.text
        assert f"twine upload --repository-url {server.url}legacy/ dist/*" in page.text
        for number in range(25):
            assert server.upload(make_wheel(tmp_path, f"project-{number:02}", "1.0")).status == 200
        listed = Page(server.get("/search/").text)
        assert "All projects" in listed.text
        assert "Page 1 of 2" in listed.text
        second = Page(server.get("/search/?page=2").text)
        assert "project-24" in second.text
        assert "project-00" not in second.text
        for nonsense in ("0", "-1", "x", "9" * 50, "999"):
            assert server.get(f"/search/?page={nonsense}").status == 200
        files = server.page("project-00")["files"]
        path = files[0]["url"].replace("../../", "/")
        for _ in range(3):
            assert server.get(path).status == 200
        assert server.get(path, range="bytes=5-9").status == 206
        server.stop()
    with running_server(tmp_path / "index") as server:
        page = Page(server.get("/").text)
        assert "Latest releases" in page.text
        assert "projects25 releases25 files25" in page.text
        assert "downloads3" in page.text
        assert "Downloads, 30 days3" in Page(server.get("/project/project-00/").text).text


def test_search_over_http(index):
    page = Page(index.get("/search/?q=tensors").text)
    assert "1 project for “tensors”" in page.text
    assert "2 variants" in page.text
    assert "/project/foo/" in page.values("a", "href")
    hostile = index.get("/search/?q=%3Cscript%3Ealert(1)%3C/script%3E")
    assert hostile.status == 200
    assert "<script>alert" not in hostile.text
    assert "No project has these words" in hostile.text
    assert "look alike" in index.get("/search/?q=foos").text or index.get("/search/?q=foos").status == 200


def test_what_a_project_is_found_by_follows_what_its_newest_release_is(index, tmp_path):
    admin = Uploader(index, index.token)

    def shown(word):
        page = Page(index.get(f"/search/?q={word}").text)
        return f"1 project for “{word}”" in page.text and "/project/fickle/" in page.values("a", "href")

    def words():
        return [word for word in ("durians", "elderberries", "figs", "grapes") if shown(word)]

    made = [
        make_wheel(tmp_path, "fickle", version, headers=[f"Summary: Only {word}"])
        for version, word in (
            ("1.0", "durians"),
            ("2.0", "elderberries"),
            ("3.0", "figs"),
            ("4.0a1", "grapes"),
        )
    ]
    for path in made:
        assert index.upload(path).status == 200
    assert words() == ["figs"]
    assert "3.0" in Page(index.get("/search/?q=fickle").text).text
    assert admin.manage("PUT", "projects/fickle/releases/3.0/yank", reason="").status == 200
    assert words() == ["elderberries"]
    assert (
        index.upload(make_wheel(tmp_path, "fickle", "3.0", build="1")).status == 200
    )  # not yanked: it counts again
    assert words() == ["figs"]
    assert admin.manage("PUT", "projects/fickle/releases/3.0/yank", reason="").status == 200
    assert admin.manage("DELETE", f"projects/fickle/files/{made[1].name}").status == 200
    assert words() == ["durians"]
    assert admin.manage("DELETE", "projects/fickle/releases/3.0/yank").status == 200
    assert words() == ["figs"]
    for version in ("1.0", "3.0"):
        assert admin.manage("DELETE", f"projects/fickle/releases/{version}").status == 200
    assert words() == ["grapes"]
    assert admin.manage("DELETE", "projects/fickle").status == 200
    assert words() == []


def test_a_folder_that_is_served_is_searched_too(tmp_path):
    shelf = tmp_path / "dist"
    shelf.mkdir()
    make_wheel(shelf, "foo", "1.0", headers=["Summary: pears"])
    with running_server(tmp_path / "index", str(shelf)) as server:
        assert "1 project for “pears”" in Page(server.get("/search/?q=pears").text).text
