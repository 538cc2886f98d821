"""The second-shortest answer: what the same words came to before, for an environment that has nothing yet.

This is what a new environment is filled by, time and again: the words, the configuration, the pages of the
indexes and the kind of interpreter are those of the last time, so the wheels are, too, and they lie in the
store. No parser, no settings and no resolver are loaded; only the change itself is made as always. With
`--dry-run` there is only something to say: what an earlier installation or dry run found. In any doubt there
is no answer, and the usual way finds one.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rewheel.cli.answers import configuration_of, digest, load, place_of, save
from rewheel.cli.plain_words import read_plain_words
from rewheel.rows import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rewheel.cli.output import Output
    from rewheel.cli.session import Session
    from rewheel.environments import Target
    from rewheel.installing import Installation, InstallItem

__all__ = ["keep", "repeat"]

_KIND = "recalled-2"
_KIND_OF_DRY_RUNS = f"{_KIND}-dry"
_OF_ENVIRONMENTS = frozenset({"PATH", "PS1", "VIRTUAL_ENV", "VIRTUAL_ENV_PROMPT"})
"""Variables that differ from one active environment to the next, and say nothing else that matters here."""


class _Question(NamedTuple):
    """What plain words ask for."""

    python: str
    """The interpreter of the environment."""
    is_dry: bool
    of_installing: str
    """Where the answer of an installation is kept."""
    of_dry_runs: str
    """Where that of a dry run is, which has no wheels."""


def repeat(arguments: "Sequence[str]", environ: "Mapping[str, str]", output: "Output") -> bool:
    """Install, or say, what these words came to the last time, if that is certainly the answer; tell if so.

    Raises what nobody could do anything about: a busy or unwritable environment.
    """
    question = _question(arguments, environ)
    if question is None:
        return False
    known = _known(question.of_installing)
    if not known and question.is_dry:
        known = _known(question.of_dry_runs)
    if not known:
        return False
    from rewheel.environments import EnvironmentsError, find_target

    cache, python = Path(question.of_installing).parent.parent, question.python
    try:
        target = find_target(python, None, {}, Path(python).parent, cache_dir=cache)
        if not _is_like(known, target) or not _are_current(known["pages"], cache):
            return False
        if not question.is_dry:
            items = [_item(*row) for row in known["wheels"]]
            if not _install(items, known, target, cache, output):
                return False
        lines = known["planned" if question.is_dry else "lines"]
    except (EnvironmentsError, ValueError, KeyError, TypeError):
        return False
    for line in lines:
        output.say(line)
    return True


def _known(path: str) -> "Mapping[str, Any]":
    """Read an answer; empty if there is none that still holds."""
    import json

    try:
        text = load(path)
        known: dict[str, Any] = json.loads(text) if text is not None else {}
    except (OSError, ValueError):
        return {}
    return known


def _install(
    items: "list[InstallItem]", known: "Mapping[str, Any]", target: "Target", cache: Path, output: "Output"
) -> bool:
    """Fill the environment from the store; false if that lacks anything."""
    from rewheel.cli.reporter import TerminalReporter
    from rewheel.installing import (
        BytecodeMode,
        DamagedEntry,
        LinkMode,
        MissingWheel,
        Plan,
        Store,
        apply,
    )

    store, reporter = Store(cache), TerminalReporter(output)
    if any(store.get(item.sha256) is None for item in items):
        return False
    try:
        apply(
            Plan(install=tuple(items)),
            target,
            store,
            link_mode=LinkMode(known["link_mode"]),
            bytecode=BytecodeMode(known["bytecode"]),
            reporter=reporter,
        )
    except (DamagedEntry, MissingWheel):
        return False
    return True


def keep(
    session: "Session", target: "Target", done: "Installation", pages: "Iterable[tuple[str, str, str]]"
) -> None:
    """Remember what an installation into an empty environment came to; silently not, if it may not be.

    Of a dry run, `done` is the plan. `pages` are those that the answer was made from.
    """
    from rewheel.cli.narration import planned_lines

    settings = session.settings
    question = _question(session.arguments, session.environ)
    if question is None or settings.no_cache or settings.machine is not None:
        return
    if Path(question.of_installing).parent.parent != settings.cache_dir:
        return
    if not _is_plain(target) or session.output.warnings or not _is_all_new(done):
        return
    if question.is_dry and target.installed():
        return
    quiet = session.output.is_quiet
    document: dict[str, object] = {
        "kind": _kind_of(target),
        "pages": list(pages),
        "planned": [] if quiet else list(planned_lines(done)),
    }
    if not question.is_dry:
        installed = _installed(session, done, quiet=quiet)
        if installed is None:
            return
        document |= installed
    import json

    text = json.dumps(document, separators=(",", ":"))
    try:
        save(
            question.of_dry_runs if question.is_dry else question.of_installing,
            configuration_of(session, None),
            text,
        )
    except (OSError, ValueError):
        return


def _is_all_new(done: "Installation") -> bool:
    """Tell whether everything is new, and plain wheels that an index has."""
    return len(done.new) == len(done.resolution.packages) and all(
        package.wheel is not None and not package.label and package.direct_url is None for package in done.new
    )


def _installed(session: "Session", done: "Installation", *, quiet: bool) -> "Mapping[str, object] | None":
    """Return what repeating an installation takes; None if it replaced or removed anything."""
    from rewheel.cli.asking import bytecode_mode
    from rewheel.cli.narration import collecting_lines, done_lines

    rows = []
    for package in done.resolution.packages:
        wheel = package.wheel
        sha256 = done.digests.get(package.project, "")
        if wheel is None or wheel.file.hashes.get("sha256", "").lower() != sha256:
            return None
        rows.append([str(wheel.filename), sha256, package.requested, list(package.extras)])
    if done.report.removed or any(change.previous_version for change in done.report.installed):
        return None
    return {
        "wheels": rows,
        "link_mode": session.settings.link_mode,
        "bytecode": str(bytecode_mode(session)),
        "lines": [] if quiet else [*collecting_lines(done), *done_lines(done)],
    }


def _question(arguments: "Sequence[str]", environ: "Mapping[str, str]") -> _Question | None:
    """Return what is asked, and where the answers are kept; None if none are."""
    words = read_plain_words(arguments)
    if words is None:
        return None
    flags = dict(words.flags)
    active = environ.get("VIRTUAL_ENV", "")
    python = flags.pop("python", "") or (f"{active}/bin/python" if active else "")
    if not isinstance(python, str) or not os.path.isabs(python) or not os.path.isfile(python):  # noqa: PTH113, PTH117
        return None
    if active and os.path.lexists(f"{active}/pip.conf"):
        return None  # a configuration of its own
    said = [*words.requirements, "", repr(sorted(flags.items())), str(words.quiet)]
    of_installing, of_dry_runs = (
        place_of(kind, arguments, said, environ, without=_OF_ENVIRONMENTS)
        for kind in (_KIND, _KIND_OF_DRY_RUNS)
    )
    return _Question(python, words.dry_run, of_installing, of_dry_runs) if of_installing else None


def _is_plain(target: "Target") -> bool:
    """Tell an environment of the usual form, which nobody else manages."""
    return (
        not target.is_directory_target
        and target.platform is None
        and target.externally_managed is None
        and target.root == target.interpreter.prefix
    )


def _is_like(known: "Mapping[str, Any]", target: "Target") -> bool:
    """Tell whether an environment has nothing yet, and an interpreter of the same kind as the last one."""
    if os.path.lexists(target.root / ".rewheel-transaction"):
        return False  # whatever was interrupted is healed first, and may have brought something
    return _is_plain(target) and known["kind"] == _kind_of(target) and not target.installed()


def _kind_of(target: "Target") -> str:
    """Return a hash of all that choosing wheels depends on."""
    return digest("\0".join([repr(sorted(target.markers.items())), *target.tags]))


def _are_current(pages: "Iterable[Sequence[str]]", cache: Path) -> bool:
    """Tell whether all pages are fresh in the cache, and say what they said."""
    from rewheel.indexes.cache import Cache
    from rewheel.indexes.documents import is_known

    kept = Cache(cache)
    return all(is_known(kept, url, accept, seen) for url, accept, seen in pages)


def _item(filename: str, sha256: str, requested: bool, extras: "Sequence[str]") -> "InstallItem":
    from rewheel.installing import InstallItem
    from rewheel.variants import WheelFilename

    return InstallItem(WheelFilename.parse(filename), sha256, requested=requested, extras=frozenset(extras))
