"""Whatever a stranger sends is read or refused; nothing else ever happens."""

from __future__ import annotations

import contextlib
import hmac
import json
import secrets
from typing import Any

import cbor2
from hypothesis import given
from hypothesis import strategies as st

from mobile_flow import client_data, notify, proof
from mobile_flow.client_data import Ceremony
from mobile_flow.device_keys import DeviceKeys, named
from mobile_flow.errors import CredentialRefused, NameUnfit, PhoneError, PushRefused
from mobile_flow.model import Enrolment, EnrolmentId, PersonRef
from mobile_flow.names import plain_name
from mobile_flow.reading import decoded, encoded, json_object
from tests.contract.store.stand_ins import START, Clock
from tests.unit.mobile.keys.authenticator import ORIGIN, RP_ID, Authenticator
from tests.unit.mobile.keys.world import Phone

CHALLENGE = bytes(32)
KEYS = DeviceKeys(rp_id=RP_ID, rp_name="Sesame", origins=frozenset({ORIGIN}))
NONCES = proof.Nonces(
    lambda value: hmac.digest(b"key", value, "sha256"), now=Clock(), generation=lambda: "g"
)
AUTHENTICATOR = Authenticator()
ENROLMENT = Enrolment(
    id=EnrolmentId("e"),
    person=PersonRef("an"),
    person_name="An",
    code="c",
    card_fingerprint="f",
    user_handle=b"handle",
    opened_at=START,
    expires_at=START,
    challenge=CHALLENGE,
)
CREATED = AUTHENTICATOR.create(KEYS.creation_options(ENROLMENT, []))

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.binary(max_size=80))
def test_base64url_has_one_spelling(data: bytes) -> None:
    assert decoded(encoded(data)) == data


@given(st.text(alphabet="AZaz09-_=+/ \n", max_size=12))
def test_a_text_is_decoded_only_if_it_is_that_spelling(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert encoded(decoded(text)) == text


@given(st.binary(max_size=60) | json_values.map(lambda value: json.dumps(value).encode()))
def test_json_is_an_object_or_a_value_error(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        assert isinstance(json_object(data), dict)


def test_json_that_is_nested_without_end_is_a_value_error() -> None:
    for opening in (b'{"a":' * 100_000, b"[" * 100_000):
        with contextlib.suppress(ValueError):
            json_object(opening)


@given(st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()))
def test_client_data_of_any_kind_are_refused(data: bytes) -> None:
    try:
        client_data.check(
            data, ceremony=Ceremony.GET, challenge=CHALLENGE, origins=frozenset({ORIGIN})
        )
    except CredentialRefused:
        return
    raise AssertionError(data)


@given(json_values | st.text() | st.binary())
def test_an_answer_of_any_shape_is_refused(answer: Any) -> None:
    for verify in (named, lambda said: KEYS.verify_registration(said, challenge=CHALLENGE)):
        with contextlib.suppress(CredentialRefused):
            verify(answer if isinstance(answer, dict | str | bytes) else json.dumps(answer))
            raise AssertionError(answer)


def with_part(name: str, value: bytes) -> dict[str, Any]:
    return {**CREATED, "response": {**CREATED["response"], name: encoded(value)}}


cbor_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.binary(max_size=40)
    | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.integers(-5, 5) | st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=10,
)


@given(
    st.binary(max_size=300)
    | cbor_values.map(cbor2.dumps)
    | st.fixed_dictionaries(
        {"fmt": cbor_values, "attStmt": cbor_values, "authData": st.binary(max_size=200)}
    ).map(cbor2.dumps)
)
def test_an_attestation_object_of_any_shape_is_refused(data: bytes) -> None:
    with contextlib.suppress(CredentialRefused):
        KEYS.verify_registration(with_part("attestationObject", data), challenge=CHALLENGE)
        raise AssertionError(data)


@given(cbor_values)
def test_a_key_of_any_shape_is_refused(cose: Any) -> None:
    options = KEYS.creation_options(ENROLMENT, [])
    answer = Authenticator(key=AUTHENTICATOR.key).create(options, cose=cose)
    with contextlib.suppress(CredentialRefused):
        KEYS.verify_registration(answer, challenge=CHALLENGE)
        raise AssertionError(cose)


@given(st.integers(0, 10_000), st.integers(0, 7))
def test_a_registration_with_one_bit_turned_is_refused_or_says_the_same_key(
    place: int, bit: int
) -> None:
    """No attestation signs these bytes: what may change is the model's name and the counter."""
    whole = bytearray(decoded(CREATED["response"]["attestationObject"]))
    whole[place % len(whole)] ^= 1 << bit
    with contextlib.suppress(CredentialRefused):
        made = KEYS.verify_registration(
            with_part("attestationObject", bytes(whole)), challenge=CHALLENGE
        )
        assert made.id == AUTHENTICATOR.id


@given(
    st.text(max_size=200)
    | st.from_regex(r"[A-Za-z0-9_-]{4,60}\.[A-Za-z0-9_-]{4,60}\.[A-Za-z0-9_-]{86}")
)
def test_a_proof_of_any_shape_is_refused(text: str) -> None:
    with contextlib.suppress(PhoneError):
        proof.read(text, method="GET", path="/", body=b"", nonces=NONCES)
        raise AssertionError(text)


PHONE = Phone()


@given(json_values, json_values)
def test_a_proof_with_any_header_and_claims_is_refused(header: Any, claims: Any) -> None:
    text = PHONE.sign(claims, header=header if isinstance(header, dict) else {"kid": header})
    with contextlib.suppress(PhoneError):
        proof.read(text, method="GET", path="/", body=b"", nonces=NONCES)
        raise AssertionError(text)


@given(st.text(max_size=60))
def test_a_phone_s_name_is_plain_or_refused(text: str) -> None:
    try:
        name = plain_name(text)
    except NameUnfit:
        return
    assert 0 < len(name) <= 40
    assert name == plain_name(name)
    assert name.isprintable() or " " in name


def test_names_that_deceive_are_refused_and_others_kept() -> None:
    assert plain_name("  Téléphone   d'Anaïs ") == "Téléphone d'Anaïs"
    for text in ("", "   ", "a\u202eb", "a\u200bb", "a\x00b", "x" * 41, "\ud800", "x " * 500):
        with contextlib.suppress(NameUnfit):
            plain_name(text)
            raise AssertionError(text)


@given(json_values | st.dictionaries(st.sampled_from(["endpoint", "keys"]), json_values))
def test_a_subscription_of_any_shape_is_refused(said: Any) -> None:
    if isinstance(said, dict):
        with contextlib.suppress(PushRefused):
            notify.subscription(said, services=notify.SERVICES)
            raise AssertionError(said)


@given(
    st.text(max_size=60)
    | st.text(max_size=30).map(lambda tail: "https://fcm.googleapis.com" + tail)
)
def test_an_endpoint_that_passes_names_an_admitted_host_and_nothing_more(text: str) -> None:
    with contextlib.suppress(PushRefused):
        notify.check_endpoint(text, services=notify.SERVICES)
        assert text == "https://fcm.googleapis.com" or text.startswith(
            ("https://fcm.googleapis.com/", "https://fcm.googleapis.com?")
        )


def test_nonces_do_not_forge_themselves() -> None:
    for _ in range(50):
        with contextlib.suppress(PhoneError):
            NONCES.check(encoded(secrets.token_bytes(24)))
            raise AssertionError
