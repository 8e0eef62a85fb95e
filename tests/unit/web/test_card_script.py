"""The card page's script in a real browser, with an extension and an agent of straw."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from cardreader.beid.carried import FileSet
from idp.app import create
from idp.domain.client import Purpose
from idp.domain.reading import Reading, Wanted
from idp.errors import CARD_EXPIRED
from idp.login.flow import Page
from tests.unit.web import doubles
from tests.unit.web.doubles import LOGIN, turn
from tests.unit.web.serving import serving, straw_agent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser
    from playwright.sync_api import Page as Tab

    from tests.unit.web.serving import Straw

CARD_TOKEN = {
    "unverifiedCertificate": "Y2VydA==",
    "algorithm": "ES384",
    "signature": "c2ln",
    "format": "web-eid:1.0",
    "appVersion": "https://sesame.example/",
}
# What the extension's content script does on a page, in as many words as these tests need.
EXTENSION = """
window.addEventListener("message", (event) => {
  const { action } = event.data;
  if (!/^web-eid:(status|authenticate)$/.test(action)) return;
  const reply = (suffix, rest) => window.postMessage({ action: action + suffix, ...rest }, "*");
  reply("-ack");
  if (action === "web-eid:status") reply("-success", { extension: "2.5.0" });
  else if (ERROR) reply("-failure", { error: { code: ERROR } });
  else reply("-success", { ...TOKEN, extra: "dropped", nonceSeen: event.data.challengeNonce });
});
"""


@pytest.fixture
def agent() -> Iterator[Straw]:
    with straw_agent() as straw:
        yield straw


@pytest.fixture
def asking(agent: Straw, free_port: int) -> Iterator[tuple[str, Any]]:
    """The card page's address and the services behind it."""
    services = doubles.services(
        issuer=f"http://localhost:{free_port}", card={"agent_url": agent.origin}
    )
    services.flow.next = turn(Page.CARD)
    with serving(create(services), free_port) as origin:
        yield f"{origin}/login/{LOGIN}", services


@pytest.fixture
def tab(browser: Browser) -> Iterator[Tab]:
    context = browser.new_context(locale="en")
    yield context.new_page()
    context.close()


def with_extension(tab: Tab, *, error: str | None = None) -> None:
    words = EXTENSION.replace("ERROR", json.dumps(error)).replace("TOKEN", json.dumps(CARD_TOKEN))
    tab.add_init_script(words)


def answered(services: Any) -> list[Any]:
    return [json.loads(said[2]) for name, said in services.flow.calls if name == "prove"]


def agreements(services: Any) -> int:
    return [name for name, _ in services.flow.calls].count("consent")


def read_card(tab: Tab, address: str) -> None:
    tab.goto(address)
    tab.click("#card-start")


def test_the_extension_is_used_where_there_is_one(
    tab: Tab, agent: Straw, asking: tuple[str, Any]
) -> None:
    address, services = asking
    with_extension(tab)
    tab.goto(address)
    with tab.expect_navigation():
        tab.click("#card-start")
    assert answered(services) == [CARD_TOKEN]
    assert agent.asked == []


def test_the_agent_is_asked_where_there_is_no_extension(
    tab: Tab, agent: Straw, asking: tuple[str, Any]
) -> None:
    address, services = asking
    agent.progress = [{"state": "waiting"}, {"state": "done", "token": CARD_TOKEN}]
    tab.goto(address)
    with tab.expect_navigation(), tab.context.expect_page() as opened:
        tab.click("#card-start")
    assert opened.value.url == f"{agent.origin}/pin/once"
    assert answered(services) == [CARD_TOKEN]
    (asked,) = agent.asked
    assert asked == {"challengeNonce": services.flow.next.tx.challenge, "lang": "en"}


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("ERR_SESAME_PIN_BLOCKED", "Your card is blocked"),
        ("ERR_SESAME_CARD_ABSENT", "There is no card in the card reader"),
        ("ERR_SESAME_READER_UNAVAILABLE", "No card reader was found"),
        ("ERR_WEBEID_USER_CANCELLED", "You cancelled"),
        ("ERR_WEBEID_USER_TIMEOUT", "It took too long"),
        ("ERR_SOMETHING_NEW", "Your card could not be read"),
    ],
)
def test_what_goes_wrong_at_the_card_is_told_with_the_next_step_and_a_retry(
    tab: Tab, agent: Straw, asking: tuple[str, Any], error: str, words: str
) -> None:
    address, services = asking
    agent.progress = [{"state": "failed", "error": {"code": error}}]
    read_card(tab, address)
    failure = tab.locator("#card-failure")
    expect(failure).to_contain_text(words)
    expect(failure).to_be_focused()
    expect(tab.locator("#card-start")).to_have_text("Try again")
    agent.progress = [{"state": "done", "token": CARD_TOKEN}]
    with tab.expect_navigation():
        tab.click("#card-start")
    assert answered(services) == [CARD_TOKEN]


def test_an_extension_that_refuses_is_told_too(tab: Tab, asking: tuple[str, Any]) -> None:
    with_extension(tab, error="ERR_WEBEID_NATIVE_UNAVAILABLE")
    read_card(tab, asking[0])
    expect(tab.locator("#card-failure")).to_contain_text("We cannot find card software")


def test_an_agent_that_does_not_know_this_site_is_told(
    tab: Tab, agent: Straw, asking: tuple[str, Any]
) -> None:
    agent.opened = (403, {"error": {"code": "ERR_SESAME_ORIGIN_NOT_ALLOWED"}})
    read_card(tab, asking[0])
    expect(tab.locator("#card-failure")).to_contain_text("does not accept this website")


FILES = {"format": "sesame-files:1", "identity": "aWQ"}
MOVING = Purpose(
    name="moving",
    reason={"en": 'To register "you", <really>.'},
    claims=("birthdate", "address"),
)


def reading_files(services: Any, *, needed: bool) -> None:
    """Let the login read two sets of files."""
    services.flow.next = turn(
        Page.CARD,
        reading=Reading(
            facts=frozenset({"birthdate", "address"}),
            files=(FileSet.IDENTITY, FileSet.ADDRESS),
            wanted=(Wanted(purpose=MOVING, claims=("birthdate", "address")),),
            rules=frozenset(),
            needed=needed,
        ),
    )


def test_the_agent_is_asked_for_just_the_files_that_are_read_even_beside_an_extension(
    tab: Tab, agent: Straw, asking: tuple[str, Any]
) -> None:
    address, services = asking
    reading_files(services, needed=False)
    agent.progress = [{"state": "done", "token": CARD_TOKEN, "files": FILES}]
    with_extension(tab)
    tab.goto(address)
    expect(tab.locator("#card-reads li")).to_have_text(
        'Date of birth, Address: To register "you", <really>.'
    )
    with tab.expect_navigation():
        tab.click("#card-start")
    (asked,) = agent.asked
    assert asked["files"] == ["identity", "address"]
    assert asked["reasons"] == ['To register "you", <really>.']
    assert answered(services) == [{"format": "sesame-card:1", "token": CARD_TOKEN, "files": FILES}]


@pytest.mark.parametrize("needed", [False, True])
def test_without_the_agent_the_extension_goes_on_alone_unless_files_are_needed(
    tab: Tab, free_port: int, *, needed: bool
) -> None:
    services = doubles.services(
        issuer=f"http://localhost:{free_port}", card={"agent_url": "http://127.0.0.1:9"}
    )
    reading_files(services, needed=needed)
    with_extension(tab)
    with serving(create(services), free_port) as origin:
        tab.goto(f"{origin}/login/{LOGIN}")
        if needed:
            tab.click("#card-start")
            expect(tab.locator("#card-failure")).to_contain_text("the Sesame card agent")
            assert answered(services) == []
        else:
            with tab.expect_navigation():
                tab.click("#card-start")
            assert answered(services) == [CARD_TOKEN]


def test_an_agent_that_knows_no_files_is_too_old(
    tab: Tab, agent: Straw, asking: tuple[str, Any]
) -> None:
    address, services = asking
    reading_files(services, needed=True)
    agent.opened = (400, {"error": {"code": "ERR_WEBEID_NATIVE_INVALID_ARGUMENT"}})
    read_card(tab, address)
    expect(tab.locator("#card-failure")).to_contain_text("too old for this website")


def test_an_agent_that_is_not_there_is_told(tab: Tab, free_port: int) -> None:
    services = doubles.services(
        issuer=f"http://localhost:{free_port}", card={"agent_url": "http://127.0.0.1:9"}
    )
    services.flow.next = turn(Page.CARD)
    with serving(create(services), free_port) as origin:
        read_card(tab, f"{origin}/login/{LOGIN}")
        expect(tab.locator("#card-failure")).to_contain_text("We cannot find card software")


def test_an_agent_that_dies_in_the_middle_is_told_with_a_retry_and_the_ways_around(
    tab: Tab, agent: Straw, asking: tuple[str, Any]
) -> None:
    address, services = asking
    agent.progress = [{"state": "waiting"}, None]
    read_card(tab, address)
    failure = tab.locator("#card-failure")
    expect(failure).to_contain_text("no longer answers")
    expect(failure).to_be_focused()
    expect(tab.locator("#card-help")).to_have_attribute("open", "")
    agent.progress = [{"state": "done", "token": CARD_TOKEN}]
    with tab.expect_navigation():
        tab.get_by_role("button", name="Try again").click()
    assert answered(services) == [CARD_TOKEN]


@pytest.mark.parametrize(
    "status",
    [
        (200, {"version": "1.9.9"}),
        (200, {"version": "not a version"}),
        (200, {}),
        (200, b"<p>something else listens here</p>"),
        (404, {}),
    ],
)
def test_an_agent_that_is_too_old_is_asked_for_nothing(
    tab: Tab, agent: Straw, asking: tuple[str, Any], status: tuple[int, Any]
) -> None:
    agent.status = status
    read_card(tab, asking[0])
    expect(tab.locator("#card-failure")).to_contain_text("too old for this website")
    expect(tab.locator("#get-extension")).to_be_visible()
    assert agent.asked == []


@pytest.mark.parametrize("version", ["2.0.0", "v2.0.1+x", "2.10.0", "10.0.0"])
def test_a_newer_agent_is_not_too_old(
    tab: Tab, agent: Straw, asking: tuple[str, Any], version: str
) -> None:
    address, services = asking
    agent.status = (200, {"version": version})
    agent.progress = [{"state": "done", "token": CARD_TOKEN}]
    tab.goto(address)
    with tab.expect_navigation():
        tab.click("#card-start")
    assert answered(services) == [CARD_TOKEN]


def test_a_page_of_this_very_computer_speaks_of_no_question(
    tab: Tab, asking: tuple[str, Any]
) -> None:
    tab.goto(asking[0])
    question = tab.locator("#browser-question")
    expect(question).to_have_attribute("data-state", "none")
    expect(question).to_be_hidden()


@pytest.mark.parametrize("pin", ["javascript:alert(1)", "https://evil.example/pin"])
def test_an_agent_cannot_send_the_citizen_elsewhere(
    tab: Tab, agent: Straw, asking: tuple[str, Any], pin: str
) -> None:
    agent.opened = (201, {"requestId": "r1", "pinUrl": pin, "pollAfterMs": 200})
    read_card(tab, asking[0])
    expect(tab.locator("#card-failure")).to_contain_text("Your card could not be read")
    assert len(tab.context.pages) == 1


def test_a_blocked_tab_leaves_a_link(tab: Tab, agent: Straw, asking: tuple[str, Any]) -> None:
    agent.progress = [{"state": "waiting"}]
    tab.add_init_script("window.open = () => null;")
    read_card(tab, asking[0])
    link = tab.locator("#pin-link")
    expect(link).to_be_visible()
    expect(link).to_have_attribute("href", f"{agent.origin}/pin/once")


def test_without_scripts_the_page_says_what_is_needed_and_offers_the_ways_out(
    browser: Browser, asking: tuple[str, Any]
) -> None:
    context = browser.new_context(java_script_enabled=False, locale="en")
    tab = context.new_page()
    tab.goto(asking[0])
    expect(tab.locator("#without-script")).to_be_visible()
    expect(tab.locator("#card-start")).to_be_hidden()
    expect(tab.locator("#cancel")).to_be_visible()
    expect(tab.locator("#other-means")).to_be_visible()
    context.close()


def test_trouble_has_the_focus_when_the_page_arrives(tab: Tab, asking: tuple[str, Any]) -> None:
    address, services = asking
    services.flow.next = turn(Page.CARD, trouble=CARD_EXPIRED)
    tab.goto(address)
    expect(tab.locator("#trouble")).to_be_focused()


def test_the_agree_button_does_not_take_a_click_meant_for_another_page(
    tab: Tab, asking: tuple[str, Any]
) -> None:
    address, services = asking
    services.flow.next = turn(Page.CONSENT)
    tab.add_init_script("window.clock = 1000; performance.now = () => window.clock;")
    tab.goto(address)
    tab.click("#agree")
    assert agreements(services) == 0
    tab.evaluate("window.clock += 600")
    with tab.expect_navigation():
        tab.click("#agree")
    assert agreements(services) == 1
