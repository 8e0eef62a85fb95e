"""Each page worked with the keyboard alone: in order, with a focus that is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.world.citizen_at_browser import empty_reader

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.world.citizen_at_browser import Citizen
    from tests.world.landing import Landing
    from tests.world.running import Running

# What can be reached, in the order of the page, from where the focus is now.
REACHABLE = """() => {
  const wanted = "a[href], button, summary, input:not([type=hidden])";
  const here = document.activeElement;
  return [...document.querySelectorAll(wanted)]
    .filter((one) => one.checkVisibility())  // not what a closed part hides
    .filter((one) => here === document.body ||
      here.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING)
    .map((one) => one.outerHTML);
}"""
HERE = "document.activeElement.outerHTML"
SEEN = """() => {
  const style = getComputedStyle(document.activeElement);
  return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
}"""
ID = "document.activeElement.id"


def test_choose_consent_and_the_seeded_sign_in(
    citizen: Citizen, world: Running, landing: Landing
) -> None:
    page = citizen.page
    page.goto(landing.request(world.issuer).url)
    skip_to_the_content(page)
    walk(page)
    go_to(page, "method-seeded")
    follow(page, "Enter")
    walk(page)
    go_to(page, "username")
    page.keyboard.type("nobody")
    follow(page, "Enter")
    assert page.evaluate(ID) == "trouble"
    go_to(page, "username")
    page.keyboard.type("lena")
    go_to(page, "sign-in")
    follow(page, "Space")
    walk(page)
    go_to(page, "claim-1")
    page.keyboard.press("Space")
    assert not page.locator("#claim-1").is_checked()
    citizen.wait_for_the_guard()
    go_to(page, "agree")
    follow(page, "Enter")
    assert "code" in landing.answer(page)


def test_the_card_page_and_a_refused_card(citizen: Citizen, world: Running) -> None:
    page = citizen.page
    page.goto(world.service)
    go_to(page, "sign-in")
    follow(page, "Enter")
    page.locator("#card").wait_for()
    skip_to_the_content(page)
    walk(page)
    go_to(page, "card-start")
    with citizen.context.expect_page() as opened:
        page.keyboard.press("Enter")
    tab = opened.value
    tab.wait_for_load_state()
    tab.locator("form:has(input[value=revoked]) button").focus()
    follow(tab, "Enter")
    assert tab.evaluate(ID) == "pin"
    tab.keyboard.type(world.world.people.pin)
    follow(tab, "Enter")
    page.locator("#trouble").wait_for()
    assert page.evaluate(ID) == "trouble"
    tab.close()
    empty_reader(world.agent)
    page.bring_to_front()
    go_to(page, "cancel")
    follow(page, "Space")
    assert page.locator("#trouble").inner_text() == "You stopped signing in"
    go_to(page, "back")
    follow(page, "Enter")
    assert page.url == f"{world.service}/"


def test_home_the_question_about_signing_out_and_its_end(
    citizen: Citizen, world: Running, landing: Landing
) -> None:
    page = citizen.page
    citizen.sign_in_by_name(landing.request(world.issuer).url, "lena")
    page.goto(world.issuer)
    skip_to_the_content(page)
    walk(page)
    go_to(page, "sign-out")
    follow(page, "Enter")
    walk(page)
    go_to(page, "stay")
    follow(page, "Enter")
    assert page.url == f"{world.issuer}/"
    go_to(page, "sign-out")
    follow(page, "Enter")
    go_to(page, "confirm-logout")
    follow(page, "Enter")
    assert page.locator("#signed-out").count() == 1
    skip_to_the_content(page)
    walk(page)


def test_an_error_page(citizen: Citizen, world: Running) -> None:
    page = citizen.page
    page.goto(f"{world.issuer}/authorize?client_id=nobody")
    assert page.evaluate(ID) == "problem"
    walk(page)
    go_to(page, "way-out")
    follow(page, "Enter")
    assert page.url == f"{world.issuer}/"


def walk(page: Page) -> None:
    """Tab through the page: everything in its order, each with a focus that is seen."""
    expected = page.evaluate(REACHABLE)
    assert expected
    for one in expected:
        page.keyboard.press("Tab")
        assert page.evaluate(HERE) == one
        assert page.evaluate(SEEN), one
    for _ in expected:
        page.keyboard.press("Shift+Tab")


def go_to(page: Page, element: str) -> None:
    """Press Tab until this element has the focus."""
    for _ in range(40):
        if page.evaluate(ID) == element:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{element} cannot be reached")


def follow(page: Page, key: str) -> None:
    """Press a key that leads to another page."""
    with page.expect_navigation():
        page.keyboard.press(key)


def skip_to_the_content(page: Page) -> None:
    """The first stop is the link that skips the header; it is seen, and it works."""
    page.keyboard.press("Tab")
    skip = page.locator(".skip")
    assert skip.evaluate("element => element === document.activeElement")
    box = skip.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate(ID) == "main"
    page.evaluate("document.activeElement.blur()")
    page.reload()
