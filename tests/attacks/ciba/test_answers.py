"""Polls, guesses, floods and removals around the answer to a back-channel request."""

from __future__ import annotations

import base64
import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from idp.domain.client import ClientId
from idp.domain.person import PersonState
from mobile_flow.sim.phone import PhoneRefused
from tests.flows.ciba.asker import GRANTS
from tests.flows.phone.house import AN, claims_of

if TYPE_CHECKING:
    from tests.flows.ciba.asker import Asker


@pytest.mark.proves("ciba.once")
def test_ciba_06_sixteen_polls_just_after_the_approval_get_one_answer(shop: Asker) -> None:
    phone, asked = shop.house.phone(), shop.ask()
    assert shop.poll(asked).json["error"] == "authorization_pending"
    shop.approved_by(phone)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: shop.poll(asked), range(16)))
    assert [answer.status_code for answer in answers].count(200) == 1
    others = [answer.json["error"] for answer in answers if answer.status_code == 400]
    assert set(others) <= {"invalid_grant"}
    assert shop.house.audited().count("tokens.issued") == 1


@pytest.mark.proves("ciba.entropy")
def test_ciba_07_guessing_is_hopeless_and_ends_in_a_wait(shop: Asker) -> None:
    asked = shop.ask()
    epoch, _, random = asked.partition(".")
    assert len(base64.urlsafe_b64decode(random + "=")) == 32
    guesses = [f"{epoch}.{secrets.token_urlsafe(32)}" for _ in range(101)]
    told = [shop.poll(guess) for guess in guesses]
    assert {answer.json["error"] for answer in told[:100]} == {"invalid_grant"}
    assert told[100].status_code == 429
    assert shop.poll(asked).status_code == 429
    shop.house.wait(timedelta(minutes=1))
    assert shop.poll(asked).json["error"] == "authorization_pending"


@pytest.mark.parametrize("text", ["", "x", "1.", "../../etc", "1." + "a" * 44, "٣." + "a" * 43])
def test_ciba_07_what_was_never_made_here_is_no_request(shop: Asker, text: str) -> None:
    assert shop.poll(text).json["error"] in {"invalid_grant", "invalid_request"}


def test_ciba_03_another_client_cannot_redeem_and_takes_nothing_away(shop: Asker) -> None:
    phone, asked = shop.house.phone(), shop.ask()
    with shop.house.services.ledger.begin() as unit:
        known = unit.clients.get(ClientId("shop"))
        assert known is not None
        other = shop.house.client(
            id=ClientId("other"), auth=known.auth, secrets=known.secrets, grant_types=GRANTS
        )
        unit.clients.add(other)
    shop.approved_by(phone)
    foreign = shop.post("/token", {"grant_type": GRANTS[2], "auth_req_id": asked}, client="other")
    assert foreign.json["error"] == "invalid_grant"
    assert shop.tokens(asked)["access_token"]


def test_ciba_08_a_person_who_was_locked_after_approving_gives_nothing(shop: Asker) -> None:
    phone, asked = shop.house.phone(), shop.ask()
    shop.approved_by(phone)
    with shop.house.services.ledger.begin() as unit:
        unit.people.set_state(AN, PersonState.LOCKED, at=shop.house.at)
    assert shop.told(asked) == "access_denied"
    assert "tokens.issued" not in shop.house.audited()
    with shop.house.services.ledger.begin() as unit:
        unit.people.set_state(AN, PersonState.ACTIVE, at=shop.house.at)
    assert shop.told(asked) == "invalid_grant"


def test_ciba_08_a_client_that_now_demands_a_card_gets_nothing_by_push(shop: Asker) -> None:
    phone, asked = shop.house.phone(), shop.ask()
    shop.approved_by(phone)
    shop.register(minimum_age=18)
    assert shop.poll(asked).status_code == 403
    assert "tokens.issued" not in shop.house.audited()


def test_ciba_08_an_epoch_later_nothing_of_before_is_redeemed(shop: Asker) -> None:
    phone, asked = shop.house.phone(), shop.ask()
    shop.approved_by(phone)
    with shop.house.services.ledger.begin() as unit:
        unit.bump_epoch()
    assert shop.told(asked) == "invalid_grant"


def test_ciba_15_a_phone_that_was_removed_meanwhile_cannot_approve(shop: Asker) -> None:
    phone, other = shop.house.phone(), shop.house.phone()
    asked = shop.ask()
    phone.open(phone.pending()[0]["id"])
    other.remove(str(phone.key.device))
    with pytest.raises(PhoneRefused):
        phone.approve()
    assert shop.told(asked) == "authorization_pending"


def test_ciba_15_a_phone_that_was_removed_after_it_approved_gives_nothing(shop: Asker) -> None:
    phone, other = shop.house.phone(), shop.house.phone()
    asked = shop.ask()
    shop.approved_by(phone)
    other.remove(str(phone.key.device))
    assert shop.told(asked) == "access_denied"
    assert "tokens.issued" not in shop.house.audited()


def test_ciba_16_a_phone_is_not_flooded_and_the_shop_cannot_tell(shop: Asker) -> None:
    phone = shop.house.phone()
    for _ in range(4):
        assert shop.send().status_code == 200
    assert len(phone.pending()) == 2
    for _ in range(6):
        for waiting in phone.pending():
            phone.open(waiting["id"])
            phone.refuse()
        assert shop.send().status_code == 200
    assert len(phone.history()) + len(phone.pending()) == 5
    shop.house.wait(timedelta(minutes=20))
    shop.ask()
    assert len(phone.pending()) == 1


def test_ciba_16_a_crowd_at_one_moment_takes_no_more_than_the_places(shop: Asker) -> None:
    phone = shop.house.phone()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: shop.send().status_code, range(12)))
    assert set(answers) <= {200, 503}
    assert 1 <= len(phone.pending()) <= 2


def test_ciba_17_the_id_token_says_how_and_when_and_holds_nothing_of_the_request(
    shop: Asker,
) -> None:
    phone, asked = shop.house.phone(), shop.ask(acr_values="eidas3 eidas2")
    shop.house.wait(timedelta(seconds=30))
    approved = int(shop.house.at.timestamp())
    shop.approved_by(phone)
    shop.house.wait(timedelta(seconds=60))
    claims = claims_of(shop.tokens(asked))
    assert claims["acr"] == "eidas2"
    assert claims["auth_time"] == approved
    assert "be:push" in claims["amr"]
    assert not [name for name in claims if "auth_req_id" in name]
