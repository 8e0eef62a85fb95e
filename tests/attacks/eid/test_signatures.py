"""EID-01, EID-03, EID-15, EID-17: the signature must be this card's over this login's words."""

from __future__ import annotations

import base64
import json
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cardreader.errors import CardError, SignatureWrong, TokenMalformed, TokenRefused
from cardreader.trust.signature import signed_bytes
from tests.world import holders, tokens
from tests.world.deep import PATIENCE, examples
from tests.world.tokens import ORIGIN, Provider

if TYPE_CHECKING:
    from collections.abc import Callable

    from cardreader.server import CardChallenge
    from cardreader.sim.image import AppletName

pytestmark = PATIENCE


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def refused(
    change: Any, why: type[CardError] = SignatureWrong, *, kind: tokens.KeyKind = "ec-p384"
) -> None:
    provider = Provider()
    with pytest.raises(why):
        provider.card("citizen-new", kind, change=change)
    assert provider.world.calls == []


def resigned(**words: Any) -> Callable[[dict[str, Any]], None]:
    """Sign other words with the right key."""

    def change(token: dict[str, Any]) -> None:
        key = tokens.card().authentication_key
        usual = {"origin": ORIGIN, "nonce": "A" * 43 + "="}
        token["signature"] = b64(tokens.sign(key, "ES384", **{**usual, **words}))

    return change


def test_eid_03_the_signature_over_another_challenge_is_refused() -> None:
    refused(resigned())


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", ORIGIN + "/", ORIGIN + ":443", "http://login.example", ""],
)
def test_the_signature_over_another_origin_is_refused(origin: str) -> None:
    provider = Provider()
    challenge = provider.server.begin()
    made = tokens.card()
    token = tokens.members(
        made.authentication, made.authentication_key, nonce=challenge.nonce, origin=origin
    )
    with pytest.raises(SignatureWrong):
        provider.server.complete(challenge, json.dumps(token), origin=ORIGIN)


def test_eid_01_a_token_answers_only_the_challenge_that_it_was_made_for() -> None:
    provider = Provider()
    first, second = provider.server.begin(), provider.server.begin()
    made = tokens.card()
    token = json.dumps(
        tokens.members(made.authentication, made.authentication_key, nonce=first.nonce)
    )
    assert provider.server.complete(first, token, origin=ORIGIN).surname == "Specimen"
    with pytest.raises(SignatureWrong):
        provider.server.complete(second, token, origin=ORIGIN)


def test_bytes_cannot_move_between_origin_and_challenge() -> None:
    one = signed_bytes("ES384", origin="https://a.examplex", nonce="yz")
    other = signed_bytes("ES384", origin="https://a.example", nonce="xyz")
    assert one != other


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "ES512"])
def test_eid_15_an_algorithm_that_is_not_the_keys_is_refused(algorithm: Any) -> None:
    refused(lambda token: token.update(algorithm=algorithm))


@pytest.mark.parametrize("algorithm", ["PS256", "ES256", "ES384"])
def test_eid_15_an_rsa_signature_under_another_name_is_refused(algorithm: Any) -> None:
    refused(lambda token: token.update(algorithm=algorithm), kind="rsa-2048")


@pytest.mark.parametrize("algorithm", ["none", "None", "", "HS256", "RS1", "ES384 ", None])
def test_eid_17_no_algorithm_or_an_unknown_one_is_refused(algorithm: Any) -> None:
    refused(lambda token: token.update(algorithm=algorithm), TokenMalformed)


@pytest.mark.parametrize(
    "signature",
    [b"\0" * 96, b"\xff" * 96, b"\1" * 95, b"\1" * 97, b"\1", b"\0" * 48 + b"\1" * 48],
)
def test_a_signature_of_another_length_or_of_nothing_is_refused(signature: bytes) -> None:
    refused(lambda token: token.update(signature=b64(signature)))


def test_a_der_signature_is_refused() -> None:
    def change(token: dict[str, Any]) -> None:
        key = tokens.card().authentication_key
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        token["signature"] = b64(key.sign(b"x", ec.ECDSA(hashes.SHA384())))

    refused(change)


def test_another_cards_certificate_with_this_cards_signature_is_refused() -> None:
    other = tokens.country().issue(tokens.request())

    def change(token: dict[str, Any]) -> None:
        der = other.authentication.public_bytes(Encoding.DER)
        token["unverifiedCertificate"] = b64(der)

    refused(change)


@cache
def asked(applet: AppletName) -> tuple[Provider, CardChallenge, dict[str, Any]]:
    """A provider, its challenge, and the good token that answers it."""
    provider = Provider()
    challenge = provider.server.begin()
    made = holders.certificates(applet)
    good = tokens.members(made.authentication, made.authentication_key, nonce=challenge.nonce)
    assert provider.server.complete(challenge, json.dumps(good), origin=ORIGIN)
    return provider, challenge, good


@settings(deadline=None, max_examples=examples(60))
@given(
    # Mostly a card whose path is two RSA keys: those are verified in no time.
    applet=st.sampled_from(["1.7", "1.7", "1.7", "1.8"]),
    name=st.sampled_from(["signature", "unverifiedCertificate"]),
    place=st.integers(0, 5_000),
    flip=st.integers(1, 255),
)
@example(applet="1.8", name="unverifiedCertificate", place=713, flip=1)  # the CA's unused bits
@example(applet="1.8", name="unverifiedCertificate", place=67, flip=1)  # a name that is no text
def test_a_good_token_with_one_byte_changed_never_gets_in(
    applet: AppletName, name: str, place: int, flip: int
) -> None:
    provider, challenge, good = asked(applet)
    raw = bytearray(base64.b64decode(good[name]))
    raw[place % len(raw)] ^= flip
    bad = good | {name: b64(bytes(raw))}
    with pytest.raises(TokenRefused):
        provider.server.complete(challenge, json.dumps(bad), origin=ORIGIN)


@settings(deadline=None, max_examples=examples(150))
@given(
    certificate=st.binary(max_size=400),
    signature=st.binary(max_size=200),
    algorithm=st.sampled_from(["RS256", "PS256", "ES256", "ES384", "ES512"]),
    place=st.integers(0, 2_000),
)
def test_no_bytes_in_a_token_raise_anything_but_a_card_error(
    certificate: bytes, signature: bytes, algorithm: Any, place: int
) -> None:
    provider, challenge, members = asked("1.8")
    good = base64.b64decode(members["unverifiedCertificate"])
    for der in (certificate, good[:place] + certificate + good[place:]):
        token = {
            "unverifiedCertificate": b64(der),
            "signature": b64(signature),
            "algorithm": algorithm,
            "format": "web-eid:1",
        }
        with pytest.raises(CardError):
            provider.server.complete(challenge, json.dumps(token).ljust(100), origin=ORIGIN)
