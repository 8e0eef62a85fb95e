"""What discovery names about verified claims, exchanged tokens and grants, each tried once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.world.client import walk
from tests.world.scripted_card import choose_card, sign_with_card
from tests.world.wire import Reply, ask

if TYPE_CHECKING:
    from tests.world.client import Client, Tokens
    from tests.world.scripted import Browser
    from tests.world.shops import Shops

BASIC = "client_secret_basic"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
STOCK = "https://stock.example/v1"
MANAGING = "openid grant_management_query grant_management_revoke"
EVIDENCE = [
    {
        "type": {"value": "document"},
        "check_details": [{"check_method": None}],
        "document_details": {"type": None},
    }
]


def known(made: Shops, name: str, **changes: Any) -> Client:
    return made.known.get(name) or made.add(name, changes=changes, auth=BASIC)


# --- verified claims ------------------------------------------------------------------------------

_TOLD: dict[str, Any] = {}


def verified(made: Shops, browser: Browser, card: str) -> Any:
    """Everything that a card proves, asked once of each card."""
    if card not in _TOLD:
        names = made.metadata()["claims_in_verified_claims_supported"]
        verification = {"trust_framework": None, "evidence": EVIDENCE}
        asked_for = {"verification": verification, "claims": dict.fromkeys(names)}
        claims = json.dumps({"userinfo": {"verified_claims": asked_for}})
        shop, world = made["shop"], made.world.world
        page, asked = shop.open(browser, scope="openid", claims=claims)
        page = sign_with_card(choose_card(page), world.card(card), pin=world.people.pin)
        info = shop.answered(walk(page), asked).tokens().info()
        _TOLD[card] = info["verified_claims"]
    return _TOLD[card]


def verified_claim(made: Shops, browser: Browser, value: str) -> None:
    assert value in verified(made, browser, "moved")["claims"]


def framework(made: Shops, browser: Browser, value: str) -> None:
    assert verified(made, browser, "moved")["verification"]["trust_framework"] == value


def evidence(made: Shops, browser: Browser, value: str) -> None:
    [entry] = verified(made, browser, "moved")["verification"]["evidence"]
    assert entry["type"] == value


def document(made: Shops, browser: Browser, value: str) -> None:
    card = "foreigner" if value == "residence_permit" else "moved"
    [entry] = verified(made, browser, card)["verification"]["evidence"]
    assert entry["document_details"] == {"type": value}


def check_method(made: Shops, browser: Browser, value: str) -> None:
    [entry] = verified(made, browser, "moved")["verification"]["evidence"]
    assert entry["check_details"] == [{"check_method": value}]


# --- grants ---------------------------------------------------------------------------------------


def keeper(made: Shops) -> Client:
    return known(made, "keeper", scope=MANAGING, grant_management=True)


def at_grant(tokens: Tokens, method: str) -> Reply:
    path = f"/grants/{tokens.members['grant_id']}"
    bearer = {"Authorization": f"Bearer {tokens.access}"}
    return ask(tokens.client.issuer, method, path, headers=bearer)


def action(made: Shops, browser: Browser, value: str) -> None:
    tokens = keeper(made).log_in(browser, scope=MANAGING).tokens()
    if value == "query":
        reply = at_grant(tokens, "GET")
        assert (reply.status, reply.json) == (200, {"scopes": [{"scope": MANAGING}], "claims": []})
        return
    assert at_grant(tokens, "DELETE").status == 204
    assert keeper(made).introspect(tokens.access) == {"active": False}


def managing_scope(made: Shops, browser: Browser, value: str) -> None:
    tokens = keeper(made).log_in(browser, scope=f"openid {value}").tokens()
    assert tokens.members["scope"] == f"openid {value}"


# --- acting onward --------------------------------------------------------------------------------


def actor(made: Shops) -> Client:
    return known(
        made,
        "actor",
        grant_types=["authorization_code", EXCHANGE],
        scope="openid profile",
        resource_targets=[STOCK],
        token_exchange_scope="profile",
    )


def stock(made: Shops) -> Client:
    return known(made, "stock", resources=[STOCK], scope="openid")


def exchanged(client: Client, token: str, **changes: str) -> Reply:
    form = {
        "grant_type": EXCHANGE,
        "subject_token": token,
        "subject_token_type": ACCESS_TOKEN,
        "resource": STOCK,
        **changes,
    }
    return client.post("/token", form)


def exchange(made: Shops, browser: Browser) -> None:
    tokens = actor(made).log_in(browser, scope="openid profile").tokens()
    reply = exchanged(actor(made), tokens.access)
    assert reply.status == 200, reply
    said = stock(made).introspect(reply.json["access_token"])
    assert (said["aud"], said["act"], said["scope"]) == (STOCK, {"sub": "actor"}, "profile")


LISTS = {
    "trust_frameworks_supported": framework,
    "claims_in_verified_claims_supported": verified_claim,
    "evidence_supported": evidence,
    "documents_supported": document,
    "documents_check_methods_supported": check_method,
    "grant_management_actions_supported": action,
}
