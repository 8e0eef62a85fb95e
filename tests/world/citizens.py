"""Who lives in the demo country: ``citizens.toml`` read into one value a card."""

from __future__ import annotations

import datetime as dt
import tomllib
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from cardreader.beid.birth import Language
from cardreader.sim.declaration import KeyKind, Kind
from cardreader.sim.foreigners import ForeignerFields, is_foreign, usual
from cardreader.sim.image import AppletName
from cardreader.sim.personalise import Address, CardDescription, Carried, HashName, carried
from cardreader.sim.portrait import portrait
from cardreader.sim.spoil import Damage

DECLARATION = Path(__file__).with_name("citizens.toml")
VENDOR = bytes.fromhex("534C494E336600")  # how the chips of official specimens begin
ISSUED_BY: dict[tuple[AppletName, Kind], tuple[str, KeyKind]] = {
    ("1.8", "citizen"): ("citizen-new", "ec-p384"),
    ("1.8", "foreigner"): ("foreigner-new", "ec-p384"),
    ("1.7", "citizen"): ("citizen-old", "rsa-2048"),
    ("1.7", "foreigner"): ("foreigner-old", "rsa-2048"),
}
REKEYED: tuple[str, KeyKind] = ("citizen-new", "rsa-2048")


@dataclass(frozen=True, kw_only=True, slots=True)
class Citizen:
    """One card and its holder; the days count from the day on which the card is made."""

    name: str
    about: str
    applet: AppletName
    kind: Kind = "citizen"
    rekeyed: bool = False
    certificates: Literal["good", "revoked", "suspended", "unknown"] = "good"
    carries: Carried | None = None
    tries: int = 3
    valid_from: int = -180
    valid_until: int = 5 * 365
    given_names: str
    third_initial: str = ""
    surname: str
    national_number: str = field(repr=False)
    bis: bool = False
    born: dt.date
    birth_place: str
    sex: Literal["M", "F"]
    language: Language
    nationality: str
    document_type: int = 1
    photo_hash: HashName | None = None
    register_hash: Literal["sha1", "sha256"] = "sha256"
    foreigner: dict[str, Any] | None = None
    card_number: str
    municipality: str
    street: str
    zip_code: str
    town: str
    moved_to: dict[str, str] | None = None
    damage: Damage | None = None
    another: str | None = None

    @property
    def issuer(self) -> tuple[str, KeyKind]:
        """The label of the CA in ``country.toml`` and the kind of the card's keys."""
        return REKEYED if self.rekeyed else ISSUED_BY[self.applet, self.kind]

    def life(self, made_at: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
        """From when to when the card is valid, if it is made at this moment."""
        day = dt.timedelta(days=1)
        return made_at + self.valid_from * day, made_at + self.valid_until * day

    def carried(self, made_at: dt.datetime) -> Carried:
        """Which certificates the card carries, if it is made at this moment."""
        return self.carries or carried(self.born, made_at.date())

    def describe(self, made_at: dt.datetime, *, pin: str, puk: str) -> CardDescription:
        """What the municipality writes into the card."""
        begin, end = self.life(made_at)
        return CardDescription(
            applet=self.applet,
            pin=pin,
            puk=puk,
            chip_serial=VENDOR + sha256(self.name.encode()).digest()[: 16 - len(VENDOR)],
            card_number=self.card_number,
            valid_from=begin.date(),
            valid_until=end.date(),
            municipality=self.municipality,
            national_number=self.national_number,
            surname=self.surname,
            given_names=self.given_names,
            third_initial=self.third_initial,
            nationality=self.nationality,
            birth_place=self.birth_place,
            born=self.born,
            sex=self.sex,
            language=self.language,
            document_type=self.document_type,
            photo=portrait(self.name),
            photo_hash=self.photo_hash,
            register_hash=self.register_hash,
            foreigner=self._foreigner(begin.date()),
            address=Address(street=self.street, zip_code=self.zip_code, town=self.town),
        )

    def _foreigner(self, since: dt.date) -> ForeignerFields | None:
        if not is_foreign(self.document_type):
            return None
        if self.foreigner is None:
            return usual(self.document_type, since=since)
        return ForeignerFields(**self.foreigner)


@dataclass(frozen=True, kw_only=True, slots=True)
class Population:
    """Everybody, and the PIN and PUK that all of their cards have."""

    pin: str
    puk: str
    citizens: tuple[Citizen, ...]

    def named(self, name: str) -> Citizen:
        """The holder of the card of this name; ``KeyError`` where there is none."""
        return {citizen.name: citizen for citizen in self.citizens}[name]


def population(declaration: Path = DECLARATION) -> Population:
    """Read the declaration; raises ``TypeError`` for a member that is unknown or missing."""
    data = tomllib.loads(declaration.read_text(encoding="utf-8"))
    citizens = tuple(Citizen(**row) for row in data.pop("card"))
    return Population(citizens=citizens, **data)
