"""What is asked of an authenticator, and what is kept of an honest one's answers."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from mobile_flow.device_keys import OFFERED, DeviceKeys, check_assertion, named
from mobile_flow.errors import CredentialRefused
from mobile_flow.reading import encoded
from tests.unit.mobile.keys.authenticator import ORIGIN, RP_ID, Authenticator
from tests.unit.mobile.keys.world import OWNER, Phone

if TYPE_CHECKING:
    from tests.unit.mobile.keys.world import House


@pytest.mark.parametrize("algorithm", OFFERED)
def test_a_passkey_of_each_offered_kind_enrols_and_answers(house: House, algorithm: int) -> None:
    phone = Phone(Authenticator(algorithm))
    device = house.enrol(phone)
    challenge, answer = house.assertion(phone, device)
    used = house.keys.verify_assertion(json.dumps(answer), challenge=challenge, device=device)
    assert (used.algorithm, used.sign_count) == (algorithm, 2)
    with house.desk.begin() as unit:
        assert unit.phones.use_device(device.id, credential=used, at=house.clock.at)
    assert house.enrolments.devices(OWNER)[0].credential == used


def test_what_a_record_keeps_is_what_the_authenticator_said(house: House) -> None:
    synced = house.enrol(Phone(Authenticator(synced=True, backed_up=True, count=None)))
    assert (synced.credential.backup_eligible, synced.credential.backed_up) == (True, True)
    assert synced.credential.sign_count == 0
    assert synced.credential.transports == ("hybrid", "internal")
    assert synced.credential.aaguid == "00000000-0000-0000-0000-000000000000"
    bound = house.enrol(Phone())
    assert (bound.credential.backup_eligible, bound.credential.backed_up) == (False, False)
    assert synced.user_handle == bound.user_handle
    assert len(bound.user_handle) == 32


def test_a_synced_passkey_may_lose_and_regain_its_backup_and_never_counts(house: House) -> None:
    phone = Phone(Authenticator(synced=True, count=None))
    device = house.enrol(phone)
    for backed_up in (True, False):
        phone.authenticator.backed_up = backed_up
        challenge, answer = house.assertion(phone, device)
        used = house.keys.verify_assertion(answer, challenge=challenge, device=device)
        assert (used.backed_up, used.sign_count) == (backed_up, 0)


def test_an_authenticator_is_asked_for_a_discoverable_key_that_verifies_its_person(
    house: House,
) -> None:
    other = house.enrol(Phone())
    enrolment, options = house.confirmed(Phone())
    assert options["rp"] == {"name": "Sesame", "id": RP_ID}
    assert options["user"]["name"] == "An Peeters"
    assert [each["alg"] for each in options["pubKeyCredParams"]] == list(OFFERED)
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert [each["id"] for each in options["excludeCredentials"]] == [encoded(other.credential.id)]
    assert options["attestation"] == "none"
    assert json.dumps(options)
    assert enrolment not in json.dumps(options)


def test_a_login_asks_for_any_passkey_an_approval_for_one(house: House) -> None:
    device = house.enrol(Phone())
    anyone = house.keys.request_options(None, challenge=bytes(32))
    assert (anyone["allowCredentials"], anyone["userVerification"]) == ([], "required")
    assert anyone["rpId"] == RP_ID
    one = house.keys.request_options([device], challenge=bytes(32))
    assert one["allowCredentials"] == [
        {
            "id": encoded(device.credential.id),
            "type": "public-key",
            "transports": ["hybrid", "internal"],
        }
    ]


def test_extensions_that_we_do_not_know_are_tolerated(house: House) -> None:
    phone = Phone()
    device = house.enrol(phone, flags=lambda flags: flags | 128, extensions=b"\xa1\x61x\xf5")
    challenge, answer = house.assertion(phone, device, said={"unheardOf": {"a": [1]}})
    house.keys.verify_assertion(answer, challenge=challenge, device=device)


def test_a_discovered_passkey_finds_its_device_and_person(house: House) -> None:
    phone = Phone()
    device = house.enrol(phone)
    challenge, answer = house.assertion(phone, None)
    who = named(answer)
    with house.desk.read() as unit:
        found = unit.phones.device_of(who.credential_id, user_handle=who.user_handle)
    assert found == device
    house.keys.verify_assertion(answer, challenge=challenge, device=found, discovered=True)


def test_an_assertion_can_be_checked_again_from_what_a_receipt_keeps(house: House) -> None:
    phone = Phone()
    device = house.enrol(phone)
    challenge, answer = house.assertion(phone, device)
    for _ in range(2):
        check_assertion(
            answer,
            challenge=challenge,
            credential=device.credential,
            user_handle=device.user_handle,
            rp_id=RP_ID,
            origins=frozenset({ORIGIN}),
        )
    with pytest.raises(CredentialRefused):
        check_assertion(
            answer,
            challenge=challenge,
            credential=device.credential,
            user_handle=device.user_handle,
            rp_id=RP_ID,
            origins=frozenset({"https://other.example"}),
        )


@pytest.mark.parametrize(
    ("algorithms", "origins"),
    [((), {ORIGIN}), ((-7, -47), {ORIGIN}), (OFFERED, set())],
    ids=["none", "an unknown one", "no origin"],
)
def test_settings_that_would_admit_nobody_or_the_unknown_are_refused(
    algorithms: tuple[int, ...], origins: set[str]
) -> None:
    with pytest.raises(ValueError, match="no origin"):
        DeviceKeys(rp_id=RP_ID, rp_name="Sesame", origins=frozenset(origins), algorithms=algorithms)


def test_the_slow_libraries_wait_for_their_first_use() -> None:
    """A worker that starts imports every module of the phone, not what takes half a second."""
    modules = "device_keys, enrolment, notify, otp, proof"
    check = (
        f"import sys; from mobile_flow import {modules};"
        "slow = {'webauthn', 'pywebpush', 'aiohttp', 'requests', 'qrcode'} & sys.modules.keys();"
        "sys.exit(repr(slow) if slow else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
