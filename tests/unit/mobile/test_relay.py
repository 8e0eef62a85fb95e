"""The relay: an attacker's browser, a victim's phone. What resists, what narrows, what remains.

The attacker opens a login at our provider and shows its code on a page of their own. Nothing here
is called resistant to phishing but the passkey; the last test keeps the residual risk honest.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from mobile_flow import transcript
from mobile_flow.claims import _number
from mobile_flow.errors import FrameStale
from mobile_flow.model import ApprovalState
from mobile_flow.reading import decoded, encoded
from mobile_flow.sim.authenticator import KeyAbsent
from mobile_flow.sim.phone import PhoneRefused
from tests.unit.mobile.desk import ISSUER, LOGIN, RP_ID, SECOND, MobileDesk

if TYPE_CHECKING:
    from mobile_flow.model import Start
    from tests.unit.mobile.desk import Phone

EVIL = "https://idp-example.evil.example"


def relayed(desk: MobileDesk, victim: Phone, *, delay: int) -> bool:
    """Show the victim a picture that the attacker took ``delay`` seconds ago."""
    start = desk.open(browser=secrets.token_hex(32), transaction=secrets.token_hex(8))
    picture = desk.picture(start)
    desk.clock.move(delay * SECOND)
    try:
        desk.approvals.claim(victim.row, picture)
    except FrameStale:
        return False
    desk.approvals.refuse(start.id, victim.row, report=False)
    return True


def test_a_picture_that_is_sent_on_is_good_for_four_seconds(desk: MobileDesk) -> None:
    victim = desk.phone()
    curve = []
    for delay in range(11):
        desk.clock.move(60 * SECOND)
        curve.append(relayed(desk, victim, delay=delay))
    assert curve == [True] * 5 + [False] * 6


def test_a_victim_without_the_attackers_screen_cannot_type_the_number(desk: MobileDesk) -> None:
    victim, start = desk.phone(), desk.open()
    victim.scan(desk.picture(start))
    guess = desk.wrong_number(start)
    with pytest.raises(PhoneRefused) as refused:
        victim.number(guess)
    assert refused.value.code == "number_wrong"
    assert desk.state(start) is ApprovalState.WRONG_NUMBER
    with pytest.raises(PhoneRefused):
        victim.approve(victim.authenticator.get(_options(start), origin=ISSUER))


def test_a_guess_is_one_in_ninety() -> None:
    shown = {_number(value.to_bytes(4)) for value in range(1000)}
    assert shown == {str(number) for number in range(10, 100)}


def test_a_page_of_another_site_gets_nothing_from_the_passkey(desk: MobileDesk) -> None:
    victim, start = desk.phone(), desk.open()
    with pytest.raises(KeyAbsent):
        victim.authenticator.get(_options(start), origin=EVIL)
    with pytest.raises(KeyAbsent):
        victim.authenticator.get({**_options(start), "rpId": "evil.example"}, origin=EVIL)


def test_a_signature_made_for_another_site_is_worth_nothing_here(desk: MobileDesk) -> None:
    victim, start = desk.phone(), desk.open()
    victim.scan(desk.picture(start))
    victim.number(desk.number(start))
    stolen = victim.authenticator.get(
        victim.options, origin=EVIL, passkey=victim.authenticator.passkeys[0]
    )
    with pytest.raises(PhoneRefused) as refused:
        victim.approve(stolen)
    assert refused.value.code == "credential_refused"


def test_what_remains_is_a_live_relay_of_picture_and_number_and_it_can_be_undone(
    desk: MobileDesk,
) -> None:
    victim, start = desk.phone(), desk.open()
    victim.scan(desk.picture(start))
    victim.number(desk.number(start))  # the attacker shows it, live, on their own page
    told = victim.approval["shown"]
    assert (told["client_domain"], told["where"]) == ("shop.example", "Firefox op Linux")
    victim.approve()
    desk.prove(start)
    members = transcript.read(decoded(str(victim.receipt(start.id)["transcript"])))
    assert (members["flow"], members["number_match"]) == ("qr", True)
    assert victim.refuse(report=True)["state"] == "reported"
    assert desk.events("approval.reported")[0]["transaction"] == LOGIN


def _options(start: Start) -> dict[str, object]:
    return {"rpId": RP_ID, "challenge": encoded(start.key), "allowCredentials": []}
