"""One person, one browser, two e-services: an approval is of what was shown, of nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from idp.domain.client import ClientId
from idp.domain.person import Sector
from tests.attacks.phone.scene import Browser, Scene, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BANK = "https://bank.example/cb"
AT_THE_BANK = {"client_id": "bank", "redirect_uri": BANK}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path, starts_per_browser=100)
    values: dict[str, Any] = {
        "id": ClientId("bank"),
        "name": {"en": "Bank"},
        "sector": Sector("bank.example"),
        "redirect_uris": (BANK,),
    }
    with made.services.ledger.begin() as unit:
        unit.clients.add(made.client(**values))
    yield made
    made.close()


def code_for(browser: Browser) -> str:
    """Where a code was sent to, if one was."""
    where = str(browser.answer.headers.get("Location", ""))
    return where.partition("?")[0] if "code=" in where else ""


def test_mob_33_what_is_approved_for_one_service_completes_nothing_at_another(
    house: Scene,
) -> None:
    """The browser went on to the bank before the phone approved the shop."""
    victim, browser = house.phone(), house.at_the_phone_page()
    shown = victim.scan(browser.frame())["shown"]
    assert (shown["client_name"], shown["client_domain"]) == ("Shop", "shop.example")
    victim.number(browser.visit().number)
    shop = browser.login
    browser.open(**AT_THE_BANK)
    bank = browser.login
    victim.approve()
    assert code_for(browser.visit()) == ""
    assert 'id="method-mobile"' in browser.page
    assert "login.proven" not in house.audited()
    browser.login = shop
    assert code_for(browser.visit().agree()) == "https://shop.example/cb"
    assert bank != shop


def test_mob_33_a_code_at_the_second_service_ends_the_question_of_the_first(house: Scene) -> None:
    victim, browser = house.phone(), house.at_the_phone_page()
    victim.scan(browser.frame())
    number = browser.visit().number
    browser.open(**AT_THE_BANK).choose("mobile")
    assert refusal(lambda: victim.number(number)) == "approval_cancelled"
    shown = victim.scan(browser.frame())["shown"]
    assert (shown["client_name"], shown["client_domain"]) == ("Bank", "bank.example")


def test_mob_09_a_signature_over_one_text_approves_no_other(house: Scene) -> None:
    """What the phone showed is what it signs: the other question differs in its text alone."""
    victim = house.phone()
    house.approved(victim)
    signed = json.loads(house.heard_last("/approve").body)["assertion"]
    browser = house.browser().open(**AT_THE_BANK).choose("mobile")
    victim.scan(browser.frame())
    victim.number(browser.visit().number)
    assert refusal(lambda: victim.approve(signed)) == "credential_refused"
    assert browser.visit().state == "matched"
