"""What can go wrong in a server.

RewheelError
    ServerError
        UnusableStore       the database or the storage cannot be used as it is
        Refused             a request is refused; every interface says so in its own form
"""

from collections.abc import Mapping

from rewheel.errors import RewheelError

__all__ = ["Refused", "ServerError", "UnusableStore"]


class ServerError(RewheelError):
    """The server cannot do what was asked of it."""


class UnusableStore(ServerError):
    """The database or the storage is missing, unreachable, damaged, or of another version."""


class Refused(ServerError):
    """A request is refused, with words that its sender can act on.

    `status` is that of HTTP. `kind` names the reason for programs, in lowercase words joined by `-`.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        hint: str = "",
        kind: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status = status
        self.kind = kind
        self.headers = dict(headers or {})
        super().__init__(message, hint=hint)

    @property
    def text(self) -> str:
        """The reason and what to do about it, as one paragraph."""
        return f"{self.message} ({self.hint})" if self.hint else self.message
