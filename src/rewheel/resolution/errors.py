"""What can keep a resolution from an answer.

ResolutionError
├── UnknownProject        no source has the project
├── NoCandidate           the project is there, but no version of it can be installed
├── Contradiction         each project alone would do, together they do not
└── WheelRejected         a wheel turned out not to be what its index says
"""

from rewheel.errors import RewheelError

__all__ = ["Contradiction", "NoCandidate", "ResolutionError", "UnknownProject", "WheelRejected"]


class ResolutionError(RewheelError):
    """No set of distributions satisfies what was asked."""


class UnknownProject(ResolutionError, LookupError):
    """No source has the project."""


class NoCandidate(ResolutionError):
    """A project has no version that the requirements and the target allow."""


class Contradiction(ResolutionError):
    """The requirements exclude one another; `facts` are the sentences that cannot all hold."""

    def __init__(self, message: str, *, facts: tuple[str, ...], hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.facts = facts


class WheelRejected(ResolutionError):
    """A wheel is not what its index says, and the user's requirement leaves no other."""
