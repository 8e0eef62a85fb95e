"""The waiting page's script in a real browser, at a real waiting role on another port.

The page's own server is played by the test: it hands out the page and tells what it is told to.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from idp.login.transactions import wake
from idp.web.files import StaticFiles
from idp.web.headers import content_security_policy, of_page
from idp.web.i18n import Texts
from idp.web.waits import Wait
from idp.web.writing import templates
from tests.flows.waiting.role import COOKIE, Role, running_role
from tests.unit.web.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from wsgiref.types import StartResponse

    from playwright.sync_api import Browser, Page

PAGE = """<!doctype html><title>Waits</title>
{{ parts.waiting(wait) }}<p id="visit">{{ visit }}</p><form method="post" action="/elsewhere">
<button id="go">Go</button></form>"""
FIRST, NEXT = '{"version": 1}', '{"version": 2}'


@dataclass
class Pages:
    """A site with one page that waits; ``told`` is what its status says."""

    role: Role
    events: bool = True
    cookie: str = COOKIE
    status: str = "200 OK"
    told: str = FIRST
    visits: int = 0
    asked: int = 0
    login: str = ""
    files: StaticFiles = field(default_factory=StaticFiles)

    def __post_init__(self) -> None:
        self.held = self.role.login()
        self.login = self.held.tx.id

    @property
    def issuer(self) -> str:
        return self.role.foundation.settings.issuer

    def wake(self) -> None:
        """Let the status tell something else, and wake whoever waits."""
        self.told = NEXT
        wake(self.role.foundation.ephemeral, self.login)

    def __call__(self, environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path.endswith("/status"):
            self.asked += 1
            start(self.status, [("Content-Type", "application/json")])
            return [self.told.encode()]
        if path.startswith("/static/"):
            name = path.removeprefix("/static/")
            kind = "text/css" if name.endswith("css") else "text/javascript"
            start("200 OK", [("Content-Type", kind)])
            return [self.files._bodies[name]]
        if path == "/elsewhere":
            start("200 OK", [("Content-Type", "text/html")])
            return [b"<title>Elsewhere</title>"]
        if path != "/page":  # the browser's wish for an icon
            start("404 Not Found", [])
            return []
        self.visits += 1
        url = self.role.url
        policy = content_security_policy(connect=(url,))
        cookie = ("Set-Cookie", f"sesame_browser={self.cookie}; HttpOnly; SameSite=Lax; Path=/")
        start("200 OK", [*of_page(policy), cookie])
        wait = Wait(
            events=f"{url}/wait/{self.login}" if self.events else "",
            status=f"/login/{self.login}/status",
            known=self.told,
            poll=500,
            refresh=5,
        )
        return [self._page(wait).encode()]

    def _page(self, wait: Wait) -> str:
        ours = templates("en", service="Sesame", texts=Texts(), files=self.files)
        return ours.from_string(PAGE).render(wait=wait, visit=self.visits)


@pytest.fixture(scope="module")
def role(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Role]:
    with running_role(tmp_path_factory.mktemp("role")) as made:
        yield made


@pytest.fixture
def pages(role: Role) -> Iterator[Pages]:
    made = Pages(role)
    with serving(made, role.deployment.port):
        yield made


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


def listening(tab: Page) -> None:
    """Let the page say what it is told, and not be loaded again."""
    tab.add_init_script(
        """document.addEventListener("sesame:changed", (event) => {
             event.preventDefault();
             document.title = JSON.stringify(event.detail);
           });"""
    )


def opened(tab: Page, pages: Pages) -> None:
    """Open the page and wait until it heard the stream's first word, which makes it ask."""
    with tab.expect_response(re.compile("/status$")):
        tab.goto(f"{pages.issuer}/page")


def test_a_page_that_listens_is_told_what_its_status_says_now(tab: Page, pages: Pages) -> None:
    listening(tab)
    opened(tab, pages)
    pages.wake()
    expect(tab).to_have_title(json.dumps({"version": 2}, separators=(",", ":")))
    assert pages.visits == 1


def test_a_page_that_does_not_listen_is_loaded_again(tab: Page, pages: Pages) -> None:
    opened(tab, pages)
    pages.wake()
    expect(tab.locator("#visit")).to_have_text("2")


def test_a_change_that_the_status_does_not_tell_leaves_the_page_alone(
    tab: Page, pages: Pages
) -> None:
    opened(tab, pages)
    for _ in range(2):
        with tab.expect_response(re.compile("/status$")):
            wake(pages.role.foundation.ephemeral, pages.login)
    expect(tab.locator("#visit")).to_have_text("1")


def test_a_page_asks_by_itself_only_when_its_stream_fell_silent(tab: Page, pages: Pages) -> None:
    tab.clock.install()
    opened(tab, pages)
    asked = pages.asked
    tab.clock.run_for(20_000)
    assert pages.asked == asked
    with tab.expect_response(re.compile("/status$")):
        tab.clock.run_for(10_000)


def test_what_happened_before_the_stream_began_is_found_by_its_first_question(
    tab: Page, pages: Pages
) -> None:
    listening(tab)
    tab.route("**/wait.js*", lambda route: (setattr(pages, "told", NEXT), route.continue_()))
    tab.goto(f"{pages.issuer}/page")
    expect(tab).to_have_title('{"version":2}')


@pytest.mark.parametrize("how", ["no stream at all", "a stream of another browser"])
def test_without_a_stream_the_page_asks_by_itself(tab: Page, pages: Pages, how: str) -> None:
    pages.events = how != "no stream at all"
    pages.cookie = COOKIE if how == "no stream at all" else "another-browser"
    listening(tab)
    opened(tab, pages)
    pages.told = NEXT
    expect(tab).to_have_title('{"version":2}')
    assert pages.visits == 1


def test_a_login_that_is_no_more_is_shown_by_the_page_itself(tab: Page, pages: Pages) -> None:
    opened(tab, pages)
    pages.status = "404 Not Found"
    wake(pages.role.foundation.ephemeral, pages.login)
    expect(tab.locator("#visit")).not_to_have_text("1")


def test_a_status_that_cannot_be_told_now_is_asked_again(tab: Page, pages: Pages) -> None:
    pages.events = False
    pages.status = "503 Service Unavailable"
    listening(tab)
    opened(tab, pages)
    pages.status, pages.told = "200 OK", NEXT
    expect(tab).to_have_title('{"version":2}')
    assert pages.visits == 1


def test_a_form_that_is_on_its_way_is_not_overtaken(tab: Page, pages: Pages) -> None:
    opened(tab, pages)
    tab.route("**/elsewhere", lambda route: (pages.wake(), route.continue_()))
    tab.click("#go")
    expect(tab).to_have_title("Elsewhere")
    assert pages.visits == 1


def test_when_the_login_ends_the_page_is_told_once_and_the_stream_does_not_come_back(
    tab: Page, pages: Pages
) -> None:
    listening(tab)
    opened(tab, pages)
    waits: list[str] = []
    tab.on("request", lambda request: waits.append(request.url) if "/wait/" in request.url else 0)
    pages.told = NEXT
    expires_at = pages.held.tx.opened_at
    pages.role.transactions.move(pages.held, replace(pages.held.tx, expires_at=expires_at))
    expect(tab).to_have_title('{"version":2}')
    assert waits == []


def test_without_scripts_the_page_loads_itself_again(browser: Browser, pages: Pages) -> None:
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(f"{pages.issuer}/page")
    assert tab.locator("meta[http-equiv=refresh]").get_attribute("content") == "5"
    context.close()
