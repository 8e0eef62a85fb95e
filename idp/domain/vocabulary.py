"""What may be asked: scopes and claims as data, with the names that other schemes use for ours.

A *fact* is what we may know of a person; a *claim name* is a word for it. Several names may stand
for one fact, and the name that was asked is the name that is answered.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from cardreader.beid.carried import FileSet

if TYPE_CHECKING:
    from collections.abc import Mapping

RRN_PATH: Final = "/claims/rrn"
"""The national number's own claim name is the issuer followed by this."""


class Source(StrEnum):
    """Where a fact comes from, and so whether this deployment can ever give it."""

    PERSON = "person"
    CARD = "card"
    FILES = "files"
    SEEDED = "seeded"


_PERSON: Final = ("name", "given_name", "family_name", "updated_at", "rrn", "rrn_type")
_CARD: Final = (
    "issuing_country",
    "valid_from",
    "valid_to",
    "card_generation",
    "certificate_serial",
)
AGES: Final = (12, 16, 18, 21, 30, 65)
"""The ages that can be asked about without asking for the day of birth."""
FILE_FACTS: Final[Mapping[str, FileSet]] = MappingProxyType(
    {
        **dict.fromkeys(("birthdate", "gender", "place_of_birth"), FileSet.IDENTITY),
        **dict.fromkeys(("nationality", "nationalities"), FileSet.IDENTITY),
        **dict.fromkeys(("document_type", "document_number"), FileSet.IDENTITY),
        **{f"age_over_{age}": FileSet.IDENTITY for age in AGES},
        "address": FileSet.ADDRESS,
        "picture": FileSet.PHOTO,
    }
)
"""Facts that only a card's signed files prove, and the set of files that each stands in."""
TEXTS: Final = frozenset(
    {
        "middle_name",
        "nickname",
        "preferred_username",
        "profile",
        "picture",
        "website",
        "gender",
        "birthdate",
        "zoneinfo",
        "locale",
        "email",
        "phone_number",
    }
)
"""Standard claims of seeded persons that are texts (OpenID Connect Core 5.1)."""
FLAGS: Final = MappingProxyType(
    {"email_verified": "email", "phone_number_verified": "phone_number"}
)
"""Standard claims that are booleans, and the claim that each speaks about."""

FACTS: Final[Mapping[str, Source]] = MappingProxyType(
    {
        **dict.fromkeys(_PERSON, Source.PERSON),
        **dict.fromkeys(_CARD, Source.CARD),
        **dict.fromkeys(FILE_FACTS, Source.FILES),
        **dict.fromkeys(sorted((TEXTS | FLAGS.keys()) - FILE_FACTS.keys()), Source.SEEDED),
    }
)

AUTHORISED: Final = frozenset({"rrn", "rrn_type"})
"""Facts that leave only under a purpose that names an authorisation."""

UNVERIFIED: Final = frozenset({"updated_at"})
"""Facts of a person that no card says."""

_ALIASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "egovNRN": "rrn",
        "surname": "family_name",
        "givenName": "given_name",
        "mail": "email",
        "prefLanguage": "locale",
        **{f"age_gte_{age}": f"age_over_{age}" for age in AGES},
    }
)
_FACT_OF: Final[Mapping[str, str]] = MappingProxyType(
    {**{fact: fact for fact in FACTS}, **_ALIASES}
)

_PROFILE: Final = (
    "name",
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "updated_at",
)
_SCOPES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "openid": (),
        "profile": _PROFILE,
        "email": ("email", "email_verified"),
        "phone": ("phone_number", "phone_number_verified"),
        "address": ("address",),
        "egovnrn": ("egovNRN", "rrn_type"),
        "be:rrn": (RRN_PATH, "rrn_type"),
        "be:eid": (*_CARD, "document_number", "document_type"),
        "be:birth": ("birthdate", "place_of_birth"),
        "be:nationality": ("nationality", "nationalities"),
        "be:photo": ("picture",),
        "be:age": tuple(f"age_over_{age}" for age in AGES),
        "offline_access": (),
        "grant_management_query": (),
        "grant_management_revoke": (),
    }
)

_FEDERAL: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "profile": ("surname", "givenName", "prefLanguage"),
        "email": ("mail",),
        "egovnrn": ("egovNRN",),
    }
)
"""What a scope asks for in the words of the federal service, for clients of the profile ``fas``."""

_PROTOCOL_CLAIMS: Final = ("sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr")


def fact_of(name: str, *, issuer: str) -> str | None:
    """Give the fact that a claim name stands for, ``None`` for a name we do not know."""
    return _FACT_OF.get(name) or ("rrn" if name == issuer + RRN_PATH else None)


@lru_cache(1024)
def facts_of(names: tuple[str, ...], *, issuer: str) -> Mapping[str, str]:
    """Give the facts that claim names stand for, by name; without names we do not know."""
    facts = ((name, fact_of(name, issuer=issuer)) for name in names)
    return MappingProxyType({name: fact for name, fact in facts if fact is not None})


@lru_cache(256)
def scope_claims(scope: str, *, issuer: str) -> tuple[str, ...]:
    """Give the claim names of a scope (OpenID Connect Core 5.4); none for an unknown one."""
    return tuple(issuer + name if name == RRN_PATH else name for name in _SCOPES.get(scope, ()))


def federal_claims(scope: str, *, issuer: str) -> tuple[str, ...]:
    """Give the claim names of a scope in the federal dialect."""
    return _FEDERAL.get(scope) or scope_claims(scope, issuer=issuer)


def scopes_supported(*, seeded: bool) -> tuple[str, ...]:
    """Give every scope that can lead to something here.

    ``seeded`` tells whether seeded persons may sign in: only they have a telephone, for example.
    """
    return tuple(
        scope
        for scope, names in _SCOPES.items()
        if not names or any(_reachable(name, seeded=seeded) for name in names)
    )


def claims_supported(*, issuer: str, seeded: bool) -> tuple[str, ...]:
    """Give every claim name that can be answered here (OpenID Connect Discovery 3)."""
    names = dict.fromkeys(_PROTOCOL_CLAIMS)
    for scope in _SCOPES:
        names |= dict.fromkeys(
            name for name in scope_claims(scope, issuer=issuer) if _reachable(name, seeded=seeded)
        )
    federal = {name for scope in _FEDERAL.values() for name in scope}
    others = (name for name in _ALIASES if name in federal and _reachable(name, seeded=seeded))
    return (*(names | dict.fromkeys(others)), "rrn", *(f"age_gte_{age}" for age in AGES))


def claims_verifiable(*, issuer: str, card: bool) -> tuple[str, ...]:
    """Give every claim name that can be answered as verified: a card said it.

    ``card`` tells whether logins by card are offered; a phone knows the person alone.
    """
    sources = {Source.PERSON, Source.CARD, Source.FILES} if card else {Source.PERSON}
    return tuple(
        name
        for name in claims_supported(issuer=issuer, seeded=False)
        if (fact := fact_of(name, issuer=issuer)) is not None
        and FACTS[fact] in sources
        and fact not in UNVERIFIED
    )


def _reachable(name: str, *, seeded: bool) -> bool:
    fact = _ALIASES.get(name, name)
    return seeded or FACTS.get(fact) is not Source.SEEDED
