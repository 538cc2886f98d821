"""Which versions, which wheels of them, and why."""

from rewheel.resolution.abi import parse_versions as parse_abi_versions
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
from rewheel.resolution.remembering import RememberingResolver, question_of
from rewheel.resolution.resolved import Resolution, ResolvedPackage
from rewheel.resolution.resolver import Resolver

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
]
