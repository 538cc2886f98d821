"""Who may be the first to upload to a name that nobody has: the operator's choice.

Rules are words, `[PATTERN=]WHO`, of which the first counts whose pattern is that of the name. WHO is `anyone`
who has a token for uploads, `admins`, or `organisation:NAME`, whose members may. Administrators always may,
and names that no rule is about are anyone's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Connection

from rewheel.indexes import NamePattern
from rewheel.server.catalog import organisations
from rewheel.server.catalog.tokens import Identity
from rewheel.server.errors import Refused

__all__ = ["Rule", "check_new_name", "read_rules"]

_ANYONE = "anyone"
_ADMINS = "admins"
_MEMBERS = "organisation:"


@dataclass(frozen=True, slots=True)
class Rule:
    """Whom names of a pattern are for."""

    pattern: NamePattern
    who: str
    """`anyone`, `admins`, or the name of an organisation after `organisation:`."""

    @classmethod
    def parse(cls, text: str) -> "Rule":
        """Read one rule; raises ValueError."""
        pattern, separator, who = text.strip().rpartition("=")
        if who not in {_ANYONE, _ADMINS} and not (who.startswith(_MEMBERS) and who != _MEMBERS):
            raise ValueError(
                f"{text!r} is not anyone, admins or organisation:NAME, with or without PATTERN= before it"
            )
        return cls(NamePattern.parse(pattern if separator else "*"), who)


@cache
def read_rules(words: Sequence[str]) -> tuple[Rule, ...]:
    """Read rules in their order; raises ValueError. `words` is a tuple."""
    return tuple(Rule.parse(word) for word in words)


def check_new_name(connection: Connection, rules: tuple[str, ...], identity: Identity, name: str) -> None:
    """Refuse (403) to let somebody have a normalised name that nobody has."""
    if identity.is_admin:
        return
    rule = next((rule for rule in read_rules(rules) if rule.pattern.matches(name)), None)
    if rule is None or rule.who == _ANYONE:
        return
    if rule.who != _ADMINS:
        wanted = rule.who.removeprefix(_MEMBERS)
        found = organisations.find(connection, wanted)
        if found is not None and organisations.is_member(connection, found.id, identity.account_id):
            return
        whom = f"members of {wanted}"
    else:
        whom = "administrators"
    raise Refused(
        403,
        f"{name} is new here, and such a name is given to {whom} only, not to {identity.name}",
        hint=f"ask an administrator for it (`rewheel index project register {name} --owner {identity.name}`)",
        kind="new-name",
    )
