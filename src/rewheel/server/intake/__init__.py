"""What becomes of an upload: it waits in the spool, is looked into and checked, and is published at once."""

from rewheel.server.intake.accepting import Accepted, Upload, accept, accept_file
from rewheel.server.intake.inspection import Inspected, inspect
from rewheel.server.intake.publishing import publish, store
from rewheel.server.intake.spooling import Spool, Spooled, open_spool

__all__ = [
    "Accepted",
    "Inspected",
    "Spool",
    "Spooled",
    "Upload",
    "accept",
    "accept_file",
    "inspect",
    "open_spool",
    "publish",
    "store",
]
