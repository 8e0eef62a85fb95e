from __future__ import annotations

import html
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from idp.domain.request import ResponseMode
from idp.errors import (
    CARD_EXPIRED,
    CATALOGUE,
    LOGIN_EXPIRED,
    LOGIN_SPENT,
    LOGIN_UNKNOWN,
    TOO_MANY_REQUESTS,
    Refused,
    WayOut,
)
from idp.login.flow import LoginRefused, Page
from tests.unit.web import doubles
from tests.unit.web.doubles import LOGIN, turn

if TYPE_CHECKING:
    from tests.unit.web.conftest import Visit

HERE = f"/login/{LOGIN}"
PAGES = (Page.CHOOSE, Page.CARD, Page.SEEDED, Page.CONSENT)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_has_one_heading_a_skip_link_a_language_and_a_reference(
    site: Visit, services: Any, page: Page
) -> None:
    services.flow.next = turn(page)
    answer = site.get(HERE)
    assert answer.status_code == 200
    assert answer.text.count("<h1") == 1
    assert '<html lang="en">' in answer.text
    assert 'class="skip" href="#main"' in answer.text
    assert answer.headers["X-Request-Id"] in answer.text


@pytest.mark.parametrize("page", PAGES)
def test_every_page_of_a_login_has_a_way_out_and_names_who_asks(
    site: Visit, services: Any, page: Page
) -> None:
    services.flow.next = turn(page)
    shown = site.get(HERE).text
    assert f'action="/login/{LOGIN}/cancel"' in shown
    assert "Taxes" in shown
    assert "tax.example" in shown


@pytest.mark.parametrize("page", PAGES)
def test_no_page_holds_an_inline_script_style_or_handler(
    site: Visit, services: Any, page: Page
) -> None:
    services.flow.next = turn(page)
    shown = site.get(HERE).text
    assert re.search(r"<script(?![^>]*\bsrc=)", shown) is None
    assert re.search(r"<style|\sstyle=|\son[a-z]+=", shown) is None


def test_a_page_is_written_in_the_language_that_the_browser_prefers(
    site: Visit, services: Any
) -> None:
    services.flow.next = turn(Page.CHOOSE, tx=replace(doubles.TX, language="de"))
    shown = site.get(HERE, headers={"Accept-Language": "fr"})
    assert '<html lang="de">' in shown.text
    assert '<html lang="fr">' in site.get("/", headers={"Accept-Language": "fr-BE, en;q=0.5"}).text


def test_a_language_chosen_in_a_login_stays_with_that_login(site: Visit, services: Any) -> None:
    chosen = site.get(f"{HERE}?lang=fr")
    assert chosen.status_code == 303
    assert chosen.headers["Location"] == HERE
    cookie = chosen.headers["Set-Cookie"].partition(";")[0]
    assert '<html lang="fr">' in site.get(HERE, headers={"Cookie": cookie}).text
    other = turn(Page.CHOOSE, tx=replace(doubles.TX, id="anotherlogin1234"))
    services.flow.next = other
    shown = site.get("/login/anotherlogin1234", headers={"Cookie": cookie})
    assert '<html lang="en">' in shown.text


def test_what_the_service_asks_is_a_stronger_wish_than_the_browsers(
    site: Visit, services: Any
) -> None:
    services.reader.result = replace(doubles.REQUEST, ui_locales=("xx", "de-BE"))
    site.get("/authorize?client_id=tax", headers={"Accept-Language": "fr"})
    _, visitor, _ = services.flow.calls[0][1]
    assert visitor.language == "de"


def test_choosing_a_means_is_told_to_the_login_and_ends_in_a_redirect(
    site: Visit, services: Any
) -> None:
    services.flow.next = turn(Page.CARD)
    answer = site.step("method", method="card")
    assert (answer.status_code, answer.headers["Location"]) == (303, HERE)
    assert services.flow.calls == [("choose", (LOGIN, "card"))]


def test_a_means_that_does_not_exist_is_refused(site: Visit, services: Any) -> None:
    assert site.step("method", method="password").status_code == 400
    assert services.flow.calls == []


def test_the_card_page_hands_its_script_the_challenge_and_nothing_inline(
    site: Visit, services: Any
) -> None:
    services.flow.next = turn(Page.CARD)
    answer = site.get(HERE)
    assert f'data-nonce="{services.flow.next.tx.challenge}"' in answer.text
    assert 'data-agent="http://127.0.0.1:8403"' in answer.text
    assert "<noscript" not in answer.text
    assert 'id="without-script"' in answer.text


def test_a_refused_card_is_shown_once_after_the_redirect(site: Visit, services: Any) -> None:
    services.flow.next = turn(Page.CARD, trouble=CARD_EXPIRED)
    answer = site.step("card/answer", token="{}")
    assert answer.status_code == 303
    note = answer.headers["Set-Cookie"].partition(";")[0]
    services.flow.next = turn(Page.CARD)
    shown = site.get(HERE, headers={"Cookie": note})
    assert "Your card has expired" in shown.text
    assert 'role="alert"' in shown.text
    assert "Max-Age=0" in shown.headers["Set-Cookie"]
    elsewhere = turn(Page.CARD, tx=replace(doubles.TX, id="anotherlogin1234"))
    services.flow.next = elsewhere
    shown = site.get("/login/anotherlogin1234", headers={"Cookie": note})
    assert "Your card has expired" not in shown.text


def test_consent_lists_each_claim_in_words_with_its_reason(site: Visit, services: Any) -> None:
    services.flow.next = turn(Page.CONSENT)
    shown = html.unescape(site.get(HERE).text)
    assert "Full name" in shown
    assert "National register number" in shown
    assert shown.count("To put your return in your name.") == 2
    assert "An Peeters" in shown
    assert "85073000160" not in shown


def test_an_essential_claim_has_no_box_to_untick(site: Visit, services: Any) -> None:
    services.flow.next = turn(Page.CONSENT)
    shown = site.get(HERE).text
    assert '<input type="hidden" name="claim.name" value="1">' in shown
    assert re.search(r'type="checkbox" name="claim\.https://id\.example/claims/rrn"', shown)


def test_agreeing_tells_the_login_what_is_ticked_and_answers_the_service(
    site: Visit, services: Any
) -> None:
    services.flow.next = turn(Page.DONE)
    answer = site.step("consent", **{"claim.name": "1", "claim.x": "0", "remember": "1"})
    assert services.flow.calls == [("consent", (LOGIN, frozenset({"name"}), True))]
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("https://tax.example/callback?code=c0de&state=")


def test_form_post_is_a_page_with_a_button_that_may_go_to_the_service_only(
    site: Visit, services: Any
) -> None:
    answer = replace(doubles.ANSWER, mode=ResponseMode.FORM_POST)
    services.flow.next = turn(Page.DONE, answer=answer)
    shown = site.step("consent")
    assert shown.status_code == 200
    assert 'action="https://tax.example/callback"' in shown.text
    assert '<button id="continue">' in shown.text
    policy = shown.headers["Content-Security-Policy"]
    assert "form-action https://tax.example;" in policy
    assert shown.headers["Cache-Control"] == "no-store"


def test_not_you_starts_the_choice_again(site: Visit, services: Any) -> None:
    services.flow.next = turn(Page.CONSENT)
    assert f'action="/login/{LOGIN}/restart"' in site.get(HERE).text


TOLD_APART = {problem.words: code for code, problem in CATALOGUE.items()}
"""One code for each page: the rules of profiles share theirs."""


@pytest.mark.parametrize("code", sorted(TOLD_APART.values()))
@pytest.mark.parametrize("language", ["nl", "fr", "de", "en"])
def test_every_problem_has_a_page_with_one_button(
    site: Visit, services: Any, code: str, language: str
) -> None:
    tx = replace(doubles.TX, language=language)
    services.flow.next = LoginRefused(CATALOGUE[code], "private words", tx=tx)
    answer = site.get(HERE)
    assert answer.status_code == CATALOGUE[code].status
    main = answer.text.partition("<main")[2]
    assert main.count("<button") + main.count('class="button"') == 1
    assert f'<html lang="{language}">' in answer.text
    assert "private words" not in answer.text
    assert answer.headers["X-Request-Id"] in answer.text


def test_an_expired_login_offers_to_start_again(site: Visit, services: Any) -> None:
    services.flow.next = LoginRefused(LOGIN_EXPIRED, tx=doubles.TX)
    shown = site.get(HERE).text
    assert f'action="/login/{LOGIN}/restart"' in shown
    assert "Start again" in shown


def test_a_spent_login_leads_back_to_the_services_own_front_door(
    site: Visit, services: Any
) -> None:
    services.flow.next = LoginRefused(LOGIN_SPENT, tx=doubles.TX)
    assert 'href="https://tax.example/"' in site.get(HERE).text


def test_an_unknown_login_leads_back_to_the_service_that_this_browser_came_from(
    site: Visit, services: Any
) -> None:
    services.flow.next = Refused(LOGIN_UNKNOWN)
    came = {"Cookie": "__Host-sesame_service=tax"}
    assert 'href="https://tax.example/"' in site.get(HERE, headers=came).text
    forged = {"Cookie": "__Host-sesame_service=https://evil.example"}
    shown = site.get(HERE, headers=forged).text
    assert "evil" not in shown
    assert 'href="/"' in shown


def test_no_page_leads_to_a_service_whose_registration_has_ended(
    site: Visit, services: Any
) -> None:
    services.flow.next = Refused(LOGIN_UNKNOWN)
    services.ledger.clients = (replace(doubles.CLIENT, expires_at=doubles.NOW),)
    came = {"Cookie": "__Host-sesame_service=tax"}
    assert "tax.example" not in site.get(HERE, headers=came).text


def test_a_login_too_many_from_one_address_is_a_page_with_a_time_to_come_back(
    site: Visit, services: Any
) -> None:
    asked: list[str | None] = []

    def admit(address: str | None) -> None:
        asked.append(address)
        raise Refused(TOO_MANY_REQUESTS)

    services.openings.admit = admit
    answer = site.get("/authorize?client_id=tax")
    assert answer.status_code == 429
    assert "Retry-After" in answer.headers
    assert asked == ["127.0.0.1"]
    assert services.flow.calls == []


def test_every_way_out_has_a_label_in_every_language(services: Any) -> None:
    from idp.web.i18n import Texts

    texts = Texts(services.settings.languages)
    for language in texts.languages:
        for way in WayOut:
            assert texts.text(language, f"way.{way}")


def test_the_status_of_a_login_says_where_it_stands_and_nothing_about_anybody(
    site: Visit, services: Any
) -> None:
    services.flow.next = turn(Page.CONSENT)
    answer = site.get(f"{HERE}/status")
    assert answer.json == {"step": "choosing", "version": 1, "phone": ""}
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_static_file_is_kept_for_a_year_under_its_hash_only(site: Visit) -> None:
    address = re.search(r'href="(/static/sesame\.css\?v=\w+)"', site.get("/").text)
    assert address is not None
    assert "immutable" in site.get(address[1]).headers["Cache-Control"]
    assert "immutable" not in site.get("/static/sesame.css?v=other").headers["Cache-Control"]
    assert site.get("/static/card.js").headers["X-Content-Type-Options"] == "nosniff"
    assert site.get("/static/../app.py").status_code == 404
