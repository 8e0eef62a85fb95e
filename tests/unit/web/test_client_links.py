"""Links to the e-service on our pages: what it says of itself, and where a login begins."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from idp.domain.about import About
from idp.errors import LOGIN_UNKNOWN, Refused
from idp.login.flow import Page
from idp.oidc.logout import LogoutRequest
from idp.web.client_links import login_link
from tests.unit.web import doubles
from tests.unit.web.doubles import LOGIN, turn

if TYPE_CHECKING:
    from tests.unit.web.conftest import Visit

LINKED = replace(
    doubles.CLIENT,
    about=About(
        home={"en": "https://tax.example"},
        logo={"en": "https://pictures.example/tax.png"},
        policy={"en": "https://tax.example/privacy", "fr": "https://tax.example/vie-privee"},
        terms={"nl": "https://tax.example/voorwaarden"},
        login="https://tax.example/login?from=provider",
    ),
)
PAGES = (Page.CHOOSE, Page.CARD, Page.SEEDED, Page.CONSENT)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.proves("registration.links")
def test_what_an_e_service_says_of_itself_is_linked_where_people_sign_in(
    site: Visit, services: Any, page: Page
) -> None:
    services.flow.next = replace(turn(page), client=LINKED)
    shown = site.get(f"/login/{LOGIN}").text
    for address in (
        "https://tax.example",
        "https://tax.example/privacy",
        "https://tax.example/voorwaarden",
        "https://pictures.example/tax.png",
    ):
        link = next(line for line in shown.splitlines() if f'href="{address}"' in line)
        assert 'rel="noopener noreferrer"' in link
    assert "Privacy policy <bdi>tax.example</bdi>" in shown
    french = site.get(f"/login/{LOGIN}", headers={"Accept-Language": "fr"})
    assert 'href="https://tax.example/' in french.text


@pytest.mark.parametrize("page", PAGES)
def test_nothing_of_anybody_elses_is_loaded_by_our_pages(
    site: Visit, services: Any, page: Page
) -> None:
    services.flow.next = replace(turn(page), client=LINKED)
    answer = site.get(f"/login/{LOGIN}")
    assert 'src="https:' not in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert "pictures.example" not in policy
    assert "img-src" not in policy or "img-src 'self'" in policy


def test_who_registered_none_has_no_links(site: Visit, services: Any) -> None:
    services.flow.next = turn(Page.CHOOSE)
    assert "asker-links" not in site.get(f"/login/{LOGIN}").text


def test_a_login_that_we_ask_for_names_us_as_its_issuer() -> None:
    link = login_link(LINKED, issuer="https://id.example")
    assert link == "https://tax.example/login?from=provider&iss=https%3A%2F%2Fid.example"
    assert login_link(doubles.CLIENT, issuer="https://id.example") is None


def test_a_login_that_cannot_go_on_leads_to_where_a_new_one_begins(
    site: Visit, services: Any
) -> None:
    services.flow.next = Refused(LOGIN_UNKNOWN)
    services.ledger.clients = (LINKED,)
    came = {"Cookie": "__Host-sesame_service=tax"}
    shown = site.get(f"/login/{LOGIN}", headers=came).text
    assert 'href="https://tax.example/login?from=provider&amp;iss=https%3A%2F%2F' in shown


def test_whoever_signed_out_may_go_back_to_the_service_that_asked(
    site: Visit, services: Any
) -> None:
    services.logout.result = LogoutRequest(client=LINKED)
    shown = site.get("/logout").text
    assert 'id="again" href="https://tax.example/login?' in shown
    assert "Naar Belastingen" in shown
    services.logout.result = LogoutRequest(client=doubles.CLIENT)
    assert 'id="again"' not in site.get("/logout").text
