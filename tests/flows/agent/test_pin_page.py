"""A citizen at the PIN page and the wallet, in a real browser, with the keyboard alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from cardreader.agent.api import Origins
from cardreader.agent.assembly import Assembled, assemble
from cardreader.agent.desk import Desk
from cardreader.agent.httpd import AgentServer
from cardreader.agent.loopback import Agent
from cardreader.client import summary
from tests.flows.agent.asking_site import AskingSite
from tests.services.running_server import running_server
from tests.world.holders import PIN, entropy, soft_card
from tests.world.tokens import NOW, Provider

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

    from cardreader.agent.slots import Rack

AXE = Path(__file__).parents[2] / "npm" / "node_modules" / "axe-core" / "axe.min.js"
# Where `make screenshots` or a curious person wants the pictures; nowhere otherwise.
PICTURES = os.environ.get("SESAME_PICTURES")
SIZES = {"wide": {"width": 1280, "height": 900}, "phone": {"width": 360, "height": 740}}


@pytest.fixture
def site() -> Iterator[AskingSite]:
    server = AskingSite()
    with running_server(server):
        yield server


@pytest.fixture
def cards(tmp_path: Path) -> Assembled:
    soft_card("1.8").save(tmp_path / "nora.json")
    soft_card("1.7").save(tmp_path / "nora-older-card.json")
    assembled = assemble(tmp_path, entropy=entropy)
    rack_of(assembled).insert("nora")
    return assembled


def rack_of(cards: Assembled) -> Rack:
    assert cards.rack is not None
    return cards.rack


def tries(cards: Assembled) -> int | None:
    with cards.slots.card() as session:
        return summary(session).tries_left


@pytest.fixture
def agent(site: AskingSite, cards: Assembled) -> Iterator[str]:
    drawn = iter(range(1, 1_000_000))
    server = AgentServer(0)

    def secret(size: int) -> bytes:
        return next(drawn).to_bytes(size)

    server.answer = Agent(
        Desk(now=lambda: NOW, entropy=secret),
        cards.slots,
        rack=cards.rack,
        origins=Origins(allowed=frozenset({site.origin}), allow_http_localhost=True),
        port=server.port,
        now=lambda: NOW,
        entropy=secret,
    ).answer
    site.agent_port = server.port
    with running_server(server):
        yield f"http://127.0.0.1:{server.port}"


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(locale="en-GB", viewport=SIZES["wide"])
    made.set_default_timeout(10_000)
    yield made
    made.close()


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)


def ask(context: BrowserContext, site: AskingSite) -> tuple[Page, Page]:
    page = context.new_page()
    page.goto(site.origin)
    page.keyboard.press("Tab")
    with context.expect_page() as opened:
        page.keyboard.press("Enter")
    pin_page = opened.value
    pin_page.wait_for_load_state()
    return page, pin_page


def enter(page: Page, pin: str) -> None:
    expect(page.locator("#pin")).to_be_focused()
    page.keyboard.type(pin)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def press(page: Page, words: str) -> None:
    for _ in range(30):
        focused = "document.activeElement.matches('button') && document.activeElement.textContent"
        if words in (page.evaluate(focused) or ""):
            break
        page.keyboard.press("Tab")
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(outline) == "solid"
    with page.expect_navigation():
        page.keyboard.press("Enter")


def finish(page: Page) -> dict[str, Any]:
    page.wait_for_function("document.getElementById('state').textContent !== 'waiting'")
    return dict(page.evaluate("({...document.getElementById('state').dataset})"))


@pytest.mark.parametrize("name", ["nora", "nora-older-card"])
def test_a_citizen_logs_in_with_the_keyboard_and_the_site_never_sees_the_pin(
    context: BrowserContext, site: AskingSite, agent: str, cards: Assembled, name: str
) -> None:
    rack_of(cards).insert(name)
    provider = Provider().server
    challenge = provider.begin()
    site.nonce = challenge.nonce
    asked: list[str] = []
    context.on("request", lambda request: asked.append(f"{request.url} {request.post_data or ''}"))
    page, pin_page = ask(context, site)
    signed = site.origin.replace("http://", "https://")
    assert pin_page.locator(".origin").inner_text() == signed
    assert pin_page.locator("html").get_attribute("lang") == "nl"
    enter(pin_page, "0000")
    assert "Nog 2 pogingen" in pin_page.get_by_role("alert").inner_text()
    enter(pin_page, PIN)
    assert "Uw kaart heeft geantwoord" in pin_page.locator("h1").inner_text()
    picture(pin_page, "done-wide-nl")
    verified = provider.complete(challenge, finish(page)["token"], origin=signed)
    assert verified.surname == "Specimen"
    typed = f"pin={PIN}"
    assert [line for line in asked if typed in line and not line.startswith(agent)] == []
    assert any(typed in line for line in asked)  # the watch itself works
    assert not any(typed in request for request in site.seen)
    assert tries(cards) == 3


@pytest.mark.usefixtures("agent")
def test_a_citizen_cancels_with_the_keyboard(
    context: BrowserContext, site: AskingSite, cards: Assembled
) -> None:
    page, pin_page = ask(context, site)
    press(pin_page, "Annuleren")
    assert "Geannuleerd" in pin_page.locator("h1").inner_text()
    assert finish(page)["error"] == "ERR_WEBEID_USER_CANCELLED"
    assert tries(cards) == 3


@pytest.mark.usefixtures("agent")
def test_the_page_notices_a_card_that_was_put_in(
    context: BrowserContext, site: AskingSite, cards: Assembled
) -> None:
    rack_of(cards).remove()
    _, pin_page = ask(context, site)
    assert pin_page.locator("#pin").count() == 0
    rack_of(cards).insert("nora")
    pin_page.locator("#pin").wait_for()


@pytest.mark.usefixtures("agent")
def test_a_blocked_card_ends_the_request_with_advice(
    context: BrowserContext, site: AskingSite
) -> None:
    page, pin_page = ask(context, site)
    enter(pin_page, "0000")
    enter(pin_page, "0000")
    assert "laatste poging" in pin_page.locator(".warning").inner_text()
    picture(pin_page, "pin-last-try-wide-nl")
    enter(pin_page, "0000")
    assert "gemeente" in pin_page.locator("main").inner_text()
    picture(pin_page, "pin-blocked-wide-nl")
    assert finish(page)["error"] == "ERR_SESAME_PIN_BLOCKED"


def test_the_link_cannot_be_opened_by_another_browser_or_in_a_frame(
    context: BrowserContext, site: AskingSite, agent: str, browser: Browser
) -> None:
    _, pin_page = ask(context, site)
    other = browser.new_context()
    stranger = other.new_page()
    answer = stranger.goto(pin_page.url)
    assert answer is not None
    assert answer.status == 410
    stranger.goto(site.origin)
    for target in (pin_page.url, agent + "/"):
        stranger.evaluate(
            "url => { const frame = document.createElement('iframe'); frame.src = url;"
            "return new Promise(done => { frame.onload = done; document.body.append(frame); }); }",
            target,
        )
    assert all("#pin" not in frame.content() for frame in stranger.frames)
    assert not any(frame.locator("form").count() for frame in stranger.frames)
    other.close()


def test_the_wallet_is_worked_with_the_keyboard(
    context: BrowserContext, agent: str, cards: Assembled
) -> None:
    page = context.new_page()
    page.goto(agent + "/?lang=fr")
    press(page, "Retirer")
    assert rack_of(cards).inserted() is None
    press(page, "Insérer")
    assert rack_of(cards).inserted() == "nora"
    assert "Dans le lecteur" in page.locator(".cards").inner_text()


def test_the_wallet_and_the_pin_page_work_without_scripts(
    browser: Browser, site: AskingSite, agent: str, cards: Assembled
) -> None:
    context = browser.new_context(java_script_enabled=False, locale="de-BE")
    page = context.new_page()
    page.goto(agent + "/")
    page.get_by_role("button", name="Herausnehmen").click()
    page.locator("text=In diesem Leser steckt keine Karte.").wait_for()
    assert rack_of(cards).inserted() is None
    opened = page.request.post(
        f"{agent}/authenticate",
        data={"challengeNonce": site.nonce},
        headers={"Origin": site.origin},
    ).json()
    page.goto(opened["pinUrl"])
    page.get_by_role("button", name="Einstecken").first.click()
    page.get_by_label("PIN Ihrer eID-Karte").fill(PIN)
    page.get_by_role("button", name="Anmelden").click()
    assert "Ihre Karte hat geantwortet" in page.locator("h1").inner_text()
    context.close()


@pytest.mark.parametrize("language", ["nl", "fr", "de", "en"])
@pytest.mark.parametrize("size", sorted(SIZES))
def test_axe_finds_nothing_and_nothing_overflows(
    context: BrowserContext, site: AskingSite, agent: str, language: str, size: str
) -> None:
    _, pin_page = ask(context, site)
    pin_page.set_viewport_size(SIZES[size])  # type: ignore[arg-type] # a plain dictionary will do
    url = pin_page.url.partition("?")[0]
    complaints = []
    for name, address in (("pin", url), ("wallet", agent + "/"), ("gone", agent + "/pin/none")):
        pin_page.goto(f"{address}?lang={language}")
        picture(pin_page, f"{name}-{size}-{language}")
        width = "document.documentElement.scrollWidth <= window.innerWidth"
        assert pin_page.evaluate(width), name
        complaints += axe(pin_page)
    pin_page.goto(f"{url}?lang={language}")
    enter(pin_page, "0000")
    picture(pin_page, f"pin-wrong-{size}-{language}")
    complaints += axe(pin_page)
    assert complaints == []


def axe(page: Page) -> list[str]:
    if not AXE.exists():
        pytest.skip("axe-core is not installed under tests/npm/node_modules")
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run()")
    return [f"{rule['id']}: {rule['nodes'][0]['html']}" for rule in found["violations"]]
