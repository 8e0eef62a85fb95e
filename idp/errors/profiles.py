"""Refusals by the rules of client profiles: each names its profile and its rule.

What is told a client is ``profile fapi2 rule par-required``; a person sees the same page for all of
them, because only the e-service can do something about it. What the rules demand stands in
``idp.oidc.profiles``, and every one of them has its refusals here.
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from idp.errors.catalogue import WayOut, entry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from idp.errors.catalogue import Problem


class Place(StrEnum):
    """Where a rule is held against what came."""

    REGISTRATION = "registration"
    PROOF = "proof"
    REQUEST = "request"
    OBJECT = "object"
    ASK = "ask"
    TOKEN = "token"  # noqa: S105 - the endpoint
    RESOURCE = "resource"


_FACES: Final[Mapping[Place, tuple[str, int]]] = {
    Place.REGISTRATION: ("unauthorized_client", 400),
    Place.PROOF: ("invalid_client", 401),
    Place.REQUEST: ("invalid_request", 400),
    Place.OBJECT: ("invalid_request_object", 400),
    Place.ASK: ("invalid_request", 400),
    Place.TOKEN: ("invalid_request", 400),
    Place.RESOURCE: ("invalid_request", 400),
}
_R, _P, _Q, _O, _A, _T, _U = Place
_RULES: Final[Mapping[str, Mapping[str, tuple[Place, ...]]]] = {
    "fapi2": {
        "client-auth": (_R,),
        "assertion-audience": (_P,),
        "clock-skew": (_P, _O, _A),
        "algorithms": (_R, _P, _O, _A),
        "par-required": (_R, _Q),
        "pkce-s256": (_R, _Q),
        "code-only": (_R, _Q),
        "https-redirects": (_R,),
        "signed-requests": (_Q,),
        "object-type": (_O,),
        "object-times": (_O, _A),
        "object-audience": (_O, _A),
        "code-lifetime": (_T,),
        "sender-constrained": (_R, _T),
        "token-in-header": (_U,),
        "ciba-signed": (_A,),
        "ciba-claims": (_A,),
    },
    "fas": {
        "code-only": (_R, _Q),
        "pkce-s256": (_R, _Q),
        "signed-objects": (_R, _O),
        "scopes": (_R,),
        "signed-userinfo": (_R,),
        "levels": (_R, _Q, _A),
    },
}


def _refusals() -> Mapping[tuple[str, str, Place], Problem]:
    made = {}
    for profile, rules in _RULES.items():
        for rule, places in rules.items():
            for place in places:
                oauth, status = _FACES[place]
                made[profile, rule, place] = entry(
                    f"profile_{profile}_{rule.replace('-', '_')}_{place}",
                    "invalid_grant" if rule == "code-lifetime" else oauth,
                    status,
                    f"profile {profile} rule {rule}",
                    WayOut.BACK_TO_SERVICE,
                    words="profile_rule",
                )
    return MappingProxyType(made)


RULE_REFUSALS: Final = _refusals()
"""The refusal of each (profile, rule, place)."""
