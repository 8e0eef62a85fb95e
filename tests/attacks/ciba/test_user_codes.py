"""Guessing user codes: how often, by whom, what it stops, and what it tells."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from idp.domain.client import ClientId, subject_sector
from idp.domain.person import Sector, SubjectId
from idp.errors import Refused
from idp.oidc.ciba.user_codes import OF_A_CLIENT, OF_A_CLIENT_WITHIN, OF_A_PERSON
from idp.store.slow_hash import SlowHash, WrongSecret
from tests.flows.phone.house import AN, SECOND

if TYPE_CHECKING:
    from tests.flows.ciba.asker import Asker

CODE = "maanlicht77"


@pytest.fixture
def called(shop: Asker) -> Asker:
    shop.register(backchannel_user_code=True)
    shop.house.services.user_codes.choose(AN, CODE)
    return shop


def told(shop: Asker, code: str, **fields: Any) -> str:
    answer = shop.send(user_code=code, **fields)
    return "accepted" if answer.status_code == 200 else str(answer.json["error"])


def test_five_wrong_codes_stop_this_client_for_a_quarter_of_an_hour_and_nobody_is_told(
    called: Asker,
) -> None:
    for number in range(OF_A_CLIENT):
        assert told(called, f"guess{number}") == "invalid_user_code"
    assert told(called, CODE) == "invalid_user_code"
    called.house.wait(OF_A_CLIENT_WITHIN)
    assert told(called, CODE) == "accepted"


def test_right_codes_use_no_tries_up(called: Asker) -> None:
    for _ in range(2 * OF_A_CLIENT):
        assert told(called, CODE) == "accepted"
    for number in range(OF_A_CLIENT - 1):
        told(called, f"guess{number}")
    assert told(called, CODE) == "accepted"


def test_sixteen_guesses_at_once_are_no_more_than_the_tries_there_are(
    called: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tries are counted before anything is compared; the sixteenth may be the right one."""
    compared: list[str] = []

    def verify(this: SlowHash, secret: str, hashed: str | None) -> None:
        del this, hashed
        compared.append(secret)
        if secret != CODE:
            raise WrongSecret

    monkeypatch.setattr(SlowHash, "verify", verify)
    guesses = [f"guess{number}" for number in range(15)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda guess: called.send(user_code=guess), guesses))
    assert told(called, CODE) == "invalid_user_code"
    assert len(compared) >= OF_A_CLIENT


def test_a_restart_forgives_no_guess(called: Asker) -> None:
    for number in range(OF_A_CLIENT):
        told(called, f"guess{number}")
    called.house.services.foundation.ephemeral.close()  # counters stand in the Ledger alone
    with called.house.services.ledger.begin() as unit:
        sector = subject_sector(called.house.client())
        whose = f"shop\x00{sector}\x00{called.subject}"
        assert not unit.phones.spend_try(
            "user-code", whose, most=OF_A_CLIENT, at=called.house.at, lasts=OF_A_CLIENT_WITHIN
        )


def test_many_clients_together_have_twenty_tries_a_day_for_one_person(called: Asker) -> None:
    house, client = called.house, called.house.client()
    wrong = 0
    for number in range(1 + OF_A_PERSON // OF_A_CLIENT):
        sector = Sector(f"shop{number}.example")
        with house.services.ledger.begin() as unit:
            subject = unit.people.subject(AN, sector, candidate=SubjectId(f"an-{number}"))
        other = type(client)(
            **{
                **{name: getattr(client, name) for name in client.__slots__},
                "id": ClientId(f"shop-{number}"),
                "sector": sector,
            }
        )
        for _ in range(OF_A_CLIENT - 1):
            with pytest.raises(Refused):
                house.services.user_codes.prove(other, subject, "a guess")
            wrong += 1
    assert wrong >= OF_A_PERSON
    assert told(called, CODE) == "invalid_user_code"
    house.wait(timedelta(hours=24) + SECOND)
    assert told(called, CODE) == "accepted"


def test_guessing_stops_nothing_but_questions_with_a_code(called: Asker) -> None:
    """A stranger locks nobody out: not the phone, not requests without a code, not other means."""
    phone = called.house.phone()
    for number in range(3 * OF_A_PERSON):
        told(called, f"guess{number}")
    browser = called.house.browser().open().choose("mobile").approved_by(phone)
    assert "code" in browser.agree().told
    seeded = called.house.browser().open().choose("seeded").submit("seeded", username="an")
    assert "code" in seeded.told
    called.register(backchannel_user_code=False)
    called.ask()
    assert len(phone.pending()) == 1


def test_the_unknown_the_codeless_and_the_wrong_are_told_the_same(called: Asker) -> None:
    wrong = called.send(user_code="a guess")
    unknown = called.send(user_code=CODE, login_hint="nobody")
    called.house.services.user_codes.remove(AN)
    codeless = called.send(user_code=CODE)
    assert wrong.status_code == unknown.status_code == codeless.status_code == 400
    assert wrong.json == unknown.json == codeless.json


def test_a_code_that_is_changed_while_it_is_compared_lets_nothing_through(
    called: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone, verify = called.house.phone(), SlowHash.verify

    def meanwhile(this: SlowHash, secret: str, hashed: str | None) -> None:
        verify(this, secret, hashed)
        called.house.services.user_codes.choose(AN, "another code 12")

    monkeypatch.setattr(SlowHash, "verify", meanwhile)
    assert told(called, CODE) == "invalid_user_code"
    assert phone.pending() == []


def test_the_store_holds_no_code_and_its_hash_is_of_no_use_without_our_key(called: Asker) -> None:
    with called.house.services.ledger.read() as unit:
        kept = unit.phones.user_code(AN)
    assert kept is not None
    assert kept.hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert CODE not in kept.hashed
    assert CODE not in repr(kept)
    with pytest.raises(WrongSecret):
        SlowHash(b"x" * 32, entropy=bytes).verify(CODE, kept.hashed)
