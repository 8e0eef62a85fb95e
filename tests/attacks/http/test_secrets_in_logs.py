"""Whatever goes wrong or right, nothing secret is written to the log: codes, tokens, PIN, number.

The fixture of this folder looks again, at the end, for all that every attack here has heard.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.attacks.http.conftest import NUMBER, leaked
from tests.world.client import walk
from tests.world.scripted_card import sign_with_card
from tests.world.wire import ask

if TYPE_CHECKING:
    from tests.world.client import Client
    from tests.world.scripted import Browser
    from tests.world.shops import Shops


def test_aud_a_card_login_and_its_number_leave_no_trace(
    made: Shops, shop: Client, browser: Browser
) -> None:
    world = made.world.world
    people = world.people
    page, asked = shop.open(browser, acr_values="eidas3", scope="openid egovnrn")
    if page.has("method-card"):
        page = page.press("method-card")
    nonce = page.attribute("card", "data-nonce")
    page = sign_with_card(page, world.card("adult"), pin=people.pin)
    tokens = shop.answered(walk(page), asked).tokens()
    number = tokens.info()["egovNRN"]
    assert number == people.named("adult").national_number
    made.heard.note(nonce, number)
    sent = b"".join(hop.sent for hop in page.trail)
    assert f"={people.pin}".encode() not in sent
    assert not leaked(made)
    assert number == NUMBER or number not in made.world.log()


def test_aud_refused_secrets_leave_no_trace(made: Shops, shop: Client, browser: Browser) -> None:
    login = shop.log_in(browser)
    tokens = login.tokens()
    shop.redeem(login.code, "wrong" * 12)
    shop.userinfo(tokens.access + "x")
    shop.refresh(tokens.refresh + "x")
    ask(shop.issuer, "GET", f"/userinfo?access_token={tokens.access}")
    ask(shop.issuer, "GET", f"/token?code={login.code}&code_verifier={login.asked.verifier}")
    ask(shop.issuer, "POST", f"/{tokens.access}", {"password": tokens.refresh})
    browser.get(f"{shop.issuer}/logout?id_token_hint={tokens.id_token}x")
    made["shop-post"].post("/token", {"grant_type": "password", "username": "nora"})
    assert not leaked(made)


def test_aud_01_what_is_logged_is_one_line_of_ascii_json_each(
    made: Shops, shop: Client, browser: Browser
) -> None:
    hostile = 'x\x1b[31m"}\u2028{"event":"forged"}'
    headers = {"User-Agent": hostile.encode().decode("latin-1")}
    shop.open(browser, state="s", login_hint='"}\u2028{"event":"forged"}', client_id="x\u2028y")
    ask(
        shop.issuer,
        "GET",
        "/",
        headers={"User-Agent": "".join(c for c in headers["User-Agent"] if c >= " ")},
    )
    for line in made.world.log().splitlines():
        assert line.isascii()
        assert json.loads(line)["event"] != "forged"
