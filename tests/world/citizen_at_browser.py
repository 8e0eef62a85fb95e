"""A citizen at a real browser: the steps of a login as a person takes them, and what was sent.

citizen = Citizen(context, world)
citizen.ask_to_sign_in()
citizen.choose_card()
tab = citizen.read_card()
tab.insert("adult")
tab.type_pin("1234")
citizen.agree()
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Page, Request

from tests.world.running import Running
from tests.world.scripted import Browser, OpenForm

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, Locator


PATIENCE = 20_000  # milliseconds; the machine may be busy
POLICY = "content security policy"
# Evaluated in one go: what polls in the page would be evaluated by a page that forbids that.
GUARDED = """() => new Promise((done) => {
  const loaded = performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd;
  const look = () => (performance.now() > loaded + 520 ? done() : requestAnimationFrame(look));
  look();
})"""


@dataclass(frozen=True, kw_only=True, slots=True)
class PinTab:
    """The card agent's tab, which the provider's page has opened."""

    page: Page

    def insert(self, card: str) -> PinTab:
        """Put this card into the reader, where no card is in it."""
        self.page.locator(f"form:has(input[name=card][value='{card}']) button").click()
        self.page.wait_for_load_state()
        return self

    def type_pin(self, pin: str) -> PinTab:
        """Type the PIN and press Enter; waits for the page that follows."""
        self.page.locator("#pin").fill(pin)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        return self

    def cancel(self) -> None:
        """Say no."""
        with self.page.expect_navigation():
            self.page.locator("form[action*='/cancel'] button").click()

    @property
    def origin(self) -> Locator:
        """Who asks."""
        return self.page.locator(".origin")


@dataclass(kw_only=True)
class Citizen:
    """One person with a browser of their own.

    Attributes:
        sent: every request of every tab, in order.
        complaints: what the browser's console said of policies and errors.
    """

    context: BrowserContext
    world: Running
    page: Page = field(init=False)
    sent: list[Request] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.context.set_default_timeout(PATIENCE)
        self.context.on("request", lambda request: self.sent.append(request))  # noqa: PLW0108 - Playwright writes on its handlers
        self.context.on("console", self._heard)
        self.context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        self.page = self.context.new_page()

    # --- the steps ------------------------------------------------------------------------------

    def ask_to_sign_in(self, language: str | None = None, *, at: str | None = None) -> Citizen:
        """Open the e-service, or another ``at`` an address, and press its button."""
        query = "" if language is None else f"?lang={language}"
        self.page.goto(f"{at or self.world.service}/{query}")
        with self.page.expect_navigation():
            self.page.locator("#sign-in").click()
        return self

    def choose_card(self) -> Citizen:
        """Come to the card's page, by its button where other means are offered too."""
        self.page.locator("#method-card, #card").first.wait_for()
        if self.page.locator("#method-card").count():
            self.page.locator("#method-card").click()
            self.page.locator("#card").wait_for()
        return self

    def read_card(self) -> PinTab:
        """Press the card page's button; gives the tab that it opens."""
        with self.context.expect_page() as opened:
            self.page.locator("#card-start").click()
        opened.value.wait_for_load_state()
        return PinTab(page=opened.value)

    def agree(self, *, remember: bool = False) -> Citizen:
        """Agree, once the page takes an agreement, and wait for the e-service."""
        if remember:
            self.page.locator("#remember").check()
        self.page.locator("#agree").wait_for()
        self.wait_for_the_guard()
        with self.page.expect_navigation():
            self.page.locator("#agree").click()
        return self

    def sign_in_with(self, card: str, *, pin: str | None = None) -> Citizen:
        """From the choice of a means to the consent page, or to what is said instead."""
        self.choose_card()
        self.show_card(card, pin=pin)
        return self

    def show_card(self, card: str, *, pin: str | None = None) -> Citizen:
        """From the card page on, an empty reader beside the citizen."""
        tab = self.read_card()
        if tab.page.locator("#pin").count() == 0:
            tab.insert(card)
        tab.type_pin(pin or self.world.world.people.pin)
        asked = "#agree, #trouble:visible, #who, #person-name, #phone-name"
        self.page.locator(asked).first.wait_for()
        tab.page.close()
        return self

    def wait_for_the_guard(self) -> None:
        """Wait until the consent page takes a click: not in its first half second."""
        self.page.wait_for_load_state("load")
        self.page.evaluate(GUARDED)

    def agree_for_good(self) -> Citizen:
        """Agree and be remembered; nothing where that was done before."""
        return self.agree(remember=True) if self.page.locator("#agree").count() else self

    def sign_in_by_name(self, address: str, name: str, *, remember: bool = False) -> Citizen:
        """Go to an address that asks for a sign-in, and give the name of a seeded person."""
        self.page.goto(address)
        self.page.locator("#method-seeded").click()
        self.page.locator("#username").fill(name)
        self.page.locator("#sign-in").click()
        self.page.locator("#agree, #answer").first.wait_for()
        if self.page.locator("#agree").count():
            self.agree(remember=remember)
        return self

    # --- what happened --------------------------------------------------------------------------

    def sent_to(self, origin: str) -> list[Request]:
        """The requests to one origin."""
        return [request for request in self.sent if _origin(request.url) == origin]

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error" and POLICY in message.text.lower():
            self.complaints.append(message.text)


def empty_reader(agent: str) -> None:
    """Take the card out of the software reader of the agent at this address."""
    with Browser() as browser:
        page = browser.get(f"{agent}/")
        for form in page.markup.forms:
            if form.action.startswith("/remove"):
                OpenForm(page=page, form=form).submit()


def everything_of(request: Request) -> str:
    """Method, address, headers and body of a request as one text, to search in."""
    headers = "\n".join(f"{name}: {value}" for name, value in request.all_headers().items())
    body = request.post_data_buffer or b""
    return f"{request.method} {request.url}\n{headers}\n\n{body.decode('utf-8', 'replace')}"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
