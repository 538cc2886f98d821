"""Machine files: a computer described in TOML, to be used elsewhere.

The form is that of uv's prototype, `[metadata]` and one `[[provider]]` per namespace with
`[provider.properties]`, to which we add an optional `[platform]` and `metadata.date` and `metadata.name`.
What is listed is authoritative, an empty list included; the order in the file is the order of preference.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from rewheel.machines.errors import MachineFileError
from rewheel.machines.machine import Machine
from rewheel.machines.native import NATIVE
from rewheel.machines.platform import Platform
from rewheel.machines.support import NamespaceSupport, Origin, OriginKind
from rewheel.values import replace

__all__ = ["parse_machine_file", "read_machine_file", "write_machine_file"]

VERSION = "0.1"

_SIZE_LIMIT = 1 << 20
_NAME = re.compile(r"[a-z0-9_]+")
_VALUE = re.compile(r"[a-z0-9_.]+")
_RESOLVED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\s*(?:==|@)\s*[^\s,]+")
_ENDPOINT = re.compile(r"[A-Za-z0-9_.]+(?:\s*:\s*[A-Za-z0-9_.]+)?")
_ARCH = re.compile(r"[A-Za-z0-9_]+")
_LIST = re.compile(r'\[\n((?:    "[^"\\\s]*",\n)+)\]')
_SYSTEMS = {"linux": "Linux", "darwin": "Darwin", "macos": "Darwin", "windows": "Windows"}


def read_machine_file(path: Path, environ: Mapping[str, str], *, interpreter_arch: str = "") -> Machine:
    """Read a machine file.

    Of namespaces that it doesn't list, its machine has what every machine of its architecture has, and
    what override variables in `environ` say; nothing of this computer shows through. Without `[platform]`
    the architecture is `interpreter_arch` (default: our own). Unknown keys are ignored.

    Raises MachineFileError if the file cannot be read or says something that it cannot mean.
    """
    path = Path(path)
    return _Reader(path).machine(_parse(_load(path), path), environ, interpreter_arch)


def parse_machine_file(data: bytes, name: str, environ: Mapping[str, str]) -> Machine:
    """Take a machine from the content of a machine file, as `read_machine_file` does.

    `name` is the file's, for messages and for a machine that has no name of its own.
    """
    path = Path(name)
    return _Reader(path).machine(_parse(data, path), environ, "")


def write_machine_file(
    path: Path,
    machine: Machine,
    namespaces: Iterable[str] | None = None,
    *,
    more: Mapping[str, NamespaceSupport] | None = None,
    date: datetime | None = None,
) -> None:
    """Save what a machine supports, so that `read_machine_file` gives a machine that supports the same.

    `namespaces` defaults to all that the machine declares or we can detect; those without support are
    saved as empty, so that they count as known. `more` adds answers that came from elsewhere, such as
    plugins. The platform is saved when it is known; of this computer it is. The file is replaced as a
    whole or not touched.

    Raises MachineFileError if it cannot be written.
    """
    path = Path(path)
    answers = dict(more or {})
    wanted = (*machine.declared, *NATIVE) if namespaces is None else namespaces
    for namespace in dict.fromkeys(wanted):
        support = machine.detect(namespace)
        if support is not None and namespace not in answers:
            answers[namespace] = support
    _replace(path, _document(path, machine, answers, date or datetime.now(UTC)))


def _load(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_SIZE_LIMIT + 1)
    except (OSError, ValueError) as error:
        hint = "save one with `rewheel machine save FILE` on the machine that it shall describe"
        reason = getattr(error, "strerror", None) or error
        raise MachineFileError(path, f"it cannot be read: {reason}", hint=hint) from error
    return data


def _parse(data: bytes, path: Path) -> dict[str, Any]:
    import tomllib

    if len(data) > _SIZE_LIMIT:
        raise MachineFileError(path, f"it is larger than {_SIZE_LIMIT >> 20} MiB")
    try:
        return tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise MachineFileError(path, "it is not UTF-8 text") from error
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else error
        raise MachineFileError(path, f"it is not valid TOML: {reason}") from error


class _Reader:
    """Turns a parsed document into a machine, holding every entry to what it may be."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def machine(self, document: dict[str, Any], environ: Mapping[str, str], interpreter_arch: str) -> Machine:
        metadata = self._table(document, "metadata")
        self._check_version(self._string(metadata, "version", "metadata.version") or VERSION)
        self._string(metadata, "created-by", "metadata.created-by")
        name = self._string(metadata, "name", "metadata.name") or self._path.stem
        if len(name) > 200 or not name.isprintable():
            self._fail("metadata.name is not one short line")
        providers = document.get("provider", [])
        if not isinstance(providers, list) or not all(isinstance(one, dict) for one in providers):
            self._fail("provider is not an array of tables; write [[provider]]")
        declared: dict[str, NamespaceSupport] = {}
        for number, provider in enumerate(providers, 1):
            support = self._support(provider, f"provider {number}")
            if support.namespace in declared:
                self._fail(f"namespace {support.namespace} is listed twice")
            declared[support.namespace] = support
        platform = self._platform(document)
        return Machine.elsewhere(
            platform, environ, name=name, declared=declared, interpreter_arch=interpreter_arch
        )

    def _check_version(self, version: str) -> None:
        found = re.fullmatch(r"([0-9]{1,9})(?:\.[0-9]+)*", version)
        if not found:
            self._fail(f"metadata.version {_show(version)} is not a version such as {VERSION}")
        if int(found[1]) > 0:
            self._fail(f"its version, {version}, is newer than this rewheel can read ({VERSION})")

    def _support(self, provider: dict[str, Any], where: str) -> NamespaceSupport:
        namespace = self._string(provider, "namespace", f"{where}: namespace")
        if not namespace:
            self._fail(f"{where} has no namespace")
        self._check_name(namespace, f"{where}: namespace")
        resolved = provider.get("resolved", [])
        if not isinstance(resolved, list) or not all(isinstance(one, str) for one in resolved):
            self._fail(f"{namespace}: resolved is not a list of strings")
        for one in resolved:
            if not _RESOLVED.fullmatch(one) or not one.isprintable():
                self._fail(f"{namespace}: resolved {_show(one)} is not of the form name==version")
        plugin_api = self._string(provider, "plugin-api", f"{namespace}: plugin-api")
        if plugin_api and not _ENDPOINT.fullmatch(plugin_api):
            self._fail(f"{namespace}: plugin-api {_show(plugin_api)} is not of the form module:object")
        properties = self._table(provider, "properties", f"{namespace}: properties")
        features = {
            feature: self._values(namespace, feature, values) for feature, values in properties.items()
        }
        origin = Origin(OriginKind.FILE, self._path.name)
        return NamespaceSupport(namespace, features, origin, ", ".join(resolved), plugin_api)

    def _values(self, namespace: str, feature: str, values: object) -> tuple[str, ...]:
        self._check_name(feature, f"{namespace}: feature")
        where = f"[{namespace} :: {feature}]"
        if not isinstance(values, list):
            self._fail(f"{where} is not a list of values")
        for value in values:
            if not isinstance(value, str) or not _VALUE.fullmatch(value):
                self._fail(
                    f"{where}: {_show(value)} is not a value; use lowercase letters, digits, '_' and '.'"
                )
        if len(set(values)) < len(values):
            repeated = next(value for value in values if values.count(value) > 1)
            self._fail(f"{where} lists {repeated} twice")
        return tuple(values)

    def _platform(self, document: dict[str, Any]) -> Platform | None:
        if "platform" not in document:
            return None
        table = self._table(document, "platform")
        text = {
            key: self._string(table, key, f"platform.{key}")
            for key in ("system", "machine", "libc", "libc-version", "os-version")
        }
        system = _SYSTEMS.get(text["system"].lower())
        if system is None:
            self._fail("platform.system is not one of Linux, Darwin, Windows")
        if not _ARCH.fullmatch(text["machine"]):
            self._fail(f"platform.machine {_show(text['machine'])} is not an architecture such as x86_64")
        libc = text["libc"].lower()
        if libc not in {"", "glibc", "musl"} or (libc and system != "Linux"):
            self._fail("platform.libc is neither glibc nor musl, which only Linux has")
        keys = [key for key in ("libc-version", "os-version") if text[key]]
        if len(keys) > 1:
            self._fail(
                "platform has both libc-version and os-version; Linux has the first, others the second"
            )
        version = self._version(text[keys[0]], f"platform.{keys[0]}") if keys else (0, 0)
        return Platform(system, text["machine"], libc, version)

    def _version(self, text: str, where: str) -> tuple[int, int]:
        found = re.fullmatch(r"([0-9]{1,6})(?:\.([0-9]{1,6}))?(?:\.[0-9]+)*", text)
        if not found:
            self._fail(f"{where} {_show(text)} is not a version such as 2.36")
        return int(found[1]), int(found[2] or 0)

    def _check_name(self, name: str, where: str) -> None:
        if not _NAME.fullmatch(name):
            self._fail(f"{where} {_show(name)} is not a name; use lowercase letters, digits and '_'")

    def _table(self, parent: dict[str, Any], key: str, where: str = "") -> dict[str, Any]:
        value = parent.get(key, {})
        if not isinstance(value, dict):
            self._fail(f"{where or key} is not a table")
        return value

    def _string(self, table: dict[str, Any], key: str, where: str) -> str:
        value = table.get(key, "")
        if not isinstance(value, str):
            self._fail(f"{where} is not a string")
        return value

    def _fail(self, problem: str) -> NoReturn:
        raise MachineFileError(self._path, problem)


def _show(value: object) -> str:
    """Quote foreign content in a message, short and on one line."""
    text = ascii(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _document(
    path: Path, machine: Machine, answers: Mapping[str, NamespaceSupport], date: datetime
) -> dict[str, Any]:
    from rewheel import __version__

    metadata: dict[str, Any] = {
        "created-by": f"rewheel {__version__}",
        "version": VERSION,
        "date": date.replace(microsecond=0),
    }
    platform = Platform.current() if machine.is_here else machine.platform
    if machine.is_here and platform is not None and platform.arch != machine.arch:
        platform = replace(platform, machine=machine.arch)  # an interpreter of another architecture
    elif not machine.is_here and machine.name != path.stem:
        metadata["name"] = machine.name
    document: dict[str, Any] = {"metadata": metadata}
    if platform is not None:
        document["platform"] = _platform_table(platform)
    document["provider"] = [_provider_table(support) for support in answers.values()]
    return document


def _platform_table(platform: Platform) -> dict[str, str]:
    table = {"system": platform.system, "machine": platform.machine}
    if platform.libc:
        table["libc"] = platform.libc
    if any(platform.os_version):
        key = "libc-version" if platform.system == "Linux" else "os-version"
        table[key] = ".".join(map(str, platform.os_version))
    return table


def _provider_table(support: NamespaceSupport) -> dict[str, Any]:
    table: dict[str, Any] = {"resolved": [one for one in support.provider.split(", ") if one]}
    if support.plugin_api:
        table["plugin-api"] = support.plugin_api
    table["namespace"] = support.namespace
    table["properties"] = {feature: list(values) for feature, values in support.features.items()}
    return table


def _compact(found: re.Match[str]) -> str:
    """Set a list in as few lines as it needs; tomli_w gives every value its own."""
    import textwrap

    values = " ".join(found[1].split()).rstrip(",")
    if len(values) < 80:
        return f"[{values}]"
    body = textwrap.fill(
        values,
        100,
        initial_indent="    ",
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return f"[\n{body},\n]"


def _replace(path: Path, document: dict[str, Any]) -> None:
    """Write beside the file and rename, so that nobody ever reads half of it."""
    import contextlib
    import os

    import tomli_w

    text = _LIST.sub(_compact, tomli_w.dumps(document))
    try:
        draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            with draft.open("w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                draft.unlink()
            raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise MachineFileError(path, f"it cannot be written: {reason}") from error
