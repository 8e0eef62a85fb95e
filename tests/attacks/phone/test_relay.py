"""The passer-on, over the whole application: an attacker's browser, a victim's phone.

What a page of another site can get from a code that it passes on, and what it gets from a passkey.
The pieces by themselves are in ``unit/mobile/test_relay.py``.
"""

from __future__ import annotations

import html
import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from mobile_flow.sim.authenticator import KeyAbsent
from tests.attacks.phone.scene import SECOND, Scene, refusal
from tests.flows.phone.house import claims_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mobile_flow.sim.phone import VirtualPhone
    from tests.attacks.phone.scene import Browser

EVIL = "https://login-example.evil.example"
OFFLINE = {"scope": "openid profile offline_access", "prompt": "consent"}
AGES = range(11)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path, starts_per_browser=100)
    yield made
    made.close()


def curve(house: Scene, victim: VirtualPhone, *, ahead: bool) -> list[str]:
    """Pass a picture on after so many seconds each; ``ahead``: the last of those handed out."""
    told = []
    for age in AGES:
        house.wait(60 * SECOND)
        attacker = house.at_the_phone_page()
        frames = attacker.json("frames")["frames"]
        house.wait(age * SECOND)
        told.append(refusal(lambda: victim.scan(frames[-1 if ahead else 0]["text"])))  # noqa: B023
        if not told[-1]:
            victim.refuse()
    return told


def test_mob_01_a_picture_passed_on_is_taken_for_four_seconds_and_then_never_more(
    house: Scene,
) -> None:
    assert curve(house, house.phone(), ahead=False) == [""] * 5 + ["frame_stale"] * 6


def test_mob_01_the_pictures_handed_out_ahead_win_an_attacker_two_seconds_and_no_more(
    house: Scene,
) -> None:
    """A page is handed a few frames at once; the last of them is what an attacker would pass on."""
    taken = [
        age
        for age, told in zip(AGES, curve(house, house.phone(), ahead=True), strict=True)
        if not told
    ]
    assert taken == [1, 2, 3, 4, 5, 6]


def test_mob_01_mob_20_what_the_victim_is_told_never_holds_the_number(house: Scene) -> None:
    victim, attacker = house.phone(), house.at_the_phone_page()
    picture = attacker.frame()
    asked = victim.scan(picture)
    number = attacker.visit().number
    pending = victim.pending()
    told = json.dumps([asked, victim.look(), pending, victim.options])
    members = re.sub(r'"(id|transcript|opened_at)": "[^"]*"', "", told)
    assert '"number"' not in told
    assert f'"{number}"' not in members
    assert number not in json.dumps(asked["shown"])
    assert asked["needs_number"]
    assert (asked["shown"]["client_domain"], asked["shown"]["where"]) == (
        "shop.example",
        "Firefox, Linux",
    )


def test_mob_01_a_victim_who_does_not_see_the_attackers_page_has_one_try(house: Scene) -> None:
    victim = house.phone()
    attacker = house.claimed(victim)
    assert house.mistype(victim, attacker) == "number_wrong"
    right = attacker.visit()
    assert right.state == "wrong_number"
    assert 'id="number"' not in right.page
    for number in ("10", "55", "99"):
        assert refusal(lambda: victim.number(number)) == "number_wrong"  # noqa: B023
    assert victim.options == {}  # nothing was ever asked to be signed


def test_mob_01_a_passkey_answers_no_page_of_another_site(house: Scene) -> None:
    victim, attacker = house.phone(), house.browser().open(acr_values="phr")
    (sent,) = re.findall(r'data-options="([^"]+)"', attacker.page)
    options: dict[str, Any] = json.loads(html.unescape(sent))
    with pytest.raises(KeyAbsent):
        victim.authenticator.get(options, origin=EVIL)
    forged = victim.authenticator.get(
        options, origin=EVIL, passkey=victim.authenticator.passkeys[0]
    )
    attacker.submit("passkey", assertion=json.dumps(forged))
    assert "code" not in attacker.answer.headers.get("Location", "")
    assert "data-options" in attacker.page
    assert "login.proven" not in house.audited()


def test_a_relayed_code_is_labelled_as_what_it_is_and_opens_little(house: Scene) -> None:
    victim = house.phone(trusted=True)
    attacker = house.approved(victim, **OFFLINE)  # a live relay: the residual risk
    tokens = attacker.visit().agree().tokens()
    claims = claims_of(tokens)
    assert claims["acr"] != "phr"
    assert "be:qr" in claims["amr"]
    assert "offline_access" not in tokens["scope"].split()
    # It does not step up to what resists, by its session or by asking again.
    attacker.open(acr_values="phr")
    assert "data-options" in attacker.page
    assert attacker.open(acr_values="phr", prompt="none").told["error"] == "interaction_required"
    # And after an hour nothing new comes of it, whatever was used in between.
    for _ in range(3):
        house.wait(timedelta(minutes=19))
        tokens = attacker.refreshed(tokens["refresh_token"]).json
    house.wait(timedelta(minutes=4))
    assert attacker.refreshed(tokens["refresh_token"]).status_code == 400
    assert attacker.open(prompt="none").told["error"] == "login_required"
    house.wait(house.services.settings.lifetimes.access_token)
    assert attacker.userinfo(tokens["access_token"]) == 401


@pytest.mark.parametrize("moment", ["asked", "approved", "consent", "code", "tokens"])
def test_mob_17_a_victim_who_says_not_me_undoes_the_relay_at_every_moment(
    house: Scene, moment: str
) -> None:
    victim = house.phone()
    attacker = house.claimed(victim) if moment == "asked" else house.approved(victim)
    if moment in {"consent", "code", "tokens"}:
        attacker.visit()
    if moment in {"code", "tokens"}:
        attacker.agree()
    code = attacker.told["code"] if moment in {"code", "tokens"} else ""
    tokens = attacker.tokens() if moment == "tokens" else {}
    victim.refuse(report=True)
    if moment in {"asked", "approved"}:
        assert attacker.visit().told["error"] == "access_denied"
    elif moment == "consent":
        assert "code" not in attacker.agree().answer.headers.get("Location", "")
    elif moment == "code":
        redeemed = attacker._token(grant_type="authorization_code", code=code)
        assert (redeemed.status_code, redeemed.json["error"]) == (400, "invalid_grant")
    else:
        assert attacker.userinfo(tokens["access_token"]) == 401
        assert attacker.refreshed(tokens["refresh_token"]).status_code == 400
    assert attacker.open(prompt="none").told["error"] == "login_required"
    assert "approval.reported" in house.audited()
    # The means itself is left to the person.
    assert agreed(house.approved(victim).visit()).told["code"]


def test_mob_17_a_sign_on_that_went_on_ends_with_the_approval_that_began_it(house: Scene) -> None:
    """The attacker renews the stolen session before the victim finds out."""
    victim = house.phone()
    attacker = house.approved(victim).visit().agree()
    stolen = attacker.tokens()
    first = victim.approval
    attacker = renewed(house, attacker, victim)
    later = attacker.tokens()
    victim.approval = first
    victim.refuse(report=True)
    assert attacker.userinfo(later["access_token"]) == 401
    assert attacker.refreshed(stolen["refresh_token"]).status_code == 400
    assert attacker.open(prompt="none").told["error"] == "login_required"


def renewed(house: Scene, attacker: Browser, victim: VirtualPhone) -> Browser:
    attacker.open(prompt="login").choose("mobile")
    victim.scan(attacker.frame())
    victim.number(attacker.visit().number)
    victim.approve()
    house.wait(SECOND)
    return agreed(attacker.visit())


def agreed(browser: Browser) -> Browser:
    """Agree, unless this person did before."""
    return browser if "Location" in browser.answer.headers else browser.agree()


def test_a_code_claimed_by_the_attackers_own_phone_signs_nobody_in_but_them(house: Scene) -> None:
    """The reverse relay: whoever sees the victim's screen may only become the first phone."""
    victim, thief = house.phone(), house.phone()
    browser = house.at_the_phone_page()
    picture = browser.frame()
    thief.scan(picture)
    assert refusal(lambda: victim.scan(picture)) == "in_use"
    assert "another phone" in browser.visit().page.lower()
    assert house.mistype(thief, browser) == "number_wrong"
    assert "login.proven" not in house.audited()
