"""Everything that leaves by one agreement: the plain claims and the verified ones, by place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from idp.domain import claims, verified_claims
from idp.domain.claims import ClaimOffer
from idp.domain.request import AuthorizationRequest
from idp.domain.verification import Verification, verification_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from idp.domain.client import Client
    from idp.domain.event import AuthenticationEvent
    from idp.domain.person import Person


@dataclass(frozen=True, kw_only=True, slots=True)
class Leaving:
    """What may leave of a person, proven by one event.

    Attributes:
        plain: offers of claims.
        proven: offers of verified claims, each with the whole path as its name.
    """

    request: AuthorizationRequest
    plain: tuple[ClaimOffer, ...]
    proven: tuple[ClaimOffer, ...]
    verification: Verification | None

    def names(self) -> tuple[str, ...]:
        """Give the names that an agreement may hold."""
        return tuple(offer.name for offer in (*self.plain, *self.proven))

    def agreed(
        self, names: Iterable[str], *, now: datetime
    ) -> tuple[dict[str, object], dict[str, object]]:
        """Give what was agreed to: in the ID token, and at userinfo."""
        kept = frozenset(names)
        id_token, userinfo = claims.granted(self.plain, kept)
        in_token, at_userinfo = verified_claims.granted(
            self.request, self.proven, kept, self.verification, now=now
        )
        return id_token | in_token, userinfo | at_userinfo


def leaving(  # noqa: PLR0913 - who asks what of whom, by which proof, when and where
    request: AuthorizationRequest,
    client: Client,
    person: Person,
    event: AuthenticationEvent,
    *,
    now: datetime,
    issuer: str,
    framework: str,
) -> Leaving:
    """Gather the offers; ``framework`` is the trust framework that verified claims name."""
    return Leaving(
        request=request,
        plain=claims.offers(request, client, person, event, now=now, issuer=issuer),
        proven=verified_claims.offers(
            request, client, person, event, now=now, issuer=issuer, framework=framework
        ),
        verification=verification_of(event, framework=framework),
    )
