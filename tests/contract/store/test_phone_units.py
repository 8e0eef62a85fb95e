"""The Ledger as the phone sees it: one commit for rows, notes, messages and what a report ends."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from idp.domain.grant import GrantId
from idp.domain.session import SessionKey
from idp.store.phone import SESSION, LedgerOfThePhone
from mobile_flow.model import PersonRef
from mobile_flow.ports import Note
from tests.contract.store.phones import OWNER, a_device, an_approval
from tests.contract.store.stand_ins import START, Clock, a_grant

if TYPE_CHECKING:
    from idp.store.ports import Ledger


def test_a_note_and_a_message_are_committed_with_their_row_or_not_at_all(
    ledger: Ledger, clock: Clock
) -> None:
    phone = LedgerOfThePhone(ledger, now=clock)
    for fails in (True, False):
        with pytest.raises(ZeroDivisionError) if fails else phone.read(), phone.begin() as unit:
            unit.phones.add_device(a_device())
            unit.note(Note(what="phone_enrolled", person=OWNER, facts={"device": "phone-1"}))
            unit.deliver(kind="push", body=b"look", due_at=START)
            assert 1 // (not fails)
    with ledger.read() as kept:
        (row,) = kept.audit.unsealed(limit=9)
        (message,) = kept.outbox.due(at=START, limit=9)
    said = json.loads(row.payload or b"")
    assert (said["kind"], said["person"], said["details"]) == (
        "phone.enrolled",
        OWNER,
        {"device": "phone-1"},
    )
    assert (message.kind, message.destination, message.body) == ("push", "", b"look")


def test_a_report_ends_the_session_with_all_that_was_given_even_after_a_logout(
    peopled: Ledger, clock: Clock
) -> None:
    phone = LedgerOfThePhone(peopled, now=clock)
    approval = replace(an_approval(), effect=f"{SESSION}session-1")
    with peopled.begin() as unit:
        unit.grants.add(a_grant("online"))
        unit.grants.add(a_grant("offline", offline=True))
        assert unit.sessions.end(SessionKey("session-1"), at=START)
        offline = unit.grants.get(GrantId("offline"))
        assert offline is not None
        assert offline.ended_at is None
    with phone.begin() as unit_of_phone:
        assert unit_of_phone.undo(approval, at=START)
        assert not unit_of_phone.undo(approval, at=START)
        assert not unit_of_phone.undo(replace(approval, effect=None), at=START)
    with peopled.read() as unit:
        ended = [unit.grants.get(GrantId(name)) for name in ("online", "offline")]
    assert [grant.ended_at if grant else None for grant in ended] == [START, START]


def test_the_relying_party_moves_only_while_nobody_enrolled(ledger: Ledger) -> None:
    with ledger.begin() as unit:
        assert unit.phones.relying_party() is None
        unit.phones.fix_relying_party("one.example")
        unit.phones.fix_relying_party("two.example")
        assert unit.phones.relying_party() == "two.example"
        unit.phones.add_device(a_device(person=PersonRef("somebody")))
        unit.phones.fix_relying_party("three.example")
        assert unit.phones.relying_party() == "two.example"
