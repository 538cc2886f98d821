"""What operators need: signs of life, measures, logs, verification, backups."""

from rewheel.server.operating.health import routes

__all__ = ["routes"]
