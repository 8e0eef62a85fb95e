"""A client proves itself by the one method it registered, and by nothing else."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from idp.domain.client import ClientAuth, ClientId
from idp.errors import CLIENT_DISABLED, INVALID_CLIENT, INVALID_REQUEST, TOO_MANY_REQUESTS
from idp.oidc.client_auth import ASSERTION_TYPE
from idp.oidc.throttle import MOST_FAILURES, Throttle
from idp.store.memory import MemoryEphemeral
from idp.store.ports import StoreUnavailable
from tests.contract.store.stand_ins import START, Clock
from tests.unit.oidc.tokens.desk import (
    ADDRESS,
    ALGORITHMS,
    CLIENTS,
    ISSUER,
    SECRET,
    Desk,
    a_caller,
    a_secret,
    basic,
    form,
    jwks,
    refused,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from idp.domain.client import Client
    from idp.oidc.client_auth import Caller

NOW = START.timestamp()


def known(
    desk: Desk, authorization: str | None = None, *, address: str = ADDRESS, **fields: object
) -> Caller:
    return desk.authentication.authenticate(
        form(**fields), authorization=authorization, address=address
    )


def by_assertion(desk: Desk, assertion: str, **fields: object) -> Caller:
    sent = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion, **fields}
    return known(desk, **sent)


def changed(desk: Desk, client: Client) -> None:
    with desk.ledger.begin() as unit:
        held = unit.clients.get(client.id)
        assert held is not None
        unit.clients.replace(client, expected_version=held.version)


# --- one method, the registered one ---------------------------------------------------------------


def test_each_method_names_its_client_and_itself(desk: Desk) -> None:
    for client in CLIENTS:
        fields, authorization = desk.credentials(client.id)
        caller = known(desk, authorization, **fields)
        assert (caller.client.id, caller.method) == (client.id, client.auth)


def test_a_client_id_beside_the_proof_must_agree_with_it(desk: Desk) -> None:
    assert known(desk, basic("basic"), client_id="basic")
    assert by_assertion(desk, desk.assertion(), client_id="shop")
    refused(INVALID_CLIENT, lambda: known(desk, basic("basic"), client_id="other"))
    refused(INVALID_CLIENT, lambda: by_assertion(desk, desk.assertion(), client_id="basic"))


@pytest.mark.parametrize("client", ["shop", "basic", "post"])
def test_a_client_that_can_prove_itself_is_refused_by_name_alone(desk: Desk, client: str) -> None:
    refused(INVALID_CLIENT, lambda: known(desk, client_id=client))


def test_no_method_works_for_a_client_that_registered_another(desk: Desk) -> None:
    for client in CLIENTS:
        tries: dict[ClientAuth, Callable[[str], object]] = {
            ClientAuth.SECRET_BASIC: lambda name: known(desk, basic(name)),
            ClientAuth.SECRET_POST: lambda name: known(desk, client_id=name, client_secret=SECRET),
            ClientAuth.PRIVATE_KEY_JWT: lambda name: by_assertion(desk, desk.assertion(name)),
            ClientAuth.NONE: lambda name: known(desk, client_id=name),
        }
        for method, attempt in tries.items():
            if method is not client.auth:
                refused(INVALID_CLIENT, lambda a=attempt, c=client: a(c.id))


def test_two_methods_in_one_request_are_refused_even_if_both_are_right(desk: Desk) -> None:
    assertion = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": desk.assertion()}
    refused(
        INVALID_REQUEST,
        lambda: known(desk, basic("basic"), client_id="basic", client_secret=SECRET),
    )
    refused(INVALID_REQUEST, lambda: known(desk, basic("basic"), **assertion))
    refused(INVALID_REQUEST, lambda: known(desk, client_secret=SECRET, **assertion))
    refused(INVALID_REQUEST, lambda: known(desk, basic("basic"), client_assertion="x"))
    refused(INVALID_REQUEST, lambda: known(desk, "Bearer x", client_secret=SECRET))


def test_a_public_client_that_sends_a_secret_is_refused(desk: Desk) -> None:
    refused(INVALID_CLIENT, lambda: known(desk, client_id="public", client_secret=SECRET))


def test_nothing_and_nonsense_authenticate_nobody(desk: Desk) -> None:
    refused(INVALID_CLIENT, lambda: known(desk))
    for name in ("nobody", "SHOP", " shop", "x" * 256, "b b"):
        refused(INVALID_CLIENT, lambda n=name: known(desk, client_id=n))
    refused(INVALID_REQUEST, lambda: known(desk, client_assertion_type=ASSERTION_TYPE))
    refused(INVALID_REQUEST, lambda: known(desk, client_assertion=desk.assertion()))
    saml = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"
    refused(INVALID_REQUEST, lambda: by_assertion(desk, "x", client_assertion_type=saml))


# --- secrets --------------------------------------------------------------------------------------


def test_any_secret_that_lives_is_right_and_an_expired_one_is_not(desk: Desk) -> None:
    secrets = (a_secret("old", expires_at=START + timedelta(minutes=1)), a_secret("new"))
    changed(desk, replace(CLIENTS[1], secrets=secrets))
    for secret in ("old", "new"):
        assert known(desk, basic("basic", secret))
    desk.clock.move(timedelta(minutes=1))
    refused(INVALID_CLIENT, lambda: known(desk, basic("basic", "old")))
    assert known(desk, basic("basic", "new"))


def test_a_wrong_secret_and_an_unknown_client_are_told_apart_by_nothing(desk: Desk) -> None:
    changed(desk, replace(CLIENTS[1], secrets=()))
    for attempt in (basic("other", "wrong"), basic("nobody"), basic("basic")):
        refused(INVALID_CLIENT, lambda a=attempt: known(desk, a))
    refused(INVALID_CLIENT, lambda: known(desk, client_id="post", client_secret="wrong"))
    refused(INVALID_CLIENT, lambda: known(desk, client_id="post", client_secret="x" * 513))
    refused(INVALID_CLIENT, lambda: known(desk, client_id="post", client_secret="é"))
    refused(INVALID_CLIENT, lambda: known(desk, basic("basic", "no client has this secret")))


def test_basic_is_form_encoded_and_then_base64(desk: Desk) -> None:
    secret = "a secret: 100% +é&="
    changed(desk, replace(CLIENTS[1], secrets=(a_secret(secret),)))
    assert known(desk, basic("basic", secret))
    plus = base64.b64encode(b"basic:a+secret%3A+100%25+%2B%C3%A9%26%3D").decode()
    for scheme in ("Basic", "basic", "BASIC"):
        assert known(desk, f"{scheme} {plus}")


@pytest.mark.parametrize(
    "pair",
    [
        b"basic",
        b"basic:",
        b":secret",
        b"basic:the secret",
        b"basic:a:b",
        b"basic:%zz",
        b"basic:%",
        b"basic:%ff",
        b"basic:\xc3\xa9",
        b"basic:\x00",
        b"ba%00sic:secret",
    ],
)
def test_a_pair_that_is_not_form_encoded_is_refused(desk: Desk, pair: bytes) -> None:
    header = "Basic " + base64.b64encode(pair).decode()
    refused(INVALID_CLIENT, lambda: known(desk, header))


def test_base64_is_canonical_bounded_and_alone(desk: Desk) -> None:
    good = basic("basic").removeprefix("Basic ")
    for bad in (
        good.rstrip("="),
        good + "=",
        good + "\n",
        " " + good,
        good[:4] + " " + good[4:],
        good.rstrip("=")[:-1] + "h" + "=" * (len(good) - len(good.rstrip("="))),
        good + ", Basic " + good,
        "é",
        "A" * 4096,
        "",
    ):
        refused(INVALID_CLIENT, lambda b=bad: known(desk, f"Basic {b}"))
    for other in (good, f"Basic\t{good}", f"Bearer {good}", f"Basic  {good}", ""):
        refused(INVALID_CLIENT, lambda o=other: known(desk, o))


def test_a_disabled_and_an_ended_registration_look_like_a_failure(desk: Desk) -> None:
    changed(desk, replace(CLIENTS[1], enabled=False))
    refused(CLIENT_DISABLED, lambda: known(desk, basic("basic")))
    refused(INVALID_CLIENT, lambda: known(desk, basic("basic", "wrong")))
    changed(desk, replace(CLIENTS[2], expires_at=START))
    refused(CLIENT_DISABLED, lambda: known(desk, client_id="post", client_secret=SECRET))
    assert CLIENT_DISABLED.oauth == INVALID_CLIENT.oauth
    assert CLIENT_DISABLED.description == INVALID_CLIENT.description


def test_a_change_of_the_registration_counts_at_the_next_request(desk: Desk) -> None:
    assert by_assertion(desk, desk.assertion())
    changed(desk, replace(CLIENTS[0], jwks=jwks("ed")))
    refused(INVALID_CLIENT, lambda: by_assertion(desk, desk.assertion()))
    assert by_assertion(desk, desk.assertion(alg="EdDSA"))
    with desk.ledger.begin() as unit:
        unit.clients.remove(ClientId("shop"), at=START)
    refused(INVALID_CLIENT, lambda: by_assertion(desk, desk.assertion(alg="EdDSA")))


# --- assertions -----------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_an_assertion_by_each_algorithm_on_offer(desk: Desk, algorithm: str) -> None:
    caller = by_assertion(desk, desk.assertion(alg=algorithm))
    assert caller.method is ClientAuth.PRIVATE_KEY_JWT
    assert caller.assertion is not None


def test_the_registered_algorithm_is_the_only_one(desk: Desk) -> None:
    changed(desk, replace(CLIENTS[0], auth_algorithm="PS256"))
    assert by_assertion(desk, desk.assertion(alg="PS256"))
    for other in ("RS256", "ES256", "EdDSA"):
        refused(INVALID_CLIENT, lambda o=other: by_assertion(desk, desk.assertion(alg=o)))


def test_a_key_that_names_its_algorithm_or_another_use_serves_nothing_else(desk: Desk) -> None:
    key: Any = jwks("rsa")["keys"]
    changed(desk, replace(CLIENTS[0], jwks={"keys": [{**key[0], "alg": "PS256"}]}))
    assert by_assertion(desk, desk.assertion(alg="PS256"))
    refused(INVALID_CLIENT, lambda: by_assertion(desk, desk.assertion(alg="RS256")))
    changed(desk, replace(CLIENTS[0], jwks={"keys": [{**key[0], "use": "enc"}]}))
    refused(INVALID_CLIENT, lambda: by_assertion(desk, desk.assertion(alg="PS256")))


def test_one_broken_key_in_a_registration_does_not_spoil_the_others(desk: Desk) -> None:
    good: Any = jwks("ec")["keys"]
    broken = [{"kty": "EC", "crv": "P-256", "x": "AA"}, {"kty": "oct", "k": "AAAA"}, *good]
    changed(desk, replace(CLIENTS[0], jwks={"keys": broken}))
    assert by_assertion(desk, desk.assertion())


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": NOW + 300},
        {"exp": NOW - 9},
        {"iat": NOW + 8},
        {"nbf": NOW + 8},
        {"iat": None},
        {"iat": NOW - 3600},
        {"exp": NOW + 60.5},
        {"extra": {"deep": [1]}},
    ],
)
def test_a_clock_that_is_a_little_off_is_forgiven(desk: Desk, claims: dict[str, object]) -> None:
    assert by_assertion(desk, desk.assertion(**claims))


def test_an_assertion_is_claimed_once_in_the_ledger(desk: Desk) -> None:
    callers = [by_assertion(desk, text) for text in [desk.assertion()] * 2]
    with desk.ledger.begin() as unit:
        callers[0].claim(unit)

    def again() -> None:
        with desk.ledger.begin() as unit:
            callers[1].claim(unit)

    refused(INVALID_CLIENT, again)


def test_the_mark_of_an_assertion_outlives_the_assertion(desk: Desk) -> None:
    assertion = desk.assertion(exp=NOW + 60)
    with desk.ledger.begin() as unit:
        by_assertion(desk, assertion).claim(unit)
    desk.clock.move(timedelta(seconds=69))
    with desk.ledger.begin() as unit:
        unit.purge(before=desk.clock(), limit=1000)
    caller = by_assertion(desk, assertion)

    def again() -> None:
        with desk.ledger.begin() as unit:
            caller.claim(unit)

    refused(INVALID_CLIENT, again)
    desk.clock.move(timedelta(seconds=1))
    refused(INVALID_CLIENT, lambda: by_assertion(desk, assertion))


def test_the_same_identifier_by_two_clients_is_two_assertions(desk: Desk) -> None:
    with desk.ledger.begin() as unit:
        unit.clients.add(a_caller("shop2", ClientAuth.PRIVATE_KEY_JWT))
    for name in ("shop", "shop2"):
        with desk.ledger.begin() as unit:
            by_assertion(desk, desk.assertion(name, jti="the same")).claim(unit)


def test_an_assertion_does_not_show_in_a_representation(desk: Desk) -> None:
    caller = by_assertion(desk, desk.assertion(jti="the-identifier"))
    assert "the-identifier" not in repr(caller.assertion)


@pytest.mark.proves("fapi2.audience")
def test_the_audience_is_this_issuer(desk: Desk) -> None:
    assert by_assertion(desk, desk.assertion(aud=ISSUER))


# --- failing too often ----------------------------------------------------------------------------


class Counting(MemoryEphemeral):
    """Counts its round trips, and fails when told to."""

    trips = 0
    down = False

    def bump(self, key: str, *, lasts: timedelta) -> int:
        self.trips += 1
        if self.down:
            raise StoreUnavailable("gone")
        return super().bump(key, lasts=lasts)


@pytest.fixture
def counting(desk: Desk) -> Counting:
    return Counting(now=desk.clock, entropy=lambda size: b"x" * size)


@pytest.fixture
def watched(desk: Desk, counting: Counting) -> Desk:
    return Desk(desk.ledger, desk.clock, counting)


def fail(desk: Desk, times: int, *, address: str = ADDRESS) -> None:
    for _ in range(times):
        refused(INVALID_CLIENT, lambda: known(desk, basic("basic", "wrong"), address=address))


def test_success_asks_the_store_nothing_and_a_failure_once(
    watched: Desk, counting: Counting
) -> None:
    for client in CLIENTS:
        fields, authorization = watched.credentials(client.id)
        known(watched, authorization, **fields)
    assert counting.trips == 0
    fail(watched, 2)
    assert counting.trips == 2


@pytest.mark.parametrize("down", [False, True], ids=["store up", "store down"])
def test_too_many_failures_shut_out_one_address_for_a_while(
    watched: Desk, counting: Counting, *, down: bool
) -> None:
    counting.down = down
    fail(watched, MOST_FAILURES)
    assert known(watched, basic("basic"))
    refused(TOO_MANY_REQUESTS, lambda: known(watched, basic("basic", "wrong")))
    trips = counting.trips
    refused(TOO_MANY_REQUESTS, lambda: known(watched, basic("basic")))
    assert counting.trips == trips
    assert known(watched, basic("basic"), address="192.0.2.8")
    assert known(watched, basic("other"))
    watched.clock.move(timedelta(seconds=60))
    assert known(watched, basic("basic"))
    fail(watched, 1)


def test_two_workers_count_together(watched: Desk, counting: Counting) -> None:
    other = Desk(watched.ledger, watched.clock, counting)
    fail(watched, MOST_FAILURES // 2)
    fail(other, MOST_FAILURES // 2)
    refused(TOO_MANY_REQUESTS, lambda: known(watched, basic("basic", "wrong")))


def test_the_memory_of_a_throttle_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("idp.oidc.throttle._MOST_REMEMBERED", 3)
    clock = Clock()
    ephemeral = Counting(now=clock, entropy=lambda size: b"x" * size)
    ephemeral.down = True
    throttle = Throttle(ephemeral, now=clock, most=0)
    for number in range(9):
        refused(TOO_MANY_REQUESTS, lambda n=number: throttle.failed("shop", str(n)))
    assert len(throttle._waiting) == 3
    assert len(throttle._counts) == 3
