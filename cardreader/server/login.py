"""The provider's side of the card: issue a challenge, and turn a token into a verified card.

Keeping the challenge, handing it to one browser and taking it away at the first answer is the
caller's: this module never remembers one.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal

from cryptography.hazmat.primitives.asymmetric import rsa

from cardreader.beid.carried import chip_challenge
from cardreader.beid.register import ChipProof
from cardreader.errors import ChallengeUnknown
from cardreader.server.files import VerifiedFiles, verify_files
from cardreader.token import Algorithm, OriginRefused, signed_origin
from cardreader.trust import pipeline
from cardreader.trust.anchors import Kind
from cardreader.trust.case import Case, Evidence
from cardreader.trust.revocation import RevocationCheck, RevocationLimits

if TYPE_CHECKING:
    from collections.abc import Callable

    from cardreader.beid.carried import CarriedFiles
    from cardreader.trust.anchors import TrustAnchors
    from cardreader.trust.ports import Fetch

_NONCE_BYTES: Final = 32
_NONCE: Final = re.compile(r"[A-Za-z0-9+/]{43}=", re.ASCII)
_LIFE: Final = dt.timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True, slots=True)
class CardChallenge:
    """What the card must sign with the origin: 32 random bytes in base64, and its end."""

    nonce: str = field(repr=False)
    expires_at: dt.datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class VerifiedCard:
    """A card whose holder answered our challenge with the PIN, now, and that is not revoked.

    Attributes:
        kind: citizen or foreigner, from the certificate policy.
        given_names: as in the certificate, separated by spaces; may be empty.
        national_number: eleven digits; for foreigners perhaps a BIS number. Never log it.
        fingerprint: SHA-256 of the certificate, 64 hexadecimal digits. Evidence, not an identity:
            a holder can bend an ECDSA-signed certificate; `issuer` and `serial` name it.
        serial: the certificate's serial number, hexadecimal.
        issuer: the label of the issuing CA in the trust configuration.
        generation: applet ``1.7`` (RSA keys) or ``1.8`` (EC keys).
        algorithm: what the card signed with.
        checked: how revocation was asked, and the times of the answer.
        verified_at: the moment of this login.
    """

    kind: Kind
    given_names: str
    surname: str
    national_number: str = field(repr=False)
    fingerprint: str
    serial: str
    issuer: str
    not_before: dt.datetime
    not_after: dt.datetime
    generation: Literal["1.7", "1.8"]
    algorithm: Algorithm
    checked: Evidence
    verified_at: dt.datetime


class CardServer:
    """Verifies card logins; one is shared by a process and is safe in threads."""

    def __init__(  # noqa: PLR0913 - three ports, the trust and three settings
        self,
        anchors: TrustAnchors | Callable[[], TrustAnchors],
        fetch: Fetch,
        *,
        now: Callable[[], dt.datetime],
        entropy: Callable[[int], bytes],
        challenge_life: dt.timedelta = _LIFE,
        strict_number: bool = True,
        limits: RevocationLimits | None = None,
    ) -> None:
        """Take the trust as it is, or a callable that gives the trust of each moment."""
        self._anchors = anchors if callable(anchors) else lambda: anchors
        self._now = now
        self._entropy = entropy
        self._life = challenge_life
        self._strict_number = strict_number
        self._checks = pipeline.checks(RevocationCheck(fetch, entropy=entropy, limits=limits))

    def begin(self) -> CardChallenge:
        """Make a fresh challenge; the caller binds it to one browser and one transaction."""
        nonce = base64.b64encode(self._entropy(_NONCE_BYTES)).decode("ascii")
        return CardChallenge(nonce=nonce, expires_at=self._now() + self._life)

    def complete(
        self,
        challenge: CardChallenge,
        token_text: str,
        *,
        origin: str,
        live_check: bool = False,
    ) -> VerifiedCard:
        """Verify a token against the challenge that this browser was given.

        Take the challenge from its store before calling: it is spent whatever happens here.

        Args:
            challenge: as `begin` made it.
            token_text: the Web eID token, JSON.
            origin: our own origin as `cardreader.token.signed_origin` gives it.
            live_check: ask the issuer now, reuse no earlier answer.

        Raises:
            OriginRefused: ``origin`` is not in its signed form: a mistake of the caller.
            TokenRefused: nothing is proven; the subclass says which check refused.
        """
        _require_signed_form(origin)
        now = self._now()
        if now > challenge.expires_at or _NONCE.fullmatch(challenge.nonce) is None:
            raise ChallengeUnknown
        case = Case(
            text=token_text,
            origin=origin,
            nonce=challenge.nonce,
            now=now,
            anchors=self._anchors(),
            live_check=live_check,
            strict_number=self._strict_number,
        )
        return _card(pipeline.run(case, self._checks))

    def believe(
        self, carried: CarriedFiles, *, card: VerifiedCard, challenge: CardChallenge, origin: str
    ) -> VerifiedFiles:
        """Verify the files that came with a card's token, once that token is verified.

        The chip must have answered this very challenge and origin with its own key, where its
        generation has one (Belgian facts, section 4.12).

        Args:
            carried: as they came.
            card: whom ``complete`` verified by the same challenge: the files must be that holder's.
            challenge: the one that both answered.
            origin: as ``complete`` takes it.

        Raises:
            FilesRefused: the subclass says what does not hold.
        """
        answer = carried.chip_answer
        chip = None
        if answer is not None:
            expected = chip_challenge(origin=origin, nonce=challenge.nonce)
            chip = ChipProof(challenge=expected, answer=answer)
        return verify_files(
            carried.files,
            anchors=self._anchors(),
            now=card.verified_at,
            holder=card,
            chip=chip,
            strict_number=self._strict_number,
        )


@lru_cache(maxsize=64)  # our own configured origins, the same at every login
def _require_signed_form(origin: str) -> None:
    if signed_origin(origin, allow_http_localhost=False) != origin:
        raise OriginRefused("not in its signed form")


def _card(case: Case) -> VerifiedCard:
    subject, (begin, end) = case.subject, case.window
    older = isinstance(case.key, rsa.RSAPublicKey)
    return VerifiedCard(
        kind=case.kind,
        given_names=subject.given_names,
        surname=subject.surname,
        national_number=subject.national_number,
        fingerprint=hashlib.sha256(case.token.certificate).hexdigest(),
        serial=f"{case.certificate.serial_number:x}",
        issuer=case.issuer.label,
        not_before=begin,
        not_after=end,
        generation="1.7" if older else "1.8",
        algorithm=case.token.algorithm,
        checked=case.evidence,
        verified_at=case.now,
    )
