"""The phone's app: the fixed order of a question, every refusal, signed calls, offline."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.services.components import missing
from tests.unit.phone_app.straw_provider import (
    CLAIMED,
    MATCHED,
    ORIGIN,
    Refusal,
    json_part,
    open_app,
)

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.unit.phone_app.straw_provider import Straw

AXE = Path(__file__).parents[2] / "npm" / "node_modules" / "axe-core" / "axe.min.js"
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
PLACES = ("", "#/code", "#/asked/ABCDEFGHIJ", "#/history", "#/phones", "#/settings", "#/scan")
ORDER = (
    "#client-name",
    "#client-domain",
    "#purpose",
    "#claims",
    "#details",
    "#message",
    "#where",
    "#warning",
    "#refuse",
    "#approve",
)


def claim(page: Page) -> None:
    open_app(page, "#/code")
    page.locator("#code").fill("abcd-2345")
    page.locator("#code-go").click()
    page.locator("#number").wait_for()


def ask(page: Page) -> None:
    claim(page)
    page.locator("#number").fill("42")
    page.locator("#number-go").click()
    page.locator("#approve").wait_for()


def test_a_question_is_shown_in_the_fixed_order_with_refuse_first_and_as_large(page: Page) -> None:
    ask(page)
    assert page.locator("h1").inner_text() == "Sign in to"
    tops = [page.locator(part).evaluate("e => e.offsetTop * 1e4 + e.offsetLeft") for part in ORDER]
    assert tops == sorted(tops)
    no, yes = (page.locator(part).bounding_box() for part in ("#refuse", "#approve"))
    assert no is not None
    assert yes is not None
    assert abs(no["width"] - yes["width"]) < 1
    assert abs(no["height"] - yes["height"]) < 1
    assert page.evaluate("document.activeElement.id") == "refuse"
    assert page.locator("#message").inner_text() == "“Ref <b>77</b>”"
    # The reasons are in the language of the login, whatever that of the app is.
    assert page.locator(".reason").first.get_attribute("lang") == "en"
    assert "Nobody phones you about this" in page.locator("#warning").inner_text()
    warnings = page.locator(".warning").all_inner_texts()
    assert [text.split(".")[0] for text in warnings] == [
        "Another phone tried to answer",
        "This request came by a fixed code",
        "Nobody phones you about this",
    ]


def test_before_the_number_is_typed_nothing_can_be_approved_but_refused(page: Page) -> None:
    claim(page)
    assert page.locator("#approve").count() == 0
    assert page.locator("#client-name").inner_text() == "Municipality of Specimen"
    page.locator("#number").fill("4")
    page.locator("#number-go").click()
    assert page.locator("#number-wrong").inner_text() == "Type two digits."
    page.locator("#refuse").click()
    assert page.locator("#end").get_attribute("data-state") == "refused"


def test_a_call_is_signed_over_method_path_body_and_the_servers_nonce(
    page: Page, straw: Straw
) -> None:
    claim(page)
    ((_, _, headers, body),) = [one for one in straw.asked if one[1] == "approvals/claim"]
    token = headers["sesame-device"]
    assert json_part(token, 0) == {"alg": "ES256", "typ": "sesame-device+jwt", "kid": "d1"}
    said = json_part(token, 1)
    digest = hashlib.sha256(str(body).encode()).digest()
    assert said["bh"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert (said["htm"], said["htu"]) == ("POST", "/phone/api/approvals/claim")
    assert json.loads(str(body)) == {"code": "abcd2345"}
    assert "cookie" not in headers
    assert headers["accept-language"] == "en"
    later = [one for one in straw.asked if one[1] != "approvals/claim"]
    page.locator("#refuse").click()
    page.locator("#end").wait_for()
    assert json_part(straw.asked[-1][2]["sesame-device"], 1)["nonce"].startswith("nonce-")
    assert len(straw.asked) > len(later)


def test_an_old_nonce_is_asked_anew_once_and_not_for_ever(page: Page, straw: Straw) -> None:
    straw.answers["GET", "devices"] = Refusal(status=401, code="use_nonce")
    open_app(page, "#/phones")
    page.locator(".alert[data-code=use_nonce]").wait_for()
    assert [path for _, path, _, _ in straw.asked] == ["devices", "devices"]


@pytest.mark.parametrize(
    ("code", "next_"),
    [
        ("frame_stale", "#scan-again"),
        ("start_gone", "#scan-again"),
        ("in_use", "#scan-again"),
        ("phone_frozen", "#home"),
        ("phone_too_many", "#home"),
    ],
)
def test_every_refusal_says_what_to_do_next(
    page: Page, straw: Straw, code: str, next_: str
) -> None:
    straw.answers["POST", "approvals/claim"] = Refusal(status=400, code=code)
    open_app(page, "#/code")
    page.locator("#code").fill("abcd2345")
    page.locator("#code-go").click()
    page.locator(f".alert[data-code={code}]").wait_for()
    assert page.locator("h1").inner_text() == f"Title {code}"
    assert page.locator(next_).is_visible()
    assert page.evaluate("document.activeElement.tagName") == "H1"


def test_a_phone_that_answers_something_else_is_led_there(page: Page, straw: Straw) -> None:
    straw.answers["POST", "approvals/claim"] = Refusal(
        status=409, code="device_busy", more={"approval": "ABCDEFGHIJ"}
    )
    open_app(page, "#/code")
    page.locator("#code").fill("abcd2345")
    page.locator("#code-go").click()
    page.locator("#busy").click()
    page.locator("#number").wait_for()


def test_a_removed_phone_forgets_its_key_and_offers_to_enrol_again(
    page: Page, straw: Straw
) -> None:
    straw.answers["GET", "devices"] = Refusal(status=403, code="device_removed")
    open_app(page, "#/phones")
    page.locator("h1", has_text="This phone was removed").wait_for()
    page.locator("#home").click()
    page.locator("#enrol-code").wait_for()


def test_that_another_phone_is_gone_does_not_make_this_one_forget_its_key(
    page: Page, straw: Straw
) -> None:
    straw.answers["POST", "devices/d2/remove"] = Refusal(status=404, code="phone_unknown")
    open_app(page, "#/phones")
    page.locator("#phones li").nth(1).get_by_role("button", name="Remove: Tablet").click()
    page.locator("#remove-go").click()
    page.locator(".alert[data-code=phone_unknown]").wait_for()
    page.locator("#home").click()
    page.locator("#scan").wait_for()


def test_without_a_network_nothing_is_lost_and_it_goes_on_where_it_stood(
    page: Page, straw: Straw
) -> None:
    ask(page)
    straw.down = True
    page.locator("#refuse").click()
    page.locator("h1", has_text="No connection").wait_for()
    straw.down = False
    page.locator("#again").click()
    assert page.locator("#end").get_attribute("data-state") == "refused"


def test_the_browsers_giving_up_is_noticed(page: Page, straw: Straw) -> None:
    page.clock.install()
    ask(page)
    straw.answers["GET", "approvals/ABCDEFGHIJ"] = {"approval": {**CLAIMED, "state": "cancelled"}}
    page.clock.run_for(5_000)
    page.locator("#end[data-state=cancelled]").wait_for()


def test_without_the_screen_lock_nothing_is_approved(page: Page, straw: Straw) -> None:
    ask(page)
    page.locator("#approve").click()
    page.locator(".alert:visible").wait_for()
    assert page.locator("#refuse").is_visible()
    assert not [path for _, path, _, _ in straw.asked if path.endswith("/approve")]


def test_somebody_who_did_not_start_it_says_so_in_two_steps(page: Page, straw: Straw) -> None:
    ask(page)
    page.locator("#not-me").click()
    page.locator("#back").click()
    page.locator("#not-me").click()
    straw.answers["POST", "approvals/ABCDEFGHIJ/refuse"] = {
        "approval": {**MATCHED, "state": "reported"}
    }
    page.locator("#report-go").click()
    assert page.locator("#end").get_attribute("data-state") == "reported"
    assert json.loads(str(straw.asked[-1][3])) == {"report": True}


def test_a_code_from_the_address_is_only_filled_in_and_leaves_the_address(
    page: Page, straw: Straw
) -> None:
    open_app(page, "#E=ABCD2345", enrolled=False)
    assert page.locator("#enrol-code").input_value() == "ABCD2345"
    assert page.url.endswith("/phone/")
    assert straw.asked == []


def test_an_enrolment_survives_a_reload_and_its_cancelling_keeps_nothing(
    page: Page, straw: Straw
) -> None:
    open_app(page, "#E=ABCD2345", enrolled=False)
    page.locator("#enrol-go").click()
    assert page.locator("#matching").inner_text() == "K7QX"
    page.reload()
    assert page.locator("#matching").inner_text() == "K7QX"
    assert "jwk" in json_part(straw.asked[-1][2]["sesame-device"], 0)
    page.locator("#cancel").click()
    page.locator("h1", has_text="The enrolment has ended").wait_for()
    page.reload()
    page.locator("#enrol-code").wait_for()
    assert ("POST", "enrolments/e1/cancel") in {(one[0], one[1]) for one in straw.asked}


@pytest.mark.timeout(300)
def test_axe_finds_nothing_and_nothing_overflows_in_any_language(page: Page) -> None:
    if not AXE.exists():
        missing("axe-core")
    axe, found = AXE.read_text(encoding="utf-8"), []
    open_app(page)
    for language in ("nl", "fr", "de", "en"):
        open_app(page, "#/settings")
        page.locator("#language").select_option(language)
        page.locator(f"html[lang={language}]").wait_for(state="attached")
        for place in PLACES:
            page.goto(f"about:blank{place}")
            open_app(page, place)
            page.locator("h1").wait_for()
            page.set_viewport_size({"width": 320, "height": 640})
            found += [(language, place, "wide")] if page.evaluate(WIDER) > 0 else []
            if language != "fr":
                continue
            page.evaluate(axe)
            result = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
            found += [(place, one["id"], one["nodes"][0]["html"]) for one in result["violations"]]
    assert found == []


def test_what_is_unusual_is_read_before_it_can_be_approved_and_refusing_never_waits(
    page: Page, straw: Straw
) -> None:
    page.clock.install()
    straw.answers["POST", "approvals/ABCDEFGHIJ/number"] = {"approval": {**MATCHED, "read_for": 10}}
    ask(page)
    assert page.locator("#unusual").is_visible()
    yes = page.locator("#approve")
    assert (yes.get_attribute("aria-disabled"), yes.inner_text()) == (
        "true",
        "Read first: 10 s left",
    )
    assert page.locator("#refuse").get_attribute("aria-disabled") is None
    page.clock.run_for(9_500)
    assert yes.inner_text() == "Read first: 1 s left"
    page.clock.run_for(1_000)
    assert (yes.get_attribute("aria-disabled"), yes.inner_text()) == (None, "Approve")


def test_no_link_opens_a_question_the_list_shows_what_waits(page: Page, straw: Straw) -> None:
    """Rule R6: the app is opened by its person; what somebody sent them opens nothing."""
    open_app(page, "#/asked/ABCDEFGHIJ")
    page.locator("#pending a").wait_for()
    assert page.url.endswith("/phone/")
    assert not [path for _, path, _, _ in straw.asked if path.startswith("approvals/")]


def test_only_a_claim_carries_the_browsers_cookie(page: Page, straw: Straw) -> None:
    page.context.add_cookies([{"name": "sesame_browser", "value": "b1", "url": ORIGIN}])
    ask(page)
    sent = {path: headers.get("cookie", "") for _, path, headers, _ in straw.asked}
    assert sent["approvals/claim"] == "sesame_browser=b1"
    assert not [path for path, cookie in sent.items() if cookie and path != "approvals/claim"]
