"""A change to an environment that happens wholly or not at all, even if the process is killed.

Everything new is laid out in a staging folder inside the environment's root, on the same file system. Then a
journal is written, its operations are done by renames, and a mark says that the change is final. Whoever
finds a staging folder later undoes the journal if the mark is missing and tidies up if it is there.
"""

import contextlib
import os
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Self

from rewheel.installing.changes import Changes
from rewheel.installing.errors import InstallingError, UnwritableTarget
from rewheel.installing.journal import Journal, sync
from rewheel.installing.layout import STAGING

__all__ = ["Healing", "Step", "Transaction", "heal", "is_interrupted"]

Step = Callable[[str], None]
"""Is told the name of every step before it is done; what it raises stops the change at that point."""


class Healing(StrEnum):
    """What was done about an interrupted change."""

    NOTHING = "nothing"
    UNDONE = "undone"
    FINISHED = "finished"


class Transaction:
    """One change to the environment at `root`, which must be locked.

    A context manager: leaving it without `commit` removes what was staged, and nothing else has changed.
    """

    def __init__(self, root: Path, *, step: Step | None = None) -> None:
        self._root = root
        self._stage = root / STAGING
        self._step = step or _ignore
        self._final = False
        self.new = self._stage / "new"
        """Where the new files are laid out, as they shall lie in the root."""

    def __enter__(self) -> Self:
        self._step("stage")
        try:
            self._stage.mkdir()
            self.new.mkdir()
        except OSError as error:
            with contextlib.suppress(OSError):
                self._stage.rmdir()
            raise UnwritableTarget(str(self._root), error) from error
        return self

    def __exit__(self, *_: object) -> None:
        # A journal that is still there could not be undone: the backup is needed by whoever tries again.
        if not self._final and not (self._stage / "journal").exists():
            _remove(self._stage)

    def step(self, name: str) -> None:
        """Announce a step of the preparation."""
        self._step(name)

    def commit(self, changes: Changes) -> None:
        """Do it; when that fails or is interrupted, everything is undone before the error goes on.

        Raises UnwritableTarget.
        """
        journal = Journal(tuple(changes.operations), tuple(changes.folders))
        root, new, old = str(self._root), str(self.new), str(self._stage / "old")
        self._step("journal")
        try:
            journal.write(self._stage / "journal")
            for operation in journal.operations:
                self._step(f"{operation.kind} {operation.path}")
                operation.do(root, new, old)
            self._step("mark")
            _mark(self._stage)
        except BaseException as error:
            _undo(journal, self._root)
            if isinstance(error, OSError):
                raise UnwritableTarget(error.filename or root, error) from error
            raise
        self._final = True
        _tidy(journal, self._root, self._step)


def is_interrupted(root: Path) -> bool:
    """Say whether a change to the environment is going on or was interrupted."""
    return os.path.lexists(root / STAGING)


def heal(root: Path, *, step: Step | None = None) -> Healing:
    """Undo or finish an interrupted change to the environment at `root`, which must be locked.

    Raises DamagedJournal or UnwritableTarget.
    """
    stage = root / STAGING
    if not stage.is_dir() or stage.is_symlink():
        return Healing.NOTHING
    journal = Journal.read(stage / "journal")
    if journal is not None:
        _check(journal, root)
    try:
        if (stage / "final").exists():
            _tidy(journal or Journal((), ()), root, step or _ignore)
            return Healing.FINISHED
        if journal is not None:
            _undo(journal, root, step or _ignore)
        # Without anything prepared, the change had not begun or was complete: then there is nothing to tell.
        began = (stage / "new").exists()
        (step or _ignore)("remove stage")
        import shutil

        shutil.rmtree(stage)
    except OSError as error:
        raise UnwritableTarget(error.filename or str(root), error) from error
    return Healing.UNDONE if began else Healing.NOTHING


def _ignore(name: str) -> None:
    """Do nothing about a step."""


def _mark(stage: Path) -> None:
    """Say that all operations are done, so that the change is final."""
    descriptor = os.open(stage / "final", os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    sync(stage)


def _undo(journal: Journal, root: Path, step: Step = _ignore) -> None:
    """Undo the operations in reverse, then the journal, so that only staged files are left."""
    stage = root / STAGING
    (stage / "final").unlink(missing_ok=True)
    for operation in reversed(journal.operations):
        step(f"undo {operation.kind} {operation.path}")
        operation.undo(str(root), str(stage / "new"), str(stage / "old"))
    step("undo journal")
    for name in ("journal", "journal.new"):
        (stage / name).unlink(missing_ok=True)


def _tidy(journal: Journal, root: Path, step: Step) -> None:
    """Remove what a finished change leaves: empty folders, the backup, the journal, and last the mark."""
    stage = root / STAGING
    for folder in journal.folders:
        step(f"sweep {folder}")
        with contextlib.suppress(OSError):
            (root / folder).rmdir()
    for name in ("old", "new"):
        step(f"remove {name}")
        _remove(stage / name)
    for name in ("journal", "final"):
        step(f"remove {name}")
        with contextlib.suppress(OSError):
            (stage / name).unlink(missing_ok=True)
    step("remove stage")
    _remove(stage)


def _remove(folder: Path) -> None:
    """Remove a folder with all that is in it, as far as that is possible; mostly that is a few folders."""
    for path, folders, files in os.walk(folder, topdown=False):
        for name in (*files, *folders):
            with contextlib.suppress(OSError):
                try:
                    os.unlink(f"{path}/{name}")  # noqa: PTH108 - a link to a folder goes like a file
                except OSError:
                    os.rmdir(f"{path}/{name}")  # noqa: PTH106
    with contextlib.suppress(OSError):
        folder.rmdir()


def _check(journal: Journal, root: Path) -> None:
    """Refuse a journal that would lead out of the environment through links in it."""
    real = os.path.realpath(root)
    paths = [operation.path for operation in journal.operations] + list(journal.folders)
    for folder in {os.path.dirname(path) for path in paths}:  # noqa: PTH120
        if os.path.commonpath([real, os.path.realpath(root / folder)]) != real:
            raise InstallingError(
                f"the journal in {root / STAGING} leads out of the environment, to {folder}",
                hint="somebody else has made it; remove that folder after looking at it",
            )
