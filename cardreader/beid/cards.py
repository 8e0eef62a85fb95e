"""Which Belgian card is in the reader: answers to reset, applets and their versions, as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Final, Literal

from cardreader.errors import CardProtocolError, UnknownCard

if TYPE_CHECKING:
    from collections.abc import Sequence

APPLET_AID: Final = bytes.fromhex("A00000003029057000AD13100101FF")
PKCS15_AID: Final = bytes.fromhex("A000000177504B43532D3135")
ID_AID: Final = bytes.fromhex("A000000177496446696C6573")

AUTHENTICATION_KEY: Final = 0x82
SIGNATURE_KEY: Final = 0x83
CARD_KEY: Final = 0x81
PIN_REFERENCE: Final = 0x01

CARD_DATA_LENGTH: Final = 28
CARD_DATA_LENGTH_WITH_TRIES: Final = 31
_APPLET_BYTE: Final = 21
_LIFE_CYCLE_BYTE: Final = 27
_TRIES_BYTE: Final = 28
_SERIAL_LENGTH: Final = 16
_NO_PIN: Final = 0xFF


class Applet(IntEnum):
    """The versions of the card's applet whose keys can be used: byte 21 of GET CARD DATA."""

    V1_1 = 0x11
    V1_7 = 0x17
    V1_8 = 0x18


Family = Literal["1.0", "1.1 or 1.7", "1.8"]
HashName = Literal["sha256", "sha384", "sha512"]

DIGEST_LENGTH: Final[dict[HashName, int]] = {"sha256": 32, "sha384": 48, "sha512": 64}
SIGNATURE_LENGTH: Final = {Applet.V1_1: 128, Applet.V1_7: 256, Applet.V1_8: 96}
# PKCS #1 v1.5 over SHA-256 (Web eID's RS256), ECDSA over each of the three (ES384 to log in).
ALGORITHM: Final[dict[tuple[Applet, HashName], int]] = {
    (Applet.V1_7, "sha256"): 0x08,
    (Applet.V1_8, "sha256"): 0x01,
    (Applet.V1_8, "sha384"): 0x02,
    (Applet.V1_8, "sha512"): 0x04,
}

# The answer to reset does not tell 1.1 from 1.7: only GET CARD DATA does.
ATRS: Final[dict[bytes, Family]] = {
    bytes.fromhex("3B989440FFA503010101AD1310"): "1.0",
    bytes.fromhex("3B9894400AA503010101AD1310"): "1.0",
    bytes.fromhex("3B9813400AA503010101AD1311"): "1.1 or 1.7",
    bytes.fromhex("3B7F96000080318065B085040120120FFF829000"): "1.8",
}
ATR_1_7: Final = bytes.fromhex("3B9813400AA503010101AD1311")
ATR_1_8: Final = bytes.fromhex("3B7F96000080318065B085040120120FFF829000")

_MASKED: Final[Sequence[int | None]] = (
    *(0x3B, 0x98, None, 0x40, None, None, None, None, None, None, 0xAD, 0x13, None),
)


def recognise(atr: bytes) -> Family | None:
    """What an answer to reset says: a family of cards, or None for a card that is not Belgian.

    A hint for choosing among several readers; the applet itself decides.
    """
    exact = ATRS.get(atr)
    if exact is not None:
        return exact
    if len(atr) == len(_MASKED) and all(
        want is None or want == byte for want, byte in zip(_MASKED, atr, strict=True)
    ):
        return "1.1 or 1.7"
    return None


@dataclass(frozen=True, kw_only=True, slots=True)
class CardData:
    """What GET CARD DATA tells.

    Attributes:
        serial: the 16 bytes that name the chip.
        life_cycle: 0x0F for a personalised card.
        tries_left: PIN tries, where the answer carries them (applet 1.8 with P2 = 01).
    """

    raw: bytes = field(repr=False)
    serial: bytes = field(repr=False)
    applet: Applet
    life_cycle: int
    tries_left: int | None


def parse_card_data(raw: bytes) -> CardData:
    """Read the answer to GET CARD DATA: 28 bytes, or 31 with the PIN tries.

    Raises:
        CardProtocolError: another length.
        UnknownCard: an applet version that is not 1.1, 1.7 or 1.8.
    """
    if len(raw) not in (CARD_DATA_LENGTH, CARD_DATA_LENGTH_WITH_TRIES):
        raise CardProtocolError("length of the card data")
    version = raw[_APPLET_BYTE]
    if version not in tuple(Applet):
        raise UnknownCard(f"applet version {version:02X}")
    tries: int | None = None
    if len(raw) == CARD_DATA_LENGTH_WITH_TRIES and raw[_TRIES_BYTE] != _NO_PIN:
        tries = raw[_TRIES_BYTE]
    return CardData(
        raw=raw,
        serial=raw[:_SERIAL_LENGTH],
        applet=Applet(version),
        life_cycle=raw[_LIFE_CYCLE_BYTE],
        tries_left=tries,
    )
