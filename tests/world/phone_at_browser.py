"""A phone at a real browser: the app in a context of its own, with a virtual authenticator.

phone = Phone(context, world)
phone.open_enrolment("ABCD-2345")     until the word that both screens show
phone.finish_enrolment()              once the person has confirmed it at their page
phone.type_code("ABCD-2345")
phone.type_number("42")
phone.approve()
"""

from __future__ import annotations

import base64
import contextlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import BrowserContext, CDPSession, Page

from tests.world.citizen_at_browser import PATIENCE, POLICY
from tests.world.running import Running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import ConsoleMessage, Locator

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
FILM = 480
"""The side of a film, in pixels."""
LUMA = """async ([drawn, side]) => {
  const png = Uint8Array.from(atob(drawn), (one) => one.charCodeAt(0));
  const picture = await createImageBitmap(new Blob([png], { type: "image/png" }));
  const canvas = new OffscreenCanvas(side, side);
  const pen = canvas.getContext("2d");
  pen.fillStyle = "white";
  pen.fillRect(0, 0, side, side);
  pen.drawImage(picture, (side - picture.width) / 2, (side - picture.height) / 2);
  const { data } = pen.getImageData(0, 0, side, side);
  let text = "";
  for (let at = 0; at < data.length; at += 4) text += String.fromCharCode(data[at]);
  return btoa(text);
}"""


@dataclass(kw_only=True)
class Phone:
    """One phone.

    Attributes:
        camera: the file that its browser's camera films (``camera_arguments``).
        complaints: what the browser's console said of policies and errors.
        authenticator: the identifier of the virtual authenticator, for its commands.
    """

    context: BrowserContext
    world: Running
    camera: Path
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

    def open(self, place: str = "") -> None:
        """Open the app anew at a place within it."""
        self.page.goto("about:blank")
        self.page.goto(f"{self.app}{place}")

    # --- enrolment ------------------------------------------------------------------------------

    def open_enrolment(self, code: str, *, name: str = "Telephone") -> str:
        """Type the code from the citizen's page; gives the word that the app shows."""
        self.open()
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
        self.open("#/code")
        self.page.locator("#code").fill(code)
        self.page.locator("#code-go").click()

    def hold_before_the_camera(self, picture: Locator) -> None:
        """Let the camera film what stands on another screen, from when it is started next."""
        drawn = base64.b64encode(picture.screenshot()).decode()
        luma = base64.b64decode(picture.page.evaluate(LUMA, [drawn, FILM]))
        self.camera.write_bytes(film(luma))

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


def film(luma: bytes | None = None) -> bytes:
    """A film in shades of grey, square, of one picture that stands still; white if none is given.

    YUV4MPEG2: a line of header, then of each picture a line and its three planes.
    """
    picture = luma or b"\xff" * FILM**2
    frame = b"FRAME\n" + picture + b"\x80" * (FILM**2 // 2)
    return f"YUV4MPEG2 W{FILM} H{FILM} F10:1 Ip A1:1 C420jpeg\n".encode() + 2 * frame


def camera_arguments(camera: Path) -> tuple[str, ...]:
    """Give what starts a Chromium whose camera films a file, and may be used."""
    camera.write_bytes(film())
    return (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={camera}",
    )


def with_authenticator(page: Page) -> tuple[CDPSession, str]:
    """Give a page's browser a screen lock with a key store, empty and open."""
    tools = page.context.new_cdp_session(page)
    tools.send("WebAuthn.enable")
    made = tools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    return tools, str(made["authenticatorId"])


@contextlib.contextmanager
def lent_passkey(phone: Phone, page: Page) -> Iterator[None]:
    """Let another browser reach the phone's passkey, as the platform's own transport would.

    The passkey is moved there and back: it counts its signatures, and a copy would be noticed.
    """
    tools, authenticator = with_authenticator(page)
    (passkey,) = phone.passkeys()
    tools.send("WebAuthn.addCredential", {"authenticatorId": authenticator, "credential": passkey})
    yield
    said = tools.send("WebAuthn.getCredentials", {"authenticatorId": authenticator})
    ours = {"authenticatorId": phone.authenticator}
    phone.tools.send("WebAuthn.clearCredentials", ours)
    phone.tools.send("WebAuthn.addCredential", {**ours, "credential": said["credentials"][0]})
    tools.detach()
