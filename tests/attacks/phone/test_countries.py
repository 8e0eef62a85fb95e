"""A relay from another country, or from rented machines: its victim reads before they approve."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from mobile_flow.sim.phone import HttpAnswer
from tests.attacks.phone.scene import ISSUER, Scene, refusal
from tests.attacks.phone.test_origins import READING, at_the_question, known, waiting
from tests.attacks.phone.visitors import seen
from tests.services.mmdb import write_mmdb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.attacks.phone.scene import Browser

BELGIAN, ALSO_BELGIAN, DUTCH = "192.0.2.7", "2001:db8:1::1", "198.51.100.7"
RENTED, UNKNOWN = "192.0.2.200", "203.0.113.9"


class Abroad(Scene):
    """A house whose phones call from somewhere."""

    phones_at = BELGIAN

    def _call(
        self, method: str, path: str, *, headers: Mapping[str, str], body: bytes
    ) -> HttpAnswer:
        from werkzeug.test import Client as Http

        answer = Http(self.app, use_cookies=False).open(
            path,
            method=method,
            headers=dict(headers),
            data=body,
            base_url=ISSUER,
            environ_overrides={"REMOTE_ADDR": self.phones_at},
        )
        return HttpAnswer(status=answer.status_code, headers=answer.headers, body=answer.data)


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Abroad]]:
    countries = write_mmdb(
        tmp_path / "countries.mmdb",
        {
            "192.0.2.0/24": {"country": {"iso_code": "BE"}},
            "2001:db8:1::/48": {"country": {"iso_code": "BE"}},
            "198.51.100.0/24": {"country": {"iso_code": "NL"}},
        },
    )
    asn = write_mmdb(tmp_path / "asn.mmdb", {"192.0.2.128/25": {"autonomous_system_number": 64500}})
    scenes: list[Abroad] = []

    def made(**networks: Any) -> Abroad:
        named = networks or {"countries": countries, "asn": asn, "hosting": (64500,)}
        scenes.append(
            Abroad(
                tmp_path,
                reading_time=READING,
                starts_per_browser=100,
                more={"networks": named},
            )
        )
        return scenes[-1]

    yield made
    for one in scenes:
        one.close()


def at_home(house: Abroad, address: str = BELGIAN) -> Browser:
    """A browser that its person has logged in with, so that nothing else is unusual."""
    browser = waiting(house, address)
    phone = at_the_question(house, browser)
    house.wait(READING)
    phone.approve()
    browser.visit()
    assert known(house, browser)
    return browser


def asked_from(house: Abroad, browser: Browser, address: str) -> Mapping[str, Any]:
    """What a phone is told of the next login of this browser, that begins somewhere."""
    seen(browser, address=address).open(prompt="login").choose("mobile")
    phone = at_the_question(house, browser)
    told = phone.look()
    phone.refuse()
    return told


def test_r5_a_known_browser_in_another_country_than_the_phone_is_read_first(
    make: Callable[..., Abroad],
) -> None:
    house = make()
    browser = at_home(house)
    seen(browser, address=DUTCH).open(prompt="login").choose("mobile")
    phone = at_the_question(house, browser)
    told = phone.look()
    assert (told["read_for"], told["abroad"]) == (10, True)
    assert refusal(phone.approve) == "approval_early"
    house.wait(READING)
    phone.approve()
    assert "code" in browser.visit().agree().told


@pytest.mark.parametrize("address", [BELGIAN, ALSO_BELGIAN])
def test_r5_in_the_same_country_nothing_changes(make: Callable[..., Abroad], address: str) -> None:
    house = make()
    assert "read_for" not in asked_from(house, at_home(house), address)


@pytest.mark.parametrize(("browser_at", "phone_at"), [(UNKNOWN, BELGIAN), (DUTCH, UNKNOWN)])
def test_r5_a_country_that_nobody_knows_differs_from_none(
    make: Callable[..., Abroad], browser_at: str, phone_at: str
) -> None:
    house = make()
    browser = at_home(house)
    house.phones_at = phone_at
    assert "read_for" not in asked_from(house, browser, browser_at)


def test_r5_rented_machines_are_slow_in_the_phones_own_country(
    make: Callable[..., Abroad],
) -> None:
    house = make()
    told = asked_from(house, at_home(house), RENTED)
    assert (told["read_for"], told["abroad"]) == (10, False)


def test_mob_01_a_phone_whose_network_changes_between_code_and_scan_counts_where_it_scans(
    make: Callable[..., Abroad],
) -> None:
    house = make()
    browser = at_home(house)
    browser.open(prompt="login").choose("mobile")
    house.phones_at = DUTCH  # its VPN was switched on after the code was shown
    phone = house.phone()
    frame = browser.frame()
    phone.scan(frame)
    house.phones_at = BELGIAN  # and off after the scan: what was claimed stays as it was
    phone.scan(frame)
    phone.number(browser.visit().number)
    assert (phone.look()["read_for"], phone.look()["abroad"]) == (10, True)


def test_mob_01_a_relay_cannot_move_its_code_home_after_it_was_shown(
    make: Callable[..., Abroad],
) -> None:
    """The browser's country is that of the request that made the code, whoever shows it then."""
    house = make()
    browser = at_home(house)
    seen(browser, address=DUTCH).open(prompt="login").choose("mobile")
    seen(browser, address=BELGIAN)
    phone = at_the_question(house, browser)
    assert phone.look()["abroad"]


def test_mob_01_the_typed_code_of_a_page_abroad_is_read_first_too(
    make: Callable[..., Abroad],
) -> None:
    house = make()
    browser = at_home(house)
    seen(browser, address=DUTCH).open(prompt="login").choose("mobile")
    browser.submit("mobile", index="static")
    phone = house.phone()
    phone.type_code(re.findall(r'id="typed-code">([^<]+)<', browser.page)[0])
    phone.number(browser.visit().number)
    assert phone.look()["abroad"]


def test_no_country_is_kept_with_what_was_approved_nor_told_to_anybody(
    make: Callable[..., Abroad],
) -> None:
    house = make()
    browser = at_home(house)
    seen(browser, address=DUTCH).open(prompt="login").choose("mobile")
    phone = at_the_question(house, browser)
    told = phone.look()
    house.wait(READING)
    phone.approve()
    browser.visit()
    with house.services.ledger.read() as unit:
        kept = unit.phones.approval(told["id"])
        rows = [str(one.payload) for one in unit.audit.unsealed(limit=1000)]
    written = [repr(kept), *rows, json.dumps(dict(phone.receipt(told["id"]))), repr(told)]
    for code in ("NL", "BE"):
        assert not [one for one in written if re.search(rf"\b{code}\b", one)]


def test_without_files_countries_are_not_compared(
    make: Callable[..., Abroad],
) -> None:
    house = make(hosting=())
    assert "read_for" not in asked_from(house, at_home(house), DUTCH)
