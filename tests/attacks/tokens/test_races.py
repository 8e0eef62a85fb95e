"""Races at every single use: CODE-07, CLI-04, TOK-02, POP, PAR, in threads and across processes.

In SQLite and PostgreSQL alike one redemption of a code wins, one use of an assertion or a proof is
the first, one login completes a request however it came, and one refresh makes the successor that
everybody else is given again.
"""

from __future__ import annotations

import secrets
import threading
from typing import TYPE_CHECKING

import pytest

from idp.errors import INVALID_GRANT, INVALID_TOKEN, Refused
from idp.store.opening import open_ledger
from tests.attacks.tokens.races import (
    a_grant_of,
    carelessly_redeeming_a_code,
    completing_a_login,
    completing_a_pushed_request,
    completing_by_a_request_object,
    prepare,
    presenting_an_assertion,
    proven_codes,
    proving_a_key,
    redeeming_a_code,
    refreshing,
    the_family,
)
from tests.contract.store.racing import RACERS, winners_of_processes
from tests.contract.store.stand_ins import Clock, TestVault
from tests.services.ledgers import a_database, put_ledger
from tests.unit.oidc.tokens.desk import Desk, fill

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from idp.store.sql.ledger import SqlLedger

ROUNDS = 200
FEW = 25
ONE_WINS = (
    redeeming_a_code,
    presenting_an_assertion,
    proving_a_key,
    completing_a_login,
    completing_a_pushed_request,
    completing_by_a_request_object,
)
THREADS = 16


@pytest.fixture(params=["sqlite", "postgresql"])
def raced_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'raced.sqlite'}"
        put_ledger(url)
        yield url
        return
    with a_database(request.getfixturevalue("postgres_server")) as url:
        yield url


@pytest.fixture
def raced(raced_url: str) -> Iterator[SqlLedger]:
    ledger = open_ledger(raced_url, TestVault(), now=Clock(), entropy=secrets.token_bytes)
    fill(ledger)
    yield ledger
    ledger.close()


@pytest.mark.timeout(400)
def test_processes_race_for_every_single_use(raced_url: str, raced: SqlLedger) -> None:
    prepare(raced, ROUNDS)
    won = winners_of_processes("ledger", raced_url, (*ONE_WINS, refreshing), rounds=ROUNDS)
    for race in ONE_WINS:
        assert (race.__name__, won[race.__name__]) == (race.__name__, [1] * ROUNDS)
    assert won["refreshing"] == [RACERS] * ROUNDS
    kinds = Desk(raced, Clock()).recorded()
    assert kinds.count("tokens.refreshed") == ROUNDS
    assert kinds.count("refresh.retried") == (RACERS - 1) * ROUNDS
    assert kinds.count("code.issued") == 3 * ROUNDS
    with raced.read() as unit:
        families = [unit.grants.get_family(the_family(number).id) for number in range(ROUNDS)]
        redeemed = [unit.grants.get(a_grant_of("coded", number).id) for number in range(ROUNDS)]
        proven = [unit.grants.find_code(hashed) for hashed in proven_codes(ROUNDS)]
    assert [family and family.generation for family in families] == [2] * ROUNDS
    # Whoever came late took along what the first had got: nothing of a raced code lives.
    assert [grant is not None and grant.ended_at is not None for grant in redeemed] == [
        True
    ] * ROUNDS
    # And whoever came late with a proof left nothing behind.
    assert sum(code is not None for code in proven) == ROUNDS


def test_the_race_catches_who_looks_before_spending(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'careless.sqlite'}"
    put_ledger(url)
    ledger = open_ledger(url, TestVault(), now=Clock(), entropy=secrets.token_bytes)
    fill(ledger)
    prepare(ledger, FEW)
    ledger.close()
    won = winners_of_processes("ledger", url, (carelessly_redeeming_a_code,), rounds=FEW)
    assert won["carelessly_redeeming_a_code"] != [1] * FEW


def at_once(doing: Callable[[], dict[str, str]]) -> list[dict[str, str] | Refused]:
    """Do it in sixteen threads at the same moment; give every answer and refusal."""
    barrier = threading.Barrier(THREADS)
    answers: list[dict[str, str] | Refused] = []

    def racing() -> None:
        barrier.wait(60)
        try:
            answers.append(doing())
        except Refused as refused:
            answers.append(refused)

    threads = [threading.Thread(target=racing) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(answers) == THREADS
    return answers


def test_sixteen_redemptions_of_one_code_give_one_answer_and_then_nothing(desk: Desk) -> None:
    for client in ("basic", "shop", "public"):
        code = desk.code(client)
        answers = at_once(lambda c=code, n=client: desk.redeem(c, n))
        good = [answer for answer in answers if isinstance(answer, dict)]
        lost = [answer for answer in answers if isinstance(answer, Refused)]
        assert len(good) == 1
        assert {refused.problem for refused in lost} == {INVALID_GRANT}
        with pytest.raises(Refused) as caught:
            desk.claims(good[0]["access_token"])
        assert caught.value.problem is INVALID_TOKEN


def test_sixteen_uses_of_one_refresh_token_leave_one_living_descendant(desk: Desk) -> None:
    first = desk.redeem(desk.code())["refresh_token"]
    answers = at_once(lambda: desk.refresh(first))
    tokens = {answer["refresh_token"] for answer in answers if isinstance(answer, dict)}
    assert len(tokens) == 1
    assert len([answer for answer in answers if isinstance(answer, dict)]) == THREADS
    assert desk.refresh(tokens.pop())["id_token"]


def test_sixteen_presentations_of_one_assertion_give_one_answer(desk: Desk) -> None:
    first = desk.redeem(desk.code("shop"), "shop")["refresh_token"]
    assertion = desk.assertion()
    answers = at_once(lambda: desk.refresh(first, "shop", client_assertion=assertion))
    assert len([answer for answer in answers if isinstance(answer, dict)]) == 1
