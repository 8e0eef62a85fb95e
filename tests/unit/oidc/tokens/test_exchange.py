"""Token exchange: onward, never wider, as long as everything that it hangs off (RFC 8693)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from idp.domain.acting import act_claim
from idp.domain.assurance import Assurance
from idp.domain.client import ClientId
from idp.domain.person import PersonState
from idp.errors import (
    CLIENT_DISABLED,
    EXCHANGE_UNSUPPORTED,
    INVALID_REQUEST,
    INVALID_SCOPE,
    INVALID_TARGET,
    INVALID_TOKEN,
    SUBJECT_TOKEN_REFUSED,
    UNAUTHORIZED_CLIENT,
)
from idp.oidc.exchange import ACCESS_TOKEN
from tests.contract.store.stand_ins import AN, a_session
from tests.unit.oidc.tokens.acting import (
    ACTS,
    API,
    AT_THE_API,
    BANK,
    ONWARD,
    STOCK,
    change,
    exchange,
    logged_in,
    put,
    told,
)
from tests.unit.oidc.tokens.desk import ISSUER, refused

if TYPE_CHECKING:
    from tests.unit.oidc.tokens.desk import Desk


@pytest.fixture
def acting(desk: Desk) -> Desk:
    return put(desk)


def test_a_service_exchanges_its_own_token_for_one_at_a_resource(acting: Desk) -> None:
    answered = exchange(acting, logged_in(acting))
    assert answered.keys() == {
        "access_token",
        "issued_token_type",
        "token_type",
        "expires_in",
        "scope",
    }
    assert answered["issued_token_type"] == ACCESS_TOKEN
    assert answered["token_type"] == "Bearer"
    assert answered["scope"] == "profile email"
    assert answered["expires_in"] == 600
    said = told(acting, answered["access_token"], "api")
    assert said["active"] is True
    assert (said["aud"], said["client_id"], said["scope"]) == (API, "front", "profile email")
    assert said["act"] == {"sub": "front"}
    assert {"acr", "auth_time", "sub", "exp", "iat"} <= said.keys()
    assert acting.recorded().count("token.exchanged") == 1


@pytest.mark.proves("delegation.chain")
def test_a_resource_acts_onward_and_the_chain_is_told(acting: Desk) -> None:
    first = exchange(acting, logged_in(acting))["access_token"]
    second = exchange(acting, first, "api", resource=STOCK)["access_token"]
    said = told(acting, second, "stock")
    assert said["act"] == {"sub": "api", "act": {"sub": "front"}}
    assert (said["client_id"], said["aud"], said["scope"]) == ("api", STOCK, "profile")
    third = exchange(acting, second, "stock", resource=BANK)["access_token"]
    refused(SUBJECT_TOKEN_REFUSED, lambda: exchange(acting, third, "stock", resource=BANK))
    chain = {"sub": "stock", "act": {"sub": "api", "act": {"sub": "front"}}}
    assert told(acting, third, "stock")["act"] == chain


def test_a_token_sent_to_its_resource_may_be_exchanged_there(acting: Desk) -> None:
    token = logged_in(acting, resources=(API,))
    said = told(acting, token, "api")
    assert (said["active"], said["client_id"], "act" in said) == (True, "front", False)
    onward = exchange(acting, token, "api", resource=STOCK)["access_token"]
    assert told(acting, onward, "stock")["act"] == {"sub": "api"}


def test_the_person_is_named_in_the_sector_of_who_acts(acting: Desk) -> None:
    first = exchange(acting, logged_in(acting))["access_token"]
    second = exchange(acting, first, "api", resource=STOCK)["access_token"]
    assert told(acting, first, "api")["sub"] != told(acting, second, "stock")["sub"]


def test_a_jwt_says_who_acts_too(acting: Desk) -> None:
    token = exchange(acting, logged_in(acting, "words"), "words")["access_token"]
    said = acting.opened(token)
    assert said["act"] == {"sub": "words"}
    assert (said["aud"], said["client_id"]) == (API, "words")
    assert said["sub"] == told(acting, token, "api")["sub"]
    onward = exchange(acting, token, "api", resource=STOCK)["access_token"]
    assert told(acting, onward, "stock")["act"] == {"sub": "api", "act": {"sub": "words"}}


# --- never wider ----------------------------------------------------------------------------------


@pytest.mark.proves("delegation.narrow")
def test_it_ends_no_later_than_what_it_came_from(acting: Desk) -> None:
    token = logged_in(acting)
    acting.clock.move(timedelta(seconds=500))
    answered = exchange(acting, token)
    assert answered["expires_in"] == 100
    acting.clock.move(timedelta(seconds=100))
    assert told(acting, answered["access_token"], "api") == {"active": False}
    refused(SUBJECT_TOKEN_REFUSED, lambda: exchange(acting, token))


@pytest.mark.proves("delegation.narrow")
def test_scopes_are_those_asked_held_and_registered(acting: Desk) -> None:
    token = logged_in(acting)
    assert exchange(acting, token, scope="email")["scope"] == "email"
    for scope in ("openid", "address", "email openid", "offline_access"):
        refused(INVALID_SCOPE, lambda scope=scope: exchange(acting, token, scope=scope))
    narrow = exchange(acting, token, scope="email")["access_token"]
    refused(INVALID_SCOPE, lambda: exchange(acting, narrow, "api", resource=STOCK))
    refused(INVALID_SCOPE, lambda: exchange(acting, narrow, scope="profile"))


@pytest.mark.parametrize(
    "named",
    [
        {"resource": None},
        {"resource": BANK},
        {"resource": (API, BANK)},
        {"resource": None, "audience": "api"},
        {"audience": BANK},
        {"resource": f"{ISSUER}/userinfo"},
        {"resource": None, "audience": ISSUER},
        {"resource": "https://api.example"},
        {"resource": "HTTPS://api.example/"},
    ],
)
def test_only_registered_targets_are_reached(acting: Desk, named: dict[str, object]) -> None:
    token = logged_in(acting)
    refused(INVALID_TARGET, lambda: exchange(acting, token, **named))


def test_an_audience_is_another_name_for_a_resource(acting: Desk) -> None:
    answered = exchange(acting, logged_in(acting), resource=API, audience=STOCK)
    assert told(acting, answered["access_token"], "stock")["aud"] == [API, STOCK]


def test_an_exchanged_token_opens_no_userinfo(acting: Desk) -> None:
    answered = exchange(acting, logged_in(acting))
    refused(INVALID_TOKEN, lambda: acting.claims(answered["access_token"]))


def test_userinfo_and_a_resource_are_never_reached_by_one_token(acting: Desk) -> None:
    both = (f"{ISSUER}/userinfo", API)
    token = logged_in(acting, resources=both)
    assert acting.claims(token)["family_name"] == "Peeters"
    assert told(acting, token, "api") == {"active": False}
    code = acting.code("front", grant=acting.grant("front", resources=both))
    refused(INVALID_TARGET, lambda: acting.redeem(code, "front", resource=both))


# --- whose it is ----------------------------------------------------------------------------------


def test_a_token_of_another_client_for_another_resource_is_refused_and_noted(acting: Desk) -> None:
    token = logged_in(acting, "basic")
    refused(SUBJECT_TOKEN_REFUSED, lambda: exchange(acting, token))
    assert acting.recorded().count("token.foreign") == 1
    first = exchange(acting, logged_in(acting))["access_token"]
    refused(SUBJECT_TOKEN_REFUSED, lambda: exchange(acting, first, "stock", resource=BANK))


def test_others_learn_nothing_of_an_exchanged_token(acting: Desk) -> None:
    token = exchange(acting, logged_in(acting))["access_token"]
    assert told(acting, token, "stock") == {"active": False}
    assert told(acting, token, "basic") == {"active": False}
    assert told(acting, token, "front")["active"] is True


@pytest.mark.parametrize("token", ["", "1.short", "eyJhbGciOiJub25lIn0.e30.", "x" * 4000])
def test_what_is_no_token_of_ours_is_refused(acting: Desk, token: str) -> None:
    problem = SUBJECT_TOKEN_REFUSED if token else INVALID_REQUEST
    refused(problem, lambda: exchange(acting, token))


def test_an_id_token_and_a_refresh_token_are_no_access_tokens(acting: Desk) -> None:
    change(acting, "front", grant_types=(*ACTS, "refresh_token"))
    answered = acting.redeem(acting.code("front", grant=acting.grant("front")), "front")
    for token in (answered["id_token"], answered["refresh_token"]):
        refused(SUBJECT_TOKEN_REFUSED, lambda token=token: exchange(acting, token))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"subject_token": None}, INVALID_REQUEST),
        ({"subject_token_type": None}, INVALID_REQUEST),
        (
            {"subject_token_type": "urn:ietf:params:oauth:token-type:id_token"},
            EXCHANGE_UNSUPPORTED,
        ),
        (
            {"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"},
            EXCHANGE_UNSUPPORTED,
        ),
        ({"actor_token": "x"}, EXCHANGE_UNSUPPORTED),
        ({"actor_token_type": ACCESS_TOKEN}, EXCHANGE_UNSUPPORTED),
    ],
)
def test_what_is_not_offered_is_refused(
    acting: Desk, changes: dict[str, object], problem: Any
) -> None:
    token = logged_in(acting)
    refused(problem, lambda: exchange(acting, token, **changes))
    assert exchange(acting, token, requested_token_type=ACCESS_TOKEN)["access_token"]


def test_a_client_without_the_grant_and_a_public_one_exchange_nothing(acting: Desk) -> None:
    token = logged_in(acting, "plain")
    refused(UNAUTHORIZED_CLIENT, lambda: exchange(acting, token, "plain"))
    change(acting, "public", grant_types=ACTS, acting=ONWARD)
    token = logged_in(acting, "public")
    refused(UNAUTHORIZED_CLIENT, lambda: exchange(acting, token, "public"))


# --- as long as everything that it hangs off ------------------------------------------------------


def test_it_dies_with_the_grant_the_session_and_every_token_before_it(acting: Desk) -> None:
    def chain() -> tuple[str, str, str]:
        token = logged_in(acting)
        first = exchange(acting, token)["access_token"]
        return token, first, exchange(acting, first, "api", resource=STOCK)["access_token"]

    token, first, second = chain()
    acting.revoke(token, "front")
    assert told(acting, first, "api") == told(acting, second, "stock") == {"active": False}
    refused(SUBJECT_TOKEN_REFUSED, lambda: exchange(acting, first, "api", resource=STOCK))
    token, first, second = chain()
    acting.revoke(first, "front")
    assert told(acting, second, "stock") == {"active": False}
    assert told(acting, token, "front")["active"] is True
    token, first, second = chain()
    acting.revoke(second, "stock")
    assert told(acting, second, "stock")["active"] is True
    acting.revoke(second, "api")
    assert told(acting, second, "stock") == {"active": False}
    assert told(acting, first, "api")["active"] is True
    token, first, second = chain()
    with acting.ledger.begin() as unit:
        unit.sessions.end(a_session().key, at=acting.clock())
    assert told(acting, first, "api") == told(acting, second, "stock") == {"active": False}
    refused(SUBJECT_TOKEN_REFUSED, lambda: exchange(acting, token))


@pytest.mark.parametrize("client", ["front", "api"])
def test_it_dies_with_every_client_before_it(acting: Desk, client: str) -> None:
    first = exchange(acting, logged_in(acting))["access_token"]
    second = exchange(acting, first, "api", resource=STOCK)["access_token"]
    change(acting, client, enabled=False)
    assert told(acting, second, "stock") == {"active": False}
    problem = SUBJECT_TOKEN_REFUSED if client == "front" else CLIENT_DISABLED
    refused(problem, lambda: exchange(acting, first, "api", resource=STOCK))


def test_the_gate_stands_here_too(acting: Desk) -> None:
    token = logged_in(acting)
    first = exchange(acting, token)["access_token"]
    with acting.ledger.begin() as unit:
        unit.people.set_state(AN, PersonState.LOCKED, at=acting.clock())
    refused(SUBJECT_TOKEN_REFUSED, lambda: exchange(acting, token))
    assert told(acting, first, "api") == {"active": False}


def test_a_client_that_demands_more_than_the_login_was_gets_nothing(acting: Desk) -> None:
    event = replace(acting.grant().event, acr=Assurance.SUBSTANTIAL)
    token = logged_in(acting, resources=(API,), event=event)
    assert exchange(acting, token, "api", resource=STOCK)["access_token"]
    change(acting, "api", minimum_acr="http://eidas.europa.eu/NotNotified/LoA/high")
    refused(SUBJECT_TOKEN_REFUSED, lambda: exchange(acting, token, "api", resource=STOCK))


def test_a_policy_that_was_narrowed_counts_at_once(acting: Desk) -> None:
    token = logged_in(acting)
    change(acting, "front", acting=replace(ONWARD, targets=(STOCK,)))
    refused(INVALID_TARGET, lambda: exchange(acting, token))
    change(acting, "front", grant_types=("authorization_code",))
    refused(UNAUTHORIZED_CLIENT, lambda: exchange(acting, token))


def test_what_was_exchanged_ends_where_the_policy_was_narrowed(acting: Desk) -> None:
    first = exchange(acting, logged_in(acting))["access_token"]
    second = exchange(acting, first, "api", resource=STOCK)["access_token"]
    for fewer in (
        {"acting": replace(AT_THE_API, targets=(BANK,))},
        {"acting": replace(AT_THE_API, scopes=("email",))},
        {"grant_types": ("authorization_code",)},
    ):
        change(acting, "api", **fewer)
        assert told(acting, second, "stock") == {"active": False}
        change(acting, "api", acting=AT_THE_API, grant_types=ACTS)
        assert told(acting, second, "stock")["active"] is True


def test_what_a_client_got_of_others_grants_ends_with_its_own(acting: Desk) -> None:
    first = exchange(acting, logged_in(acting))["access_token"]
    second = exchange(acting, first, "api", resource=STOCK)["access_token"]
    with acting.ledger.begin() as unit:
        unit.grants.end_by_client(ClientId("api"), at=acting.clock())
    assert told(acting, second, "stock") == {"active": False}
    assert told(acting, first, "api")["active"] is True


def test_no_secret_and_no_token_stands_in_the_audit_row(acting: Desk) -> None:
    token = logged_in(acting)
    made = exchange(acting, token)["access_token"]
    with acting.ledger.read() as unit:
        rows = [json.loads(row.payload or b"{}") for row in unit.audit.unsealed(limit=1000)]
    [row] = [row for row in rows if row["kind"] == "token.exchanged"]
    assert row["client"] == "front"
    assert row["details"] | {"grant": ""} == {
        "grant": "",
        "of": "front",
        "audience": API,
        "scope": "profile email",
    }
    assert token not in repr(rows)
    assert made not in repr(rows)


def test_the_claim_names_the_latest_actor_outside() -> None:
    assert act_claim(()) == {}
    assert act_claim(("b", "a")) == {"sub": "b", "act": {"sub": "a"}}
