"""What a holder does with the PIN: VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER, LOG OFF.

One PIN opens both keys. What it opened dies with the power, its tries do not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cardreader.beid import cards
from cardreader.sim.command import Status
from cardreader.sim.pin import PIN_TRIES, Rights, present_pin, present_puk, well_formed

if TYPE_CHECKING:
    from collections.abc import Callable

    from cardreader.sim.command import Frame
    from cardreader.sim.image import CardImage
    from cardreader.sim.pin import Counters, Verdict

_BLOCK: Final = 8


class HolderCommands:
    """The PIN's commands on one card. Each raises `Status` for anything but 9000.

    Attributes:
        rights: what the PIN has opened since power-up.
        municipality: whether the municipality's system proved itself since power-up. How it does so
            (EXTERNAL AUTHENTICATE with a role certificate) is not public: `SoftCard.admit` stands
            for it.
    """

    def __init__(self, image: CardImage, counters: Counters, keep: Callable[[], None]) -> None:
        self._image = image
        self._counters = counters
        self._keep = keep
        self._new = image.applet == "1.8"
        self.power_up()

    def power_up(self) -> None:
        """Forget what was opened."""
        self.rights = Rights(age_limit=1 if self._new else 0)
        self.municipality = False

    def verify(self, frame: Frame, data: bytes) -> bytes:
        """Present the PIN; without data only ask, which costs nothing on these applets."""
        _check_reference(frame)
        if not data:
            if self._counters.pin_tries == 0:
                raise Status(0x6983)
            if not self.rights.verified:
                raise Status(0x63C0 | self._counters.pin_tries)
            return b""
        if len(data) != _BLOCK:
            raise Status(0x6700)
        self._settle(present_pin(self._counters, data))
        self.rights.granted()
        return b""

    def change(self, frame: Frame, data: bytes) -> bytes:
        """Replace the PIN, the present one given first; in one step, and it opens the card too."""
        _check_reference(frame)
        if len(data) != 2 * _BLOCK:
            raise Status(0x6700)
        old, new = data[:_BLOCK], data[_BLOCK:]
        fits = well_formed(new)
        early = self._image.guesses.change_looks_at_new_pin_first
        if early and self._counters.pin_tries and not fits:
            raise Status(0x6A80)
        verdict = present_pin(self._counters, old)
        if verdict == "right" and fits:
            self._counters.pin = new
        self._settle(verdict)
        self.rights.once = True
        if not fits:
            raise Status(0x6A80)
        return b""

    def unblock(self, frame: Frame, data: bytes) -> bytes:
        """Give the PIN its tries back: by PUK on applet 1.7, at the municipality on 1.8."""
        _check_reference(frame)
        if self._new:
            if not self.municipality:
                raise Status(0x6982)
            if data:
                raise Status(0x6700)
            self._counters.pin_tries = PIN_TRIES
            self._keep()
            return b""
        if len(data) != _BLOCK:
            raise Status(0x6700)
        verdict = present_puk(self._counters, self._image.puk, data)
        if verdict == "blocked":
            raise Status(0x6983)
        self._keep()
        if verdict == "wrong":
            raise Status(0x63C0 | self._counters.puk_tries)
        return b""

    def log_off(self, frame: Frame, data: bytes) -> bytes:
        """Give the PIN's right back."""
        if data:
            raise Status(0x6700)
        if not frame.at(0x00, 0x00):
            raise Status(0x6B00)
        self.rights.dropped()
        return b""

    def _settle(self, verdict: Verdict) -> None:
        """Keep the counters, and end the command unless the PIN was right."""
        if verdict != "blocked":
            self._keep()
        if verdict == "right":
            return
        self.rights.dropped()
        if verdict == "blocked":
            raise Status(0x6983)
        left = self._counters.pin_tries
        raise Status(0x63C0 | left if left else self._image.guesses.third_wrong_pin)


def _check_reference(frame: Frame) -> None:
    if frame.p1:
        raise Status(0x6A86)
    if frame.p2 != cards.PIN_REFERENCE:
        raise Status(0x6A88)
