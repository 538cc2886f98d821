"""From a provider that is a package to what it says: consent, isolated environment, question, answer."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NoReturn

from rewheel.errors import RewheelError
from rewheel.machines.consent import Consent
from rewheel.machines.plugin_api import Endpoint, PluginError, printable
from rewheel.machines.support import NamespaceSupport, Origin, OriginKind
from rewheel.machines.trust import TrustError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rewheel.machines.plugin_api import PluginDescription
    from rewheel.machines.plugins import PluginRunner, PreparedEnvironment
    from rewheel.machines.policy import ProviderPolicy
    from rewheel.machines.trust import TrustStore
    from rewheel.metadata import Requirement
    from rewheel.variants import Provider

__all__ = ["Consultant", "Unsupported"]

_REASON_LIMIT = 800  # characters


class Unsupported(Exception):  # noqa: N818 (an answer, not an error)
    """Why nothing of a namespace is supported.

    `warning` is what the user should know without asking, "" where all is as the user wants it; `output`
    is what a plugin printed before it failed.
    """

    def __init__(
        self, kind: OriginKind, reason: str, *, warning: str = "", output: Sequence[str] = ()
    ) -> None:
        self.origin = Origin(kind, printable(reason, _REASON_LIMIT))
        self.warning = printable(warning, _REASON_LIMIT)
        self.output = tuple(output)
        super().__init__(self.origin.detail)

    @classmethod
    def with_warning(cls, kind: OriginKind, reason: str, *, output: Sequence[str] = ()) -> Unsupported:
        """Make the reason the warning as well."""
        return cls(kind, reason, warning=reason, output=output)

    def adding(self, remark: str) -> Unsupported:
        """Say the same with a remark after it."""
        warning = f"{self.warning}; {remark}" if self.warning else ""
        return Unsupported(
            self.origin.kind, f"{self.origin.detail}; {remark}", warning=warning, output=self.output
        )


class Consultant:
    """Asks the plugins that the user trusts; `warn` hears what should be known although it went well."""

    def __init__(
        self,
        plugins: PluginRunner,
        *,
        policy: ProviderPolicy,
        trust: TrustStore | None,
        warn: Callable[[str], None],
    ) -> None:
        self._plugins = plugins
        self._policy = policy
        self._trust = trust
        self._warn = warn
        self._lock = threading.Lock()

    def ask(
        self, namespace: str, provider: Provider, requirements: Sequence[Requirement], *, source: str
    ) -> NamespaceSupport:
        """Ask the plugin of a namespace what this computer supports; raises Unsupported.

        `requirements` are those of the provider that apply, without their markers, at least one. Nothing
        is installed, let alone run, before there is consent for every one of them.
        """
        names = list(dict.fromkeys(requirement.project for requirement in requirements))
        try:
            endpoint = _endpoint(provider, requirements)
            prepared = self._prepared(namespace, requirements, source)
            features = self._plugins.supported(prepared, endpoint, namespace)
        except PluginError as error:
            raise Unsupported.with_warning(
                OriginKind.FAILED, f"{', '.join(names)}: {error}", output=error.output
            ) from error
        pins = prepared.versions
        resolved = [f"{name}=={pins[name]}" for name in names if name in pins]
        return NamespaceSupport(
            namespace,
            {feature.name: feature.values for feature in features if feature.values},
            Origin(OriginKind.PLUGIN, f"plugin {', '.join(resolved or names)}"),
            provider=", ".join(resolved),
            plugin_api=str(endpoint),
        )

    def describe(
        self,
        namespace: str,
        provider: Provider,
        requirements: Sequence[Requirement],
        properties: Sequence[tuple[str, str]],
        *,
        source: str,
    ) -> PluginDescription:
        """Ask the plugin what may be declared in wheels at all; raises Unsupported, see `ask`."""
        try:
            endpoint = _endpoint(provider, requirements)
            prepared = self._prepared(namespace, requirements, source)
            return self._plugins.describe(prepared, endpoint, namespace, properties=properties)
        except PluginError as error:
            names = ", ".join(dict.fromkeys(requirement.project for requirement in requirements))
            raise Unsupported.with_warning(
                OriginKind.FAILED, f"{names}: {error}", output=error.output
            ) from error

    def _prepared(
        self, namespace: str, requirements: Sequence[Requirement], source: str
    ) -> PreparedEnvironment:
        """Find consent, install what it is about, and see that this is what was agreed to."""
        # One at a time: two threads must not pin one consent to two resolutions.
        with self._lock:
            consent = self._consent(namespace, requirements)
            if consent.missing:
                _refuse(consent.missing, "not trusted")
            if objection := consent.objection_to(requirements):
                _refuse(consent.packages, objection)
            try:
                texts = consent.pinned([str(requirement) for requirement in requirements])
                prepared = self._plugins.prepare(texts, source)
            except RewheelError as error:
                names = ", ".join(consent.packages)
                reason = f"{names} could not be installed: {error}"
                raise Unsupported.with_warning(OriginKind.FAILED, reason) from error
            if objection := consent.objection(prepared):
                _refuse(consent.packages, objection)
            if self._trust is not None:
                try:
                    consent.record(prepared, self._trust)
                except RewheelError as error:
                    self._warn(f"consent is not remembered: {error}")
            return prepared

    def _consent(self, namespace: str, requirements: Sequence[Requirement]) -> Consent:
        names = [requirement.project for requirement in requirements]
        try:
            return Consent.look_up(names, namespace, policy=self._policy, store=self._trust)
        except TrustError as error:
            raise Unsupported.with_warning(OriginKind.UNTRUSTED, str(error)) from error


def _endpoint(provider: Provider, requirements: Sequence[Requirement]) -> Endpoint:
    if provider.plugin_api:
        return Endpoint.parse(provider.plugin_api)
    return Endpoint.of_distribution(requirements[0].project)


def _refuse(packages: Sequence[str], problem: str) -> NoReturn:
    """Say what is not trusted and how to change that; nothing asks in the middle of the work."""
    names = ", ".join(packages)
    commands = " and ".join(f"`rewheel machine trust {name}`" for name in packages)
    options = " ".join(f"--trust-provider {name}" for name in packages)
    advice = f"run {commands}, or use {options}"
    if problem == "not trusted":
        raise Unsupported(
            OriginKind.UNTRUSTED, advice, warning=f"{names}: not trusted, so it was not asked; {advice}"
        )
    raise Unsupported.with_warning(OriginKind.UNTRUSTED, f"{names}: {problem}; {advice}")
