"""Asks one provider plugin its questions; runs inside the plugin's own environment.

Started as `python -I plugin_runner.py REQUEST RESULT`. It imports nothing but the standard library of
whatever interpreter runs it, so it stays within the syntax of old ones. REQUEST is a JSON file with the
keys `module`, `attribute`, `namespace`, `questions` and `properties`; RESULT receives one JSON object,
either `{"answers": {question: answer}}` or `{"failure": "a sentence"}`. Whatever the plugin prints has
no meaning. The reader of RESULT trusts nothing of it: the checks here only give better sentences.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import itertools
import json
import os
import sys
from typing import Any, NamedTuple

_FEATURES_LIMIT = 10_000
_VALUES_LIMIT = 100_000
_RESULT_LIMIT = 4 * 1024 * 1024  # bytes; the reader refuses more
_MESSAGE_LIMIT = 500  # characters of a plugin's own exception text

Foreign = Any  # whatever the plugin hands over: of no type that could be relied on

# What the plugin interface may consist of, today's and earlier forms together.
_METHODS = ("get_supported_configs", "get_all_configs", "validate_property")
_FIXED_FLAGS = ("all_properties_compatible", "is_build_plugin", "is_aot_plugin")


class Refusal(Exception):  # noqa: N818 (it is not a fault of this script)
    """The plugin cannot be used, said in one sentence."""


class Property(NamedTuple):
    """What `validate_property` of the earlier interface receives."""

    namespace: str
    feature: str
    value: str


def main(request_file: str, result_file: str) -> None:
    """Answer the request; whatever goes wrong ends up in the result, as far as Python can tell it."""
    with open(request_file, encoding="utf-8") as stream:  # noqa: PTH123 (pathlib is one import more)
        request = json.load(stream)
    process = os.getpid()
    try:
        result: dict[str, Any] = {"answers": answers_to(request)}
        text = json.dumps(result)
        if len(text) > _RESULT_LIMIT:
            result = {"failure": "its answer is larger than %d bytes" % _RESULT_LIMIT}  # noqa: UP031
    except Refusal as refusal:
        result = {"failure": str(refusal)}
    except BaseException as error:  # noqa: BLE001 (a plugin may raise anything, SystemExit included)
        result = {"failure": _told(error)}
    if os.getpid() != process:  # a child that the plugin forked and let come back here
        os._exit(0)
    partial = result_file + ".part"
    with open(partial, "w", encoding="utf-8") as stream:  # noqa: PTH123
        json.dump(result, stream)
    os.replace(partial, result_file)  # noqa: PTH105
    for printed in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # the plugin may have put anything in their places
            printed.flush()
    # Threads and exit handlers of the plugin have nothing more to say.
    os._exit(0)


def answers_to(request: dict[str, Any]) -> dict[str, Any]:
    """Ask the plugin of a request, which is imported for that; raises Refusal."""
    namespace = request["namespace"]
    plugin = _load(request["module"], request["attribute"])
    named = getattr(plugin, "namespace", None)
    if isinstance(named, str) and named != namespace:
        raise Refusal(f"it says that its namespace is {named[:100]!r}")
    answers: dict[str, Any] = {}
    for question in request["questions"]:
        if question == "fixed":
            answers[question] = _fixed(plugin)
        elif question == "verdicts":
            answers[question] = _verdicts(plugin, namespace, request["properties"])
        elif question == "get_all_configs" and not hasattr(plugin, question):
            # The earlier interface had validate_property() in its place.
            if not hasattr(plugin, "validate_property"):
                raise Refusal("it has neither get_all_configs() nor validate_property()")
            answers[question] = None
        else:
            answers[question] = _configs(plugin, question)
    return answers


def _load(module: str, attribute: str) -> Foreign:
    try:
        plugin: Any = importlib.import_module(module)
    except Exception as error:
        raise Refusal(f"importing {module} failed: {_told(error)}") from error
    for name in attribute.split(".") if attribute else ():
        try:
            plugin = getattr(plugin, name)
        except AttributeError:
            raise Refusal(f"{module} has no {attribute}") from None
    if inspect.isclass(plugin) and _needs_instance(plugin):
        try:
            plugin = plugin()
        except Exception as error:
            raise Refusal(f"creating {attribute}() without arguments failed: {_told(error)}") from error
    return plugin


def _needs_instance(plugin: type) -> bool:
    """Tell whether a part of the interface is written for instances: a method with self, a property."""
    for name in (*_METHODS, *_FIXED_FLAGS, "namespace"):
        part = inspect.getattr_static(plugin, name, None)
        if isinstance(part, property):
            return True
        if inspect.isfunction(part) and inspect.signature(part).parameters:
            return True
    return False


def _call(plugin: Foreign, method: str) -> Foreign:
    function = getattr(plugin, method, None)
    if not callable(function):
        raise Refusal(f"it has no {method}()")
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # built-in functions may have no signature
        parameters = ()  # type: ignore[assignment]
    required = [
        parameter
        for parameter in parameters
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    if len(required) > 1 or any(parameter.kind is parameter.KEYWORD_ONLY for parameter in required):
        raise Refusal(f"{method}() wants arguments that are unknown here")
    try:
        # Earlier interfaces pass the known properties, or a context; None stands for "none known".
        return function(None) if required else function()
    except Exception as error:
        raise Refusal(f"{method}() failed: {_told(error)}") from error


def _configs(plugin: Foreign, method: str) -> list[dict[str, Any]]:
    result = _call(plugin, method)
    if isinstance(result, (str, bytes, dict, set, frozenset)) or not hasattr(result, "__iter__"):
        raise Refusal(f"{method}() returned {_kind(result)} instead of a list")
    configs = list(itertools.islice(result, _FEATURES_LIMIT + 1))
    if len(configs) > _FEATURES_LIMIT:
        raise Refusal(f"{method}() returned more than {_FEATURES_LIMIT} features")
    return [_config(config, method) for config in configs]


def _config(config: Foreign, method: str) -> dict[str, Any]:
    try:
        name, values = config.name, config.values
    except AttributeError:
        raise Refusal(f"{method}() returned {_kind(config)} without name and values") from None
    multi_value = getattr(config, "multi_value", False)
    if not isinstance(name, str):
        raise Refusal(f"{method}() returned a feature name that is {_kind(name)}")
    if not isinstance(values, (list, tuple)):
        raise Refusal(f"{method}() returned {_kind(values)} as values of {name[:100]!r}")
    if len(values) > _VALUES_LIMIT:
        raise Refusal(f"{method}() returned more than {_VALUES_LIMIT} values of {name[:100]!r}")
    for value in values:
        if not isinstance(value, str):
            raise Refusal(f"{method}() returned a value of {name[:100]!r} that is {_kind(value)}")
    if not isinstance(multi_value, bool):
        raise Refusal(f"{method}() returned a multi_value of {name[:100]!r} that is {_kind(multi_value)}")
    # str() of a subclass may say anything; join gives the characters that it holds.
    return {"name": "".join([name]), "values": ["".join([v]) for v in values], "multi_value": multi_value}


def _fixed(plugin: Foreign) -> bool:
    for name in _FIXED_FLAGS:
        flag = getattr(plugin, name, None)
        if flag is None:
            continue
        if not isinstance(flag, bool):
            raise Refusal(f"its {name} is {_kind(flag)} instead of True or False")
        return flag
    return False


def _verdicts(plugin: Foreign, namespace: str, properties: list[list[str]]) -> list[bool] | None:
    validate = getattr(plugin, "validate_property", None)
    if validate is None:
        return None
    verdicts = []
    for feature, value in properties:
        try:
            verdict = validate(Property(namespace, feature, value))
        except Exception as error:
            raise Refusal(f"validate_property() failed: {_told(error)}") from error
        if not isinstance(verdict, bool):
            raise Refusal(f"validate_property() returned {_kind(verdict)} instead of True or False")
        verdicts.append(verdict)
    return verdicts


def _kind(thing: Foreign) -> str:
    return "None" if thing is None else f"a {type(thing).__name__[:100]}"


def _told(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 (an exception may fail to describe itself)
        text = ""
    name = type(error).__name__[:100]
    return f"{name}: {text[:_MESSAGE_LIMIT]}" if text else name


if __name__ == "__main__":
    _paths = sys.argv[1:3]
    sys.argv[:] = ["rewheel-plugin"]
    # -I keeps the current directory away already; this also removes what the environment's own start
    # files may have added, and the folder of this script.
    _unwanted = {"", ".", os.getcwd(), os.path.dirname(os.path.abspath(__file__))}  # noqa: PTH100, PTH109, PTH120
    sys.path[:] = [entry for entry in sys.path if entry not in _unwanted]
    main(*_paths)
