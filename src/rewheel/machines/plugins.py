"""Asking third-party provider plugins: in their own environment, in their own process, for a limited time.

Whoever calls this has the user's consent; `rewheel.machines.consent` is where it is looked for.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol, TypeVar

from rewheel.errors import RewheelError
from rewheel.machines.plugin_api import PluginDescription, PluginError, parse_answers, parse_features
from rewheel.machines.plugin_process import redact, run_plugin
from rewheel.values import field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from rewheel.machines.plugin_api import Endpoint, PluginFeature

__all__ = [
    "PluginEnvironments",
    "PluginRunner",
    "PreparedEnvironment",
    "description_of",
    "query_plugin",
    "questions_for",
    "request_for",
]

DEFAULT_TIMEOUT = 20.0  # seconds

Answer = TypeVar("Answer")

_DRIVER_FILES = (  # what Linux tells of the drivers that providers ask for
    "/proc/driver/nvidia/version",
    "/sys/module/nvidia/version",
    "/sys/module/amdgpu/version",
    "/sys/module/amdgpu/srcversion",
    "/sys/module/i915/srcversion",
    "/sys/module/xe/srcversion",
    "/sys/module/drv_davinci/version",
)


@frozen
class PreparedEnvironment:
    """An environment in which the plugins of some requirements are installed.

    `python` is its interpreter. `resolved` lists everything that was installed, as "name==version", and
    `hashes` the digests of the wheels by normalised name, as "sha256:…".
    """

    python: Path
    resolved: tuple[str, ...]
    hashes: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def versions(self) -> Mapping[str, str]:
        """The installed versions by normalised name."""
        from rewheel.variants import normalize_project

        pairs = (pin.partition("==") for pin in self.resolved)
        return {normalize_project(name.strip()): version.strip() for name, _, version in pairs}


class PluginEnvironments(Protocol):
    """Makes isolated environments for plugins; whoever can install implements it."""

    def prepare(self, requirements: Sequence[str], source: str) -> PreparedEnvironment:
        """Install the requirements into an environment of their own, or find one that has them.

        `requirements` are dependency specifiers whose markers have been evaluated; several may name the
        same distribution and must then all hold. `source` is the index that the package came from, and
        the only one that may be asked. The implementer promises: wheels only, so that installing runs no
        foreign code; nothing but plain wheels in the whole dependency tree, for a variant wheel would
        need providers in turn; nothing of the environment is run or compiled by importing it; the
        environment is not shared with anything else and does not see the system's packages. Raises
        RewheelError when it cannot be done.
        """
        ...


def query_plugin(
    python: Path,
    endpoint: Endpoint,
    namespace: str,
    questions: Sequence[str],
    *,
    properties: Iterable[tuple[str, str]] = (),
    environ: Mapping[str, str],
    timeout: float = DEFAULT_TIMEOUT,
) -> Mapping[str, Any]:
    """Ask the plugin at `endpoint` and return its raw answers by question; raises PluginError.

    Questions are "get_supported_configs", "get_all_configs", "fixed" (the `all_properties_compatible`
    flag) and "verdicts" (on `properties`, pairs of feature and value).
    """
    request = request_for(endpoint, namespace, questions, properties)
    run = run_plugin(python, request, environ=environ, timeout=timeout)
    try:
        return parse_answers(run.data, questions)
    except PluginError as error:
        raise PluginError(redact(str(error), environ), output=run.output) from None


def request_for(
    endpoint: Endpoint, namespace: str, questions: Sequence[str], properties: Iterable[tuple[str, str]]
) -> dict[str, Any]:
    """Return what `plugin_runner` is asked."""
    return {
        "module": endpoint.module,
        "attribute": endpoint.attribute,
        "namespace": namespace,
        "questions": list(questions),
        "properties": [list(pair) for pair in properties],
    }


class PluginRunner:
    """Prepares environments and asks plugins, each thing once per session.

    `environ` is given to the plugins as it is at the time of each question. An answer is remembered for
    the exact installed files, endpoint, interpreter, drivers and environment variables: when one of these
    changes, the plugin is asked anew. Failures are remembered alike, so that a plugin that hangs does so
    once. May be used by several threads; they wait for each other.
    """

    def __init__(
        self,
        environments: PluginEnvironments,
        *,
        environ: Mapping[str, str],
        timeout: float = DEFAULT_TIMEOUT,
    ) -> None:
        self._environments = environments
        self._environ = environ
        self._timeout = timeout
        self._lock = threading.RLock()
        self._prepared: dict[tuple[tuple[str, ...], str], PreparedEnvironment | RewheelError] = {}
        self._answers: dict[tuple[object, ...], tuple[PluginFeature, ...] | PluginError] = {}

    def prepare(self, requirements: Sequence[str], source: str) -> PreparedEnvironment:
        """Install plugins in isolation, see PluginEnvironments; the same question has the same answer."""
        key = (tuple(requirements), source)
        with self._lock:
            if key not in self._prepared:
                try:
                    self._prepared[key] = self._environments.prepare(requirements, source)
                except RewheelError as error:
                    self._prepared[key] = error
            return _value(self._prepared[key])

    def supported(
        self, prepared: PreparedEnvironment, endpoint: Endpoint, namespace: str
    ) -> tuple[PluginFeature, ...]:
        """Ask what this computer supports, features and values in order; raises PluginError."""
        key = self._key(prepared, endpoint, namespace)
        with self._lock:
            if key not in self._answers:
                question = "get_supported_configs"
                try:
                    answers = self._query(prepared, endpoint, namespace, [question])
                    self._answers[key] = parse_features(answers[question], question)
                except PluginError as error:
                    self._answers[key] = error
            return _value(self._answers[key])

    def describe(
        self,
        prepared: PreparedEnvironment,
        endpoint: Endpoint,
        namespace: str,
        *,
        properties: Iterable[tuple[str, str]] = (),
        with_supported: bool = False,
    ) -> PluginDescription:
        """Ask what may be declared in wheels at all; raises PluginError. Never remembered.

        `properties` (feature, value) are judged one by one when the plugin offers that.
        """
        asked = list(properties)
        questions = questions_for(asked, with_supported=with_supported)
        answers = self._query(prepared, endpoint, namespace, questions, properties=asked)
        return description_of(answers, asked, with_supported=with_supported)

    def _query(
        self,
        prepared: PreparedEnvironment,
        endpoint: Endpoint,
        namespace: str,
        questions: Sequence[str],
        *,
        properties: Iterable[tuple[str, str]] = (),
    ) -> Mapping[str, Any]:
        return query_plugin(
            prepared.python,
            endpoint,
            namespace,
            questions,
            properties=properties,
            environ=dict(self._environ),
            timeout=self._timeout,
        )

    def _key(self, prepared: PreparedEnvironment, endpoint: Endpoint, namespace: str) -> tuple[object, ...]:
        from rewheel import __version__

        return (
            tuple(sorted(prepared.resolved)),
            tuple(sorted(prepared.hashes.items())),
            str(endpoint),
            namespace,
            str(prepared.python),
            __version__,
            _digest(self._environ),
            _driver_identity(),
        )


def questions_for(properties: Sequence[tuple[str, str]], *, with_supported: bool) -> list[str]:
    """Return the questions that a description answers."""
    verdicts = ["verdicts"] if properties else []
    return ["get_all_configs", "fixed", *verdicts, *(["get_supported_configs"] if with_supported else [])]


def description_of(
    answers: Mapping[str, Any], properties: Sequence[tuple[str, str]], *, with_supported: bool
) -> PluginDescription:
    """Make a description of raw answers; raises PluginError."""
    valid, fixed, supported = (
        answers["get_all_configs"],
        answers["fixed"],
        answers.get("get_supported_configs"),
    )
    if not isinstance(fixed, bool):
        raise PluginError("its all_properties_compatible is not True or False")
    return PluginDescription(
        valid=None if valid is None else parse_features(valid, "get_all_configs"),
        fixed=fixed,
        supported=parse_features(supported, "get_supported_configs") if with_supported else None,
        verdicts=_verdicts(properties, answers.get("verdicts")),
    )


def _value(remembered: Answer | RewheelError) -> Answer:
    if isinstance(remembered, RewheelError):
        raise remembered
    return remembered


def _verdicts(asked: Sequence[tuple[str, str]], answer: object) -> Mapping[tuple[str, str], bool]:
    if answer is None:
        return {}
    if (
        not isinstance(answer, list)
        or len(answer) != len(asked)
        or not all(isinstance(verdict, bool) for verdict in answer)
    ):
        raise PluginError("validate_property() did not answer with True or False")
    return dict(zip(asked, answer, strict=True))


def _digest(environ: Mapping[str, str]) -> str:
    import hashlib

    digest = hashlib.sha256()
    for name, value in sorted(environ.items()):
        for text in (name, value):
            data = text.encode("utf-8", "surrogatepass")
            digest.update(b"%d:%b" % (len(data), data))
    return digest.hexdigest()


def _driver_identity() -> tuple[bytes, ...]:
    found = []
    for name in _DRIVER_FILES:
        try:
            with open(name, "rb") as stream:  # noqa: PTH123 (kernel files; pathlib adds nothing)
                found.append(stream.read(4096))
        except OSError:
            found.append(b"")
    return tuple(found)
