"""Logins by phone, passkey and one-time code, through the whole application."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pyotp
import pytest

from mobile_flow import receipts
from mobile_flow.model import PersonRef
from mobile_flow.sim.phone import PhoneRefused
from tests.flows.phone.house import AN, CARD, DAY, ISSUER, SECOND, House, claims_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SUBSTANTIAL = "http://eidas.europa.eu/NotNotified/LoA/substantial"
HIGH = "http://eidas.europa.eu/NotNotified/LoA/high"
LOW = "http://eidas.europa.eu/NotNotified/LoA/low"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.close()


def jwks(house: House) -> Any:
    return json.loads(house.services.ring.jwks().body)


# --- the code that moves ------------------------------------------------------------------------


def test_a_phone_scans_types_the_number_and_the_browser_is_in(house: House) -> None:
    phone, browser = house.phone(), house.browser().open().choose("mobile")
    waiting = browser.json("status")
    seen = phone.scan(browser.frame())
    assert seen["needs_number"]
    assert "number" not in seen
    assert seen["shown"]["client_domain"] == "shop.example"
    assert [claim["name"] for claim in seen["shown"]["claims"]] == ["given_name"]
    assert browser.json("status") != waiting
    assert browser.json("frames") == {"state": "claimed", "frames": [], "next_ms": 2000}
    phone.number(browser.visit().number)
    phone.approve()
    assert browser.json("status")["phone"] == "approved"
    claims = claims_of(browser.visit().agree().tokens())
    assert claims["acr"] == SUBSTANTIAL
    assert claims["amr"] == ["hwk", "user", "pop", "mfa", "be:qr"]
    assert {"phone.enrolled", "approval.claimed", "approval.decided", "login.proven"} <= set(
        house.audited()
    )


def test_the_receipt_of_a_login_verifies_without_us(house: House) -> None:
    phone, browser = house.phone(), house.browser().open().choose("mobile")
    browser.approved_by(phone)
    document = phone.receipt(phone.history()[0]["id"])
    verified = receipts.verify(json.dumps(document).encode(), jwks=jwks(house))
    assert (verified.shown.client_name, verified.transcript["flow"]) == ("Shop", "qr")
    assert verified.transcript["number_match"] is True


def test_a_synced_passkey_says_so_and_never_reaches_high(house: House) -> None:
    phone = house.phone(synced=True, trusted=True)
    tokens = house.browser().open().choose("mobile").approved_by(phone).agree().tokens()
    assert claims_of(tokens)["acr"] == SUBSTANTIAL
    assert claims_of(tokens)["amr"][0] == "swk"


def test_a_new_phone_gives_no_high_until_a_day_passed(house: House) -> None:
    phone, high = house.phone(), {"acr_values": "eidas3"}
    browser = house.browser().open(**high).choose("mobile").approved_by(phone)
    assert "not sure enough here" in browser.page
    assert browser.state == "cancelled"
    house.wait(DAY)
    browser = house.browser().open(**high).choose("mobile").approved_by(phone).agree()
    assert claims_of(browser.tokens())["acr"] == "eidas3"


def test_a_wrong_number_ends_it_and_other_means_are_left(house: House) -> None:
    phone, browser = house.phone(), house.browser().open().choose("mobile")
    phone.scan(browser.frame())
    wrong = "10" if browser.visit().number != "10" else "11"
    with pytest.raises(PhoneRefused, match="number_wrong"):
        phone.number(wrong)
    assert browser.visit().state == "wrong_number"
    assert 'id="other-means"' in browser.page
    browser.submit("mobile", index="animated").approved_by(phone)
    assert browser.agree().told["code"]


@pytest.mark.parametrize("report", [False, True])
def test_a_no_on_the_phone_ends_the_login_and_the_service_is_told(
    house: House,
    report: bool,  # noqa: FBT001
) -> None:
    phone, browser = house.phone(), house.browser().open().choose("mobile")
    phone.scan(browser.frame())
    phone.refuse(report=report)
    assert browser.visit().told["error"] == "access_denied"
    assert "login.refused" in house.audited()


def test_a_cancel_in_the_browser_is_heard_by_the_phone(house: House) -> None:
    phone, browser = house.phone(), house.browser().open().choose("mobile")
    phone.scan(browser.frame())
    phone.number(browser.visit().number)
    assert browser.submit("cancel").told["error"] == "access_denied"
    with pytest.raises(PhoneRefused, match="approval_cancelled"):
        phone.approve()


def test_choosing_another_means_gives_the_phone_up(house: House) -> None:
    phone, browser = house.phone(), house.browser().open().choose("mobile")
    phone.scan(browser.frame())
    browser.visit().choose("passkey")
    assert phone.look()["state"] == "cancelled"


def test_an_approval_is_used_once_by_whichever_tab_comes_first(house: House) -> None:
    phone, browser = house.phone(), house.browser().open().choose("mobile")
    first = browser.approved_by(phone)
    consent = first.page
    assert browser.visit().page.count("claim.given_name") == consent.count("claim.given_name") == 1
    assert house.audited().count("login.proven") == 1


def test_another_browser_learns_nothing_of_a_waiting_login(house: House) -> None:
    browser, other = house.browser().open().choose("mobile"), house.browser()
    other.http.get("/", base_url=ISSUER)
    for tail in ("", "/status", "/frames"):
        answer = other.http.get(f"/login/{browser.login}{tail}", base_url=ISSUER)
        assert answer.status_code == 403
        assert "phone" not in answer.text.lower().partition("<main")[0]


# --- the code that stands still -----------------------------------------------------------------


def test_a_typed_code_is_renewed_and_never_reaches_high(house: House) -> None:
    phone = house.phone(trusted=True)
    browser = house.browser().open().choose("mobile").submit("mobile", index="static")
    code = browser.page.partition('id="typed-code">')[2].partition("<")[0]
    assert "<svg" in browser.page
    house.wait(31 * SECOND)
    renewed = browser.visit().page.partition('id="typed-code">')[2].partition("<")[0]
    assert renewed != code
    with pytest.raises(PhoneRefused, match="start_gone"):
        phone.type_code(code)
    assert phone.type_code(renewed)["kind"] == "static"
    phone.number(browser.visit().number)
    phone.approve()
    claims = claims_of(browser.visit().agree().tokens())
    assert claims["acr"] == SUBSTANTIAL


def test_a_client_may_switch_the_standing_code_off(house: House) -> None:
    house.register(allow_static_code=False)
    browser = house.browser().open().choose("mobile")
    assert 'id="phone-static"' not in browser.page
    browser.page = browser.page.replace("/restart", "/mobile")
    browser.submit("mobile", how="static")
    assert browser.answer.status_code == 400


# --- passkeys -----------------------------------------------------------------------------------


def test_a_passkey_needs_no_name_and_resists_phishing(house: House) -> None:
    phone = house.phone()
    browser = house.browser().open(acr_values="phr").passkey_of(phone)
    claims = claims_of(browser.agree().tokens())
    assert (claims["acr"], claims["amr"]) == ("phr", ["hwk", "user", "pop", "mfa"])
    document = phone.receipt(phone.history()[0]["id"])
    verified = receipts.verify(json.dumps(document).encode(), jwks=jwks(house))
    assert verified.transcript["flow"] == "passkey"


def test_a_login_that_must_resist_phishing_offers_no_code_to_scan(house: House) -> None:
    browser = house.browser().open(acr_values="phr")
    # Only one means is left, so nobody has to choose it.
    assert "data-options" in browser.page
    assert "mobile" not in browser.page.partition("<main")[2].partition("</main>")[0]


def test_an_assertion_counts_once(house: House) -> None:
    phone = house.phone()
    browser = house.browser().open().choose("passkey")
    before = browser.page
    browser.passkey_of(phone)
    assert "consent" in browser.page
    other = house.browser().open().choose("passkey")
    other.page = before.replace(browser.login, other.login)
    answered = other.passkey_of(phone)
    assert answered.answer.status_code == 403


def test_a_removed_phone_is_refused_at_the_passkey_page(house: House) -> None:
    phone = house.phone()
    house.desk.enrolments.remove(PersonRef(AN), phone.key.device)
    browser = house.browser().open().choose("passkey").passkey_of(phone)
    assert "not on your list" in browser.page
    assert "data-options" in browser.page


# --- what hangs off a phone ---------------------------------------------------------------------


def test_nothing_is_issued_on_a_phone_that_was_removed(house: House) -> None:
    phone = house.phone()
    browser = house.browser().open().choose("mobile").approved_by(phone).agree()
    tokens = browser.tokens()
    house.desk.enrolments.remove(PersonRef(AN), phone.key.device)
    assert browser.userinfo(tokens["access_token"]) == 401
    refused = browser.refreshed(tokens["refresh_token"])
    assert (refused.status_code, refused.json["error"]) == (400, "invalid_grant")
    # Nor does the session sign on anywhere.
    assert 'id="method-mobile"' in browser.open().page


def test_this_was_not_me_ends_what_the_approval_opened(house: House) -> None:
    phone = house.phone()
    browser = house.browser().open().choose("mobile").approved_by(phone).agree()
    tokens = browser.tokens()
    assert browser.userinfo(tokens["access_token"]) == 200
    phone.refuse(report=True)
    assert browser.userinfo(tokens["access_token"]) == 401
    assert browser.refreshed(tokens["refresh_token"]).status_code == 400
    assert 'id="method-mobile"' in browser.open().page
    with house.services.ledger.read() as unit:
        assert unit.phones.frozen_until(PersonRef(AN), kind="push") == house.at + DAY
    assert {"approval.reported", "session.ended"} <= set(house.audited())


def test_a_reported_passkey_login_ends_too(house: House) -> None:
    phone = house.phone()
    browser = house.browser().open().choose("passkey").passkey_of(phone).agree()
    tokens = browser.tokens()
    phone.approval = phone.history()[0]
    phone.refuse(report=True)
    assert browser.userinfo(tokens["access_token"]) == 401


def test_a_login_from_another_device_lives_an_hour_and_goes_offline_only_where_registered(
    house: House,
) -> None:
    phone = house.phone()
    offline = {"scope": "openid profile offline_access", "prompt": "consent"}
    tokens = house.browser().open(**offline).choose("mobile").approved_by(phone).agree().tokens()
    assert "offline_access" not in tokens["scope"].split()
    house.register(allow_offline_from_phone=True)
    browser = house.browser().open(**offline).choose("mobile").approved_by(phone).agree()
    assert "offline_access" in browser.tokens()["scope"].split()
    for _ in range(3):
        house.wait(timedelta(minutes=19))
        assert browser.open().told["code"]
    house.wait(timedelta(minutes=4))
    assert 'id="method-mobile"' in browser.open().page


def test_a_passkey_login_goes_offline_and_lives_its_day(house: House) -> None:
    phone = house.phone()
    offline = {"scope": "openid profile offline_access", "prompt": "consent"}
    browser = house.browser().open(**offline).choose("passkey")
    tokens = browser.passkey_of(phone).agree().tokens()
    assert "offline_access" in tokens["scope"].split()
    for _ in range(4):
        house.wait(timedelta(minutes=20))
        assert browser.open(scope="openid profile").told["code"]


# --- one-time codes -----------------------------------------------------------------------------


def one_time(house: House) -> tuple[str, pyotp.TOTP]:
    begun = house.desk.passwords.begin(PersonRef(AN), card_fingerprint=CARD)
    totp = pyotp.TOTP(begun.secret)
    house.desk.passwords.confirm(PersonRef(AN), totp.at(house.at))
    house.wait(60 * SECOND)
    return begun.login_name, totp


def test_a_one_time_code_reaches_level_low_and_counts_once(house: House) -> None:
    name, totp = one_time(house)
    code = totp.at(house.at)
    browser = house.browser().open().choose("totp").submit("totp", login_name=name, code=code)
    claims = claims_of(browser.agree().tokens())
    assert (claims["acr"], claims["amr"]) == (LOW, ["otp"])
    again = house.browser().open().choose("totp").submit("totp", login_name=name, code=code)
    assert "login name or the code is wrong" in again.page


def test_an_unknown_name_and_a_wrong_code_answer_alike(house: House) -> None:
    name, totp = one_time(house)
    pages = []
    for code in ("000000", totp.at(house.at - DAY)):
        browser = house.browser().open().choose("totp")
        browser.submit("totp", login_name=name, code=code)
        pages.append(browser.page.partition("<main")[2].count("login name or the code is wrong"))
    assert pages == [1, 1]


def test_a_code_is_not_offered_where_more_is_needed_and_ends_with_its_secret(house: House) -> None:
    name, totp = one_time(house)
    assert 'id="method-totp"' not in house.browser().open(acr_values="eidas2").page
    browser = house.browser().open().choose("totp")
    browser.submit("totp", login_name=name, code=totp.at(house.at))
    tokens = browser.agree().tokens()
    house.desk.passwords.remove(PersonRef(AN))
    assert browser.userinfo(tokens["access_token"]) == 401
