"""The e-service against a provider that no one here wrote, driven by the scripted browser."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import secrets
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from werkzeug.serving import make_server

from tests.services.components import loopback_port, missing
from tests.world.relying_party.registration import document, own_key
from tests.world.relying_party.sign_in import Provider
from tests.world.relying_party.site import Site
from tests.world.relying_party.visits import Visits
from tests.world.scripted import Browser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.world.scripted import Page

NPM = Path(__file__).parents[2] / "npm"
NODE = Path(sys.executable).with_name("node")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The e-service's address; its provider is npm's oidc-provider."""
    if not (NPM / "node_modules" / "oidc-provider").exists() or not NODE.exists():
        missing("npm's oidc-provider under tests/npm")
    key = own_key(tmp_path_factory.mktemp("service") / "key.pem")
    with contextlib.ExitStack() as stack:
        port = loopback_port()
        address = f"http://localhost:{port}"
        issuer = stack.enter_context(another_provider(document(address, key, year=2026)))
        provider = Provider(
            issuer,
            address,
            key,
            now=lambda: dt.datetime.now(dt.UTC),
            entropy=secrets.token_bytes,
            acr=(),
        )
        made = Site(address=address, provider=provider, visits=Visits(secrets.token_bytes))
        server = make_server("127.0.0.1", port, made.app(), threaded=True)
        thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.02))
        thread.start()
        yield address
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def another_provider(client: dict[str, object]) -> Iterator[str]:
    port = loopback_port()
    child = subprocess.Popen(
        [NODE, "another_provider.mjs"],
        cwd=NPM,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    with child.stdin, child.stdout:
        child.stdin.write(json.dumps({"port": port, "client": client}) + "\n")
        child.stdin.flush()
        assert child.stdout.readline() == "ready\n"
        yield f"http://localhost:{port}"
        child.terminate()
        child.wait(timeout=10)


@pytest.fixture
def browser() -> Iterator[Browser]:
    with Browser(language="en") as made:
        yield made


def at_the_provider(page: Page, name: str = "nora") -> Page:
    """Sign in and agree there, as often as it asks."""
    while page.markup.forms and any(part in page.url for part in ("/interaction/", "/auth/")):
        form = page.form()
        page = form.submit(login=name, password="x") if "login" in form.fields else form.submit()
    return page


def signed_in(browser: Browser, site: str) -> Page:
    return at_the_provider(browser.get(site).form("sign-in-form").submit())


def test_a_citizen_signs_in_refreshes_confirms_and_signs_out(browser: Browser, site: str) -> None:
    page = signed_in(browser, site)
    assert page.url == f"{site}/file"
    assert page.says("who") == "Welcome, Nora"
    assert page.says("claim-egovNRN") == "85073099833"
    page = page.form("refresh-form").submit()
    assert page.has("refreshed-at")
    page = at_the_provider(page.form("step-up-form").submit())
    assert page.says("who") == "Welcome, Nora"
    page = page.form("sign-out-form").submit()
    page = page.form("op.logoutForm").submit()
    assert page.says("signed-out") == "You are signed out"
    assert "at Sesame" in page.text
    assert browser.get(f"{site}/file").url == f"{site}/"


def test_the_request_is_pushed_and_only_a_reference_is_in_the_address(
    browser: Browser, site: str
) -> None:
    page = browser.get(site).form("sign-in-form").submit()
    sent = next(hop.url for hop in page.trail if "request_uri" in hop.url)
    assert set(parse_qs(urlsplit(sent).query)) == {"client_id", "request_uri"}


def test_the_step_up_of_another_person_opens_nothing(browser: Browser, site: str) -> None:
    page = signed_in(browser, site).form("step-up-form").submit()
    page = at_the_provider(page, "jules")
    assert page.says("trouble") == "This is someone else's card"
    # Nora's session there ended with it, and the provider says so.
    assert browser.get(f"{site}/file").has("told")


@pytest.mark.parametrize("language", ["nl", "fr", "de", "en"])
def test_a_citizen_who_cancels_reads_kind_words(language: str, site: str) -> None:
    with Browser(language=language) as browser:
        page = browser.get(site).form("sign-in-form").submit()
        (abort,) = [element for element in page.text.split('"') if element.endswith("/abort")]
        page = browser.get(abort)
        assert page.status == 400
        assert page.markup.language == language
        assert page.attribute("back", "href") == "/"


def test_the_answer_works_in_the_browser_that_asked_only(browser: Browser, site: str) -> None:
    answer = stopped_before_the_end(browser, site)
    with Browser() as stranger:
        assert stranger.get(answer).says("trouble") == "This page is no longer valid"
    assert browser.get(answer).url == f"{site}/file"
    assert browser.get(answer).url == f"{site}/file", "a reload stays signed in"


@pytest.mark.parametrize("spoil", ["another issuer", "no issuer", "another code"])
def test_an_answer_that_was_tampered_with_is_refused(
    browser: Browser, site: str, spoil: str
) -> None:
    answer = stopped_before_the_end(browser, site)
    spoiled = {
        "another issuer": answer.replace("iss=http", "iss=https"),
        "no issuer": answer.partition("&iss=")[0],
        "another code": answer.replace("code=", "code=x"),
    }[spoil]
    assert spoiled != answer
    assert browser.get(spoiled).status == 400
    assert not browser.get(f"{site}/file").has("who")


def stopped_before_the_end(browser: Browser, site: str) -> str:
    """The address with the provider's answer, not yet gone to."""
    browser.stops = (f"{site}/callback",)
    answer = signed_in(browser, site).url
    browser.stops = ()
    return answer


def test_a_form_of_another_site_is_refused(browser: Browser, site: str) -> None:
    signed_in(browser, site)
    for deed in ("refresh", "step-up", "sign-out", "sign-in"):
        page = browser.post(f"{site}/{deed}", {}, source="http://localhost:1/")
        assert page.status == 400, deed
        assert browser.post(f"{site}/{deed}", {}).status == 400, deed
    assert browser.get(f"{site}/file").has("who")


def test_every_page_forbids_scripts_and_frames(browser: Browser, site: str) -> None:
    for path in ("/", "/signed-out", "/nowhere", "/static/specimen.css"):
        policy = browser.get(site + path).headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "script-src" not in policy


def test_the_visitor_gets_a_new_secret_at_sign_in(browser: Browser, site: str) -> None:
    browser.get(site).form("sign-in-form").submit()
    before = browser.cookies.named("specimen_visit")
    signed_in(browser, site)
    after = browser.cookies.named("specimen_visit")
    assert before is not None
    assert after is not None
    assert before.value != after.value
    assert "httponly" in after.attributes
    assert after.attributes["samesite"] == "Lax"


def test_a_citizen_who_signs_out_at_the_provider_is_signed_out_here_too(
    browser: Browser, site: str
) -> None:
    page = signed_in(browser, site)
    there = next(urlsplit(hop.url) for hop in page.trail if not hop.url.startswith(site))
    left = browser.get(f"{there.scheme}://{there.netloc}/session/end")
    assert left.form("op.logoutForm").submit(button="yes").status == 200
    page = browser.get(f"{site}/file")
    assert page.url == f"{site}/"
    assert page.says("told").startswith("Sesame told us")
