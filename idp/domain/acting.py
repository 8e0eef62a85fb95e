"""What a service may do with tokens beyond its own logins: answer at resources, and act onward."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

TOKEN_EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - a grant's name
MOST_ACTORS: Final = 3
"""How many services may stand between a person's e-service and a resource."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Acting:
    """The part of a registration that is about other services.

    Attributes:
        resources: the identifiers (RFC 8707) of the resources that it answers at: it may ask about
            tokens that are for them, and exchange them.
        targets: the identifiers of others' resources that its tokens may be for.
        scopes: what a token that it gets by exchange may hold at most (RFC 8693).
    """

    resources: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()


ALONE: Final = Acting()
"""Of a client that has to do with its own logins only."""


def act_claim(actors: Iterable[str]) -> dict[str, object]:
    """Give the claim ``act`` (RFC 8693 section 4.1) of actors, the latest first and outermost."""
    claim: dict[str, object] = {}
    for actor in reversed(tuple(actors)):
        claim = {"sub": actor, "act": claim} if claim else {"sub": actor}
    return claim
