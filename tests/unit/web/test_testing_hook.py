"""The hook by which the certification plans answer a back-channel request without a phone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from idp.config import Environment
from idp.domain.client import Delivery
from idp.web.hook import PATH
from tests.flows.ciba.asker import Asker
from tests.flows.phone.house import ISSUER, claims_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Asker]:
    """A provider as the certification plans run it."""
    made = Asker(tmp_path, environment=Environment.CONFORMANCE)
    yield made
    made.house.close()


def decide(shop: Asker, asked: str, action: str) -> Any:
    return shop.house.browser().http.post(
        PATH, query_string={"auth_req_id": asked, "action": action}, base_url=ISSUER
    )


def test_a_seeded_person_is_allowed_by_the_hook_once(shop: Asker) -> None:
    asked = shop.ask(login_hint="an")
    assert shop.told(asked) == "authorization_pending"
    assert decide(shop, asked, "allow").status_code == 204
    assert decide(shop, asked, "deny").status_code == 204
    tokens = shop.tokens(asked)
    assert claims_of(tokens)["amr"] == ["be:seeded"]
    assert shop.userinfo(tokens["access_token"]).json["given_name"] == "An"
    assert shop.poll(asked).json["error"] == "invalid_grant"


def test_a_seeded_person_is_denied_by_the_hook_and_a_ping_is_due(shop: Asker) -> None:
    shop.register(
        backchannel_delivery=Delivery.PING, backchannel_endpoint="https://shop.example/ping"
    )
    asked = shop.ask(login_hint="an", client_notification_token="t-1")
    assert decide(shop, asked, "deny").status_code == 204
    assert len(shop.waiting_messages("ciba-ping")) == 1
    assert shop.told(asked) == "access_denied"


def test_the_hook_answers_for_nobody_with_a_subject_or_a_phone(shop: Asker) -> None:
    by_subject = shop.ask()
    shop.house.phone()
    nobody = shop.ask(login_hint="nobody")
    for asked in (by_subject, shop.ask(), nobody, "1." + "a" * 43, "garbage", ""):
        assert decide(shop, asked, "allow").json["error"] == "invalid_grant"
    assert shop.told(by_subject) == "authorization_pending"


def test_the_hook_knows_two_words(shop: Asker) -> None:
    assert decide(shop, shop.ask(login_hint="an"), "maybe").json["error"] == "invalid_request"


def test_elsewhere_there_is_no_hook_and_no_user_name_is_a_hint(tmp_path: Path) -> None:
    shop = Asker(tmp_path)
    asked = shop.ask(login_hint="an")
    assert decide(shop, asked, "allow").status_code == 404
    assert shop.told(asked) == "authorization_pending"
    shop.house.close()
