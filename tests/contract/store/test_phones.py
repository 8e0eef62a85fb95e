"""Phones, enrolments and freezes: what every Ledger keeps of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from idp.store.ports import Tampered
from mobile_flow.model import DeviceId, EnrolmentId, EnrolmentState, PersonRef, PushSubscription
from tests.contract.store.phones import (
    DAY,
    OWNER,
    a_device,
    an_approval,
    an_enrolment,
    an_otp,
    bytes_of,
)
from tests.contract.store.stand_ins import MINUTE, START
from tests.contract.store.test_sealed_columns import as_operator

if TYPE_CHECKING:
    from idp.store.ports import Ledger

PHONE = DeviceId("phone-1")
SOMEBODY = PersonRef("somebody")
PUSH = PushSubscription(endpoint="https://push.example/secret", p256dh="key", auth="auth")


@pytest.fixture
def enrolled(ledger: Ledger) -> Ledger:
    with ledger.begin() as unit:
        assert unit.phones.add_device(a_device())
    return ledger


# --- phones ------------------------------------------------------------------------------------


def test_a_phone_is_read_as_it_was_registered(enrolled: Ledger) -> None:
    with enrolled.read() as unit:
        assert unit.phones.device(PHONE) == a_device()
        assert unit.phones.device_of(a_device().credential.id, user_handle=None) == a_device()
        assert unit.phones.devices(OWNER) == [a_device()]
        assert unit.phones.device(DeviceId("other")) is None


def test_a_person_has_one_user_handle_for_all_phones(ledger: Ledger) -> None:
    with ledger.begin() as unit:
        first = unit.phones.user_handle(OWNER, candidate=bytes_of("a"))
    with ledger.begin() as unit:
        assert unit.phones.user_handle(OWNER, candidate=bytes_of("b")) == first == bytes_of("a")
        assert unit.phones.user_handle(SOMEBODY, candidate=bytes_of("b")) == bytes_of("b")


@pytest.mark.parametrize("same", ["credential", "device_key"])
def test_a_credential_or_a_key_is_registered_once_even_when_its_phone_is_gone(
    enrolled: Ledger, same: str
) -> None:
    again = a_device("phone-2", person=SOMEBODY, **{same: getattr(a_device(), same)})
    with enrolled.begin() as unit:
        assert not unit.phones.add_device(again)
        unit.phones.remove_device(PHONE, person=OWNER, at=START)
        assert not unit.phones.add_device(again)
        assert unit.phones.add_device(a_device("phone-3", person=SOMEBODY))


def test_a_credential_is_not_found_under_somebody_elses_handle(enrolled: Ledger) -> None:
    credential = a_device().credential.id
    with enrolled.read() as unit:
        handle = a_device().user_handle
        assert unit.phones.device_of(credential, user_handle=handle) == a_device()
        assert unit.phones.device_of(credential, user_handle=bytes_of("another")) is None
        assert unit.phones.device_of(bytes_of("another"), user_handle=handle) is None


def test_the_counter_of_a_phone_never_falls(enrolled: Ledger) -> None:
    used = replace(a_device().credential, sign_count=9, backed_up=True)
    with enrolled.begin() as unit:
        assert unit.phones.use_device(PHONE, credential=used, at=START + MINUTE)
        late = replace(used, sign_count=8)
        assert unit.phones.use_device(PHONE, credential=late, at=START + 2 * MINUTE)
    with enrolled.read() as unit:
        found = unit.phones.device(PHONE)
    assert found == replace(a_device(), credential=used, used_at=START + 2 * MINUTE)


def test_a_removed_phone_does_nothing_any_more_and_is_still_known(enrolled: Ledger) -> None:
    with enrolled.begin() as unit:
        assert unit.phones.set_push(PHONE, PUSH)
        assert not unit.phones.remove_device(PHONE, person=SOMEBODY, at=START)
        assert unit.phones.remove_device(PHONE, person=OWNER, at=START + MINUTE)
    with enrolled.begin() as unit:
        phones = unit.phones
        assert not phones.remove_device(PHONE, person=OWNER, at=START + DAY)
        assert not phones.use_device(PHONE, credential=a_device().credential, at=START)
        assert not phones.rename_device(PHONE, person=OWNER, name="x")
        assert not phones.set_push(PHONE, PUSH)
        assert not phones.trust_device(PHONE, person=OWNER, card_used_at=START)
        assert not phones.suspect_device(PHONE, at=START)
        assert phones.device_of(a_device().credential.id, user_handle=None) is None
        assert phones.devices(OWNER) == []
        assert phones.device(PHONE) == replace(a_device(), removed_at=START + MINUTE)


def test_only_the_owner_renames_a_phone(enrolled: Ledger) -> None:
    with enrolled.begin() as unit:
        assert not unit.phones.rename_device(PHONE, person=SOMEBODY, name="Mijn")
        assert unit.phones.rename_device(PHONE, person=OWNER, name="Téléphone")
    with enrolled.read() as unit:
        assert unit.phones.device(PHONE) == a_device(name="Téléphone")


def test_a_push_address_is_kept_and_forgotten(enrolled: Ledger) -> None:
    with enrolled.begin() as unit:
        assert unit.phones.set_push(PHONE, PUSH)
        assert unit.phones.device(PHONE) == a_device(push=PUSH)
        assert unit.phones.set_push(PHONE, None)
        assert unit.phones.device(PHONE) == a_device()


def test_a_yes_ends_the_wait_of_one_phone_and_lengthens_none(enrolled: Ledger) -> None:
    other, theirs = DeviceId("phone-2"), DeviceId("phone-3")
    with enrolled.begin() as unit:
        phones, at = unit.phones, START + MINUTE
        phones.add_device(a_device(other, enrolled_at=at))
        phones.add_device(a_device(theirs, person=SOMEBODY))
        assert not phones.trust_device(theirs, person=OWNER, card_used_at=at)
        assert phones.trust_device(PHONE, person=OWNER, card_used_at=at)
        assert not phones.trust_device(PHONE, person=OWNER, card_used_at=at + MINUTE)
        assert [device.high_from for device in phones.devices(OWNER)] == [at, START + DAY]
        assert phones.devices(SOMEBODY)[0].high_from == START + DAY


def test_a_phone_is_suspected_once_and_for_good(enrolled: Ledger) -> None:
    with enrolled.begin() as unit:
        assert unit.phones.suspect_device(PHONE, at=START)
        assert not unit.phones.suspect_device(PHONE, at=START + MINUTE)
        unit.phones.trust_device(PHONE, person=OWNER, card_used_at=START)
    with enrolled.read() as unit:
        found = unit.phones.device(PHONE)
    assert found == replace(a_device(), high_from=START, suspected_at=START)


# --- enrolments --------------------------------------------------------------------------------


def test_an_enrolment_is_found_by_its_code_and_moved_once_a_version(ledger: Ledger) -> None:
    first = an_enrolment()
    claimed = replace(
        first, state=EnrolmentState.CLAIMED, version=2, matching="K7QM", device_key=bytes_of("k")
    )
    with ledger.begin() as unit:
        unit.phones.add_enrolment(first)
        assert unit.phones.enrolment_by_code(first.code) == first
        assert unit.phones.move_enrolment(claimed, version=1)
        assert not unit.phones.move_enrolment(claimed, version=1)
    with ledger.read() as unit:
        assert unit.phones.enrolment(first.id) == claimed
        assert unit.phones.enrolment(EnrolmentId("none")) is None
        assert unit.phones.enrolment_by_code("none") is None


def test_a_new_enrolment_cancels_those_that_go_on_and_no_others(ledger: Ledger) -> None:
    done = an_enrolment("done", state=EnrolmentState.DONE, device=PHONE)
    with ledger.begin() as unit:
        unit.phones.add_enrolment(done)
        unit.phones.add_enrolment(an_enrolment("theirs", person=SOMEBODY))
        unit.phones.add_enrolment(an_enrolment("old", state=EnrolmentState.CONFIRMED))
        unit.phones.add_enrolment(an_enrolment("new"))
    with ledger.begin() as unit:
        found = {
            name: unit.phones.enrolment(EnrolmentId(name))
            for name in ("done", "theirs", "old", "new")
        }
        old = found["old"]
        assert old is not None
        assert (old.state, old.version) == (EnrolmentState.CANCELLED, 2)
        finished = replace(old, state=EnrolmentState.DONE, version=2)
        assert not unit.phones.move_enrolment(finished, version=1)
    assert found["done"] == done
    assert found["theirs"] == an_enrolment("theirs", person=SOMEBODY)
    assert found["new"] == an_enrolment("new")


# --- what is sealed ----------------------------------------------------------------------------


def test_a_phone_or_an_enrolment_that_was_changed_from_outside_is_not_believed(
    enrolled: Ledger, ledger_url: str
) -> None:
    with enrolled.begin() as unit:
        unit.phones.add_enrolment(an_enrolment())
    as_operator(ledger_url, "UPDATE devices SET person = 'somebody'")
    as_operator(ledger_url, "UPDATE enrolments SET state = 'confirmed'")
    with enrolled.read() as unit:
        with pytest.raises(Tampered):
            unit.phones.device(PHONE)
        with pytest.raises(Tampered):
            unit.phones.enrolment(EnrolmentId("enrolment-1"))


def test_nothing_personal_of_a_phone_is_readable_in_any_column(
    enrolled: Ledger, ledger_url: str
) -> None:
    with enrolled.begin() as unit:
        unit.phones.set_push(PHONE, PUSH)
        unit.phones.user_handle(OWNER, candidate=b"handle-of-anais")
        unit.phones.add_enrolment(an_enrolment())
        unit.phones.add_approval(an_approval(number="4711"))
        unit.phones.put_otp(an_otp())
    hidden = ["Ana", "Peeters", "push.example", "handle-of", "4711", "winkel", "JBSWY", "NAME-"]
    tables = ["phone_handles", "devices", "enrolments", "approvals", "otp_secrets"]
    for table in tables:
        rows = as_operator(ledger_url, f"SELECT * FROM {table}")
        assert rows
        for cell in (cell for row in rows for cell in row):
            text = bytes(cell).decode("latin-1") if isinstance(cell, bytes | memoryview) else cell
            assert not [word for word in hidden if word in str(text)], table


def test_the_purge_takes_old_enrolments_and_freezes_and_keeps_a_removed_phone_with_its_receipts(
    enrolled: Ledger,
) -> None:
    with enrolled.begin() as unit:
        unit.phones.add_enrolment(an_enrolment())
        unit.phones.freeze(OWNER, kind="push", until=START + MINUTE)
        unit.phones.remove_device(PHONE, person=OWNER, at=START)
        unit.phones.add_approval(an_approval("UNDECIDED"))
        unit.phones.add_approval(an_approval("DECIDED", decided_at=START + MINUTE))
        assert unit.purge(before=START + DAY, limit=100) == 3
        assert unit.phones.enrolment(EnrolmentId("enrolment-1")) is None
        assert unit.phones.frozen_until(OWNER, kind="push") is None
        assert unit.purge(before=START + DAY, limit=100, receipts_before=START + MINUTE) == 0
        assert unit.phones.device(PHONE) is not None
        assert unit.purge(before=START + DAY, limit=100, receipts_before=START + DAY) == 2
        assert unit.phones.device(PHONE) is None


def test_phones_that_are_doubted_wait_and_removed_ones_are_listed(enrolled: Ledger) -> None:
    old = a_device("phone-2", high_from=START)
    gone = a_device("phone-3", person=SOMEBODY, high_from=START)
    with enrolled.begin() as unit:
        unit.phones.add_device(old)
        unit.phones.add_device(gone)
        unit.phones.remove_device(gone.id, person=SOMEBODY, at=START + MINUTE)
        assert unit.phones.doubt_devices(until=START + MINUTE) == 1
        assert unit.phones.removed_devices(since=START + MINUTE) == [
            (gone.id, SOMEBODY, START + MINUTE)
        ]
        assert unit.phones.removed_devices(since=START + 2 * MINUTE) == []
        assert [one.high_from for one in unit.phones.devices(OWNER)] == [
            START + DAY,
            START + MINUTE,
        ]
        assert unit.phones.trust_device(old.id, person=OWNER, card_used_at=START)
