"""The software card: the commands of applets 1.7 and 1.8, answered as the chip answers them.

Each command gives data back for 9000 or raises `Status` for anything else. What real chips leave
open is chosen in ``guesses``, or said where it is chosen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NoReturn, Self

from cardreader.beid import cards
from cardreader.errors import CardMute
from cardreader.sim.command import Frame, Status
from cardreader.sim.filesystem import SELECT_FORMS, FileSystem, Selection
from cardreader.sim.holder_commands import HolderCommands
from cardreader.sim.image import read_image, write_image
from cardreader.sim.key_commands import KeyCommands
from cardreader.sim.pin import Counters

if TYPE_CHECKING:
    from pathlib import Path

    from cardreader.sim.image import AppletName, CardImage

_SELECT: Final = 0xA4
_GET_RESPONSE: Final = 0xC0
_SIGN: Final = 0x2A
_CLASSES: Final = (0x00, 0x80)
_CHANNELS: Final = range(0x01, 0x04)
_BY_APPLICATION: Final = 0x04
_FULL: Final = 256
# GET CARD DATA from byte 16 on: the chip (a guess on 1.8), then the applet and what it can.
_OLD_CHIP: Final = "A503010101"
_APPLET_DATA: Final = {"1.7": "17000300" + "21010F", "1.8": "18000100" + "00020F"}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Handler:
    """A command's class and method; ``later``: its data waits for GET RESPONSE."""

    cla: int
    run: Callable[[Frame, bytes], bytes]
    later: bool = False


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
        self._new = image.applet == "1.8"
        self._files = FileSystem({**image.contents, **self._counters.written})
        self._holder = HolderCommands(image, self._counters, self._kept)
        self._keys = KeyCommands(image, self._counters, self._kept)
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

    def _kept(self) -> None:
        if self._keep is not None:
            self._keep(self._counters)

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

    def admit(self) -> None:
        """Let the municipality's system in until the power goes: it may write and unblock.

        Stands for an EXTERNAL AUTHENTICATE with a role certificate, whose form is not public.
        """
        self._holder.municipality = True

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
        self._holder.power_up()
        self._begin()

    def _begin(self) -> None:
        self._place = Selection(self._files)
        self._keys.forget()
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
        handler = self._commands.get(frame.ins)
        if handler is None:
            raise Status(0x6D00)
        if frame.cla != handler.cla:
            raise Status(0x6E00)
        if frame.data is None:
            raise Status(0x6700)
        if not self._selected and frame.ins != _SELECT:
            raise Status(0x6D00)  # the card manager is selected: chosen, the manuals do not say
        answer = handler.run(frame, frame.data)
        if handler.later:
            self._wait(answer)
        return answer

    def _table(self) -> dict[int, _Handler]:
        table = {
            _SELECT: _Handler(cla=0x00, run=self._select),
            _GET_RESPONSE: _Handler(cla=0x00, run=self._get_response),
            0xB0: _Handler(cla=0x00, run=self._read_binary),
            0xD6: _Handler(cla=0x00, run=self._update_binary),
            0xE4: _Handler(cla=0x80, run=self._get_card_data),
            0x20: _Handler(cla=0x00, run=self._holder.verify),
            0x24: _Handler(cla=0x00, run=self._holder.change),
            0x2C: _Handler(cla=0x00, run=self._holder.unblock),
            0xE6: _Handler(cla=0x80, run=self._holder.log_off),
            0x22: _Handler(cla=0x00, run=self._keys.set_environment),
            _SIGN: _Handler(cla=0x00, run=self._sign, later=True),
            0x84: _Handler(cla=0x00, run=self._get_challenge),
        }
        if self._new:
            table[0xB2] = _Handler(cla=0x80, run=self._read_record)
            table[0x88] = _Handler(cla=0x00, run=self._keys.prove_chip, later=True)
        return table

    def _count(self, frame: Frame) -> None:
        """Let a command pass before the PIN's rules; a signature with key 83 uses its VERIFY up."""
        self._just_verified = False
        if frame.ins == _SIGN and self._keys.in_use == cards.SIGNATURE_KEY:
            self._just_verified = self._holder.rights.signature_attempt()
        else:
            self._holder.rights.other_command()

    def _sign(self, frame: Frame, data: bytes) -> bytes:
        return self._keys.sign(
            frame, data, rights=self._holder.rights, just_verified=self._just_verified
        )

    def _get_response(self, frame: Frame, _data: bytes) -> bytes:
        if not self._waiting:
            raise Status(self._image.guesses.idle_get_response)
        if frame.wanted > len(self._waiting):
            raise Status(0x6C00 | len(self._waiting))
        given, rest = self._waiting[: frame.wanted], self._waiting[frame.wanted :]
        self._waiting = b""
        if rest:
            self._wait(rest, given)
        return given

    def _wait(self, rest: bytes, given: bytes = b"") -> NoReturn:
        """Answer with what is given; the rest waits for GET RESPONSE."""
        self._waiting = rest
        raise Status(0x6100 | (len(rest) if len(rest) < _FULL else 0), given)

    # --- files ----------------------------------------------------------------------------------

    def _select(self, frame: Frame, data: bytes) -> bytes:
        if not self._image.guesses.environment_survives_select:
            self._keys.forget()
        if frame.p1 == _BY_APPLICATION and frame.p2 in SELECT_FORMS:
            if not data:
                self._selected = False  # the card manager answers from now on
                return b""
            if data == cards.APPLET_AID:
                if self._image.guesses.reselecting_forgets_pin:
                    self._power_up()
                self._begin()
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
        if len(found) > _FULL:
            self._wait(found[_FULL:], found[:_FULL])
        return found

    def _update_binary(self, frame: Frame, data: bytes) -> bytes:
        holder = self._holder
        path, content = self._place.update(
            frame.p1 << 8 | frame.p2,
            data,
            pin=holder.rights.once and not self._new,
            municipality=holder.municipality,
        )
        self._counters.written[path] = content
        self._kept()
        return b""

    def _get_card_data(self, frame: Frame, _data: bytes) -> bytes:
        if frame.p1 or frame.p2 > (1 if self._new else 0):
            raise Status(0x6B00)
        chip = self._image.guesses.new_chip if self._new else _OLD_CHIP
        data = self._image.serial + bytes.fromhex(chip + _APPLET_DATA[self._image.applet])
        if frame.p2:
            data += bytes((self._counters.pin_tries, 0xFF, 0xFF))
        if frame.wanted > len(data):
            raise Status(0x6C00 | len(data))
        if frame.wanted < len(data):
            self._wait(data[frame.wanted :], data[: frame.wanted])
        return data

    def _get_challenge(self, frame: Frame, _data: bytes) -> bytes:
        if not frame.at(0x00, 0x00):
            raise Status(0x6B00)
        return self._entropy(frame.wanted)
