"""Polls by keys: what an assertion and a proof are spent on, and what a token is bound to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from idp.domain.client import ClientAuth, Delivery
from idp.oidc.client_auth import ASSERTION_TYPE
from tests.flows.ciba.asker import GRANTS, INTERVAL, KEY
from tests.flows.phone.house import ISSUER
from tests.world.client import signed

if TYPE_CHECKING:
    from tests.flows.ciba.asker import Asker


def assertion(shop: Asker, jti: str) -> dict[str, str | None]:
    at = int(shop.house.at.timestamp())
    claims = {"iss": "shop", "sub": "shop", "aud": ISSUER, "jti": jti, "iat": at, "exp": at + 60}
    return {
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": signed({"alg": "ES256"}, claims, KEY),
    }


@pytest.fixture
def by_key(shop: Asker) -> Asker:
    shop.register(auth=ClientAuth.PRIVATE_KEY_JWT, secrets=())
    return shop


def post(shop: Asker, path: str, fields: dict[str, str | None]) -> Any:
    return shop.house.browser().http.post(path, data=fields, base_url=ISSUER)


def test_an_assertion_is_spent_by_a_poll_that_gets_nothing_too(by_key: Asker) -> None:
    hint = {"login_hint": by_key.subject, "scope": "openid", "binding_message": "1234"}
    asked = post(by_key, "/bc-authorize", {**hint, **assertion(by_key, "ask")}).json["auth_req_id"]
    fields = {"grant_type": GRANTS[2], "auth_req_id": asked, **assertion(by_key, "poll")}
    assert post(by_key, "/token", fields).json["error"] == "authorization_pending"
    by_key.house.wait(INTERVAL)
    assert post(by_key, "/token", fields).json["error"] == "invalid_client"


def test_an_assertion_is_spent_by_one_request_alone(by_key: Asker) -> None:
    hint = {"login_hint": by_key.subject, "scope": "openid", "binding_message": "1234"}
    fields = {**hint, **assertion(by_key, "ask")}
    assert post(by_key, "/bc-authorize", fields).status_code == 200
    assert post(by_key, "/bc-authorize", fields).json["error"] == "invalid_client"


def test_a_client_whose_tokens_are_bound_polls_with_a_proof(shop: Asker) -> None:
    phone = shop.house.phone()
    shop.register(bound_tokens=True)
    asked = shop.ask()
    shop.approved_by(phone)
    assert shop.poll(asked).json["error"] in {"invalid_dpop_proof", "use_dpop_nonce"}


@pytest.mark.parametrize("token", [None, "", "two words", "x" * 1025])
def test_a_client_that_is_pinged_sends_a_bearer_to_ping_it_with(
    shop: Asker, token: str | None
) -> None:
    shop.register(
        backchannel_delivery=Delivery.PING, backchannel_endpoint="https://shop.example/ping"
    )
    assert shop.send(client_notification_token=token).json["error"] == "invalid_request"


def test_a_poll_without_a_request_is_malformed(shop: Asker) -> None:
    answer = shop.post("/token", {"grant_type": GRANTS[2]})
    assert answer.json["error"] == "invalid_request"
    assert "no-store" in answer.headers["Cache-Control"]
