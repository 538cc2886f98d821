"""What is supported in each namespace that some wheels use: the order of asking (PEP 850, providers)."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from rewheel.errors import RewheelError
from rewheel.machines.consulting import Consultant, Unsupported
from rewheel.machines.support import NamespaceSupport, Origin, OriginKind
from rewheel.values import replace

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from rewheel.machines.machine import Machine
    from rewheel.machines.plugin_api import PluginDescription
    from rewheel.machines.plugins import PluginRunner
    from rewheel.machines.policy import ProviderPolicy
    from rewheel.machines.trust import TrustStore
    from rewheel.metadata import Requirement
    from rewheel.progress import Reporter
    from rewheel.variants import Provider, Supported, VariantMetadata

__all__ = ["Providers", "as_supported"]


class Providers:
    """Finds out what is supported, namespace by namespace, in the order that the standard gives.

    Disabled, the package's own lists, the machine file, our own detectors, and last a plugin that the
    user trusts. One Providers serves one session: each problem is told once, in one line, and what a
    plugin answered is remembered. Whatever goes wrong with one namespace leaves the others alone.
    `marker_environment` describes the target in the words of the dependency specifiers. Without `plugins`
    no plugin can run; without `trust` only consent in the policy counts, and nothing is recorded. May be
    used by several threads.
    """

    def __init__(
        self,
        machine: Machine,
        *,
        policy: ProviderPolicy,
        plugins: PluginRunner | None,
        trust: TrustStore | None,
        reporter: Reporter,
        marker_environment: Mapping[str, str],
    ) -> None:
        self._machine = machine
        self._policy = policy
        self._reporter = reporter
        self._environment = marker_environment
        self._told: set[str] = set()
        self._telling = threading.Lock()
        self._consultant = (
            Consultant(plugins, policy=policy, trust=trust, warn=self._warn) if plugins else None
        )

    def support(
        self, metadata: VariantMetadata, namespaces: Collection[str], *, project: str, source: str
    ) -> Mapping[str, NamespaceSupport]:
        """Answer for exactly the namespaces asked, in their order.

        `project` is the normalised name of the package whose `metadata` this is, `source` the index that
        it came from: the only one that its plugins may come from.
        """
        answers: dict[str, NamespaceSupport] = {}
        for namespace in dict.fromkeys(namespaces):
            try:
                answers[namespace] = self._ask(namespace, metadata, project, source)
            except Unsupported as reason:
                answers[namespace] = NamespaceSupport(namespace, {}, reason.origin)
                if reason.warning:
                    self._warn(f"provider of {namespace}: {reason.warning}", *reason.output)
            for warning in answers[namespace].warnings:
                self._warn(warning)
        return answers

    def describe(
        self, provider: Provider, properties: Sequence[tuple[str, str]], *, source: str = ""
    ) -> PluginDescription | None:
        """Ask the plugin of a provider what wheels may declare; the user must have let it run.

        Each of the `properties` (feature, value) gets a verdict. `None`, with a warning that says why, when
        nobody can be asked.
        """
        try:
            if self._consultant is None:
                reason = "plugins cannot run in this command"
                raise Unsupported.with_warning(OriginKind.UNKNOWN, reason)
            requirements = self._requirements(provider)
            return self._consultant.describe(
                provider.namespace, provider, requirements, properties, source=source
            )
        except Unsupported as reason:
            self._warn(f"provider of {provider.namespace}: {reason.warning}", *reason.output)
            return None

    def _ask(self, namespace: str, metadata: VariantMetadata, project: str, source: str) -> NamespaceSupport:
        from rewheel.variants import ProviderKind

        provider = metadata.providers.get(namespace)
        if self._policy.disables(project, namespace):
            raise Unsupported(OriginKind.DISABLED, "by your settings")
        if provider is not None:
            self._refuse_disabled(provider, project)
        is_abi = namespace in metadata.abi_namespaces
        if provider is not None and provider.kind is ProviderKind.STATIC and not is_abi:
            return _static(provider)
        if namespace in self._machine.declared:
            return self._machine.declared[namespace]
        if is_abi:
            # PEP 850, built-in provider abi_dependency: a choice that depends on other choices.
            raise Unsupported(
                OriginKind.UNKNOWN, "abi_dependency: it depends on the versions of other packages"
            )
        if provider is None:
            return self._without_provider(namespace)
        if provider.kind is ProviderKind.BUILTIN:
            reason = f"the built-in provider {provider.builtin!r} is not known to this version of rewheel"
            raise Unsupported.with_warning(OriginKind.UNKNOWN, reason)
        return self._by_package(provider, source)

    def _refuse_disabled(self, provider: Provider, project: str) -> None:
        if provider.optional and not self._policy.enables(project, provider.namespace):
            reason = f"optional; enable with --enable-provider {provider.namespace}"
            raise Unsupported(OriginKind.DISABLED, reason)
        if provider.enable_if:
            from rewheel.variants import Marker

            try:
                enabled = Marker.parse(provider.enable_if).evaluate(self._environment)
            except RewheelError as error:
                reason = f"its enable-if cannot be evaluated: {error}"
                raise Unsupported.with_warning(OriginKind.FAILED, reason) from error
            if not enabled:
                raise Unsupported(OriginKind.DISABLED, f"not meant for this target: {provider.enable_if}")

    def _without_provider(self, namespace: str) -> NamespaceSupport:
        """Answer for metadata that does not say who knows: whoever is well known under the name."""
        support = self._machine.detect(namespace)
        if support is None:
            reason = "the package does not say what provides it, and rewheel does not know the name"
            raise Unsupported.with_warning(OriginKind.UNKNOWN, reason)
        return support

    def _by_package(self, provider: Provider, source: str) -> NamespaceSupport:
        """Answer for a provider that is a package: by our own detector in its place, or by running it."""
        from rewheel.machines.native import NATIVE, match_native

        namespace = provider.namespace
        requirements = self._requirements(provider)
        native, why_not = match_native(requirements, provider.plugin_api)
        if native is not None:
            support = self._machine.detect(native.namespace) if native.namespace == namespace else None
            if support is not None:
                return support
            why_not = f"its package provides {native.namespace}"
        self._detail(f"provider of {namespace}: rewheel does not stand in for it: {why_not}")
        try:
            return self._by_plugin(provider, requirements, source)
        except Unsupported as reason:
            if namespace not in NATIVE:
                raise
            # Whoever knows that we detect this namespace wonders why a package has to run.
            raise reason.adding(f"rewheel does not stand in for it: {why_not}") from None

    def _by_plugin(
        self, provider: Provider, requirements: tuple[Requirement, ...], source: str
    ) -> NamespaceSupport:
        names = ", ".join(dict.fromkeys(requirement.project for requirement in requirements))
        if not self._machine.is_here:
            reason = f"{names} cannot tell here what another machine supports; its machine file can list it"
            raise Unsupported.with_warning(OriginKind.UNKNOWN, reason)
        if self._consultant is None:
            raise Unsupported.with_warning(OriginKind.UNKNOWN, f"{names}: plugins cannot run in this command")
        return self._consultant.ask(provider.namespace, provider, requirements, source=source)

    def _requirements(self, provider: Provider) -> tuple[Requirement, ...]:
        """Read what the provider requires; keep what applies, without the markers that said so."""
        from rewheel.metadata import Requirement

        kept = []
        for text in provider.requires:
            try:
                requirement = Requirement.parse(text)
                if requirement.applies(self._environment):
                    kept.append(replace(requirement, marker=None))
            except RewheelError as error:
                reason = f"its requirements cannot be read: {error}"
                raise Unsupported.with_warning(OriginKind.FAILED, reason) from error
        if not kept:
            raise Unsupported.with_warning(OriginKind.FAILED, "none of its required packages applies here")
        return tuple(kept)

    def _warn(self, message: str, *output: str) -> None:
        """Warn once per session; what a plugin printed is for those who want details."""
        if self._is_new(message):
            self._reporter.warning(message)
            for line in output:
                self._reporter.detail(f"  {line}")

    def _detail(self, message: str) -> None:
        if self._is_new(message):
            self._reporter.detail(message)

    def _is_new(self, message: str) -> bool:
        with self._telling:
            if message in self._told:
                return False
            self._told.add(message)
            return True


def as_supported(answers: Mapping[str, NamespaceSupport]) -> Supported:
    """Turn answers into what `rewheel.variants.rank` takes: features and values in order, nothing empty."""
    return {
        namespace: {feature: values for feature, values in support.features.items() if values}
        for namespace, support in answers.items()
        if support.is_supported
    }


def _static(provider: Provider) -> NamespaceSupport:
    features = {feature: values for feature, values in provider.static_properties.items() if values}
    return NamespaceSupport(
        provider.namespace, features, Origin(OriginKind.STATIC, "the package's static list")
    )
