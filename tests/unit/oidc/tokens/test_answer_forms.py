"""Answers in the form that a client registered, read by libraries that know nothing of ours."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from idp.domain.forms import AccessTokenFormat, Encryption
from idp.domain.person import PersonState
from idp.errors import INVALID_TOKEN, SERVER_ERROR, UNAVAILABLE
from idp.oidc import introspection, tokens
from idp.oidc.access_tokens import AccessTokens
from idp.oidc.pens import Pens, Written
from idp.oidc.registration.keys import CONTENT_ENCRYPTION, KEY_MANAGEMENT
from keys.errors import RecordsUnavailable
from tests.contract.store.stand_ins import AN, START
from tests.unit.oidc.tokens.desk import ISSUER, Desk, jwks, refused
from tests.unit.oidc.tokens.forming import (
    TO_EC,
    TO_RSA,
    TO_US,
    WRAPPED,
    at_a_resource,
    decrypted,
    form,
    header,
    read,
    told,
)

if TYPE_CHECKING:
    from idp.store.ports import Unit

JWT = AccessTokenFormat.JWT
USERINFO = f"{ISSUER}/userinfo"


# --- access tokens (RFC 9068) ---------------------------------------------------------------------


def test_a_client_gets_opaque_access_tokens_and_plain_answers_by_default(desk: Desk) -> None:
    given = desk.redeem(desk.code())
    assert tokens.read(given["access_token"], INVALID_TOKEN).epoch >= 0
    assert header(given["id_token"])["typ"] == "JWT"
    assert isinstance(desk.introspect(given["access_token"]), dict)


def test_a_default_client_asks_the_ring_for_nothing_but_its_id_tokens_signer(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str | None] = []
    signer = desk.ring.signer
    monkeypatch.setattr(desk.ring, "signer", lambda name=None: asked.append(name) or signer(name))
    monkeypatch.setattr(desk.ring, "open", None)
    given = desk.redeem(desk.code())
    assert asked == ["ES256"]
    assert desk.claims(given["access_token"])["sub"]
    assert desk.introspect(given["access_token"])["active"]
    desk.revoke(given["access_token"])
    assert asked == ["ES256"]


def test_an_access_token_may_be_a_jwt_that_a_resource_server_verifies_by_itself(
    desk: Desk,
) -> None:
    form(desk, access_token=JWT)
    given = desk.redeem(desk.code())
    now = int(START.timestamp())
    assert header(given["access_token"])["typ"] == "at+jwt"
    claims = at_a_resource(desk, given["access_token"], audience=USERINFO)
    assert dict(claims) == {
        "iss": ISSUER,
        "sub": "subject-1",
        "aud": USERINFO,
        "client_id": "basic",
        "iat": now,
        "exp": now + 600,
        "jti": claims["jti"],
        "scope": "openid profile email",
        "auth_time": now,
        "acr": "eidas3",
        "amr": list(desk.grant().event.amr),
    }


def test_a_jwt_says_what_was_asked_and_granted_and_no_agreed_claim(desk: Desk) -> None:
    form(desk, access_token=JWT)
    resources = ("https://api.example/a", "https://api.example/b")
    grant = replace(desk.grant(resources=resources), scopes=("openid", "email"))
    both = desk.redeem(desk.code(grant=grant))
    claims = read(desk, both["access_token"])
    assert claims["aud"] == list(resources)
    assert claims["scope"] == "openid email"
    assert not claims.keys() & {"given_name", "family_name", "email", "nonce", "sid"}
    one = desk.refresh(both["refresh_token"], resource=resources[1], scope="openid")
    claims = read(desk, one["access_token"])
    assert (claims["aud"], claims["scope"]) == (resources[1], "openid")


def test_a_jwt_is_good_at_every_door_that_an_opaque_one_is(desk: Desk) -> None:
    form(desk, access_token=JWT)
    given = desk.redeem(desk.code())
    token = given["access_token"]
    assert desk.claims(token)["email"] == "an@example.be"
    seen = desk.introspect(token)
    claims = read(desk, token)
    for name in ("iss", "sub", "aud", "client_id", "iat", "exp", "scope", "auth_time", "acr"):
        assert seen[name] == claims[name], name
    assert desk.introspect(token, "other") == {"active": False}
    desk.revoke(token, "other")
    assert desk.claims(token)
    for _ in range(2):
        desk.revoke(token)
    refused(INVALID_TOKEN, lambda: desk.claims(token))
    assert desk.introspect(token) == {"active": False}
    assert desk.recorded().count("token.revoked") == 1
    assert desk.claims(desk.refresh(given["refresh_token"])["access_token"])


def test_a_jwt_ends_with_its_time_its_person_and_its_epoch(desk: Desk) -> None:
    form(desk, access_token=JWT)
    token = desk.redeem(desk.code())["access_token"]

    def state(state: PersonState) -> None:
        with desk.ledger.begin() as unit:
            unit.people.set_state(AN, state, at=desk.clock())

    state(PersonState.LOCKED)
    refused(INVALID_TOKEN, lambda: desk.claims(token))
    state(PersonState.ACTIVE)
    assert desk.claims(token)
    with desk.ledger.begin() as unit:
        unit.bump_epoch()
    refused(INVALID_TOKEN, lambda: desk.claims(token))
    assert desk.introspect(token) == {"active": False}
    other = desk.redeem(desk.code())["access_token"]
    assert desk.claims(other)
    desk.clock.move(timedelta(minutes=10))
    refused(INVALID_TOKEN, lambda: desk.claims(other))


def test_a_client_that_changes_its_form_keeps_the_tokens_it_has(desk: Desk) -> None:
    opaque = desk.redeem(desk.code())["access_token"]
    form(desk, access_token=JWT)
    signed = desk.redeem(desk.code())["access_token"]
    form(desk)
    assert desk.claims(opaque) == desk.claims(signed)


def test_what_a_log_keeps_of_a_jwt_opens_nothing(desk: Desk) -> None:
    form(desk, access_token=JWT)
    claims = read(desk, desk.redeem(desk.code())["access_token"])
    epoch, _, hashed = claims["jti"].partition(".")
    for text in (claims["jti"], hashed, f"{epoch}.{hashed[:43]}"):
        refused(INVALID_TOKEN, lambda t=text: desk.claims(t))
        assert desk.introspect(text) == {"active": False}


def test_two_jwts_of_one_grant_have_names_of_their_own(desk: Desk) -> None:
    form(desk, access_token=JWT)
    first = desk.redeem(desk.code())
    second = desk.refresh(first["refresh_token"])
    names = {read(desk, one["access_token"])["jti"] for one in (first, second)}
    assert len(names) == 2


def test_a_jwt_is_signed_after_its_row_is_there(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    form(desk, access_token=JWT)
    signer = desk.ring.signer("ES256")
    signing, seen = signer.sign, []

    class Looks:
        algorithm = "ES256"

        def sign(self, claims: dict[str, Any], *, typ: str) -> str:
            if typ == "at+jwt":
                with desk.ledger.read() as unit:
                    seen.append(unit.grants.live_token(claims["jti"].partition(".")[2]))
            return str(signing(claims, typ=typ))

    monkeypatch.setattr(desk.ring, "signer", lambda _=None: Looks())
    desk.redeem(desk.code())
    assert [found is not None for found in seen] == [True]


def test_while_the_ring_cannot_be_read_a_jwt_is_neither_good_nor_bad(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    form(desk, access_token=JWT)
    token = desk.redeem(desk.code())["access_token"]

    def silent(*_: object, **__: object) -> None:
        raise RecordsUnavailable("no ledger")

    monkeypatch.setattr(desk.ring, "open", silent)
    for use in (desk.claims, desk.introspect, desk.revoke):
        refused(UNAVAILABLE, lambda u=use: u(token))


def test_a_jwt_of_another_issuer_with_our_key_is_not_ours(desk: Desk) -> None:
    form(desk, access_token=JWT)
    token = desk.redeem(desk.code())["access_token"]
    elsewhere = AccessTokens(desk.ring, issuer="https://other.example")
    refused(INVALID_TOKEN, lambda: elsewhere.read(token))


# --- userinfo -------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "EdDSA"])
def test_userinfo_may_be_a_signed_jwt_for_its_client(desk: Desk, algorithm: str) -> None:
    form(desk, userinfo_algorithm=algorithm)
    answer = told(desk, desk.redeem(desk.code())["access_token"])
    assert answer.media_type == "application/jwt"
    assert header(answer.text).keys() == {"alg", "kid"}
    if algorithm != "EdDSA":  # the library wants to be told Ed25519 for that
        assert read(desk, answer.text, algorithm) == {
            "iss": ISSUER,
            "aud": "basic",
            "sub": "subject-1",
            "family_name": "Peeters",
            "email": "an@example.be",
        }
    assert desk.recorded().count("claims.released") == 2


def test_a_release_is_audited_before_it_is_signed_and_not_at_all_without_a_key(
    desk: Desk,
) -> None:
    token = desk.redeem(desk.code())["access_token"]
    form(desk, userinfo_algorithm="ES256", userinfo_encryption=TO_EC)
    before = desk.recorded()
    with desk.ledger.begin() as unit:
        without_keys(unit, desk)
    refused(SERVER_ERROR, lambda: desk.claims(token))
    assert desk.recorded() == before


def without_keys(unit: Unit, desk: Desk) -> None:
    client = unit.clients.get(desk.grant().client)
    assert client is not None
    changed = replace(client, jwks=jwks("ec", "rsa"))
    unit.clients.replace(changed, expected_version=client.version)


# --- encryption -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("algorithm", "content"), list(itertools.product(KEY_MANAGEMENT, CONTENT_ENCRYPTION))
)
def test_an_id_token_may_be_encrypted_to_a_key_of_the_client(
    desk: Desk, algorithm: str, content: str
) -> None:
    encryption = Encryption(algorithm=algorithm, content=content)
    form(desk, id_token_encryption=encryption)
    given = desk.redeem(desk.code())
    outer, inner = decrypted(given["id_token"], encryption)
    kid = "to-rsa" if algorithm.startswith("RSA") else "to-ec"
    assert {name: outer[name] for name in ("alg", "enc", "cty", "kid")} == {
        "alg": algorithm,
        "enc": content,
        "cty": "JWT",
        "kid": kid,
    }
    assert not outer.keys() & {"zip", "jku", "jwk"}
    claims = read(desk, inner)
    assert (claims["aud"], claims["nonce"]) == ("basic", "n-1")
    assert claims["at_hash"] == tokens.half_hash(given["access_token"], "ES256")


def test_no_two_encryptions_are_the_same(desk: Desk) -> None:
    form(desk, userinfo_algorithm="ES256", userinfo_encryption=WRAPPED)
    token = desk.redeem(desk.code())["access_token"]
    texts = [told(desk, token).text.split(".") for _ in range(3)]
    for part in range(1, 5):  # key, nonce, content, tag
        assert len({text[part] for text in texts}) == 3


def test_userinfo_is_signed_inside_what_is_encrypted(desk: Desk) -> None:
    form(desk, userinfo_algorithm="RS256", userinfo_encryption=TO_RSA)
    answer = told(desk, desk.redeem(desk.code())["access_token"])
    assert answer.media_type == "application/jwt"
    outer, inner = decrypted(answer.text, TO_RSA)
    assert outer["cty"] == "JWT"
    assert read(desk, inner, "RS256")["email"] == "an@example.be"


def test_an_access_token_is_never_encrypted_to_the_client(desk: Desk) -> None:
    form(desk, access_token=JWT, id_token_encryption=TO_EC)
    given = desk.redeem(desk.code())
    assert at_a_resource(desk, given["access_token"], audience=USERINFO)["sub"] == "subject-1"
    assert given["id_token"].count(".") == 4


def test_nothing_is_spent_where_nobody_can_be_encrypted_to(desk: Desk) -> None:
    client = form(desk, id_token_encryption=TO_EC)
    code = desk.code()
    with desk.ledger.begin() as unit:
        without_keys(unit, desk)
    refused(SERVER_ERROR, lambda: desk.redeem(code))
    form(desk, id_token_encryption=TO_EC)
    assert desk.redeem(code)["id_token"].count(".") == 4
    gone = replace(client, jwks=None)
    refused(SERVER_ERROR, lambda: Pens(desk.ring).find(gone, None, TO_EC))


def test_a_key_that_was_replaced_is_not_encrypted_to_any_more(desk: Desk) -> None:
    client = form(desk, id_token_encryption=TO_EC)
    pens = desk.pens
    first = pens.find(client, None, TO_EC).recipient
    assert first is pens.find(replace(client), None, TO_EC).recipient
    keys: Any = client.jwks["keys"]  # type: ignore[index]
    renamed = [{**key, "kid": "newer"} if key["kid"] == "to-ec" else key for key in keys]
    second = pens.find(replace(client, jwks={"keys": renamed}), None, TO_EC).recipient
    assert first is not None
    assert second is not None
    assert (first.kid, second.kid) == ("to-ec", "newer")


def test_a_client_that_publishes_its_keys_is_encrypted_to_by_those(desk: Desk) -> None:
    there: list[Any] = [TO_US, None, {"keys": []}]

    class Remote:
        def of(self, _: object) -> Any:
            return there.pop(0)

    remote: Any = Remote()
    pens = Pens(desk.ring, remote)
    client = replace(form(desk), jwks=None)
    text = pens.find(client, None, TO_EC).write({"sub": "an"})
    outer, inner = decrypted(text, TO_EC)
    assert (outer["kid"], read(desk, inner)) == ("to-ec", {"sub": "an"})
    for _ in range(2):
        refused(SERVER_ERROR, lambda: pens.find(client, None, TO_EC))


# --- introspection (RFC 9701) ---------------------------------------------------------------------


def test_an_introspection_may_be_a_signed_jwt_for_who_asked(desk: Desk) -> None:
    given = desk.redeem(desk.code())
    plain = desk.introspect(given["access_token"])
    form(desk, introspection_algorithm="RS256")
    answer: Any = desk.introspect(given["access_token"])
    assert isinstance(answer, Written)
    assert answer.media_type == introspection.MEDIA_TYPE
    assert header(answer.text)["typ"] == "token-introspection+jwt"
    assert read(desk, answer.text, "RS256") == {
        "iss": ISSUER,
        "aud": "basic",
        "iat": int(START.timestamp()),
        "token_introspection": plain,
    }


@pytest.mark.parametrize("client", ["basic", "shop"])
def test_any_client_may_ask_for_one(desk: Desk, client: str) -> None:
    token = desk.redeem(desk.code(client), client)["access_token"]
    for text, active in ((token, True), ("x", False)):
        answer = desk.call(desk.introspection.answer, client, token=text, signed=True)
        assert read(desk, answer.text)["token_introspection"]["active"] is active


def test_an_introspection_is_encrypted_where_that_is_registered(desk: Desk) -> None:
    given = desk.redeem(desk.code())
    form(desk, introspection_algorithm="ES256", introspection_encryption=TO_EC)
    for token in (given["access_token"], given["refresh_token"], "x"):
        answer: Any = desk.introspect(token)
        outer, inner = decrypted(answer.text, TO_EC)
        assert outer["cty"] == "JWT"
        assert read(desk, inner)["aud"] == "basic"
