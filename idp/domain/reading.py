"""What one login needs of a card's signed files: decided here, asked of the card, and kept no more.

A fact is read because a claim was asked that a registered purpose entitles, or because a rule of
the registration judges by it. What nobody named is neither read nor sent nor kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from cardreader.beid.carried import FileSet
from idp.domain.claims import entitled, requested
from idp.domain.client import Purpose
from idp.domain.verified_claims import facts_asked
from idp.domain.vocabulary import FILE_FACTS, facts_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from idp.domain.client import Client
    from idp.domain.request import AuthorizationRequest

DOCUMENT: Final = "document_type"
_REMEMBERED: Final = 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """The claims of one purpose that this login asks of the files, as they were asked."""

    purpose: Purpose
    claims: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What to read.

    Attributes:
        facts: the facts to keep of the files.
        files: the sets that they stand in, the identity first: it comes with every other one.
        wanted: why, by purpose.
        rules: the facts among them that the registration's own rules judge by.
        needed: the login cannot go on without them.
    """

    facts: frozenset[str]
    files: tuple[FileSet, ...]
    wanted: tuple[Wanted, ...]
    rules: frozenset[str]
    needed: bool


def reading_of(
    request: AuthorizationRequest, client: Client, *, now: datetime, issuer: str
) -> Reading | None:
    """Decide what this login reads; ``None`` where the certificate alone will do."""
    purposes = entitled(client, now=now, issuer=issuer)
    by_purpose: dict[str, Wanted] = {}
    facts: set[str] = set()
    essential = False
    plain = requested(request, issuer)
    for name, fact in _in_files((*plain, *facts_asked(request)), issuer=issuer).items():
        purpose = purposes.get(fact)
        if purpose is None:
            continue
        facts.add(fact)
        essential = essential or (name in plain and plain[name].essential)
        before = by_purpose.get(purpose.name)
        claims = (*(before.claims if before else ()), name)
        by_purpose[purpose.name] = Wanted(purpose=purpose, claims=claims)
    rules = rule_facts(client)
    if not facts and not rules:
        return None
    sets = {FileSet.IDENTITY, *map(set_of, facts)}
    return Reading(
        facts=frozenset(facts) | rules,
        files=tuple(one for one in FileSet if one in sets),
        wanted=tuple(by_purpose.values()),
        rules=rules,
        needed=essential or bool(rules),
    )


@lru_cache(_REMEMBERED)
def _in_files(names: tuple[str, ...], *, issuer: str) -> Mapping[str, str]:
    """Give the claim names that stand for a fact of the files, each with it."""
    facts = facts_of(names, issuer=issuer)
    return MappingProxyType({name: fact for name, fact in facts.items() if fact in FILE_FACTS})


def rule_facts(client: Client) -> frozenset[str]:
    """Give the facts that a client's own rules judge by."""
    found = {DOCUMENT} if client.accepted_documents else set()
    if client.minimum_age is not None:
        found.add(age_fact(client.minimum_age))
    return frozenset(found)


def age_fact(years: int) -> str:
    """Give the name of the fact that somebody has reached an age, whatever age it is."""
    return f"age_over_{years}"


def set_of(fact: str) -> FileSet:
    """Give the set of files that a fact stands in; every age stands in the identity."""
    return FILE_FACTS.get(fact, FileSet.IDENTITY)
