"""An e-service asks, a phone answers, a poll hears of it: through the whole application."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from idp.domain.client import Delivery
from mobile_flow import receipts
from mobile_flow.sim.phone import PhoneRefused
from tests.flows.ciba.asker import INTERVAL, details
from tests.flows.phone.house import claims_of

if TYPE_CHECKING:
    from tests.flows.ciba.asker import Asker

SUBSTANTIAL = "http://eidas.europa.eu/NotNotified/LoA/substantial"
HOOK = "https://shop.example/ping"
TOKEN = "a-token-of-the-shop"


def test_a_phone_approves_what_it_was_shown_and_the_poll_gets_tokens_once(shop: Asker) -> None:
    phone = shop.house.phone()
    answer = shop.send(login_hint=shop.subject).json
    assert (answer["expires_in"], answer["interval"]) == (180, 5)
    asked = answer["auth_req_id"]
    assert shop.told(asked) == "authorization_pending"
    shown = shop.approved_by(phone)
    assert (shown["client_name"], shown["client_domain"]) == ("Shop", "shop.example")
    assert (shown["verb"], shown["message"]) == ("log_in", "Order 1234")
    assert [claim["name"] for claim in shown["claims"]] == ["given_name"]
    tokens = shop.tokens(asked)
    assert "refresh_token" not in tokens
    assert "offline_access" not in tokens["scope"]
    claims = claims_of(tokens)
    assert claims["sub"] == shop.subject
    assert claims["acr"] == SUBSTANTIAL
    assert claims["amr"] == ["hwk", "user", "pop", "mfa", "be:push"]
    assert claims["auth_time"] == int(shop.house.at.timestamp())
    assert shop.userinfo(tokens["access_token"]).json["given_name"] == "An"
    assert shop.poll(asked).json["error"] == "invalid_grant"
    audited = shop.house.audited()
    assert {"approval.asked", "approval.decided", "consent.given", "tokens.issued"} <= set(audited)


def test_an_id_token_of_before_names_whom_to_ask(shop: Asker) -> None:
    phone = shop.house.phone()
    asked = shop.ask()
    shop.approved_by(phone)
    former = shop.tokens(asked)["id_token"]
    shop.house.wait(timedelta(minutes=30))
    asked = shop.ask(login_hint=None, id_token_hint=former)
    assert shop.approved_by(phone)["message"] == "Order 1234"
    assert claims_of(shop.tokens(asked))["sub"] == shop.subject


def test_a_payment_is_shown_as_we_write_it_and_told_back_as_it_was_asked(shop: Asker) -> None:
    phone = shop.house.phone()
    asked = shop.ask(authorization_details=details(reference="Invoice 7"), binding_message=None)
    shown = shop.approved_by(phone)
    assert shown["verb"] == "pay"
    assert [(one["label"], one["value"]) for one in shown["details"]] == [
        ("amount", "10.00"),
        ("currency", "EUR"),
        ("creditor", "De Winkel"),
        ("iban", "BE68 5390 0754 7034"),
        ("reference", "Invoice 7"),
    ]
    told = shop.tokens(asked)["authorization_details"]
    assert told == json.loads(details(reference="Invoice 7"))


def test_the_receipt_of_an_answer_by_push_verifies_without_us(shop: Asker) -> None:
    phone = shop.house.phone()
    shop.ask()
    shop.approved_by(phone)
    document = phone.receipt(phone.history()[0]["id"])
    jwks = json.loads(shop.house.services.ring.jwks().body)
    verified = receipts.verify(json.dumps(document).encode(), jwks=jwks)
    assert (verified.shown.client_name, verified.transcript["flow"]) == ("Shop", "push")


def test_a_refusal_is_told_and_told_again(shop: Asker) -> None:
    phone, asked = shop.house.phone(), shop.ask()
    phone.open(phone.pending()[0]["id"])
    phone.refuse()
    assert shop.told(asked) == shop.told(asked) == "access_denied"


@pytest.mark.proves("ciba.expiry")
def test_who_does_not_answer_in_time_is_told_so(shop: Asker) -> None:
    phone, asked = shop.house.phone(), shop.ask(requested_expiry="10")
    shop.house.wait(timedelta(seconds=10))
    assert shop.told(asked) == "expired_token"
    assert phone.pending() == []


def test_an_unknown_person_looks_like_one_who_does_not_answer(shop: Asker) -> None:
    phone = shop.house.phone()
    known, unknown = shop.send(), shop.send(login_hint="nobody-here")
    assert {*known.json} == {*unknown.json}
    assert known.json["expires_in"] == unknown.json["expires_in"]
    assert len(known.json["auth_req_id"]) == len(unknown.json["auth_req_id"])
    both = (known.json["auth_req_id"], unknown.json["auth_req_id"])
    assert len(phone.pending()) == 1
    for word in ("authorization_pending", "authorization_pending"):
        assert [shop.told(asked) for asked in both] == [word, word]
    assert [shop.poll(asked).json["error"] for asked in (both[1], both[1])] == ["slow_down"] * 2
    shop.house.wait(timedelta(minutes=3))
    assert [shop.told(asked) for asked in both] == ["expired_token"] * 2


def test_a_report_afterwards_ends_the_tokens_and_nobody_asks_for_a_day(shop: Asker) -> None:
    phone, asked = shop.house.phone(), shop.ask()
    shop.approved_by(phone)
    token = shop.tokens(asked)["access_token"]
    assert shop.userinfo(token).status_code == 200
    phone.refuse(report=True)
    assert shop.userinfo(token).status_code == 401
    again = shop.ask()
    assert phone.pending() == []
    assert shop.told(again) == "authorization_pending"
    shop.house.wait(timedelta(hours=24))
    shop.ask()
    assert len(phone.pending()) == 1


def test_a_report_before_the_poll_lets_nothing_out(shop: Asker) -> None:
    phone, asked = shop.house.phone(), shop.ask()
    shop.approved_by(phone)
    phone.refuse(report=True)
    assert shop.told(asked) == "access_denied"


def test_only_one_of_two_phones_answers(shop: Asker) -> None:
    first, second = shop.house.phone(), shop.house.phone()
    asked = shop.ask()
    assert len(second.pending()) == 1
    shop.approved_by(first)
    assert second.pending() == []
    with pytest.raises(PhoneRefused):
        second.open(first.approval["id"])
    assert shop.tokens(asked)["access_token"]


def test_a_ping_is_due_once_its_person_answered_and_then_the_poll_need_not_wait(
    shop: Asker,
) -> None:
    shop.register(backchannel_delivery=Delivery.PING, backchannel_endpoint=HOOK)
    phone, asked = shop.house.phone(), shop.ask(client_notification_token=TOKEN)
    assert shop.poll(asked).json["error"] == "authorization_pending"
    assert shop.waiting_messages("ciba-ping") == []
    shop.approved_by(phone)
    assert len(shop.waiting_messages("ciba-ping")) == 1
    assert shop.tokens(asked)["access_token"]
    phone.refuse(report=True)
    assert len(shop.waiting_messages("ciba-ping")) == 1


@pytest.mark.parametrize("report", [False, True])
def test_a_no_is_pinged_too(shop: Asker, *, report: bool) -> None:
    shop.register(backchannel_delivery=Delivery.PING, backchannel_endpoint=HOOK)
    phone = shop.house.phone()
    shop.ask(client_notification_token=TOKEN)
    phone.open(phone.pending()[0]["id"])
    phone.refuse(report=report)
    assert len(shop.waiting_messages("ciba-ping")) == 1


@pytest.mark.proves("ciba.pending")
def test_a_wait_of_the_interval_is_enough_between_two_polls(shop: Asker) -> None:
    asked = shop.ask()
    assert shop.poll(asked).json["error"] == "authorization_pending"
    assert shop.poll(asked).json["error"] == "slow_down"
    shop.house.wait(INTERVAL)
    assert shop.poll(asked).json["error"] == "authorization_pending"
