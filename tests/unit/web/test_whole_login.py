"""Whole logins through the application over real services: SQLite, real keys, a seeded person."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from werkzeug.test import Client

from idp import runtime
from idp.app import create
from idp.config import Environment, Settings
from idp.domain import client as registered
from idp.domain.person import Attributes, Person, PersonId, PersonState, Sector
from idp.foundation import found_keys
from idp.services import build
from tests.services.ledgers import put_ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from idp.services import Services

ISSUER = "http://localhost:8400"
CALLBACK = "https://shop.example/cb"
VERIFIER = secrets.token_urlsafe(48)
REASON = {"en": "To ship your order.", "nl": "Om uw bestelling te versturen."}


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    settings = Settings(
        environment=Environment.TEST,
        issuer=ISSUER,
        stores={
            "ledger": f"sqlite:///{tmp_path / 'ledger.sqlite'}",
            "ephemeral": f"sqlite:///{tmp_path / 'ephemeral.sqlite'}",
        },
        keys={"kek_file": tmp_path / "kek"},
        card={"enabled": False},
        login={"seeded_sign_in": True},
    )
    world: dict[str, Any] = {
        "now": runtime.system_now,
        "monotonic": runtime.system_monotonic,
        "entropy": runtime.system_entropy,
    }
    put_ledger(settings.stores.ledger)
    found_keys(settings, **world, by="test")
    made = build(settings, **world)
    at = made.now()
    with made.ledger.begin() as unit:
        unit.clients.add(
            registered.Client(
                id=registered.ClientId("shop"),
                name={"en": "Shop", "nl": "Winkel"},
                sector=Sector("shop.example"),
                redirect_uris=(CALLBACK,),
                post_logout_redirect_uris=("https://shop.example/bye",),
                auth=registered.ClientAuth.NONE,
                scopes=("openid", "profile", "email"),
                purposes=(
                    registered.Purpose(name="order", reason=REASON, claims=("given_name", "email")),
                ),
                created_at=at,
                updated_at=at,
            )
        )
        unit.people.add(
            Person(
                id=PersonId("an"),
                state=PersonState.ACTIVE,
                attributes=Attributes(
                    given_name="An", family_name="Peeters", standard={"email": "an@seed.example"}
                ),
                created_at=at,
                updated_at=at,
            ),
            username="an",
        )
    yield made
    made.foundation.close()


@pytest.fixture
def browser(services: Services) -> Client:
    return Client(create(services))


def request(**changes: str) -> dict[str, str]:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest())
    return {
        "client_id": "shop",
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid profile email",
        "state": "state-1",
        "code_challenge": challenge.rstrip(b"=").decode(),
        "code_challenge_method": "S256",
        **changes,
    }


def submit(browser: Client, page: str, form_action: str, **fields: str) -> Any:
    """Send one form of a page, with its hidden fields."""
    (form,) = [
        form
        for form in re.findall(r"<form.*?</form>", page, re.DOTALL)
        if f'/{form_action}"' in form.partition(">")[0]
    ]
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form))
    ticked = dict(re.findall(r'<input type="checkbox" name="(claim[^"]+)" value="(\d)"', form))
    (action,) = re.findall(r'action="([^"]+)"', form)
    return browser.post(action, data={**hidden, **ticked, **fields}, base_url=ISSUER)


def follow(browser: Client, answer: Any) -> str:
    assert answer.status_code == 303, answer.text
    return browser.get(answer.headers["Location"], base_url=ISSUER).text


def signed_in(browser: Client, **changes: str) -> Any:
    """Walk to the answer: sign in, agree."""
    start = browser.get("/authorize", query_string=request(**changes), base_url=ISSUER)
    page = follow(browser, start)
    page = follow(browser, submit(browser, page, "seeded", username="an"))
    return submit(browser, page, "consent", remember="1")


def parameters(answer: Any) -> dict[str, str]:
    assert answer.status_code == 303, answer.text
    assert answer.headers["Location"].startswith(f"{CALLBACK}?")
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


def exchanged(browser: Client, code: str) -> Any:
    fields = {
        "grant_type": "authorization_code",
        "client_id": "shop",
        "redirect_uri": CALLBACK,
        "code": code,
        "code_verifier": VERIFIER,
    }
    return browser.post("/token", data=fields, base_url=ISSUER)


def test_a_login_goes_from_the_request_to_the_claims(browser: Client) -> None:
    answer = parameters(signed_in(browser))
    assert answer["state"] == "state-1"
    assert answer["iss"] == ISSUER
    tokens = exchanged(browser, answer["code"])
    assert tokens.status_code == 200, tokens.text
    bearer = {"Authorization": f"Bearer {tokens.json['access_token']}"}
    claims = browser.get("/userinfo", headers=bearer, base_url=ISSUER).json
    assert (claims["given_name"], claims["email"]) == ("An", "an@seed.example")
    assert "family_name" not in claims


def test_a_second_login_is_answered_by_single_sign_on(browser: Client) -> None:
    signed_in(browser)
    again = browser.get("/authorize", query_string=request(state="2"), base_url=ISSUER)
    assert parameters(again)["state"] == "2"


def test_a_form_post_request_ends_in_a_page_that_posts_to_the_service(browser: Client) -> None:
    shown = signed_in(browser, response_mode="form_post")
    assert shown.status_code == 200
    assert f'action="{CALLBACK}"' in shown.text
    assert 'name="code"' in shown.text
    assert "form-action https://shop.example;" in shown.headers["Content-Security-Policy"]


def test_cancelling_tells_the_service_and_the_login_is_over(browser: Client) -> None:
    start = browser.get("/authorize", query_string=request(), base_url=ISSUER)
    page = follow(browser, start)
    assert parameters(submit(browser, page, "cancel"))["error"] == "access_denied"
    late = browser.get(start.headers["Location"], base_url=ISSUER)
    assert late.status_code >= 400
    assert late.text.partition("<main")[2].count('id="way-out"') == 1


def test_a_wrong_name_is_told_on_the_page_and_another_try_is_possible(browser: Client) -> None:
    start = browser.get("/authorize", query_string=request(ui_locales="nl"), base_url=ISSUER)
    page = follow(browser, start)
    assert '<html lang="nl">' in page
    page = follow(browser, submit(browser, page, "seeded", username="nobody"))
    assert "Wij herkennen deze gegevens niet" in page
    page = follow(browser, submit(browser, page, "seeded", username="an"))
    assert "Om uw bestelling te versturen." in page


def test_a_post_from_another_site_opens_the_login_where_the_cookies_are(browser: Client) -> None:
    start = browser.post("/authorize", data=request(), base_url=ISSUER)
    page = follow(browser, start)
    assert 'id="username"' in page


def test_another_browser_cannot_see_a_login(browser: Client, services: Services) -> None:
    start = browser.get("/authorize", query_string=request(), base_url=ISSUER)
    follow(browser, start)
    other = Client(create(services)).get(start.headers["Location"], base_url=ISSUER)
    assert other.status_code == 403
    assert "Shop" not in other.text


def test_signing_out_by_hint_ends_single_sign_on_and_goes_back(browser: Client) -> None:
    tokens = exchanged(browser, parameters(signed_in(browser))["code"]).json
    asked = {
        "id_token_hint": tokens["id_token"],
        "post_logout_redirect_uri": "https://shop.example/bye",
        "state": "bye",
    }
    answer = browser.get("/logout", query_string=asked, base_url=ISSUER)
    assert answer.headers["Location"] == "https://shop.example/bye?state=bye"
    silent = browser.get("/authorize", query_string=request(prompt="none"), base_url=ISSUER)
    assert parameters(silent)["error"] == "login_required"


def test_signing_out_by_oneself_is_asked_first(browser: Client) -> None:
    signed_in(browser)
    page = browser.get("/logout", base_url=ISSUER)
    done = submit(browser, page.text, "logout")
    assert 'id="signed-out"' in done.text
    again = browser.get("/authorize", query_string=request(prompt="none"), base_url=ISSUER)
    assert parameters(again)["error"] == "login_required"


def test_the_documents_name_the_issuer_and_the_signing_key(browser: Client) -> None:
    metadata = browser.get("/.well-known/openid-configuration", base_url=ISSUER).json
    assert metadata["issuer"] == ISSUER
    keys = browser.get(urlsplit(metadata["jwks_uri"]).path, base_url=ISSUER).json["keys"]
    assert len(keys) >= 1


@pytest.mark.parametrize("redirect", ["https://evil.example/cb", f"{CALLBACK}/", ""])
def test_a_redirect_uri_that_is_not_proven_gets_our_own_page(
    browser: Client, redirect: str
) -> None:
    answer = browser.get("/authorize", query_string=request(redirect_uri=redirect), base_url=ISSUER)
    assert answer.status_code == 400
    assert "evil" not in answer.text
    assert "Location" not in answer.headers


def test_a_refusal_with_a_proven_redirect_uri_goes_to_the_service(browser: Client) -> None:
    answer = browser.get("/authorize", query_string=request(scope="email"), base_url=ISSUER)
    assert parameters(answer)["error"] == "invalid_scope"
