"""The PIN on the software card: tries, change, unblocking, and what it opens for how long."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from cardreader.beid import files
from cardreader.sim.card import SoftCard
from cardreader.sim.guesses import Guesses
from cardreader.sim.pin import PUK_TRIES, pin_block
from tests.unit.card.talk import (
    EMPTY_VERIFY,
    LOG_OFF,
    RIGHT,
    SELECT_IDENTITY,
    VERIFY,
    VERIFY_WRONG,
    WRONG,
    Talk,
    environment,
    sign,
    talk,
)
from tests.world import holders

if TYPE_CHECKING:
    from pathlib import Path

    from cardreader.sim.image import AppletName

BOTH = pytest.mark.parametrize("applet", ["1.7", "1.8"])
AUTHENTICATION = {"1.7": environment(0x08, 0x82), "1.8": environment(0x02, 0x82)}
SIGNATURE = {"1.7": environment(0x08, 0x83), "1.8": environment(0x02, 0x83)}
SIGN = {"1.7": sign(bytes(32)), "1.8": sign(bytes(48))}
SIGNED = {"1.7": "6100", "1.8": "6160"}
NEW = pin_block("56789").hex()
PUK = "002C000108" + pin_block(holders.PUK).hex()
WRONG_PUK = "002C000108" + pin_block("000000000000").hex()


def change(old: str, new: str) -> str:
    return f"0024000110{old}{new}"


def guessing(applet: AppletName, **other: object) -> Talk:
    """A fresh card that settles what is not known in another way."""
    image = replace(holders.image(applet), guesses=Guesses(**other))  # type: ignore[arg-type]
    card = Talk(card=SoftCard(image, entropy=holders.entropy))
    card.card.power_on()
    return card


def said(card: Talk, *commands: str) -> list[str]:
    return [card.status(command) for command in commands]


# --- tries --------------------------------------------------------------------------------------


@BOTH
def test_three_wrong_pins_block_the_right_one_too(applet: AppletName) -> None:
    card = talk(applet)
    wrong = said(card, VERIFY_WRONG, VERIFY_WRONG, VERIFY_WRONG)
    assert wrong == ["63C2", "63C1", "63C0"]
    assert said(card, VERIFY, VERIFY_WRONG, EMPTY_VERIFY, change(RIGHT, NEW)) == ["6983"] * 4


@BOTH
def test_the_third_wrong_pin_may_say_blocked_at_once(applet: AppletName) -> None:
    card = guessing(applet, third_wrong_pin=0x6983)
    assert said(card, VERIFY_WRONG, VERIFY_WRONG, VERIFY_WRONG) == ["63C2", "63C1", "6983"]


@BOTH
def test_tries_outlive_the_power_and_rights_do_not(applet: AppletName) -> None:
    card = talk(applet)
    card.data(VERIFY)
    card.status(VERIFY_WRONG)
    card.card.power_off()
    card.card.power_on()
    assert said(card, EMPTY_VERIFY, VERIFY, EMPTY_VERIFY) == ["63C2", "9000", "9000"]
    card.card.power_on()
    assert card.status(EMPTY_VERIFY) == "63C3"


def test_tries_outlive_the_program_in_the_cards_file(tmp_path: Path) -> None:
    card = talk()
    card.card.save(tmp_path / "card.json")
    card.status(VERIFY_WRONG)
    again = SoftCard.load(tmp_path / "card.json", entropy=holders.entropy)
    assert again.tries_left == 2


@BOTH
def test_asking_for_the_state_never_costs_a_try(applet: AppletName) -> None:
    card = talk(applet)
    assert said(card, *[EMPTY_VERIFY] * 5, "00200001") == ["63C3"] * 6


@BOTH
@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("0020000107" + RIGHT[:14], "6700"),
        ("0020000109" + RIGHT + "FF", "6700"),
        ("0020010108" + RIGHT, "6A86"),
        ("0020000208" + RIGHT, "6A88"),
        ("0020000408" + RIGHT, "6A88"),
        ("002400010F" + RIGHT + NEW[:14], "6700"),
        ("0024010110" + RIGHT + NEW, "6A86"),
        ("0024000210" + RIGHT + NEW, "6A88"),
    ],
)
def test_a_malformed_pin_command_costs_no_try(
    applet: AppletName, command: str, status: str
) -> None:
    card = talk(applet)
    assert said(card, command, EMPTY_VERIFY) == [status, "63C3"]


# --- change -------------------------------------------------------------------------------------


@BOTH
def test_a_changed_pin_counts_from_then_on_and_opens_the_card(applet: AppletName) -> None:
    card = talk(applet)
    assert said(card, change(RIGHT, NEW), EMPTY_VERIFY) == ["9000", "9000"]
    assert said(card, AUTHENTICATION[applet], SIGN[applet]) == ["9000", SIGNED[applet]]
    assert said(card, VERIFY, "0020000108" + NEW) == ["63C2", "9000"]


@BOTH
def test_a_change_with_the_wrong_pin_costs_a_try_and_changes_nothing(applet: AppletName) -> None:
    card = talk(applet)
    card.data(VERIFY)
    assert said(card, change(WRONG, NEW), EMPTY_VERIFY) == ["63C2", "63C2"]
    assert said(card, "0020000108" + NEW, VERIFY) == ["63C1", "9000"]


@pytest.mark.parametrize(
    "new", ["1412345FFFFFFFFF", "23123FFFFFFFFFFF", "24123FFFFFFFFFFF", "241234FFFFFFFF00"]
)
def test_a_new_pin_must_be_well_formed(new: str) -> None:
    card = talk()
    assert said(card, change(RIGHT, new), EMPTY_VERIFY, VERIFY) == ["6A80", "63C3", "9000"]


def test_a_card_may_look_at_the_old_pin_first() -> None:
    card = guessing("1.8", change_looks_at_new_pin_first=False)
    malformed = "FF" * 8
    assert said(card, change(WRONG, malformed), change(RIGHT, malformed)) == ["63C2", "6A80"]
    assert card.status(VERIFY) == "9000"


def test_a_changed_pin_is_kept_in_the_cards_file(tmp_path: Path) -> None:
    card = talk()
    card.card.save(tmp_path / "card.json")
    card.data(change(RIGHT, NEW))
    again = Talk(card=SoftCard.load(tmp_path / "card.json", entropy=holders.entropy))
    again.card.power_on()
    assert said(again, "0020000108" + NEW) == ["9000"]


# --- unblocking ---------------------------------------------------------------------------------


def test_the_puk_gives_applet_1_7_its_tries_back_and_leaves_the_pin() -> None:
    card = talk("1.7")
    said(card, VERIFY_WRONG, VERIFY_WRONG, VERIFY_WRONG)
    assert said(card, PUK, EMPTY_VERIFY, VERIFY) == ["9000", "63C3", "9000"]


def test_the_puk_has_twelve_tries_of_its_own() -> None:
    card = talk("1.7")
    said(card, VERIFY_WRONG, VERIFY_WRONG, VERIFY_WRONG)
    left = [card.status(WRONG_PUK) for _ in range(PUK_TRIES)]
    assert left == [f"63C{tries:X}" for tries in range(PUK_TRIES - 1, -1, -1)]
    assert said(card, PUK, VERIFY) == ["6983", "6983"]


def test_the_right_puk_restores_its_own_tries() -> None:
    card = talk("1.7")
    assert said(card, WRONG_PUK, PUK, WRONG_PUK) == ["63CB", "9000", "63CB"]


@pytest.mark.parametrize(
    ("command", "status"),
    [("002C000107" + "00" * 7, "6700"), ("002C010108", "6700"), ("002C000200", "6A88")],
)
def test_a_malformed_puk_command_costs_no_try(command: str, status: str) -> None:
    card = talk("1.7")
    assert said(card, command, WRONG_PUK) == [status, "63CB"]


def test_applet_1_8_is_unblocked_only_by_the_municipality() -> None:
    card = talk("1.8")
    said(card, VERIFY_WRONG, VERIFY_WRONG, VERIFY_WRONG)
    assert said(card, "002C0001", PUK) == ["6982", "6982"]
    card.card.admit()
    assert said(card, PUK, "002C0001", EMPTY_VERIFY, VERIFY) == ["6700", "9000", "63C3", "9000"]
    card.card.power_on()
    assert card.status("002C0001") == "6982"


# --- once, and just before ----------------------------------------------------------------------


@BOTH
def test_one_pin_serves_the_authentication_key_for_the_whole_session(applet: AppletName) -> None:
    card = talk(applet)
    card.data(VERIFY)
    card.data(SELECT_IDENTITY)
    card.data(AUTHENTICATION[applet])
    assert said(card, SIGN[applet], SELECT_IDENTITY, SIGN[applet]) == [
        SIGNED[applet],
        "9000",
        SIGNED[applet],
    ]


@BOTH
@pytest.mark.parametrize("command", [VERIFY_WRONG, change(WRONG, NEW), LOG_OFF])
def test_a_wrong_pin_or_logging_off_takes_every_right(applet: AppletName, command: str) -> None:
    card = talk(applet)
    card.data(AUTHENTICATION[applet])
    card.data(VERIFY)
    card.status(command)
    assert card.status(SIGN[applet]) == "6982"


@BOTH
def test_the_signature_key_wants_its_pin_for_each_signature(applet: AppletName) -> None:
    card = talk(applet)
    card.data(SIGNATURE[applet])
    one = said(card, VERIFY, SIGN[applet], "00C0000001")
    assert one[:2] == ["9000", SIGNED[applet]]
    assert said(card, SIGN[applet]) == ["6982"]
    assert said(card, VERIFY, SIGN[applet]) == ["9000", SIGNED[applet]]


@BOTH
@pytest.mark.parametrize("between", [0, 1, 2])
def test_how_much_may_stand_between_the_pin_and_the_signature(
    applet: AppletName, between: int
) -> None:
    card = talk(applet)
    card.data(SIGNATURE[applet])
    card.data(VERIFY)
    said(card, *[SELECT_IDENTITY] * between)
    allowed = between <= {"1.7": 0, "1.8": 1}[applet]
    assert card.status(SIGN[applet]) == (SIGNED[applet] if allowed else "6982")


@BOTH
def test_a_failed_signature_uses_the_pin_up_as_well(applet: AppletName) -> None:
    card = talk(applet)
    card.data(SIGNATURE[applet])
    card.data(VERIFY)
    assert said(card, sign(bytes(5)), SIGN[applet]) == ["6700", "6982"]


@BOTH
def test_a_pin_used_by_the_signature_key_does_not_open_the_other(applet: AppletName) -> None:
    card = talk(applet)
    said(card, SIGNATURE[applet], VERIFY, SIGN[applet], AUTHENTICATION[applet])
    assert card.status(SIGN[applet]) == "6982"


@BOTH
def test_an_earlier_pin_stays_when_a_later_one_is_used_up(applet: AppletName) -> None:
    card = talk(applet)
    said(card, VERIFY, SIGNATURE[applet], VERIFY, SIGN[applet], AUTHENTICATION[applet])
    assert card.status(SIGN[applet]) == SIGNED[applet]


def test_a_pin_that_came_too_early_for_the_signature_key_counts_for_the_other() -> None:
    card = talk("1.7")
    said(card, SIGNATURE["1.7"], VERIFY, SELECT_IDENTITY)
    assert card.status(SIGN["1.7"]) == "6982"
    assert said(card, AUTHENTICATION["1.7"], SIGN["1.7"]) == ["9000", "6100"]


@BOTH
def test_fetching_an_answer_is_no_command_between(applet: AppletName) -> None:
    card = talk(applet)
    card.data(SIGNATURE[applet])
    card.data(VERIFY)
    card.status("00C0000010")
    assert card.status(SIGN[applet]) == SIGNED[applet]


@BOTH
def test_selecting_the_applet_again_forgets_the_pin_unless_told_otherwise(
    applet: AppletName,
) -> None:
    again = "00A404000FA00000003029057000AD13100101FF"
    for card, status in (
        (talk(applet), "63C3"),
        (guessing(applet, reselecting_forgets_pin=False), "9000"),
    ):
        card.data(VERIFY)
        assert said(card, again, EMPTY_VERIFY) == ["9000", status]


def test_an_environment_may_be_lost_with_the_choice_of_a_file() -> None:
    card = guessing("1.8", environment_survives_select=False)
    said(card, AUTHENTICATION["1.8"], VERIFY, SELECT_IDENTITY)
    assert card.status(SIGN["1.8"]) == "6985"


# --- writing ------------------------------------------------------------------------------------

SELECT_PREFERENCES = "00A4080C063F00DF014039"
SELECT_ADDRESS = "00A4080C063F00DF014033"


def test_the_holder_writes_preferences_on_applet_1_7_with_the_pin(tmp_path: Path) -> None:
    card = talk("1.7")
    card.card.save(tmp_path / "card.json")
    card.data(SELECT_PREFERENCES)
    assert said(card, "00D6000002BEEF", VERIFY, "00D6000002BEEF") == ["6982", "9000", "9000"]
    assert said(card, "00D6006301AA", "00D6006401AA", "00D6006302AABB") == ["9000", "6B00", "6700"]
    again = Talk(card=SoftCard.load(tmp_path / "card.json", entropy=holders.entropy))
    again.card.power_on()
    again.data(SELECT_PREFERENCES)
    content = again.data("00B0000064")
    assert (content[:2].hex(), content[99:].hex()) == ("beef", "aa")


def test_the_municipality_writes_an_address_but_nobody_an_identity() -> None:
    card = talk("1.8")
    card.card.admit()
    card.data(SELECT_ADDRESS)
    old = holders.image("1.8").contents[files.ADDRESS]
    assert said(card, "00D600020141") == ["9000"]
    assert card.data("00B0000079") == old[:2] + b"A" + old[3:]
    card.data(SELECT_IDENTITY)
    assert said(card, "00D600020141") == ["6982"]
    assert talk("1.8").status("00D600020141") == "6986"
