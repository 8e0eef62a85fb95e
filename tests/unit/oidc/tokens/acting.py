"""Services that act onward, each with a policy of its own, and how they exchange tokens."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from idp.domain.acting import TOKEN_EXCHANGE, Acting
from idp.domain.client import ClientAuth, ClientId
from idp.domain.forms import AccessTokenFormat, Forms
from idp.domain.person import Sector
from idp.oidc.exchange import ACCESS_TOKEN
from tests.unit.oidc.tokens.desk import a_caller

if TYPE_CHECKING:
    from idp.domain.client import Client
    from tests.unit.oidc.tokens.desk import Desk

API, STOCK, BANK = "https://api.example/", "https://stock.example/v1", "https://bank.example/"
ACTS = ("authorization_code", TOKEN_EXCHANGE)
SCOPES = ("openid", "profile", "email")
ONWARD = Acting(targets=(API, STOCK), scopes=("profile", "email"))
AT_THE_API = Acting(resources=(API,), targets=(STOCK,), scopes=("profile",))
AT_THE_STOCK = Acting(resources=(STOCK,), targets=(BANK, STOCK), scopes=("profile",))


def an_actor(name: str, acting: Acting, **changes: object) -> Client:
    values: dict[str, object] = {"grant_types": ACTS, "scopes": SCOPES, "acting": acting}
    return a_caller(name, ClientAuth.SECRET_BASIC, **{**values, **changes})


ACTORS = (
    an_actor("front", ONWARD),
    an_actor("api", AT_THE_API, sector=Sector("api.example")),
    an_actor("stock", AT_THE_STOCK),
    an_actor("plain", ONWARD, grant_types=("authorization_code",)),
    an_actor("words", ONWARD, forms=Forms(access_token=AccessTokenFormat.JWT)),
)


def put(desk: Desk) -> Desk:
    with desk.ledger.begin() as unit:
        for client in ACTORS:
            unit.clients.add(client)
    return desk


def change(desk: Desk, client: str, **changes: Any) -> None:
    with desk.ledger.begin() as unit:
        former = unit.clients.get(ClientId(client))
        assert former is not None
        changed = replace(former, **changes)
        unit.clients.replace(changed, expected_version=former.version)


def logged_in(desk: Desk, client: str = "front", **changes: Any) -> str:
    """The access token of a login at a client."""
    resources = changes.pop("resources", ())
    grant = desk.grant(client, resources=resources, **changes)
    answered = desk.redeem(desk.code(client, grant=grant), client)
    return str(answered["access_token"])


def exchange(desk: Desk, token: str, client: str = "front", **changes: object) -> dict[str, Any]:
    fields: dict[str, object] = {
        "grant_type": TOKEN_EXCHANGE,
        "subject_token": token,
        "subject_token_type": ACCESS_TOKEN,
        "resource": API,
        **changes,
    }
    answered: dict[str, Any] = desk.call(desk.endpoint.exchange, client, **fields)
    return answered


def told(desk: Desk, token: str, client: str) -> dict[str, Any]:
    return desk.introspect(token, client)
