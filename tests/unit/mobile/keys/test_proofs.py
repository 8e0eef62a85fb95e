"""The phone's signature over a request: what passes, and everything that does not."""

from __future__ import annotations

import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from joserfc.jwk import ECKey

from mobile_flow import proof
from mobile_flow.errors import NonceNeeded, ProofRefused
from mobile_flow.reading import decoded, encoded
from tests.contract.store.stand_ins import Clock
from tests.unit.mobile.keys.world import Phone

BODY = b'{"number":"42"}'
PATH = "/phone/api/approvals/ABC/number"


class Desk:
    """One phone and the nonces of one provider."""

    def __init__(self) -> None:
        self.clock, self.generation, self.phone = Clock(), "g1", Phone()
        self.nonces = proof.Nonces(
            lambda value: hmac.digest(b"key", value, "sha256"),
            now=self.clock,
            generation=lambda: self.generation,
        )

    def claims(self, **changes: Any) -> dict[str, Any]:
        honest = {
            "htm": "POST",
            "htu": PATH,
            "nonce": self.nonces.give(),
            "jti": "j" * 22,
            "bh": proof.body_hash(BODY),
        }
        return {name: value for name, value in {**honest, **changes}.items() if value is not None}

    def read(self, text: str, **request: Any) -> proof.UnverifiedProof:
        asked: dict[str, Any] = {"method": "POST", "path": PATH, "body": BODY, **request}
        return proof.read(text, **asked, nonces=self.nonces)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_request_signed_by_its_device_passes(desk: Desk) -> None:
    read = desk.read(desk.phone.sign(desk.claims(), header={"kid": "d" * 22}))
    assert (read.device, read.device_key) == ("d" * 22, None)
    proof.verify(read, device_key=desk.phone.device_key)


def test_a_phone_that_is_not_enrolled_yet_brings_its_key(desk: Desk) -> None:
    read = desk.read(desk.phone.sign(desk.claims()))
    assert read.device_key == desk.phone.device_key
    proof.verify(read, device_key=desk.phone.device_key)
    exported = {**desk.phone.jwk, "ext": True, "key_ops": ["verify"]}
    assert proof.public_key(exported) == desk.phone.device_key


@pytest.mark.parametrize(
    "request_",
    [{"method": "PUT"}, {"path": PATH + "x"}, {"path": PATH.lower()}, {"body": b""}],
    ids=str,
)
def test_a_proof_is_for_one_request(desk: Desk, request_: dict[str, Any]) -> None:
    text = desk.phone.sign(desk.claims())
    with pytest.raises(ProofRefused):
        desk.read(text, **request_)


@pytest.mark.parametrize(
    "changes",
    [
        {"htm": None},
        {"htu": 7},
        {"jti": "short"},
        {"jti": "j" * 65},
        {"bh": None},
        {"nonce": None},
        {"nonce": ["list"]},
        {"htm": "POST" * 100},
        {"more": "x" * 2000},
    ],
    ids=str,
)
def test_a_proof_with_a_claim_missing_or_malformed_is_refused(
    desk: Desk, changes: dict[str, Any]
) -> None:
    text = desk.phone.sign(desk.claims(**changes))
    with pytest.raises(ProofRefused):
        desk.read(text)


def _jwk(**changes: Any) -> dict[str, Any]:
    return {"jwk": {**Phone().jwk, **changes}}


@pytest.mark.parametrize(
    "header",
    [
        {},
        {"kid": "d" * 22, "jwk": Phone().jwk},
        {"kid": 7},
        {"kid": "../x"},
        {"kid": "d" * 22, "crit": ["b64"], "b64": False},
        {"kid": "d" * 22, "typ": "dpop+jwt"},
        {"kid": "d" * 22, "typ": None},
        _jwk(crv="P-384"),
        _jwk(kty="OKP"),
        _jwk(d=encoded(bytes(32))),
        _jwk(x=encoded(bytes(32))),
        _jwk(x=encoded(bytes(31))),
        _jwk(y=None),
        {"jwk": "text"},
        {"jku": "https://evil.example"},
    ],
    ids=lambda header: str(header)[:40],
)
def test_a_header_that_says_anything_else_is_refused(desk: Desk, header: dict[str, Any]) -> None:
    text = desk.phone.sign(desk.claims(), header=header)
    with pytest.raises(ProofRefused):
        desk.read(text)


def test_another_key_and_a_changed_signature_are_refused(desk: Desk) -> None:
    text = desk.phone.sign(desk.claims(), header={"kid": "d" * 22})
    with pytest.raises(ProofRefused):
        proof.verify(desk.read(text), device_key=Phone().device_key)
    head, payload, signature = text.split(".")
    for forged in (bytes(64), decoded(signature)[::-1]):
        read = desk.read(f"{head}.{payload}.{encoded(forged)}")
        with pytest.raises(ProofRefused):
            proof.verify(read, device_key=desk.phone.device_key)
    for cut in (f"{head}.{payload}.", text + "AA", text + "=", f"{text}.", text[1:]):
        with pytest.raises(ProofRefused):
            desk.read(cut)


def test_other_algorithms_are_refused_before_any_key_is_asked(desk: Desk) -> None:
    text = desk.phone.sign(desk.claims(), header={"kid": "d" * 22})
    _, payload, signature = text.split(".")
    for algorithm in ("none", "HS256", "ES384", "EdDSA", "", None):
        head = encoded(json.dumps({"alg": algorithm, "typ": proof.TYPE, "kid": "d" * 22}).encode())
        with pytest.raises(ProofRefused):
            desk.read(f"{head}.{payload}.{signature}")


def test_a_nonce_lives_five_minutes_of_our_own_clock(desk: Desk) -> None:
    text = desk.phone.sign(desk.claims())
    desk.clock.move(timedelta(minutes=5))
    desk.read(text)
    desk.clock.move(timedelta(seconds=1))
    with pytest.raises(NonceNeeded):
        desk.read(text)


@pytest.mark.parametrize("nonce", ["", "x", "x=", encoded(bytes(24)), "é" * 8, encoded(b"short")])
def test_a_nonce_that_is_not_ours_asks_for_one_that_is(desk: Desk, nonce: str) -> None:
    with pytest.raises(NonceNeeded):
        desk.read(desk.phone.sign(desk.claims(nonce=nonce)))


def test_a_nonce_of_the_future_is_not_ours_however_it_is_signed(desk: Desk) -> None:
    desk.clock.move(timedelta(minutes=1))
    text = desk.phone.sign(desk.claims())
    desk.clock.move(-timedelta(minutes=1))
    with pytest.raises(NonceNeeded):
        desk.read(text)


def test_nonces_end_with_the_generation_of_the_stores(desk: Desk) -> None:
    text = desk.phone.sign(desk.claims())
    desk.generation = "g2"
    with pytest.raises(NonceNeeded):
        desk.read(text)


def test_a_nonce_is_asked_for_only_where_all_else_is_right(desk: Desk) -> None:
    with pytest.raises(ProofRefused):
        desk.read(desk.phone.sign(desk.claims(nonce="x", htu="/elsewhere")))


def test_keys_are_told_apart() -> None:
    assert Phone().device_key != Phone().device_key
    assert len(Phone().device_key) == 91
    assert isinstance(ECKey.import_key(Phone().device_key), ECKey)


def test_a_nonce_given_before_anybody_saw_the_new_generation_is_refused_once(desk: Desk) -> None:
    proof.verify(desk.read(desk.phone.sign(desk.claims())), device_key=desk.phone.device_key)
    desk.generation = "g2"
    stale = desk.nonces.give()
    with pytest.raises(NonceNeeded):
        desk.nonces.check(stale)
    desk.nonces.check(desk.nonces.give())


def test_the_stores_are_asked_once_a_call_for_their_generation(desk: Desk) -> None:
    asked: list[str] = []
    nonces = proof.Nonces(
        lambda value: hmac.digest(b"key", value, "sha256"),
        now=desk.clock,
        generation=lambda: asked.append("") or "g1",  # type: ignore[func-returns-value]
    )
    nonce = nonces.give()
    for _ in range(3):
        nonces.check(nonce)
        nonce = nonces.give()
    assert len(asked) == 4
