"""What can stop the demo."""

from rewheel.errors import RewheelError

__all__ = ["DemoError"]


class DemoError(RewheelError):
    """The demo cannot be prepared or shown; nothing but its cache is left behind."""
