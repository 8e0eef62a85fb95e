"""A personalised card as a value, and as one private file that also remembers its PIN tries."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from cardreader.errors import CardDataMalformed
from cardreader.sim.guesses import USUAL, Guesses
from cardreader.sim.pin import Counters
from cardreader.sim.register import write_private
from cardreader.sim.signing import Key

if TYPE_CHECKING:
    from pathlib import Path

AppletName = Literal["1.7", "1.8"]
_FORMAT: Final = "sesame-soft-card/2"


@dataclass(frozen=True, kw_only=True, slots=True)
class CardImage:
    """Everything that a municipality puts into a card.

    Attributes:
        serial: the 16 bytes that name the chip.
        contents: files by path (``cardreader.beid.files``).
        keys: private keys by reference: 82 authentication, 83 signature, 81 card (1.8). A key that
            is missing is not active.
        pin: the first PIN, as a block of 8 bytes.
        puk: the unblocking block of applet 1.7; empty on 1.8.
        guesses: how this card settles what is not known of real ones.
    """

    applet: AppletName
    serial: bytes = field(repr=False)
    contents: Mapping[bytes, bytes] = field(repr=False)
    keys: Mapping[int, Key] = field(repr=False)
    pin: bytes = field(repr=False)
    puk: bytes = field(default=b"", repr=False)
    guesses: Guesses = USUAL


def write_image(path: Path, image: CardImage, counters: Counters) -> None:
    """Write a card to one file of mode 0600, in one step."""
    data = {
        "format": _FORMAT,
        "applet": image.applet,
        "serial": image.serial.hex(),
        "pin": image.pin.hex(),
        "puk": image.puk.hex(),
        "keys": {f"{reference:02x}": _pem(key) for reference, key in image.keys.items()},
        "files": _hex(image.contents),
        "guesses": image.guesses.changed(),
        "state": {
            "pin": counters.pin.hex(),
            "pin_tries": counters.pin_tries,
            "puk_tries": counters.puk_tries,
            "genuine_calls": counters.genuine_calls,
            "written": _hex(counters.written),
        },
    }
    write_private(path, json.dumps(data, indent=1).encode())


def read_image(path: Path) -> tuple[CardImage, Counters]:
    """Read a card that `write_image` wrote.

    Raises:
        OSError: the file cannot be read.
        CardDataMalformed: it is not such a file.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["format"] != _FORMAT or data["applet"] not in ("1.7", "1.8"):
            raise CardDataMalformed("format of a software card")
        return _image(data), _counters(data["state"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CardDataMalformed(f"software card file {path.name}") from error


def _image(data: Mapping[str, Any]) -> CardImage:
    return CardImage(
        applet=data["applet"],
        serial=bytes.fromhex(data["serial"]),
        contents=_unhex(data["files"]),
        keys={int(k, 16): _key(v) for k, v in data["keys"].items()},
        pin=bytes.fromhex(data["pin"]),
        puk=bytes.fromhex(data["puk"]),
        guesses=Guesses.of(data["guesses"]),
    )


def _counters(state: Mapping[str, Any]) -> Counters:
    return Counters(
        pin=bytes.fromhex(state["pin"]),
        pin_tries=int(state["pin_tries"]),
        puk_tries=int(state["puk_tries"]),
        genuine_calls=int(state["genuine_calls"]),
        written=_unhex(state["written"]),
    )


def _hex(contents: Mapping[bytes, bytes]) -> dict[str, str]:
    return {place.hex(): content.hex() for place, content in contents.items()}


def _unhex(contents: Mapping[str, str]) -> dict[bytes, bytes]:
    return {bytes.fromhex(place): bytes.fromhex(content) for place, content in contents.items()}


def _pem(key: Key) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")


def _key(pem: str) -> Key:
    key = load_pem_private_key(pem.encode("ascii"), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise CardDataMalformed("kind of key")
    return key
