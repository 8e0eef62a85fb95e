"""What every grant type does once it has a grant in hand: the gate, the token, the answer."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from idp.domain.audit_event import claims_released
from idp.domain.forms import AccessTokenFormat
from idp.domain.gate import may_issue
from idp.domain.grant import AccessToken, Grant, Made
from idp.domain.verified_claims import in_force
from idp.errors import CLIENT_DISABLED, INVALID_GRANT, Refused
from idp.oidc import access_tokens, binding
from idp.oidc.audiences import Audiences
from idp.oidc.pens import Pen
from idp.oidc.tokens import IdTokens
from idp.store.means import means_stand

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from idp.config import Settings
    from idp.domain.client import Client, ClientId
    from idp.domain.grant import Standing
    from idp.oidc.pens import Pens
    from idp.store.ports import Unit

OPENID: Final = "openid"


@dataclass(frozen=True, kw_only=True, slots=True)
class Issued:
    """What was committed, and is now to be signed and told.

    Attributes:
        grant: with the claims that may still leave.
        scopes: those of the access token.
    """

    grant: Grant
    scopes: tuple[str, ...]
    access_token: Made
    refresh_token: str | None = field(repr=False)
    nonce: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenSigner:
    """What signs the tokens of one client.

    Attributes:
        id_token: also encrypts, where the client registered that.
        access_token: ``None`` for opaque ones, which nobody signs.
        names_grants: the answer tells the name of the grant too.
    """

    id_token: Pen
    access_token: Pen | None = None
    names_grants: bool = False


class Issuing:
    """Shared by the grant types of the token endpoint."""

    def __init__(
        self,
        settings: Settings,
        *,
        pens: Pens,
        now: Callable[[], datetime],
        entropy: Callable[[int], bytes],
    ) -> None:
        self._issuer = settings.issuer
        self._lasts = settings.lifetimes.access_token
        self._lasts_seconds = int(self._lasts.total_seconds())
        self.audience = Audiences(settings).choose
        self._id_tokens = IdTokens(settings)
        self._pens = pens
        self._now = now
        self._entropy = entropy

    def signer(self, client: Client) -> TokenSigner:
        """Find the signer first, so that nothing is spent for want of one.

        Raises:
            Refused: as ``Pens.find`` does.
        """
        forms = client.forms
        pen = self._pens.find(client, None, forms.id_token_encryption)
        opaque = forms.access_token is AccessTokenFormat.OPAQUE
        return TokenSigner(
            id_token=pen,
            access_token=None if opaque else Pen(signer=pen.signer),
            names_grants=client.manages_grants,
        )

    def gate(
        self, unit: Unit, client_id: ClientId, grant: Grant, *, at: datetime
    ) -> tuple[Client, Standing]:
        """Ask ``may_issue`` with the registration, the person and the session as they are now.

        Raises:
            Refused: CLIENT_DISABLED; INVALID_GRANT for everything about the person or the login,
                which a token endpoint does not tell apart (RFC 6749 section 5.2).
        """
        standing = unit.grants.standing(grant.person, grant.session, client_id)
        if standing is None:
            raise Refused(INVALID_GRANT, "no such session of this person")
        client = standing.client
        if client is None:
            raise Refused(CLIENT_DISABLED, "client was removed")
        try:
            may_issue(
                person_state=standing.person_state,
                client=client,
                evidence=grant.event.evidence,
                means_stand=means_stand(unit, grant.person, grant.event.evidence),
                now=at,
            )
        except Refused as refused:
            if refused.problem is CLIENT_DISABLED:
                raise
            raise Refused(INVALID_GRANT, refused.detail) from None
        return client, standing

    def entitled(self, grant: Grant, client: Client, *, at: datetime) -> Grant:
        """Give the grant with only the claims that a purpose in force entitles."""
        id_token, userinfo = (
            in_force(claims, client, now=at, issuer=self._issuer)
            for claims in (grant.id_token_claims, grant.userinfo_claims)
        )
        if (id_token, userinfo) == (grant.id_token_claims, grant.userinfo_claims):
            return grant
        return replace(grant, id_token_claims=id_token, userinfo_claims=userinfo)

    def access_token(  # noqa: PLR0913 - what a token is: of what, how far, for whom, by which key
        self,
        unit: Unit,
        grant: Grant,
        *,
        epoch: int,
        scopes: tuple[str, ...],
        audience: tuple[str, ...],
        key: str | None,
        at: datetime,
    ) -> Made:
        """Add an access token, and the audit row of the claims that its ID token will carry."""
        made = access_tokens.make(
            epoch=epoch,
            entropy=self._entropy,
            keep=lambda hashed: AccessToken(
                hash=hashed,
                grant=grant.id,
                client=grant.client,
                scopes=scopes,
                audience=audience,
                issued_at=at,
                expires_at=at + self._lasts,
                key=key,
            ),
        )
        unit.grants.add_access_token(made.kept)
        if grant.id_token_claims and OPENID in scopes:
            unit.record(claims_released(grant=grant, at=at, place="id_token"))
        return made

    def text(self, made: Made, grant: Grant, signer: TokenSigner) -> str:
        """Give an access token in the form that its client registered; after its commit."""
        if signer.access_token is None:
            return made.text
        return access_tokens.write(made, grant, signer.access_token, issuer=self._issuer)

    def answer(self, issued: Issued, signer: TokenSigner) -> dict[str, object]:
        """Give the token response (RFC 6749 section 5.1), signing now that all is committed."""
        made = issued.access_token
        text = self.text(made, issued.grant, signer)
        response: dict[str, object] = {
            "access_token": text,
            "token_type": binding.token_type(made.kept.key),
            "expires_in": self._lasts_seconds,
            "scope": " ".join(issued.scopes),
        }
        if issued.refresh_token is not None:
            response["refresh_token"] = issued.refresh_token
        if signer.names_grants:
            response["grant_id"] = issued.grant.id
        if OPENID in issued.scopes:
            response["id_token"] = self._id_tokens.make(
                issued.grant,
                signer.id_token,
                access_token=text,
                nonce=issued.nonce,
                now=self._now(),
            )
        return response
