"""Several indexes, safely: strategies, failures, groups, pins, denials, and the guard (PEP 766, PEP 708)."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from acceptance.conftest import STATIC, Outcome, Shop
from support.index_server import HTML, JSON, Fault, IndexServer, Response
from support.wheel_factory import make_wheel

STRATEGIES = ("index-priority", "first-index", "version-priority")


class Street:
    """Three indexes named a, b and c, in this order, and the command to install from them."""

    def __init__(self, shop: Shop, servers: dict[str, IndexServer]) -> None:
        self.shop = shop
        self.servers = servers

    def stock(self, name: str, *versions: str, project: str = "foo", **keywords: object) -> None:
        for version in versions:
            make_wheel(self.servers[name].directories[0], project, version, **keywords)

    def index(self, order: str = "abc") -> list[str]:
        return [part for name in order for part in ("--index", f"{name}={self.servers[name].simple_url}")]

    def install(self, *arguments: str, order: str = "abc") -> Outcome:
        return self.shop.install(*arguments, *self.index(order), "--index-url", self.url("c"), index=False)

    def configured(self, text: str, *arguments: str) -> Outcome:
        for name in self.servers:
            text = text.replace(f"${name}", self.url(name))
        path = self.shop.folder / "rewheel.toml"
        path.write_text(f'index-url = "{self.url("c")}"\n{text}')
        return self.shop.install(*arguments, "--config-file", str(path), index=False)

    def url(self, name: str) -> str:
        return self.servers[name].simple_url

    def page(self, name: str, *, project: str = "foo", **more: object) -> None:
        """Let an index say more on a project's page than it would by itself."""
        found = self.servers[name].page(f"/simple/{project}/", JSON)
        assert found is not None
        document = json.loads(found.body)
        document["meta"] |= more.pop("meta", {})  # type: ignore[operator]
        body = json.dumps(document | more).encode()
        self.servers[name].responses[f"/simple/{project}/"] = Response(body, JSON)


@pytest.fixture
def street(shop: Shop, tmp_path: Path) -> Iterator[Street]:
    with ExitStack() as stack:
        servers = {}
        for name in "abc":
            (tmp_path / name).mkdir()
            servers[name] = stack.enter_context(IndexServer(tmp_path / name))
        yield Street(shop, servers)


# Which index


@pytest.mark.parametrize(
    ("strategy", "version"), [("index-priority", "1.0"), ("first-index", "1.0"), ("version-priority", "2.0")]
)
def test_the_strategy_decides_between_indexes(street: Street, strategy: str, version: str) -> None:
    street.stock("a", "1.0")
    street.stock("b", "2.0")
    assert street.install("--index-strategy", strategy).installed == {"foo": version}


def test_index_priority_is_the_default_everywhere(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    street.stock("a", "1.0")
    street.stock("b", "2.0")
    assert street.install().installed == {"foo": "1.0"}
    monkeypatch.setenv("REWHEEL_INDEX_STRATEGY", "version-priority")
    assert street.install().installed == {"foo": "2.0"}
    assert street.install("--index-strategy", "index-priority").installed == {"foo": "1.0"}
    monkeypatch.delenv("REWHEEL_INDEX_STRATEGY")
    text = (
        'index-strategy = "version-priority"\nextra-index-url = ["$b"]\n[[index]]\nname = "a"\nurl = "$a"\n'
    )
    assert street.configured(text).installed == {"foo": "2.0"}


def test_what_the_first_index_lacks_comes_from_the_next(street: Street) -> None:
    street.stock("a", "1.0")
    street.stock("b", "2.0")
    assert street.install("foo>=2").installed == {"foo": "2.0"}
    outcome = street.install("foo>=2", "--index-strategy", "first-index")
    assert outcome.code == 1
    assert "there are 1.0" in outcome.err
    assert "first-index" in outcome.err
    assert street.install("foo>=2", "--index-strategy", "version-priority").installed == {"foo": "2.0"}


@pytest.mark.parametrize("filler", ["foreign", "yanked", "python", "sdist"])
def test_files_that_will_not_do_are_as_good_as_none(street: Street, filler: str) -> None:
    shelf = street.servers["a"].directories[0]
    if filler == "foreign":
        street.stock("a", "3.0", tag="cp27-cp27m-win32")
    elif filler == "yanked":
        street.stock("a", "3.0")
        street.servers["a"].yanked["foo-3.0-py3-none-any.whl"] = "broken"
    elif filler == "python":
        street.stock("a", "3.0")
        street.servers["a"].requires_python["foo-3.0-py3-none-any.whl"] = "<3"
    else:
        (shelf / "foo-3.0.zip").write_bytes(b"no archive")
        street.stock("a", "0.1", tag="cp27-cp27m-win32")
    street.stock("b", "1.0")
    wheels = ("--only-binary", ":all:")
    assert street.install(*wheels).installed == {"foo": "1.0"}
    assert street.install(*wheels, "--index-strategy", "version-priority").installed == {"foo": "1.0"}
    assert street.install(*wheels, "--index-strategy", "first-index").code == 1


def test_every_project_starts_at_the_first_index(street: Street) -> None:
    street.stock("b", "1.0", project="app", requires=["foo"])
    street.stock("a", "1.0")
    street.stock("b", "2.0")
    assert street.install("app").installed == {"app": "1.0", "foo": "1.0"}
    assert street.install("app", "--index-strategy", "first-index").installed == {"app": "1.0", "foo": "1.0"}


def test_swapped_indexes_give_the_bytes_of_the_other(street: Street) -> None:
    street.stock("a", "1.0", files={"foo.py": "ORIGIN = 'a'\n"})
    street.stock("b", "1.0", files={"foo.py": "ORIGIN = 'b'\n"})
    for strategy in STRATEGIES:
        for order in ("ab", "ba", "ab"):
            outcome = street.install("--index-strategy", strategy, order=order)
            assert (outcome.target / "foo.py").read_text() == f"ORIGIN = '{order[0]}'\n"


def test_bytes_are_not_mixed_up_where_indexes_give_no_hashes(street: Street) -> None:
    for server in street.servers.values():
        server.hashes = server.metadata = False
    street.stock("a", "1.0", files={"foo.py": "ORIGIN = 'a'\n"})
    street.stock("b", "1.0", files={"foo.py": "ORIGIN = 'b'\n"})
    for order in ("ab", "ba", "ab"):
        assert (street.install(order=order).target / "foo.py").read_text() == f"ORIGIN = '{order[0]}'\n"


def test_first_index_asks_no_further(street: Street) -> None:
    street.stock("a", "1.0")
    street.stock("b", "1.0", project="bar")
    assert street.install("--index-strategy", "first-index").code == 0
    assert street.servers["b"].count("/simple/foo/") == street.servers["c"].count("/simple/foo/") == 0
    assert street.install("bar", "--index-strategy", "first-index").installed == {"bar": "1.0"}
    assert street.servers["c"].count("/simple/bar/") == 0


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_find_links_stand_beside_the_first_index_that_has_the_project(street: Street, strategy: str) -> None:
    links = street.shop.folder / "links"
    make_wheel(links, "foo", "1.5")
    arguments = ("--find-links", str(links), "--index-strategy", strategy)
    street.stock("b", "1.0")
    street.stock("c", "9.0")
    expected = "9.0" if strategy == "version-priority" else "1.5"
    assert street.install(*arguments).installed == {"foo": expected}
    street.stock("b", "2.0")
    expected = "9.0" if strategy == "version-priority" else "2.0"
    assert street.install(*arguments).installed == {"foo": expected}


def test_one_version_in_several_sources_under_version_priority(street: Street) -> None:
    """Variants of one source are taken before plain wheels of another; of equals, the first source's."""
    street.stock("a", "1.0")
    street.stock(
        "b", "1.0", label="x1", properties={"gpu": {"arch": ["x1"]}}, providers=STATIC, priorities=["gpu"]
    )
    assert street.install().label() == ""
    assert street.install("--index-strategy", "version-priority").label() == "x1"
    street.stock(
        "c", "1.0", label="x3", properties={"gpu": {"arch": ["x3"]}}, providers=STATIC, priorities=["gpu"]
    )
    outcome = street.install(
        "--index-strategy", "version-priority", "--report", str(street.shop.folder / "r")
    )
    assert outcome.label() == "x3"
    (entry,) = json.loads((street.shop.folder / "r").read_text())["install"]
    assert entry["source"] == "c"


@pytest.mark.parametrize(
    ("options", "source"),
    [
        ([], "a"),
        (["--prefer-binary"], "b"),
        (["--only-binary", "foo"], "b"),
        (["--prefer-binary", "--index-strategy", "first-index"], "a"),
        (["--index-strategy", "version-priority"], "a"),
        (["--prefer-binary", "--index-strategy", "version-priority"], "b"),
    ],
)
def test_sources_of_one_index_and_wheels_of_the_next(street: Street, options: list[str], source: str) -> None:
    (street.servers["a"].directories[0] / "foo-3.0.tar.gz").write_bytes(b"is not built by a question")
    street.stock("b", "1.0")
    arguments = [*street.index(), "--index-url", street.url("c"), *options, "--json"]
    code, out, err = street.shop.run("explain", "foo", *arguments)
    assert code == 0, err
    assert json.loads(out)["explanations"][0]["source"] == source


def test_an_answer_of_before_notices_every_change_of_indexes(street: Street) -> None:
    """What was found for a question is not given again when who may answer it has changed."""
    street.stock("b", "1.0")
    street.stock("c", "2.0")
    target = street.shop.folder / "again"
    config = street.shop.folder / "rewheel.toml"

    def version(text: str = "", order: str = "abc") -> str:
        shutil.rmtree(target, ignore_errors=True)
        tables = "".join(f'[[index]]\nname = "{n}"\nurl = "{street.url(n)}"\n' for n in order)
        config.write_text(f'index-url = "{street.url("c")}"\n{text}\n{tables}')
        code, _, err = street.shop.run(
            "install", "foo", "--target", str(target), "--config-file", str(config)
        )
        assert code == 0, err
        return Outcome(code, "", err, target).installed["foo"]

    assert [version(), version()] == ["1.0", "1.0"]
    assert version('index-strategy = "version-priority"') == "2.0"
    assert version() == "1.0"
    assert version('index-pin = { foo = "c" }') == "2.0"
    assert version(order="acb") == "2.0"
    assert version() == "1.0"
    street.stock("a", "0.5")  # the first index, which had nothing, now has the name
    assert version() == "0.5"
    street.servers["a"].faults["/simple/foo/"] = Fault(status=404)
    assert version() == "1.0"


# Failures


@pytest.mark.parametrize("fault", [Fault(status=500), Fault(status=403), Fault(drop=True), Fault(body=b"??")])
def test_an_index_that_fails_ends_it(street: Street, fault: Fault) -> None:
    street.stock("a", "2.0")
    street.stock("b", "1.0")
    street.servers["a"].faults["/simple/*"] = fault
    for strategy in STRATEGIES:
        outcome = street.install("--index-strategy", strategy, "--retries", "0")
        assert outcome.code == 1
        assert outcome.err.count("error:") == 1
        assert street.url("a") in outcome.err
        assert "no other index stands in for a; --ignore-index-errors goes on without it" in outcome.err
    for strategy in STRATEGIES:
        outcome = street.install("--ignore-index-errors", "--index-strategy", strategy, "--retries", "0")
        assert outcome.installed == {"foo": "1.0"}
        assert len(outcome.warnings) == 1
        assert outcome.warnings[0].startswith("warning: a was not asked: ")


def test_a_dead_index_ends_it(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    street.stock("b", "1.0")
    street.servers["a"].stop()
    monkeypatch.setenv("REWHEEL_RETRIES", "0")
    assert street.install().code == 1
    monkeypatch.setenv("REWHEEL_IGNORE_INDEX_ERRORS", "1")
    outcome = street.install()
    assert (outcome.installed, len(outcome.warnings)) == ({"foo": "1.0"}, 1)


def test_a_later_failure_matters_only_where_something_is_lacking(street: Street) -> None:
    street.stock("a", "1.0")
    street.stock("c", "2.0")
    street.servers["b"].faults["/simple/*"] = Fault(status=403)
    outcome = street.install()
    assert outcome.installed == {"foo": "1.0"}
    assert len(outcome.warnings) == 1
    assert street.servers["b"].count("/simple/foo/") == 1
    outcome = street.install("foo>=2")  # c has it, but nobody knows whether b does
    assert outcome.code == 1
    assert "403" in outcome.err
    assert street.url("b") in outcome.err
    assert "no version" not in outcome.err
    assert street.install("foo>=2", "--ignore-index-errors").installed == {"foo": "2.0"}
    assert street.install("--index-strategy", "version-priority").code == 1
    assert not street.install("--index-strategy", "first-index").warnings


def test_a_later_failure_is_the_error_for_a_dependency_too(street: Street) -> None:
    street.stock("a", "1.0", project="app", requires=["foo>=2"])
    street.stock("a", "1.0")
    street.servers["b"].faults["/simple/foo/"] = Fault(status=403)
    for command in (("app",), ("app", "foo")):
        outcome = street.install(*command)
        assert outcome.code == 1
        assert "403" in outcome.err
        assert "fit together" not in outcome.err
    code, _, err = street.shop.run("explain", "foo>=2", *street.index(), "--index-url", street.url("c"))
    assert code == 1
    assert "403" in err


# Groups, pins, denials

GROUPED = """
[[index]]
name = "a"
url = "$a"
group = "near"
[[index]]
name = "b"
url = "$b"
group = "near"
[[index]]
name = "c"
url = "$c"
"""


def test_mirrors_of_a_group_compete_and_groups_follow_each_other(street: Street) -> None:
    street.stock("a", "1.0")
    street.stock("b", "2.0")
    street.stock("c", "3.0")
    assert street.configured(GROUPED).installed == {"foo": "2.0"}
    assert street.configured(GROUPED, "foo>=3").installed == {"foo": "3.0"}
    assert street.configured(GROUPED, "foo>=3", "--index-strategy", "first-index").code == 1
    assert street.configured(GROUPED, "--index-strategy", "first-index").installed == {"foo": "2.0"}
    assert street.configured(GROUPED, "--index-strategy", "version-priority").installed == {"foo": "3.0"}


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ("version-priority", {"foo": "2.0", "foo>=2": "2.0", "foo>=3": "3.0"}),
        ("index-priority", {"foo": "1.0", "foo>=2": "2.0", "foo>=3": "3.0"}),
        ("first-index", {"foo": "1.0", "foo>=2": "3.0", "foo>=3": "3.0"}),
    ],
)
def test_a_group_may_have_its_own_strategy(street: Street, strategy: str, expected: dict[str, str]) -> None:
    street.stock("a", "1.0")
    street.stock("b", "2.0")
    street.stock("c", "3.0")
    text = f'{GROUPED}\n[[group]]\nname = "near"\nstrategy = "{strategy}"\n'
    for requirement, version in expected.items():
        assert street.configured(text, requirement).installed == {"foo": version}


def test_a_group_is_not_asked_in_part(street: Street) -> None:
    street.stock("a", "1.0")
    street.servers["b"].faults["/simple/*"] = Fault(status=403)
    assert street.configured(GROUPED).code == 1
    assert street.configured(GROUPED, "--ignore-index-errors").installed == {"foo": "1.0"}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_an_index_is_not_asked_for_what_it_is_denied(street: Street, strategy: str) -> None:
    street.stock("a", "9.0", "8.0")
    street.stock("b", "1.0")
    street.stock("a", "9.0", project="bar")
    street.stock("b", "1.0", project="bar")
    text = '[[index]]\nname = "a"\nurl = "$a"\ndeny = ["F*o", "acme-*"]\n[[index]]\nname = "b"\nurl = "$b"\n'
    outcome = street.configured(text, "foo", "bar", "--index-strategy", strategy, "-v")
    assert outcome.installed == {"foo": "1.0", "bar": "9.0"}
    assert "a may not be asked for foo" in outcome.err
    assert street.servers["a"].count("/simple/foo/") == 0


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_pinned_project_comes_from_its_index_alone(street: Street, strategy: str) -> None:
    street.stock("a", "9.0", project="acme-x")
    street.stock("b", "1.0", project="acme-x")
    street.stock("a", "9.0", project="acme-y")
    arguments = ("--index-pin", "acme-*=b", "--index-strategy", strategy)
    assert street.install("acme-x", *arguments).installed == {"acme_x": "1.0"}
    assert street.servers["a"].count("/simple/acme-x/") == 0
    outcome = street.install("ACME.Y", *arguments)
    assert outcome.code == 1
    assert "acme-y is pinned to b" in outcome.err
    assert street.servers["a"].count("/simple/acme-y/") == 0


def test_the_more_exact_pin_counts(street: Street) -> None:
    for version, name in enumerate("abc", 1):
        street.stock(name, f"{version}.0", project="acme-x")
        street.stock(name, f"{version}.0", project="acme-tool-y")
        street.stock(name, f"{version}.0")
    pins = ["--index-pin", "*=c", "--index-pin", "acme-*=b", "--index-pin", "Acme_X=a"]
    outcome = street.install("acme-x", "acme-tool-y", "foo", *pins)
    assert outcome.installed == {"acme_x": "1.0", "acme_tool_y": "2.0", "foo": "3.0"}


def test_a_project_may_be_pinned_to_a_group(street: Street) -> None:
    street.stock("a", "1.0")
    street.stock("c", "3.0")
    text = f'index-pin = {{ foo = "near" }}\nindex-strategy = "version-priority"\n{GROUPED}'
    assert street.configured(text).installed == {"foo": "1.0"}
    assert street.configured(text, "foo>=3").code == 1


def test_a_pin_leaves_what_lies_on_this_computer(street: Street) -> None:
    links = street.shop.folder / "links"
    make_wheel(links, "foo", "3.0")
    street.stock("a", "1.0")
    street.stock("b", "2.0")
    pin = ("--index-pin", "foo=a")
    assert street.install(*pin, "--find-links", street.servers["b"].links_url).installed == {"foo": "1.0"}
    assert street.install(*pin, "--find-links", str(links)).installed == {"foo": "3.0"}


def test_a_pin_to_nowhere_is_refused(street: Street) -> None:
    outcome = street.install("--index-pin", "foo=d")
    assert outcome.code == 2
    assert "--index-pin: foo is pinned to 'd', but no index or group has that name" in outcome.err
    assert "the names are a, b, c" in outcome.err


# What is told


def test_verbose_tells_who_was_asked(street: Street) -> None:
    street.stock("a", "1.0")
    street.stock("b", "2.0")
    outcome = street.install("-v")
    assert "index strategy: index-priority, over a, then b, then c\n" in outcome.err
    assert "foo: considered a (has it), b (has it), c (no)\n" in outcome.err
    assert "foo: more than one index offers this name: a, b\n" in outcome.err
    assert "foo 1.0 is taken from a\n" in outcome.err
    assert "considered" not in street.install().err


def test_reports_name_the_index(street: Street) -> None:
    street.stock("b", "1.0")
    report = street.shop.folder / "report.json"
    assert street.install("--report", str(report)).code == 0
    assert json.loads(report.read_text())["install"][0]["source"] == "b"
    arguments = ("explain", "foo", *street.index(), "--index-url", street.url("c"))
    code, out, _ = street.shop.run(*arguments)
    assert code == 0
    assert out.startswith("foo 1.0  from b  for this machine\n")
    _, out, _ = street.shop.run(*arguments, "--json")
    (explained,) = json.loads(out)["explanations"]
    assert explained["source"] == "b"
    assert [wheel["source"] for wheel in explained["wheels"]] == ["b"]


# The guard


@pytest.fixture
def guarded(street: Street) -> Callable[..., Outcome]:
    street.stock("a", "1.0")
    street.stock("b", "2.0")
    return lambda *arguments: street.install("--index-guard", "refuse", *arguments)


def pages(street: Street, *names: str) -> list[str]:
    return [f"{street.url(name)}foo/" for name in names]


@pytest.mark.parametrize("strategy", ["index-priority", "version-priority"])
def test_strangers_are_refused(street: Street, guarded: Callable[..., Outcome], strategy: str) -> None:
    outcome = guarded("--index-strategy", strategy)
    assert outcome.code == 1
    assert "a and b both offer foo, and do not say of each other that it is one project" in outcome.err
    assert street.install().code == 0
    outcome = street.install("--index-guard", "warn", "--index-strategy", strategy)
    assert outcome.code == 0
    assert len(outcome.warnings) == 1
    assert "a and b both offer foo" in outcome.warnings[0]


def test_one_index_alone_is_no_stranger(guarded: Callable[..., Outcome]) -> None:
    assert guarded("--index-strategy", "first-index").installed == {"foo": "1.0"}


@pytest.mark.parametrize("tracker", ["ab", "ba"])
def test_who_tracks_belongs_together(street: Street, guarded: Callable[..., Outcome], tracker: str) -> None:
    who, whom = tracker
    street.page(who, meta={"tracks": [f"{street.url(whom)}foo", 7]})
    assert guarded("--index-strategy", "version-priority").installed == {"foo": "2.0"}


def test_locations_must_name_each_other(street: Street, guarded: Callable[..., Outcome]) -> None:
    street.page("a", **{"alternate-locations": pages(street, "a", "b")})
    assert guarded().code == 1
    street.page("b", **{"alternate-locations": pages(street, "a")})
    assert guarded("--no-cache").code == 0
    street.stock("c", "3.0")
    assert guarded("--no-cache").code == 1  # a stranger to both
    street.page("c", **{"alternate-locations": pages(street, "a", "b")})
    assert guarded("--no-cache").code == 1
    street.page("c", meta={"tracks": pages(street, "b")})
    assert guarded("--no-cache").code == 0


def test_html_pages_vouch_alike(street: Street, guarded: Callable[..., Outcome]) -> None:
    wheel = "foo-2.0-py3-none-any.whl"
    urls = ["https://elsewhere.invalid/simple/foo/", f"{street.url('a')}foo/"]
    metas = "".join(f'<meta name="pypi:tracks" content="{url}">' for url in urls)
    body = f'<html><head>{metas}</head><body><a href="/files/{wheel}">{wheel}</a></body></html>'
    street.servers["b"].responses["/simple/foo/"] = Response(body.encode(), HTML)
    assert guarded("--index-strategy", "version-priority").installed == {"foo": "2.0"}


def test_a_word_about_another_project_vouches_for_nothing(
    street: Street, guarded: Callable[..., Outcome]
) -> None:
    street.page("b", meta={"tracks": [f"{street.url('a')}bar/", "nonsense", f"{street.url('a')}foo/extra"]})
    assert guarded().code == 1


def test_the_users_own_word_settles_it(street: Street, guarded: Callable[..., Outcome]) -> None:
    assert guarded("--index-pin", "foo=b").installed == {"foo": "2.0"}
    wheel = street.servers["a"].directories[0] / "foo-1.0-py3-none-any.whl"
    listed = street.shop.folder / "requirements.txt"
    listed.write_text(f"foo==1.0 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n")
    target = street.shop.folder / "hashed"
    arguments = ["install", "-r", str(listed), "--target", str(target), "--index-guard", "refuse"]
    code, _, err = street.shop.run(*arguments, *street.index(), "--index-url", street.url("c"))
    assert code == 0, err


def test_what_lies_here_needs_nobodys_word(street: Street) -> None:
    links = street.shop.folder / "links"
    make_wheel(links, "foo", "3.0")
    make_wheel(street.shop.folder / "simple" / "foo", "foo", "4.0")
    street.stock("a", "1.0")
    arguments = ["--index-guard", "refuse", "--index-strategy", "version-priority"]
    arguments += ["--find-links", str(links), "--extra-index-url", (street.shop.folder / "simple").as_uri()]
    assert street.install(*arguments).installed == {"foo": "4.0"}


def test_files_for_other_platforms_are_strangers_too(street: Street) -> None:
    street.stock("a", "1.0")
    street.stock("b", "2.0", tag="cp27-cp27m-win32")
    assert street.install("--index-guard", "refuse").code == 1
