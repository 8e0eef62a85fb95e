"""The token is made with one PIN attempt, and never without its checks."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from cardreader import client
from cardreader.errors import (
    CardError,
    CardProtocolError,
    PinBlocked,
    PinMalformed,
    PinWrong,
    UnknownCard,
    UserCancelled,
)
from cardreader.token import OriginRefused
from tests.unit.agent.fake_card import PIN, FakeCard

NONCE = base64.b64encode(bytes(range(32))).decode()
ORIGIN = "https://login.example.be"


def token(card: FakeCard, *, pin: str = PIN, nonce: str = NONCE, origin: str = ORIGIN) -> dict:
    return client.authenticate(
        card, challenge_nonce=nonce, origin=origin, ask_pin=lambda _question: pin
    )


def test_an_ec_card_signs_the_two_hashes_joined() -> None:
    made = token(FakeCard())
    raw = base64.b64decode(made["signature"])
    signed = hashlib.sha384(ORIGIN.encode()).digest() + hashlib.sha384(NONCE.encode()).digest()
    der = utils.encode_dss_signature(
        int.from_bytes(raw[:48], "big"), int.from_bytes(raw[48:], "big")
    )
    certificate = x509.load_der_x509_certificate(base64.b64decode(made["unverifiedCertificate"]))
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(der, signed, ec.ECDSA(hashes.SHA384()))
    assert (made["algorithm"], made["format"], len(raw)) == ("ES384", "web-eid:1.0", 96)
    assert set(made) == {"unverifiedCertificate", "algorithm", "signature", "format", "appVersion"}


def test_an_rsa_card_signs_with_rs256() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    made = token(FakeCard(key=key))
    signed = hashlib.sha256(ORIGIN.encode()).digest() + hashlib.sha256(NONCE.encode()).digest()
    raw = base64.b64decode(made["signature"])
    key.public_key().verify(raw, signed, padding.PKCS1v15(), hashes.SHA256())
    assert made["algorithm"] == "RS256"


def test_the_question_shows_origin_holder_and_tries_before_the_pin_is_asked() -> None:
    card, seen = FakeCard(tries=2), []

    def ask(question: client.PinQuestion) -> str:
        seen.append((question.origin, question.card.holder, question.card.tries_left))
        assert card.presented == []
        return PIN

    client.authenticate(card, challenge_nonce=NONCE, origin=ORIGIN, ask_pin=ask)
    assert seen == [(ORIGIN, "An Peeters", 2)]


def test_a_wrong_pin_spends_one_try_and_no_second_is_tried() -> None:
    card = FakeCard()
    with pytest.raises(PinWrong) as refused:
        token(card, pin="0000")
    assert (refused.value.tries_left, card.presented) == (2, ["0000"])
    assert "0000" not in f"{refused.value!r} {refused.value}"


def test_a_blocked_card_is_never_asked_again() -> None:
    card = FakeCard(tries=0)

    def never(_question: client.PinQuestion) -> str:
        raise AssertionError("asked")

    with pytest.raises(PinBlocked):
        client.authenticate(card, challenge_nonce=NONCE, origin=ORIGIN, ask_pin=never)
    assert card.presented == []


def test_a_card_that_does_not_tell_its_tries_is_asked_all_the_same() -> None:
    assert token(FakeCard(tells_tries=False))["algorithm"] == "ES384"


@pytest.mark.parametrize(
    "pin", ["", "123", "1" * 13, "12a4", "\uff11\uff12\uff13\uff14", "1234\n", " 1234"]
)
def test_what_is_no_pin_never_reaches_the_card(pin: str) -> None:
    card = FakeCard()
    with pytest.raises(PinMalformed) as refused:
        token(card, pin=pin)
    assert card.presented == []
    assert str(refused.value) == ""


@pytest.mark.parametrize("nonce", ["", "A" * 43, "A" * 129, "A" * 43 + "é", "A" * 43 + " "])
def test_a_malformed_challenge_is_refused_before_the_card(nonce: str) -> None:
    card = FakeCard()
    with pytest.raises(client.ChallengeMalformed):
        token(card, nonce=nonce)
    assert card.presented == []


@pytest.mark.parametrize("length", [44, 128])
def test_challenges_of_both_ends_of_the_range_are_signed(length: int) -> None:
    assert token(FakeCard(), nonce="A" * length)["format"] == "web-eid:1.0"


@pytest.mark.parametrize(
    "origin",
    [
        "http://login.example.be",
        "https://login.example.be/",
        "https://login.example.be?x",
        "https://login.example.be#x",
        "https://LOGIN.example.be",
        "https://u@login.example.be",
        "https://login.example.be:443",
        "https://" + "a." * 130 + "be",
        "null",
        "",
    ],
)
def test_only_an_exact_origin_is_signed(origin: str) -> None:
    card = FakeCard()
    with pytest.raises(OriginRefused):
        token(card, origin=origin)
    assert card.presented == []


def test_a_cancelled_question_leaves_the_card_alone() -> None:
    card = FakeCard()

    def cancel(_question: client.PinQuestion) -> str:
        raise UserCancelled

    with pytest.raises(UserCancelled):
        client.authenticate(card, challenge_nonce=NONCE, origin=ORIGIN, ask_pin=cancel)
    assert card.presented == []


def test_a_card_that_answers_a_signature_of_another_length_is_refused() -> None:
    with pytest.raises(CardProtocolError):
        token(FakeCard(short_signature=True))


def test_a_certificate_that_is_none_is_a_typed_error() -> None:
    card = FakeCard()
    card.der = b"\x30\x03\x02\x01"
    with pytest.raises(CardError):
        client.summary(card)


def test_the_right_that_the_pin_opened_is_given_back_whatever_happens() -> None:
    card = FakeCard()
    token(card)
    assert not card.verified
    broken = FakeCard(short_signature=True)
    with pytest.raises(CardProtocolError):
        token(broken)
    assert (broken.presented, broken.verified) == ([PIN], False)


def test_a_key_too_small_is_refused_before_the_pin() -> None:
    card = FakeCard(key=rsa.generate_private_key(public_exponent=65537, key_size=1024))
    with pytest.raises(UnknownCard):
        token(card)
    assert card.presented == []
