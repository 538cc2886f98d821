"""Which versions, which wheels of them, and why. Parts are loaded when they are first used."""

from rewheel.front_door import front_door

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rewheel.resolution.abi import parse_abi_versions
    from rewheel.resolution.building import Buildable, BuiltWheel, Described, WheelBuilder
    from rewheel.resolution.choice import Choice, Explanation, Status, WheelVerdict
    from rewheel.resolution.direct import buildable_at
    from rewheel.resolution.errors import (
        Contradiction,
        NoCandidate,
        ResolutionError,
        UnknownProject,
        WheelRejected,
    )
    from rewheel.resolution.formats import ALL, Formats
    from rewheel.resolution.inspection import disagreement
    from rewheel.resolution.options import ResolveOptions
    from rewheel.resolution.outlook import OfferedWheel, Outlook, Recipient, who_gets_what
    from rewheel.resolution.remembering import RememberingResolver, question_of
    from rewheel.resolution.resolved import Resolution, ResolvedPackage
    from rewheel.resolution.resolver import Resolver

_HOMES = {
    "ALL": "formats",
    "Buildable": "building",
    "BuiltWheel": "building",
    "Choice": "choice",
    "Contradiction": "errors",
    "Described": "building",
    "Explanation": "choice",
    "Formats": "formats",
    "NoCandidate": "errors",
    "OfferedWheel": "outlook",
    "Outlook": "outlook",
    "Recipient": "outlook",
    "RememberingResolver": "remembering",
    "Resolution": "resolved",
    "ResolutionError": "errors",
    "ResolveOptions": "options",
    "ResolvedPackage": "resolved",
    "Resolver": "resolver",
    "Status": "choice",
    "UnknownProject": "errors",
    "WheelBuilder": "building",
    "WheelRejected": "errors",
    "WheelVerdict": "choice",
    "buildable_at": "direct",
    "disagreement": "inspection",
    "parse_abi_versions": "abi",
    "question_of": "remembering",
    "who_gets_what": "outlook",
}

__all__ = [
    "ALL",
    "Buildable",
    "BuiltWheel",
    "Choice",
    "Contradiction",
    "Described",
    "Explanation",
    "Formats",
    "NoCandidate",
    "OfferedWheel",
    "Outlook",
    "Recipient",
    "RememberingResolver",
    "Resolution",
    "ResolutionError",
    "ResolveOptions",
    "ResolvedPackage",
    "Resolver",
    "Status",
    "UnknownProject",
    "WheelBuilder",
    "WheelRejected",
    "WheelVerdict",
    "buildable_at",
    "disagreement",
    "parse_abi_versions",
    "question_of",
    "who_gets_what",
]

__getattr__, __dir__ = front_door(__name__, globals(), _HOMES)
