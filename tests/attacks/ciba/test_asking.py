"""Hints, messages, signed requests and registrations that a hostile e-service would send."""

from __future__ import annotations

import json
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from idp.domain.client import SubjectType
from idp.domain.person import PersonState
from idp.oidc.registration.faults import RegistrationRefused
from idp.oidc.registration.policy import policy_of
from idp.oidc.registration.rules import register
from tests.flows.ciba.asker import KEY, details
from tests.flows.phone.house import AN
from tests.world.client import made_key

if TYPE_CHECKING:
    from tests.flows.ciba.asker import Asker

STRANGER = made_key("ES256")
MINUTE = 60


def refused(answer: Any, error: str, status: int = 400) -> None:
    assert (answer.status_code, answer.json["error"]) == (status, error), answer.text


# --- CIBA-01: hints ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {"login_hint": None},
        {"login_hint": ""},
        {"id_token_hint": "a.b.c"},
        {"login_hint": None, "id_token_hint": "a.b.c"},
        {"login_hint": None, "id_token_hint": "garbage"},
        {"login_hint": None, "login_hint_token": "garbage"},
        {"login_hint": None, "user_hint": "an"},
        {"login_hint": "x" * 257},
    ],
)
@pytest.mark.proves("ciba.one-hint")
def test_ciba_01_no_hint_two_hints_and_hints_that_are_none_are_refused(
    shop: Asker, fields: dict[str, str | None]
) -> None:
    refused(shop.send(**fields), "invalid_request")


@pytest.mark.parametrize("hint", ["nobody", "an", "\u202eanna", "' or 1=1 --", "*", "%"])
def test_ciba_01_a_hint_that_means_nobody_is_taken_and_asks_nobody(shop: Asker, hint: str) -> None:
    phone = shop.house.phone()
    asked = shop.ask(login_hint=hint)
    assert phone.pending() == []
    assert shop.told(asked) == "authorization_pending"


def test_ciba_01_a_hint_that_the_shop_signed_names_whom_to_ask(shop: Asker) -> None:
    phone = shop.house.phone()
    for key, changes, status in (
        (KEY, {}, 200),
        (STRANGER, {}, 400),
        (KEY, {"aud": "https://elsewhere.example"}, 400),
        (KEY, {"iss": "another"}, 400),
        (KEY, {"exp": 1}, 400),
        (KEY, {"sub_id": {"format": "email", "id": shop.subject}}, 400),
    ):
        hint = shop.hint(key, **changes)
        assert shop.send(login_hint=None, login_hint_token=hint).status_code == status, changes
    assert len(phone.pending()) == 1


def test_ciba_01_a_public_subject_is_no_reason_to_ask(shop: Asker) -> None:
    """Whoever read it anywhere could push (rule R7)."""
    phone = shop.house.phone()
    shop.register(subject_type=SubjectType.PUBLIC)
    shop.ask()
    assert phone.pending() == []


def test_ciba_01_a_client_that_asks_without_end_is_slowed_whomever_it_means(shop: Asker) -> None:
    ephemeral = shop.house.services.foundation.ephemeral
    for _ in range(600):
        ephemeral.bump("ciba-ask:shop", lasts=timedelta(minutes=1))
    assert shop.send().status_code == shop.send(login_hint="nobody").status_code == 429
    shop.house.wait(timedelta(minutes=1))
    assert shop.send().status_code == 200


@pytest.mark.parametrize("state", [PersonState.LOCKED, PersonState.SUSPENDED])
def test_ciba_08_a_locked_person_looks_like_silence(shop: Asker, state: PersonState) -> None:
    phone = shop.house.phone()
    with shop.house.services.ledger.begin() as unit:
        unit.people.set_state(AN, state, at=shop.house.at)
    asked = shop.ask()
    with shop.house.services.ledger.begin() as unit:
        unit.people.set_state(AN, PersonState.ACTIVE, at=shop.house.at)
    assert phone.pending() == []
    assert shop.told(asked) == "authorization_pending"


# --- CIBA-04: words ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "message",
    [
        None,
        "   ",
        "x" * 101,
        "pay\u202e me",
        "a\u200bb",
        "see https://evil.example",
        "WWW.evil",
        "bank.be",
        "bank\uff0ebe",
        "\U0001f4b0" * 5,
        "Z" + "\u0301" * 5,
        "a\ue000b",
    ],
)
@pytest.mark.proves("ciba.binding-message")
def test_ciba_04_words_that_are_not_plain_are_refused(shop: Asker, message: str | None) -> None:
    refused(shop.send(binding_message=message), "invalid_binding_message")


@pytest.mark.parametrize("message", ["line\nbreak", "a\x00b", "a\u2028b"])
def test_ciba_04_control_characters_do_not_even_arrive(shop: Asker, message: str) -> None:
    refused(shop.send(binding_message=message), "invalid_request")


@pytest.mark.proves("ciba.binding-message")
def test_ciba_04_words_are_shown_as_they_were_sent(shop: Asker) -> None:
    phone = shop.house.phone()
    message = "<b>Bestelling nº 7 — à payer: 12,50 €</b>"
    shop.ask(binding_message=message)
    assert shop.approved_by(phone)["message"] == message


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": "10"},
        {"amount": 10},
        {"amount": "-1.00"},
        {"currency": "eur"},
        {"iban": "BE68539007547035"},
        {"creditor": "https://evil.example"},
        {"creditor": None},
        {"html": "<b>1</b>"},
        {"type": "payment"},
        {"type": ["payment"]},
    ],
)
def test_ciba_04_a_payment_of_another_form_is_refused(shop: Asker, changes: dict[str, Any]) -> None:
    answer = shop.send(authorization_details=details(**changes))
    refused(answer, "invalid_authorization_details")


# --- CIBA-11: signed requests ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        *({name: None} for name in ("iss", "aud", "exp", "nbf", "iat", "jti")),
        {"aud": "https://elsewhere.example"},
        {"iss": "another"},
        {"client_id": "another"},
        {"jti": ""},
        {"request": "a.b.c"},
        {"login_hint": None},
    ],
)
@pytest.mark.proves("ciba.claims")
def test_ciba_11_a_signed_request_that_lacks_or_bends_a_claim(
    shop: Asker, changes: dict[str, Any]
) -> None:
    refused(shop.post("/bc-authorize", {"request": shop.signed(**changes)}), "invalid_request")


@pytest.mark.parametrize(("nbf", "exp"), [(0, 70), (10, 20), (-70, 5), (-120, -60)], ids=str)
@pytest.mark.proves("ciba.claims")
def test_ciba_11_a_signed_request_out_of_time(shop: Asker, nbf: int, exp: int) -> None:
    at = int(shop.house.at.timestamp())
    sent = shop.signed(nbf=at + nbf * MINUTE, exp=at + exp * MINUTE)
    refused(shop.post("/bc-authorize", {"request": sent}), "invalid_request")


@pytest.mark.proves("ciba.other-key")
def test_ciba_11_a_signed_request_of_another_key_or_algorithm(shop: Asker) -> None:
    good = shop.signed()
    rsa = made_key("RS256")
    for sent in (
        shop.signed(STRANGER),
        shop.signed(rsa, alg="RS256"),
        f"{good.rpartition('.')[0]}.",
        good[:-4] + "AAAA",
    ):
        refused(shop.post("/bc-authorize", {"request": sent}), "invalid_request")


def test_ciba_11_a_signed_request_is_taken_once_and_nothing_beside_it_counts(shop: Asker) -> None:
    phone, sent = shop.house.phone(), shop.signed()
    beside = {"request": sent, "binding_message": "Something else", "login_hint": "nobody"}
    assert shop.post("/bc-authorize", beside).status_code == 200
    assert shop.approved_by(phone)["message"] == "Order 1234"
    refused(shop.post("/bc-authorize", {"request": sent}), "invalid_request")


@pytest.mark.proves("ciba.signed")
def test_ciba_11_who_registered_an_algorithm_signs_every_request_with_it(shop: Asker) -> None:
    shop.register(backchannel_signing_algorithm="PS256")
    refused(shop.send(), "invalid_request")
    refused(shop.post("/bc-authorize", {"request": shop.signed()}), "invalid_request")


@pytest.mark.proves("ciba.expiry")
def test_ciba_11_an_expiry_is_taken_as_a_number_and_as_a_text(shop: Asker) -> None:
    for number, value in enumerate((30, "30")):
        sent = shop.signed(requested_expiry=value, jti=f"one-{number}")
        answer = shop.post("/bc-authorize", {"request": sent})
        assert answer.json["expires_in"] == 30, answer.text
    assert shop.send(requested_expiry="9999").json["expires_in"] == 300
    for wrong in ("0", "-1", "1.5", "ten", "1e3"):
        refused(shop.send(requested_expiry=wrong), "invalid_request")


# --- CIBA-10, CIBA-14: who may ask, and how they are told -----------------------------------------


def test_ciba_10_push_mode_cannot_be_registered(shop: Asker) -> None:
    document = {
        "client_id": "pusher",
        "client_name": {"en": "Pusher"},
        "redirect_uris": ["https://pusher.example/cb"],
        "jwks": {"keys": [KEY.as_dict(private=False)]},
        "grant_types": ["urn:openid:params:grant-type:ciba"],
        "backchannel_token_delivery_mode": "push",
        "backchannel_client_notification_endpoint": "https://pusher.example/ping",
    }
    with pytest.raises(RegistrationRefused) as caught:
        register(document, policy_of(shop.house.services.settings), now=shop.house.at)
    assert "backchannel_token_delivery_mode" in {fault.member for fault in caught.value.faults}
    modes = json.loads(shop.house.services.discovery.body)
    assert modes["backchannel_token_delivery_modes_supported"] == ["poll", "ping"]
    assert modes["backchannel_user_code_parameter_supported"] is True


def test_ciba_14_a_client_without_the_grant_may_not_ask(shop: Asker) -> None:
    shop.register(grant_types=("authorization_code",))
    refused(shop.send(), "unauthorized_client")


def test_ciba_14_a_client_that_demands_what_only_a_card_proves_may_not_ask(shop: Asker) -> None:
    for changes in (
        {"minimum_acr": "eidas3"},
        {"minimum_age": 18},
        {"accepted_documents": ("citizen",)},
    ):
        shop.register(**changes)
        refused(shop.send(), "unmet_authentication_requirements", 403)


def test_a_scope_that_is_not_registered_is_not_granted_and_openid_is_wanted(shop: Asker) -> None:
    phone = shop.house.phone()
    refused(shop.send(scope="profile"), "invalid_scope")
    asked = shop.ask(scope=f"openid egovnrn address {secrets.token_hex(4)}")
    shop.approved_by(phone)
    assert shop.tokens(asked)["scope"] == "openid"
