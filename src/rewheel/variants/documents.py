"""From the bytes of strangers to a mapping: strict JSON of bounded size, or the problems in it."""

from collections.abc import Mapping
from typing import Any

from rewheel.variants.errors import quoted
from rewheel.variants.findings import Findings

__all__ = ["load_json", "load_toml"]

_LONGEST_NUMBER = 100
_BYTE_ORDER_MARK = "\ufeff"


class _RefusedError(ValueError):
    """A document breaks a rule that the JSON parser of Python does not know."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def load_json(data: bytes | str, findings: Findings, *, limit: int) -> Mapping[str, Any] | None:
    """Parse a JSON object of at most `limit` bytes; None, and a fatal finding, if it is not one.

    Refused are other encodings than UTF-8, duplicate keys, NaN and infinities, enormous numbers and
    bottomless nesting. A byte order mark is tolerated.
    """
    text = _decode(data, findings, limit)
    if text is None:
        return None
    if text.startswith(_BYTE_ORDER_MARK):
        findings.tolerated("byte-order-mark", "", "the document starts with a byte order mark")
        text = text[1:]
    import json

    try:
        document = json.loads(
            text,
            object_pairs_hook=_without_duplicates,
            parse_constant=_no_constant,
            parse_int=_bounded_number,
            parse_float=_bounded_float,
        )
    except _RefusedError as error:
        findings.fatal(error.code, "", str(error))
        return None
    except json.JSONDecodeError as error:
        findings.fatal("not-json", "", f"not JSON: {error.msg} in line {error.lineno}, column {error.colno}")
        return None
    except RecursionError:
        findings.fatal("too-deep", "", "the document is nested too deeply")
        return None
    if not isinstance(document, dict):
        findings.fatal("not-an-object", "", f"expected a JSON object, found {_json_type(document)}")
        return None
    return document


def load_toml(data: bytes | str, findings: Findings, *, limit: int) -> Mapping[str, Any] | None:
    """Parse a TOML document of at most `limit` bytes; None, and a fatal finding, if it is not one."""
    text = _decode(data, findings, limit)
    if text is None:
        return None
    import tomllib

    try:
        return tomllib.loads(text.replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError as error:
        findings.fatal("not-toml", "", f"not TOML: {error}")
    except (RecursionError, ValueError):  # ValueError: a number or date that Python cannot hold
        findings.fatal("not-toml", "", "not TOML: nested too deeply, or a number is out of range")
    return None


def _decode(data: bytes | str, findings: Findings, limit: int) -> str | None:
    if len(data) > limit:
        findings.fatal("too-large", "", f"the document is larger than {limit:,} bytes")
        return None
    if isinstance(data, str):
        return data
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        findings.fatal("not-utf8", "", f"not UTF-8: byte 0x{data[error.start]:02x} at position {error.start}")
        return None


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _RefusedError("duplicate-key", f"the key {quoted(key)} occurs twice in one object")
            seen.add(key)
    return made


def _no_constant(name: str) -> float:
    raise _RefusedError("not-json", f"not JSON: {name} is not a JSON value")


def _bounded_number(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        raise _RefusedError("number-too-large", f"a number has {len(digits)} digits")
    return int(digits)


def _bounded_float(digits: str) -> float:
    number = float(digits)
    if number - number != 0:  # an infinity in disguise, such as 1e999
        raise _RefusedError("number-too-large", f"the number {quoted(digits)} is out of range")
    return number


def _json_type(value: object) -> str:
    names = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
