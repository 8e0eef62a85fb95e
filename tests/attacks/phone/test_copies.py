"""A copied passkey: refused, recorded, told to the person, and limited from then on (A12, A14)."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from mobile_flow.model import DeviceId, PushSubscription
from mobile_flow.sim.authenticator import BE, BS, UP, UV
from tests.attacks.phone.scene import Scene, refusal
from tests.flows.phone.house import ISSUER, claims_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mobile_flow.model import Device
    from mobile_flow.sim.phone import VirtualPhone

PUSH = PushSubscription(endpoint="https://fcm.googleapis.com/x", p256dh="k", auth="a")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path, starts_per_browser=100)
    yield made
    made.close()


def row(house: Scene, phone: VirtualPhone) -> Device:
    with house.services.ledger.read() as unit:
        found = unit.phones.device(DeviceId(str(phone.key.device)))
    assert found is not None
    return found


def set_back(phone: VirtualPhone) -> None:
    """What a copy made at the enrolment has counted since."""
    (passkey,) = phone.authenticator.passkeys
    passkey.count = 0


def used(house: Scene, **enrolled: Any) -> VirtualPhone:
    """A phone with a push address, that counted to two and is trusted."""
    phone = house.phone(trusted=True, **enrolled)
    house.approved(phone).visit()
    house.approved(phone).visit()
    with house.services.ledger.begin() as unit:
        unit.phones.set_push(DeviceId(str(phone.key.device)), PUSH)
    return phone


def pushed(house: Scene) -> list[bytes]:
    with house.services.ledger.read() as unit:
        due = unit.outbox.due(at=house.now(), limit=100)
    return [message.body for message in due if message.kind == "push"]


def test_a_copy_that_approves_is_refused_recorded_and_told_to_the_other_phones(
    house: Scene,
) -> None:
    phone, other = used(house), used(house)
    before = len(pushed(house))
    browser = house.matched(phone)
    set_back(phone)
    assert refusal(phone.approve) == "credential_copied"
    seen = house.row("phone.copied")
    assert seen["person"] == "an"
    assert seen["details"] == {
        "device": str(phone.key.device),
        "flow": "qr",
        "sign": "counter",
        "stored": "2",
        "sent": "1",
        "first": "yes",
    }
    (message,) = pushed(house)[before:]
    assert str(other.key.device).encode() in message
    assert browser.visit().state == "matched"
    # Again: recorded again, told no more.
    set_back(phone)
    assert refusal(phone.approve) == "credential_copied"
    assert house.audited().count("phone.copied") == 2
    assert house.row("phone.copied")["details"]["first"] == "no"
    assert len(pushed(house)) == before + 1


def test_a_phone_that_was_seen_copied_goes_on_by_its_second_key_and_never_gives_high(
    house: Scene,
) -> None:
    phone = used(house)
    house.matched(phone)
    set_back(phone)
    assert refusal(phone.approve) == "credential_copied"
    phone.refuse()
    (passkey,) = phone.authenticator.passkeys
    passkey.count = 100
    claims = claims_of(house.approved(phone).visit().agree().tokens())
    assert claims["acr"].endswith("substantial")
    browser = house.approved(phone, acr_values="eidas3").visit()
    assert "not sure enough here" in browser.page


def test_a_copy_that_answers_in_a_browser_is_refused_and_so_is_the_key_from_then_on(
    house: Scene,
) -> None:
    phone = used(house)
    set_back(phone)
    browser = house.browser().open().choose("passkey").passkey_of(phone)
    assert "This passkey may have been copied" in browser.page
    assert house.row("phone.copied")["details"]["flow"] == "passkey"
    (passkey,) = phone.authenticator.passkeys
    passkey.count = 100
    browser = house.browser().open().choose("passkey").passkey_of(phone)
    assert "This passkey may have been copied" in browser.page
    assert house.audited().count("phone.copied") == 1


@pytest.mark.parametrize(
    ("flags", "sign"), [(UP | UV | BE, "eligibility"), (UP | UV | BS, "state")]
)
def test_a_backup_flag_that_says_what_it_cannot_is_such_a_sign(
    house: Scene, flags: int, sign: str
) -> None:
    phone = used(house)
    house.matched(phone)
    options = phone.approval["options"]
    lie = phone.authenticator.get(options, origin=ISSUER, flags=flags)
    assert refusal(lambda: phone.approve(lie)) == "credential_copied"
    assert house.row("phone.copied")["details"]["sign"] == sign
    assert row(house, phone).suspected_at == house.now()


def test_nobody_without_the_key_puts_a_phone_under_suspicion(house: Scene) -> None:
    phone = used(house)
    house.matched(phone)
    set_back(phone)
    answer: Any = phone.assertion()
    answer["response"]["signature"] = answer["response"]["signature"][:-8] + "AAAAAAAA"
    assert refusal(lambda: phone.approve(answer)) == "credential_refused"
    assert "phone.copied" not in house.audited()
    assert row(house, phone).suspected_at is None


def test_the_slower_of_two_answers_of_one_phone_is_no_sign_of_a_copy(house: Scene) -> None:
    phone = used(house)
    for _ in range(5):
        house.matched(phone)
        answers = [phone.assertion() for _ in range(4)]
        together, told = threading.Barrier(len(answers)), list[str]()

        def approve(answer: Any) -> None:
            together.wait(10)  # noqa: B023 - joined below
            told.append(refusal(lambda: phone.approve(answer)))  # noqa: B023

        threads = [threading.Thread(target=approve, args=(answer,)) for answer in answers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert told.count("") == 1
        house.wait(house.services.settings.lifetimes.card_challenge)
    assert "phone.copied" not in house.audited()
    assert replace(row(house, phone), suspected_at=None) == row(house, phone)


def test_the_person_s_page_says_it_and_only_removing_the_phone_ends_it(house: Scene) -> None:
    phone = used(house)
    house.matched(phone)
    set_back(phone)
    assert refusal(phone.approve) == "credential_copied"
    browser = house.seeded(house.browser().open()).agree()
    page = browser.http.get("/account", headers={"Accept-Language": "en"}, base_url=ISSUER).text
    assert "an answer came with a copy of the key" in page
    assert "This phone&#39;s key may have been copied" in page
    house.desk.enrolments.remove("an", str(phone.key.device))
    page = browser.http.get("/account", headers={"Accept-Language": "en"}, base_url=ISSUER).text
    assert "copy of the key" not in page
