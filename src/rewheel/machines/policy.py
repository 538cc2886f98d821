"""What the user decided about providers: which are enabled, which are disabled, which may run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rewheel.errors import UsageError
from rewheel.values import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ProviderPolicy", "Scope"]

Scope = tuple[str, str]  # (normalised project or "" for every project, namespace)

_NAMESPACE = re.compile(r"[a-z0-9_]+")
_PROJECT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")


@frozen
class ProviderPolicy:
    """The user's decisions about providers, for one command.

    `enabled` and `disabled` hold scopes: the project whose wheels are chosen (normalised, "" for all) and
    the namespace. `trusted` holds the normalised names of the distributions whose plugins the user lets
    run in this command, whatever namespace they answer for; what then runs is pinned in the trust store.
    """

    enabled: frozenset[Scope] = frozenset()
    disabled: frozenset[Scope] = frozenset()
    trusted: frozenset[str] = frozenset()

    @classmethod
    def parse(
        cls, *, enable: Iterable[str] = (), disable: Iterable[str] = (), trust: Iterable[str] = ()
    ) -> ProviderPolicy:
        """Read the texts of the options: `NAMESPACE` or `PROJECT:NAMESPACE`, and names of distributions.

        Raises UsageError for text of another form.
        """
        return cls(
            enabled=frozenset(_scope(text, "--enable-provider") for text in enable),
            disabled=frozenset(_scope(text, "--disable-provider") for text in disable),
            trusted=frozenset(_project(text, text, "--trust-provider") for text in trust),
        )

    def enables(self, project: str, namespace: str) -> bool:
        """Tell whether the user enabled the optional providers of the namespace for the project."""
        return (project, namespace) in self.enabled or ("", namespace) in self.enabled

    def disables(self, project: str, namespace: str) -> bool:
        """Tell whether the user switched the namespace off for the project.

        What is said of one project outranks what is said of all; at the same rank "disabled" wins.
        """
        if (project, namespace) in self.disabled:
            return True
        return ("", namespace) in self.disabled and (project, namespace) not in self.enabled


def _scope(text: str, option: str) -> Scope:
    project, colon, namespace = text.rpartition(":")
    namespace = namespace.strip()
    if not _NAMESPACE.fullmatch(namespace):
        raise UsageError(
            f"{option} {text!r}: {namespace!r} is not a namespace",
            hint="write NAMESPACE or PROJECT:NAMESPACE; namespaces have lower-case letters, digits and '_'",
        )
    return (_project(project.strip(), text, option) if colon else "", namespace)


def _project(name: str, text: str, option: str) -> str:
    from rewheel.variants import normalize_project

    if not _PROJECT.fullmatch(name):
        raise UsageError(f"{option} {text!r}: {name!r} is not the name of a distribution")
    return normalize_project(name)
