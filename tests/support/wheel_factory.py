"""Real wheels for tests, written with the standard library alone: our own writer is not its own judge."""

import base64
import hashlib
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = [
    "PEP825",
    "PEP850",
    "Properties",
    "make_wheel",
    "variant_document",
    "write_index_file",
    "write_wheel",
]

PEP825 = "https://variants-schema.wheelnext.dev/peps/825/v0.1.1.json"
PEP850 = "https://variants-schema.wheelnext.dev/peps/850/v0.2.0.json"

Properties = Mapping[str, Mapping[str, Sequence[str]]]
"""Namespace, then feature, then values: what one label stands for."""


def variant_document(
    variants: Mapping[str, Properties],
    *,
    priorities: Sequence[str] | None = None,
    providers: Mapping[str, Any] | None = None,
    schema: str | None = None,
) -> dict[str, Any]:
    """Build a `variant.json` or index file; without `providers` it is of PEP 825, with them of PEP 850."""
    used = {namespace for properties in variants.values() for namespace in properties}
    document: dict[str, Any] = {
        "$schema": schema or (PEP825 if providers is None else PEP850),
        "default-priorities": {
            "namespace": list(priorities) if priorities is not None else sorted(used) or ["none"]
        },
        "variants": {
            label: {ns: {f: list(v) for f, v in fs.items()} for ns, fs in p.items()}
            for label, p in variants.items()
        },
    }
    if providers is not None:
        document["providers"] = dict(providers)
    return document


def make_wheel(
    directory: Path,
    name: str = "foo",
    version: str = "1.0",
    *,
    label: str = "",
    properties: Properties | None = None,
    priorities: Sequence[str] | None = None,
    providers: Mapping[str, Any] | None = None,
    variant_json: Mapping[str, Any] | bytes | None = None,
    tag: str = "py3-none-any",
    build: str = "",
    requires: Iterable[str] = (),
    extras: Iterable[str] = (),
    requires_python: str = "",
    headers: Iterable[str] = (),
    description: str = "",
    entry_points: str = "",
    files: Mapping[str, bytes | str] | None = None,
) -> Path:
    """Write a wheel and return its path.

    A labelled wheel gets a `variant.json` made from `properties`, unless `variant_json` gives it as a
    document or as raw bytes; empty bytes leave it out. `headers` are further lines of its METADATA. Its
    module `{name}.py` holds the label, so that a test can import it and see what it got.
    """
    module = name.replace("-", "_").replace(".", "_").lower()
    info = f"{module}-{version}.dist-info"
    metadata = ["Metadata-Version: 2.3", f"Name: {name}", f"Version: {version}"]
    metadata += [f"Requires-Python: {requires_python}"] if requires_python else []
    metadata += [f"Provides-Extra: {extra}" for extra in extras]
    metadata += [f"Requires-Dist: {requirement}" for requirement in requires]
    members: dict[str, bytes | str] = dict(
        files if files is not None else {f"{module}.py": f"LABEL = {label!r}\n"}
    )
    metadata += headers
    body = f"\n{description}\n" if description else ""
    members[f"{info}/METADATA"] = "\n".join(metadata) + "\n" + body
    members[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {tag}\n"
    if entry_points:
        members[f"{info}/entry_points.txt"] = entry_points
    if label:
        document = variant_json
        if document is None:
            document = variant_document({label: properties or {}}, priorities=priorities, providers=providers)
        if document:
            members[f"{info}/variant.json"] = (
                document if isinstance(document, bytes) else json.dumps(document)
            )
    parts = [module, version, *([build] if build else []), tag, *([label] if label else [])]
    return write_wheel(directory / ("-".join(parts) + ".whl"), members, info)


def write_wheel(path: Path, members: Mapping[str, bytes | str], info: str) -> Path:
    """Write `members` in their order and a RECORD for them, exactly as given, good or hostile."""
    path.parent.mkdir(parents=True, exist_ok=True)
    record = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            data = content.encode() if isinstance(content, str) else content
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record.append(f"{name},sha256={digest},{len(data)}")
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
        record.append(f"{info}/RECORD,,")
        archive.writestr(zipfile.ZipInfo(f"{info}/RECORD", (2020, 1, 1, 0, 0, 0)), "\n".join(record) + "\n")
    return path


def write_index_file(
    directory: Path,
    name: str,
    version: str,
    variants: Mapping[str, Properties],
    *,
    priorities: Sequence[str] | None = None,
    providers: Mapping[str, Any] | None = None,
) -> Path:
    """Write `{name}-{version}-variants.json` beside the wheels that it describes."""
    path = directory / f"{name.replace('-', '_').lower()}-{version}-variants.json"
    document = variant_document(variants, priorities=priorities, providers=providers)
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return path
