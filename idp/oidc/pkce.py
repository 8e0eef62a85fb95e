"""The proof of possession of the one who began the login (RFC 7636), at its end: S256 and no other.

Whether a challenge must have been sent is decided when the request is read; here stands what was
sent: a challenge is always enforced, a verifier without one is refused (RFC 9700 section 2.1.1).
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from authlib.oauth2.rfc7636.challenge import (
    CODE_VERIFIER_PATTERN,
    create_s256_code_challenge,
)

from idp.domain.client import ClientAuth, Pkce
from idp.errors import INVALID_GRANT, INVALID_REQUEST, Refused

if TYPE_CHECKING:
    from idp.domain.client import Client


def well_formed(verifier: str | None) -> str | None:
    """Give the verifier back. Raises: Refused(INVALID_REQUEST) if it could be nobody's."""
    # fullmatch, because the library's own pattern lets a final newline pass.
    if verifier is not None and CODE_VERIFIER_PATTERN.fullmatch(verifier) is None:
        raise Refused(INVALID_REQUEST, "code_verifier is malformed")
    return verifier


def check_verifier(challenge: str | None, verifier: str | None, client: Client) -> None:
    """Compare in constant time.

    Raises:
        Refused: INVALID_GRANT for a verifier that is wrong, and for a code without a challenge of a
            client that must send one; INVALID_REQUEST where one of the two is missing.
    """
    if challenge is None:
        if verifier is not None:
            raise Refused(INVALID_REQUEST, "code_verifier without a code_challenge")
        if client.auth is ClientAuth.NONE or client.pkce is Pkce.REQUIRED:
            raise Refused(INVALID_GRANT, "the code was given without a code_challenge")
        return
    if verifier is None:
        raise Refused(INVALID_REQUEST, "code_verifier is missing")
    if not hmac.compare_digest(create_s256_code_challenge(verifier), challenge):
        raise Refused(INVALID_GRANT, "code_verifier is wrong")
