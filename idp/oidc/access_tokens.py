"""Access tokens in their two forms: an opaque text, or a signed JWT (RFC 9068) of the same row.

What the Ledger keeps is the same: the hash of a random text. An opaque token is that text; a JWT
names the hash, with the epoch, as its ``jti``, and then nobody ever learns the text. So both are
revoked, introspected and refused after a restore alike, and what a log keeps of a ``jti`` is good
for nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from idp.domain.acting import act_claim
from idp.domain.grant import Made, TokenHash
from idp.errors import INVALID_TOKEN, UNAVAILABLE, Refused
from idp.oidc import binding, tokens
from idp.oidc.tokens import Opaque
from keys.errors import KeysError, TokenForged

if TYPE_CHECKING:
    from collections.abc import Callable

    from idp.domain.grant import AccessToken, Grant
    from idp.domain.person import SubjectId
    from idp.oidc.hints import HintRing
    from idp.oidc.pens import Pen

TYP: Final = "at+jwt"
LONGEST: Final = 8 * 1024
"""In characters: what a form may hold."""
_DOTS: Final = 2
_JTI: Final = re.compile(r"(0|[1-9][0-9]{0,9})\.([0-9a-f]{64})")


def make(
    *, epoch: int, entropy: Callable[[int], bytes], keep: Callable[[TokenHash], AccessToken]
) -> Made:
    """Make one; ``keep`` gives what is kept under its hash."""
    minted = tokens.mint(epoch=epoch, entropy=entropy)
    return Made(kept=keep(minted.hash), text=minted.text, jti=f"{epoch}.{minted.hash}")


def write(made: Made, grant: Grant, pen: Pen, *, issuer: str) -> str:
    """Sign it as a JWT (RFC 9068 section 2.2); no agreed claim is in it."""
    token = made.kept
    content: dict[str, object] = {
        "iss": issuer,
        "sub": subject_of(token, grant),
        "aud": token.audience[0] if len(token.audience) == 1 else list(token.audience),
        "client_id": token.client,
        "iat": int(token.issued_at.timestamp()),
        "exp": int(token.expires_at.timestamp()),
        "jti": made.jti,
        "scope": " ".join(token.scopes),
        "auth_time": int(grant.event.at.timestamp()),
        "acr": grant.acr_word,
        "amr": list(grant.event.amr),
    }
    if token.key is not None:
        content["cnf"] = binding.confirmation(token.key)
    if token.delegation is not None:
        content["act"] = act_claim(token.delegation.actors)
    return pen.write(content, typ=TYP)


def subject_of(token: AccessToken, grant: Grant) -> SubjectId:
    """Give the name of the person for the one who was given the token."""
    return grant.subject if token.delegation is None else token.delegation.subject


class AccessTokens:
    """Reads what is presented as an access token, in either form."""

    def __init__(self, ring: HintRing, *, issuer: str) -> None:
        self._ring = ring
        self._issuer = issuer

    def read(self, text: str) -> Opaque:
        """Give what the Ledger knows it by; whether it is good is the Ledger's to say.

        Not inside a unit of work: a signature may have to be verified.

        Raises:
            Refused: INVALID_TOKEN where no such token was ever made here, UNAVAILABLE while the
                ring cannot be read.
        """
        if len(text) > LONGEST:
            raise Refused(INVALID_TOKEN, "longer than any token of ours")
        if text.count(".") != _DOTS:
            return tokens.read(text, INVALID_TOKEN)
        try:
            claims = self._ring.open(text, typ=TYP)
        except TokenForged as error:
            raise Refused(INVALID_TOKEN, f"not an access token of ours: {error}") from None
        except KeysError as error:
            raise Refused(UNAVAILABLE, "the key ring cannot be read") from error
        jti = claims.get("jti")
        found = _JTI.fullmatch(jti) if isinstance(jti, str) else None
        if found is None or claims.get("iss") != self._issuer:
            raise Refused(INVALID_TOKEN, "signed by us for something else")
        return Opaque(epoch=int(found[1]), hash=TokenHash(found[2]))

    def find(self, text: str) -> Opaque | None:
        """Give the same, ``None`` where it is no token of ours. Raises: Refused(UNAVAILABLE)."""
        try:
            return self.read(text)
        except Refused as refused:
            if refused.problem is UNAVAILABLE:
                raise
            return None
