"""Access tokens that are JWTs, forged, cut and outlived: JWT-02, -11, -13, -15, -17, -22."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from joserfc.jwk import ECKey

from idp.errors import INVALID_TOKEN
from idp.oidc.access_tokens import LONGEST, TYP
from tests.attacks.tokens.kinds import ISSUER, SHOP, Bench
from tests.unit.oidc.tokens.desk import refused
from tests.world.client import signed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Forge = Callable[[Bench, str], str]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = Bench(tmp_path_factory.mktemp("signed"))
    yield made
    made.services.foundation.close()


def b64(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def part(token: str, number: int) -> dict[str, Any]:
    text = token.split(".")[number]
    read: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return read


def published(bench: Bench) -> dict[str, Any]:
    jwk: dict[str, Any] = json.loads(bench.services.ring.jwks().body)["keys"][0]
    return jwk


def headed(token: str, **header: object) -> str:
    """The same token under a header that says something else, or more."""
    said = {**part(token, 0), **header}
    return ".".join([b64(said), *token.split(".")[1:]])


def mac(bench: Bench, token: str) -> str:
    head = {**part(token, 0), "alg": "HS256"}
    text = f"{b64(head)}.{token.split('.')[1]}"
    secret = json.dumps(published(bench)).encode()
    return f"{text}.{b64(hmac.digest(secret, text.encode(), hashlib.sha256))}"


def by_a_stranger(bench: Bench, token: str) -> str:
    key = ECKey.generate_key("P-256")
    return signed({**part(token, 0), "kid": published(bench)["kid"]}, part(token, 1), key)


def with_claims(token: str, **claims: object) -> str:
    head, _, signature = token.split(".")
    return f"{head}.{b64({**part(token, 1), **claims})}.{signature}"


FORGED: dict[str, Forge] = {
    "without a signature": lambda _, t: t.rpartition(".")[0] + ".",
    "alg none": lambda _, t: headed(t, alg="none").rpartition(".")[0] + ".",
    "a MAC with the public key": mac,
    "a stranger's key": by_a_stranger,
    "another subject": lambda _, t: with_claims(t, sub="somebody-else"),
    "a later end": lambda _, t: with_claims(t, exp=part(t, 1)["exp"] + 3600),
    "its key in the header": lambda b, t: headed(t, jwk=published(b)),
    "typ of an ID token": lambda _, t: headed(t, typ="JWT"),
    "typ in capitals": lambda _, t: headed(t, typ="AT+JWT"),
    "typ in full": lambda _, t: headed(t, typ="application/at+jwt"),
    "no typ": lambda _, t: ".".join(
        [b64({k: v for k, v in part(t, 0).items() if k != "typ"}), *t.split(".")[1:]]
    ),
    "crit": lambda _, t: headed(t, crit=["exp"], exp=1),
    "b64 false": lambda _, t: headed(t, b64=False, crit=["b64"]),
    "another kid": lambda _, t: headed(t, kid="x"),
    "JSON instead of compact": lambda _, t: json.dumps(
        {"payload": t.split(".")[1], "protected": t.split(".")[0], "signature": t.split(".")[2]}
    ),
    "a fourth part": lambda _, t: f"{t}.{t.split('.')[2]}",
    "five parts": lambda _, t: f"{t}.AAAA.AAAA",
    "a space behind": lambda _, t: f"{t} ",
    "longer than any": lambda _, t: with_claims(t, more="x" * LONGEST),
    "ten thousand dots": lambda _, __: "." * 10_000,
    "ten million letters": lambda _, t: t.split(".")[0] + "." + "A" * 10_000_000 + ".A",
}


@pytest.mark.parametrize("how", FORGED)
def test_a_forged_one_is_no_token_anywhere(bench: Bench, how: str) -> None:
    token = bench.jwt_access_token()
    forged = FORGED[how](bench, token)
    services = bench.services
    refused(INVALID_TOKEN, lambda: services.userinfo.answer(authorization=f"Bearer {forged}"))
    if len(forged) <= LONGEST and " " not in forged:
        assert bench.call(services.introspection.answer, token=forged) == {"active": False}
        bench.call(services.revocation.answer, token=forged)
    assert services.userinfo.answer(authorization=f"Bearer {token}")


@pytest.mark.parametrize(
    "changes",
    [
        {"jti": None},
        {"jti": 1},
        {"jti": ["0." + "0" * 64]},
        {"jti": ""},
        {"jti": "0." + "0" * 64},
        {"jti": "0." + "0" * 63},
        {"jti": "-1." + "0" * 64},
        {"jti": "00." + "0" * 64},
        {"jti": "0." + "A" * 64},
        {"jti": "\u0660." + "0" * 64},
        {"jti": "99999999999." + "0" * 64},
        {"iss": "https://other.example"},
        {"iss": [ISSUER]},
        {"iss": None},
    ],
    ids=repr,
)
def test_what_we_never_kept_is_no_token_though_we_signed_it(
    bench: Bench, changes: dict[str, object]
) -> None:
    claims = {**part(bench.jwt_access_token(), 1), **changes}
    token = bench.services.ring.signer("ES256").sign(claims, typ=TYP)
    refused(INVALID_TOKEN, lambda: bench.services.userinfo.answer(authorization=f"Bearer {token}"))
    assert bench.call(bench.services.introspection.answer, token=token) == {"active": False}


@pytest.mark.parametrize("expires", ["soon", True, None, -1, 1e300, [1], {}])
def test_what_it_says_of_its_end_is_for_others_and_the_ledger_decides(
    bench: Bench, expires: object
) -> None:
    claims = {**part(bench.jwt_access_token(), 1), "exp": expires}
    token = bench.services.ring.signer("ES256").sign(claims, typ=TYP)
    seen = bench.call(bench.services.introspection.answer, token=token)
    assert seen["exp"] == part(bench.jwt_access_token(), 1)["exp"]


def test_one_of_a_retired_key_is_dead_and_one_of_a_retiring_key_lives(tmp_path: Any) -> None:
    bench = Bench(tmp_path)
    ring, token = bench.services.ring, bench.jwt_access_token()
    kid = part(token, 0)["kid"]

    def good() -> bool:
        return bool(bench.call(bench.services.introspection.answer, token=token)["active"])

    moves = ring.generate("ES256", by="test")
    ring.promote(moves[0].kid, by="test", early=True)
    assert part(bench.jwt_access_token(), 0)["kid"] != kid
    assert good()
    ring.retire(kid, by="test")
    assert not good()
    bench.services.foundation.close()


def test_one_that_was_made_before_a_restore_is_refused(tmp_path: Any) -> None:
    bench = Bench(tmp_path)
    token = bench.jwt_access_token()
    with bench.services.ledger.begin() as unit:
        unit.bump_epoch()
    refused(INVALID_TOKEN, lambda: bench.services.userinfo.answer(authorization=f"Bearer {token}"))
    seen = bench.call(bench.services.introspection.answer, token=token)
    assert seen == {"active": False}
    bench.services.foundation.close()


def test_one_that_ended_for_us_is_refused_though_its_signature_lasts(bench: Bench) -> None:
    token = bench.jwt_access_token()
    bench.clock.move(timedelta(minutes=10))
    refused(INVALID_TOKEN, lambda: bench.services.userinfo.answer(authorization=f"Bearer {token}"))


def test_no_row_of_the_audit_trail_names_one(bench: Bench) -> None:
    token = bench.jwt_access_token()
    bench.services.userinfo.answer(authorization=f"Bearer {token}")
    bench.call(bench.services.revocation.answer, token=token)
    with bench.services.ledger.read() as unit:
        rows = b"".join(row.payload or b"" for row in unit.audit.unsealed(limit=100_000))
    assert token.encode() not in rows
    assert token.split(".")[2].encode() not in rows
    assert SHOP.encode() in rows
