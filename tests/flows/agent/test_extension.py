"""From the card page through a browser extension to our native host, as citizens install them.

``sesame agent install`` writes the manifest into a home made for the test, and the browser finds
the host by it. Always with a small extension of our own that speaks the page's side of Web eID;
with the official one too where ``WEB_EID_EXTENSION`` names the folder it was unpacked into.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import BrowserContext, expect

from idp.app import create
from idp.login.flow import Page
from tests.services.chromium import ARGUMENTS
from tests.services.components import loopback_port, needs
from tests.services.tls_front import Front, tls_front
from tests.unit.web import doubles
from tests.unit.web.doubles import LOGIN, turn
from tests.unit.web.serving import Straw, serving, straw_agent
from tests.world.holders import PIN, certificates, soft_card
from tests.world.tokens import Provider

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser
    from playwright.sync_api import Page as Tab


ROOT = Path(__file__).parents[3]
OURS = Path(__file__).with_name("extension")
NAME = "login.sesame.example"
ISSUER = f"https://{NAME}"
ADDRESS = f"{ISSUER}/login/{LOGIN}"
# As the library of Web eID calls it, from a page.
CALL = """([action, members]) => new Promise((done) => {
  window.addEventListener("message", (event) => {
    const { action: said, ...rest } = event.data;
    if (said === `${action}-success` || said === `${action}-failure`) done(rest);
  });
  window.postMessage({ action, libraryVersion: "2.0.0", ...members }, window.location.origin);
})"""


@pytest.fixture(scope="module", params=["ours", "official"])
def extension(request: pytest.FixtureRequest) -> Path:
    """The folder of an unpacked extension."""
    if request.param == "ours":
        return OURS
    named = os.environ.get("WEB_EID_EXTENSION")
    if not named:
        pytest.skip("WEB_EID_EXTENSION names no folder with the official extension, unpacked")
    folder = Path(named).resolve()
    if not (folder / "manifest.json").is_file():
        pytest.fail(f"WEB_EID_EXTENSION: there is no manifest.json in {folder}")
    return folder


def id_of(folder: Path) -> str:
    """The id that Chromium gives it: by its key, else by its path, in letters from a to p."""
    key = json.loads((folder / "manifest.json").read_text(encoding="utf-8")).get("key")
    seed = str(folder).encode() if key is None else base64.b64decode(key)
    letters = hashlib.sha256(seed).hexdigest()[:32]
    return "".join(chr(ord("a") + int(letter, 16)) for letter in letters)


@dataclass(kw_only=True)
class Citizen:
    """A home with a browser in it, and what its owner types into the PIN page."""

    home: Path
    context: BrowserContext
    services: Any
    agent: Straw

    def environ(self) -> dict[str, str]:
        return environ(self.home)

    def will(self, text: str) -> None:
        (self.home / "typed").write_text(text, encoding="utf-8")

    def sesame(self, *words: str) -> subprocess.CompletedProcess[str]:
        return sesame(self.home, *words)

    def at_card_page(self) -> Tab:
        tab = self.context.new_page()
        tab.set_default_timeout(20_000)
        tab.goto(ADDRESS)
        return tab


def environ(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    citizen = f"{sys.executable} -m tests.unit.agent.citizen_program @{home / 'typed'} %s"
    return kept | {"HOME": str(home), "BROWSER": citizen, "PYTHONPATH": str(ROOT)}


def sesame(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "idp", "agent", *words],
        cwd=ROOT,
        env=environ(home),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    with tls_front(tmp_path_factory.mktemp("tls"), [NAME]) as made:
        yield made


@pytest.fixture(scope="module")
def installed(
    browser: Browser, extension: Path, front: Front, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Citizen]:
    home = tmp_path_factory.mktemp("home")
    profile = home / ".config" / "chromium"
    profile.mkdir(parents=True)
    cards = home / "cards"
    cards.mkdir()
    soft_card().save(cards / "nora.json")
    words = ("--browser", "chromium", "--extension-id", id_of(extension))
    done = sesame(home, "install", *words, "--cards", str(cards), "--insert", "nora")
    assert done.returncode == 0, done.stderr
    port = loopback_port()
    with straw_agent() as agent:
        services = doubles.services(issuer=ISSUER, card={"agent_url": agent.origin})
        with serving(create(services), port):
            front.routes[NAME] = port
            context = browser.browser_type.launch_persistent_context(
                profile,
                executable_path=needs("chromium"),
                args=[
                    *ARGUMENTS,
                    f"--load-extension={extension}",
                    f"--disable-extensions-except={extension}",
                    f"--host-resolver-rules=MAP *.example 127.0.0.1:{front.port}",
                    f"--ignore-certificate-errors-spki-list={front.fingerprint}",
                ],
                ignore_default_args=["--disable-extensions"],
                env=environ(home),
                locale="en-BE",
            )
            yield Citizen(home=home, context=context, services=services, agent=agent)
            context.close()


@pytest.fixture
def citizen(installed: Citizen) -> Iterator[Citizen]:
    installed.services.flow.next = turn(Page.CARD)
    installed.services.flow.calls.clear()
    installed.will(PIN)
    yield installed
    for page in installed.context.pages[1:]:
        page.close()


def test_a_login_goes_through_the_extension_and_never_to_the_loopback_agent(
    citizen: Citizen,
) -> None:
    provider = Provider().server
    challenge = provider.begin()
    page = turn(Page.CARD)
    citizen.services.flow.next = replace(page, tx=replace(page.tx, challenge=challenge.nonce))
    tab = citizen.at_card_page()
    with tab.expect_navigation():
        tab.click("#card-start")
    (token,) = [said[2] for name, said in citizen.services.flow.calls if name == "prove"]
    assert provider.complete(challenge, token, origin=ISSUER).surname == "Specimen"
    assert json.loads(token).keys() == {
        *("unverifiedCertificate", "algorithm", "signature", "format", "appVersion")
    }
    assert citizen.agent.asked == []


def test_with_the_extension_the_browser_has_no_question_to_explain(citizen: Citizen) -> None:
    tab = citizen.at_card_page()
    question = tab.locator("#browser-question")
    expect(question).to_have_attribute("data-state", "none")
    expect(question).to_be_hidden()


def test_a_citizen_who_cancels_is_told_so(citizen: Citizen) -> None:
    citizen.will("cancel")
    tab = citizen.at_card_page()
    tab.click("#card-start")
    expect(tab.locator("#card-failure")).to_contain_text("You cancelled")


def test_the_status_and_a_signature_go_the_same_way(citizen: Citizen) -> None:
    tab = citizen.at_card_page()
    status = tab.evaluate(CALL, ["web-eid:status", {}])
    assert status["nativeApp"].startswith("2.")
    shared = tab.evaluate(CALL, ["web-eid:get-signing-certificate", {"options": {"lang": "nl"}}])
    assert "error" not in shared
    signed = tab.evaluate(
        CALL,
        [
            "web-eid:sign",
            {
                "certificate": shared["certificate"],
                "hash": base64.b64encode(bytes(48)).decode(),
                "hashFunction": "SHA-384",
                "options": {},
            },
        ],
    )
    assert signed["signatureAlgorithm"]["cryptoAlgorithm"] == "ECC"
    assert len(base64.b64decode(signed["signature"])) == 96
    assert certificates().signature is not None


def test_a_removed_host_is_told_as_card_software_that_is_not_there(citizen: Citizen) -> None:
    told = json.loads(citizen.sesame("status", "--json").stdout)
    (chromium,) = [one for one in told if one["browser"] == "chromium"]
    assert chromium["problems"] == []
    tab = citizen.at_card_page()
    expect(tab.locator("#browser-question")).to_have_attribute("data-state", "none")
    manifest = Path(chromium["manifests"][0]["path"])
    kept = manifest.read_bytes()
    try:
        assert citizen.sesame("uninstall").returncode == 0
        tab.click("#card-start")
        expect(tab.locator("#card-failure")).to_contain_text("We cannot find card software")
        expect(tab.locator("#get-extension")).to_be_visible()
    finally:
        cards = str(citizen.home / "cards")
        allowed = json.loads(kept)["allowed_origins"][-1].split("/")[2]
        words = ("--browser", "chromium", "--extension-id", allowed)
        citizen.sesame("install", *words, "--cards", cards, "--insert", "nora")
