"""``grant_type=authorization_code`` (RFC 6749 section 4.1.3): one code, once, by the client it has.

A code that its own client presents is spent, whatever else is wrong with the request: nobody may
try a second verifier. A code that comes back ends the grant it gave (section 4.1.2). Both are
committed before the refusal is told.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from idp.domain.audit_event import code_refused, code_reused, foreign_presented, tokens_issued
from idp.domain.client import ClientAuth
from idp.domain.crossing import session_life
from idp.domain.grant import ANY_KEY, RefreshFamily
from idp.domain.redirects import registered
from idp.errors import INVALID_GRANT, INVALID_REQUEST, Refused
from idp.oidc import pkce, refresh_tokens, tokens
from idp.oidc.deciding import decided
from idp.oidc.issuing import Issued
from idp.oidc.profiles.keeping import hold_token, rotates
from idp.oidc.profiles.rule import TokenFacts
from idp.oidc.tokens import Opaque
from idp.store.ports import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from idp.config import Settings
    from idp.domain.client import Client
    from idp.domain.grant import Grant, Standing
    from idp.oidc.client_auth import Caller
    from idp.oidc.form import Parameters
    from idp.oidc.issuing import Issuing
    from idp.store.ports import Ledger, Presented, Unit

GRANT_TYPE = "authorization_code"
REFRESH = "refresh_token"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    code: Opaque
    redirect_uri: str | None
    verifier: str | None = field(repr=False)
    resources: tuple[str, ...]
    key: str | None


class CodeGrant:
    """Turns a code into tokens: one commit, then one signature."""

    def __init__(
        self,
        settings: Settings,
        *,
        ledger: Ledger,
        issuing: Issuing,
        now: Callable[[], datetime],
        entropy: Callable[[int], bytes],
    ) -> None:
        self._lifetimes = settings.lifetimes
        self._ledger = ledger
        self._issuing = issuing
        self._now = now
        self._entropy = entropy

    def exchange(self, params: Parameters, caller: Caller) -> dict[str, object]:
        """Give the token response.

        Raises:
            Refused: INVALID_REQUEST, INVALID_GRANT, INVALID_TARGET, CLIENT_DISABLED; INVALID_CLIENT
                for a replayed assertion.
        """
        code = params.get("code")
        if code is None:
            raise Refused(INVALID_REQUEST, "code is missing")
        asked = _Asked(
            code=tokens.read(code, INVALID_GRANT),
            redirect_uri=params.get("redirect_uri"),
            verifier=pkce.well_formed(params.get("code_verifier")),
            resources=params.all("resource"),
            key=caller.key,
        )
        signer = self._issuing.signer(caller.client)
        issued = decided(self._ledger, caller, lambda unit: self._redeem(unit, caller, asked))
        return self._issuing.answer(issued, signer)

    def _redeem(self, unit: Unit, caller: Caller, asked: _Asked) -> Issued:
        at = self._now()
        presented = unit.grants.spend_code(asked.code.hash, client=caller.client.id, at=at)
        if presented is None:
            self._note_foreign(unit, caller, asked, at=at)
            raise Refused(INVALID_GRANT, "code unknown, or of another client")
        code = presented.code
        if presented.outcome == "again":
            if unit.grants.end(code.grant.id, at=at):
                unit.record(code_reused(grant=code.grant, at=at))
            raise Refused(INVALID_GRANT, "code used before")
        facts = TokenFacts(
            client=caller.client, keyed=asked.key is not None, age=at - code.issued_at
        )
        try:
            hold_token(caller.client, facts)
            client, standing = self._check(unit, presented, asked, at=at)
            audience = self._issuing.audience(code.grant, asked.resources)
        except StoreUnavailable:
            raise
        except Refused as refused:
            unit.record(code_refused(grant=code.grant, at=at, reason=refused.problem.code))
            raise
        grant = self._issuing.entitled(code.grant, client, at=at)
        if not code.kept:
            unit.grants.add(code.grant)
        unit.record(tokens_issued(grant=grant, at=at))
        return Issued(
            grant=grant,
            scopes=grant.scopes,
            access_token=self._issuing.access_token(
                unit,
                grant,
                epoch=presented.epoch,
                scopes=grant.scopes,
                audience=audience,
                key=asked.key,
                at=at,
            ),
            refresh_token=self._begin_family(
                unit,
                grant,
                client,
                standing=standing,
                epoch=presented.epoch,
                key=asked.key,
                at=at,
            ),
            nonce=code.nonce,
        )

    def _check(
        self, unit: Unit, presented: Presented, asked: _Asked, *, at: datetime
    ) -> tuple[Client, Standing]:
        code = presented.code
        if asked.code.epoch != presented.epoch:
            raise Refused(INVALID_GRANT, "code of another epoch")
        if at >= code.expires_at:
            raise Refused(INVALID_GRANT, "code expired")
        if code.key not in {None, asked.key}:
            raise Refused(INVALID_GRANT, "the code is bound to another key")
        if asked.redirect_uri != code.redirect_uri:
            raise Refused(INVALID_GRANT, "redirect_uri is not the one the code went to")
        client, standing = self._issuing.gate(unit, code.grant.client, code.grant, at=at)
        if registered(code.redirect_uri, client.redirect_uris) is None:
            raise Refused(INVALID_GRANT, "redirect_uri taken out since the code went there")
        pkce.check_verifier(code.code_challenge, asked.verifier, client)
        if standing.session_ended_at is not None:
            raise Refused(INVALID_GRANT, "the session ended before the code was used")
        if code.kept:
            kept = unit.grants.get(code.grant.id)
            if kept is None or kept.ended_at is not None:
                raise Refused(INVALID_GRANT, "the grant ended before the code was used")
        return client, standing

    def _note_foreign(self, unit: Unit, caller: Caller, asked: _Asked, *, at: datetime) -> None:
        found = unit.grants.find_code(asked.code.hash)
        if found is not None:
            unit.record(
                foreign_presented(grant=found.grant.id, client=caller.client.id, at=at, what="code")
            )

    def _begin_family(  # noqa: PLR0913 - of what, of whom, how long, by which key
        self,
        unit: Unit,
        grant: Grant,
        client: Client,
        *,
        standing: Standing,
        epoch: int,
        key: str | None,
        at: datetime,
    ) -> str | None:
        """Give the first refresh token, ending with the session unless the grant is offline."""
        if REFRESH not in client.grant_types:
            return None
        ends = at + self._lifetimes.refresh
        if not grant.offline:
            lives = session_life(
                grant.event.evidence,
                usual=self._lifetimes.session,
                crossing=self._lifetimes.session_crossing,
            )
            ends = min(ends, standing.session_opened_at + lives)
        if ends <= at:
            return None
        family = RefreshFamily(
            id=refresh_tokens.new_family_id(self._entropy),
            grant=grant.id,
            client=client.id,
            generation=1,
            secret=self._entropy(refresh_tokens.SECRET_BYTES),
            rotates=rotates(client),
            created_at=at,
            rotated_at=at,
            idle_expires_at=min(at + self._lifetimes.refresh_idle, ends),
            expires_at=ends,
            key=key if key is None or client.auth is ClientAuth.NONE else ANY_KEY,
        )
        unit.grants.add_family(family)
        return refresh_tokens.derive(family, epoch=epoch, generation=family.generation)
