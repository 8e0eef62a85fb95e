"""The calls of the app: only those of the table, only signed, only by whom they are for."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import pytest

from mobile_flow import proof
from mobile_flow.errors import (
    CallMalformed,
    CallUnknown,
    DeviceRemoved,
    NonceNeeded,
    PhoneError,
    ProofRefused,
)
from mobile_flow.members import of_shown
from mobile_flow.model import ShownDetail
from mobile_flow.sim.device_key import DeviceKey
from mobile_flow.sim.phone import PhoneRefused
from mobile_flow.views import Call
from tests.unit.mobile.desk import AN, BO, SECOND, SHOWN, MobileDesk

if TYPE_CHECKING:
    from tests.unit.mobile.desk import Phone


def signed(desk: MobileDesk, phone: Phone, method: str, path: str, body: bytes = b"") -> Call:
    text = phone.key.sign(method, path, body, nonce=desk.api.nonce())
    return Call(method=method, path=path, proof=text, body=body)


def test_the_configuration_is_told_to_anybody(desk: MobileDesk) -> None:
    answer = desk.api.answer(Call(method="GET", path="/phone/api/config"))
    assert answer == {
        "rp_id": "idp.example",
        "vapid_key": "",
        "languages": ["nl", "fr", "de", "en"],
    }


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/phone/api/nothing"),
        ("POST", "/phone/api/config"),
        ("GET", "/phone/api/approvals/claim/more"),
        ("GET", "/phone/api/approvals/%41"),
        ("DELETE", "/phone/api/devices"),
        ("GET", "/phone/api/"),
        ("GET", "/phone/api/config\n"),
    ],
)
def test_no_other_call_is_answered(desk: MobileDesk, method: str, path: str) -> None:
    with pytest.raises(CallUnknown):
        desk.api.answer(Call(method=method, path=path))


def test_a_call_without_a_proof_is_refused(desk: MobileDesk) -> None:
    for path in ("/phone/api/approvals", "/phone/api/history", "/phone/api/devices"):
        with pytest.raises(ProofRefused):
            desk.api.answer(Call(method="GET", path=path))


def test_a_proof_for_another_call_or_body_is_refused(desk: MobileDesk) -> None:
    phone = desk.phone()
    good = signed(desk, phone, "POST", "/phone/api/approvals/claim", b'{"code":"00000000"}')
    for bent in (
        Call(method="GET", path="/phone/api/approvals", proof=good.proof),
        Call(method=good.method, path=good.path, proof=good.proof, body=b'{"code":"11111111"}'),
    ):
        with pytest.raises(ProofRefused):
            desk.api.answer(bent)


def test_a_proof_by_another_key_in_a_phones_name_is_refused(desk: MobileDesk) -> None:
    phone = desk.phone()
    thief = DeviceKey(entropy=secrets.token_bytes)
    thief.device = phone.row.id
    path = "/phone/api/history"
    text = thief.sign("GET", path, b"", nonce=desk.api.nonce())
    with pytest.raises(ProofRefused):
        desk.api.answer(Call(method="GET", path=path, proof=text))


def test_a_key_that_is_not_enrolled_calls_nothing_of_a_phone(desk: MobileDesk) -> None:
    stranger = DeviceKey(entropy=secrets.token_bytes)
    path = "/phone/api/approvals"
    text = stranger.sign("GET", path, b"", nonce=desk.api.nonce())
    with pytest.raises(ProofRefused):
        desk.api.answer(Call(method="GET", path=path, proof=text))
    stranger.device = "nobody-nobody-nobody"
    text = stranger.sign("GET", path, b"", nonce=desk.api.nonce())
    with pytest.raises(DeviceRemoved):
        desk.api.answer(Call(method="GET", path=path, proof=text))


def test_an_old_nonce_is_asked_again_and_the_phone_repeats_once(desk: MobileDesk) -> None:
    phone = desk.phone()
    path = "/phone/api/devices"
    late = signed(desk, phone, "GET", path)
    desk.clock.move(302 * SECOND)
    with pytest.raises(NonceNeeded):
        desk.api.answer(late)
    assert [one["this"] for one in phone.devices()] == [True]


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"[]",
        b"not json",
        b'{"code":"0","code":"1"}',
        b'{"text":"a","code":"b"}',
        b'{"code":7}',
        json.dumps({"text": "A" * 400}).encode(),
        b'{"text":"' + b"A" * 70_000 + b'"}',
    ],
)
def test_a_malformed_body_is_refused(desk: MobileDesk, body: bytes) -> None:
    phone = desk.phone()
    with pytest.raises(CallMalformed):
        desk.api.answer(signed(desk, phone, "POST", "/phone/api/approvals/claim", body))


def test_every_call_of_the_table_refuses_a_stranger_in_a_word_of_ours(desk: MobileDesk) -> None:
    phone = desk.phone()
    identifier = "A" * 26
    bodies = [b"", b"{}", b'{"number":"42","report":1,"name":"","assertion":{},"subscription":{}}']
    said: set[str] = set()
    for route in desk.api._routes:
        path = route.path.pattern.replace("\\", "").replace(
            "(?P<id>[A-Za-z0-9_-]{1,64})", identifier
        )
        for body in bodies:
            try:
                answer = desk.api.answer(signed(desk, phone, route.method, path, body))
            except PhoneError as error:
                said.add(error.code)
            else:
                json.dumps(answer)
    assert PhoneError.code not in said
    assert {"approval_unknown", "call_malformed", "phone_unknown", "proof_refused"} <= said


def test_phones_are_listed_renamed_and_removed_by_their_person_only(desk: MobileDesk) -> None:
    first, stranger = desk.phone(), desk.phone(BO)
    desk.clock.move(SECOND)
    second = desk.phone(AN, name="second")
    assert [(one["name"], one["this"]) for one in first.devices()] == [
        ("Fairphone", True),
        ("second", False),
    ]
    with pytest.raises(PhoneRefused) as refused:
        stranger.remove(first.row.id)
    assert refused.value.code == "phone_unknown"
    first.call("POST", f"devices/{second.row.id}/rename", {"name": "Tablet"})
    assert [one["name"] for one in first.devices()] == ["Fairphone", "Tablet"]
    first.remove(second.row.id)
    with pytest.raises(PhoneRefused) as refused:
        second.devices()
    assert refused.value.code == "device_removed"


def test_history_is_of_the_person_whichever_phone_and_has_no_number(desk: MobileDesk) -> None:
    first, second, stranger = desk.phone(), desk.phone(AN, name="second"), desk.phone(BO)
    start = desk.approved(first)
    desk.prove(start)
    past = second.history()
    assert [(one["id"], one["state"]) for one in past] == [(start.id, "consumed")]
    assert past[0]["decided_at"] == desk.now.isoformat(timespec="seconds")
    assert "number" not in past[0]
    assert stranger.history() == []


def test_what_nobody_answered_is_in_the_history(desk: MobileDesk) -> None:
    phone, start = desk.phone(), desk.open()
    phone.scan(desk.picture(start))
    assert phone.history() == []
    desk.clock.move(60 * SECOND)
    assert [(one["id"], one["state"]) for one in phone.history()] == [(start.id, "expired")]


def test_an_enrolment_is_known_to_its_own_key_only(desk: MobileDesk) -> None:
    opened = desk.enrolments.open(AN, name="An", card_fingerprint="ab" * 32)
    phone, thief = desk.blank(), desk.blank()
    phone.begin(opened.code)
    thief.enrolment = phone.enrolment
    with pytest.raises(PhoneRefused) as refused:
        thief.finish()
    assert refused.value.code == "enrolment_unknown"
    with pytest.raises(PhoneRefused) as refused:
        thief.begin(opened.code)
    assert refused.value.code == "enrolment_taken"
    told = phone.call("GET", f"enrolments/{phone.enrolment}")
    assert (told["state"], "options" in told) == ("claimed", False)


def test_an_enrolment_that_ran_out_is_told_so(desk: MobileDesk) -> None:
    opened = desk.enrolments.open(AN, name="An", card_fingerprint="ab" * 32)
    phone = desk.blank()
    phone.begin(opened.code)
    desk.clock.move(601 * SECOND)
    assert phone.call("GET", f"enrolments/{phone.enrolment}")["state"] == "expired"


def test_a_phone_may_give_its_enrolment_up(desk: MobileDesk) -> None:
    opened = desk.enrolments.open(AN, name="An", card_fingerprint="ab" * 32)
    phone = desk.blank()
    phone.begin(opened.code)
    phone.call("POST", f"enrolments/{phone.enrolment}/cancel", {})
    assert phone.call("GET", f"enrolments/{phone.enrolment}")["state"] == "cancelled"


def test_push_is_kept_only_for_services_that_are_admitted(desk: MobileDesk) -> None:
    phone = desk.phone()
    phone.subscribe(desk.subscription())
    assert desk.row(phone.row.id).push is not None
    with pytest.raises(PhoneRefused) as refused:
        phone.subscribe({**desk.subscription(), "endpoint": "https://evil.example/x"})
    assert refused.value.code == "push_refused"
    phone.subscribe(None)
    assert desk.row(phone.row.id).push is None


def test_the_header_is_named_as_the_app_names_it() -> None:
    assert (proof.HEADER, proof.NONCE_HEADER) == ("Sesame-Device", "Sesame-Nonce")


def test_what_is_shown_is_written_whole_and_as_it_is() -> None:
    shown = replace(SHOWN, details=(ShownDetail(label="amount", value="12,50 EUR"),), message="Hi")
    assert json.dumps(of_shown(shown)) == json.dumps(asdict(shown))
