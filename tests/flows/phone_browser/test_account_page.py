"""The citizen's page at a real provider: one-time codes, when a card is needed; the app offline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyotp

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.world.citizen_at_browser import Citizen
    from tests.world.landing import Landing
    from tests.world.phone_at_browser import Phone
    from tests.world.running import Running

NOTIFIED = """async () => {
  const ours = await navigator.serviceWorker.ready;
  for (;;) {
    const [shown] = await ours.getNotifications();
    if (shown) {
      const { title, body, data } = shown;
      shown.close();
      return { title, body, data };
    }
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
}"""
READY = "navigator.serviceWorker.ready.then(() => true)"


def test_one_time_codes_are_switched_on_used_and_switched_off(
    newcomer: Callable[..., Citizen], landing: Landing, world: Running, account: Citizen
) -> None:
    page = account.page
    page.goto(f"{world.issuer}/account")
    page.locator("#add-otp").click()
    secret = page.locator("#otp-secret").inner_text().replace(" ", "")
    name = page.locator("#otp-name").inner_text()
    page.locator("#code").fill("000000")
    page.locator("#otp-confirm").click()
    page.locator("#trouble").wait_for()
    assert page.locator("#otp-secret").inner_text().replace(" ", "") == secret, "as it was scanned"
    codes = pyotp.TOTP(secret)
    page.locator("#code").fill(codes.at(world.clock.now()))
    page.locator("#otp-confirm").click()
    page.locator("#remove-otp").wait_for()
    citizen = newcomer()
    citizen.page.goto(landing.request(world.issuer).url)
    citizen.page.locator("#method-totp").click()
    citizen.page.locator("#login-name").fill(name.lower())
    citizen.page.locator("#code").fill(codes.at(world.clock.now(), counter_offset=1))
    citizen.page.locator("#sign-in").click()
    citizen.agree()
    assert "code" in landing.answer(citizen.page)
    citizen.page.goto(f"{world.issuer}/account")
    assert citizen.page.locator("#card-again").is_visible()
    changes = citizen.page.locator("main form:not([action^='/account/sessions/'])")
    assert changes.count() == 0, "nothing is changed by a code alone"
    page.locator("#remove-otp").click()
    page.locator("#add-otp").wait_for()


def test_a_forged_form_of_the_page_changes_nothing(world: Running, account: Citizen) -> None:
    forged = {"form_token": "0" * 64, "device": "x"}
    for path in ("phones", "phones/remove", "otp", "otp/remove", "phone/confirm"):
        answer = account.context.request.post(f"{world.issuer}/account/{path}", form=forged)
        assert answer.status == 403, path
        assert 'data-code="form_forged"' in answer.text()


def test_somebody_signed_in_by_another_means_is_sent_to_the_card_for_a_change(
    newcomer: Callable[..., Citizen], world: Running
) -> None:
    citizen = newcomer()
    page = citizen.page
    page.goto(f"{world.issuer}/")
    page.locator("#account").click()
    page.locator("#account-sign-in").click()
    page.locator("#method-seeded").click()
    page.locator("#username").fill("jules")
    page.locator("#sign-in").click()
    page.locator("#card-again").click()
    page.locator("#card").wait_for()
    assert page.locator("#other-means").count() == 0


def test_an_ordinary_camera_is_told_to_use_the_app_and_enrolment_codes_open_it(
    newcomer: Callable[..., Citizen], world: Running
) -> None:
    page = newcomer().page
    page.goto(f"{world.issuer}/Q/{'A' * 26}/3/{'B' * 16}")
    assert page.locator("#open-app").get_attribute("href") == "/phone/"
    page.goto(f"{world.issuer}/PHONE/#E=ABCD2345")
    assert page.locator("#enrol-code").input_value() == "ABCD2345"


def test_the_app_opens_without_a_network_and_says_so(phone: Phone) -> None:
    phone.open()
    phone.page.locator("#scan").wait_for()
    assert phone.page.evaluate(READY)
    phone.context.set_offline(offline=True)
    try:
        phone.open()
        phone.page.locator("#waiting .alert").wait_for()
        assert phone.text("#offline") == "You are offline."
    finally:
        phone.context.set_offline(offline=False)
    phone.page.locator("#again").click()
    phone.page.locator("#nothing, #pending").wait_for()


def test_a_push_message_shows_words_of_the_phones_language_and_nothing_of_the_request(
    phone: Phone,
) -> None:
    page = phone.page
    phone.context.grant_permissions(["camera", "notifications"], origin=phone.world.issuer)
    phone.open()
    assert page.evaluate(READY)
    tools = phone.context.new_cdp_session(page)
    registered: list[str] = []
    tools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda told: registered.extend(one["registrationId"] for one in told["registrations"]),
    )
    tools.send("ServiceWorker.enable")
    while not registered:
        page.evaluate("0")
    message = {"origin": phone.world.issuer, "registrationId": registered[-1]}
    tools.send("ServiceWorker.deliverPushMessage", {**message, "data": '{"id": "opaque-1"}'})
    shown = page.evaluate(NOTIFIED)
    assert shown == {
        "title": "A request is waiting for you",
        "data": {"id": "opaque-1"},
        "body": "Open the app to see who asks for what. Did you not start this? Then refuse.",
    }
    tools.detach()
