"""The variant metadata of one file, for people and for programs."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rewheel.errors import RewheelError
from rewheel.values import frozen

if TYPE_CHECKING:
    from rewheel.variants import DocumentKind, Finding, Provider, VariantMetadata

__all__ = ["VariantView"]


@frozen
class VariantView:
    """What a file says about variants; `metadata` is `None` for a plain wheel and for a broken document."""

    path: Path
    label: str | None
    """Of a wheel; `None` for other files."""
    metadata: "VariantMetadata | None"
    findings: tuple["Finding", ...]

    @classmethod
    def of(cls, path: Path) -> "VariantView":
        """Read a wheel, an index file, a `variant.json` or a pyproject.toml; raises RewheelError."""
        from rewheel.variants import DocumentKind

        if path.suffix in {".whl", ".whlx"}:
            return cls._of_wheel(path)
        try:
            size = path.stat().st_size
            data = path.read_bytes() if size <= 64 << 20 else b""
        except OSError as error:
            raise RewheelError(f"{path}: cannot be read: {error.strerror or error}") from error
        if size > 64 << 20:
            raise RewheelError(f"{path}: is too large to be variant metadata")
        kind = DocumentKind.PYPROJECT if path.suffix == ".toml" else DocumentKind.INDEX
        return cls._read(path, data, kind, None)

    @classmethod
    def _of_wheel(cls, path: Path) -> "VariantView":
        from rewheel.variants import DocumentKind, Finding
        from rewheel.wheels import Wheel

        with Wheel.open(path) as wheel:
            label, data = wheel.filename.label, wheel.variant_json()
        if not label:
            extra = Finding("label", "", "holds a variant.json, but its name has no label", fatal=True)
            return cls(path, label, None, () if data is None else (extra,))
        if data is None:
            lack = Finding("label", "", "its name has a label, but it holds no variant.json", fatal=True)
            return cls(path, label, None, (lack,))
        return cls._read(path, data, DocumentKind.WHEEL, label)

    @classmethod
    def _read(cls, path: Path, data: bytes, kind: "DocumentKind", label: str | None) -> "VariantView":
        from rewheel.variants import check_metadata, read_metadata

        findings = tuple(check_metadata(data, kind=kind, label=label or ""))
        if any(finding.fatal for finding in findings):
            return cls(path, label, None, findings)
        return cls(path, label, read_metadata(data, kind=kind, label=label or ""), findings)

    @property
    def is_broken(self) -> bool:
        """Whether the file must not be used."""
        return any(finding.fatal for finding in self.findings)

    def lines(self) -> Iterator[str]:
        """Write it for people."""
        metadata = self.metadata
        yield self.path.name
        if self.label is not None:
            yield f"  label       {self.label or '(none: a plain wheel)'}"
        if metadata is not None:
            if metadata.schema_version:
                yield f"  schema      {metadata.schema_version}"
            yield f"  namespaces  {', '.join(metadata.namespaces)}"
            for namespace in metadata.namespaces:
                provider = metadata.providers.get(namespace)
                if provider is not None:
                    yield f"  provider    {namespace}: {_described(provider)}"
            for label in metadata.labels:
                properties = " ".join(f"[{item}]" for item in metadata.variants[label])
                yield f"  variant     {label}   {properties or '(no properties)'}"
        for finding in self.findings:
            yield f"  {'error' if finding.fatal else 'note '}       {finding}"

    def as_json(self) -> dict[str, object]:
        """Return it for programs."""
        metadata = self.metadata
        document: dict[str, object] = {"file": self.path.name}
        if self.label is not None:
            document["label"] = self.label
        if metadata is not None:
            document |= {
                "schema_version": metadata.schema_version,
                "namespaces": list(metadata.namespaces),
                "providers": {name: _fields(provider) for name, provider in metadata.providers.items()},
                "variants": {
                    label: properties.to_mapping() for label, properties in metadata.variants.items()
                },
            }
        document["findings"] = [finding._asdict() for finding in self.findings]
        return document


def _described(provider: "Provider") -> str:
    from rewheel.variants import ProviderKind

    optional = " (optional)" if provider.optional else ""
    if provider.kind is ProviderKind.STATIC:
        lists = (
            f"{feature} {', '.join(values) or 'nothing'}"
            for feature, values in provider.static_properties.items()
        )
        return f"static{optional}; {'; '.join(lists)}"
    if provider.kind is ProviderKind.BUILTIN:
        return f"built in, {provider.builtin}{optional}"
    names = ", ".join(provider.requires or provider.build_requires)
    when = " while building" if provider.build_requires else ""
    api = f" as {provider.plugin_api}" if provider.plugin_api else ""
    return f"plugin{when} {names}{api}{optional}"


def _fields(provider: "Provider") -> dict[str, object]:
    fields: dict[str, object] = {"kind": str(provider.kind), "optional": provider.optional}
    if provider.requires:
        fields["requires"] = list(provider.requires)
    if provider.build_requires:
        fields["build_requires"] = list(provider.build_requires)
    if provider.plugin_api:
        fields["plugin_api"] = provider.plugin_api
    if provider.static_properties:
        fields["static_properties"] = {
            feature: list(values) for feature, values in provider.static_properties.items()
        }
    if provider.builtin:
        fields["builtin"] = provider.builtin
    if provider.enable_if:
        fields["enable_if"] = provider.enable_if
    return fields
