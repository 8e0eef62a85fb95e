"""After a proof by card: is the phone that was added not long ago yours? A step like consent.

It stands in the login because a page that nobody has to pass is a page that nobody sees; it is
asked for a day at most, of those who added a phone. What is said of a phone is committed by itself,
before the login goes on: nothing that happens to the login afterwards takes it back.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from idp.domain.event import CardEvidence, DeviceEvidence
from idp.domain.transaction import Step
from idp.errors import INVALID_REQUEST, LOGIN_MOVED
from idp.login import sessions
from idp.login.turn import LoginRefused, Page, Turn
from idp.store.phone import UnitOfThePhone
from mobile_flow import trust
from mobile_flow.model import PersonRef

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from idp.domain.session import Session
    from idp.domain.transaction import Transaction
    from idp.login.policy import Standing
    from idp.login.standing import Gatherer
    from idp.login.transactions import Held, Transactions
    from idp.login.turn import Visitor
    from idp.store.ports import Ledger, Unit
    from mobile_flow.model import Device

_WHY: Final = "phone_disowned"


class Said(StrEnum):
    """What a person may say of a phone."""

    YES = "yes"
    NO = "no"
    LATER = "later"


def waiting(unit: Unit, tx: Transaction, session: Session) -> tuple[Device, ...]:
    """Give the phones that this login is to ask about; none but after a card's proof in it."""
    if not isinstance(session.event.evidence, CardEvidence):
        return ()
    if not tx.fresh_login or tx.session != session.key:
        return ()
    devices = unit.phones.devices(PersonRef(session.event.person))
    found = trust.waiting(devices, card_used_at=session.event.at)
    return tuple(device for device in found if device.id not in tx.phones_answered)


def question(tx: Transaction, standing: Standing) -> Turn:
    """Ask about the first of those that wait."""
    device = standing.waiting[0]
    return Turn(
        tx=tx,
        client=standing.client,
        page=Page.NEW_PHONE,
        shown={"new_phone": {"id": device.id, "name": device.name, "added": device.enrolled_at}},
    )


class Knowing:
    """Takes what a person says of a phone."""

    def __init__(
        self,
        ledger: Ledger,
        transactions: Transactions,
        gather: Gatherer,
        *,
        now: Callable[[], datetime],
        entropy: Callable[[int], bytes],
    ) -> None:
        self._ledger = ledger
        self._transactions = transactions
        self._gather = gather
        self._now = now
        self._entropy = entropy

    def take(self, held: Held, visitor: Visitor, *, phone: str, said: str) -> Held:
        """Do what is said of a phone that this login asks about; of another one nothing is done.

        Raises:
            LoginRefused: LOGIN_MOVED, this login asks nothing; INVALID_REQUEST, no such word;
                SESSION_CHANGED, as for consent.
        """
        tx = held.tx
        if tx.step is not Step.AGREEING:
            raise LoginRefused(LOGIN_MOVED, f"of a phone at {tx.step}", tx=tx)
        if said not in set(Said):
            raise LoginRefused(INVALID_REQUEST, "neither yes nor no nor later", tx=tx)
        with self._ledger.begin() as unit:
            standing = self._gather.of_the_page(unit, tx, visitor)
            device = next((one for one in standing.waiting if one.id == phone), None)
            if device is None or standing.session is None:
                return held
            self._settle(unit, standing.session, device, Said(said))
        answered = (*tx.phones_answered, device.id)
        return self._transactions.move(held, replace(tx, phones_answered=answered))

    def _settle(self, unit: Unit, session: Session, device: Device, said: Said) -> None:
        evidence, now = session.event.evidence, self._now()
        assert isinstance(evidence, CardEvidence)
        card, rows = evidence.certificate_fingerprint, UnitOfThePhone(unit, now=self._now)
        if said is Said.YES:
            trust.own(rows, device, card=card, card_used_at=session.event.at)
        elif said is Said.NO:
            trust.disown(rows, device, card=card, now=now, entropy=self._entropy)
            _end_what_it_opened(unit, session, device, now)


def _end_what_it_opened(unit: Unit, session: Session, device: Device, now: datetime) -> None:
    """End every session of the person that this phone opened, and what those gave."""
    for other in unit.sessions.of_person(session.event.person):
        evidence = other.event.evidence
        if isinstance(evidence, DeviceEvidence) and evidence.device == device.id:
            sessions.end(unit, other, at=now, why=_WHY, offline=True)
