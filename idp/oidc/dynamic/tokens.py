"""The two tokens of registration: 256 random bits each, shown once, kept as a SHA-256."""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, Final

from idp.errors import INVALID_TOKEN, TOKEN_MISSING, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from idp.domain.client import Client

_BYTES: Final = 32
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_NOBODYS: Final = hashlib.sha256(b"nobody has this token").hexdigest()


def make(entropy: Callable[[int], bytes]) -> tuple[str, str]:
    """Give a new token and its digest."""
    text = urlsafe_b64encode(entropy(_BYTES)).rstrip(b"=").decode("ascii")
    return text, digest(text)


def digest(token: str) -> str:
    """Give what is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def presented(authorization: str | None) -> str:
    """Read the header of a bearer (RFC 6750 section 2.1).

    Raises:
        Refused: TOKEN_MISSING, INVALID_TOKEN for what no token of ours looks like.
    """
    if authorization is None:
        raise Refused(TOKEN_MISSING, "no registration token")
    scheme, _, text = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise Refused(TOKEN_MISSING, "another scheme than Bearer")
    if _TOKEN.fullmatch(text) is None:
        raise Refused(INVALID_TOKEN, "no registration token looks so")
    return text


def demand(token: str, client: Client | None) -> Client:
    """Demand that a token is of this client, which registered itself; else nothing is told.

    Raises:
        Refused: INVALID_TOKEN, alike for an unknown client and for another one's token.
    """
    origin = None if client is None else client.origin
    kept = _NOBODYS if origin is None else origin.token
    right = hmac.compare_digest(digest(token), kept)
    if client is None or origin is None or not right:
        raise Refused(INVALID_TOKEN, "not the registration token of this client")
    return client
