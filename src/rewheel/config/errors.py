"""What is said about a setting that cannot be understood."""

from rewheel.errors import UsageError

__all__ = ["ConfigError"]


class ConfigError(UsageError):
    """A setting cannot be understood; the message names where it is given and what was expected there."""

    def __init__(self, origin: str, problem: str, *, hint: str = "") -> None:
        super().__init__(f"{origin}: {problem}", hint=hint)
        self.origin = origin
        self.problem = problem
