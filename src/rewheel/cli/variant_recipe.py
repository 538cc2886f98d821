"""What a variant is to be: properties, label, order of namespaces and providers, by options or a project."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rewheel.errors import UsageError
from rewheel.values import frozen

if TYPE_CHECKING:
    from rewheel.variants import Provider, VariantMetadata, VariantProperties

__all__ = ["Recipe", "native_provider"]

_STATIC = re.compile(r"\s*(?P<namespace>[^:=\s]+)\s*(?:::\s*(?P<feature>[^:\s]+)\s*::\s*(?P<values>.+))?")


@frozen(kw_only=True)
class Recipe:
    """The options of `variant make`, as they were written."""

    properties: Sequence[str] = ()
    label: str = ""
    null: bool = False
    hash_label: bool = False
    priorities: Sequence[str] = ()
    providers: Sequence[str] = ()
    """Each as `NS=REQUIREMENT`, with more of the same namespace adding to it."""
    statics: Sequence[str] = ()
    """Each as `NS`, whose list are the wheel's own properties, or as `NS :: FEATURE :: VALUE, VALUE`."""
    pyproject: Path | None = None

    def metadata(self, known: Callable[[str], "Provider | None"]) -> tuple["VariantMetadata", str]:
        """Return the metadata of the one wheel, and its label; `known` gives the provider of a namespace.

        Raises UsageError for options that contradict each other, VariantsError for what no variant can have.
        """
        from rewheel.variants import VariantMetadata, VariantProperties, VariantProperty

        self._check()
        project = self._project()
        given = VariantProperties.from_properties(map(VariantProperty.parse, self.properties))
        if project is not None and not (given or self.null):
            return self._of_project(project)
        label = self._label(given)
        written = dict.fromkeys(VariantProperty.parse(text).namespace for text in self.properties)
        listed = self.priorities or (project.namespaces if project is not None else ()) or tuple(written)
        missing = sorted(set(written) - set(listed))
        if missing:
            raise UsageError(
                f"the order of namespaces lacks {', '.join(missing)}", hint="add it with --priority"
            )
        if not listed:
            raise UsageError(
                "a wheel without properties needs the namespaces of the other variants of its release",
                hint="give them with --priority NS, or --pyproject FILE",
            )
        providers = dict(project.providers) if project is not None else {}
        providers |= self._providers(listed, given, providers, known)
        metadata = VariantMetadata(namespaces=tuple(listed), providers=providers, variants={label: given})
        return metadata, label

    def _check(self) -> None:
        if self.null and (self.properties or self.label or self.hash_label):
            raise UsageError(
                "--null is the variant without properties; -p, --label and --hash-label exclude it"
            )
        if self.label and self.hash_label:
            raise UsageError("--label and --hash-label exclude each other")
        if not (self.null or self.properties or self.pyproject):
            raise UsageError(
                "a variant needs properties",
                hint='give them with -p "namespace :: feature :: value", or --null for none at all',
            )

    def _project(self) -> "VariantMetadata | None":
        if self.pyproject is None:
            return None
        from rewheel.variants import read_pyproject

        try:
            data = self.pyproject.read_bytes()
        except OSError as error:
            raise UsageError(f"{self.pyproject}: cannot be read: {error.strerror or error}") from error
        metadata = read_pyproject(data)
        if metadata is None:
            raise UsageError(f"{self.pyproject}: has no [variant] table")
        building = [name for name, provider in metadata.providers.items() if provider.build_requires]
        if building:
            raise UsageError(
                f"{self.pyproject}: the provider of {', '.join(building)} is asked while building, "
                "so only a build can make this variant"
            )
        return metadata

    def _of_project(self, project: "VariantMetadata") -> tuple["VariantMetadata", str]:
        if not self.label:
            known = ", ".join(project.labels) or "none"
            raise UsageError(f"--pyproject needs --label, to say which variant; it has {known}")
        return project.select(self.label), self.label

    def _label(self, properties: "VariantProperties") -> str:
        from rewheel.variants import NULL_LABEL, check_label

        if self.null:
            return NULL_LABEL
        if self.hash_label:
            return properties.hash_label()
        if self.label:
            return check_label(self.label)
        words: list[str] = []
        for namespace in dict.fromkeys(text.split("::")[0].strip() for text in self.properties):
            words.append(namespace)
            for feature in properties.features(namespace):
                values = properties.values(namespace, feature)
                # A flag says nothing by its value, so the feature itself has to.
                words += [feature if value in {"on", "true"} else value for value in values]
        return check_label("_".join(words))

    def _providers(
        self,
        namespaces: Iterable[str],
        properties: "VariantProperties",
        given: Mapping[str, "Provider"],
        known: Callable[[str], "Provider | None"],
    ) -> dict[str, "Provider"]:
        """Find a provider for every namespace, or for none of them."""
        from rewheel.variants import Provider, ProviderKind

        found: dict[str, Provider] = {}
        for namespace, requirements in self._named_plugins().items():
            found[namespace] = Provider(namespace, ProviderKind.PLUGIN, requires=tuple(requirements))
        for namespace, lists in self._named_lists(properties).items():
            if namespace in found:
                raise UsageError(f"--provider and --static exclude each other for {namespace}")
            found[namespace] = Provider(namespace, ProviderKind.STATIC, static_properties=lists)
        unknown = sorted(set(found) - set(namespaces))
        if unknown:
            raise UsageError(
                f"the wheel has no namespace {', '.join(unknown)}, so it needs no provider of it"
            )
        missing = []
        for namespace in namespaces:
            if namespace in found or namespace in given:
                continue
            provider = known(namespace)
            if provider is not None:
                found[namespace] = provider
            else:
                missing.append(namespace)
        if missing and (found or given):
            raise UsageError(
                f"nothing is known to tell what of {', '.join(missing)} a machine supports",
                hint="name a plugin with --provider NS=REQUIREMENT, or the list itself with --static NS",
            )
        return found

    def _named_plugins(self) -> dict[str, list[str]]:
        from rewheel.metadata import Requirement

        found: dict[str, list[str]] = {}
        for text in self.providers:
            namespace, separator, requirement = text.partition("=")
            if not separator or not namespace.strip():
                raise UsageError(f"--provider {text}: expected NS=REQUIREMENT")
            found.setdefault(namespace.strip(), []).append(str(Requirement.parse(requirement.strip())))
        return found

    def _named_lists(self, properties: "VariantProperties") -> dict[str, dict[str, tuple[str, ...]]]:
        found: dict[str, dict[str, tuple[str, ...]]] = {}
        for text in self.statics:
            match = _STATIC.fullmatch(text)
            if match is None:
                raise UsageError(f'--static {text}: expected NS or "NS :: FEATURE :: VALUE, VALUE"')
            namespace, feature = match["namespace"], match["feature"]
            if feature is not None:
                values = tuple(filter(None, re.split(r"[\s,]+", match["values"])))
                found.setdefault(namespace, {})[feature] = values
            elif namespace in properties.namespaces:
                for own in properties.features(namespace):
                    found.setdefault(namespace, {})[own] = self._in_written_order(namespace, own)
            else:
                raise UsageError(
                    f"--static {namespace}: the wheel has no properties of {namespace}",
                    hint='list what is supported: --static "NS :: FEATURE :: VALUE, VALUE"',
                )
        return found

    def _in_written_order(self, namespace: str, feature: str) -> tuple[str, ...]:
        from rewheel.variants import VariantProperty

        written = map(VariantProperty.parse, self.properties)
        return tuple(dict.fromkeys(item.value for item in written if item[:2] == (namespace, feature)))


def native_provider(namespace: str) -> "Provider | None":
    """Return the plugin that everybody uses for a well-known namespace, from the version on that we know."""
    from rewheel.machines import NATIVE
    from rewheel.variants import Provider, ProviderKind

    native = NATIVE.get(namespace)
    if native is None:
        return None
    package, versions = next(iter(native.packages.items()))
    return Provider(
        namespace, ProviderKind.PLUGIN, requires=(f"{package}>={versions[0]}",), plugin_api=native.plugin_api
    )
