"""What is handed out: opaque texts that are kept only as hashes, and ID tokens.

Codes and access tokens are the epoch in decimal, a dot, and 256 random bits. The epoch refuses
what a restored or promoted Ledger may have forgotten; the hash covers the whole text.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from authlib.oidc.core.util import create_half_hash

from idp.domain.grant import TokenHash
from idp.errors import SERVER_ERROR, Refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from idp.config import Settings
    from idp.domain.grant import Grant
    from idp.errors import Problem
    from idp.oidc.pens import Pen

RANDOM_BYTES: Final = 32
_OPAQUE: Final = re.compile(r"(0|[1-9][0-9]{0,9})\.[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Minted:
    """A new opaque text, told once, and the hash that is kept."""

    text: str = field(repr=False)
    hash: TokenHash


@dataclass(frozen=True, kw_only=True, slots=True)
class Opaque:
    """A presented opaque text: of which epoch it says it is, and its hash."""

    epoch: int
    hash: TokenHash


def mint(*, epoch: int, entropy: Callable[[int], bytes]) -> Minted:
    """Make a code or an access token."""
    text = f"{epoch}.{encoded(entropy(RANDOM_BYTES))}"
    return Minted(text=text, hash=_hash(text))


def read(text: str, otherwise: Problem) -> Opaque:
    """Read a presented code or access token; it is looked up by its hash alone.

    Raises:
        Refused: ``otherwise``, where no such text was ever made here.
    """
    found = _OPAQUE.fullmatch(text)
    if found is None:
        raise Refused(otherwise, "not an opaque token of ours")
    return Opaque(epoch=int(found[1]), hash=_hash(text))


def encoded(raw: bytes) -> str:
    """Give base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _hash(text: str) -> TokenHash:
    return TokenHash(hashlib.sha256(text.encode("ascii")).hexdigest())


class IdTokens:
    """Makes ID tokens (OpenID Connect Core 2) from a grant; writes them after its commit."""

    def __init__(self, settings: Settings) -> None:
        self._issuer = settings.issuer
        self._lasts = int(settings.lifetimes.id_token.total_seconds())

    def make(  # noqa: PLR0913 - whose token, by which key, and all that it vouches for
        self,
        grant: Grant,
        pen: Pen,
        *,
        access_token: str | None,
        nonce: str | None,
        now: datetime,
        code: str | None = None,
        state: str | None = None,
    ) -> str:
        """Write an ID token; an agreed claim never takes the place of a protocol claim.

        It vouches for what is given beside it: the access token (``at_hash``), and where it leaves
        the authorization endpoint the code (``c_hash``, Core 3.3.2.11) and the state (``s_hash``,
        FAPI 1.0 Advanced 5.1).
        """
        issued_at = int(now.timestamp())
        content: dict[str, object] = {
            **grant.id_token_claims,
            "iss": self._issuer,
            "sub": grant.subject,
            "aud": grant.client,
            "iat": issued_at,
            "exp": issued_at + self._lasts,
            "auth_time": int(grant.event.at.timestamp()),
            "acr": grant.acr_word,
            "amr": list(grant.event.amr),
            "sid": grant.sid,
        }
        beside = {"at_hash": access_token, "c_hash": code, "s_hash": state}
        for name, text in beside.items():
            content.pop(name, None)
            if text is not None:
                content[name] = half_hash(text, pen.signer.algorithm)
        content.pop("nonce", None)
        if nonce is not None:
            content["nonce"] = nonce
        return pen.write(content)


def half_hash(text: str, algorithm: str) -> str:
    """Give the hash that an ID token names a text by (OpenID Connect Core 3.1.3.6, 3.3.2.11).

    Raises:
        Refused: SERVER_ERROR, for an algorithm whose hash is not known: never without a value.
    """
    half = create_half_hash(text, algorithm)
    if half is None:
        raise Refused(SERVER_ERROR, "no hash is known for this algorithm")
    return str(half.decode("ascii"))
