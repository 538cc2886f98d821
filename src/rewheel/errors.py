"""The one family of errors: each says what happened, why, and what to do next."""

__all__ = ["RewheelError", "UsageError"]


class RewheelError(Exception):
    """Something that stops a command and that its user can understand.

    `str(error)` is the sentence that says what happened and why; `hint` says what to do next and may be
    empty. Rooms derive their own errors from this class and keep the parts of the story as attributes.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message


class UsageError(RewheelError):
    """The command was asked for something that cannot be asked for."""

    exit_code = 2
