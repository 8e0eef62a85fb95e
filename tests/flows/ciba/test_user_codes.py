"""User codes (CIBA Core 7.1, 13): chosen at the citizen's page, said to an e-service, demanded."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from idp.domain.assurance import Assurance
from idp.domain.client import SubjectType, subject_sector
from idp.domain.event import AuthenticationEvent, CardEvidence
from idp.domain.person import SubjectId
from idp.domain.session import Session, SessionKey
from idp.login.transactions import fingerprint
from idp.web.i18n import ALL_LANGUAGES
from tests.flows.phone.house import AN, DAY, ISSUER, Browser

if TYPE_CHECKING:
    from tests.flows.ciba.asker import Asker

COOKIE = "sesame_session"
CODE = "Maan-licht 77"


@pytest.fixture
def called(shop: Asker) -> Asker:
    """A shop that people ring: it is registered for codes."""
    shop.register(backchannel_user_code=True)
    return shop


def at_the_page(shop: Asker, *, ago: timedelta = timedelta(0)) -> Browser:
    """A browser whose session was proven by card so long ago."""
    at, browser = shop.house.at - ago, shop.house.browser()
    word = f"a-session-{ago.total_seconds():.0f}".ljust(43, "x")
    event = AuthenticationEvent(
        person=AN,
        evidence=CardEvidence(
            holder="citizen",
            certificate_fingerprint="ab" * 32,
            certificate_serial="01",
            issuer="test",
            generation="ec-p384",
            not_before=at - DAY,
            not_after=at + 100 * DAY,
            revocation="ocsp",
            status_at=at,
        ),
        acr=Assurance.HIGH,
        amr=("sc", "pin"),
        at=at,
    )
    session = Session(
        key=SessionKey(fingerprint(word)), event=event, opened_at=at, used_at=shop.house.at, sids={}
    )
    with shop.house.services.ledger.begin() as unit:
        unit.sessions.open(session)
    browser.http.set_cookie(COOKIE, word, domain="localhost")
    return page(browser)


def page(browser: Browser) -> Browser:
    return browser._take(browser._get("/account"))


def choose(browser: Browser, code: str) -> Browser:
    browser.submit("account/code", code=code)
    return page(browser)


def state(browser: Browser) -> str:
    return str(re.findall(r'id="usercode-state">([^<]+)<', browser.page)[0])


# --- at the citizen's page ------------------------------------------------------------------------


def test_a_citizen_chooses_changes_and_removes_a_code_and_phones_are_told(called: Asker) -> None:
    phone, browser = called.house.phone(), page(at_the_page(called))
    assert "no code" in state(browser)
    assert 'action="/account/code/remove"' not in browser.page
    assert "Chosen on" in state(choose(browser, CODE))
    assert CODE not in browser.page
    called.ask(user_code=CODE)
    assert called.approved_by(phone)["message"] == "Order 1234"
    choose(browser, "another code 12")
    assert called.send(user_code=CODE).json["error"] == "invalid_user_code"
    assert called.send(user_code="another code 12").status_code == 200
    browser.submit("account/code/remove")
    assert browser.answer.headers["Location"] == "/account#usercode"
    assert "no code" in state(page(browser))
    assert called.send(user_code="another code 12").json["error"] == "invalid_user_code"
    audited = called.house.audited()
    assert audited.count("usercode.set") == 2
    assert audited.count("usercode.removed") == 1


@pytest.mark.parametrize(
    "code", ["", "12345", "aaaaaaa", "123456", "fedcba", "a" * 33 + "bc", "drop;table", "......"]
)
def test_a_code_that_anybody_guesses_is_not_kept_and_the_page_says_why(
    called: Asker, code: str
) -> None:
    browser = choose(page(at_the_page(called)), code)
    assert "no code" in state(browser)
    assert "Choose another code" in browser.page


def test_a_code_is_chosen_only_after_a_fresh_card_and_by_a_form_of_the_page(called: Asker) -> None:
    stale = page(at_the_page(called, ago=timedelta(minutes=11)))
    assert 'action="/account/code"' not in stale.page
    fresh = page(at_the_page(called))
    token = re.findall(r'name="form_token" value="([^"]+)"', fresh.page)[0]
    for browser, word, where in (
        (fresh, "", "403"),
        (called.house.browser(), token, "403"),
        (stale, re.findall(r'name="form_token" value="([^"]+)"', stale.page)[:1] or token, "403"),
    ):
        answer = browser.http.post(
            "/account/code", data={"form_token": word, "code": CODE}, base_url=ISSUER
        )
        assert answer.status_code in {303, int(where)}
        assert called.house.services.user_codes.standing(AN) is None


@pytest.mark.parametrize("language", ALL_LANGUAGES)
def test_the_page_explains_it_in_every_language_and_needs_no_script(
    called: Asker, language: str
) -> None:
    browser = at_the_page(called)
    told = browser.http.get("/account", headers={"Accept-Language": language}, base_url=ISSUER).text
    (form,) = re.findall(r'<form method="post" action="/account/code".*?</form>', told, re.DOTALL)
    assert '<label for="usercode-new">' in form
    assert 'aria-describedby="usercode-hint"' in form
    assert "<button" in form
    assert "PIN" in told or "pin" in told


# --- at a request ---------------------------------------------------------------------------------


def test_a_client_that_is_registered_for_codes_sends_one_every_time(called: Asker) -> None:
    called.house.services.user_codes.choose(AN, CODE)
    phone = called.house.phone()
    for fields in ({}, {"login_hint": "nobody"}, {"user_code": ""}):
        answer = called.send(**fields)
        assert (answer.status_code, answer.json["error"]) == (400, "missing_user_code")
    assert phone.pending() == []


WIDE = "".join(chr(ord(letter) + 0xFEE0) for letter in "maanlicht") + "77"


@pytest.mark.parametrize("said", [CODE, "MAANLICHT77", "maan licht\u00a077", WIDE])
def test_a_code_is_compared_as_people_say_it(called: Asker, said: str) -> None:
    called.house.services.user_codes.choose(AN, CODE)
    assert called.send(user_code=said).status_code == 200


def test_a_code_counts_inside_a_signed_request_and_not_beside_it(called: Asker) -> None:
    called.house.services.user_codes.choose(AN, CODE)
    right = {"request": called.signed(user_code=CODE, jti="1")}
    assert called.post("/bc-authorize", dict(right)).status_code == 200
    beside = {"request": called.signed(jti="2"), "user_code": CODE}
    assert called.post("/bc-authorize", dict(beside)).json["error"] == "missing_user_code"


def test_who_was_told_a_code_may_ask_by_a_subject_that_everybody_knows(called: Asker) -> None:
    """Rule R7: a public subject is no reason to ask somebody, but having been told the code is."""
    called.house.services.user_codes.choose(AN, CODE)
    phone = called.house.phone()
    called.register(subject_type=SubjectType.PUBLIC)
    public = {"subject_type": SubjectType.PUBLIC, "backchannel_user_code": True}
    sector = subject_sector(called.house.client(subject_type=SubjectType.PUBLIC))
    with called.house.services.ledger.begin() as unit:
        known = unit.people.subject(AN, sector, candidate=SubjectId("an-everywhere"))
    called.ask(login_hint=known, scope="openid")
    assert phone.pending() == []
    called.register(**public)
    asked = called.ask(login_hint=known, user_code=CODE, scope="openid")
    called.approved_by(phone)
    assert called.tokens(asked)["id_token"]


def test_other_clients_need_no_code_and_what_they_send_is_ignored(shop: Asker) -> None:
    shop.house.services.user_codes.choose(AN, CODE)
    phone = shop.house.phone()
    shop.ask(user_code="wrong")
    assert len(phone.pending()) == 1
    assert json.loads(shop.house.services.discovery.body)[
        "backchannel_user_code_parameter_supported"
    ]
