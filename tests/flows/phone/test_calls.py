"""The calls of the phone's app and its files, as HTTP: signed, in JSON, without cookies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.test import Client as Http

from idp.login.phone_desk import RelyingPartyMoved, open_desk
from mobile_flow import pwa
from mobile_flow.sim.phone import PhoneRefused
from tests.flows.phone.house import DAY, ISSUER, House

if TYPE_CHECKING:
    from collections.abc import Iterator

CALLS = "/phone/api/"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("house"), most_phones=50)
    yield made
    made.close()


def ask(house: House, method: str, path: str, **more: Any) -> Any:
    return Http(house.app, use_cookies=False).open(path, method=method, base_url=ISSUER, **more)


def test_every_answer_carries_a_nonce_and_a_refusal_its_words(house: House) -> None:
    french = {"Accept-Language": "fr"}
    answer = ask(house, "GET", f"{CALLS}devices", headers=french)
    assert (answer.status_code, answer.json["error"]) == (401, "proof_refused")
    assert answer.json["title"].startswith("Ce téléphone")
    assert answer.headers["Content-Language"] == "fr"
    assert answer.headers["Sesame-Nonce"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    config = ask(house, "GET", f"{CALLS}config")
    assert config.json["rp_id"] == "localhost"
    assert len(config.json["vapid_key"]) > 80


def test_an_old_nonce_is_asked_anew_and_the_app_goes_on_by_itself(house: House) -> None:
    phone = house.phone()
    house.wait(DAY)
    refused = phone.send("GET", f"{CALLS}devices", b"")
    assert (refused.status, b"use_nonce" in refused.body) == (401, True)
    assert phone.devices()


@pytest.mark.parametrize(
    ("path", "more", "status"),
    [
        ("config?x=1", {}, 400),
        ("config", {"data": b"{}", "content_type": "text/plain"}, 400),
        ("config", {"data": b"[]", "content_type": "application/json"}, 400),
        ("config", {"data": b" " * 70_000, "content_type": "application/json"}, 413),
        ("nothing", {}, 404),
        ("", {}, 404),
    ],
)
def test_what_is_no_call_is_refused(
    house: House, path: str, more: dict[str, Any], status: int
) -> None:
    assert ask(house, "GET", CALLS + path, **more).status_code == status


def test_a_bumped_epoch_asks_every_phone_for_a_new_nonce(house: House) -> None:
    phone = house.phone()
    phone.devices()
    with house.services.ledger.begin() as unit:
        unit.bump_epoch()
    assert phone.send("GET", f"{CALLS}devices", b"").status == 401
    assert phone.devices()


def test_two_phones_of_one_person_are_told_who_was_first(house: House) -> None:
    first, second = house.phone(), house.phone()
    browser = house.browser().open().choose("mobile")
    frame = browser.frame()
    first.scan(frame)
    with pytest.raises(PhoneRefused, match="in_use"):
        second.scan(frame)
    assert browser.json("status")["phone"] == "claimed contested"


def test_the_apps_page_may_use_the_camera_and_nothing_from_elsewhere(house: House) -> None:
    answer = ask(house, "GET", "/phone/")
    assert answer.headers["Content-Security-Policy"] == pwa.POLICY
    assert "camera=(self)" in answer.headers["Permissions-Policy"]
    assert answer.headers["X-Frame-Options"] == "DENY"
    again = ask(house, "GET", "/phone/", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert ask(house, "GET", "/phone/sw.js").headers["Content-Security-Policy"] == pwa.POLICY
    for name in pwa.files():
        path = "/phone/" if name == pwa.INDEX else f"/phone/{name}"
        assert ask(house, "GET", path).status_code == 200
    assert ask(house, "POST", "/phone/").status_code == 405
    for path in ("/phone/none.js", "/phone/../phone/", "/phone/index.html"):
        assert ask(house, "GET", path).status_code == 404


def test_a_code_in_an_ordinary_camera_explains_and_changes_nothing(house: House) -> None:
    phone, browser = house.phone(), house.browser().open().choose("mobile")
    frame = browser.frame()
    path = frame.removeprefix("HTTPS://LOCALHOST:8400")
    answer = ask(house, "GET", path, headers={"Accept-Language": "en"})
    assert answer.status_code == 200
    assert "ordinary camera" in answer.text
    assert browser.json("status")["phone"] == "showing"
    assert phone.scan(frame)["state"] == "claimed"


def test_another_relying_party_is_refused_once_phones_are_enrolled(house: House) -> None:
    house.phone()
    base = house.services.foundation
    moved = base.settings.phone.model_copy(update={"rp_id": "other.example"})
    with pytest.raises(RelyingPartyMoved, match="localhost"):
        open_desk(
            base.settings.model_copy(update={"phone": moved}),
            ledger=base.ledger,
            ephemeral=base.ephemeral,
            vault=base.vault,
            ring=base.ring,
            now=base.now,
            entropy=base.entropy,
        )


def test_web_24_the_service_worker_reaches_no_page_of_the_site_and_is_asked_for_anew(
    house: House,
) -> None:
    """Its reach is the folder that it lies in (Service Workers 6.1), unless a header says more."""
    answer = ask(house, "GET", "/phone/sw.js")
    assert answer.status_code == 200
    assert "Service-Worker-Allowed" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-cache"
    shelf = re.findall(r'"(/[^"`$]*)"', answer.text)
    assert shelf
    assert [path for path in shelf if not path.startswith("/phone/")] == []
    assert ask(house, "GET", "/sw.js").status_code == 404
