"""Which form an answer has: as registered, or as the request's Accept header asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.flows.protocol import forms
from tests.world.wire import ask

if TYPE_CHECKING:
    from tests.world.scripted import Browser
    from tests.world.shops import Shops

SIGNED = forms.AS_JWT["Accept"]
JSON = "application/json"


@pytest.fixture(scope="module")
def token(made: Shops) -> str:
    with made.world.browser(stops=(made["shop-basic"].home,)) as browser:
        return made["shop-basic"].log_in(browser).tokens().access


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        (None, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        ("text/html", JSON),
        ("nonsense;;,", JSON),
        (f"{JSON}, {SIGNED}", JSON),
        (f"{SIGNED};q=0", JSON),
        (f"{SIGNED};q=0.5, {JSON}", JSON),
        (SIGNED, SIGNED),
        (f"{SIGNED}, {JSON};q=0.9", SIGNED),
        (f"text/html, {SIGNED}", SIGNED),
        ("application/jwt", JSON),
    ],
)
def test_an_introspection_is_signed_for_whoever_likes_that_best(
    made: Shops, token: str, accept: str | None, answered: str
) -> None:
    headers = {} if accept is None else {"Accept": accept}
    reply = forms.introspected(made["shop-basic"], token, headers=headers)
    assert reply.status == 200
    assert reply.headers["Content-Type"] == answered
    assert reply.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("accept", [JSON, "*/*", SIGNED])
def test_who_registered_it_never_gets_a_plain_one(
    made: Shops, browser: Browser, accept: str
) -> None:
    client = forms.signing(made, "ES256")
    held = client.log_in(browser).redeem().json["access_token"]
    headers = {"Accept": accept}
    seen = forms.introspected(client, held, headers=headers)
    assert seen.headers["Content-Type"] == SIGNED
    bearer = {"Authorization": f"Bearer {held}", **headers}
    info = ask(client.issuer, "GET", "/userinfo", headers=bearer)
    assert info.headers["Content-Type"] == "application/jwt"


def test_a_refusal_is_plain_whatever_was_asked(made: Shops, browser: Browser) -> None:
    client = made["shop-basic"]
    no_token = ask(client.issuer, "POST", "/introspect", {}, {**client.credentials()[1]})
    assert no_token.error == (400, "invalid_request")
    app = made["shop-app"]
    form = {"client_id": app.id, "token": app.log_in(browser).tokens().access}
    reply = ask(client.issuer, "POST", "/introspect", form, forms.AS_JWT)
    assert reply.error == (401, "invalid_client")
    assert reply.headers["Content-Type"] == JSON
    signing = forms.signing(made, "ES256")
    refused = ask(signing.issuer, "GET", "/userinfo", headers={"Authorization": "Bearer x"})
    assert refused.error == (401, "invalid_token")


def test_a_signed_access_token_is_taken_in_the_header_and_in_a_form(
    made: Shops, browser: Browser
) -> None:
    changes = {"access_token_format": "jwt"}
    client = made.known.get("structured") or made.add("structured", changes=changes)
    tokens = client.log_in(browser).tokens()
    assert tokens.access.count(".") == 2
    posted = ask(client.issuer, "POST", "/userinfo", {"access_token": tokens.access})
    assert posted.json == client.userinfo(tokens.access).json
    assert client.post("/revoke", {"token": tokens.access}).status == 200
    assert client.userinfo(tokens.access).error == (401, "invalid_token")
