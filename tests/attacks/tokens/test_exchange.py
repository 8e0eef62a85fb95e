"""Exchanges by thieves and latecomers: without the key, of what is over, beside its revocation."""

from __future__ import annotations

import secrets
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from idp.domain.acting import TOKEN_EXCHANGE
from idp.domain.person import PersonState
from idp.errors import INVALID_DPOP_PROOF, SUBJECT_TOKEN_REFUSED, Refused
from idp.oidc.exchange import ACCESS_TOKEN
from idp.store.opening import open_ledger
from tests.attacks.tokens.test_proofs import MINE, OTHER, proof
from tests.contract.store.stand_ins import AN, Clock, TestVault, a_session
from tests.services.ledgers import a_database, put_ledger
from tests.unit.oidc.tokens.acting import API, STOCK, change, exchange, logged_in, put, told
from tests.unit.oidc.tokens.desk import Desk, fill, refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ROUNDS = 12
EXCHANGERS = 3


@pytest.fixture
def acting(desk: Desk) -> Desk:
    return put(desk)


def bound(desk: Desk, *, resources: tuple[str, ...] = (), key: Any = MINE) -> str:
    """An access token of the front, bound to a key."""
    grant = desk.grant("front", resources=resources)
    redeemed = desk.call(
        desk.endpoint.exchange,
        "front",
        dpop=proof(desk, key=key),
        grant_type="authorization_code",
        code=desk.code("front", grant=grant),
        redirect_uri="https://shop.example/cb",
        code_verifier="a-verifier-of-forty-three-characters-or-more",
    )
    assert redeemed["token_type"] == "DPoP"
    return str(redeemed["access_token"])


def with_proof(desk: Desk, token: str, client: str, *, key: Any, target: str) -> dict[str, Any]:
    answered: dict[str, Any] = desk.call(
        desk.endpoint.exchange,
        client,
        dpop=proof(desk, key=key),
        grant_type=TOKEN_EXCHANGE,
        subject_token=token,
        subject_token_type=ACCESS_TOKEN,
        resource=target,
    )
    return answered


# --- keys -----------------------------------------------------------------------------------------


def test_who_holds_a_bound_token_exchanges_it_with_its_key_alone(acting: Desk) -> None:
    token = bound(acting)
    refused(SUBJECT_TOKEN_REFUSED, lambda: exchange(acting, token))
    refused(
        SUBJECT_TOKEN_REFUSED, lambda: with_proof(acting, token, "front", key=OTHER, target=API)
    )
    answered = with_proof(acting, token, "front", key=MINE, target=API)
    assert answered["token_type"] == "DPoP"
    jkt = MINE.thumbprint()
    assert told(acting, answered["access_token"], "api")["cnf"] == {"jkt": jkt}


def test_a_resource_exchanges_a_bound_token_for_one_bound_to_its_own_key(acting: Desk) -> None:
    token = bound(acting, resources=(API,))
    refused(SUBJECT_TOKEN_REFUSED, lambda: exchange(acting, token, "api", resource=STOCK))
    answered = with_proof(acting, token, "api", key=OTHER, target=STOCK)
    said = told(acting, answered["access_token"], "stock")
    assert said["cnf"] == {"jkt": OTHER.thumbprint()}


def test_a_plain_token_becomes_bound_where_a_key_is_proven(acting: Desk) -> None:
    answered = with_proof(acting, logged_in(acting), "front", key=MINE, target=API)
    assert answered["token_type"] == "DPoP"
    change(acting, "api", bound_tokens=True)
    refused(
        INVALID_DPOP_PROOF,
        lambda: exchange(acting, logged_in(acting, resources=(API,)), "api", resource=STOCK),
    )


# --- latecomers -----------------------------------------------------------------------------------

ENDS: dict[str, Callable[[Desk, str], object]] = {}


def ends(name: str) -> Callable[[Callable[[Desk, str], object]], Callable[[Desk, str], object]]:
    def noted(doing: Callable[[Desk, str], object]) -> Callable[[Desk, str], object]:
        ENDS[name] = doing
        return doing

    return noted


@ends("the token is revoked")
def _revoked(desk: Desk, token: str) -> None:
    desk.revoke(token, "front")


@ends("the grant is ended")
def _ended(desk: Desk, token: str) -> None:
    with desk.ledger.begin() as unit:
        found = unit.grants.live_token(desk.tokens.read(token).hash)
        assert found is not None
        unit.grants.end(found.grant.id, at=desk.clock())


@ends("the session is ended")
def _signed_out(desk: Desk, token: str) -> None:
    del token
    with desk.ledger.begin() as unit:
        unit.sessions.end(a_session().key, at=desk.clock())


@ends("the person is locked")
def _locked(desk: Desk, token: str) -> None:
    del token
    with desk.ledger.begin() as unit:
        unit.people.set_state(AN, PersonState.LOCKED, at=desk.clock())


@ends("the client is disabled")
def _disabled(desk: Desk, token: str) -> None:
    del token
    change(desk, "front", enabled=False)


@pytest.mark.parametrize("how", ENDS)
def test_once_it_is_over_nothing_is_exchanged_and_nothing_exchanged_lives(
    acting: Desk, how: str
) -> None:
    token = logged_in(acting, resources=(API,))
    onward = exchange(acting, token, "api", resource=STOCK)["access_token"]
    assert told(acting, onward, "stock")["active"] is True
    ENDS[how](acting, token)
    refused(SUBJECT_TOKEN_REFUSED, lambda: exchange(acting, token, "api", resource=STOCK))
    assert told(acting, onward, "stock") == {"active": False}


# --- beside a revocation --------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", "postgresql"])
def raced(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    def opened(url: str) -> Iterator[Desk]:
        clock = Clock()
        ledger = open_ledger(url, TestVault(), now=clock, entropy=secrets.token_bytes)
        fill(ledger)
        yield put(Desk(ledger, clock))
        ledger.close()

    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'raced.sqlite'}"
        put_ledger(url)
        yield from opened(url)
        return
    with a_database(request.getfixturevalue("postgres_server")) as url:
        yield from opened(url)


def beside(doing: Callable[[], str], ending: Callable[[], object]) -> list[str]:
    """Exchange in some threads while another one ends it; give what was exchanged."""
    barrier = threading.Barrier(EXCHANGERS + 1)
    got: list[str] = []

    def exchanging() -> None:
        barrier.wait(60)
        try:
            got.append(doing())
        except Refused as refused:
            if refused.problem is not SUBJECT_TOKEN_REFUSED:
                raise

    threads = [threading.Thread(target=exchanging) for _ in range(EXCHANGERS)]
    for thread in threads:
        thread.start()
    barrier.wait(60)
    ending()
    for thread in threads:
        thread.join(60)
    return got


def test_nothing_that_was_exchanged_beside_a_revocation_lives(raced: Desk) -> None:
    exchanged = 0
    for number in range(ROUNDS):
        token = logged_in(raced, resources=(API,))
        end = ENDS["the token is revoked" if number % 2 else "the grant is ended"]
        got = beside(
            lambda t=token: exchange(raced, t, "api", resource=STOCK)["access_token"],
            lambda t=token, e=end: e(raced, t),
        )
        exchanged += len(got)
        assert [told(raced, one, "stock") for one in got] == [{"active": False}] * len(got)
    with raced.ledger.read() as unit:
        rows = [row.payload or b"" for row in unit.audit.unsealed(limit=10_000)]
    assert sum(b"token.exchanged" in row for row in rows) == exchanged


def test_a_copy_without_its_origin_would_outlive_it(raced: Desk) -> None:
    """The negative control of the race: what hangs off the grant alone survives the token."""
    token = logged_in(raced, resources=(API,))
    onward = exchange(raced, token, "api", resource=STOCK)["access_token"]
    with raced.ledger.begin() as unit:
        found = unit.grants.live_token(raced.tokens.read(onward).hash)
        assert found is not None
        copy = replace(found.token, hash="ab" * 32, delegation=None)
        unit.grants.add_access_token(copy)
    raced.revoke(token, "front")
    assert told(raced, onward, "stock") == {"active": False}
    with raced.ledger.read() as unit:
        still = unit.grants.live_token(copy.hash)
    assert still is not None
    assert still.token.revoked_at is None
    assert still.grant.ended_at is None
