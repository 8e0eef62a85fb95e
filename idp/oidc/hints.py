"""An ID token that comes back as a hint: ours by its signature, whoever and whenever it was for.

An expired one is accepted (OpenID Connect Core 3.1.2.1, RP-Initiated Logout 1.0 section 2). A hint
never signs anybody in: it only says whom the e-service means.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from idp.errors import Refused
from keys.errors import TokenForged

if TYPE_CHECKING:
    from idp.errors import Problem


class HintRing(Protocol):
    """Who verifies; answered by ``keys.ring``."""

    def open(self, compact: str, *, typ: str) -> dict[str, object]:
        """Give the claims of a JWS of our own, times unchecked. Raises: TokenForged."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Hint:
    """What an ID token of ours says.

    Attributes:
        audience: the clients that it was made for.
        sid: the session's name at that client.
    """

    subject: str = field(repr=False)
    audience: tuple[str, ...]
    sid: str | None = field(default=None, repr=False)


def open_hint(compact: str, *, ring: HintRing, issuer: str, otherwise: Problem) -> Hint:
    """Verify an ``id_token_hint``.

    Raises:
        Refused: ``otherwise``, where it is not an ID token that this issuer signed.
    """
    try:
        claims = ring.open(compact, typ="JWT")
    except TokenForged as error:
        raise Refused(otherwise, "the hint does not verify") from error
    subject, audience, sid = claims.get("sub"), claims.get("aud"), claims.get("sid")
    named = (audience,) if isinstance(audience, str) else audience
    if claims.get("iss") != issuer or not isinstance(subject, str):
        raise Refused(otherwise, "the hint is not an ID token of this issuer")
    if not isinstance(named, list | tuple) or not all(isinstance(one, str) for one in named):
        raise Refused(otherwise, "the hint has no audience")
    return Hint(subject=subject, audience=tuple(named), sid=sid if isinstance(sid, str) else None)
