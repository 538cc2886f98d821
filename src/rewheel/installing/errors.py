"""What can stop a change to an environment; the environment is then as it was before.

InstallingError
    UnwritableTarget       the operating system does not let us write there
    ExternallyManaged      somebody else manages this environment (PEP 668)
    EnvironmentBusy        another installer works on it and does not finish
    UnsafePath             a file would lie, or lies, outside the environment or where none may
    FileConflict           a file belongs to another distribution
    HashesMissing          hashes are required, but the user gave none for some project
    CannotUninstall        nobody can know which files belong to the distribution
    InvalidEntryPoints     a wheel's entry_points.txt cannot be used (also a ValueError)
    DamagedJournal         an interrupted change cannot be healed
    StoreError             the store cannot be used
        DigestMismatch     a file is not the one that was asked for
        MissingWheel       the store lacks a wheel and nothing is there to unpack it from
        DamagedEntry       what the store has of a wheel is not what it put there
"""

from collections.abc import Sequence

from rewheel.errors import RewheelError

__all__ = [
    "CannotUninstall",
    "DamagedEntry",
    "DamagedJournal",
    "DigestMismatch",
    "EnvironmentBusy",
    "ExternallyManaged",
    "FileConflict",
    "HashesMissing",
    "InstallingError",
    "InvalidEntryPoints",
    "MissingWheel",
    "StoreError",
    "UnsafePath",
    "UnwritableTarget",
]


class InstallingError(RewheelError):
    """A change to an environment was not made."""


class UnwritableTarget(InstallingError):
    """The operating system does not let us write to `path`."""

    def __init__(self, path: str, error: OSError) -> None:
        import errno

        reason = error.strerror or str(error)
        hint = {
            errno.ENOSPC: "free some space on that disk, then run the command again",
            errno.EDQUOT: "free some of your quota on that disk, then run the command again",
            errno.EFBIG: "the limit for file sizes is too low",
            errno.EROFS: "it is on a file system that cannot be written",
        }.get(error.errno or 0, "choose an environment that you may write to, or `--target DIR`")
        super().__init__(f"cannot write to {path}: {reason}", hint=hint)
        self.path = path
        self.error = error


class ExternallyManaged(InstallingError):
    """Somebody else manages this environment (PEP 668)."""


class EnvironmentBusy(InstallingError):
    """Another installer works on the environment and does not finish."""


class UnsafePath(InstallingError):
    """The file `path` of `owner` would lie, or lies, where no file of a distribution may."""

    def __init__(self, owner: str, path: str, reason: str, *, hint: str = "") -> None:
        super().__init__(f"{owner}: {path!r} {reason}", hint=hint)
        self.owner = owner
        self.path = path
        self.reason = reason


class FileConflict(InstallingError):
    """The file `path`, which `newcomer` brings, belongs to `owner` with other content."""

    def __init__(self, newcomer: str, owner: str, path: str, *, more: int = 0) -> None:
        others = f" and {more} more" if more else ""
        super().__init__(
            f"{newcomer} would overwrite {path}{others}, which belongs to {owner}",
            hint=f"uninstall {owner} first, or install one of them into another environment",
        )
        self.newcomer = newcomer
        self.owner = owner
        self.path = path


class CannotUninstall(InstallingError):
    """Nobody can know which files belong to the distribution `name`."""

    def __init__(self, name: str, reason: str, *, hint: str = "") -> None:
        super().__init__(f"cannot uninstall {name}: {reason}", hint=hint)
        self.name = name
        self.reason = reason


class InvalidEntryPoints(InstallingError, ValueError):
    """The entry_points.txt of `owner` cannot be used."""

    def __init__(self, owner: str, reason: str) -> None:
        super().__init__(f"{owner}: entry_points.txt {reason}")
        self.owner = owner
        self.reason = reason


class DamagedJournal(InstallingError):
    """An interrupted change cannot be healed, since its journal at `path` makes no sense."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"an earlier change was interrupted, and its journal {path} cannot be used: {reason}",
            hint="what was replaced lies in the folder `old` beside it; move it back or create the "
            "environment anew, then remove the folder",
        )
        self.path = path
        self.reason = reason


class StoreError(InstallingError):
    """The store cannot be used."""


class DigestMismatch(StoreError):
    """The file `name` has the SHA-256 `actual` where `expected` was asked for."""

    def __init__(self, name: str, expected: str, actual: str) -> None:
        super().__init__(
            f"{name} is not the file that was asked for: its SHA-256 hash is {actual}, expected {expected}",
            hint="fetch it again",
        )
        self.name = name
        self.expected = expected
        self.actual = actual


class HashesMissing(InstallingError):
    """Hashes are required, but there is none for `distributions`, each as "name==version"."""

    def __init__(self, distributions: Sequence[str]) -> None:
        super().__init__(
            f"hashes are required, but there is none for {', '.join(distributions)}, which something needs",
            hint="add these to the requirements file, with their hashes",
        )
        self.distributions = tuple(distributions)


class MissingWheel(StoreError):
    """The store lacks the wheel `name`, and there is no file to unpack."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is not in the store", hint="run the command again to fetch it")
        self.name = name


class DamagedEntry(StoreError):
    """What the store has of a wheel is not what it put there: `path` has changed or is gone."""

    def __init__(self, sha256: str, path: str) -> None:
        super().__init__(f"the store's copy of {path} has changed", hint="run the command again to repair it")
        self.sha256 = sha256
        self.path = path
