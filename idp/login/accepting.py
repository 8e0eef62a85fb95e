"""What a proof opens, in the one unit of work that takes it: a person, an event, a session."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from idp.domain import audit_event, transaction
from idp.domain.event import AuthenticationEvent, CardEvidence, DeviceEvidence
from idp.domain.person import Person, PersonState
from idp.domain.transaction import Transaction
from idp.errors import ACCOUNT_NOT_ACTIVE
from idp.login import sessions
from idp.login.methods import ProofRefused
from idp.login.sessions import SignedIn
from mobile_flow.model import FlowKind, PersonRef

if TYPE_CHECKING:
    from collections.abc import Callable

    from idp.login.methods import Proof
    from idp.login.sessions import SessionRules
    from idp.login.turn import Visitor
    from idp.store.ports import Unit

KNOWN: Final = timedelta(days=90)
"""How long a browser is known to a person after a login with it."""
_PRESENT: Final = frozenset({FlowKind.QR.value, FlowKind.PASSKEY.value})


@dataclass(frozen=True, kw_only=True, slots=True)
class Accepted:
    """A proof that was taken: the transaction moved by it, whose it is, and their new session."""

    tx: Transaction
    person: Person
    signed: SignedIn


def accept(
    unit: Unit,
    tx: Transaction,
    proof: Proof,
    visitor: Visitor,
    *,
    rules: SessionRules,
    entropy: Callable[[int], bytes],
) -> Accepted:
    """Take a proof: spend what it used up, find its person, open the session; audited.

    Raises:
        ProofRefused: for a person unknown or not let in, or an answer that somebody used before:
            the unit is to roll back.
        AlreadySpent: so was its challenge.
    """
    for mark in proof.marks:
        unit.spend(mark.kind, mark.key, until=mark.until)
    person = proof.identify(unit)
    if person.state is not PersonState.ACTIVE:
        raise ProofRefused(ACCOUNT_NOT_ACTIVE, f"person is {person.state}")
    event = AuthenticationEvent(
        person=person.id, evidence=proof.evidence, acr=proof.acr, amr=proof.amr, at=proof.at
    )
    former = sessions.find(unit, visitor.session)
    signed = sessions.sign_in(unit, event, former=former, rules=rules, entropy=entropy)
    if proof.settle is not None:
        proof.settle(unit, signed.session)
    unit.record(
        audit_event.login_proven(
            event=event,
            transaction=tx.id,
            client=tx.request.client_id,
            session=signed.session.key,
        )
    )
    if _makes_known(proof):
        unit.phones.know_browser(PersonRef(person.id), tx.binding, until=event.at + KNOWN)
    moved = transaction.prove(tx, event=event, session=signed.session.key, fresh=True)
    return Accepted(tx=moved, person=person, signed=signed)


def _makes_known(proof: Proof) -> bool:
    """Tell whether the person has the browser before them: not by a code that can be read out."""
    evidence = proof.evidence
    if isinstance(evidence, DeviceEvidence):
        return evidence.flow in _PRESENT
    return isinstance(evidence, CardEvidence)
