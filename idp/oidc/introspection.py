"""Introspection (RFC 7662, RFC 9701): of a client's own tokens, and of those for its resources.

Another client's token, an unknown one and a dead one are told apart by nothing in the answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from idp.domain.acting import act_claim
from idp.domain.client import ClientAuth
from idp.domain.gate import may_issue
from idp.errors import INVALID_CLIENT, INVALID_GRANT, INVALID_REQUEST, Refused
from idp.oidc import binding, refresh_tokens
from idp.oidc.access_tokens import subject_of
from idp.oidc.deciding import decided
from idp.oidc.living import living
from idp.oidc.pens import Written
from idp.store.means import means_stand
from idp.store.ports import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from idp.config import Settings
    from idp.domain.client import Client
    from idp.domain.grant import Grant
    from idp.oidc.access_tokens import AccessTokens
    from idp.oidc.certificates import ClientCertificate
    from idp.oidc.client_auth import ClientAuthentication
    from idp.oidc.form import Parameters
    from idp.oidc.pens import Pen, Pens
    from idp.oidc.tokens import Opaque
    from idp.store.ports import Ledger, Unit

TYP: Final = "token-introspection+jwt"
MEDIA_TYPE: Final = f"application/{TYP}"


def _binding(key: str | None) -> dict[str, object]:
    """Say what a token must come with (RFC 7662 section 2.2, RFC 9449 section 6.2)."""
    said: dict[str, object] = {"token_type": binding.token_type(key)}
    return said if key is None else {**said, "cnf": binding.confirmation(key)}


class Introspection:
    """Answers ``POST /introspect``."""

    def __init__(
        self,
        settings: Settings,
        *,
        ledger: Ledger,
        authentication: ClientAuthentication,
        tokens: AccessTokens,
        pens: Pens,
        now: Callable[[], datetime],
    ) -> None:
        self._issuer = settings.issuer
        self._ledger = ledger
        self._authentication = authentication
        self._tokens = tokens
        self._pens = pens
        self._now = now

    def answer(
        self,
        params: Parameters,
        *,
        authorization: str | None,
        address: str | None,
        certificate: ClientCertificate | None = None,
        signed: bool = False,
    ) -> dict[str, object] | Written:
        """Give ``{"active": False}``, or ``active`` with what is known of the token.

        One JWT of it (RFC 9701 section 5) where it was asked ``signed``, or the client registered
        that every one is.

        Raises:
            Refused: as ``authenticate`` does; INVALID_CLIENT also for public clients, whom nothing
                proves; INVALID_REQUEST without a token; as ``Pens.find`` does.
        """
        caller = self._authentication.authenticate(
            params, authorization=authorization, address=address, certificate=certificate
        )
        if caller.method is ClientAuth.NONE:
            raise Refused(INVALID_CLIENT, "introspection by a public client")
        token = params.get("token")
        if token is None:
            raise Refused(INVALID_REQUEST, "token is missing")
        client, forms = caller.client, caller.client.forms
        pen = None
        if signed or forms.introspection_algorithm is not None:
            pen = self._pens.find(
                client, forms.introspection_algorithm, forms.introspection_encryption
            )
        named = self._tokens.find(token)
        if caller.assertion is not None:
            told = decided(
                self._ledger, caller, lambda unit: self._told(unit, token, named, client)
            )
        else:
            with self._ledger.read() as unit:
                told = self._told(unit, token, named, client)
        return told if pen is None else self._written(told, client, pen)

    def _written(self, told: dict[str, object], client: Client, pen: Pen) -> Written:
        """Write it as a JWT; with neither ``sub`` nor ``exp`` of its own it is no other token."""
        content = {
            "iss": self._issuer,
            "aud": client.id,
            "iat": int(self._now().timestamp()),
            "token_introspection": told,
        }
        return Written(text=pen.write(content, typ=TYP), media_type=MEDIA_TYPE)

    def _told(
        self, unit: Unit, token: str, named: Opaque | None, client: Client
    ) -> dict[str, object]:
        try:
            if named is not None:
                return self._access(unit, named, client)
            return self._refresh(unit, token, client)
        except StoreUnavailable:
            raise
        except Refused:
            return {"active": False}

    def _access(self, unit: Unit, named: Opaque, caller: Client) -> dict[str, object]:
        found, client = living(unit, named, at=self._now())
        token = found.token
        if client.id != caller.id and not set(token.audience) & set(caller.acting.resources):
            raise Refused(INVALID_GRANT, "token of another client, for another resource")
        audience, origin = token.audience, token.delegation
        return {
            **self._common(found.grant),
            "client_id": client.id,
            "sub": subject_of(token, found.grant),
            **({} if origin is None else {"act": act_claim(origin.actors)}),
            "scope": " ".join(token.scopes),
            **_binding(token.key),
            "aud": audience[0] if len(audience) == 1 else list(audience),
            "iat": int(token.issued_at.timestamp()),
            "exp": int(token.expires_at.timestamp()),
        }

    def _refresh(self, unit: Unit, text: str, caller: Client) -> dict[str, object]:
        at = self._now()
        token = refresh_tokens.read(text)
        family = unit.grants.get_family(token.family)
        if family is None or token.epoch != unit.epoch():
            raise Refused(INVALID_GRANT, "no such family in this epoch")
        token.check(family)
        ends = min(family.idle_expires_at, family.expires_at)
        if (
            family.client != caller.id
            or token.generation != family.generation
            or family.ended_at is not None
            or at >= ends
        ):
            raise Refused(INVALID_GRANT, "not the living token of this client")
        grant = unit.grants.get(family.grant)
        if grant is None or grant.ended_at is not None:
            raise Refused(INVALID_GRANT, "the grant has ended")
        standing = unit.grants.standing(grant.person, grant.session, caller.id)
        if standing is None:
            raise Refused(INVALID_GRANT, "no such session of this person")
        may_issue(
            person_state=standing.person_state,
            client=caller,
            evidence=grant.event.evidence,
            means_stand=means_stand(unit, grant.person, grant.event.evidence),
            now=at,
        )
        return {
            **self._common(grant),
            "scope": " ".join(grant.scopes),
            "iat": int(family.rotated_at.timestamp()),
            "exp": int(ends.timestamp()),
        }

    def _common(self, grant: Grant) -> dict[str, object]:
        return {
            "active": True,
            "iss": self._issuer,
            "client_id": grant.client,
            "sub": grant.subject,
            "acr": grant.acr_word,
            "auth_time": int(grant.event.at.timestamp()),
        }
