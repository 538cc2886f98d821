"""Installing: a store of unpacked wheels, and changes to environments that happen wholly or not at all."""

from rewheel.installing.applying import apply, recover, uninstall
from rewheel.installing.bytecode import BytecodeMode
from rewheel.installing.errors import (
    CannotUninstall,
    DamagedEntry,
    DamagedJournal,
    DigestMismatch,
    EnvironmentBusy,
    ExternallyManaged,
    FileConflict,
    HashesMissing,
    InstallingError,
    InvalidEntryPoints,
    MissingWheel,
    StoreError,
    UnsafePath,
    UnwritableTarget,
)
from rewheel.installing.installation import Installation, Installer
from rewheel.installing.linking import LinkMode
from rewheel.installing.plan import Changed, InstallItem, Plan, Report
from rewheel.installing.store import Store, StoredWheel
from rewheel.installing.transaction import Healing

__all__ = [
    "BytecodeMode",
    "CannotUninstall",
    "Changed",
    "DamagedEntry",
    "DamagedJournal",
    "DigestMismatch",
    "EnvironmentBusy",
    "ExternallyManaged",
    "FileConflict",
    "HashesMissing",
    "Healing",
    "InstallItem",
    "Installation",
    "Installer",
    "InstallingError",
    "InvalidEntryPoints",
    "LinkMode",
    "MissingWheel",
    "Plan",
    "Report",
    "Store",
    "StoreError",
    "StoredWheel",
    "UnsafePath",
    "UnwritableTarget",
    "apply",
    "recover",
    "uninstall",
]
