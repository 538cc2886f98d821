"""What a provider plugin's endpoint looks like, and what its answers may be.

PEP 850, provider plugin API. A plugin is a stranger's code: its answers are parsed here as strictly as a
file from the network, whatever the script that asked it has already looked at.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from rewheel.machines.errors import MachinesError
from rewheel.values import field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Endpoint", "PluginDescription", "PluginError", "PluginFeature", "parse_answers", "parse_features"]

_ENDPOINT = re.compile(r"(?P<module>[A-Za-z0-9_.]+)(?:\s*:\s*(?P<attribute>[A-Za-z0-9_.]+))?")
_NAME = re.compile(r"[a-z0-9_]+")
_VALUE = re.compile(r"[a-z0-9_.]+")
_MESSAGE_LIMIT = 700  # characters


class PluginError(MachinesError):
    """A plugin that could not be asked, or whose answer is unusable; `output` is what it printed, cleaned."""

    def __init__(self, message: str, *, output: Sequence[str] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.output = tuple(output)


@frozen
class Endpoint:
    """Where in its environment a plugin is found: a module, or an attribute path inside one."""

    module: str
    attribute: str = ""

    @classmethod
    def parse(cls, text: str) -> Endpoint:
        """Read `import_path` or `import_path:object_path`; raises PluginError for anything else."""
        match = _ENDPOINT.fullmatch(text)
        parts = [] if match is None else [match["module"], *filter(None, [match["attribute"]])]
        if not parts or not all(name.isidentifier() for part in parts for name in part.split(".")):
            raise PluginError(f"plugin-api {printable(text, 100)!r} is not of the form module:object")
        return cls(*parts)

    @classmethod
    def of_distribution(cls, name: str) -> Endpoint:
        """Derive the endpoint of a provider that names none: the distribution, spelled as a module."""
        return cls.parse(re.sub(r"[-_.]+", "_", name).lower())

    def __str__(self) -> str:
        return f"{self.module}:{self.attribute}" if self.attribute else self.module


@frozen
class PluginFeature:
    """One feature as a plugin tells it; values are in order of preference."""

    name: str
    values: tuple[str, ...]
    multi_value: bool = False


@frozen
class PluginDescription:
    """What a plugin says of itself, whatever the machine: needed when wheels are built and checked.

    `valid` lists every feature with every value that may be used, or is None when the plugin has the
    earlier interface, which only judges single properties; then `verdicts` holds what was asked, by
    (feature, value). `fixed` tells that everything valid is supported everywhere
    (`all_properties_compatible`); `supported` is filled on request.
    """

    valid: tuple[PluginFeature, ...] | None
    fixed: bool = False
    supported: tuple[PluginFeature, ...] | None = None
    verdicts: Mapping[tuple[str, str], bool] = field(default_factory=dict, hash=False)

    def accepts(self, feature: str, value: str) -> bool:
        """Tell whether the property may be declared; one that was not asked about is not accepted."""
        if self.valid is None:
            return self.verdicts.get((feature, value), False)
        return any(known.name == feature and value in known.values for known in self.valid)

    def allows_several(self, feature: str) -> bool:
        """Tell whether a wheel may declare several values of the feature; unknown features may not."""
        return any(known.name == feature and known.multi_value for known in self.valid or ())


def parse_answers(data: bytes, questions: Sequence[str]) -> Mapping[str, Any]:
    """Read the result file of one query into an answer to each question; raises PluginError."""
    try:
        result = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise PluginError("its result file was tampered with or cut off") from error
    if isinstance(result, dict) and isinstance(failure := result.get("failure"), str):
        raise PluginError(printable(failure, _MESSAGE_LIMIT))
    answers = result.get("answers") if isinstance(result, dict) else None
    if not isinstance(answers, dict) or not all(question in answers for question in questions):
        raise PluginError("its result file was tampered with or cut off")
    return answers


def parse_features(answer: object, question: str) -> tuple[PluginFeature, ...]:
    """Check a list of features: names and values well-formed, none twice; raises PluginError."""
    if not isinstance(answer, list):
        raise PluginError(f"{question}() returned no list")
    features: dict[str, PluginFeature] = {}
    for item in answer:
        feature = _feature(item, question)
        if feature.name in features:
            raise PluginError(f"{question}() returned feature {feature.name!r} twice")
        features[feature.name] = feature
    return tuple(features.values())


def _feature(item: object, question: str) -> PluginFeature:
    name, values, multi_value = (
        (item.get("name"), item.get("values"), item.get("multi_value"))
        if isinstance(item, dict)
        else (None, None, None)
    )
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise PluginError(f"{question}() returned the feature name {_shown(name)}, which is not valid")
    if not isinstance(values, list):
        raise PluginError(f"{question}() returned no list of values of {name!r}")
    for value in values:
        if not isinstance(value, str) or not _VALUE.fullmatch(value):
            raise PluginError(
                f"{question}() returned the value {_shown(value)} of {name!r}, which is not valid"
            )
    if len(set(values)) != len(values):
        twice = next(value for value in values if values.count(value) > 1)
        raise PluginError(f"{question}() returned the value {_shown(twice)} of {name!r} twice")
    if not isinstance(multi_value, bool):
        raise PluginError(f"{question}() returned a multi_value of {name!r} that is not True or False")
    return PluginFeature(name, tuple(values), multi_value)


def printable(text: str, limit: int) -> str:
    """Make one short line of foreign text: nothing in it may steer a terminal or start a new line."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * limit]).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def _shown(value: object) -> str:
    return repr(printable(value, 60)) if isinstance(value, str) else f"of type {type(value).__name__}"
