"""`rewheel index audit`: names that several indexes offer, and what each strategy would take."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.conftest import Run
from support.index_server import JSON, Fault, IndexServer, Response
from support.wheel_factory import make_wheel


class Pair:
    """An index of one's own and a public one, with the options that name them."""

    def __init__(self, own: IndexServer, public: IndexServer) -> None:
        self.own = own
        self.public = public

    def stock(self, which: IndexServer, project: str, version: str, text: str = "") -> Path:
        return make_wheel(
            which.directories[0], project, version, files={f"{project.replace('-', '_')}.py": text}
        )

    @property
    def options(self) -> list[str]:
        return ["--index", f"own={self.own.simple_url}", "--index-url", self.public.simple_url]


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    for name in ("own", "public"):
        (tmp_path / name).mkdir()
    with IndexServer(tmp_path / "own") as own, IndexServer(tmp_path / "public") as public:
        yield Pair(own, public)


def test_names_of_one_index_are_no_news(run: Run, pair: Pair) -> None:
    pair.stock(pair.own, "foo", "1.0")
    pair.stock(pair.public, "bar", "1.0")
    code, out, _ = run("index", "audit", "foo", "bar", "nowhere", *pair.options)
    assert code == 0
    assert out == (
        "3 projects looked up: 0 offered by more than one index, "
        "0 that depend on the strategy (* in force: index-priority)\n"
    )


def test_a_name_that_the_strategies_take_from_different_indexes(run: Run, pair: Pair) -> None:
    pair.stock(pair.own, "acme-tools", "1.1")
    pair.stock(pair.own, "acme-tools", "1.2")
    pair.stock(pair.public, "acme-tools", "99.0")
    code, out, err = run("index", "audit", "acme_tools", *pair.options)
    assert (code, err) == (1, "")
    public = pair.public.simple_url
    wide = " " * (len(public) - len("own"))
    assert out == (
        "acme_tools: offered by 2 indexes\n"
        f"  own{wide}  1.2   2 files\n"
        f"  {public}  99.0  1 file\n"
        f"  index-priority*   own{wide}  1.2   acme_tools-1.2-py3-none-any.whl\n"
        f"  first-index       own{wide}  1.2   acme_tools-1.2-py3-none-any.whl\n"
        f"  version-priority  {public}  99.0  acme_tools-99.0-py3-none-any.whl\n"
        "  the indexes do not say of each other that it is one project\n"
        "  what you get depends on the strategy\n"
        "\n"
        "1 project looked up: 1 offered by more than one index, "
        "1 that depend on the strategy (* in force: index-priority)\n"
    )


def test_the_same_for_programs(run: Run, pair: Pair) -> None:
    pair.stock(pair.own, "foo", "1.0")
    wheel = pair.stock(pair.public, "foo", "2.0")
    code, out, _ = run(
        "index", "audit", "foo>=1.5", "--json", "--index-strategy", "version-priority", *pair.options
    )
    assert code == 1
    document = json.loads(out)
    assert document["strategy"] == "version-priority"
    assert document["asked"] == 1
    assert [(index["name"], index["url"], index["group"]) for index in document["indexes"]] == [
        ("own", pair.own.simple_url, 1),
        (pair.public.simple_url, pair.public.simple_url, 2),
    ]
    (project,) = document["projects"]
    assert (project["project"], project["requirement"]) == ("foo", "foo>=1.5")
    assert [(offer["index"], offer["newest"], offer["files"]) for offer in project["offers"]] == [
        ("own", "1.0", 1),
        (pair.public.simple_url, "2.0", 1),
    ]
    assert project["takes"]["first-index"] is None
    taken = project["takes"]["index-priority"]
    assert taken == project["takes"]["version-priority"]
    assert (taken["version"], taken["filename"]) == ("2.0", wheel.name)
    assert taken["url"] == pair.public.file_url(wheel.name)
    assert len(taken["hashes"]["sha256"]) == 64
    assert (project["decided"], project["vouched"], project["limits"]) == (False, False, None)


def test_the_same_bytes_in_two_indexes_are_a_mirror(run: Run, pair: Pair) -> None:
    wheel = pair.stock(pair.own, "foo", "1.0")
    (pair.public.directories[0] / wheel.name).write_bytes(wheel.read_bytes())
    code, out, _ = run("index", "audit", "foo", *pair.options)
    assert code == 0
    assert "1 offered by more than one index, 0 that depend" in out
    for server in (pair.own, pair.public):
        server.hashes = False  # then nobody knows, but all strategies take the first
    assert run("index", "audit", "foo", "--no-cache", *pair.options).code == 0


def test_the_same_name_and_version_with_other_bytes(run: Run, pair: Pair) -> None:
    """All strategies take the first index's file, but a group of mirrors is of one standing."""
    pair.stock(pair.own, "foo", "1.0", "a = 1\n")
    pair.stock(pair.public, "foo", "1.0", "a = 2\n")
    code, out, _ = run("index", "audit", "foo", *pair.options)
    assert code == 0
    assert out.count("foo-1.0-py3-none-any.whl") == 3


def test_a_pin_settles_it(run: Run, pair: Pair) -> None:
    pair.stock(pair.own, "foo", "1.0")
    pair.stock(pair.public, "foo", "2.0")
    code, out, _ = run("index", "audit", "foo", "--index-pin", "foo=own", *pair.options)
    assert code == 0
    assert "foo is pinned to own, and no other index is asked for it" in out
    assert out.count("own ") == 4  # what each takes, and what it offers


def test_indexes_that_vouch_for_each_other(run: Run, pair: Pair) -> None:
    pair.stock(pair.own, "foo", "1.0")
    pair.stock(pair.public, "foo", "2.0")
    page = pair.own.page("/simple/foo/", JSON)
    assert page is not None
    document = json.loads(page.body)
    document["meta"]["tracks"] = [f"{pair.public.simple_url}foo/"]
    pair.own.responses["/simple/foo/"] = Response(json.dumps(document).encode(), JSON)
    code, out, _ = run("index", "audit", "foo", "--index-guard", "refuse", *pair.options)
    assert code == 1
    assert "do not say of each other" not in out


def test_the_guard_does_not_stop_an_audit(run: Run, pair: Pair) -> None:
    pair.stock(pair.own, "foo", "1.0")
    pair.stock(pair.public, "foo", "2.0")
    code, out, err = run("index", "audit", "foo", "--index-guard", "refuse", *pair.options)
    assert (code, err) == (1, "")
    assert "do not say of each other" in out


def test_what_is_installed_is_looked_up(run: Run, pair: Pair, world: Path) -> None:
    pair.stock(pair.own, "foo", "1.0")
    pair.stock(pair.own, "bar", "1.0")
    target = world / "target"
    assert run("install", "foo", "bar", "--target", target, *pair.options).code == 0
    assert run("index", "audit", "--target", target, *pair.options).code == 0
    pair.stock(pair.public, "foo", "2.0")
    code, out, _ = run("index", "audit", "--target", target, *pair.options, "--json")
    assert code == 1
    document = json.loads(out)
    assert document["asked"] == 2
    assert [found["project"] for found in document["projects"]] == ["foo"]


def test_requirements_files_are_looked_up(run: Run, pair: Pair, world: Path) -> None:
    pair.stock(pair.own, "foo", "1.0")
    pair.stock(pair.public, "foo", "2.0")
    (world / "requirements.txt").write_text("foo==1.0\nbar; python_version < '3'\n")
    code, out, _ = run("index", "audit", "-r", "requirements.txt", *pair.options, "--json")
    assert code == 0  # the version decides
    assert json.loads(out)["asked"] == 1


def test_an_index_that_fails_leaves_the_question_open(run: Run, pair: Pair) -> None:
    pair.stock(pair.own, "foo", "1.0")
    pair.public.faults["/simple/*"] = Fault(status=403)
    code, out, err = run("index", "audit", "foo", *pair.options)
    assert (code, out) == (1, "")
    assert "403" in err
    code, out, err = run("index", "audit", "foo", "--ignore-index-errors", *pair.options)
    assert code == 0
    assert err.count("warning:") == 1


def test_sources_count_without_being_built(run: Run, pair: Pair) -> None:
    pair.stock(pair.own, "foo", "1.0")
    (pair.public.directories[0] / "foo-2.0.tar.gz").write_bytes(b"would fail to build")
    code, out, _ = run("index", "audit", "foo", *pair.options, "--json")
    assert code == 1
    takes = json.loads(out)["projects"][0]["takes"]
    assert takes["version-priority"]["filename"] == "foo-2.0.tar.gz"
    assert takes["index-priority"]["filename"] == "foo-1.0-py3-none-any.whl"
    for option in ("--prefer-binary", "--only-binary=foo"):
        assert run("index", "audit", "foo", *pair.options, option).code == 0
    assert pair.public.count("/files/*") == 0
