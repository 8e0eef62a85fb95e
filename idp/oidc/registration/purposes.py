"""Why a client may receive claims: each purpose explained, bounded, authorised where needed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from idp.domain.client import Purpose
from idp.oidc.registration.members import Members

if TYPE_CHECKING:
    from datetime import datetime

    from idp.oidc.registration.policy import Policy

_MOST: Final = 20
_MOST_CLAIMS: Final = 60
_LONGEST_REASON: Final = 300
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}", re.ASCII)
PURPOSE_MEMBERS: Final = {
    "name": "A short identifier, unique in the client (a-z, 0-9, -).",
    "reason": "What the citizen reads at consent, by language; every language of the pages.",
    "claims": "The claim names that this purpose entitles.",
    "authorisation": "The reference that allows the national number; required for it.",
    "expires_at": "After this the purpose entitles nothing; required for the national number.",
}


def read_purposes(
    members: Members, policy: Policy, *, former: tuple[Purpose, ...], now: datetime
) -> tuple[Purpose, ...]:
    """Give the member ``purposes``, a list of tables.

    A purpose that has ended is refused unless it stood so in the ``former`` registration: an edit
    of something else need not touch it.
    """
    value = members.raw("purposes")
    if value is None:
        return ()
    if not isinstance(value, (list, tuple)):
        members.fault("purposes", "write a list of tables, each with name, reason and claims")
        return ()
    if len(value) > _MOST:
        members.fault("purposes", f"at most {_MOST} purposes, not {len(value)}")
        return ()
    kept: list[Purpose] = []
    for place, table in enumerate(value):
        where = f"purposes[{place}]"
        if not isinstance(table, dict):
            members.fault(where, "write a table with name, reason and claims")
            continue
        purpose = _purpose(Members(table, members.faults, path=where), policy)
        if purpose.name in {other.name for other in kept}:
            members.fault(f"{where}.name", "every purpose has a name of its own")
        ended = purpose.expires_at is not None and purpose.expires_at <= now
        if ended and purpose not in former:
            members.fault(f"{where}.expires_at", "this has passed; write a later time")
        kept.append(purpose)
    return tuple(kept)


def _purpose(table: Members, policy: Policy) -> Purpose:
    table.only(PURPOSE_MEMBERS, explained={})
    name = table.text("name", longest=40)
    if name is None:
        table.fault("name", "write a short identifier, such as login")
    elif not _NAME.fullmatch(name):
        table.fault("name", "only a-z, 0-9 and -, beginning with a letter or number")
    reason = table.by_language("reason", longest=_LONGEST_REASON)
    missing = [language for language in policy.languages if language not in reason]
    if missing and not table.faults.of(table.named("reason")):
        table.fault("reason", f"explain it to the citizen in {', '.join(missing)} too")
    claims = _claims(table, policy)
    authorisation = table.text("authorisation")
    expires_at = table.moment("expires_at")
    national = [claim for claim in claims if policy.is_national_number(claim)]
    if national and authorisation is None:
        table.fault(
            "authorisation",
            f"{national[0]} leaves only under an authorisation; write its reference",
        )
    if national and expires_at is None:
        table.fault("expires_at", f"{national[0]} leaves only until a date; write when it ends")
    return Purpose(
        name=name or "",
        reason=reason,
        claims=claims,
        authorisation=authorisation,
        expires_at=expires_at,
    )


def _claims(table: Members, policy: Policy) -> tuple[str, ...]:
    claims = table.words("claims", most=_MOST_CLAIMS) or ()
    if not claims:
        table.fault("claims", 'name at least one claim, such as ["given_name", "family_name"]')
    known = policy.claims()
    for place, claim in enumerate(claims):
        if claim not in known:
            table.fault(
                f"claims[{place}]",
                f"{claim} cannot be given here; the claims are {' '.join(known)}",
            )
    return claims
