"""Asking the user whether a stranger's provider may run, and keeping the answer."""

from typing import TYPE_CHECKING

from rewheel.cli.session import Session
from rewheel.errors import RewheelError, UsageError

if TYPE_CHECKING:
    from rewheel.machines import TrustStore

__all__ = ["grant", "withdraw"]


def grant(session: Session, package: str, namespace: str, *, yes: bool) -> int:
    """Show what would be trusted, ask, and pin what was agreed to; nothing of it is run or installed.

    Returns the exit code. Raises UsageError when nobody is there to be asked.
    """
    pins, hashes = _found(session, package)
    output = session.output
    where = "for all namespaces" if namespace == "*" else f"for the namespace {namespace}"
    output.say(f"To be trusted {where}, and then run as you whenever a package asks for it:")
    for pin in pins:
        name = pin.partition("==")[0]
        output.say(f"  {pin}   {hashes.get(name, 'without hash')}")
    if not yes:
        answer = output.ask(f"Let {package} run?")
        if answer is None:
            raise UsageError(
                "nobody is here to be asked, so nothing was trusted",
                hint="look at what is listed above, then repeat the command with --yes",
            )
        if not answer:
            output.say("Nothing was trusted")
            return 1
    store = _store(session)
    store.grant(package, namespace, resolved=pins, hashes=hashes)
    output.say(f"Trusted {package} {where}, in {store.path}")
    return 0


def withdraw(session: Session, package: str, namespace: str) -> int:
    """Take consent back, of one namespace or, for `*`, of all; returns the exit code."""
    store = _store(session)
    removed = store.revoke(package, None if namespace == "*" else namespace)
    if not removed:
        session.output.say(f"{package} was not trusted")
        return 1
    session.output.say(f"No longer trusted: {package}")
    return 0


def _store(session: Session) -> "TrustStore":
    from rewheel.machines import TrustStore

    return TrustStore(session.settings.trust_file)


def _found(session: Session, package: str) -> tuple[list[str], dict[str, str]]:
    """Resolve the package with all it needs to plain wheels; return the pins and the hashes by name."""
    from rewheel.cli.requirements import read_requirement
    from rewheel.resolution import ResolveOptions, Resolver

    requirement = read_requirement(package, session.cwd)
    if requirement.url or requirement.extras:
        raise UsageError(f"{package}: name a package of an index, without URL and extras")
    target = session.reference_target
    resolver = Resolver(
        sources=session.sources,
        client=session.client,
        target=target,
        providers=session.providers(session.machine_at(None), target.markers),
        # A variant wheel would need providers in its turn.
        options=ResolveOptions(no_variants=True),
        reporter=session.reporter,
    )
    pins, hashes, folder = [], {}, session.temporary_folder()
    for found in resolver.resolve([requirement]).packages:
        if found.file is None:
            raise RewheelError(f"{found.project} has no wheel that could be trusted")
        pins.append(f"{found.project}=={found.version}")
        digest = found.file.hashes.get("sha256") or session.client.retrieve(found.file, folder).sha256
        hashes[found.project] = f"sha256:{digest}"
    return pins, hashes
