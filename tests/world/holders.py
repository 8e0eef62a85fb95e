"""Holders of cards for tests: a description, a country's certificates, a card in software."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import TYPE_CHECKING, Any

from cardreader.beid.numbers import make_national_number
from cardreader.sim.card import SoftCard
from cardreader.sim.personalise import Address, CardDescription, personalise
from tests.world import tokens

if TYPE_CHECKING:
    from cardreader.sim.image import AppletName, CardImage
    from cardreader.sim.pki import CardCertificates

PIN = "1234"
PUK = "123456654321"
BORN = dt.date(1985, 7, 30)
NUMBER = make_national_number(BORN, 33)


def describe(applet: AppletName = "1.8", **other: Any) -> CardDescription:
    """An adult citizen with an ordinary card."""
    usual: dict[str, Any] = {
        "applet": applet,
        "pin": PIN,
        "puk": PUK,
        "chip_serial": bytes.fromhex("534C494E336600000000000000000042"),
        "card_number": "5911917064",
        "valid_from": dt.date(2025, 12, 15),
        "valid_until": dt.date(2027, 6, 15),
        "municipality": "Leuven",
        "national_number": NUMBER,
        "surname": "Specimen",
        "given_names": "Nora Élise",
        "third_initial": "M",
        "birth_place": "Gent",
        "born": BORN,
        "sex": "F",
        "address": Address(street="Sint-Jansstraat 7 b 3", zip_code="3000", town="Leuven"),
    }
    return CardDescription(**{**usual, **other})


@cache
def certificates(applet: AppletName = "1.8") -> CardCertificates:
    """Keys and certificates of that citizen, made once for the whole run."""
    if applet == "1.8":
        return tokens.card("citizen-new", "ec-p384")
    return tokens.card("citizen-old", "rsa-2048")


def image(applet: AppletName = "1.8") -> CardImage:
    """The citizen's personalised card, made once for the whole run."""
    return _image(applet)


@cache
def _image(applet: AppletName) -> CardImage:
    return personalise(describe(applet), certificates(applet))


def entropy(count: int) -> bytes:
    """Bytes that are not random at all."""
    return bytes(range(256))[:count]


def soft_card(applet: AppletName = "1.8") -> SoftCard:
    """A fresh card of that citizen: full tries, no power."""
    return SoftCard(image(applet), entropy=entropy)
