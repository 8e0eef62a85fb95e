"""Client assertions that lie: CLI-01 to CLI-16, and the JWT cases where a client writes the JWT."""

from __future__ import annotations

import base64
import hmac
import json
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from idp.domain.client import ClientAuth
from idp.errors import INVALID_CLIENT, Refused
from idp.oidc import assertions, client_jws, tokens
from idp.oidc.client_auth import ASSERTION_TYPE
from idp.store.ports import StoreUnavailable
from idp.store.sql.ledger import SqlUnit
from tests.contract.store.stand_ins import START
from tests.unit.oidc.tokens.desk import (
    ADDRESS,
    EC_KEY,
    ISSUER,
    JOSE,
    RSA_KEY,
    SECRET,
    Desk,
    a_caller,
    basic,
    form,
    jwks,
    refused,
    segments,
    sign,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from idp.oidc.client_auth import Caller

NOW = START.timestamp()
GOOD: dict[str, object] = {
    "iss": "shop",
    "sub": "shop",
    "aud": ISSUER,
    "jti": "one",
    "iat": NOW,
    "exp": NOW + 60,
}
HEADER: dict[str, object] = {"alg": "ES256", "kid": "ec"}
ROUTE = f"{ISSUER}/token"
NEVER_OURS = ECKey.import_key(ec.generate_private_key(ec.SECP256R1()))


def present(desk: Desk, assertion: str, **fields: object) -> Caller:
    sent = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion, **fields}
    return desk.authentication.authenticate(form(**sent), authorization=None, address=ADDRESS)


def claims(**changes: object) -> dict[str, object]:
    return {name: value for name, value in {**GOOD, **changes}.items() if value is not ...}


def test_the_good_one_that_all_others_differ_from(desk: Desk) -> None:
    assert present(desk, sign(HEADER, claims())).client.id == "shop"


# --- claims ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": ROUTE},
        {"aud": [ISSUER]},
        {"aud": [ISSUER, ROUTE]},
        {"aud": ISSUER + "/"},
        {"aud": ISSUER.upper()},
        {"aud": f"{ISSUER}/par"},
        {"aud": {"value": ISSUER}},
        {"aud": None},
        {"aud": ...},
        {"iss": "basic"},
        {"iss": ISSUER},
        {"iss": ...},
        {"sub": "basic"},
        {"sub": ...},
        {"sub": ["shop"]},
        {"sub": None},
        {"sub": "\ud800"},
        {"sub": "shop\x00"},
        {"sub": "x" * 300},
        {"jti": ...},
        {"jti": ""},
        {"jti": 7},
        {"jti": "x" * 257},
        {"jti": "a\x00b"},
        {"jti": "\ud800"},
        {"jti": ["one"]},
    ],
    ids=str,
)
def test_claims_that_do_not_say_exactly_who_to_whom_and_which(
    desk: Desk, changes: dict[str, object]
) -> None:
    refused(INVALID_CLIENT, lambda: present(desk, sign(HEADER, claims(**changes))))


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": NOW - 300},
        {"exp": NOW - 10},
        {"exp": NOW + 3600},
        {"exp": NOW + 311},
        {"exp": ...},
        {"exp": None},
        {"exp": str(NOW + 60)},
        {"exp": True},
        {"exp": -1},
        {"exp": [NOW + 60]},
        {"exp": 10**400},
        {"iat": NOW + 61},
        {"nbf": NOW + 61},
        {"iat": NOW + 11},
        {"iat": "now"},
        {"nbf": None},
        {"nbf": False},
    ],
    ids=str,
)
@pytest.mark.proves("fapi2.assertion-times")
def test_times_that_are_wrong_far_or_no_times(desk: Desk, changes: dict[str, object]) -> None:
    refused(INVALID_CLIENT, lambda: present(desk, sign(HEADER, claims(**changes))))


@pytest.mark.parametrize("number", ["1e400", "-1e400", "NaN", "Infinity", "1" * 5000, "1e-400"])
def test_numbers_that_json_or_python_stretch(desk: Desk, number: str) -> None:
    text = json.dumps(claims(exp="HERE")).replace('"HERE"', number)
    refused(INVALID_CLIENT, lambda: _read_or_refuse(desk, sign(HEADER, text.encode())))


def _read_or_refuse(desk: Desk, assertion: str) -> None:
    """Go past the form's own bound, so that the reader's is what refuses."""
    desk.authentication._assertions.verify(assertions.read(assertion), None)


def test_a_name_twice_is_refused_wherever_it_stands(desk: Desk) -> None:
    good = json.dumps(claims())
    for twice in (
        good[:-1] + ', "sub": "shop"}',
        '{"sub": "basic", ' + good[1:],
        good[:-1] + ', "extra": {"a": 1, "a": 2}}',
    ):
        refused(INVALID_CLIENT, lambda t=twice: present(desk, sign(HEADER, t.encode())))


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"[]",
        b'"shop"',
        b"{",
        b"[" * 2000 + b"]" * 2000,
        b'{"a":' * 400 + b"1" + b"}" * 400,
        json.dumps(GOOD).encode("utf-16"),
        b"\xef\xbb\xbf" + json.dumps(GOOD).encode(),
        json.dumps(GOOD).encode()[:-1] + b', "x": "\xff"}',
    ],
    ids=lambda payload: payload[:12],
)
def test_a_payload_that_is_not_an_object_in_utf_8(desk: Desk, payload: bytes) -> None:
    refused(INVALID_CLIENT, lambda: present(desk, sign(HEADER, payload)))


# --- who signed -----------------------------------------------------------------------------------


def test_a_signature_by_another_clients_key(desk: Desk) -> None:
    with desk.ledger.begin() as unit:
        thief = a_caller("thief", ClientAuth.PRIVATE_KEY_JWT, jwks=_jwk_of(NEVER_OURS))
        unit.clients.add(thief)
    assert present(desk, sign(HEADER, claims(iss="thief", sub="thief"), NEVER_OURS))
    for changes in ({}, {"iss": "thief"}, {"sub": "thief"}):
        forged = sign(HEADER, claims(**changes), NEVER_OURS)
        refused(INVALID_CLIENT, lambda f=forged: present(desk, f))
    mixed = sign(HEADER, claims(iss="thief", sub="shop"))
    refused(INVALID_CLIENT, lambda: present(desk, mixed))


def _jwk_of(key: ECKey) -> dict[str, object]:
    return {"keys": [{**key.as_dict(private=False), "kid": "ec"}]}


@pytest.mark.parametrize(
    "header",
    [
        {"jwk": NEVER_OURS.as_dict(private=False)},
        {"jku": "https://evil.example/jwks"},
        {"x5u": "https://evil.example/chain"},
        {"crit": ["exp"]},
        {"crit": []},
        {"b64": False, "crit": ["b64"]},
        {"b64": False},
        {"b64": True},
        {"kid": "rsa"},
        {"kid": "unknown"},
        {"kid": "../../etc/passwd"},
        {"kid": 7},
        {"kid": ["ec"]},
        {"typ": "logout+jwt"},
        {"typ": "at+jwt"},
        {"typ": "oauth-authz-req+jwt"},
        {"typ": 1},
        {"alg": "PS256"},
        {"zip": "DEF"},
    ],
    ids=lambda header: "jwk" if "jwk" in header else str(header),  # alike in every worker
)
def test_a_header_never_brings_a_key_or_a_format(desk: Desk, header: dict[str, object]) -> None:
    """Signed well, by the registered key: only the header is at fault."""
    signed = segments({**HEADER, **header}, claims())
    signature = _es256(signed)
    refused(INVALID_CLIENT, lambda: present(desk, f"{signed}.{signature}"))
    if "jwk" in header:
        forged = sign({**HEADER, **header}, claims(), NEVER_OURS)
        refused(INVALID_CLIENT, lambda: present(desk, forged))


def _es256(signed: str) -> str:
    return tokens.encoded(JWSRegistry.algorithms["ES256"].sign(signed.encode(), JOSE["ec"]))


@pytest.mark.parametrize("typ", ["JWT", "jwt", "application/jwt", "client-authentication+jwt"])
def test_the_types_that_an_assertion_may_have(desk: Desk, typ: str) -> None:
    assert present(desk, sign({**HEADER, "typ": typ}, claims()))


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "", "HS256", "ES384"])
def test_an_algorithm_that_is_not_on_offer(desk: Desk, algorithm: str) -> None:
    signed = segments({"alg": algorithm}, claims())
    for signature in ("", "AA", _es256(signed)):
        refused(INVALID_CLIENT, lambda s=signature: present(desk, f"{signed}.{s}"))


@pytest.mark.parametrize("name", ["ec", "rsa"])
def test_a_mac_keyed_with_the_public_key(desk: Desk, name: str) -> None:
    public: Any = (EC_KEY if name == "ec" else RSA_KEY).public_key()
    info = serialization.PublicFormat.SubjectPublicKeyInfo
    for key in (
        public.public_bytes(serialization.Encoding.PEM, info),
        public.public_bytes(serialization.Encoding.DER, info),
        json.dumps(JOSE[name].as_dict(private=False)).encode(),
    ):
        for algorithm in ("HS256", "ES256", "RS256"):
            signed = segments({"alg": algorithm, "kid": name}, claims())
            forged = f"{signed}.{tokens.encoded(hmac.digest(key, signed.encode(), 'sha256'))}"
            refused(INVALID_CLIENT, lambda f=forged: present(desk, f))


def test_a_secret_key_in_a_registration_is_never_used(desk: Desk) -> None:
    secret = OctKey.import_key(b"k" * 32)
    registered = {"keys": [{**secret.as_dict(private=True), "kid": "ec"}]}
    with desk.ledger.begin() as unit:
        unit.clients.add(a_caller("mac", ClientAuth.PRIVATE_KEY_JWT, jwks=registered))
    forged = sign({"alg": "HS256", "kid": "ec"}, claims(iss="mac", sub="mac"), secret)
    refused(INVALID_CLIENT, lambda: present(desk, forged))


def test_a_signature_in_der_or_of_a_wrong_length(desk: Desk) -> None:
    signed = segments(HEADER, claims())
    der = EC_KEY.sign(signed.encode(), ECDSA(hashes.SHA256()))
    raw = base64.urlsafe_b64decode(_es256(signed) + "==")
    for signature in (der, raw[:-1], raw + b"\x00", b"\x00" * 64, raw[32:] + raw[:32], b""):
        forged = f"{signed}.{tokens.encoded(signature)}"
        refused(INVALID_CLIENT, lambda f=forged: present(desk, f))


def test_keys_and_algorithms_of_different_curves(desk: Desk) -> None:
    p384 = ECKey.generate_key("P-384")
    ed448 = OKPKey.generate_key("Ed448")
    registered: dict[str, object] = {
        "keys": [
            {**p384.as_dict(private=False), "kid": "p384"},
            {**ed448.as_dict(private=False), "kid": "ed448"},
            *jwks("ec")["keys"],  # type: ignore[misc]
        ]
    }
    with desk.ledger.begin() as unit:
        unit.clients.add(a_caller("curves", ClientAuth.PRIVATE_KEY_JWT, jwks=registered))
    mine = claims(iss="curves", sub="curves")
    assert present(desk, sign(HEADER, mine))
    for algorithm, kid, key in (
        ("ES384", "p384", p384),
        ("EdDSA", "ed448", ed448),
        ("ES384", "ec", p384),
    ):
        forged = sign({"alg": algorithm, "kid": kid}, mine, key)
        refused(INVALID_CLIENT, lambda f=forged: present(desk, f))
        renamed = segments({"alg": "ES256", "kid": kid}, mine) + "." + forged.split(".")[2]
        refused(INVALID_CLIENT, lambda r=renamed: present(desk, r))


# --- around the assertion -------------------------------------------------------------------------


def test_a_store_that_lost_the_answer_does_not_turn_first_use_into_replay(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CLI-05: a mark whose commit was not acknowledged gives 503, and the same may be tried."""
    caller = present(desk, sign(HEADER, claims()))

    def fails(*_: object, **__: object) -> None:
        raise StoreUnavailable("no answer")

    def claim() -> None:
        with desk.ledger.begin() as unit:
            caller.claim(unit)

    with monkeypatch.context() as patch:
        patch.setattr(SqlUnit, "spend", fails)
        with pytest.raises(StoreUnavailable):
            claim()
    claim()


def test_an_unsigned_assertion_beside_a_good_secret_opens_nothing(desk: Desk) -> None:
    """CLI-16: what was verified decides, not what was there."""
    unsigned = segments({"alg": "none"}, claims(iss="post", sub="post")) + "."
    sent = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": unsigned}
    for extra, header in (
        ({"client_id": "post", "client_secret": SECRET}, None),
        ({}, basic("basic")),
    ):
        with pytest.raises(Refused):
            desk.authentication.authenticate(
                form(**sent, **extra), authorization=header, address=ADDRESS
            )


def test_an_unknown_client_is_given_the_same_work(desk: Desk) -> None:
    """The signature is verified, against keys that nobody has, before the client is missed."""
    tried: list[object] = []
    checking: Callable[..., object] = client_jws.jws.deserialize_compact

    def watched(text: str, key: object, **rules: Any) -> object:
        tried.append(type(key))
        return checking(text, key, **rules)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client_jws.jws, "deserialize_compact", watched)
        for algorithm, key in (("ES256", NEVER_OURS), ("RS256", None), ("EdDSA", None)):
            forged = sign({"alg": algorithm}, claims(iss="nobody", sub="nobody"), key)
            refused(INVALID_CLIENT, lambda f=forged: present(desk, f))
            by_secret = sign({"alg": algorithm}, claims(iss="basic", sub="basic"), key)
            refused(INVALID_CLIENT, lambda b=by_secret: present(desk, b))
    assert tried == [ECKey] * 2 + [RSAKey] * 2 + [OKPKey] * 2
