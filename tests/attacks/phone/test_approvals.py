"""Approvals attacked over the whole application: swapped, replayed, late, of somebody else.

Each name begins with the case of the catalogue that it tries.
"""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING

import pytest

from idp.domain.person import PersonId, PersonState
from mobile_flow import pwa
from mobile_flow.proof import HEADER
from tests.attacks.phone.scene import ISSUER, SECOND, Scene, refusal, swap_cookies
from tests.flows.phone.house import claims_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta
    from pathlib import Path

    from mobile_flow.sim.phone import HttpAnswer


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path, starts_per_browser=100)
    yield made
    made.close()


def told(answer: HttpAnswer) -> tuple[int, str]:
    body = json.loads(answer.body)
    return answer.status, body.get("error") or body["approval"]["state"]


# --- the browser --------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", ["claimed", "approved"])
def test_mob_01_a_login_whose_cookie_was_swapped_goes_on_nowhere_else(
    house: Scene, moment: str
) -> None:
    """Fixation: the browser that opened the login, and no other, gets what was approved."""
    victim = house.phone()
    mine = house.claimed(victim) if moment == "claimed" else house.approved(victim)
    other = house.browser().open()
    swap_cookies(mine, other)
    for tail in ("", "/status", "/frames"):
        assert mine.http.get(f"/login/{mine.login}{tail}", base_url=ISSUER).status_code == 403
    assert "login.proven" not in house.audited()
    swap_cookies(mine, other)
    if moment == "claimed":
        victim.number(mine.visit().number)
        victim.approve()
    assert mine.visit().agree().told["code"]


def test_mob_01_two_cookies_of_one_name_are_none(house: Scene) -> None:
    victim = house.phone()
    mine = house.approved(victim)
    planted = next(
        cookie for cookie in mine.http._cookies.values() if cookie.key.endswith("browser")
    )
    header = f"{planted.key}={planted.value}; {planted.key}=planted"
    plain = house.browser()
    answer = plain.http.get(f"/login/{mine.login}", headers={"Cookie": header}, base_url=ISSUER)
    assert answer.status_code == 403
    assert mine.visit().agree().told["code"]


def test_mob_11_an_approval_of_another_person_is_as_good_as_none(house: Scene) -> None:
    victim = house.phone()
    house.claimed(victim)
    approval = str(victim.approval["id"])
    bo = house.phone(of=PersonId("bo"))
    absent = "A" * len(approval)
    for place in ("approvals/{}", "history/{}/receipt"):
        tried = [
            refusal(lambda: bo.call("GET", place.format(one)))  # noqa: B023
            for one in (approval, absent)
        ]
        assert tried == ["approval_unknown"] * 2
    for verb, members in (
        ("open", {}),
        ("number", {"number": "10"}),
        ("approve", {"assertion": {}}),
        ("refuse", {"report": True}),
    ):
        for one in (approval, absent):
            place = f"approvals/{one}/{verb}"
            assert refusal(lambda: bo.call("POST", place, members)) == "approval_unknown"  # noqa: B023
    assert (bo.pending(), bo.history()) == ([], [])
    assert victim.look()["state"] == "claimed"


# --- the code and who claims it -----------------------------------------------------------------


def test_mob_04_a_picture_with_anything_changed_is_refused(house: Scene) -> None:
    victim, browser = house.phone(), house.at_the_phone_page()
    other = house.at_the_phone_page()
    *_, start, t, mac = browser.frame().split("/")
    another = other.frame().split("/")
    tried = {
        "start": f"{another[-3]}/{t}/{mac}",
        "second": f"{start}/{int(t) + 1}/{mac}",
        "mac": f"{start}/{t}/{another[-1]}",
        "kind": f"{start}/S/{mac}",
    }
    for part in tried.values():
        said = refusal(lambda: victim.scan(f"HTTPS://LOCALHOST:8400/Q/{part}"))  # noqa: B023
        assert said == "frame_forged"
    assert refusal(lambda: victim.scan(browser.frame().replace("LOCALHOST", "EVIL.EXAMPLE"))) == (
        "frame_unreadable"
    )
    assert victim.scan(browser.frame())["state"] == "claimed"


def test_mob_07_a_claim_belongs_to_its_phone_whatever_another_one_sends(house: Scene) -> None:
    first, second = house.phone(), house.phone()
    browser = house.claimed(first)
    second.approval = first.approval
    number = browser.visit().number
    assert refusal(lambda: second.number(number)) == "in_use"
    first.number(number)
    second.options = first.options
    assert refusal(lambda: second.approve(first.assertion())) == "in_use"
    browser.submit("restart")
    second.options = {}
    assert refusal(first.approve) == "approval_cancelled"
    assert refusal(lambda: second.number(number)) == "in_use"


def test_mob_14_what_is_approved_after_the_browser_gave_up_opens_nothing(house: Scene) -> None:
    victim = house.phone()
    browser = house.matched(victim)
    browser.visit().submit("cancel")
    assert browser.told["error"] == "access_denied"
    assert refusal(victim.approve) == "approval_cancelled"
    assert victim.look()["state"] == "cancelled"
    assert "login.proven" not in house.audited()


def test_mob_16_a_refusal_reaches_browser_and_e_service_at_once_and_is_recorded(
    house: Scene,
) -> None:
    victim = house.phone()
    browser = house.claimed(victim)
    waiting = browser.json("status")
    victim.refuse()
    assert browser.json("status") != waiting
    assert browser.visit().told["error"] == "access_denied"
    assert "refused" in json.dumps(house.row("approval.decided"))
    place = f"approvals/{victim.approval['id']}/approve"
    assert refusal(lambda: victim.call("POST", place, {"assertion": {}})) == "approval_refused"


# --- captured and sent again --------------------------------------------------------------------


def test_mob_24_a_captured_approval_sent_again_does_nothing_anywhere(house: Scene) -> None:
    victim = house.phone()
    browser = house.approved(victim)
    yes = house.heard_last("/approve")
    assert told(house.again(yes)) == (200, "approved")  # the same answer, the same approval
    browser.visit().agree()
    assert told(house.again(yes)) == (200, "consumed")
    assert house.audited().count("login.proven") == 1
    # A second login of the same person: neither the request nor the assertion fits it.
    other = house.matched(victim)
    elsewhere = f"/phone/api/approvals/{victim.approval['id']}/approve"
    assert told(house.again(yes, path=elsewhere)) == (401, "proof_refused")
    captured = json.loads(yes.body)["assertion"]
    assert refusal(lambda: victim.approve(captured)) == "credential_refused"
    assert other.visit().state == "matched"
    house.wait(301 * SECOND)
    assert told(house.again(yes)) == (401, "use_nonce")


def test_mob_24_a_captured_call_with_another_body_is_refused(house: Scene) -> None:
    victim = house.phone()
    browser = house.claimed(victim)
    wrong = "10" if browser.visit().number != "10" else "11"
    refusal(lambda: victim.number(wrong))
    typed = house.heard_last("/number")
    again = house.claimed(victim)
    changed = json.dumps({"number": again.visit().number}).encode() + b" "  # other bytes, always
    assert told(house.again(typed, body=changed)) == (401, "proof_refused")
    del typed.headers[HEADER]  # type: ignore[attr-defined]
    assert told(house.again(typed))[0] == 401


def test_mob_25_the_phones_clock_is_never_asked(house: Scene) -> None:
    """A phone ten minutes off: what it says of the time is not even read."""
    phone = house.phone()
    sign = phone.key.sign

    def off(*given: str | bytes, **named: str) -> str:
        assert "time" not in named
        return sign(*given, **named)  # type: ignore[arg-type]

    phone.key.sign = off  # type: ignore[method-assign]
    claims = claims_of(house.approved(phone).visit().agree().tokens())
    assert claims["auth_time"] == int(house.at.timestamp())
    head, payload, _ = house.heard_last("/approve").headers[HEADER].split(".")
    said = [json.loads(base64.urlsafe_b64decode(part + "==")) for part in (head, payload)]
    assert not {"iat", "exp", "nbf"} & {*said[0], *said[1]}


def test_mob_25_the_times_in_the_transcript_are_the_providers(house: Scene) -> None:
    phone = house.phone()
    house.matched(phone)
    signed = json.loads(base64.urlsafe_b64decode(str(phone.approval["transcript"]) + "=="))
    now = int(house.at.timestamp())
    assert signed["iat"] == now
    assert signed["t_claim"] <= now < signed["exp"] <= now + 300


# --- levels and e-services ----------------------------------------------------------------------


def test_mob_32_a_low_approval_opens_no_high_login(house: Scene) -> None:
    phone = house.phone(trusted=True)
    browser = house.at_the_phone_page().submit("mobile", index="static")
    code = browser.page.partition('id="typed-code">')[2].partition("<")[0]
    phone.type_code(code)
    phone.number(browser.visit().number)
    signed = json.loads(base64.urlsafe_b64decode(str(phone.approval["transcript"]) + "=="))
    assert (signed["flow"], signed["number_match"]) == ("static", True)
    phone.approve()
    browser.visit().agree()
    assert browser.open(acr_values="eidas3", prompt="none").told["error"] == "interaction_required"
    # Asked for high, the standing code proves too little, and its approval is given up.
    browser.open(acr_values="eidas3").choose("mobile").submit("mobile", index="static")
    code = browser.page.partition('id="typed-code">')[2].partition("<")[0]
    phone.type_code(code)
    phone.number(browser.visit().number)
    phone.approve()
    assert "not sure enough here" in browser.visit().page
    assert phone.look()["state"] == "cancelled"


def test_mob_33_an_approval_is_of_one_authorization_request(house: Scene) -> None:
    """Two logins of one browser: what was approved for the first completes only the first."""
    victim = house.phone()
    browser = house.approved(victim, state="first")
    first = browser.login
    browser.open(state="second")
    assert browser.login != first
    assert "login.proven" not in house.audited()
    assert 'id="method-mobile"' in browser.page
    browser.login = first
    assert browser.visit().agree().told["state"] == "first"


def test_mob_35_the_means_for_one_device_stands_before_the_code_to_scan(house: Scene) -> None:
    page = house.browser().open().page
    assert 0 < page.index('id="method-passkey"') < page.index('id="method-mobile"')


def test_mob_22_no_link_of_ours_opens_an_app_and_none_carries_a_result(house: Scene) -> None:
    victim, browser = house.phone(), house.at_the_phone_page()
    assert browser.frame().startswith("HTTPS://")
    files = {name: one.body for name, one in pwa.files().items()}
    manifest = next(body for name, body in files.items() if name.endswith("webmanifest"))
    assert not {"protocol_handlers", "share_target", "file_handlers"} & json.loads(manifest).keys()
    victim.scan(browser.frame())
    victim.number(browser.visit().number)
    answer = house.again(house.heard_last("/number"))
    victim.approve()
    decided = house.again(house.heard_last("/approve"))
    for one in (answer, decided):
        assert "Location" not in one.headers
        assert not re.search(rb"https?://[^\"]*(token|code)=", one.body)


def test_a_person_who_was_locked_gets_in_by_no_phone(house: Scene) -> None:
    phone = house.phone()
    waiting = house.approved(phone)
    with house.services.ledger.begin() as unit:
        unit.people.set_state(PersonId("an"), PersonState.LOCKED, at=house.at)
    assert "code" not in waiting.visit().answer.headers.get("Location", "")
    browser = house.browser().open().choose("passkey").passkey_of(phone)
    assert "code" not in browser.answer.headers.get("Location", "")
    assert "login.proven" not in house.audited()


def test_an_approval_waits_two_minutes_for_its_browser_and_no_longer(house: Scene) -> None:
    phone = house.phone()
    browser = house.approved(phone)
    lasts: timedelta = 181 * SECOND
    house.wait(lasts)
    assert browser.visit().state == "expired"
    assert "login.proven" not in house.audited()
