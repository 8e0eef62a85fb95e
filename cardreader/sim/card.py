"""The software card: the commands of applets 1.7 and 1.8, answered as the chip answers them.

One method a command; each gives data back for 9000 or raises `Status` for anything else. What real
chips leave open, and this class therefore chooses, is said where it is chosen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn, Self

from cardreader.beid import cards
from cardreader.errors import CardMute
from cardreader.sim import signing
from cardreader.sim.command import Frame, Status
from cardreader.sim.filesystem import SELECT_FORMS, FileSystem, Selection
from cardreader.sim.image import read_image, write_image
from cardreader.sim.pin import (
    GENUINE_CALLS,
    Counters,
    Rights,
    present_pin,
    present_puk,
    well_formed,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from cardreader.sim.image import AppletName, CardImage
    from cardreader.sim.pin import Verdict

_SELECT: Final = 0xA4
_GET_RESPONSE: Final = 0xC0
_SIGN: Final = 0x2A
_CLASSES: Final = (0x00, 0x80)
_CHANNELS: Final = range(0x01, 0x04)
_BY_APPLICATION: Final = 0x04
_BLOCK: Final = 8
_ENVIRONMENT: Final = 5
_P384: Final = 0x02
_RAW: Final = 0x40
_FULL: Final = 256
_CHALLENGE_HEADER: Final = bytes.fromhex("9430")
_CHALLENGE_LENGTH: Final = 0x32
# GET CARD DATA from byte 16 on. The five chip bytes of 1.8 are not published: those of 1.7 serve.
_CARD_DATA: Final[Mapping[str, bytes]] = {
    "1.7": bytes.fromhex("A50301010117000300" + "21010F"),
    "1.8": bytes.fromhex("A50301010118000100" + "00020F"),
}


class SoftCard:
    """One card: give it power, send it commands. Not for several threads at once.

    The PIN's tries outlive power cycles; what the PIN opened does not.
    """

    def __init__(
        self,
        image: CardImage,
        *,
        entropy: Callable[[int], bytes],
        counters: Counters | None = None,
        keep: Callable[[Counters], None] | None = None,
    ) -> None:
        """Make a card of an image.

        Args:
            image: what the municipality put in.
            entropy: gives random bytes for GET CHALLENGE.
            counters: what the card remembers; fresh where None.
            keep: called whenever what the card remembers changed, before the answer goes out.
        """
        self._image = image
        self._entropy = entropy
        self._counters = counters or Counters(pin=image.pin)
        self._keep = keep
        self._files = FileSystem(image.contents)
        self._new = image.applet == "1.8"
        self._powered = False
        self._just_verified = False
        self._commands = self._table()
        self._power_up()

    @classmethod
    def load(cls, path: Path, *, entropy: Callable[[int], bytes]) -> Self:
        """Read a card from the file that `save` wrote; its tries are kept there from now on.

        Raises:
            OSError: the file cannot be read.
            CardDataMalformed: it is not a card.
        """
        image, counters = read_image(path)

        def keep(changed: Counters) -> None:
            write_image(path, image, changed)

        return cls(image, entropy=entropy, counters=counters, keep=keep)

    def save(self, path: Path) -> None:
        """Write the card to one private file, and keep its tries there from now on."""
        write_image(path, self._image, self._counters)
        self._keep = lambda changed: write_image(path, self._image, changed)

    # --- what can be seen from outside ----------------------------------------------------------

    @property
    def applet(self) -> AppletName:
        """The applet's version."""
        return self._image.applet

    @property
    def atr(self) -> bytes:
        """The answer to reset of this generation; T=0 only."""
        return cards.ATR_1_8 if self._new else cards.ATR_1_7

    @property
    def tries_left(self) -> int:
        """PIN tries that remain, 0 when blocked; for a wallet to show."""
        return self._counters.pin_tries

    # --- power ----------------------------------------------------------------------------------

    def power_on(self) -> bytes:
        """Power up or reset: gives the answer to reset; the applet and the MF are selected."""
        self._power_up()
        self._powered = True
        return self.atr

    def power_off(self) -> None:
        """Take the power away: every right is gone."""
        self._power_up()
        self._powered = False

    def _power_up(self) -> None:
        self._rights = Rights(age_limit=1 if self._new else 0)
        self._place = Selection(self._files)
        self._environment: tuple[int, int] | None = None  # algorithm and key of MSE SET
        self._waiting = b""
        self._selected = True

    # --- commands -------------------------------------------------------------------------------

    def transmit(self, command: bytes | bytearray) -> bytes:
        """Answer one command as T=0 carries it.

        Raises:
            CardMute: the card has no power.
        """
        if not self._powered:
            raise CardMute("no power")
        try:
            return self._answer(Frame.parse(command)) + b"\x90\x00"
        except Status as status:
            return status.data + status.code.to_bytes(2, "big")

    def _answer(self, frame: Frame) -> bytes:
        if frame.ins != _GET_RESPONSE:
            self._waiting = b""
            self._count(frame)
        if frame.cla not in _CLASSES:
            raise Status(0x6881 if not self._new and frame.cla in _CHANNELS else 0x6E00)
        known = self._commands.get(frame.ins)
        if known is None:
            raise Status(0x6D00)
        cla, run = known
        if frame.cla != cla:
            raise Status(0x6E00)
        if frame.data is None:
            raise Status(0x6700)
        if not self._selected and frame.ins != _SELECT:
            raise Status(0x6D00)  # the card manager is selected: chosen, the manuals do not say
        return run(frame, frame.data)

    def _table(self) -> dict[int, tuple[int, Callable[[Frame, bytes], bytes]]]:
        table: dict[int, tuple[int, Callable[[Frame, bytes], bytes]]] = {
            _SELECT: (0x00, self._select),
            _GET_RESPONSE: (0x00, self._get_response),
            0xB0: (0x00, self._read_binary),
            0xD6: (0x00, self._update_binary),
            0xE4: (0x80, self._get_card_data),
            0x20: (0x00, self._verify),
            0x24: (0x00, self._change_reference_data),
            0x2C: (0x00, self._reset_retry_counter),
            0x22: (0x00, self._set_environment),
            _SIGN: (0x00, self._compute_signature),
            0x84: (0x00, self._get_challenge),
            0xE6: (0x80, self._log_off),
        }
        if self._new:
            table[0xB2] = (0x80, self._read_record)
            table[0x88] = (0x00, self._internal_authenticate)
        return table

    def _count(self, frame: Frame) -> None:
        """Let a command pass before the PIN's rules; a signature with key 83 uses its VERIFY up."""
        self._just_verified = False
        if frame.ins == _SIGN and self._key_in_use() == cards.SIGNATURE_KEY:
            self._just_verified = self._rights.signature_attempt()
        else:
            self._rights.other_command()

    def _get_response(self, frame: Frame, _data: bytes) -> bytes:
        if not self._waiting:
            raise Status(0x6985)  # chosen: ISO/IEC 7816-4 leaves it open
        if frame.wanted > len(self._waiting):
            raise Status(0x6C00 | len(self._waiting))
        given, self._waiting = self._waiting[: frame.wanted], self._waiting[frame.wanted :]
        if self._waiting:
            raise _more(self._waiting, given)
        return given

    def _fetch_later(self, data: bytes) -> NoReturn:
        self._waiting = data
        raise _more(data)

    # --- files ----------------------------------------------------------------------------------

    def _select(self, frame: Frame, data: bytes) -> bytes:
        if frame.p1 == _BY_APPLICATION and frame.p2 in SELECT_FORMS:
            if not data:
                self._selected = False  # the card manager answers from now on
                return b""
            if data == cards.APPLET_AID:
                self._power_up()  # chosen: a reselected applet forgets the PIN, as after a reset
                return b""
        if not self._selected:
            raise Status(0x6A82 if frame.p1 == _BY_APPLICATION else 0x6D00)
        self._place.select(frame.p1, frame.p2, data)
        return b""

    def _read_binary(self, frame: Frame, _data: bytes) -> bytes:
        return self._place.read(frame.p1 << 8 | frame.p2, frame.wanted)

    def _read_record(self, frame: Frame, _data: bytes) -> bytes:
        found = self._place.records(frame.p1, frame.p2)
        if frame.p3 > len(found):
            raise Status(0x6C00 | len(found))
        if frame.p3:
            return found[: frame.p3]
        if len(found) <= _FULL:
            return found
        self._waiting = found[_FULL:]
        raise _more(self._waiting, found[:_FULL])

    def _update_binary(self, _frame: Frame, _data: bytes) -> bytes:
        raise Status(0x6982)  # only municipalities write

    def _get_card_data(self, frame: Frame, _data: bytes) -> bytes:
        if frame.p1 or frame.p2 > (1 if self._new else 0):
            raise Status(0x6B00)
        data = self._image.serial + _CARD_DATA[self._image.applet]
        if frame.p2:
            data += bytes((self._counters.pin_tries, 0xFF, 0xFF))
        if frame.wanted > len(data):
            raise Status(0x6C00 | len(data))
        if frame.wanted < len(data):
            self._waiting = data[frame.wanted :]
            raise _more(self._waiting, data[: frame.wanted])
        return data

    def _get_challenge(self, frame: Frame, _data: bytes) -> bytes:
        if not frame.at(0x00, 0x00):
            raise Status(0x6B00)
        return self._entropy(frame.wanted)

    # --- the PIN --------------------------------------------------------------------------------

    def _verify(self, frame: Frame, data: bytes) -> bytes:
        self._check_reference(frame)
        if not data:
            if self._counters.pin_tries == 0:
                raise Status(0x6983)
            if not self._rights.verified:
                raise Status(0x63C0 | self._counters.pin_tries)
            return b""
        if len(data) != _BLOCK:
            raise Status(0x6700)
        self._settle(present_pin(self._counters, data))
        self._rights.granted()
        return b""

    def _change_reference_data(self, frame: Frame, data: bytes) -> bytes:
        self._check_reference(frame)
        if len(data) != 2 * _BLOCK:
            raise Status(0x6700)
        old, new = data[:_BLOCK], data[_BLOCK:]
        if self._counters.pin_tries and not well_formed(new):
            raise Status(0x6A80)  # chosen: looked at first, so it costs no try
        verdict = present_pin(self._counters, old)
        if verdict == "right":
            self._counters.pin = new
        self._settle(verdict)
        self._rights.once = True
        return b""

    def _settle(self, verdict: Verdict) -> None:
        """Keep the counters, and end the command unless the PIN was right."""
        if verdict != "blocked" and self._keep is not None:
            self._keep(self._counters)
        if verdict == "right":
            return
        self._rights.dropped()
        if verdict == "blocked":
            raise Status(0x6983)
        raise Status(0x63C0 | self._counters.pin_tries)  # chosen: the third wrong one says 63C0

    def _reset_retry_counter(self, frame: Frame, data: bytes) -> bytes:
        if self._new:
            raise Status(0x6982)  # at the municipality only
        self._check_reference(frame)
        if len(data) != _BLOCK:
            raise Status(0x6700)
        verdict = present_puk(self._counters, self._image.puk, data)
        if verdict == "blocked":
            raise Status(0x6983)
        if self._keep is not None:
            self._keep(self._counters)
        if verdict == "wrong":
            raise Status(0x63C0 | self._counters.puk_tries)
        return b""

    def _check_reference(self, frame: Frame) -> None:
        if frame.p1:
            raise Status(0x6A86)
        if frame.p2 != cards.PIN_REFERENCE:
            raise Status(0x6A88)

    def _log_off(self, frame: Frame, data: bytes) -> bytes:
        if data:
            raise Status(0x6700)
        if not frame.at(0x00, 0x00):
            raise Status(0x6B00)
        self._rights.dropped()
        return b""

    # --- keys -----------------------------------------------------------------------------------

    def _key_in_use(self) -> int | None:
        return None if self._environment is None else self._environment[1]

    def _set_environment(self, frame: Frame, data: bytes) -> bytes:
        if not frame.at(0x41, 0xB6):
            raise Status(0x6B00)
        if len(data) != _ENVIRONMENT:
            raise Status(0x6700)
        algorithms = signing.EC if self._new else signing.RSA
        if data[:2] != b"\x04\x80" or data[3] != 0x84 or data[2] not in algorithms:  # noqa: PLR2004 - tags
            raise Status(0x6A80)
        key = data[4]
        if key not in (cards.AUTHENTICATION_KEY, cards.SIGNATURE_KEY) and not (
            key == cards.CARD_KEY and self._new
        ):
            raise Status(0x6A88)
        if key not in self._image.keys:
            raise Status(0x6985)
        self._environment = (data[2], key)
        return b""

    def _compute_signature(self, frame: Frame, data: bytes) -> bytes:
        if not frame.at(0x9E, 0x9A):
            raise Status(0x6B00)
        if self._environment is None:
            raise Status(0x6985)
        algorithm, reference = self._environment
        if reference == cards.CARD_KEY:
            raise Status(0x6985)  # chosen: that key only proves the chip
        key = self._image.keys[reference]
        if not signing.fits(key, algorithm, len(data)):
            raise Status(0x6700)
        just = reference == cards.SIGNATURE_KEY
        if not (self._just_verified if just else self._rights.once):
            raise Status(0x6982)
        self._fetch_later(signing.sign(key, algorithm, data))

    def _internal_authenticate(self, frame: Frame, data: bytes) -> bytes:
        if frame.p1 != _P384:
            raise Status(0x6B00)
        if frame.p2 != cards.CARD_KEY:
            raise Status(0x6A88)
        if len(data) != _CHALLENGE_LENGTH:
            raise Status(0x6700)
        if not data.startswith(_CHALLENGE_HEADER):
            raise Status(0x6A80)
        if self._counters.genuine_calls >= GENUINE_CALLS:
            raise Status(0x6985)
        self._counters.genuine_calls += 1
        if self._keep is not None:
            self._keep(self._counters)
        self._environment = None
        key = self._image.keys[cards.CARD_KEY]
        self._fetch_later(signing.sign(key, _RAW, data[len(_CHALLENGE_HEADER) :]))


def _more(waiting: bytes, given: bytes = b"") -> Status:
    return Status(0x6100 | (len(waiting) if len(waiting) < _FULL else 0), given)
