"""WAN: every way to present a passkey that is not the one asked for, here and now, on our page."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from mobile_flow.device_keys import named
from mobile_flow.errors import CredentialCopied, CredentialRefused, PhoneKnown
from mobile_flow.reading import decoded, encoded
from tests.unit.mobile.keys.authenticator import BE, BS, ORIGIN, RP_ID, UP, UV, Authenticator
from tests.unit.mobile.keys.world import Phone

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.mobile.keys.world import House

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def said(ceremony: str, **changes: Any) -> Callable[[str], bytes]:
    """Client data as a text of one's own making."""

    def make(challenge: str) -> bytes:
        honest = {"type": ceremony, "challenge": challenge, "origin": ORIGIN, "crossOrigin": False}
        return json.dumps({**honest, **changes}).encode()

    return make


def twice(challenge: str) -> bytes:
    one = f'"challenge":"{encoded(bytes(32))}"'
    return f'{{"type":"webauthn.get",{one},"challenge":"{challenge}","origin":"{ORIGIN}"}}'.encode()


FOREIGN_CLIENT_DATA: dict[str, dict[str, Any]] = {
    "WAN-01 inside another page": {"said": {"crossOrigin": True}},
    "WAN-01 a word for true": {"said": {"crossOrigin": "false"}},
    "WAN-01 below a foreign page": {"said": {"topOrigin": "https://evil.example"}},
    "WAN-01 below our own page": {"said": {"topOrigin": ORIGIN}},
    "WAN-04 padded challenge": {"raw_client_data": lambda text: said("webauthn.get")(text + "=")},
    "WAN-04 the challenge of somebody else": {"said": {"challenge": encoded(bytes(32))}},
    "WAN-04 a challenge that is no text": {"said": {"challenge": 7}},
    "WAN-04 two challenges": {"raw_client_data": twice},
    "WAN-04 a byte order mark": {
        "raw_client_data": lambda text: b"\xef\xbb\xbf" + said("webauthn.get")(text)
    },
    "WAN-04 another encoding": {
        "raw_client_data": lambda text: said("webauthn.get")(text).decode().encode("utf-16")
    },
    "WAN-04 a list": {"raw_client_data": lambda text: b"[" + said("webauthn.get")(text) + b"]"},
    "WAN-04 nothing": {"raw_client_data": lambda _: b""},
    "WAN-04 too long": {"said": {"more": "x" * 5000}},
    "WAN-06 without TLS": {"said": {"origin": "http://login.example"}},
    "WAN-06 with a slash": {"said": {"origin": ORIGIN + "/"}},
    "WAN-06 a sibling": {"said": {"origin": "https://evil.login.example"}},
    "WAN-06 the parent": {"said": {"origin": "https://example"}},
    "WAN-06 a port": {"said": {"origin": ORIGIN + ":443"}},
    "WAN-06 capitals": {"said": {"origin": "https://LOGIN.example"}},
    "WAN-06 null": {"said": {"origin": None}},
    "WAN-06 a list of origins": {"said": {"origin": [ORIGIN]}},
}

LIES_OF_THE_AUTHENTICATOR: dict[str, dict[str, Any]] = {
    "WAN-06 another relying party": {"rp_id": "example"},
    "WAN-09 nobody present": {"flags": lambda flags: flags & ~UP},
    "WAN-09 nobody verified": {"flags": lambda flags: flags & ~UV},
    "A11 backed up but never to be": {"flags": lambda flags: flags | BS},
    "A12 synced all of a sudden": {"flags": lambda flags: flags | BE},
    "WAN-12 a byte after the data": {"trailing": b"\x00"},
    "WAN-15 another credential": {"id": bytes(32)},
    "WAN-15 a long name": {"id": bytes(2000)},
    "WAN-15 a short name": {"id": bytes(15)},
    "two names": {"raw_id": encoded(bytes(32))},
    "a padded name": {"raw_id": encoded(bytes(32)) + "="},
    "A02 another person": {"user_handle": bytes(32)},
    "A02 an empty person": {"user_handle": b""},
}

FALSE_SIGNATURES: dict[str, Callable[[bytes], bytes]] = {
    "a byte more": lambda signature: signature + b"\x00",
    "a byte less": lambda signature: signature[:-1],
    "none": lambda _: b"",
    "zeros": lambda _: encode_dss_signature(0, 0),
    "beyond the order": lambda signature: encode_dss_signature(
        decode_dss_signature(signature)[0], decode_dss_signature(signature)[1] + P256_ORDER
    ),
    "raw instead of DER": lambda signature: b"".join(
        value.to_bytes(32, "big") for value in decode_dss_signature(signature)
    ),
    "a leading zero": lambda signature: (
        signature[:1] + bytes([signature[1] + 1, 2, signature[3] + 1, 0]) + signature[4:]
    ),
    "by another key": lambda _: Authenticator().sign(b"anything"),
}


@pytest.mark.parametrize("lies", FOREIGN_CLIENT_DATA.values(), ids=FOREIGN_CLIENT_DATA)
def test_an_assertion_made_elsewhere_or_for_something_else_is_refused(
    house: House, lies: dict[str, Any]
) -> None:
    phone = Phone()
    device = house.enrol(phone)
    challenge, answer = house.assertion(phone, device, **lies)
    with pytest.raises(CredentialRefused):
        house.keys.verify_assertion(answer, challenge=challenge, device=device)
    challenge, answer = house.assertion(phone, device)
    house.keys.verify_assertion(answer, challenge=challenge, device=device)


@pytest.mark.parametrize("lies", LIES_OF_THE_AUTHENTICATOR.values(), ids=LIES_OF_THE_AUTHENTICATOR)
def test_an_assertion_with_a_lie_in_it_is_refused(house: House, lies: dict[str, Any]) -> None:
    phone = Phone()
    device = house.enrol(phone)
    challenge, answer = house.assertion(phone, device, **lies)
    with pytest.raises(CredentialRefused):
        house.keys.verify_assertion(answer, challenge=challenge, device=device)


@pytest.mark.parametrize("mangle", FALSE_SIGNATURES.values(), ids=FALSE_SIGNATURES)
def test_a_signature_that_is_not_exactly_one_is_refused(
    house: House, mangle: Callable[[bytes], bytes]
) -> None:
    phone = Phone()
    device = house.enrol(phone)
    challenge, answer = house.assertion(phone, device, mangle=mangle)
    with pytest.raises(CredentialRefused):
        house.keys.verify_assertion(answer, challenge=challenge, device=device)


def test_a_mirrored_signature_opens_nothing_that_its_original_has_opened(house: House) -> None:
    """Authenticators make high-S signatures too, so they verify; the challenge counts once."""

    def mirror(signature: bytes) -> bytes:
        r, s = decode_dss_signature(signature)
        return encode_dss_signature(r, P256_ORDER - s)

    phone = Phone()
    device = house.enrol(phone)
    challenge, answer = house.assertion(phone, device)
    used = house.keys.verify_assertion(answer, challenge=challenge, device=device)
    stored = replace(device, credential=used)
    parts = answer["response"]
    copy = {
        **answer,
        "response": {**parts, "signature": encoded(mirror(decoded(parts["signature"])))},
    }
    with pytest.raises(CredentialCopied):
        house.keys.verify_assertion(copy, challenge=challenge, device=stored)
    with pytest.raises(CredentialRefused):
        house.keys.verify_assertion(copy, challenge=bytes(32), device=stored)


def test_a_registration_is_no_assertion_and_the_reverse(house: House) -> None:
    phone = Phone()
    device = house.enrol(phone)
    challenge, answer = house.assertion(phone, device, said={"type": "webauthn.create"})
    with pytest.raises(CredentialRefused):
        house.keys.verify_assertion(answer, challenge=challenge, device=device)
    with pytest.raises(CredentialRefused):
        house.enrol(Phone(), said={"type": "webauthn.get"})


def test_a_counter_that_stands_still_betrays_a_copied_key(house: House) -> None:
    phone = Phone(Authenticator(count=10))
    device = house.enrol(phone)
    for count in (device.credential.sign_count, device.credential.sign_count - 1, 0):
        challenge, answer = house.assertion(phone, device, count=count)
        with pytest.raises(CredentialCopied):
            house.keys.verify_assertion(answer, challenge=challenge, device=device)
    challenge, answer = house.assertion(phone, device, count=4_000_000_000)
    used = house.keys.verify_assertion(answer, challenge=challenge, device=device)
    assert used.sign_count == 4_000_000_000


def test_a_discovered_passkey_must_say_whose_it_is(house: House) -> None:
    phone = Phone()
    device = house.enrol(phone)
    challenge, answer = house.assertion(phone, None, user_handle=None)
    assert named(answer).user_handle is None
    house.keys.verify_assertion(answer, challenge=challenge, device=device)
    challenge, answer = house.assertion(phone, None, user_handle=None)
    with pytest.raises(CredentialRefused):
        house.keys.verify_assertion(answer, challenge=challenge, device=device, discovered=True)


@pytest.mark.parametrize(
    "lies",
    [
        {"id": bytes(2000), "attested_id": bytes(2000)},
        {"id": bytes(8), "attested_id": bytes(8)},
        {"attested_id": bytes(32)},
        {"trailing": b"\xf6"},
        {"extensions": b"\xa0"},
        {"flags": lambda flags: flags & ~UV},
        {"flags": lambda flags: flags & ~UP},
        {"flags": lambda flags: flags | BS},
        {"flags": lambda flags: flags & ~64},
        {"rp_id": "example"},
        {"said": {"origin": "https://evil.example"}},
        {"said": {"crossOrigin": True}},
        {"attest": lambda *_: ("none", {"sig": b"x"})},
        {"attest": lambda *_: ("unheard-of", {})},
        {"attest": lambda *_: ("fido-u2f", {"sig": b"x", "x5c": [b"x"]})},
        {"attest": lambda *_: ("packed", {"alg": -7, "sig": b"x"})},
        {"attest": lambda *_: ("packed", {"alg": -7, "sig": b"x", "x5c": "text"})},
    ],
    ids="-".join,  # what lies is often a function, and they have no name
)
def test_a_registration_with_a_lie_in_it_leaves_nothing(house: House, lies: dict[str, Any]) -> None:
    with pytest.raises(CredentialRefused):
        house.enrol(Phone(), **lies)
    assert not house.enrolments.devices(house.open().enrolment.person)


KEYS_NOT_OFFERED: dict[str, Callable[[], Any]] = {
    "another hash": lambda: {**Authenticator().cose(), 3: -36},
    "another kind": lambda: {**Authenticator().cose(), 3: -8},
    "WAN-25 a kind that is off": lambda: Authenticator(-49).cose(),
    "WAN-25 pretending": lambda: {**Authenticator().cose(), 3: -49},
    "an algorithm that is true": lambda: {**Authenticator().cose(), 3: True},
    "an algorithm with a fraction": lambda: {**Authenticator().cose(), 3: -7.0},
    "another curve's name": lambda: {**Authenticator().cose(), -1: 6},
    "no point": lambda: {**Authenticator().cose(), -2: bytes(32)},
    "a long coordinate": lambda: {
        **Authenticator().cose(),
        -2: bytes(1) + Authenticator().cose()[-2],
    },
    "no coordinates": lambda: {1: 2, 3: -7},
    "nothing": dict,
    "a number": lambda: 4,
    "a text": lambda: "key",
    "P-384": lambda: Authenticator(key=ec.generate_private_key(ec.SECP384R1())).cose(),
    "RSA of 1024 bits": lambda: Authenticator(
        -257, key=rsa.generate_private_key(65537, 1024)
    ).cose(),
    "RSA with exponent 3": lambda: Authenticator(
        -257, key=rsa.generate_private_key(3, 2048)
    ).cose(),
}


@pytest.mark.parametrize("make", KEYS_NOT_OFFERED.values(), ids=KEYS_NOT_OFFERED)
def test_a_key_that_was_not_offered_or_is_no_key_is_refused(
    house: House, make: Callable[[], Any]
) -> None:
    with pytest.raises(CredentialRefused):
        house.enrol(Phone(), cose=make())


def test_a_passkey_or_app_key_that_somebody_has_is_refused(house: House) -> None:
    first = Phone()
    house.enrol(first)
    with pytest.raises(PhoneKnown):
        house.enrol(Phone(authenticator=first.authenticator))
    with pytest.raises(PhoneKnown):
        house.enrol(Phone(app_key=first.app_key))
    assert len(house.enrolments.devices(house.open().enrolment.person)) == 1


def test_relying_parties_are_told_apart_by_hash_not_by_name(house: House) -> None:
    assert house.keys.rp_id == RP_ID
    phone = Phone(Authenticator(rp_id="evil.example"))
    with pytest.raises(CredentialRefused):
        house.enrol(phone)


@pytest.mark.parametrize(("length", "taken"), [(16, True), (1023, True), (1024, False)])
def test_wan_15_an_identifier_has_at_most_1023_bytes(
    house: House,
    length: int,
    taken: bool,  # noqa: FBT001
) -> None:
    name = bytes(index % 251 for index in range(length))
    if not taken:
        with pytest.raises(CredentialRefused):
            house.enrol(Phone(), id=name, attested_id=name)
        return
    assert house.enrol(Phone(), id=name, attested_id=name).credential.id == name
