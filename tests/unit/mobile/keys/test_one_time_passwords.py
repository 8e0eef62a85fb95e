"""A secret on its way in, a code at a login, and everybody who guesses."""

from __future__ import annotations

import secrets
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

import pyotp
import pytest

from idp.store.ports import StoreUnavailable
from mobile_flow.errors import LoginNameMistyped, OtpKnown, OtpRefused, OtpUnknown, TooMany
from mobile_flow.limits import site
from mobile_flow.login_names import new_login_name, read_login_name
from mobile_flow.model import OtpSecret, PersonRef
from mobile_flow.otp import FIRST, NAME, PAIR
from tests.unit.mobile.keys.world import ADDRESS, CARD, OWNER, Broken

if TYPE_CHECKING:
    from mobile_flow.otp import Begun
    from tests.unit.mobile.keys.world import House

STEP = timedelta(seconds=30)


def code(house: House, begun: Begun, *, steps: int = 0) -> str:
    return pyotp.TOTP(begun.secret).at(house.clock.at + steps * STEP)


def wrong(house: House, begun: Begun) -> str:
    right = {code(house, begun, steps=steps) for steps in (-1, 0, 1)}
    return next(text for text in map("{:06d}".format, range(9)) if text not in right)


def enrolled(house: House) -> Begun:
    otps = house.otps
    begun = otps.begin(OWNER, card_fingerprint=CARD)
    otps.confirm(OWNER, code(house, begun))
    house.clock.move(STEP)
    return begun


def test_the_text_to_scan_says_who_and_how_and_the_secret(house: House) -> None:
    begun = house.otps.begin(OWNER, card_fingerprint=CARD)
    uri = urlsplit(begun.uri)
    assert (uri.scheme, uri.netloc, unquote(uri.path)) == (
        "otpauth",
        "totp",
        f"/Sesame:{begun.login_name}",
    )
    assert parse_qs(uri.query) == {"secret": [begun.secret], "issuer": ["Sesame"]}
    assert len(begun.secret) == 32
    assert begun.secret not in repr(begun)


def test_the_codes_are_those_of_the_standard(house: House) -> None:
    """RFC 6238, appendix B, the last six digits."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    for seconds, expected in ((59, "287082"), (1111111109, "081804"), (2000000000, "279037")):
        house.clock.at = datetime.fromtimestamp(seconds, UTC)
        with house.desk.begin() as unit:
            made = OtpSecret(
                person=OWNER,
                login_name="2222222222",
                secret=secret,
                card_fingerprint=CARD,
                created_at=house.clock.at,
            )
            assert unit.phones.put_otp(made)
        house.otps.confirm(OWNER, expected)
        house.otps.remove(OWNER)


def test_a_code_names_its_person_once(house: House) -> None:
    begun = enrolled(house)
    typed = code(house, begun)
    accepted = house.otps.verify(begun.login_name.lower(), f" {typed} ", address=ADDRESS)
    assert (accepted.person, accepted.card_fingerprint) == (OWNER, CARD)
    with pytest.raises(OtpRefused):
        house.otps.verify(begun.login_name, typed, address=ADDRESS)


def test_two_logins_with_one_code_have_one_winner(house: House) -> None:
    begun = enrolled(house)
    otps = house.otps
    typed = code(house, begun)
    first = otps.match(begun.login_name, typed, address=ADDRESS)
    second = otps.match(begun.login_name, typed, address=ADDRESS)
    with house.desk.begin() as unit:
        otps.accept(unit, first)
    with pytest.raises(OtpRefused), house.desk.begin() as unit:
        otps.accept(unit, second)


def test_an_older_code_is_dead_once_a_newer_one_was_used(house: House) -> None:
    begun = enrolled(house)
    house.otps.verify(begun.login_name, code(house, begun, steps=1), address=ADDRESS)
    for steps in (0, 1):
        with pytest.raises(OtpRefused):
            house.otps.verify(begun.login_name, code(house, begun, steps=steps), address=ADDRESS)


@pytest.mark.parametrize("steps", [-2, 2])
def test_a_code_of_two_steps_away_is_refused(house: House, steps: int) -> None:
    begun = enrolled(house)
    house.clock.move(10 * STEP)
    with pytest.raises(OtpRefused):
        house.otps.verify(begun.login_name, code(house, begun, steps=steps), address=ADDRESS)


def test_a_secret_opens_nothing_before_its_first_code_and_after_its_removal(house: House) -> None:
    otps = house.otps
    begun = otps.begin(OWNER, card_fingerprint=CARD)
    assert otps.standing(OWNER) is None
    with pytest.raises(OtpRefused):
        otps.verify(begun.login_name, code(house, begun), address=ADDRESS)
    otps.confirm(OWNER, code(house, begun))
    standing = otps.standing(OWNER)
    assert standing is not None
    assert standing.login_name == read_login_name(begun.login_name)
    house.clock.move(STEP)
    otps.remove(OWNER)
    with pytest.raises(OtpRefused):
        otps.verify(begun.login_name, code(house, begun), address=ADDRESS)
    with pytest.raises(OtpUnknown):
        otps.remove(OWNER)
    assert house.desk.said == ["otp_enrolled", "otp_removed"]


def test_a_first_code_comes_in_time_and_is_right(house: House) -> None:
    otps = house.otps
    begun = otps.begin(OWNER, card_fingerprint=CARD)
    with pytest.raises(OtpRefused):
        otps.confirm(OWNER, wrong(house, begun))
    house.clock.move(timedelta(minutes=10))
    with pytest.raises(OtpUnknown):
        otps.confirm(OWNER, code(house, begun))
    with pytest.raises(OtpUnknown):
        otps.confirm(PersonRef("nobody"), "000000")


def test_a_second_tab_replaces_the_first_but_nothing_replaces_what_works(house: House) -> None:
    otps = house.otps
    older = otps.begin(OWNER, card_fingerprint=CARD)
    newer = otps.begin(OWNER, card_fingerprint=CARD)
    with pytest.raises(OtpRefused):
        otps.confirm(OWNER, code(house, older))
    otps.confirm(OWNER, code(house, newer))
    with pytest.raises(OtpKnown):
        otps.begin(OWNER, card_fingerprint=CARD)


def test_a_first_code_is_not_a_login_s_code_as_well(house: House) -> None:
    otps = house.otps
    begun = otps.begin(OWNER, card_fingerprint=CARD)
    typed = code(house, begun)
    otps.confirm(OWNER, typed)
    with pytest.raises(OtpRefused):
        otps.verify(begun.login_name, typed, address=ADDRESS)


def test_unknown_names_and_wrong_codes_answer_alike_after_the_same_work(house: House) -> None:
    begun = enrolled(house)
    known = read_login_name(begun.login_name)
    unknown = new_login_name(secrets.token_bytes)
    seen = []
    for name, typed in ((known, wrong(house, begun)), (unknown, "123456"), (known, "no code")):
        house.desk.calls.clear()
        with pytest.raises(OtpRefused) as refusal:
            house.otps.verify(name, typed, address=ADDRESS)
        seen.append((str(refusal.value), tuple(house.desk.calls)))
    assert len(set(seen)) == 1
    with pytest.raises(LoginNameMistyped):
        house.otps.verify("BCDFGHJKMN", "123456", address=ADDRESS)


def test_one_address_guesses_five_times_another_is_not_shut_out(house: House) -> None:
    begun = enrolled(house)
    for _ in range(5):
        with pytest.raises(OtpRefused):
            house.otps.verify(begun.login_name, wrong(house, begun), address=ADDRESS)
    with pytest.raises(TooMany):
        house.otps.verify(begun.login_name, code(house, begun), address=ADDRESS)
    house.otps.verify(begun.login_name, code(house, begun), address="192.0.2.8")


def test_many_addresses_guess_ten_times_an_hour_together(house: House) -> None:
    begun = enrolled(house)
    for host in range(10):
        with pytest.raises(OtpRefused):
            house.otps.verify(begun.login_name, wrong(house, begun), address=f"192.0.2.{host}")
    with pytest.raises(TooMany):
        house.otps.verify(begun.login_name, code(house, begun), address="192.0.2.99")


def test_one_address_does_not_try_many_names(house: House) -> None:
    for _ in range(30):
        with pytest.raises(OtpRefused):
            house.otps.verify(new_login_name(secrets.token_bytes), "123456", address=ADDRESS)
    with pytest.raises(TooMany):
        house.otps.verify(new_login_name(secrets.token_bytes), "123456", address=ADDRESS)


def test_fifty_wrong_codes_in_a_week_freeze_this_means_and_no_other(house: House) -> None:
    begun = enrolled(house)
    for _ in range(51):
        forget_all_but_wrong(house, begun)
        with pytest.raises(OtpRefused):
            house.otps.verify(begun.login_name, wrong(house, begun), address=ADDRESS)
    forget_all_but_wrong(house, begun)
    house.clock.move(STEP)
    with pytest.raises(OtpRefused):
        house.otps.verify(begun.login_name, code(house, begun), address=ADDRESS)
    assert house.desk.said.count("phone_frozen") == 1
    with house.desk.read() as unit:
        assert unit.phones.frozen_until(OWNER, kind="mobile") is None
        assert unit.phones.frozen_until(OWNER, kind="push") is None
    house.clock.move(timedelta(days=7))
    house.counters.counts.clear()
    house.otps.verify(begun.login_name, code(house, begun), address=ADDRESS)


def test_right_codes_are_not_counted_as_wrong_ones(house: House) -> None:
    begun = enrolled(house)
    for _ in range(60):
        house.clock.move(STEP)
        forget_all_but_wrong(house, begun)
        house.otps.verify(begun.login_name, code(house, begun), address=ADDRESS)
    assert "phone_frozen" not in house.desk.said


def test_a_memory_that_is_lost_gives_no_try_back(house: House) -> None:
    begun = enrolled(house)
    for _ in range(5):
        house.counters.counts.clear()
        with pytest.raises(OtpRefused):
            house.otps.verify(begun.login_name, wrong(house, begun), address=ADDRESS)
    house.counters.counts.clear()
    with pytest.raises(TooMany):
        house.otps.verify(begun.login_name, code(house, begun), address=ADDRESS)


def test_one_who_has_no_try_left_uses_up_nobody_elses(house: House) -> None:
    begun = enrolled(house)
    for _ in range(9):
        with pytest.raises((OtpRefused, TooMany)):
            house.otps.verify(begun.login_name, wrong(house, begun), address=ADDRESS)
    for host in range(5):
        with pytest.raises(OtpRefused):
            house.otps.verify(begun.login_name, wrong(house, begun), address=f"192.0.2.{host}")


def test_sixteen_codes_at_once_are_five_tries(house: House) -> None:
    begun, seen = enrolled(house), Counter[str]()
    barrier = threading.Barrier(16)

    def guess(number: int) -> None:
        otps = house.otps
        barrier.wait(10)
        while True:
            try:
                otps.match(begun.login_name, f"{number:06d}", address=ADDRESS)
            except StoreUnavailable:
                continue
            except (OtpRefused, TooMany) as refusal:
                seen[type(refusal).__name__] += 1
            return

    guessers = [threading.Thread(target=guess, args=(number,)) for number in range(16)]
    for each in guessers:
        each.start()
    for each in guessers:
        each.join(30)
    assert seen == {"OtpRefused": 5, "TooMany": 11}


def forget_all_but_wrong(house: House, begun: Begun) -> None:
    """Let the shorter limits pass without moving the clock."""
    house.counters.counts.clear()
    name = read_login_name(begun.login_name)
    with house.desk.ledger.begin() as unit:
        unit.phones.return_try(PAIR, f"{name}|{site(ADDRESS)}", at=house.clock.at)
        unit.phones.return_try(NAME, name, at=house.clock.at)


def test_a_failure_at_any_point_of_confirming_leaves_it_to_be_confirmed(house: House) -> None:
    otps = house.otps
    begun = otps.begin(OWNER, card_fingerprint=CARD)
    house.desk.calls.clear()
    for broken in range(20):
        with house.desk.ledger.begin() as unit:
            unit.phones.return_try(FIRST, OWNER, at=house.clock.at)
        house.desk.break_at = len(house.desk.calls) + broken
        try:
            otps.confirm(OWNER, code(house, begun))
        except Broken:
            house.desk.break_at = None
            assert otps.standing(OWNER) is None
            continue
        break
    house.desk.break_at = None
    assert broken > 3
    assert otps.standing(OWNER) is not None
    assert house.desk.said == ["otp_enrolled"]
