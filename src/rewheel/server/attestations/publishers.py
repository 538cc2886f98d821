"""Who may attest for a project: the machines that publish it, as the operator names them (PEP 740)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = ["CLAIMS", "Kind", "Publisher", "read_publishers"]

CLAIMS = {
    "1.3.6.1.4.1.57264.1.8": "issuer",
    "1.3.6.1.4.1.57264.1.12": "repository",
    "1.3.6.1.4.1.57264.1.13": "sha",
    "1.3.6.1.4.1.57264.1.14": "ref",
    "1.3.6.1.4.1.57264.1.18": "config",
}
"""What a certificate says of the machine that it was given to, by the identifiers of its extensions."""

_ISSUERS = {
    "GitHub": "https://token.actions.githubusercontent.com",
    "GitLab": "https://gitlab.com",
    "Google": "https://accounts.google.com",
}
_REPOSITORIES = {"GitHub": "https://github.com", "GitLab": "https://gitlab.com"}


class Kind(StrEnum):
    """Services whose identities are known, by the names that PyPI gives them."""

    GITHUB = "GitHub"
    GITLAB = "GitLab"
    GOOGLE = "Google"


@dataclass(frozen=True, slots=True)
class Publisher:
    """A machine that publishes some projects."""

    kind: Kind
    projects: tuple[str, ...]
    """Names and patterns of the projects."""
    repository: str = ""
    """Of GitHub or GitLab: `owner/name`."""
    workflow: str = ""
    """The file of the workflow: of GitHub its name, of GitLab its path."""
    email: str = ""
    """Of Google: the service account."""

    def vouches(self, claims: Mapping[str, str]) -> bool:
        """Tell whether a certificate that says this was given to it; `email` is that of the certificate."""
        if claims.get("issuer") != _ISSUERS[self.kind]:
            return False
        if self.kind is Kind.GOOGLE:
            return bool(self.email) and claims.get("email") == self.email
        home = f"{_REPOSITORIES[self.kind]}/{self.repository}"
        folder = f"{home}/.github/workflows/" if self.kind is Kind.GITHUB else f"{home}//"
        versions = [claims[name] for name in ("sha", "ref") if claims.get(name)]
        return claims.get("repository") == home and any(
            claims.get("config") == f"{folder}{self.workflow}@{version}" for version in versions
        )

    def document(self, claims: Mapping[str, str]) -> dict[str, Any]:
        """Return it as provenance has it."""
        kept = {name: claims[name] for name in ("ref", "sha") if name in claims}
        found: dict[str, Any] = {"kind": self.kind.value, "claims": kept}
        if self.kind is Kind.GOOGLE:
            return {**found, "email": self.email}
        place = "workflow" if self.kind is Kind.GITHUB else "workflow_filepath"
        return {**found, "repository": self.repository, place: self.workflow, "environment": None}


def read_publishers(value: object) -> tuple[Publisher, ...]:
    """Read tables with `projects`, `kind`, and what identifies such a machine. Raises ValueError."""
    if not isinstance(value, list):
        message = "expected a list of tables with projects, kind, and repository and workflow, or email"
        raise ValueError(message)  # noqa: TRY004 - as all readers of settings
    return tuple(_publisher(item) for item in value)


def _publisher(item: object) -> Publisher:
    from rewheel.indexes import NamePattern

    if not isinstance(item, dict) or item.get("kind") not in set(Kind):
        raise ValueError(f"expected tables whose kind is one of {', '.join(Kind)}")
    kind = Kind(item["kind"])
    named = {"email"} if kind is Kind.GOOGLE else {"repository", "workflow"}
    projects = item.get("projects")
    words = [item.get(name) for name in named]
    if set(item) != {"kind", "projects", *named} or not all(isinstance(word, str) and word for word in words):
        raise ValueError(f"expected projects, kind and {' and '.join(sorted(named))} for {kind}")
    if not isinstance(projects, list) or not projects or not all(isinstance(each, str) for each in projects):
        raise ValueError("expected a list of names or patterns of projects")
    for each in projects:
        NamePattern.parse(each)
    if kind is not Kind.GOOGLE and item["repository"].count("/") < 1:
        raise ValueError("expected a repository as owner/name")
    return Publisher(kind, tuple(projects), **{name: item[name] for name in named})
