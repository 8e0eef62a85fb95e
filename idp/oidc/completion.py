"""A transaction that was agreed becomes a code: every mark, the subject and the audit row at once.

This runs inside the unit of work of whoever completes a login. It answers nothing itself: the
answer it gives leaves only after that unit's commit. The grant travels inside the code until it is
redeemed, so that an unredeemed code leaves nothing behind; where an access token leaves beside the
code, the grant is inserted with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from idp.domain import audit_event
from idp.domain.answer import reply_to, success
from idp.domain.client import subject_sector
from idp.domain.crossing import OFFLINE, scopes_given
from idp.domain.dialect import acr_told
from idp.domain.gate import may_issue
from idp.domain.grant import Code, Grant, GrantId
from idp.domain.leaving import leaving
from idp.domain.person import SubjectId
from idp.domain.transaction import Step, WrongStep
from idp.errors import RESPONSE_TYPE_NOT_REGISTERED, SESSION_CHANGED, Refused
from idp.oidc.front_channel import FrontTokens
from idp.oidc.par import SPENT_KIND as SPENT_PAR
from idp.oidc.tokens import encoded, mint
from idp.store.means import means_stand

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from idp.config import Settings
    from idp.domain.answer import Answer
    from idp.domain.client import Client
    from idp.domain.event import AuthenticationEvent
    from idp.domain.person import Person
    from idp.domain.session import Session
    from idp.domain.transaction import Agreement, Transaction
    from idp.store.ports import Unit

SPENT_TRANSACTION: Final = "transaction"
SPENT_OBJECT: Final = "request-object"
_NAME_BYTES: Final = 16


class Completion:
    """Completes logins of browsers (RFC 6749 section 4.1.2, OpenID Connect Core 3.1.2.5)."""

    def __init__(
        self,
        settings: Settings,
        *,
        now: Callable[[], datetime],
        entropy: Callable[[int], bytes],
    ) -> None:
        self._issuer = settings.issuer
        self._framework = settings.card.framework
        self._front = FrontTokens(settings, entropy=entropy)
        self._code_lasts = settings.lifetimes.code
        # A pushed request opened at the end of its life has a login that may start again once.
        lives = settings.lifetimes
        self._remembered = 4 * lives.transaction + lives.pushed_request
        self._now = now
        self._entropy = entropy

    def __call__(
        self, unit: Unit, tx: Transaction, *, client: Client, person: Person, session: Session
    ) -> Answer:
        """Issue the code of ``tx`` in ``unit``, or what else was asked.

        Raises:
            Refused: the gate is closed, session, proof and person are not of one person, or the
                client may not be answered so any more.
            AlreadySpent: this transaction, or the pushed request behind it, was completed before.
            WrongStep: the citizen has not agreed.
        """
        event, agreed = _agreed(tx)
        if not person.id == event.person == session.event.person:
            raise Refused(SESSION_CHANGED, "session, proof and person differ")
        if tx.request.response_type not in client.response_types:
            raise Refused(RESPONSE_TYPE_NOT_REGISTERED, "taken out since it was asked")
        now = self._now()
        may_issue(
            person_state=person.state,
            client=client,
            evidence=event.evidence,
            means_stand=means_stand(unit, person.id, event.evidence),
            now=now,
        )
        scopes = scopes_given(tx.request.scopes, client, event.evidence)
        self._spend(unit, tx, now)
        # What a card's files proved stands in the session's event alone, and not in the grant's.
        offered = leaving(
            tx.request,
            client,
            person,
            session.event,
            now=now,
            issuer=self._issuer,
            framework=self._framework,
        )
        id_token_claims, userinfo_claims = offered.agreed(agreed.claims, now=now)
        grant = Grant(
            id=GrantId(self._name()),
            person=person.id,
            client=client.id,
            session=session.key,
            sid=unit.sessions.join(session.key, client.id, sid=self._name()),
            subject=unit.people.subject(
                person.id, subject_sector(client), candidate=SubjectId(self._name())
            ),
            scopes=scopes,
            event=event,
            acr_word=acr_told(client, tx.request.acr_words, event),
            id_token_claims=id_token_claims,
            userinfo_claims=userinfo_claims,
            resources=tx.request.resources,
            offline=OFFLINE in scopes,
            created_at=now,
        )
        return self._issue(unit, tx, grant, now)

    def _issue(self, unit: Unit, tx: Transaction, grant: Grant, now: datetime) -> Answer:
        asked = tx.request.response_type
        return success(
            reply_to(tx.request),
            code=self._code(unit, tx, grant, now) if asked.issues_code else None,
            beside=self._front.keep(unit, tx, grant, at=now) if asked.in_front else None,
            issuer=self._issuer,
        )

    def _code(self, unit: Unit, tx: Transaction, grant: Grant, now: datetime) -> str:
        minted = mint(epoch=unit.epoch(), entropy=self._entropy)
        unit.grants.add_code(
            Code(
                hash=minted.hash,
                grant=grant,
                redirect_uri=tx.request.redirect_uri,
                code_challenge=tx.request.code_challenge,
                nonce=tx.request.nonce,
                key=tx.request.key,
                kept=tx.request.response_type.issues_token,
                issued_at=now,
                expires_at=now + self._code_lasts,
            )
        )
        unit.record(audit_event.code_issued(grant=grant, transaction=tx.id))
        return minted.text

    def _spend(self, unit: Unit, tx: Transaction, now: datetime) -> None:
        until = now + self._remembered
        unit.spend(SPENT_TRANSACTION, tx.id, until=until)
        if tx.request.pushed is not None:
            unit.spend(SPENT_PAR, tx.request.pushed, until=until)
        signed = tx.request.signed
        if signed is not None and signed.jti is not None:
            unit.spend(
                SPENT_OBJECT,
                f"{tx.request.client_id}\x00{signed.jti}",
                until=max(signed.until, until),
            )

    def _name(self) -> str:
        return encoded(self._entropy(_NAME_BYTES))


def _agreed(tx: Transaction) -> tuple[AuthenticationEvent, Agreement]:
    if tx.step is not Step.AGREED or tx.event is None or tx.agreement is None:
        raise WrongStep(f"{tx.step} cannot be completed")
    return tx.event, tx.agreement
