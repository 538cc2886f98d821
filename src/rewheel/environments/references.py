"""The requirement that brings an installed distribution back (PEP 610, freezing an environment)."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

if TYPE_CHECKING:
    from rewheel.environments.installed import InstalledDistribution

__all__ = ["editable_location", "exact_requirement"]

# PEP 610: what may stand before the host, besides the user of repositories over SSH.
_VARIABLES = re.compile(r"\$\{[A-Za-z0-9-_]+\}(:\$\{[A-Za-z0-9-_]+\})?")


def exact_requirement(distribution: "InstalledDistribution", *, without_defaults: bool = False) -> str:
    """Return `name==version`, or `name @ URL` for what came from a path or URL.

    `without_defaults` leaves out its default extras, as in `name[]==version` (PEP 771). The URL names the
    commit of a repository and the hash of an archive, where they are known. Passwords are left out.
    """
    name = distribution.name + ("[]" if without_defaults else "")
    reference = _reference(distribution.direct_url) if distribution.direct_url is not None else ""
    if reference:
        return f"{name} @ {reference}"
    return f"{name}{_operator(distribution.version)}{distribution.version}"


def editable_location(distribution: "InstalledDistribution") -> Path | None:
    """Return the folder of an editable distribution's sources; None for any other, and for a bad URL."""
    if not distribution.editable or distribution.direct_url is None:
        return None
    url = distribution.direct_url.get("url")
    if not isinstance(url, str):
        return None
    try:
        parts = urlsplit(url)
        if parts.scheme != "file":
            return None
        from urllib.request import url2pathname

        root = Path(url2pathname(parts.path))
    except ValueError:
        return None
    subdirectory = distribution.direct_url.get("subdirectory")
    return root / subdirectory if isinstance(subdirectory, str) else root


def _reference(direct_url: Mapping[str, Any]) -> str:
    url = direct_url.get("url")
    if not isinstance(url, str) or not url or any(character.isspace() for character in url):
        return ""
    url = _without_secrets(url)
    fragments = []
    vcs = direct_url.get("vcs_info")
    archive = direct_url.get("archive_info")
    if isinstance(vcs, dict):
        url = f"{vcs.get('vcs', 'git')}+{url}@{vcs.get('commit_id', '')}"
    elif isinstance(archive, dict):
        digest = _archive_hash(archive)
        fragments += [digest] if digest else []
    subdirectory = direct_url.get("subdirectory")
    if isinstance(subdirectory, str) and subdirectory:
        fragments.append(f"subdirectory={subdirectory}")
    return url + (f"#{'&'.join(fragments)}" if fragments else "")


def _without_secrets(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    user, at_sign, host = parts.netloc.rpartition("@")
    if not at_sign or user == "git" or _VARIABLES.fullmatch(user):
        return url
    return urlunsplit(parts._replace(netloc=host))


def _archive_hash(archive: Mapping[str, Any]) -> str:
    """Return `algorithm=digest`, in the old or the new way of writing it."""
    single = archive.get("hash")
    if isinstance(single, str) and single:
        return single
    hashes = archive.get("hashes")
    if isinstance(hashes, dict) and hashes:
        algorithm = "sha256" if "sha256" in hashes else min(hashes)
        return f"{algorithm}={hashes[algorithm]}"
    return ""


def _operator(version: str) -> str:
    """Return "==", or "===" for a version that is none (PEP 440, arbitrary equality)."""
    from packaging.version import Version

    try:
        Version(version)
    except ValueError:  # InvalidVersion, or a number too long for Python
        return "==="
    return "=="
