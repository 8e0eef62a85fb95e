"""UserInfo (OpenID Connect Core 5.3): the agreed claims, for as long as everything still stands.

The first time that an access token fetches claims, the release is audited, in a commit before the
answer; the same token fetching the same claims again says nothing new and writes nothing (decision
0004). A token that gives only ``sub`` releases nothing.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Final

from idp.domain.audit_event import claims_released
from idp.domain.claims import scope_claims
from idp.domain.verified_claims import in_force
from idp.domain.vocabulary import federal_claims
from idp.oidc import paths
from idp.oidc.audiences import userinfo_audience
from idp.oidc.issuing import OPENID
from idp.oidc.pens import Written
from idp.oidc.resource import OwnResource, Presented
from idp.store.ports import AlreadySpent

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from idp.config import Settings
    from idp.domain.client import Client
    from idp.domain.grant import LiveToken, TokenHash
    from idp.oidc.access_tokens import AccessTokens
    from idp.oidc.certificates import ClientCertificate
    from idp.oidc.dpop import Proofs
    from idp.oidc.form import Parameters
    from idp.oidc.pens import Pen, Pens
    from idp.store.ports import Ledger

_MOST_REMEMBERED: Final = 50_000


class UserInfo:
    """Answers ``GET`` and ``POST /userinfo``."""

    def __init__(
        self,
        settings: Settings,
        *,
        ledger: Ledger,
        tokens: AccessTokens,
        proofs: Proofs,
        pens: Pens,
        now: Callable[[], datetime],
    ) -> None:
        self._issuer = settings.issuer
        self._resource = OwnResource(
            settings,
            audience=userinfo_audience(settings),
            ledger=ledger,
            tokens=tokens,
            proofs=proofs,
            now=now,
        )
        self._ledger = ledger
        self._pens = pens
        self._now = now
        self._noted: dict[TokenHash, None] = {}
        self._lock = Lock()

    def answer(
        self,
        *,
        authorization: str | None,
        params: Parameters | None = None,
        method: str = "GET",
        dpop: str | None = None,
        certificate: ClientCertificate | None = None,
    ) -> dict[str, object] | Written:
        """Give ``sub`` and the claims, or one JWT of them where the client registered that.

        Args:
            authorization: the ``Authorization`` header as sent.
            params: the form body of a POST, never a query.
            method: the request's.
            dpop: the ``DPoP`` header as sent.
            certificate: that of the connection, as a named proxy handed it over.

        Raises:
            Refused: as ``OwnResource.open`` and ``Pens.find`` do.
        """
        presented = Presented(
            authorization=authorization,
            params=params,
            method=method,
            path=paths.USERINFO,
            dpop=dpop,
            certificate=certificate,
        )
        found, client = self._resource.open(presented, scope=OPENID)
        at = self._now()
        claims = self._claims(found, client, at=at)
        pen, algorithm = None, client.forms.userinfo_algorithm
        if algorithm is not None:
            pen = self._pens.find(client, algorithm, client.forms.userinfo_encryption)
        if claims:
            self._note(found, at=at)
        content = {**claims, "sub": found.grant.subject}
        return content if pen is None else self._written(content, client, pen)

    def _written(self, content: dict[str, object], client: Client, pen: Pen) -> Written:
        """Write it as a JWT (Core 5.3.2), without a type: no ID token that could come back here."""
        content = {**content, "iss": self._issuer, "aud": client.id}
        return Written(text=pen.write(content, typ=None))

    def _claims(self, found: LiveToken, client: Client, *, at: datetime) -> dict[str, object]:
        """Give what a purpose still entitles and what a narrowed token still covers."""
        claims = in_force(found.grant.userinfo_claims, client, now=at, issuer=self._issuer)
        dropped = self._names(set(found.grant.scopes) - set(found.token.scopes))
        if dropped:
            dropped -= self._names(set(found.token.scopes))
            claims = {name: value for name, value in claims.items() if name not in dropped}
        return claims

    def _names(self, scopes: set[str]) -> set[str]:
        issuer, vocabularies = self._issuer, (scope_claims, federal_claims)
        return {
            name for scope in scopes for of in vocabularies for name in of(scope, issuer=issuer)
        }

    def _note(self, found: LiveToken, *, at: datetime) -> None:
        """Audit the first release by this token; the Ledger decides which one is the first."""
        token = found.token
        if token.hash in self._noted:
            return
        with self._ledger.begin() as unit:
            try:
                unit.spend("userinfo", token.hash, until=token.expires_at)
            except AlreadySpent:
                pass  # another worker's call was the first: it wrote the row
            else:
                unit.record(claims_released(grant=found.grant, at=at, place="userinfo"))
        with self._lock:
            while len(self._noted) >= _MOST_REMEMBERED:
                del self._noted[next(iter(self._noted))]
            self._noted[token.hash] = None
