"""What owners and administrators decide: one set of operations, over HTTP, by pages, or on the machine."""

from rewheel.server.writing.management.dispatch import Management
from rewheel.server.writing.management.endpoint import ManagementApi

__all__ = ["Management", "ManagementApi"]
