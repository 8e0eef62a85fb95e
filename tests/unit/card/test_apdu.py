"""Commands, answers, and a card that never stops talking."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardreader.apdu import Command, Response, exchange, masked
from cardreader.errors import (
    ApduRefused,
    CardAbsent,
    CardError,
    CardMute,
    CardProtocolError,
    CardReset,
)

READ = Command(cla=0x00, ins=0xB0, p1=0, p2=0, le=252)
SIGN = Command(cla=0x00, ins=0x2A, p1=0x9E, p2=0x9A, data=b"hash")
VERIFY = Command(cla=0x00, ins=0x20, p1=0, p2=1, data=bytearray.fromhex("241234FFFFFFFFFF"))


class Script:
    """Answers in order; the last one for ever."""

    def __init__(self, *answers: str) -> None:
        self.answers = [bytes.fromhex(answer) for answer in answers]
        self.heard: list[str] = []
        self.frames: list[bytes | bytearray] = []

    def transmit(self, command: bytes | bytearray) -> bytes:
        self.heard.append(command.hex().upper())
        self.frames.append(command)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def test_a_command_without_data_or_le_is_four_bytes() -> None:
    assert bytes(Command(cla=0x80, ins=0xE6, p1=0, p2=0)).hex() == "80e60000"


def test_le_256_is_written_as_zero() -> None:
    assert bytes(Command(cla=0, ins=0xB0, p1=0, p2=0, le=256)).hex() == "00b0000000"


@pytest.mark.parametrize(
    "wrong", [{"cla": 256}, {"p1": -1}, {"data": bytes(256)}, {"le": 0}, {"le": 257}]
)
def test_a_command_that_does_not_fit_is_not_made(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Command(**{"cla": 0, "ins": 0xB0, "p1": 0, "p2": 0, **wrong})  # type: ignore[arg-type]


def test_more_data_is_fetched_as_the_card_says() -> None:
    script = Script("6104", "AABB6102", "CCDD9000")
    assert exchange(script, SIGN).hex() == "aabbccdd"
    assert script.heard == ["002A9E9A0468617368", "00C0000004", "00C0000002"]


def test_61_00_asks_for_256_bytes() -> None:
    script = Script("6100", "00" * 256 + "9000")
    assert len(exchange(script, SIGN)) == 256
    assert script.heard[1] == "00C0000000"


def test_another_length_is_asked_for_once_more() -> None:
    script = Script("6C05", "01020304059000")
    assert exchange(script, READ) == bytes((1, 2, 3, 4, 5))
    assert script.heard == ["00B00000FC", "00B0000005"]


def test_a_reader_that_fetches_by_itself_is_accepted() -> None:
    assert exchange(Script("AABB9000"), SIGN) == b"\xaa\xbb"


def test_a_refusal_carries_its_status() -> None:
    with pytest.raises(ApduRefused) as refused:
        exchange(Script("6A82"), READ)
    assert refused.value.status == 0x6A82


@pytest.mark.parametrize("forever", ["6110", "6C10", "AA6101"])
def test_a_card_that_never_ends_is_stopped_after_64_rounds(forever: str) -> None:
    script = Script(forever)
    with pytest.raises(CardProtocolError):
        exchange(script, READ)
    assert len(script.heard) == 65


def test_more_than_was_asked_for_is_refused() -> None:
    with pytest.raises(CardProtocolError):
        exchange(Script("00" * 253 + "9000"), READ)


@pytest.mark.parametrize("short", ["", "90"])
def test_an_answer_without_a_status_is_refused(short: str) -> None:
    with pytest.raises(CardProtocolError):
        exchange(Script(short), READ)


def test_an_answer_of_more_than_64_kb_is_refused() -> None:
    with pytest.raises(CardProtocolError):
        exchange(Script("00" * 65_537 + "9000"), SIGN)


def test_a_pin_is_never_sent_twice() -> None:
    script = Script("6C08", "9000")
    with pytest.raises(ApduRefused):
        exchange(script, VERIFY)
    assert len(script.heard) == 1


@pytest.mark.parametrize("answer", ["9000", "63C2", ""])
def test_the_bytes_that_carried_a_pin_are_wiped(answer: str) -> None:
    script = Script(answer)
    with suppress(CardError):
        exchange(script, VERIFY)
    assert script.heard[0] == "0020000108241234FFFFFFFFFF"
    assert not any(script.frames[0])


@pytest.mark.parametrize("trouble", [CardAbsent, CardMute, CardReset])
def test_they_are_wiped_too_where_the_card_leaves_in_the_middle(trouble: type[CardError]) -> None:
    frames: list[bytearray] = []

    class Leaving:
        def transmit(self, command: bytes | bytearray) -> bytes:
            assert isinstance(command, bytearray)
            frames.append(command)
            raise trouble

    with pytest.raises(trouble):
        exchange(Leaving(), VERIFY)
    assert len(frames) == 1
    assert not any(frames[0])


def test_no_pin_stands_in_a_repr_or_a_trace() -> None:
    change = Command(cla=0, ins=0x24, p1=0, p2=1, data=bytes.fromhex("241234FFFFFFFFFF" * 2))
    for command in (VERIFY, change):
        shown = repr(command) + masked(bytes(command))
        assert "1234" not in shown
        assert "\\x12" not in shown
    assert masked(bytes(VERIFY)) == "0020000108" + "**" * 8
    assert masked(bytes(READ)) == "00b00000fc"
    assert "AA" not in repr(Response.parse(bytes.fromhex("AAAA9000"))).upper().replace("DATA", "")


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=8))
def test_any_answers_end_in_data_or_one_of_our_errors(answers: list[bytes]) -> None:
    script = Script(*(answer.hex() for answer in answers))
    try:
        data = exchange(script, READ)
    except CardError:
        data = b""
    assert len(data) <= 65_536
    assert len(script.heard) <= 65
