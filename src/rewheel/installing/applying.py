"""Changing an environment: the whole way from a plan to what is installed."""

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rewheel.environments import InstalledDistribution, Target
from rewheel.installing.bytecode import BytecodeMode, compile_later, compile_now, shared_modules
from rewheel.installing.changes import plan_changes
from rewheel.installing.composing import Composition, compose
from rewheel.installing.errors import (
    DamagedEntry,
    ExternallyManaged,
    InstallingError,
    MissingWheel,
    UnwritableTarget,
)
from rewheel.installing.layout import Layout
from rewheel.installing.linking import Linker, LinkMode
from rewheel.installing.locking import locked
from rewheel.installing.plan import Changed, InstallItem, Plan, Report
from rewheel.installing.spares import Spares
from rewheel.installing.sparing import make_later
from rewheel.installing.staging import lay_out
from rewheel.installing.store import Store, StoredWheel
from rewheel.installing.transaction import Healing, Step, Transaction, heal, is_interrupted
from rewheel.progress import SILENT, Reporter

__all__ = ["apply", "recover", "refuse_managed", "uninstall"]

_PATIENCE = 300.0  # seconds
_MOST_THREADS = 4


def apply(
    plan: Plan,
    target: Target,
    store: Store,
    *,
    link_mode: LinkMode = LinkMode.AUTO,
    bytecode: BytecodeMode = BytecodeMode.NEVER,
    force: bool = False,
    reporter: Reporter = SILENT,
    lock_timeout: float = _PATIENCE,
    refetch: Callable[[InstallItem], Path] | None = None,
    step: Step | None = None,
) -> Report:
    """Make a plan true, wholly or not at all; an earlier change that was interrupted is healed first.

    With `force`, files of other distributions may be overwritten. `refetch` gives the file of a wheel that
    the store turns out to lack; `step` hears of every step, for tests. `lock_timeout` is in seconds.

    Raises InstallingError, or what `rewheel.wheels` and `rewheel.environments` raise for bad wheels and
    environments; the environment is then as it was. Bytecode that cannot be made is only a warning.
    """
    refuse_managed(target)
    with _prepared(target, reporter, lock_timeout, step, create=bool(plan.install)) as layout:
        items = _stored(plan, store, refetch)
        tag = "" if bytecode is BytecodeMode.NEVER else target.interpreter.bytecode
        for attempt in range(2):
            try:
                if tag and bytecode is BytecodeMode.ALWAYS:
                    compile_now([stored for _, stored in items], store, target.python, tag, reporter)
                report = _change(
                    plan, items, target, layout, Linker(link_mode), force=force, reporter=reporter, step=step,
                    bytecode=tag,
                )  # fmt: skip
            except DamagedEntry as error:
                reporter.detail(f"{error}; unpacking it again")
                store.discard(error.sha256)
                if attempt:
                    raise
                items = _stored(plan, store, refetch)
            else:
                if tag and bytecode is BytecodeMode.AUTO:
                    wheels = [stored for _, stored in items]
                    compile_later(wheels, store, target.python, tag)
                    if report.link_mode == LinkMode.HARDLINK:
                        make_later(wheels, store, tag)
                return report
        raise AssertionError("unreachable")  # pragma: no cover


def uninstall(
    distributions: Sequence[InstalledDistribution],
    target: Target,
    *,
    reporter: Reporter = SILENT,
    lock_timeout: float = _PATIENCE,
    step: Step | None = None,
) -> Report:
    """Remove installed distributions, all of them or none; raises InstallingError."""
    refuse_managed(target)
    plan = Plan(remove=tuple(distributions))
    with _prepared(target, reporter, lock_timeout, step, create=False) as layout:
        return _change(
            plan,
            [],
            target,
            layout,
            Linker(),
            force=False,
            reporter=reporter,
            step=step,
            bytecode="",
        )


def recover(
    target: Target,
    *,
    reporter: Reporter = SILENT,
    lock_timeout: float = _PATIENCE,
    step: Step | None = None,
) -> Healing:
    """Undo or finish a change that was interrupted, and say which; costs one look when there is none.

    Raises InstallingError.
    """
    if not is_interrupted(Layout.of(target).root):
        return Healing.NOTHING
    root = Layout.of(target).root
    with locked(root, reporter=reporter, timeout=lock_timeout):
        return _heal(root, reporter, step)


@contextlib.contextmanager
def _prepared(
    target: Target, reporter: Reporter, timeout: float, step: Step | None, *, create: bool
) -> Iterator[Layout]:
    """Hold the environment, whole and locked; what had to be created for that goes again after a failure."""
    created = _create(target.root) if create else []
    layout = Layout.of(target)
    with locked(layout.root, reporter=reporter, timeout=timeout, create=create):
        try:
            _heal(layout.root, reporter, step)
            yield layout
        except BaseException as error:
            # While the lock is held: whoever waits for it notices that the folder is another one then.
            _remove(created)
            if isinstance(error, OSError):
                raise UnwritableTarget(str(error.filename or layout.root), error) from error
            raise


def _create(root: Path) -> list[Path]:
    """Create a folder with those above it, and return the ones that were not there, highest first."""
    missing = []
    folder = root
    while not os.path.lexists(folder) and folder != folder.parent:
        missing.append(folder)
        folder = folder.parent
    created = []
    try:
        for folder in reversed(missing):
            with contextlib.suppress(FileExistsError):
                folder.mkdir()
                created.append(folder)
    except OSError as error:
        _remove(created)
        raise UnwritableTarget(str(root), error) from error
    return created


def _remove(created: Sequence[Path]) -> None:
    """Remove the folders again that are still empty."""
    for folder in reversed(created):
        with contextlib.suppress(OSError):
            folder.rmdir()


def _heal(root: Path, reporter: Reporter, step: Step | None) -> Healing:
    done = heal(root, step=step)
    if done is not Healing.NOTHING:
        reporter.warning(f"an earlier change to {root} was interrupted; it has been {done} now")
    return done


def refuse_managed(target: Target) -> None:
    """Raise ExternallyManaged for an environment that something else manages (PEP 668)."""
    if target.externally_managed is not None and not target.is_directory_target:
        reason = " ".join(target.externally_managed.split("\n\n")[0].split())
        raise ExternallyManaged(
            f"the Python at {target.python} is managed by something else"
            + (f", which says: {reason}" if reason else ""),
            hint="create an environment with `python3 -m venv .venv`, or give `--target DIR`",
        )


def _stored(
    plan: Plan, store: Store, refetch: Callable[[InstallItem], Path] | None
) -> list[tuple[InstallItem, StoredWheel]]:
    """Return the unpacked wheel of every item, unpacking those that the store lacks."""
    found = []
    for item in plan.install:
        stored = store.get(item.sha256) if item.sha256 else None
        if stored is None:
            path = item.wheel
            if (path is None or not path.is_file()) and refetch is not None:
                path = refetch(item)
            if path is None or not path.is_file():
                raise MissingWheel(str(item.filename))
            stored = store.add(path, item.sha256, filename=item.filename)
        found.append((item, stored))
    return found


def _change(
    plan: Plan,
    items: Sequence[tuple[InstallItem, StoredWheel]],
    target: Target,
    layout: Layout,
    linker: Linker,
    *,
    force: bool,
    reporter: Reporter,
    step: Step | None,
    bytecode: str,
) -> Report:
    shared = shared_modules(stored for _, stored in items) if bytecode else {}
    compositions = [
        compose(item, stored, layout, target, bytecode=bytecode, shared=shared) for item, stored in items
    ]
    projects = [item.filename.project for item, _ in items]
    for project in projects:
        if projects.count(project) > 1:
            raise InstallingError(f"the plan installs {project} twice")
    removed, remaining = _split(plan, target, set(projects))
    before = {each.project: (each.version, each.label) for each in removed}
    report = _report(compositions, removed, before)
    if not compositions and not removed:
        return report
    if linker.mode is LinkMode.SYMLINK:
        for _, stored in items:
            stored.pin()
    changes = plan_changes(compositions, removed, remaining, layout, force=force, reporter=reporter)
    has_spares = bytecode and linker.mode is LinkMode.HARDLINK
    spares = Spares(compositions, bytecode, layout.fixed, shared) if has_spares else None
    with Transaction(layout.root, step=step) as transaction:
        files = lay_out(
            compositions,
            transaction.new,
            linker,
            shared=changes.shared,
            spares=spares,
            step=transaction.step,
            threads=1 if step is not None else min(os.cpu_count() or 1, _MOST_THREADS),
        )
        transaction.commit(changes)
    return Report(report.installed, report.removed, files, linker.mode if compositions else "")


def _split(
    plan: Plan, target: Target, projects: set[str]
) -> tuple[list[InstalledDistribution], list[InstalledDistribution]]:
    """Return what leaves the environment and what stays."""
    named = {os.path.realpath(each.path) for each in plan.remove}
    removed: list[InstalledDistribution] = []
    remaining: list[InstalledDistribution] = []
    for each in target.installed():
        leaves = each.project in projects or os.path.realpath(each.path) in named
        (removed if leaves else remaining).append(each)
    gone = named - {os.path.realpath(each.path) for each in removed}
    if gone:
        raise InstallingError(f"{min(gone)} is not installed in {target.root}")
    return removed, remaining


def _report(
    compositions: Sequence[Composition],
    removed: Sequence[InstalledDistribution],
    before: dict[str, tuple[str, str]],
) -> Report:
    """Say what will have changed; asked before, since labels are read from files that will be gone."""
    installed = []
    for each in compositions:
        name = each.item.filename
        installed.append(Changed(name.project, name.version, name.label, *before.get(name.project, ("", ""))))
    projects = {each.project for each in installed}
    gone = [
        Changed(each.project, each.version, each.label) for each in removed if each.project not in projects
    ]
    return Report(tuple(installed), tuple(gone))
