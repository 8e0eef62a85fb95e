"""``private_key_jwt``: a client proves itself by a signature (RFC 7523; OpenID Connect Core 9).

An assertion is read, then verified, then its claims are judged. The audience is this issuer as one
plain string (FAPI 2.0 Security Profile section 5.3.2.1): an assertion made for another server, or
for several, is of no use here. Whether it was used before is for the Ledger to say.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from idp.errors import INVALID_CLIENT, Refused
from idp.oidc import client_jws
from idp.oidc.client_jws import Kind, UnverifiedJws
from idp.oidc.profiles import keeping

if TYPE_CHECKING:
    from collections.abc import Callable

    from idp.config import Settings
    from idp.domain.client import Client
    from idp.oidc.client_jws import ClientKeys

LONGEST: Final = 4096
_KIND: Final = Kind(
    word="assertion",
    types=frozenset({"jwt", "client-authentication+jwt"}),
    longest=LONGEST,
    problem=INVALID_CLIENT,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class UnverifiedAssertion:
    """What an assertion says of itself; nothing of it is true yet."""

    jws: UnverifiedJws

    @property
    def client_id(self) -> str:
        """Give the client it speaks for; ``read`` saw that it is a text."""
        return str(self.jws.claims["sub"])


@dataclass(frozen=True, kw_only=True, slots=True)
class SpentAssertion:
    """The mark of single use: the Ledger's key of it, and until when it must be remembered."""

    key: str = field(repr=False)
    until: datetime


class Assertions:
    """Verifies assertions against the registered keys."""

    def __init__(
        self, settings: Settings, *, keys: ClientKeys, now: Callable[[], datetime]
    ) -> None:
        self._issuer = settings.issuer
        self._skew = settings.lifetimes.skew
        self._longest = settings.lifetimes.client_assertion
        self._keys = keys
        self._now = now

    def verify(self, unverified: UnverifiedAssertion, client: Client | None) -> SpentAssertion:
        """Check signature and claims. An unknown client costs the same work and gives the same.

        Raises:
            Refused: INVALID_CLIENT, or as the client's profile refuses.
        """
        self._keys.check_signature(unverified.jws, client)
        if client is None:
            raise _refused("unknown client")
        now = self._now().timestamp()
        keeping.hold_proof(client, unverified.jws.facts(client, issuer=self._issuer, now=now))
        if client.auth_algorithm not in {None, unverified.jws.algorithm}:
            raise _refused("not the registered algorithm")
        return self._check_claims(unverified.jws, client)

    def _check_claims(self, assertion: UnverifiedJws, client: Client) -> SpentAssertion:
        claims = assertion.claims
        if claims.get("iss") != client.id or claims.get("sub") != client.id:
            raise _refused("iss and sub are not both the client")
        if claims.get("aud") != self._issuer:
            raise _refused("aud is not the issuer as one string")
        now, skew = self._now().timestamp(), self._skew.total_seconds()
        expires = assertion.time("exp")
        if expires is None or now >= expires + skew:
            raise _refused("exp is missing or past")
        if expires > now + self._longest.total_seconds() + skew:
            raise _refused("exp is too far ahead")
        for name in ("iat", "nbf"):
            begins = assertion.time(name)
            if begins is not None and begins > now + skew:
                raise _refused(f"{name} is ahead of our clock")
        return SpentAssertion(
            key=f"{client.id}\x00{assertion.jti()}",
            # A second more, because the Ledger may forget a mark at the very moment it names.
            until=datetime.fromtimestamp(expires, UTC) + self._skew + timedelta(seconds=1),
        )


def read(text: str) -> UnverifiedAssertion:
    """Read an assertion without believing it.

    Raises:
        Refused: INVALID_CLIENT, for anything that is not such a JWS and names a client.
    """
    unverified = client_jws.read(text, _KIND)
    if not isinstance(unverified.claims.get("sub"), str):
        raise _refused("sub is no text")
    return UnverifiedAssertion(jws=unverified)


def _refused(detail: str) -> Refused:
    return _KIND.refused(detail)
