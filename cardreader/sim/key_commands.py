"""What a reader does with the keys: MSE SET, PSO: COMPUTE DIGITAL SIGNATURE, INTERNAL AUTHENTICATE.

The authentication key wants a PIN given once, the signature key one given just before, the chip's
own key none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cardreader.beid import cards
from cardreader.sim import signing
from cardreader.sim.command import Status
from cardreader.sim.pin import GENUINE_CALLS

if TYPE_CHECKING:
    from collections.abc import Callable

    from cardreader.sim.command import Frame
    from cardreader.sim.image import CardImage
    from cardreader.sim.pin import Counters, Rights

_ENVIRONMENT: Final = 5
_ALGORITHM_TAG: Final = bytes.fromhex("0480")
_KEY_TAG: Final = 0x84
_P384: Final = 0x02
_RAW: Final = 0x40
_CHALLENGE_HEADER: Final = bytes.fromhex("9430")
_CHALLENGE_LENGTH: Final = 0x32
_OWNS: Final = (cards.AUTHENTICATION_KEY, cards.SIGNATURE_KEY)


class KeyCommands:
    """The keys' commands on one card. Each raises `Status` for anything but 9000."""

    def __init__(self, image: CardImage, counters: Counters, keep: Callable[[], None]) -> None:
        self._image = image
        self._counters = counters
        self._keep = keep
        self._new = image.applet == "1.8"
        self._environment: tuple[int, int] | None = None  # algorithm and key of MSE SET

    def forget(self) -> None:
        """No environment is set any more."""
        self._environment = None

    @property
    def in_use(self) -> int | None:
        """The key of the environment."""
        return None if self._environment is None else self._environment[1]

    def set_environment(self, frame: Frame, data: bytes) -> bytes:
        """Choose an algorithm and a key; no PIN is needed."""
        if not frame.at(0x41, 0xB6):
            raise Status(0x6B00)
        if len(data) != _ENVIRONMENT:
            raise Status(0x6700)
        known = signing.EC if self._new else signing.RSA
        algorithm, key = data[2], data[4]
        if data[:2] != _ALGORITHM_TAG or data[3] != _KEY_TAG or algorithm not in known:
            raise Status(0x6A80)
        if key not in _OWNS and not (key == cards.CARD_KEY and self._new):
            raise Status(0x6A88)
        if key not in self._image.keys:
            raise Status(0x6985)
        self._environment = (algorithm, key)
        return b""

    def sign(self, frame: Frame, data: bytes, *, rights: Rights, just_verified: bool) -> bytes:
        """Sign a ready hash, or what applet 1.7 calls a DigestInfo and does not look into."""
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
        if not (just_verified if reference == cards.SIGNATURE_KEY else rights.once):
            raise Status(0x6982)
        return signing.sign(key, algorithm, data)

    def prove_chip(self, frame: Frame, data: bytes) -> bytes:
        """Sign a challenge, taken as a SHA-384 digest, with the chip's own key (applet 1.8)."""
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
        self._keep()
        self.forget()
        key = self._image.keys[cards.CARD_KEY]
        return signing.sign(key, _RAW, data[len(_CHALLENGE_HEADER) :])
