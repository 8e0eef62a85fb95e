"""``grant_type=refresh_token`` (RFC 6749 section 6): rotation, its one exception, and reuse.

Every use makes the next generation live. The generation before it may come back for a short grace
period, when an answer was lost, and then gets the very same successor. Anything older, or later,
means that two parties hold the token: the family and its grant end (RFC 9700 section 4.14.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from idp.domain.audit_event import (
    foreign_presented,
    refresh_retried,
    refresh_reused,
    tokens_refreshed,
)
from idp.domain.grant import ANY_KEY
from idp.domain.step_up import shortfall
from idp.errors import (
    CERTIFICATE_REQUIRED,
    INVALID_DPOP_PROOF,
    INVALID_GRANT,
    INVALID_REQUEST,
    INVALID_SCOPE,
    Refused,
)
from idp.oidc import refresh_tokens
from idp.oidc.binding import is_certificate
from idp.oidc.code_grant import REFRESH
from idp.oidc.deciding import decided
from idp.oidc.issuing import Issued
from idp.oidc.refresh_tokens import RefreshToken

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from idp.config import Settings
    from idp.domain.grant import Grant, RefreshFamily
    from idp.oidc.client_auth import Caller
    from idp.oidc.form import Parameters
    from idp.oidc.issuing import Issuing
    from idp.store.ports import Ledger, Unit

GRANT_TYPE = REFRESH


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    token: RefreshToken
    scope: str | None
    resources: tuple[str, ...]


class RefreshGrant:
    """Turns a refresh token into new tokens: one commit, then one signature."""

    def __init__(
        self,
        settings: Settings,
        *,
        ledger: Ledger,
        issuing: Issuing,
        now: Callable[[], datetime],
    ) -> None:
        self._idle = settings.lifetimes.refresh_idle
        self._within = settings.lifetimes.transaction
        self._grace = settings.lifetimes.refresh_grace
        self._ledger = ledger
        self._issuing = issuing
        self._now = now

    def exchange(self, params: Parameters, caller: Caller) -> dict[str, object]:
        """Give the token response; the ID token keeps ``auth_time`` (OpenID Connect Core 12.2).

        Raises:
            Refused: INVALID_REQUEST, INVALID_GRANT, INVALID_SCOPE, INVALID_TARGET, CLIENT_DISABLED;
                INVALID_CLIENT for a replayed assertion.
        """
        token = params.get("refresh_token")
        if token is None:
            raise Refused(INVALID_REQUEST, "refresh_token is missing")
        asked = _Asked(
            token=refresh_tokens.read(token),
            scope=params.get("scope"),
            resources=params.all("resource"),
        )
        signer = self._issuing.signer(caller.client)
        issued = decided(self._ledger, caller, lambda unit: self._refresh(unit, caller, asked))
        return self._issuing.answer(issued, signer)

    def _refresh(self, unit: Unit, caller: Caller, asked: _Asked) -> Issued:
        at = self._now()
        epoch = unit.epoch()
        if asked.token.epoch != epoch:
            raise Refused(INVALID_GRANT, "refresh token of another epoch")
        family = self._family(unit, caller, asked.token, at=at)
        key = _proven_key(family, caller)
        grant = unit.grants.get(family.grant)
        if grant is None or grant.ended_at is not None:
            raise Refused(INVALID_GRANT, "the grant has ended")
        self._refuse_reuse(unit, grant, family, asked.token, at=at)
        client, _ = self._issuing.gate(unit, caller.client.id, grant, at=at)
        if shortfall(client, grant, within=self._within) is not None:
            raise Refused(INVALID_GRANT, "the login is less than the client demands")
        scopes = _narrowed(grant, asked.scope)
        audience = self._issuing.audience(grant, asked.resources)
        generation = self._advance(unit, grant, family, asked.token, at=at)
        grant = self._issuing.entitled(grant, client, at=at)
        return Issued(
            grant=grant,
            scopes=scopes,
            access_token=self._issuing.access_token(
                unit, grant, epoch=epoch, scopes=scopes, audience=audience, key=key, at=at
            ),
            refresh_token=refresh_tokens.derive(family, epoch=epoch, generation=generation),
        )

    def _family(
        self, unit: Unit, caller: Caller, token: RefreshToken, *, at: datetime
    ) -> RefreshFamily:
        """Give the living family that made the token for this caller."""
        family = unit.grants.get_family(token.family)
        if family is None:
            raise Refused(INVALID_GRANT, "no such family")
        token.check(family)
        if family.client != caller.client.id:
            unit.record(
                foreign_presented(
                    grant=family.grant, client=caller.client.id, at=at, what="refresh_token"
                )
            )
            raise Refused(INVALID_GRANT, "refresh token of another client")
        if family.ended_at is not None:
            raise Refused(INVALID_GRANT, "the family has ended")
        if at >= min(family.idle_expires_at, family.expires_at):
            raise Refused(INVALID_GRANT, "the family has expired")
        return family

    def _refuse_reuse(
        self,
        unit: Unit,
        grant: Grant,
        family: RefreshFamily,
        token: RefreshToken,
        *,
        at: datetime,
    ) -> None:
        """End everything if the token is neither the live one nor a retry in time."""
        if token.generation == family.generation or self._is_retry(family, token, at=at):
            return
        unit.grants.end(grant.id, at=at)
        unit.record(refresh_reused(grant=grant, at=at, generation=token.generation))
        raise Refused(INVALID_GRANT, "a refresh token that was used before")

    def _is_retry(self, family: RefreshFamily, token: RefreshToken, *, at: datetime) -> bool:
        return (
            family.rotates
            and token.generation == family.generation - 1
            and at < family.rotated_at + self._grace
        )

    def _advance(
        self,
        unit: Unit,
        grant: Grant,
        family: RefreshFamily,
        token: RefreshToken,
        *,
        at: datetime,
    ) -> int:
        """Give the generation to answer with; one statement decides who makes it live."""
        idle = min(at + self._idle, family.expires_at)
        if not family.rotates:
            unit.grants.touch_family(family.id, at=at, idle_expires_at=idle)
            unit.record(tokens_refreshed(grant=grant, at=at, generation=family.generation))
            return family.generation
        if token.generation == family.generation and unit.grants.advance_family(
            family.id, from_generation=family.generation, at=at, idle_expires_at=idle
        ):
            unit.record(tokens_refreshed(grant=grant, at=at, generation=family.generation + 1))
            return family.generation + 1
        # A retry, or a race that this unit lost between reading and advancing.
        now_live = unit.grants.get_family(family.id)
        if (
            now_live is None
            or now_live.ended_at is not None
            or not self._is_retry(now_live, token, at=at)
        ):
            raise Refused(INVALID_GRANT, "the family ended or moved on meanwhile")
        unit.record(refresh_retried(grant=grant, at=at, generation=now_live.generation))
        return now_live.generation


def _proven_key(family: RefreshFamily, caller: Caller) -> str | None:
    """Give the proven key, which the family may demand (RFC 9449 section 5, RFC 8705 section 4)."""
    key = caller.key
    if family.key is not None and key is None:
        problem = CERTIFICATE_REQUIRED if is_certificate(family.key) else INVALID_DPOP_PROOF
        raise Refused(problem, "the family is used with its key alone")
    if family.key not in {None, ANY_KEY, key}:
        raise Refused(INVALID_GRANT, "the family is bound to another key")
    return key


def _narrowed(grant: Grant, asked: str | None) -> tuple[str, ...]:
    """Give the scopes asked, in the order granted. Raises: Refused(INVALID_SCOPE) for others."""
    if asked is None:
        return grant.scopes
    wanted = frozenset(asked.split(" "))
    if not wanted <= set(grant.scopes):
        raise Refused(INVALID_SCOPE, "a scope that was not granted")
    return tuple(scope for scope in grant.scopes if scope in wanted)
