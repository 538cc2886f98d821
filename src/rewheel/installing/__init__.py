"""Installing: a store of unpacked wheels, and changes to environments that happen wholly or not at all."""

from rewheel.front_door import front_door

TYPE_CHECKING = False
if TYPE_CHECKING:
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
    from rewheel.installing.installation import Installer
    from rewheel.installing.linking import LinkMode
    from rewheel.installing.plan import Changed, InstallItem, Plan, Report
    from rewheel.installing.planning import Installation, Planner
    from rewheel.installing.store import Store, StoredWheel
    from rewheel.installing.transaction import Healing

_HOMES = {
    "BytecodeMode": "bytecode",
    "CannotUninstall": "errors",
    "Changed": "plan",
    "DamagedEntry": "errors",
    "DamagedJournal": "errors",
    "DigestMismatch": "errors",
    "EnvironmentBusy": "errors",
    "ExternallyManaged": "errors",
    "FileConflict": "errors",
    "HashesMissing": "errors",
    "Healing": "transaction",
    "InstallItem": "plan",
    "Installation": "planning",
    "Installer": "installation",
    "InstallingError": "errors",
    "InvalidEntryPoints": "errors",
    "LinkMode": "linking",
    "MissingWheel": "errors",
    "Plan": "plan",
    "Planner": "planning",
    "Report": "plan",
    "Store": "store",
    "StoreError": "errors",
    "StoredWheel": "store",
    "UnsafePath": "errors",
    "UnwritableTarget": "errors",
    "apply": "applying",
    "recover": "applying",
    "uninstall": "applying",
}

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
    "Planner",
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

__getattr__, __dir__ = front_door(__name__, globals(), _HOMES)
