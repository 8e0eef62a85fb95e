"""A citizen with a phone signs in at a computer, in two real browsers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.world.phone_at_browser import lent_passkey

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.world.citizen_at_browser import Citizen
    from tests.world.landing import Landing
    from tests.world.phone_at_browser import Phone
    from tests.world.running import Running


def test_an_enrolled_phone_is_listed_on_both_sides_and_noticed(
    account: Citizen, phone: Phone
) -> None:
    page = account.page
    page.goto(f"{account.world.issuer}/account")
    assert page.locator("#phones .means-name").all_inner_texts() == ["Telephone"]
    assert "New phone:" in page.locator("#notices").inner_text()
    phone.open("#/phones")
    assert phone.page.locator("#phones .tag").inner_text() == "this phone"


def test_a_citizen_signs_in_by_passkey_without_typing_a_name(
    newcomer: Callable[..., Citizen], landing: Landing, world: Running, phone: Phone
) -> None:
    citizen = newcomer()
    citizen.page.goto(landing.request(world.issuer).url)
    by_passkey(citizen, phone)
    citizen.agree()
    assert "code" in landing.answer(citizen.page)


def test_once_its_owner_says_so_card_in_hand_the_phone_serves_for_the_highest_level(
    newcomer: Callable[..., Citizen], world: Running, account: Citizen, phone: Phone
) -> None:
    account.page.goto(f"{world.issuer}/account/login?for=changes")
    account.show_card("adult")
    assert account.page.locator("#phone-name").inner_text() == "Telephone"
    account.wait_for_the_guard()
    account.page.locator("#phone-yes").focus()
    account.page.keyboard.press("Enter")
    account.page.locator("#person-name").wait_for()
    assert "Counts for the highest level" not in account.page.locator("#phones").inner_text()
    citizen = newcomer("fr")
    citizen.ask_to_sign_in("fr")
    by_passkey(citizen, phone)
    citizen.agree()
    assert citizen.page.url == f"{world.service}/file"
    assert citizen.page.locator("#acr").inner_text().endswith("/LoA/high")


def test_a_code_is_typed_and_then_the_number_and_the_browser_goes_on_by_itself(
    newcomer: Callable[..., Citizen], landing: Landing, phone: Phone
) -> None:
    citizen = newcomer()
    page = at_the_phones_page(citizen, landing)
    phone.type_code(fixed_code(page))
    phone.page.locator("#number").wait_for()
    assert phone.text("#client-name") == "Landing"
    phone.type_number(page.locator("#number").inner_text())
    phone.page.locator("#approve").wait_for()
    assert [phone.text(f"#{part}") for part in ("client-name", "client-domain")] == [
        "Landing",
        landing.address.partition("://")[2],
    ]
    assert "Full name" in phone.text("#claims")
    assert phone.page.evaluate("document.activeElement.id") == "refuse"
    page.locator("#phone-title", has_text="Go on with your phone").wait_for()
    phone.approve()
    citizen.agree()
    assert "code" in landing.answer(page)
    phone.open("#/history")
    first = phone.page.locator("#history li").first
    assert first.get_attribute("data-state") == "consumed"


def test_the_camera_scans_the_code_that_is_drawn_and_the_code_is_gone_at_once(
    newcomer: Callable[..., Citizen], landing: Landing, world: Running, phone: Phone
) -> None:
    citizen = newcomer()
    page = at_the_phones_page(citizen, landing)
    with world.clock.standing_still():
        phone.hold_before_the_camera(page.locator("#qr"))
        phone.open("#/scan")
        phone.page.locator("#number").wait_for()
        page.locator("#number").wait_for()
        assert page.locator("#qr").count() == 0
    phone.type_number(page.locator("#number").inner_text())
    phone.approve()
    citizen.agree()
    assert "code" in landing.answer(page)


def test_a_wrong_number_ends_it_on_both_screens(
    newcomer: Callable[..., Citizen], landing: Landing, phone: Phone
) -> None:
    page = at_the_phones_page(newcomer(), landing)
    phone.type_code(fixed_code(page))
    shown = page.locator("#number").inner_text()
    phone.type_number("11" if shown != "11" else "12")
    assert phone.end() == "wrong_number"
    page.locator("#phone-over[data-state=wrong_number]").wait_for()
    page.locator("#phone-again").click()
    assert page.locator("#typed-code").inner_text()


def test_a_refusal_on_the_phone_goes_back_to_the_service(
    newcomer: Callable[..., Citizen], landing: Landing, phone: Phone
) -> None:
    page = at_the_phones_page(newcomer(), landing)
    phone.type_code(fixed_code(page))
    phone.type_number(page.locator("#number").inner_text())
    phone.refuse()
    assert phone.end() == "refused"
    assert landing.answer(page)["error"] == "access_denied"


def test_the_language_can_be_changed_in_the_middle_on_either_screen(
    newcomer: Callable[..., Citizen], landing: Landing, phone: Phone
) -> None:
    page = at_the_phones_page(newcomer(), landing)
    page.locator("a[hreflang=fr]").click()
    assert page.locator("#phone-title").inner_text() == "S'identifier avec votre téléphone"
    phone.type_code(fixed_code(page))
    phone.page.locator("#number").wait_for()
    page.locator("#number").wait_for()
    page.locator("a[hreflang=de]").click()
    page.locator("#phone-title", has_text="Geben Sie diese Zahl").wait_for()
    shown = page.locator("#number").inner_text()
    phone.open("#/settings")
    phone.page.locator("#language").select_option("nl")
    phone.page.locator("h1", has_text="Instellingen").wait_for()
    # No address opens a question: its person opens it in the list.
    phone.open("#/")
    phone.page.locator("#pending a").click()
    phone.page.locator("h1", has_text="Welk getal").wait_for()
    phone.type_number(shown)
    assert phone.text("#refuse") == "Weigeren"
    phone.refuse()
    phone.open("#/settings")
    phone.page.locator("#language").select_option("en")
    phone.page.locator("h1", has_text="Settings").wait_for()


def by_passkey(citizen: Citizen, phone: Phone) -> None:
    """Sign in with the phone's passkey, which the computer reaches."""
    with lent_passkey(phone, citizen.page):
        citizen.page.locator("#method-passkey").click()
        citizen.page.locator("#passkey-start").click()
        citizen.page.locator("#agree").wait_for()


def at_the_phones_page(citizen: Citizen, landing: Landing) -> Page:
    """Ask for a sign-in and choose the phone."""
    citizen.page.goto(landing.request(citizen.world.issuer).url)
    citizen.page.locator("#method-mobile").click()
    citizen.page.locator("#qr").wait_for()
    return citizen.page


def fixed_code(page: Page) -> str:
    """Ask for the code that is typed, and read it."""
    page.locator("#phone-static").click()
    return page.locator("#typed-code").inner_text()
