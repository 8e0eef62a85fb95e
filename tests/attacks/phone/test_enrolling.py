"""WAN-17 to WAN-25: somebody else's phone, the same code again, and failures in the middle."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mobile_flow.device_keys import ML_DSA, OFFERED, DeviceKeys
from mobile_flow.errors import (
    CredentialRefused,
    EnrolmentEarly,
    EnrolmentTaken,
    EnrolmentUnknown,
    PhoneError,
    PhoneKnown,
    PhoneUnknown,
    TooMany,
    TooManyPhones,
)
from mobile_flow.model import EnrolmentState, PersonRef
from tests.contract.store.stand_ins import a_person
from tests.unit.mobile.keys.authenticator import ORIGIN, RP_ID, Authenticator
from tests.unit.mobile.keys.world import ADDRESS, OWNER, Broken, Phone

if TYPE_CHECKING:
    from mobile_flow.answers import Response
    from mobile_flow.model import Credential, Device, Enrolment
    from tests.unit.mobile.keys.world import House

MINUTE = timedelta(minutes=1)


def claim(house: House, code: str, phone: Phone, *, address: str = ADDRESS) -> Enrolment:
    return house.enrolments.claim(
        code, device_name="A phone", device_key=phone.device_key, address=address
    )


def test_a_code_is_good_for_one_phone_and_one_enrolment(house: House) -> None:
    opened, mine, thief = house.open(), Phone(), Phone()
    first = claim(house, opened.code, mine)
    assert claim(house, opened.code, mine) == first
    with pytest.raises(EnrolmentTaken):
        claim(house, opened.code, thief)
    for verb in (house.enrolments.standing, house.enrolments.options):
        with pytest.raises(EnrolmentUnknown):
            verb(first.id, device_key=thief.device_key)
    assert first.matching is not None
    house.enrolments.confirm(first.id, person=OWNER, matching=first.matching)
    options = house.enrolments.options(first.id, device_key=mine.device_key)
    answer = mine.authenticator.create(options)
    with pytest.raises(EnrolmentUnknown):
        house.enrolments.finish(
            first.id, device_key=thief.device_key, credential=answer, language="nl"
        )
    house.enrolments.finish(first.id, device_key=mine.device_key, credential=answer, language="nl")
    for phone in (mine, thief):
        with pytest.raises(EnrolmentUnknown):
            claim(house, opened.code, phone)


def test_a_code_ends_with_its_time_with_a_newer_one_and_with_the_person_s_no(house: House) -> None:
    old = house.open()
    new = house.open()
    with pytest.raises(EnrolmentUnknown):
        claim(house, old.code, Phone())
    house.enrolments.cancel(new.enrolment.id, person=OWNER)
    with pytest.raises(EnrolmentUnknown):
        claim(house, new.code, Phone())
    late = house.open()
    house.clock.move(10 * MINUTE)
    with pytest.raises(EnrolmentUnknown):
        claim(house, late.code, Phone())


def test_each_step_of_an_enrolment_ends_with_its_time(house: House) -> None:
    phone = Phone()
    enrolment, options = house.confirmed(phone)
    answer = phone.authenticator.create(options)
    house.clock.move(10 * MINUTE)
    with pytest.raises(EnrolmentUnknown):
        house.enrolments.options(enrolment, device_key=phone.device_key)
    with pytest.raises(EnrolmentUnknown):
        house.enrolments.finish(
            enrolment, device_key=phone.device_key, credential=answer, language="nl"
        )


def test_a_phone_confirmed_at_the_last_second_still_has_time(house: House) -> None:
    phone, opened = Phone(), house.open()
    claimed = claim(house, opened.code, phone)
    house.clock.move(10 * MINUTE - timedelta(seconds=1))
    assert claimed.matching is not None
    house.enrolments.confirm(claimed.id, person=OWNER, matching=claimed.matching)
    house.clock.move(2 * MINUTE)
    assert house.enrolments.options(claimed.id, device_key=phone.device_key)


def test_a_thief_who_was_first_is_seen_on_the_card_s_side_and_gets_nothing(house: House) -> None:
    opened, thief, mine = house.open(), Phone(), Phone()
    stolen = house.enrolments.claim(
        opened.code, device_name="Thief's phone", device_key=thief.device_key, address=ADDRESS
    )
    with pytest.raises(EnrolmentTaken):
        claim(house, opened.code, mine)
    seen = house.enrolments.look(opened.enrolment.id, person=OWNER)
    assert (seen.device_name, seen.matching) == ("Thief's phone", stolen.matching)
    assert seen.matching is not None
    assert len(seen.matching) == 4
    with pytest.raises(EnrolmentEarly):
        house.enrolments.options(stolen.id, device_key=thief.device_key)
    with pytest.raises(EnrolmentEarly):
        house.enrolments.confirm(stolen.id, person=OWNER, matching="WORD")
    with pytest.raises(EnrolmentUnknown):
        house.enrolments.confirm(stolen.id, person=PersonRef("ben"), matching=seen.matching)
    house.enrolments.cancel(stolen.id, person=OWNER)
    with pytest.raises(EnrolmentUnknown):
        house.enrolments.options(stolen.id, device_key=thief.device_key)
    assert not house.enrolments.devices(OWNER)


def test_a_new_phone_is_told_of_and_waits_a_day_before_it_gives_high(house: House) -> None:
    first = house.enrol(Phone())
    assert first.high_from == house.clock.at + timedelta(hours=24)
    house.enrolments.set_push(first.id, SUBSCRIPTION)
    second = house.enrol(Phone())
    (message,) = house.desk.outbox(house.clock.at)
    assert message["device"] == first.id
    assert message["subject"].startswith("n.")
    house.enrolments.remove(OWNER, second.id)
    assert len(house.desk.outbox(house.clock.at)) == 2


SUBSCRIPTION = {
    "endpoint": "https://fcm.googleapis.com/fcm/send/abc",
    "keys": {
        "p256dh": "BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-"
        "Ts1XbjhazAkj7I99e8QcYP7DkM",
        "auth": "tBHItJI5svbpez7KI4CCXg",
    },
}


def test_nobody_has_more_than_five_phones(house: House) -> None:
    phones = [house.enrol(Phone()) for _ in range(4)]
    last = Phone()
    enrolment, options = house.confirmed(last)
    with house.desk.begin() as unit:
        clone = replace(
            phones[0],
            id="fifth",
            device_key=b"fifth",
            credential=replace(phones[0].credential, id=b"fifth" * 4),
        )
        assert unit.phones.add_device(clone)
    with pytest.raises(TooManyPhones):
        house.enrolments.finish(
            enrolment,
            device_key=last.device_key,
            credential=last.authenticator.create(options),
            language="nl",
        )
    with pytest.raises(TooManyPhones):
        house.open()
    house.enrolments.remove(OWNER, phones[0].id)
    house.enrol(Phone())


def test_only_the_latest_options_count(house: House) -> None:
    phone = Phone()
    enrolment, older = house.confirmed(phone)
    newer = house.enrolments.options(enrolment, device_key=phone.device_key)
    with pytest.raises(CredentialRefused):
        finish(house, enrolment, phone, older)
    device = finish(house, enrolment, phone, newer)
    assert finish(house, enrolment, phone, newer) == device
    assert house.desk.said.count("phone_enrolled") == 1


def finish(house: House, enrolment: object, phone: Phone, options: dict[str, object]) -> Device:
    return house.enrolments.finish(
        enrolment,  # type: ignore[arg-type]
        device_key=phone.device_key,
        credential=phone.authenticator.create(options),
        language="nl",
    )


def test_guessing_codes_ends_after_thirty_tries_of_an_address(house: House) -> None:
    for guess in range(30):
        with pytest.raises(EnrolmentUnknown):
            claim(house, f"222222{guess + 10}", Phone(), address="2001:db8::1")
    with pytest.raises(TooMany):
        claim(house, house.open().code, Phone(), address="2001:db8::2")
    claim(house, house.open().code, Phone(), address="2001:db8:0:1::1")


@pytest.mark.parametrize("algorithm", ML_DSA)
def test_a_post_quantum_passkey_is_taken_where_it_is_offered(house: House, algorithm: int) -> None:
    house.keys = DeviceKeys(
        rp_id=RP_ID,
        rp_name="Sesame",
        origins=frozenset({ORIGIN}),
        algorithms=(*OFFERED, *ML_DSA),
    )
    phone = Phone(Authenticator(algorithm))
    device = house.enrol(phone)
    challenge, answer = house.assertion(phone, device)
    used = house.keys.verify_assertion(answer, challenge=challenge, device=device)
    assert (used.algorithm, used.sign_count) == (algorithm, 2)


def test_a_post_quantum_passkey_is_refused_where_it_is_not_offered(house: House) -> None:
    with pytest.raises(CredentialRefused):
        house.enrol(Phone(Authenticator(-49)))


def test_a_failure_at_any_point_leaves_no_phone_and_a_repeat_goes_on(house: House) -> None:
    """Every call of a port raises once; whatever was reached, the same enrolment ends well."""
    broken = 0
    while True:
        phone = Phone()
        enrolment, options = house.confirmed(phone)
        answer = phone.authenticator.create(options)
        house.desk.calls.clear()
        house.desk.break_at = broken
        try:
            house.enrolments.finish(
                enrolment, device_key=phone.device_key, credential=answer, language="nl"
            )
        except Broken:
            house.desk.break_at = None
            assert not house.enrolments.devices(OWNER)
            assert "phone_enrolled" not in house.desk.said
            state = house.enrolments.standing(enrolment, device_key=phone.device_key).state
            assert state is EnrolmentState.CONFIRMED
            device = house.enrolments.finish(
                enrolment, device_key=phone.device_key, credential=answer, language="nl"
            )
            assert [each.id for each in house.enrolments.devices(OWNER)] == [device.id]
            house.enrolments.remove(OWNER, device.id)
            house.desk.notes.clear()
            broken += 1
            continue
        break
    assert broken == len(house.desk.calls) > 8


def test_a_failure_at_any_earlier_point_leaves_the_step_undone(house: House) -> None:
    phone = Phone()
    opened = house.open()
    steps = {
        EnrolmentState.CLAIMED: lambda: claim(house, opened.code, phone),
        EnrolmentState.CONFIRMED: lambda: house.enrolments.confirm(
            opened.enrolment.id, person=OWNER, matching=matching(house, opened.enrolment)
        ),
    }
    before = EnrolmentState.OPEN
    for after, step in steps.items():
        house.desk.calls.clear()
        broken = 0
        while True:
            house.desk.break_at = len(house.desk.calls) + broken
            try:
                step()
            except (Broken, PhoneError):
                house.desk.break_at = None
                look = house.enrolments.look(opened.enrolment.id, person=OWNER)
                assert look.state is before
                broken += 1
                continue
            break
        assert broken > 3
        house.desk.break_at = None
        assert house.enrolments.look(opened.enrolment.id, person=OWNER).state is after
        before = after
        house.counters.counts.clear()


def matching(house: House, enrolment: Enrolment) -> str:
    broken, house.desk.break_at = house.desk.break_at, None
    count = len(house.desk.calls)
    word = house.enrolments.look(enrolment.id, person=OWNER).matching
    del house.desk.calls[count:]
    house.desk.break_at = broken
    assert word is not None
    return word


def test_a_phone_is_removed_by_its_person_alone_at_once_and_for_good(house: House) -> None:
    phone = Phone()
    device = house.enrol(phone)
    with pytest.raises(PhoneUnknown):
        house.enrolments.remove(PersonRef("ben"), device.id)
    with pytest.raises(PhoneUnknown):
        house.enrolments.rename(PersonRef("ben"), device.id, name="Mine")
    house.enrolments.remove(OWNER, device.id)
    for verb in (
        lambda: house.enrolments.remove(OWNER, device.id),
        lambda: house.enrolments.rename(OWNER, device.id, name="Again"),
        lambda: house.enrolments.set_push(device.id, SUBSCRIPTION),
    ):
        with pytest.raises(PhoneUnknown):
            verb()
    with house.desk.read() as unit:
        assert unit.phones.device_of(device.credential.id, user_handle=None) is None
    assert house.desk.said[-1] == "phone_removed"


def test_two_finishes_at_the_same_moment_make_one_phone(house: House) -> None:
    phone = Phone()
    enrolment, options = house.confirmed(phone)
    answer = phone.authenticator.create(options)
    calm = house.keys

    class Racing(DeviceKeys):
        """Lets the repeat of the same request win while the first one verifies."""

        def verify_registration(self, response: Response, *, challenge: bytes) -> Credential:
            house.keys = calm
            winners.append(
                house.enrolments.finish(
                    enrolment, device_key=phone.device_key, credential=answer, language="nl"
                )
            )
            return super().verify_registration(response, challenge=challenge)

    winners: list[Device] = []
    house.keys = Racing(rp_id=RP_ID, rp_name="Sesame", origins=frozenset({ORIGIN}))
    device = house.enrolments.finish(
        enrolment, device_key=phone.device_key, credential=answer, language="nl"
    )
    assert winners == [device] == list(house.enrolments.devices(OWNER))


def test_a_new_claim_of_options_overtakes_a_finish(house: House) -> None:
    phone = Phone()
    enrolment, options = house.confirmed(phone)
    answer = phone.authenticator.create(options)

    class Overtaken(DeviceKeys):
        def verify_registration(self, response: Response, *, challenge: bytes) -> Credential:
            house.enrolments.options(enrolment, device_key=phone.device_key)
            return super().verify_registration(response, challenge=challenge)

    house.keys = Overtaken(rp_id=RP_ID, rp_name="Sesame", origins=frozenset({ORIGIN}))
    with pytest.raises(EnrolmentUnknown):
        house.enrolments.finish(
            enrolment, device_key=phone.device_key, credential=answer, language="nl"
        )
    assert not house.enrolments.devices(OWNER)


def test_a_passkey_of_somebody_else_is_not_taken_over(house: House) -> None:
    phone = Phone()
    device = house.enrol(phone)
    with house.desk.ledger.begin() as unit:
        unit.people.add(a_person("person-ben", number=None), username="ben")
    ben, thief = PersonRef("person-ben"), Phone(authenticator=phone.authenticator)
    opened = house.enrolments.open(ben, name="Ben", card_fingerprint="cd" * 32)
    claimed = claim(house, opened.code, thief)
    assert claimed.matching is not None
    house.enrolments.confirm(claimed.id, person=ben, matching=claimed.matching)
    options = house.enrolments.options(claimed.id, device_key=thief.device_key)
    assert options["excludeCredentials"] == []
    assert claimed.user_handle != device.user_handle
    with pytest.raises(PhoneKnown):
        finish(house, claimed.id, thief, options)
    assert not house.enrolments.devices(ben)
    with house.desk.read() as unit:
        found = unit.phones.device_of(device.credential.id, user_handle=None)
        assert found == device
        assert unit.phones.device_of(device.credential.id, user_handle=claimed.user_handle) is None
