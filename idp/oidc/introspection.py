"""Introspection (RFC 7662): a client asks about its own tokens, and learns nothing of others'.

Another client's token, an unknown one and a dead one are told apart by nothing in the answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from idp.domain.client import ClientAuth
from idp.domain.gate import may_issue
from idp.errors import INVALID_CLIENT, INVALID_GRANT, INVALID_REQUEST, Refused
from idp.oidc import binding, refresh_tokens
from idp.oidc.deciding import decided
from idp.oidc.living import living
from idp.store.means import means_stand
from idp.store.ports import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from idp.config import Settings
    from idp.domain.client import Client
    from idp.domain.grant import Grant
    from idp.oidc.client_auth import ClientAuthentication
    from idp.oidc.form import Parameters
    from idp.store.ports import Ledger, Unit


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
        now: Callable[[], datetime],
    ) -> None:
        self._issuer = settings.issuer
        self._ledger = ledger
        self._authentication = authentication
        self._now = now

    def answer(
        self, params: Parameters, *, authorization: str | None, address: str | None
    ) -> dict[str, object]:
        """Give ``{"active": False}``, or ``active`` with what is known of the token.

        Raises:
            Refused: as ``authenticate`` does; INVALID_CLIENT also for public clients, whom nothing
                proves; INVALID_REQUEST without a token.
        """
        caller = self._authentication.authenticate(
            params, authorization=authorization, address=address
        )
        if caller.method is ClientAuth.NONE:
            raise Refused(INVALID_CLIENT, "introspection by a public client")
        token = params.get("token")
        if token is None:
            raise Refused(INVALID_REQUEST, "token is missing")
        if caller.assertion is not None:
            return decided(
                self._ledger, caller, lambda unit: self._told(unit, token, caller.client)
            )
        with self._ledger.read() as unit:
            return self._told(unit, token, caller.client)

    def _told(self, unit: Unit, token: str, client: Client) -> dict[str, object]:
        try:
            if refresh_tokens.looks_like_one(token):
                return self._refresh(unit, token, client)
            return self._access(unit, token, client)
        except StoreUnavailable:
            raise
        except Refused:
            return {"active": False}

    def _access(self, unit: Unit, text: str, caller: Client) -> dict[str, object]:
        found, client = living(unit, text, at=self._now())
        token = found.token
        if client.id != caller.id:
            raise Refused(INVALID_GRANT, "token of another client")
        audience = token.audience
        return {
            **self._common(found.grant),
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
        standing = unit.grants.standing(grant.person, grant.session)
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
