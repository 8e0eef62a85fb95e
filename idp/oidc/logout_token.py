"""What an e-service is told of a logout behind the browser's back: a signed logout token.

OpenID Connect Back-Channel Logout 1.0 section 2.4. It is made when it is sent, so that its two
minutes begin then. Its type and its event tell it from an ID token; it has no nonce.
"""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from idp.domain.ended import LogoutNotice
    from keys.ring import KeyRing

TYP: Final = "logout+jwt"
EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
LASTS: Final = timedelta(minutes=2)
_JTI_BYTES: Final = 16


class LogoutTokens:
    """Makes logout tokens."""

    def __init__(
        self,
        *,
        ring: KeyRing,
        issuer: str,
        now: Callable[[], datetime],
        entropy: Callable[[int], bytes],
    ) -> None:
        self._ring = ring
        self._issuer = issuer
        self._now = now
        self._entropy = entropy

    def sign(self, notice: LogoutNotice, *, algorithm: str) -> str:
        """Give the token that tells ``notice``; ``sid`` always, ``sub`` where there is one.

        Each has a ``jti`` of its own, one that is sent again too: a client that took the first
        half-way must not refuse the second as a replay.

        Raises:
            KeysError: no key signs so now, or the ring cannot be read.
        """
        issued = int(self._now().timestamp())
        named = {} if notice.subject is None else {"sub": notice.subject}
        jti = base64.urlsafe_b64encode(self._entropy(_JTI_BYTES)).rstrip(b"=").decode("ascii")
        claims: dict[str, object] = {
            "iss": self._issuer,
            "aud": notice.client,
            "iat": issued,
            "exp": issued + int(LASTS.total_seconds()),
            "jti": jti,
            **named,
            "sid": notice.sid,
            "events": {EVENT: {}},
        }
        return self._ring.signer(algorithm).sign(claims, typ=TYP)
