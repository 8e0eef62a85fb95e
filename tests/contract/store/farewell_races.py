"""What is raced about logouts: who ends a sign-on, and who delivers the message of it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from idp.domain.client import ClientId
from idp.domain.logout import LogoutChannels
from idp.domain.person import PersonId
from idp.domain.session import SessionKey
from tests.contract.store.stand_ins import MINUTE, START, a_client, a_person, a_session

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from idp.store.ports import Ledger
    from idp.store.upkeep import OutboxMessage

BANK = ClientId("bank")
_PLAIN = "plain"


def prepare(ledger: Ledger, rounds: int) -> None:
    with ledger.begin() as unit:
        unit.clients.add(a_client(BANK, logout=LogoutChannels(back="https://bank.example/out")))
        for number in range(rounds):
            person, session = f"person-{number}", SessionKey(f"session-{number}")
            unit.people.add(a_person(person, f"number-{number}"))
            unit.sessions.open(a_session(session, person=person))
            unit.sessions.join(session, BANK, sid=f"sid-{number}")
            unit.outbox.add(
                kind=_PLAIN, destination=f"place-{number}", body=b"x", due_at=_due(number)
            )


def ending_a_sign_on(ledger: Ledger, number: int, racer: int) -> bool:
    """Somebody logs out while an operator locks them."""
    with ledger.begin() as unit:
        if racer % 2:
            return unit.sessions.end_by_person(PersonId(f"person-{number}"), at=START) > 0
        return unit.sessions.end(SessionKey(f"session-{number}"), at=START) is not None


def holding_a_message(ledger: Ledger, number: int, racer: int) -> bool:
    with ledger.read() as unit:
        message = _of(unit.outbox.due(at=_due(number), limit=9, without=(BANK,)), number)
    if message is None:
        return False
    with ledger.begin() as unit:
        return unit.outbox.hold(message, until=START + (racer + 9) * MINUTE) is not None


RACES = (ending_a_sign_on, holding_a_message)


def carelessly_delivering(ledger: Ledger, number: int, racer: int) -> bool:
    """Read what is due, deliver it, and only then take it out."""
    del racer
    with ledger.read() as unit:
        message = _of(unit.outbox.due(at=_due(number), limit=9, without=(BANK,)), number)
    if message is None:
        return False
    with ledger.begin() as unit:
        unit.outbox.delivered(message)
    return True


def _due(number: int) -> datetime:
    return START + timedelta(milliseconds=number)


def _of(messages: Sequence[OutboxMessage], number: int) -> OutboxMessage | None:
    return next((one for one in messages if one.destination == f"place-{number}"), None)
