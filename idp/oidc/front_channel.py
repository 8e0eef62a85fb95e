"""What leaves the authorization endpoint beside a code: an access token, an ID token, or both.

In two halves, as every answer is made. The commit of the login inserts the grant and the token that
hangs off it; the texts are written when the answer leaves. Such a token is a bearer's, lives
shortly, and nothing refreshes it; the same grant serves the code beside it, and ends with it where
that comes back (RFC 6749 section 4.1.2).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from idp.domain.answer import Beside
from idp.domain.audit_event import claims_released, tokens_left
from idp.domain.forms import AccessTokenFormat
from idp.domain.grant import AccessToken, Made
from idp.oidc import access_tokens, binding
from idp.oidc.audiences import Audiences
from idp.oidc.pens import Pen
from idp.oidc.tokens import IdTokens

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from idp.config import Settings
    from idp.domain.answer import Answer
    from idp.domain.client import Client
    from idp.domain.grant import Grant
    from idp.domain.transaction import Transaction
    from idp.oidc.pens import Pens
    from idp.store.ports import Unit

LASTS: Final = timedelta(minutes=5)
"""The longest life of an access token that a browser held (RFC 9700 section 2.1.2)."""


class FrontTokens:
    """Commits what leaves beside a code (OpenID Connect Core 3.2.2.5, 3.3.2.5)."""

    def __init__(self, settings: Settings, *, entropy: Callable[[int], bytes]) -> None:
        self._lasts = min(settings.lifetimes.access_token, LASTS)
        self._audiences = Audiences(settings)
        self._entropy = entropy

    def keep(self, unit: Unit, tx: Transaction, grant: Grant, *, at: datetime) -> Beside:
        """Insert grant and token where one was asked, and the audit rows; give what to write."""
        asked = tx.request.response_type
        made = None
        if asked.issues_token:
            unit.grants.add(grant)
            made = self._made(unit, grant, at=at)
            unit.grants.add_access_token(made.kept)
        unit.record(tokens_left(grant=grant, at=at, transaction=tx.id, response_type=asked.value))
        if asked.issues_id_token and grant.id_token_claims:
            unit.record(claims_released(grant=grant, at=at, place="id_token"))
        return Beside(
            grant=grant,
            access_token=made,
            id_token=asked.issues_id_token,
            nonce=tx.request.nonce,
        )

    def _made(self, unit: Unit, grant: Grant, *, at: datetime) -> Made:
        return access_tokens.make(
            epoch=unit.epoch(),
            entropy=self._entropy,
            keep=lambda hashed: AccessToken(
                hash=hashed,
                grant=grant.id,
                client=grant.client,
                scopes=grant.scopes,
                audience=self._audiences.choose(grant),
                issued_at=at,
                expires_at=at + self._lasts,
            ),
        )


class FrontWriter:
    """Writes it, once it is committed."""

    def __init__(self, settings: Settings, *, pens: Pens, now: Callable[[], datetime]) -> None:
        self._issuer = settings.issuer
        self._id_tokens = IdTokens(settings)
        self._pens = pens
        self._now = now

    def write(self, answer: Answer, beside: Beside, client: Client) -> Answer:
        """Give the answer with its tokens among the parameters (Core 3.2.2.5, 3.3.2.5).

        Raises:
            Refused: as ``Pens.find`` does.
        """
        pen = self._pens.find(client, None, client.forms.id_token_encryption)
        given = dict(answer.parameters)
        made, text = beside.access_token, None
        if made is not None:
            text = self._text(made, beside.grant, client, pen)
            lasts = made.kept.expires_at - made.kept.issued_at
            given |= {
                "access_token": text,
                "token_type": binding.token_type(None),
                "expires_in": str(int(lasts.total_seconds())),
                "scope": " ".join(made.kept.scopes),
            }
        if beside.id_token:
            given["id_token"] = self._id_tokens.make(
                beside.grant,
                pen,
                access_token=text,
                code=given.get("code"),
                state=given.get("state"),
                nonce=beside.nonce,
                now=self._now(),
            )
        return replace(answer, parameters=tuple(given.items()), beside=None)

    def _text(self, made: Made, grant: Grant, client: Client, pen: Pen) -> str:
        if client.forms.access_token is AccessTokenFormat.OPAQUE:
            return made.text
        return access_tokens.write(made, grant, Pen(signer=pen.signer), issuer=self._issuer)
