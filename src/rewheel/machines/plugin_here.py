"""Asking a provider plugin in this very process: inside a build, which runs code of the project anyway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rewheel.machines.plugin_api import PluginError, printable
from rewheel.machines.plugin_runner import Refusal, answers_to
from rewheel.machines.plugins import description_of, questions_for, request_for

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rewheel.machines.plugin_api import Endpoint, PluginDescription

__all__ = ["describe_plugin"]

_LIMIT = 700  # characters


def describe_plugin(
    endpoint: Endpoint,
    namespace: str,
    *,
    properties: Iterable[tuple[str, str]] = (),
    with_supported: bool = False,
) -> PluginDescription:
    """Ask what `PluginRunner.describe` asks, without isolation and time limit; raises PluginError."""
    asked = list(properties)
    questions = questions_for(asked, with_supported=with_supported)
    try:
        answers = answers_to(request_for(endpoint, namespace, questions, asked))
    except Refusal as refusal:
        raise PluginError(printable(str(refusal), _LIMIT)) from refusal
    return description_of(answers, asked, with_supported=with_supported)
