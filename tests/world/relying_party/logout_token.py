"""Every check of a logout token, in the order of OpenID Connect Back-Channel Logout section 2.6."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from tests.world.relying_party.id_token import SKEW, Keys, TokenRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

TYP: Final = "logout+jwt"
EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
LONGEST: Final = 120
_MOST_SEEN: Final = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class LoggedOut:
    """Whose sessions are over: by ``sid``, or every one of the subject where there is no sid."""

    sid: str | None
    subject: str | None


@dataclass(kw_only=True, slots=True)
class LogoutTokens:
    """Reads logout tokens for one client; each is taken once."""

    issuer: str
    client_id: str
    algorithm: str
    _seen: OrderedDict[str, None] = field(default_factory=OrderedDict)

    def read(self, compact: str, *, now: int, keys: Keys) -> LoggedOut:
        """Give what the token says.

        Raises:
            TokenRefused: any check fails.
        """
        claims = self._signed(compact, keys)
        if claims.get("iss") != self.issuer:
            raise TokenRefused("iss")
        if claims.get("aud") not in (self.client_id, [self.client_id]):
            raise TokenRefused("aud")
        _in_time(claims, now)
        sid, subject = claims.get("sid"), claims.get("sub")
        if not any(isinstance(one, str) and one for one in (sid, subject)):
            raise TokenRefused("nobody")
        if claims.get("events") != {EVENT: {}}:
            raise TokenRefused("events")
        if "nonce" in claims:
            raise TokenRefused("nonce")
        self._once(claims.get("jti"))
        return LoggedOut(sid=sid, subject=subject)

    def _signed(self, compact: str, keys: Keys) -> dict[str, Any]:
        try:
            header = jws.extract_compact(compact.encode()).headers()
            if header.get("alg") != self.algorithm or header.get("typ") != TYP:
                raise TokenRefused("header")
            known = keys(fresh=False)
            if header.get("kid") not in {key.get("kid") for key in known.get("keys", ())}:
                known = keys(fresh=True)
            trusted = KeySet.import_key_set({"keys": list(known["keys"])})
            token = jwt.decode(compact, trusted, algorithms=[self.algorithm])
        except (JoseError, ValueError, KeyError) as error:
            raise TokenRefused("signature") from error
        return dict(token.claims)

    def _once(self, jti: object) -> None:
        if not isinstance(jti, str) or not jti or jti in self._seen:
            raise TokenRefused("jti")
        self._seen[jti] = None
        while len(self._seen) > _MOST_SEEN:
            self._seen.popitem(last=False)


def _in_time(claims: Mapping[str, Any], now: int) -> None:
    issued, ends = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, int) or not -LONGEST - SKEW <= issued - now <= SKEW:
        raise TokenRefused("iat")
    if not isinstance(ends, int) or ends + SKEW <= now or ends - issued > LONGEST:
        raise TokenRefused("exp")
