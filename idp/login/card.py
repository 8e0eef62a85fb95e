"""The eID card as a means of login: challenge out, Web eID token back, a proof of level high."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from cardreader.errors import TokenRefused
from cardreader.server import CardChallenge
from idp.domain.assurance import Assurance
from idp.domain.event import CardEvidence, MethodName
from idp.errors import CARD_CHALLENGE_UNKNOWN, problem_of_card
from idp.login.methods import CHALLENGE_MARK, Challenge, Mark, Proof, ProofRefused
from idp.login.people import person_of_card

if TYPE_CHECKING:
    from collections.abc import Callable

    from cardreader.server import CardServer, VerifiedCard
    from idp.domain.client import Client

_SKEW: Final = timedelta(hours=1)
"""A spent challenge stays marked this much longer than any clock of ours may differ."""
_HOLDERS: Final = {"citizen": "be:eid", "foreigner": "be:foreigner"}


class CardMethod:
    """``LoginMethod`` over ``cardreader.server``."""

    name: Final = MethodName.CARD
    ceiling: Final = Assurance.HIGH

    def __init__(self, server: CardServer, *, origin: str, entropy: Callable[[int], bytes]) -> None:
        """Take the ``origin`` that cards sign here, as ``signed_origin`` gives it."""
        self._server = server
        self._origin = origin
        self._entropy = entropy

    def start(self) -> Challenge:
        """Make a fresh challenge."""
        challenge = self._server.begin()
        return Challenge(text=challenge.nonce, ends=challenge.expires_at)

    def verify(self, answer: str, *, challenge: Challenge | None, client: Client) -> Proof:
        """Verify a Web eID token, revocation included. Raises: ProofRefused."""
        if challenge is None:
            raise ProofRefused(CARD_CHALLENGE_UNKNOWN, "no challenge stands open")
        try:
            card = self._server.complete(
                CardChallenge(nonce=challenge.text, expires_at=challenge.ends),
                answer,
                origin=self._origin,
                live_check=client.live_check,
            )
        except TokenRefused as error:
            raise ProofRefused(problem_of_card(error), error.code) from error
        return Proof(
            evidence=_evidence(card),
            acr=Assurance.HIGH,
            amr=("sc", "pin", "mfa", _HOLDERS[card.kind]),
            at=card.verified_at,
            marks=(Mark(kind=CHALLENGE_MARK, key=challenge.text, until=challenge.ends + _SKEW),),
            identify=partial(person_of_card, card=card, entropy=self._entropy),
        )


def _evidence(card: VerifiedCard) -> CardEvidence:
    return CardEvidence(
        holder=card.kind,
        certificate_fingerprint=card.fingerprint,
        certificate_serial=card.serial,
        issuer=card.issuer,
        generation="rsa-2048" if card.generation == "1.7" else "ec-p384",
        not_before=card.not_before,
        not_after=card.not_after,
        revocation=card.checked.method,
        status_at=card.checked.this_update,
    )
