"""A code becomes tokens once, for the client it was given to, while everything still stands."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from idp.domain.client import ClientId
from idp.domain.grant import TokenHash
from idp.domain.person import PersonState
from idp.domain.session import SessionKey
from idp.errors import (
    CLIENT_DISABLED,
    INVALID_GRANT,
    INVALID_REQUEST,
    INVALID_TARGET,
    INVALID_TOKEN,
    SERVER_ERROR,
    UNAUTHORIZED_CLIENT,
    UNAVAILABLE,
    UNSUPPORTED_GRANT_TYPE,
    Refused,
)
from idp.oidc import refresh_tokens, tokens
from idp.oidc.tokens import IdTokens, half_hash
from idp.store.ports import StoreUnavailable
from idp.store.sql.grants import SqlGrants
from tests.contract.store.stand_ins import AN, START
from tests.unit.oidc.tokens.desk import CALLBACK, CLIENTS, ISSUER, VERIFIER, refused

if TYPE_CHECKING:
    from idp.errors import Problem
    from tests.unit.oidc.tokens.desk import Desk


@pytest.mark.parametrize("client", ["shop", "basic", "post", "public"])
def test_a_code_becomes_tokens_by_every_way_to_authenticate(desk: Desk, client: str) -> None:
    answer = desk.redeem(desk.code(client), client)
    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] == 600
    assert answer["scope"] == "openid profile email"
    assert desk.claims(answer["access_token"]) == {
        "sub": "subject-1",
        "family_name": "Peeters",
        "email": "an@example.be",
    }


def test_an_id_token_says_who_for_whom_how_and_when(desk: Desk) -> None:
    answer = desk.redeem(desk.code())
    now = int(START.timestamp())
    assert desk.opened(answer["id_token"]) == {
        "iss": ISSUER,
        "sub": "subject-1",
        "aud": "basic",
        "iat": now,
        "exp": now + 300,
        "auth_time": now,
        "nonce": "n-1",
        "acr": "eidas3",
        "amr": ["pwd", "be:seeded"],
        "sid": "sid-1",
        "at_hash": half_hash(answer["access_token"], "ES256"),
        "given_name": "Anaïs",
    }


@pytest.mark.parametrize("algorithm", ["EdDSA", "RS256"])
def test_an_id_token_is_signed_as_the_client_registered(desk: Desk, algorithm: str) -> None:
    client = replace(CLIENTS[1], id_token_algorithm=algorithm)
    with desk.ledger.begin() as unit:
        unit.clients.replace(client, expected_version=1)
    answer = desk.redeem(desk.code())
    claims = desk.opened(answer["id_token"], algorithm)
    assert claims["at_hash"] == half_hash(answer["access_token"], algorithm)


def test_a_hash_that_is_not_known_is_an_error_and_no_omission() -> None:
    refused(SERVER_ERROR, lambda: half_hash("token", "ML-DSA-65"))


def test_an_agreed_claim_never_takes_the_place_of_a_protocol_claim(desk: Desk) -> None:
    purposes = (replace(CLIENTS[1].purposes[0], claims=("given_name", "updated_at")),)
    with desk.ledger.begin() as unit:
        unit.clients.replace(replace(CLIENTS[1], purposes=purposes), expected_version=1)
    forged = {"sub": "root", "aud": "all", "nonce": "x", "acr": "top", "given_name": "An"}
    grant = replace(desk.grant(), id_token_claims=forged, userinfo_claims={"sub": "root"})
    answer = desk.redeem(desk.code(grant=grant, nonce=None))
    claims = desk.opened(answer["id_token"])
    assert (claims["sub"], claims["aud"], claims["acr"]) == ("subject-1", "basic", "eidas3")
    assert "nonce" not in claims
    assert desk.claims(answer["access_token"]) == {"sub": "subject-1"}


def test_a_redemption_is_one_commit_with_its_audit_rows(desk: Desk) -> None:
    code = desk.code()
    desk.redeem(code)
    assert desk.recorded() == ["claims.released", "tokens.issued"]


def test_a_code_used_again_ends_what_it_gave(desk: Desk) -> None:
    code = desk.code()
    answer = desk.redeem(code)
    refused(INVALID_GRANT, lambda: desk.redeem(code))
    refused(INVALID_TOKEN, lambda: desk.claims(answer["access_token"]))
    refused(INVALID_GRANT, lambda: desk.refresh(answer["refresh_token"]))
    refused(INVALID_GRANT, lambda: desk.redeem(code))
    assert desk.recorded().count("code.reused") == 1


def test_a_code_of_another_client_is_refused_and_stays_good(desk: Desk) -> None:
    code = desk.code("basic")
    refused(INVALID_GRANT, lambda: desk.redeem(code, "other"))
    assert desk.recorded() == ["token.foreign"]
    assert desk.redeem(code)["id_token"]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"redirect_uri": CALLBACK + "/"}, INVALID_GRANT),
        ({"redirect_uri": None}, INVALID_GRANT),
        ({"code_verifier": VERIFIER.upper()}, INVALID_GRANT),
        ({"code_verifier": None}, INVALID_REQUEST),
        ({"resource": "https://api.example"}, INVALID_TARGET),
    ],
)
def test_a_code_presented_wrongly_by_its_client_is_spent(
    desk: Desk, changes: dict[str, object], problem: Problem
) -> None:
    code = desk.code()
    refused(problem, lambda: desk.redeem(code, **changes))
    assert desk.recorded() == ["code.refused"]
    refused(INVALID_GRANT, lambda: desk.redeem(code))


def test_a_verifier_that_could_be_nobodys_is_refused_before_the_code_is_touched(
    desk: Desk,
) -> None:
    code = desk.code()
    for verifier in ("short", VERIFIER + "%", VERIFIER + " ", "a" * 129):
        refused(INVALID_REQUEST, lambda v=verifier: desk.redeem(code, code_verifier=v))
    assert desk.redeem(code)["id_token"]


def test_a_code_expires(desk: Desk) -> None:
    code = desk.code()
    desk.clock.move(timedelta(seconds=60))
    refused(INVALID_GRANT, lambda: desk.redeem(code))


def test_a_code_without_a_challenge_is_for_clients_that_need_send_none(desk: Desk) -> None:
    given: dict[str, Any] = {"code_challenge": None}
    assert desk.redeem(desk.code(**given), code_verifier=None)["id_token"]
    refused(INVALID_REQUEST, lambda: desk.redeem(desk.code(**given)))
    for client in ("other", "public", "shop"):
        refused(
            INVALID_GRANT,
            lambda c=client: desk.redeem(desk.code(c, **given), c, code_verifier=None),
        )


def test_a_session_that_ended_before_the_code_was_used_gives_nothing(desk: Desk) -> None:
    codes = [desk.code(), desk.code(grant=desk.grant(offline=True))]
    with desk.ledger.begin() as unit:
        unit.sessions.end(SessionKey("session-1"), at=START)
    for code in codes:
        refused(INVALID_GRANT, lambda c=code: desk.redeem(c))


def test_a_locked_person_gets_no_tokens(desk: Desk) -> None:
    code = desk.code()
    with desk.ledger.begin() as unit:
        unit.people.set_state(AN, PersonState.LOCKED, at=START)
    refused(INVALID_GRANT, lambda: desk.redeem(code))


def test_a_disabled_and_a_removed_client_get_no_tokens(desk: Desk) -> None:
    codes = [desk.code(), desk.code()]
    with desk.ledger.begin() as unit:
        unit.clients.replace(replace(CLIENTS[1], enabled=False), expected_version=1)
    refused(CLIENT_DISABLED, lambda: desk.redeem(codes[0]))
    with desk.ledger.begin() as unit:
        unit.clients.remove(ClientId("basic"), at=START)
    with pytest.raises(Refused) as caught:
        desk.redeem(codes[1])
    assert caught.value.problem.oauth == "invalid_client"


def test_a_code_of_an_older_epoch_is_refused(desk: Desk) -> None:
    code = desk.code()
    with desk.ledger.begin() as unit:
        unit.bump_epoch()
    refused(INVALID_GRANT, lambda: desk.redeem(code))
    forward = "9" + code[1:]
    refused(INVALID_GRANT, lambda: desk.redeem(forward))


def test_a_claim_whose_purpose_ended_after_the_consent_stays_here(desk: Desk) -> None:
    answer = desk.redeem(desk.code())
    ended = (replace(CLIENTS[1].purposes[0], expires_at=START),)
    with desk.ledger.begin() as unit:
        unit.clients.replace(replace(CLIENTS[1], purposes=ended), expected_version=1)
    assert desk.claims(answer["access_token"]) == {"sub": "subject-1"}
    again = desk.refresh(answer["refresh_token"])
    assert "given_name" not in desk.opened(again["id_token"])


def test_a_resource_may_be_narrowed_and_then_opens_nothing_else(desk: Desk) -> None:
    places = ("https://api.example", "https://two.example")
    codes = [desk.code(grant=desk.grant(resources=places)) for _ in range(2)]
    both = desk.redeem(codes[0])
    one = desk.redeem(codes[1], resource=places[:1])
    assert desk.introspect(both["access_token"])["aud"] == list(places)
    assert desk.introspect(one["access_token"])["aud"] == places[0]
    refused(INVALID_TOKEN, lambda: desk.claims(one["access_token"]))


def test_a_scope_at_the_token_endpoint_widens_nothing(desk: Desk) -> None:
    answer = desk.redeem(desk.code(), scope="openid egovnrn")
    assert answer["scope"] == "openid profile email"


def test_only_registered_and_known_grant_types_work(desk: Desk) -> None:
    with desk.ledger.begin() as unit:
        only = replace(CLIENTS[4], grant_types=("refresh_token",))
        unit.clients.replace(only, expected_version=1)
    refused(UNAUTHORIZED_CLIENT, lambda: desk.redeem(desk.code("other"), "other"))
    for grant_type in ("password", "client_credentials", "implicit", "Authorization_Code"):
        refused(UNSUPPORTED_GRANT_TYPE, lambda g=grant_type: desk.redeem(desk.code(), grant_type=g))
    refused(INVALID_REQUEST, lambda: desk.redeem(desk.code(), grant_type=None))
    refused(INVALID_REQUEST, lambda: desk.redeem(""))


def test_a_client_without_the_refresh_grant_gets_no_refresh_token(desk: Desk) -> None:
    with desk.ledger.begin() as unit:
        only = replace(CLIENTS[1], grant_types=("authorization_code",))
        unit.clients.replace(only, expected_version=1)
    answer = desk.redeem(desk.code())
    assert "refresh_token" not in answer


def test_a_ledger_that_fails_spends_neither_code_nor_assertion(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = desk.code("shop")
    assertion = desk.assertion()

    def fails(*_: object, **__: object) -> None:
        raise StoreUnavailable("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(SqlGrants, "add_access_token", fails)
        refused(UNAVAILABLE, lambda: desk.redeem(code, "shop", client_assertion=assertion))
    assert desk.redeem(code, "shop", client_assertion=assertion)["id_token"]


def test_nothing_is_signed_before_its_commit(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    code = desk.code()
    seen: list[object] = []

    def looks(*_: object, **given: Any) -> str:
        hashed = tokens.read(given["access_token"], INVALID_TOKEN).hash
        with desk.ledger.read() as unit:
            seen.append(unit.grants.live_token(TokenHash(hashed)))
        return "signed"

    monkeypatch.setattr(IdTokens, "make", looks)
    assert desk.redeem(code)["id_token"] == "signed"
    assert seen[0] is not None


def test_tokens_have_the_entropy_they_promise_and_no_order() -> None:
    minted = [tokens.mint(epoch=1, entropy=secrets.token_bytes).text for _ in range(10_000)]
    assert len(set(minted)) == len(minted)
    assert minted != sorted(minted)
    assert {len(text) for text in minted} == {45}


def test_no_token_shows_in_a_representation(desk: Desk) -> None:
    answer = desk.redeem(desk.code())
    minted = tokens.mint(epoch=1, entropy=secrets.token_bytes)
    assert minted.text not in repr(minted)
    family = refresh_tokens.read(answer["refresh_token"])
    assert family.mac not in repr(family)
