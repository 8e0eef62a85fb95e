"""The ``claims`` parameter of a back-channel request (OpenID Connect Core 5.5), verified ones too.

CIBA Core 7.1 takes the parameters of an authentication request; this one says the same here as it
does at the authorization endpoint. Of ``acr`` and ``sub`` in it, which are about the login itself,
a level that no phone reaches is refused at once, and so is another person than the hint's.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from idp.domain.assurance import ALIASES, Assurance, lowest_asked
from idp.errors import INVALID_REQUEST, UNMET_AUTHENTICATION_REQUIREMENTS, Refused
from idp.oidc.claims_parameter import ClaimsParameter, read_claims

if TYPE_CHECKING:
    from idp.domain.request import ClaimRequest
    from idp.oidc.form import Parameters


@dataclass(frozen=True, kw_only=True, slots=True)
class AskedClaims:
    """What the parameter asks; without one, nothing beside the levels of the request."""

    claims: ClaimsParameter
    acr_words: tuple[str, ...]
    essential_acr: bool = False


def read_asked(
    params: Parameters, *, acr_words: tuple[str, ...], subject: str | None
) -> AskedClaims:
    """Read the parameter beside the levels and the subject that the others ask for.

    Raises:
        Refused: INVALID_REQUEST; UNMET_AUTHENTICATION_REQUIREMENTS.
    """
    sent = params.text("claims")
    if sent is None:
        return AskedClaims(claims=ClaimsParameter(), acr_words=acr_words)
    asked, essential = read_claims(sent), False
    for claim in asked.id_token:
        if claim.name == "acr":
            acr_words, essential = _levels(claim, acr_words)
        elif claim.name == "sub" and claim.values != ():
            _demand_subject(claim, subject)
    return AskedClaims(claims=asked, acr_words=acr_words, essential_acr=essential)


def _levels(claim: ClaimRequest, asked: tuple[str, ...]) -> tuple[tuple[str, ...], bool]:
    """Essential words stand alone; voluntary ones join ``acr_values`` (Core 5.5.1.1)."""
    words = tuple(json.loads(value) for value in claim.values)
    known = tuple(word for word in words if isinstance(word, str) and word in ALIASES)
    if not claim.essential:
        return tuple(dict.fromkeys((*asked, *known))), False
    if words and not known:
        raise Refused(UNMET_AUTHENTICATION_REQUIREMENTS, "no essential acr is known here")
    wanted = known or asked
    floor = lowest_asked(wanted)
    if floor is not None and floor > Assurance.SUBSTANTIAL:
        raise Refused(UNMET_AUTHENTICATION_REQUIREMENTS, "a push never reaches an essential acr")
    return wanted, True


def _demand_subject(claim: ClaimRequest, subject: str | None) -> None:
    """``sub`` with one value names whom the hint names (Core 5.5.1)."""
    values = [json.loads(value) for value in claim.values]
    if values != [subject]:
        raise Refused(INVALID_REQUEST, "sub in claims is not whom the hint names")
