"""Logins across sites: three registrable names behind TLS, as browsers tell sites apart.

On localhost all ports share cookies, and no request is cross-site.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.services.chromium import chromium
from tests.services.components import needs
from tests.services.tls_front import tls_front
from tests.world.citizen_at_browser import Citizen, empty_reader
from tests.world.deployment import Sites
from tests.world.landing import CLIENT, Landing, landing_client, served
from tests.world.running import Running, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

ISSUER = "https://login.sesame.example"
SERVICE = "https://gemeente.example"
SHOP = Landing(address="https://shop.example")
NEAR = Landing(address="https://shop.sesame.example")
"""The same e-service at an address of the provider's own site."""
LEFT = f"{SHOP.address}/left"
EVIL = "https://evil.example"
SUBMIT = """([action, fields]) => {
  const form = document.createElement("form");
  form.method = "post";
  form.action = action;
  for (const [name, value] of Object.entries(fields)) {
    const input = document.createElement("input");
    input.name = name;
    input.value = value;
    form.append(input);
  }
  document.body.append(form);
  form.submit();
}"""
FRAME = """(address) => new Promise((done) => {
  const frame = document.createElement("iframe");
  frame.onload = () => done();
  frame.src = address;
  document.body.append(frame);
})"""
ASK = """([frame, message]) => new Promise((done) => {
  const asking = document.createElement("iframe");
  asking.onload = () => asking.contentWindow.postMessage(message, new URL(frame).origin);
  window.addEventListener("message", (event) => {
    if (event.source === asking.contentWindow) done(event.data);
  });
  asking.src = frame;
  document.body.append(asking);
})"""
FETCH = """([address, method]) => fetch(address, {
  method,
  headers: method === "POST" ? {"Content-Type": "application/json"} : {},
  body: method === "POST" ? JSON.stringify({challengeNonce: "x".repeat(44)}) : undefined,
}).then((answer) => answer.status, (error) => error.name)"""


@pytest.fixture(scope="module")
def sites(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Running, Browser]]:
    """The country at its names, and a browser that finds them."""
    folder = tmp_path_factory.mktemp("sites")
    every = (ISSUER, SERVICE, SHOP.address, NEAR.address, EVIL)
    names = {name: urlsplit(name).hostname or "" for name in every}
    shop = {
        **landing_client(SHOP.address),
        "redirect_uris": [SHOP.redirect_uri, NEAR.redirect_uri],
        "sector": "shop.example",
        "frontchannel_logout_uri": LEFT,
    }
    with tls_front(folder / "tls", names.values()) as front, served() as anyone:
        at = Sites(issuer=ISSUER, service=SERVICE, front=front.port, ca=front.ca)
        settings = {
            "proxy": {"trusted": ["127.0.0.0/8"]},
            "login": {"session_management": True},
        }
        place = folder / "country"
        place.mkdir()
        with running(
            place,
            service=True,
            agent=True,
            clients=[shop],
            settings=settings,
            sites=at,
        ) as world:
            ports = world.deployment.ports
            elsewhere = urlsplit(anyone.address).port or 0
            front.routes[names[ISSUER]] = ports.provider
            front.routes[names[SERVICE]] = ports.service
            for name in (SHOP.address, NEAR.address, EVIL):
                front.routes[names[name]] = elsewhere
            with chromium(
                browser.browser_type,
                needs("chromium"),
                f"--host-resolver-rules=MAP *.example 127.0.0.1:{front.port}",
                f"--ignore-certificate-errors-spki-list={front.fingerprint}",
            ) as finder:
                yield world, finder


@pytest.fixture
def citizen(sites: tuple[Running, Browser]) -> Iterator[Citizen]:
    world, finder = sites
    empty_reader(world.agent)
    context = finder.new_context(locale="en-BE")
    yield Citizen(context=context, world=world)
    context.close()


def test_a_card_login_across_sites_breaks_no_policy_and_its_cookies_are_the_hosts_alone(
    citizen: Citizen,
) -> None:
    citizen.ask_to_sign_in().choose_card()
    tab = citizen.read_card()
    assert tab.origin.inner_text() == ISSUER
    tab.insert("adult").type_pin(citizen.world.world.people.pin)
    tab.page.close()
    citizen.agree()
    assert citizen.page.url == f"{SERVICE}/file"
    assert citizen.page.locator("#who").inner_text() == "Welcome, Nora Élise"
    assert citizen.complaints == []
    ours = [cookie for cookie in citizen.context.cookies() if "sesame" in cookie["domain"]]
    assert {"__Host-sesame_session", "__Host-sesame_browser"} <= {one["name"] for one in ours}
    for cookie in ours:
        assert cookie["name"].startswith("__Host-")
        assert cookie["secure"]
        assert cookie["domain"] == "login.sesame.example"
        # The word that other sites' frames may compare, and nothing else, is for scripts.
        told = cookie["name"] == "__Host-sesame_state"
        assert cookie["httpOnly"] is not told
        assert cookie["sameSite"] == ("None" if told else "Lax")


def test_a_request_posted_by_another_site_finds_the_session(citizen: Citizen) -> None:
    citizen.sign_in_by_name(SHOP.request(ISSUER).url, "jules", remember=True)
    asked = SHOP.request(ISSUER)
    page = citizen.page
    page.goto(SHOP.address)
    citizen.sent.clear()
    with page.expect_navigation(url=lambda url: url.startswith(f"{SHOP.address}/back")):
        page.evaluate(SUBMIT, [f"{ISSUER}/authorize", asked.parameters])
    assert SHOP.answer(page)["state"] == asked.parameters["state"]
    assert "code" in SHOP.answer(page)
    first, second = citizen.sent_to(ISSUER)
    assert first.method == "POST"
    assert "session=" not in first.all_headers().get("cookie", "")
    assert second.url.startswith(f"{ISSUER}/login/")
    assert "__Host-sesame_session" in second.all_headers()["cookie"]


def test_an_answer_by_post_crosses_sites(citizen: Citizen) -> None:
    asked = SHOP.request(ISSUER, response_mode="form_post")
    citizen.sign_in_by_name(asked.url, "nora")
    assert "code" in SHOP.answer(citizen.page)
    assert citizen.page.locator("#method").inner_text() == "POST"
    assert citizen.complaints == []


@pytest.mark.parametrize("step", ["consent", "cancel", "restart"])
def test_another_site_cannot_take_a_step_in_a_login(citizen: Citizen, step: str) -> None:
    open_consent(citizen)
    address = citizen.page.url
    evil = citizen.context.new_page()
    evil.goto(EVIL)
    forged = {"claim.name": "1", "remember": "1", "form_token": "guessed"}
    with evil.expect_navigation():
        evil.evaluate(SUBMIT, [f"{address}/{step}", forged])
    assert evil.locator("#problem").count() == 1
    assert evil.url.startswith(ISSUER)
    citizen.page.reload()
    citizen.agree()
    assert "code" in SHOP.answer(citizen.page)


def test_another_site_cannot_sign_anybody_out_unseen(citizen: Citizen) -> None:
    citizen.sign_in_by_name(SHOP.request(ISSUER).url, "jules", remember=True)
    evil = citizen.context.new_page()
    evil.goto(EVIL)
    with evil.expect_navigation():
        evil.evaluate(SUBMIT, [f"{ISSUER}/logout", {"form_token": "guessed"}])
    citizen.page.goto(SHOP.request(ISSUER, prompt="none").url)
    assert "code" in SHOP.answer(citizen.page)


def test_signing_out_at_one_e_service_tells_another_in_a_frame_and_comes_back(
    citizen: Citizen,
) -> None:
    citizen.ask_to_sign_in().sign_in_with("adult").agree()
    page = citizen.page
    page.goto(SHOP.request(ISSUER).url)
    citizen.agree()
    assert "code" in SHOP.answer(page)
    page.goto(f"{SERVICE}/file")
    citizen.sent.clear()
    with page.expect_navigation(url=lambda url: url.startswith(f"{SERVICE}/signed-out")):
        page.locator("#sign-out").click()
    assert page.locator("#signed-out").count() == 1
    (told,) = citizen.sent_to(SHOP.address)
    assert told.url.startswith(f"{LEFT}?")
    said = parse_qs(urlsplit(told.url).query)
    assert (said.keys(), said["iss"]) == ({"iss", "sid"}, [ISSUER])
    assert "referer" not in told.all_headers()
    assert citizen.complaints == []
    page.goto(SHOP.request(ISSUER, prompt="none").url)
    assert SHOP.answer(page)["error"] == "login_required"


def test_an_e_services_script_learns_that_the_session_changed(citizen: Citizen) -> None:
    citizen.sign_in_by_name(NEAR.request(ISSUER).url, "jules", remember=True)
    page, frame = citizen.page, f"{ISSUER}/session/check"
    known = f"{CLIENT} {NEAR.answer(page)['session_state']}"
    assert page.evaluate(ASK, [frame, known]) == "unchanged"
    assert page.evaluate(ASK, [frame, CLIENT]) == "error"
    assert page.evaluate(ASK, [frame, known.replace(CLIENT, "other")]) == "changed"
    # In another site's frame most browsers have no cookie: it is not told that something changed.
    elsewhere = citizen.context.new_page()
    elsewhere.goto(SHOP.request(ISSUER, prompt="none").url)
    theirs = f"{CLIENT} {SHOP.answer(elsewhere)['session_state']}"
    assert elsewhere.evaluate(ASK, [frame, theirs]) in {"error", "unchanged"}
    assert page.evaluate(ASK, [frame, theirs]) == "changed"
    elsewhere.goto(f"{ISSUER}/logout")
    elsewhere.locator("#confirm-logout").click()
    elsewhere.locator("#signed-out").wait_for()
    assert page.evaluate(ASK, [frame, known]) == "changed"


def test_another_site_cannot_show_our_pages_in_a_frame(citizen: Citizen) -> None:
    open_consent(citizen)
    evil = citizen.context.new_page()
    for address in (citizen.page.url, f"{ISSUER}/", f"{ISSUER}/logout", f"{citizen.world.agent}/"):
        evil.goto(EVIL)
        evil.evaluate(FRAME, address)
        assert shown_in_frame(evil).startswith("chrome-error:"), address
    evil.goto(EVIL)
    evil.evaluate(FRAME, f"{SHOP.address}/back")
    assert shown_in_frame(evil) == f"{SHOP.address}/back", "a page that allows it is shown"


def test_another_site_cannot_speak_to_the_card_agent(citizen: Citizen) -> None:
    page = citizen.page
    page.goto(EVIL)
    agent = citizen.world.agent
    for path, method in (("/status", "GET"), ("/authenticate", "POST"), ("/", "GET")):
        assert page.evaluate(FETCH, [agent + path, method]) == "TypeError", path
    # The watch itself works: our own page may.
    citizen.ask_to_sign_in().choose_card()
    assert page.evaluate(FETCH, [f"{agent}/status", "GET"]) == 200


def open_consent(citizen: Citizen) -> Page:
    page = citizen.page
    page.goto(SHOP.request(ISSUER).url)
    page.locator("#method-seeded").click()
    page.locator("#username").fill("lena")
    page.locator("#sign-in").click()
    page.locator("#agree").wait_for()
    return page


def shown_in_frame(page: Page) -> str:
    """Where the page's only frame has come to; the driver hears of that a little later."""
    (inside,) = [frame for frame in page.frames if frame != page.main_frame]
    while not inside.url:
        page.evaluate("0")
    return inside.url
