"""``grant_type=urn:openid:params:grant-type:ciba`` (CIBA Core 10): wait, then tokens once.

The client polls. What the phone approved is used up in the unit that issues; until then the answer
is that nothing was answered, whether somebody was asked or not.
"""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from idp.domain import audit_event
from idp.domain.assurance import Assurance, lowest_asked
from idp.domain.backchannel import login_of
from idp.domain.client import subject_sector
from idp.domain.dialect import acr_told
from idp.domain.event import (
    AuthenticationEvent,
    SeededEvidence,
    without_facts,
)
from idp.domain.grant import Grant, GrantId
from idp.domain.leaving import leaving
from idp.domain.person import PersonId, PersonState, SubjectId
from idp.domain.phone_level import amr_of, evidence_of, level_of
from idp.domain.session import Session, SessionKey
from idp.domain.transaction import TransactionId
from idp.errors import (
    AUTHORIZATION_PENDING,
    BACKCHANNEL_REFUSED,
    EXPIRED_TOKEN,
    INVALID_GRANT,
    INVALID_REQUEST,
    SLOW_DOWN,
    Refused,
)
from idp.oidc import tokens
from idp.oidc.ciba.asking import GRANT_TYPE, INTERVAL
from idp.oidc.ciba.reading import demand_within_reach
from idp.oidc.deciding import decided
from idp.oidc.issuing import Issued
from idp.oidc.throttle import Throttle
from idp.store.phone import SESSION, UnitOfThePhone
from idp.store.ports import StoreUnavailable
from mobile_flow.errors import PhoneError
from mobile_flow.model import ApprovalState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from idp.config import Settings
    from idp.domain.backchannel import BackchannelRequest
    from idp.domain.client import Client
    from idp.domain.person import Person
    from idp.errors import Problem
    from idp.oidc.client_auth import Caller
    from idp.oidc.form import Parameters
    from idp.oidc.issuing import Issuing
    from idp.oidc.tokens import Opaque
    from idp.store.ports import Ledger, Unit
    from idp.store.short_lived import Ephemeral
    from mobile_flow.approvals import Approvals
    from mobile_flow.model import Approval

__all__ = ["GRANT_TYPE", "BackchannelGrant"]

_MOST_GUESSES: Final = 100
_EARLY: Final = timedelta(seconds=1)
"""How much sooner than the interval a poll may come: networks do not keep time."""
_NAME_BYTES: Final = 16
_KEY_BYTES: Final = 32
_WAITING: Final = frozenset({ApprovalState.PENDING, ApprovalState.CLAIMED, ApprovalState.MATCHED})
_ANSWERS: Final[Mapping[ApprovalState, Problem]] = {
    ApprovalState.REFUSED: BACKCHANNEL_REFUSED,
    ApprovalState.REPORTED: BACKCHANNEL_REFUSED,
    ApprovalState.WRONG_NUMBER: BACKCHANNEL_REFUSED,
    ApprovalState.CANCELLED: EXPIRED_TOKEN,
    ApprovalState.EXPIRED: EXPIRED_TOKEN,
    ApprovalState.CONSUMED: INVALID_GRANT,
}


class BackchannelGrant:
    """Turns an answered request into tokens: one commit, then one signature."""

    def __init__(  # noqa: PLR0913 - two stores, what issues, what proves, the world
        self,
        settings: Settings,
        *,
        ledger: Ledger,
        ephemeral: Ephemeral,
        issuing: Issuing,
        approvals: Approvals | None,
        now: Callable[[], datetime],
        entropy: Callable[[int], bytes],
    ) -> None:
        self._issuer = settings.issuer
        self._framework = settings.card.framework
        self._ledger = ledger
        self._ephemeral = ephemeral
        self._issuing = issuing
        self._approvals = approvals
        self._guesses = Throttle(ephemeral, now=now, most=_MOST_GUESSES)
        self._now = now
        self._entropy = entropy

    def exchange(self, params: Parameters, caller: Caller) -> dict[str, object]:
        """Give the token response.

        Raises:
            Refused: AUTHORIZATION_PENDING, SLOW_DOWN, EXPIRED_TOKEN, BACKCHANNEL_REFUSED (CIBA Core
                11); INVALID_REQUEST, INVALID_GRANT, CLIENT_DISABLED; TOO_MANY_REQUESTS for guesses.
        """
        text = params.get("auth_req_id")
        if text is None:
            raise Refused(INVALID_REQUEST, "auth_req_id is missing")
        asked = tokens.read(text, INVALID_GRANT)
        self._guesses.admit(caller.client.id, GRANT_TYPE)
        with self._ledger.read() as unit:
            known = self._known(unit, asked, caller)
            verdict = None if known is None else self._verdict(unit, known)
        if known is None:
            self._guesses.failed(caller.client.id, GRANT_TYPE)
            raise Refused(INVALID_GRANT, "no such request of this client")
        if verdict is not None:
            if verdict.problem is AUTHORIZATION_PENDING:
                self._demand_patience(asked)
            if caller.assertion is None and caller.proof is None:
                raise verdict
        signer = self._issuing.signer(caller.client)
        issued = decided(self._ledger, caller, lambda unit: self._redeem(unit, caller, asked))
        answer = self._issuing.answer(issued, signer)
        if known.details is not None:
            answer["authorization_details"] = json.loads(known.details)
        return answer

    def _known(self, unit: Unit, asked: Opaque, caller: Caller) -> BackchannelRequest | None:
        found = unit.backchannel.find(asked.hash)
        if found is None or found.client != caller.client.id or asked.epoch != unit.epoch():
            return None
        return found

    def _demand_patience(self, asked: Opaque) -> None:
        """Count polls while nothing is answered, one for each interval. Raises: SLOW_DOWN."""
        if self._ephemeral.bump(f"ciba-poll:{asked.hash}", lasts=INTERVAL - _EARLY) > 1:
            raise Refused(SLOW_DOWN, "polled before the interval was over")

    def _verdict(self, unit: Unit, request: BackchannelRequest) -> Refused | None:
        """Give ``None`` for an approved one; of everything else, how it stands."""
        now = self._now()
        if request.redeemed_at is not None:
            return Refused(INVALID_GRANT, "redeemed before")
        if now >= request.expires_at:
            return Refused(EXPIRED_TOKEN, "the request expired")
        if request.decision is not None:
            allowed = request.decision == "allow"
            return None if allowed else Refused(BACKCHANNEL_REFUSED, "refused by the hook")
        # A column alone: where nobody is asked, waiting is the same work.
        state = unit.phones.approval_state(login_of(request.hash))
        if state is None or state in _WAITING:
            return Refused(AUTHORIZATION_PENDING, f"approval is {state}")
        answer = _ANSWERS.get(state)
        return None if answer is None else Refused(answer, f"approval is {state}")

    def _redeem(self, unit: Unit, caller: Caller, asked: Opaque) -> Issued:
        request = self._known(unit, asked, caller)
        if request is None:
            raise Refused(INVALID_GRANT, "gone meanwhile")
        verdict = self._verdict(unit, request)
        if verdict is not None:
            raise verdict
        at = self._now()
        if not unit.backchannel.redeem(asked.hash, client=caller.client.id, at=at):
            raise Refused(INVALID_GRANT, "another poll was first")
        answer = None if request.username else unit.phones.approval_of(login_of(request.hash))
        person = self._person(unit, request, answer)
        demand_within_reach(caller.client)
        session = self._proven(unit, request, person, answer, at=at)
        grant = self._grant(unit, request, caller.client, person, session, answer)
        try:
            client, _ = self._issuing.gate(unit, caller.client.id, grant, at=at)
        except StoreUnavailable:
            raise
        except Refused:
            unit.sessions.end(session.key, at=at)
            raise
        grant = self._issuing.entitled(grant, client, at=at)
        unit.grants.add(grant)
        unit.record(audit_event.tokens_issued(grant=grant, at=at))
        return Issued(
            grant=grant,
            scopes=grant.scopes,
            access_token=self._issuing.access_token(
                unit,
                grant,
                epoch=asked.epoch,
                scopes=grant.scopes,
                audience=self._issuing.audience(grant, ()),
                key=caller.key,
                at=at,
            ),
            refresh_token=None,
        )

    def _proven(
        self,
        unit: Unit,
        request: BackchannelRequest,
        person: Person,
        answer: Approval | None,
        *,
        at: datetime,
    ) -> Session:
        """Use the answer up and open the session that the grant hangs off."""
        secret = self._entropy(_KEY_BYTES)
        key = SessionKey(hashlib.sha256(secret).hexdigest())
        if answer is None:
            event = AuthenticationEvent(
                person=person.id,
                evidence=SeededEvidence(username=request.username or ""),
                acr=Assurance.SUBSTANTIAL,
                amr=("be:seeded",),
                at=at,
            )
        else:
            event = self._approved(unit, answer, key, at=at)
        floor = lowest_asked(request.request.acr_words)
        if request.request.essential_acr and floor is not None and event.acr < floor:
            raise Refused(BACKCHANNEL_REFUSED, "below the level that was asked as essential")
        session = Session(key=key, event=event, opened_at=at, used_at=at, sids={})
        unit.sessions.open(session)
        return session

    def _approved(
        self, unit: Unit, answer: Approval, key: SessionKey, *, at: datetime
    ) -> AuthenticationEvent:
        if self._approvals is None:
            raise Refused(BACKCHANNEL_REFUSED, "phones are not offered any more")
        try:
            approval, device = self._approvals.prove(
                UnitOfThePhone(unit, now=self._now), answer.id, effect=f"{SESSION}{key}"
            )
        except PhoneError as error:
            raise Refused(BACKCHANNEL_REFUSED, error.code) from error
        return AuthenticationEvent(
            person=PersonId(approval.person),
            evidence=evidence_of(approval, device, backed_up=bool(approval.backed_up)),
            acr=level_of(device, approval.kind, now=at),
            amr=amr_of(device, approval.kind),
            at=approval.decided_at or at,
        )

    def _grant(
        self,
        unit: Unit,
        request: BackchannelRequest,
        client: Client,
        person: Person,
        session: Session,
        answer: Approval | None,
    ) -> Grant:
        event, now = session.event, self._now()
        offered = leaving(
            request.request,
            client,
            person,
            event,
            now=now,
            issuer=self._issuer,
            framework=self._framework,
        )
        short = {name: name.rpartition("/")[2] for name in offered.names()}
        told = None if answer is None else {claim.name for claim in answer.shown.claims}
        agreed = [name for name in short if told is None or short[name] in told]
        id_token_claims, userinfo_claims = offered.agreed(agreed, now=now)
        unit.record(
            audit_event.consent_given(
                person=person.id,
                client=client.id,
                claims=tuple(agreed),
                at=event.at,
                transaction=TransactionId(login_of(request.hash)),
            )
        )
        return Grant(
            id=GrantId(self._name()),
            person=person.id,
            client=client.id,
            session=session.key,
            sid=unit.sessions.join(session.key, client.id, sid=self._name()),
            subject=unit.people.subject(
                person.id, subject_sector(client), candidate=SubjectId(self._name())
            ),
            scopes=request.request.scopes,
            event=without_facts(event),
            acr_word=acr_told(client, request.request.acr_words, event),
            id_token_claims=id_token_claims,
            userinfo_claims=userinfo_claims,
            created_at=now,
        )

    def _person(self, unit: Unit, request: BackchannelRequest, answer: Approval | None) -> Person:
        whose = request.person if answer is None else PersonId(answer.person)
        person = None if whose is None else unit.people.get(whose)
        if person is None or person.state is not PersonState.ACTIVE:
            raise Refused(BACKCHANNEL_REFUSED, "the person may not log in any more")
        return person

    def _name(self) -> str:
        return tokens.encoded(self._entropy(_NAME_BYTES))
