"""The browser's question before a public page reaches the card agent, granted, denied, unanswered.

Chromium calls it Local Network Access. What its version 156 does, as seen here:

- The permission for 127.0.0.1 is ``loopback-network``; ``local-network-access``, the only one of
  versions 142 to 144, is still known, follows a refusal, and a grant of it alone opens nothing. So
  the page asks for the newer name first, and these tests set that one, by the DevTools command
  ``Browser.setPermission``.
- A page may be asked only where it came from a public address: ``--ip-address-space-overrides``
  makes the terminator's one. Without it our page came over loopback, and is asked nothing.
- Headless, nobody answers: the question counts as denied for this visit, and no packet leaves.
- No preflight speaks of it any more: the ``Private-Network`` headers were the former draft's.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from cardreader.agent.api import Origins
from cardreader.agent.assembly import assemble
from cardreader.agent.desk import Desk
from cardreader.agent.httpd import AgentServer
from cardreader.agent.loopback import Agent
from idp.app import create
from idp.login.flow import Page
from tests.flows.agent.test_pin_page import axe, picture
from tests.services.chromium import chromium
from tests.services.components import loopback_port, needs
from tests.services.running_server import running_server
from tests.services.tls_front import tls_front
from tests.unit.web import doubles
from tests.unit.web.doubles import LOGIN, turn
from tests.unit.web.serving import serving
from tests.world.holders import PIN, entropy, soft_card
from tests.world.tokens import NOW, Provider

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext
    from playwright.sync_api import Page as Tab

NAME = "login.sesame.example"
ISSUER = f"https://{NAME}"
ADDRESS = f"{ISSUER}/login/{LOGIN}"
LANGUAGES = ("nl", "fr", "de", "en")
FOCUSED = "document.activeElement.id"


class Listening:
    """The agent's server; ``heard`` holds what reached it."""

    def __init__(self, server: AgentServer, agent: Agent) -> None:
        self.heard: list[str] = []
        self.port = server.port
        self._agent = agent
        server.answer = self._answer

    def _answer(self, request: Any) -> Any:
        self.heard.append(f"{request.method} {request.path.split('/')[1]}")
        return self._agent.answer(request)


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listening]:
    """The real agent, a card in its software reader."""
    folder = tmp_path_factory.mktemp("cards")
    soft_card("1.8").save(folder / "nora.json")
    cards = assemble(folder, entropy=entropy)
    assert cards.rack is not None
    cards.rack.insert("nora")
    drawn = iter(range(1, 1_000_000))
    server = AgentServer(0)
    made = Agent(
        Desk(now=lambda: NOW, entropy=lambda size: next(drawn).to_bytes(size)),
        cards.slots,
        rack=cards.rack,
        origins=Origins(allowed=frozenset({ISSUER}), allow_http_localhost=False),
        port=server.port,
        now=lambda: NOW,
        entropy=entropy,
    )
    listening = Listening(server, made)
    with running_server(server):
        yield listening


@pytest.fixture(scope="module")
def public(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory, agent: Listening
) -> Iterator[tuple[Any, Browser]]:
    """The card page at a public https address, and a browser that takes it for one."""
    services = doubles.services(issuer=ISSUER, card={"agent_url": f"http://127.0.0.1:{agent.port}"})
    port = loopback_port()
    with (
        tls_front(tmp_path_factory.mktemp("tls"), [NAME]) as front,
        serving(create(services), port),
        chromium(
            browser.browser_type,
            needs("chromium"),
            f"--host-resolver-rules=MAP *.example 127.0.0.1:{front.port}",
            f"--ignore-certificate-errors-spki-list={front.fingerprint}",
            f"--ip-address-space-overrides=127.0.0.1:{front.port}=public",
        ) as finder,
    ):
        front.routes[NAME] = port
        yield services, finder


@pytest.fixture
def services(public: tuple[Any, Browser], agent: Listening) -> Any:
    made = public[0]
    made.flow.next = turn(Page.CARD)
    made.flow.calls.clear()
    agent.heard.clear()
    return made


@pytest.fixture
def context(public: tuple[Any, Browser], services: Any) -> Iterator[BrowserContext]:
    assert services is public[0]
    made = public[1].new_context(locale="en-BE", viewport={"width": 1280, "height": 900})
    made.set_default_timeout(10_000)
    yield made
    made.close()


def answer(tab: Tab, setting: str) -> None:
    """Answer the browser's question beforehand, for this site in this context."""
    session = tab.context.new_cdp_session(tab)
    own = session.send("Target.getTargetInfo")["targetInfo"]["browserContextId"]
    browser = tab.context.browser
    assert browser is not None
    browser.new_browser_cdp_session().send(
        "Browser.setPermission",
        {
            "permission": {"name": "loopback-network"},
            "setting": setting,
            "origin": ISSUER,
            "browserContextId": own,
        },
    )


def at_card_page(context: BrowserContext, setting: str | None, *, language: str = "en") -> Tab:
    tab = context.new_page()
    tab.goto("about:blank")
    if setting is not None:
        answer(tab, setting)
    tab.goto(f"{ADDRESS}?lang={language}")
    return tab


def test_with_the_permission_a_public_page_logs_in_through_the_agent(
    context: BrowserContext, services: Any, agent: Listening
) -> None:
    provider = Provider().server
    challenge = provider.begin()
    page = turn(Page.CARD)
    services.flow.next = replace(page, tx=replace(page.tx, challenge=challenge.nonce))
    tab = at_card_page(context, "granted")
    with context.expect_page() as opened:
        tab.click("#card-start")
    assert opened.value.locator(".origin").inner_text() == ISSUER
    opened.value.locator("#pin").fill(PIN)
    with tab.expect_navigation():
        opened.value.keyboard.press("Enter")
    (token,) = [said[2] for name, said in services.flow.calls if name == "prove"]
    assert provider.complete(challenge, token, origin=ISSUER).surname == "Specimen"
    assert agent.heard[:2] == ["GET status", "OPTIONS authenticate"]


def test_nothing_reaches_the_agent_before_the_click_and_the_question_is_explained_first(
    context: BrowserContext, agent: Listening
) -> None:
    tab = at_card_page(context, None)
    expect(tab.locator("#browser-question [data-when=prompt]")).to_contain_text("Allow")
    expect(tab.locator("#browser-question [data-when=denied]")).to_be_hidden()
    assert agent.heard == []


def test_a_granted_permission_needs_no_explanation(context: BrowserContext) -> None:
    tab = at_card_page(context, "granted")
    question = tab.locator("#browser-question")
    expect(question).to_have_attribute("data-state", "granted")
    expect(question).to_be_hidden()


@pytest.mark.parametrize("setting", ["denied", None])
def test_a_denied_permission_is_recognised_and_the_ways_around_it_are_offered(
    context: BrowserContext, agent: Listening, setting: str | None
) -> None:
    tab = at_card_page(context, setting)
    tab.click("#card-start")
    expect(tab.locator("#card-failure")).to_contain_text("does not let this page reach")
    expect(tab.locator("#browser-question [data-when=denied]")).to_contain_text("reload this page")
    expect(tab.locator("#get-extension")).to_be_visible()
    expect(tab.locator("#card-help")).to_contain_text("helpdesk")
    expect(tab.locator("#other-means")).to_be_visible()
    assert agent.heard == []


def test_a_question_that_was_not_answered_is_told_apart_from_a_refusal(
    context: BrowserContext, agent: Listening
) -> None:
    tab = at_card_page(context, "prompt")  # asked, and closed without an answer
    tab.click("#card-start")
    expect(tab.locator("#card-failure")).to_contain_text("choose “Allow”")
    assert agent.heard == []


def test_an_absent_agent_is_told_apart_from_a_denied_one(
    context: BrowserContext, services: Any
) -> None:
    tab = at_card_page(context, "granted")
    tab.route("**/status", lambda route: route.abort("connectionrefused"))
    tab.click("#card-start")
    expect(tab.locator("#card-failure")).to_contain_text("We cannot find card software")
    expect(tab.locator("#card-help")).to_have_attribute("open", "")
    assert services.flow.calls[-1][0] == "visit"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_keyboard_reaches_everything_that_is_offered_and_axe_finds_nothing(
    context: BrowserContext, language: str
) -> None:
    tab = at_card_page(context, None, language=language)
    expect(tab.locator("#browser-question")).to_be_visible()
    picture(tab, f"card-question-{language}")
    complaints = axe(tab)
    tab.locator("#card-start").focus()
    tab.keyboard.press("Enter")
    expect(tab.locator("#card-failure")).to_be_focused()
    expect(tab.locator("#browser-question")).to_be_visible()
    picture(tab, f"card-denied-{language}")
    assert complaints + axe(tab) == []
    reached = []
    for _ in range(8):
        tab.keyboard.press("Tab")
        reached.append(tab.evaluate(FOCUSED) or tab.evaluate("document.activeElement.tagName"))
    assert reached[:5] == ["card-start", "SUMMARY", "get-extension", "other-means", "cancel"]
