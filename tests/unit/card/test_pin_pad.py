"""A reader with keys of its own: the citizen types there, and no PIN enters this machine."""

from __future__ import annotations

import struct
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from cardreader import client
from cardreader.beid import pad
from cardreader.beid.session import BeidSession
from cardreader.errors import (
    CardAbsent,
    CardError,
    PinBlocked,
    PinMalformed,
    PinWrong,
    UserCancelled,
)
from cardreader.pcsc import PcscConnection, PcscReader
from cardreader.reader import Deadline
from cardreader.sim.pin import pin_block
from cardreader.sim.reader import SimReader
from tests.world import holders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cardreader.sim.reader import SimConnection

NONCE = "A" * 43 + "="


class Keys:
    """The keys of a reader, and a citizen who types on them: the PIN reaches the card from here."""

    modifies = True

    def __init__(self, connection: SimConnection) -> None:
        self._connection = connection
        self.typed = holders.PIN
        self.new = "7777"
        self.answer: bytes | None = None
        self.asked = 0

    def verify(self, structure: bytes) -> bytes:
        assert struct.unpack_from("<I", structure, 15) == (len(structure) - 19,)
        return self._typed(structure[19:], holders.PIN if self.typed is None else self.typed)

    def modify(self, structure: bytes) -> bytes:
        assert struct.unpack_from("<I", structure, 20) == (len(structure) - 24,)
        return self._typed(structure[24:], self.typed, self.new)

    def _typed(self, command: bytes, *pins: str) -> bytes:
        self.asked += 1
        assert command[5:] == bytes.fromhex("20ffffffffffffff") * len(pins)
        if self.answer is not None:
            return self.answer
        blocks = b"".join(pin_block(pin) for pin in pins)
        return self._connection.transmit(command[:5] + blocks)


class Watched:
    """A connection that remembers every command that this machine sent itself."""

    def __init__(self, connection: SimConnection) -> None:
        self._connection = connection
        self.atr = connection.atr
        self.pad = Keys(connection)
        self.sent: list[int] = []

    def transmit(self, command: bytes | bytearray) -> bytes:
        self.sent.append(command[1])
        return self._connection.transmit(command)


@pytest.fixture(params=["1.7", "1.8"])
def watched(request: pytest.FixtureRequest) -> Iterator[Watched]:
    reader = SimReader("sim")
    reader.insert(holders.soft_card(request.param))
    with reader.connect() as connection:
        yield Watched(connection)


def never(_: object) -> str:
    raise AssertionError("the host asked for the PIN")


def test_a_login_lets_the_reader_ask_and_never_holds_the_pin(watched: Watched) -> None:
    shown: list[client.PinQuestion] = []
    session = BeidSession(watched)
    token = client.authenticate(
        session,
        challenge_nonce=NONCE,
        origin="https://login.example",
        ask_pin=never,
        on_pad=shown.append,
    )
    assert token["format"] == "web-eid:1.0"
    assert shown[0].origin == "https://login.example"
    verifies = [ins for ins in watched.sent if ins == 0x20]
    # Applet 1.7 tells its tries to an *empty* VERIFY; none of ours carried a PIN.
    assert len(verifies) == (0 if session.applet == 0x18 else 1)


def test_without_a_screen_for_it_the_host_asks_as_for_any_reader(watched: Watched) -> None:
    session = BeidSession(watched)
    client.authenticate(
        session,
        challenge_nonce=NONCE,
        origin="https://login.example",
        ask_pin=lambda _: holders.PIN,
    )
    assert watched.pad.asked == 0


def test_a_wrong_pin_on_the_reader_is_told_with_the_tries_left_until_it_blocks(
    watched: Watched,
) -> None:
    session = BeidSession(watched)
    watched.pad.typed = "0000"
    for left in (2, 1):
        with pytest.raises(PinWrong) as wrong:
            session.verify_pin_on_pad()
        assert wrong.value.tries_left == left
    with pytest.raises(PinBlocked):
        session.verify_pin_on_pad()
    assert watched.pad.asked == 3


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        ("6400", UserCancelled),
        ("6401", UserCancelled),
        ("6402", PinMalformed),
        ("6403", PinMalformed),
        ("6983", PinBlocked),
        ("6A88", CardError),
        ("", CardError),
    ],
)
def test_what_the_reader_says_is_understood(
    watched: Watched, answer: str, refusal: type[CardError]
) -> None:
    session = BeidSession(watched)
    watched.pad.answer = bytes.fromhex(answer)
    with pytest.raises(refusal):
        session.verify_pin_on_pad()


def test_the_pin_is_changed_on_the_reader(watched: Watched) -> None:
    session = BeidSession(watched)
    assert session.pad_modifies
    session.change_pin_on_pad("nl")
    session.verify_pin("7777")


def test_a_plain_reader_has_no_keys_and_a_deadline_hides_none(watched: Watched) -> None:
    plain = BeidSession(watched._connection)
    assert (plain.has_pad, plain.pad_modifies) == (False, False)
    for verb in (plain.verify_pin_on_pad, plain.change_pin_on_pad):
        with pytest.raises(ValueError, match="keys"):
            verb()
    guarded = Deadline(cast("Any", watched), seconds=30, clock=lambda: 0.0)
    assert BeidSession(guarded).has_pad


def test_the_structures_carry_lengths_languages_and_limits() -> None:
    verify = pad.verification("fr")
    assert verify[:5] == bytes((30, 30, 0x89, 0x47, 0x04))
    assert verify[5:7] == bytes((12, 4))
    assert struct.unpack_from("<H", verify, 9) == (0x080C,)
    assert verify[19:] == bytes.fromhex("0020000108" + "20" + "ff" * 7)
    modify = pad.modification("xx")
    assert modify[5:9] == bytes((0, 8, 12, 4))
    assert modify[24:29] == bytes.fromhex("0024000110")


# --- recognised through PC/SC --------------------------------------------------------------------


class Api(SimpleNamespace):
    """As much of pyscard's C level as a connection needs; constants are their own names."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("SCARD_") and name != "SCARD_CTL_CODE":
            return name
        raise AttributeError(name)


def api(features: list[int], **answers: Any) -> Api:
    good = "SCARD_S_SUCCESS"
    sent: list[tuple[int, list[int]]] = []

    def control(_: object, code: int, data: list[int]) -> tuple[str, list[int]]:
        sent.append((code, data))
        if code == 3400:
            return answers.get("asking", good), features
        return answers.get("typing", good), [0x90, 0x00]

    return Api(
        SCardEstablishContext=lambda _: (good, 1),
        SCardReleaseContext=lambda _: good,
        SCardConnect=lambda *_: (good, 2, 0),
        SCardStatus=lambda _: (good, "", 0, 0, [0x3B]),
        SCardDisconnect=lambda *_: good,
        SCardControl=control,
        SCARD_CTL_CODE=lambda number: number,
        sent=sent,
    )


def connected(fake: Api) -> PcscConnection:
    return PcscConnection(cast("Any", fake), PcscReader(cast("Any", fake), "pad"))


VERIFY = [0x06, 4, 0x42, 0x33, 0x00, 0x06]
MODIFY = [0x07, 4, 0x42, 0x33, 0x00, 0x07]


@pytest.mark.parametrize(
    ("features", "has", "modifies"),
    [
        (VERIFY + MODIFY, True, True),
        (VERIFY, True, False),
        (MODIFY, False, False),
        ([0x0A, 4, 0, 0, 0, 1], False, False),
        ([], False, False),
        (VERIFY[:4], False, False),
    ],
)
def test_a_reader_that_says_so_has_keys(features: list[int], *, has: bool, modifies: bool) -> None:
    found = connected(api(features)).pad
    assert (found is not None) == has
    assert (found is not None and found.modifies) == modifies


def test_a_reader_that_answers_no_such_question_has_none() -> None:
    assert connected(api(VERIFY, asking="SCARD_E_UNSUPPORTED_FEATURE")).pad is None


def test_each_verb_goes_to_the_code_that_the_reader_named() -> None:
    fake = api(VERIFY + MODIFY)
    keys = connected(fake).pad
    assert keys is not None
    assert keys.verify(b"v") == b"\x90\x00"
    assert keys.modify(b"m") == b"\x90\x00"
    assert fake.sent[1:] == [(0x42330006, [ord("v")]), (0x42330007, [ord("m")])]


def test_a_card_that_is_pulled_while_the_citizen_types_is_gone() -> None:
    keys = connected(api(VERIFY, typing="SCARD_W_REMOVED_CARD")).pad
    assert keys is not None
    with pytest.raises(CardAbsent):
        keys.verify(b"")
