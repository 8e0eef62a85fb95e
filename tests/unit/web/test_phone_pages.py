"""The pages of passkey, phone, one-time code and the citizen: readable, in order, and honest."""

from __future__ import annotations

import hashlib
import json
import tomllib
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.test import Client

from mobile_flow import pwa
from tests.services.components import loopback_port, missing
from tests.unit.web.doubles import LOGIN
from tests.unit.web.phone_pages import FRAME, SHOWN, Showing, showing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Route

AXE = Path(__file__).parents[2] / "npm" / "node_modules" / "axe-core" / "axe.min.js"
ALIKE = {f"mobile-{state}" for state in ("refused", "wrong_number", "cancelled", "expired")}
LOOKED_AT = [name for name in SHOWN if name not in ALIKE]
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
READ = """() => {
  const canvas = document.getElementById("qr-canvas");
  const big = document.createElement("canvas");
  big.width = canvas.width * 6;
  big.height = canvas.height * 6;
  const pen = big.getContext("2d");
  pen.imageSmoothingEnabled = false;
  pen.drawImage(canvas, 0, 0, big.width, big.height);
  const picture = pen.getImageData(0, 0, big.width, big.height);
  return { modules: canvas.width, text: self.jsQR(picture.data, big.width, big.height)?.data };
}"""


@pytest.fixture(scope="module")
def shown() -> Iterator[tuple[str, Showing]]:
    with showing(loopback_port()) as made:
        yield made


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="en-BE", reduced_motion="reduce")
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


def text_of(name: str, language: str = "en") -> str:
    return Client(Showing()).get(f"/show/{name}", query_string={"lang": language}).text


@pytest.mark.timeout(300)
def test_axe_finds_nothing_on_any_of_them_by_day_or_night(
    page: Page, shown: tuple[str, Showing]
) -> None:
    if not AXE.exists():
        missing("axe-core")
    axe, found = AXE.read_text(encoding="utf-8"), []
    for name in LOOKED_AT:
        page.goto(f"{shown[0]}/show/{name}")
        page.evaluate(axe)
        result = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
        page.emulate_media(color_scheme="dark")
        dark = page.evaluate("axe.run(document, { runOnly: ['color-contrast'] })")
        page.emulate_media(color_scheme="light")
        both = result["violations"] + dark["violations"]
        found += [(name, one["id"], one["nodes"][0]["html"]) for one in both]
    assert found == []


@pytest.mark.parametrize("language", ["nl", "fr", "de", "en"])
def test_none_is_wider_than_a_narrow_screen(
    browser: Browser, shown: tuple[str, Showing], language: str
) -> None:
    context = browser.new_context(viewport={"width": 320, "height": 640})
    tab, wide = context.new_page(), []
    for name in LOOKED_AT:
        tab.goto(f"{shown[0]}/show/{name}?lang={language}")
        wide += [name] if tab.evaluate(WIDER) > 0 else []
    context.close()
    assert wide == []


def test_the_code_is_drawn_with_its_quiet_zone_and_a_decoder_reads_it_back(
    page: Page, shown: tuple[str, Showing]
) -> None:
    page.goto(f"{shown[0]}/show/mobile")
    page.locator("#qr").wait_for()
    page.evaluate(pwa.files()["vendor/jsQR.js"].body.decode())
    read = page.evaluate(READ)
    assert read["text"] == FRAME
    assert read["modules"] - 2 * 4 <= 33
    assert page.locator("#qr").get_attribute("role") == "img"


@pytest.mark.parametrize("state", ["claimed", "expired"])
def test_the_code_is_gone_and_the_page_looks_again_as_soon_as_no_phone_is_wanted(
    page: Page, shown: tuple[str, Showing], state: str
) -> None:
    origin, _ = shown
    over = {"state": state, "frames": [], "next_ms": 60_000}
    answers = iter([over])

    def answer(route: Route) -> None:
        # Once only: a page that looked again for ever could not be closed.
        route.fulfill(json=next(answers, {**over, "state": "showing"}))

    page.route("**/frames", answer)
    page.goto(f"{origin}/show/mobile", wait_until="commit")
    with page.expect_response("**/frames"):
        page.wait_for_event("framenavigated")
    assert next(answers, None) is None
    assert page.locator("#qr").is_hidden()


def test_on_a_phone_the_passkey_comes_first_and_no_code_is_shown_unasked(
    page: Page, shown: tuple[str, Showing]
) -> None:
    page.goto(f"{shown[0]}/show/choose-handheld")
    assert page.locator("button.method:visible").first.get_attribute("id") == "method-passkey"
    assert page.locator("#method-mobile").is_hidden()
    page.locator("details.aside summary").click()
    assert page.locator("#method-mobile").is_visible()
    page.goto(f"{shown[0]}/show/mobile-handheld")
    assert page.locator("#handheld").is_visible()
    assert page.locator("#qr").is_hidden()
    page.locator("#qr-aside summary").click()
    page.locator("#qr").wait_for()


def test_a_passkey_is_asked_for_without_a_name_and_its_answer_is_posted(
    page: Page, shown: tuple[str, Showing]
) -> None:
    origin, turned = shown
    page.goto(f"{origin}/show/passkey")
    tools = page.context.new_cdp_session(page)
    key = virtual_key(tools, page)
    page.locator("#passkey-start").click()
    page.locator("#posted").wait_for()
    said = json.loads(turned.posted[f"/login/{LOGIN}/passkey"]["assertion"])
    assert said["id"] == key
    client = json.loads(decoded(said["response"]["clientDataJSON"]))
    assert client["type"] == "webauthn.get"
    assert client["challenge"] == "A" * 43
    assert said["response"]["userHandle"]


def test_without_a_passkey_the_page_says_what_to_do_and_tries_again(
    page: Page, shown: tuple[str, Showing]
) -> None:
    page.goto(f"{shown[0]}/show/passkey")
    tools = page.context.new_cdp_session(page)
    tools.send("WebAuthn.enable")
    tools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    page.locator("#passkey-start").click()
    page.locator("#passkey-failure").wait_for()
    assert page.evaluate("document.activeElement.id") == "passkey-failure"
    assert page.locator("#passkey-start").inner_text() == "Try again"


def test_a_page_without_scripts_shows_the_way_by_the_fixed_code_and_refreshes_itself() -> None:
    moving, fixed, number = (text_of(f"mobile{part}") for part in ("", "-static", "-number"))
    assert 'http-equiv="refresh"' not in moving
    assert 'name="how" value="static"' in moving
    assert "<noscript><p" in moving
    assert 'http-equiv="refresh" content="5"' in fixed
    assert "ABCD-2345" in fixed
    assert "<svg" in fixed
    assert ">42<" in number
    assert 'http-equiv="refresh"' in number


@pytest.mark.parametrize("name", sorted(SHOWN))
def test_the_number_and_the_codes_stand_only_where_they_belong(name: str) -> None:
    text = text_of(name)
    assert (">42<" in text) == (name == "mobile-number")
    assert ("ABCD-2345" in text) == (name in {"mobile-static", "account-phone-open"})
    assert ("K7QX" in text) == (name == "account-phone-claimed")


def test_nothing_can_be_changed_on_the_citizens_page_without_a_fresh_card() -> None:
    assert "/account/login?for=changes" in text_of("account-first")
    assert "<form" not in text_of("account-first")
    assert text_of("account").count("<form") == 12


@pytest.mark.parametrize("folder", ["idp.web.static", "mobile_flow.pwa.vendor"])
def test_what_others_wrote_is_as_it_was_published_and_carries_its_licence(folder: str) -> None:
    package, _, name = folder.rpartition(".")
    here = resources.files(package) / name
    known = tomllib.loads((here / "VENDORED.toml").read_text(encoding="utf-8"))["file"]
    assert known
    for one in known:
        assert hashlib.sha256((here / one["name"]).read_bytes()).hexdigest() == one["sha256"]
        assert len((here / one["licence_file"]).read_text(encoding="utf-8")) > 1000
        assert one["licence"] in {"MIT", "Apache-2.0"}


AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def virtual_key(tools: Any, page: Page) -> str:
    """Give the browser an authenticator with one discoverable passkey of this page."""
    tools.send("WebAuthn.enable")
    tools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    return str(
        page.evaluate(
            """async () => {
      const bytes = (size) => crypto.getRandomValues(new Uint8Array(size));
      const made = await navigator.credentials.create({ publicKey: {
        challenge: bytes(32), rp: { id: "localhost", name: "x" },
        user: { id: bytes(32), name: "x", displayName: "x" },
        pubKeyCredParams: [{ type: "public-key", alg: -7 }],
        authenticatorSelection: { residentKey: "required", userVerification: "required" },
      } });
      return made.id;
    }"""
        )
    )


def decoded(text: str) -> bytes:
    import base64

    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
