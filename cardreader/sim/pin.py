"""The card's PIN: its block format, its tries, and who may sign after which command.

Two rules live side by side: the authentication key wants a PIN given once since power-up, the
signature key wants it just before. Facts: the PIN state machine of the card's reference.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import Final, Literal

PIN_TRIES: Final = 3
PUK_TRIES: Final = 12
GENUINE_CALLS: Final = 5000
_BLOCK_LENGTH: Final = 8
_DIGITS: Final = range(4, 13)


def pin_block(digits: str) -> bytes:
    """Write 4 to 12 digits as the eight bytes that the card compares (GlobalPlatform format 2).

    Raises:
        ValueError: not digits, or not 4 to 12; the message does not hold them.
    """
    if len(digits) not in _DIGITS or not (digits.isascii() and digits.isdigit()):
        raise ValueError("4 to 12 digits")
    return bytes.fromhex(f"2{len(digits):X}" + digits.ljust(14, "F"))


def well_formed(block: bytes) -> bool:
    """Tell whether eight bytes are what `pin_block` makes of some digits."""
    text = block.hex()
    length = int(text[1], 16)
    digits, filler = text[2 : 2 + length], text[2 + length :]
    return (
        len(block) == _BLOCK_LENGTH
        and text[0] == "2"
        and length in _DIGITS
        and digits.isdigit()
        and filler == "f" * len(filler)
    )


@dataclass(kw_only=True, slots=True)
class Counters:
    """What a card remembers without power: the PIN it has now, and how often it may be tried.

    Attributes:
        genuine_calls: how often the chip proved itself since the last right PIN.
        written: files by path that were written since the card was made.
    """

    pin: bytes = field(repr=False)
    pin_tries: int = PIN_TRIES
    puk_tries: int = PUK_TRIES
    genuine_calls: int = 0
    written: dict[bytes, bytes] = field(default_factory=dict, repr=False)


Verdict = Literal["right", "wrong", "blocked"]


def present_pin(counters: Counters, block: bytes) -> Verdict:
    """Compare a PIN block; a wrong one costs a try, the right one restores them all."""
    if counters.pin_tries == 0:
        return "blocked"
    if not hmac.compare_digest(counters.pin, block):
        counters.pin_tries -= 1
        return "wrong"
    counters.pin_tries = PIN_TRIES
    counters.genuine_calls = 0
    return "right"


def present_puk(counters: Counters, puk: bytes, block: bytes) -> Verdict:
    """Compare a PUK block; the right one restores the PIN's tries and keeps its value."""
    if counters.puk_tries == 0:
        return "blocked"
    if not hmac.compare_digest(puk, block):
        counters.puk_tries -= 1
        return "wrong"
    counters.puk_tries = PUK_TRIES
    counters.pin_tries = PIN_TRIES
    return "right"


@dataclass(kw_only=True, slots=True)
class Rights:
    """What the PIN has opened since power-up.

    Attributes:
        age_limit: how many other commands may stand between VERIFY and a signature with the
            signature key: 0 on applet 1.7, 1 on 1.8.
        once: a PIN was given, and not used up by the signature key.
        age: commands since a VERIFY that may still serve the signature key; None for no such one.
    """

    age_limit: int
    once: bool = False
    age: int | None = None

    @property
    def verified(self) -> bool:
        """Whether any PIN right stands, as an empty VERIFY reports it."""
        return self.once or self.age is not None

    def granted(self) -> None:
        """A VERIFY succeeded."""
        self.age = 0

    def dropped(self) -> None:
        """A wrong PIN, LOG OFF, a reset."""
        self.once, self.age = False, None

    def signature_attempt(self) -> bool:
        """PSO with the signature key: uses up the VERIFY before it, whatever comes of it."""
        allowed = self.age is not None and self.age <= self.age_limit
        self.age = None
        return allowed

    def other_command(self) -> None:
        """Any other command, GET RESPONSE apart: the VERIFY before it now counts as given once."""
        if self.age is None:
            return
        self.once = True
        self.age += 1
        if self.age > self.age_limit:
            self.age = None
