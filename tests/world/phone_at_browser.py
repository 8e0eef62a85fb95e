"""A phone at a real browser: the app in a context of its own, with a virtual authenticator.

phone = Phone(context, world)
phone.open_enrolment("ABCD-2345")     until the word that both screens show
phone.finish_enrolment()              once the person has confirmed it at their page
phone.type_code("ABCD-2345")
phone.type_number("42")
phone.approve()
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from playwright.sync_api import BrowserContext, CDPSession, Page

from tests.world.citizen_at_browser import PATIENCE, POLICY
from tests.world.running import Running

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, Locator

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@dataclass(kw_only=True)
class Phone:
    """One phone.

    Attributes:
        complaints: what the browser's console said of policies and errors.
        authenticator: the identifier of the virtual authenticator, for its commands.
    """

    context: BrowserContext
    world: Running
    page: Page = field(init=False)
    tools: CDPSession = field(init=False)
    authenticator: str = field(init=False)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.context.set_default_timeout(PATIENCE)
        self.context.on("console", self._heard)
        self.context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        self.page = self.context.new_page()
        self.tools, self.authenticator = with_authenticator(self.page)

    @property
    def app(self) -> str:
        """The app's address."""
        return f"{self.world.issuer}/phone/"

    # --- enrolment ------------------------------------------------------------------------------

    def open_enrolment(self, code: str, *, name: str = "Telephone") -> str:
        """Type the code from the citizen's page; gives the word that the app shows."""
        self.page.goto(self.app)
        self.page.locator("#enrol-code").fill(code)
        self.page.locator("#enrol-name").fill(name)
        self.page.locator("#enrol-go").click()
        return self.page.locator("#matching").inner_text()

    def finish_enrolment(self) -> None:
        """Make the key; the screen lock is opened at once."""
        self.page.locator("#make-key").click()
        self.page.locator("#enrolled").wait_for()

    # --- approving ------------------------------------------------------------------------------

    def type_code(self, code: str) -> None:
        """Claim what a login page shows, by its typed code."""
        self.page.goto(f"{self.app}#/code")
        self.page.locator("#code").fill(code)
        self.page.locator("#code-go").click()

    def type_number(self, number: str) -> None:
        """Type the number that the login page shows."""
        self.page.locator("#number").fill(number)
        self.page.locator("#number-go").click()

    def approve(self) -> None:
        """Read, and say yes."""
        self.page.locator("#approve").click()
        assert self.end() == "approved"

    def refuse(self) -> None:
        """Say no."""
        self.page.locator("#refuse").click()

    def end(self) -> str:
        """How the app says that it ended."""
        return str(self.page.locator("#end").get_attribute("data-state"))

    def text(self, selector: str) -> str:
        """What stands there."""
        return self.page.locator(selector).inner_text()

    @property
    def problem(self) -> Locator:
        """The refusal that it shows."""
        return self.page.locator(".alert[data-code]")

    def passkeys(self) -> list[dict[str, Any]]:
        """The passkeys of its authenticator, private keys included: a test's privilege."""
        said = self.tools.send("WebAuthn.getCredentials", {"authenticatorId": self.authenticator})
        return list(said["credentials"])

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error" and POLICY in message.text.lower():
            self.complaints.append(message.text)


def with_authenticator(page: Page) -> tuple[CDPSession, str]:
    """Give a page's browser a screen lock with a key store, empty and open."""
    tools = page.context.new_cdp_session(page)
    tools.send("WebAuthn.enable")
    made = tools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    return tools, str(made["authenticatorId"])


def lend_passkey(phone: Phone, page: Page) -> None:
    """Let another browser reach the phone's passkey, as the platform's own transport would."""
    tools, authenticator = with_authenticator(page)
    (passkey,) = phone.passkeys()
    tools.send("WebAuthn.addCredential", {"authenticatorId": authenticator, "credential": passkey})
