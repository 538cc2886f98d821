"""Who is asked for what, decided without asking anybody."""

import pytest

from rewheel.server.settings import Upstream
from rewheel.server.upstream import Rules

PYPI = Upstream("pypi", "https://pypi.example/simple/")
MIRROR = Upstream("mirror", "https://user:secret@mirror.example/simple")


def names(rules: Rules, project: str, *, is_local: bool = False, tracks: tuple[str, ...] = ()) -> list[str]:
    return [upstream.name for upstream in rules.asked(project, is_local=is_local, tracks=tracks)]


def test_what_is_nowhere_here_is_asked_for_in_the_given_order() -> None:
    assert names(Rules.of([MIRROR, PYPI], []), "numpy") == ["mirror", "pypi"]


def test_what_is_here_is_asked_for_nowhere() -> None:
    assert names(Rules.of([PYPI], []), "numpy", is_local=True) == []


@pytest.mark.parametrize("pattern", ["acme-*", "Acme_*", "acme.*", "acme-secret"])
def test_reserved_names_are_never_told_whether_they_exist_or_not(pattern: str) -> None:
    rules = Rules.of([PYPI], [pattern])
    assert names(rules, "acme-secret") == []
    assert rules.is_reserved("acme-secret")
    assert names(rules, "numpy") == ["pypi"]


def test_an_index_hears_only_what_it_may() -> None:
    narrow = Upstream("torch", "https://torch.example/", only=("torch*",), deny=("torchlight",))
    rules = Rules.of([narrow, PYPI], [])
    assert names(rules, "torch-vision") == ["torch", "pypi"]
    assert names(rules, "torchlight") == ["pypi"]
    assert names(rules, "numpy") == ["pypi"]


@pytest.mark.parametrize(
    "url",
    [
        "https://mirror.example/simple/numpy/",
        "https://mirror.example/simple/numpy",
        "https://mirror.example:443/simple/numpy/",
    ],
)
def test_a_project_that_tracks_an_index_may_be_asked_for_there_alone(url: str) -> None:
    assert names(Rules.of([PYPI, MIRROR], []), "numpy", is_local=True, tracks=(url,)) == ["mirror"]


@pytest.mark.parametrize(
    "url",
    [
        "https://mirror.example/simple/",
        "https://mirror.example/simple/pandas/",
        "ftp://x/",
        "::",
        "",
        "https://[",
    ],
)
def test_tracking_something_else_asks_nobody(url: str) -> None:
    assert names(Rules.of([PYPI, MIRROR], []), "numpy", is_local=True, tracks=(url,)) == []


def test_what_can_be_no_name_cannot_be_reserved() -> None:
    with pytest.raises(ValueError, match="neither the name"):
        Rules.of([], ["a/b"])


def test_logins_of_upstream_indexes_are_not_shown() -> None:
    assert "secret" not in repr(MIRROR)
