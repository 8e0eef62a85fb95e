"""The demo country on disk: founded once, its citizens' cards issued once, kept in one folder.

``country/`` holds the PKI with its register, ``cards/`` one file a card (the agent's wallet),
``trust/`` what a provider needs to trust the country. A stamp tells what they were made from; when
that changes, or the end of a certificate comes near, all three are made again.
"""

from __future__ import annotations

import atexit
import datetime as dt
import json
import secrets
import shutil
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from cryptography import x509

from cardreader.beid import files
from cardreader.sim.card import SoftCard
from cardreader.sim.declaration import load_declaration
from cardreader.sim.image import read_image, write_image
from cardreader.sim.personalise import Address, moved, personalise
from cardreader.sim.pin import Counters, pin_block
from cardreader.sim.pki import CardRequest, Country
from cardreader.sim.spoil import spoil
from tests.world.citizens import DECLARATION, Citizen, Population, population

if TYPE_CHECKING:
    from cardreader.sim.image import CardImage
    from cardreader.sim.personalise import Certificates
    from cardreader.sim.signing import Key

FORMAT = "3"
COUNTRY = Path(__file__).with_name("country.toml")
FRESH_FOR = dt.timedelta(days=180)
REPORTED = dt.timedelta(days=1)  # cards were reported stolen or lost the day before


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """The country's folder, when it is ready."""

    folder: Path
    people: Population

    @property
    def country(self) -> Path:
        """Keys, certificates and the register of revocations."""
        return self.folder / "country"

    @property
    def cards(self) -> Path:
        """One file a card."""
        return self.folder / "cards"

    @property
    def trust(self) -> Path:
        """What the provider is told to trust."""
        return self.folder / "trust"

    def pki(self) -> Country:
        """The living country; what it revokes is seen by the responder at the next question."""
        return Country.read(self.country)

    def card(self, name: str) -> SoftCard:
        """A citizen's card; its tries are kept in its file."""
        return SoftCard.load(self.cards / f"{name}.json", entropy=secrets.token_bytes)

    def image(self, name: str) -> CardImage:
        """What the municipality put into a citizen's card."""
        image, _ = read_image(self.cards / f"{name}.json")
        return image

    def set_pin(self, name: str, pin: str) -> None:
        """Give a citizen's card, which is in no reader, another PIN and all its tries."""
        path = self.cards / f"{name}.json"
        image, _ = read_image(path)
        write_image(path, image, Counters(pin=pin_block(pin)))

    def revoke(self, name: str, *, at: dt.datetime, suspended: bool = False) -> None:
        """Revoke both certificates of a citizen's card, or put them on hold."""
        country = self.pki()
        for serial in self._serials(name):
            country.revoke(serial, at=at, suspended=suspended)

    def reinstate(self, name: str) -> None:
        """Lift the suspension of a citizen's card."""
        country = self.pki()
        for serial in self._serials(name):
            country.reinstate(serial)

    def _serials(self, name: str) -> list[int]:
        image = self.image(name)
        places = (files.AUTHENTICATION_CERTIFICATE, files.SIGNATURE_CERTIFICATE)
        # The files end in zero bytes, which are no part of the certificate; an absent one has only
        # those.
        ders = [image.contents[place] for place in places if any(image.contents[place])]
        return [
            x509.load_der_x509_certificate(der[: 4 + int.from_bytes(der[2:4])]).serial_number
            for der in ders
        ]


def prepare(folder: Path, *, base_url: str, at: dt.datetime, afresh: bool = False) -> World:
    """Give the country in this folder, made now where it is missing or out of date.

    Args:
        folder: where it is kept.
        base_url: where its OCSP responder and revocation lists are served.
        at: the time; cards are made valid around it.
        afresh: make it again in any case, every PIN try restored.
    """
    stamp = folder / "world.json"
    made_from = _made_from(base_url)
    people = population()
    world = World(folder=folder, people=people)
    if not afresh and _still_good(stamp, made_from, at):
        return world
    # The stamp goes first and comes last: a run that is cut short is never taken for a whole one.
    stamp.unlink(missing_ok=True)
    for part in (world.country, world.cards, world.trust):
        shutil.rmtree(part, ignore_errors=True)
    country = Country.found(load_declaration(COUNTRY).at_url(base_url), at=at)
    country.write(world.country)
    country.write_trust(world.trust)
    world.cards.mkdir(mode=0o700)
    for citizen in people.citizens:
        _issue(country, citizen, world, at)
    good_until = at + FRESH_FOR
    stamp.write_text(json.dumps({"from": made_from, "until": good_until.isoformat()}) + "\n")
    return world


def copied(folder: Path, *, base_url: str, at: dt.datetime) -> World:
    """Give a test a country of its own: a copy of one that is made once for the whole run.

    What its certificates say about addresses is the first one's; a provider asks where its trust
    configuration says, and that is right.
    """
    for part in ("country", "cards"):
        shutil.copytree(_once(at.date()) / part, folder / part)
    country = Country.read(folder / "country")
    Country(country.declaration.at_url(base_url), country._issuers, country._registry).write_trust(
        folder / "trust"
    )
    return World(folder=folder, people=population())


@cache
def _once(day: dt.date) -> Path:
    folder = Path(mkdtemp(prefix="sesame-country-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    midnight = dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC)
    prepare(folder, base_url="http://127.0.0.1:8405", at=midnight)
    return folder


def _issue(country: Country, citizen: Citizen, world: World, at: dt.datetime) -> None:
    ca, key_kind = citizen.issuer
    begin, end = citizen.life(at)
    carried = citizen.carried(at)
    issued: Certificates = country.authorities(ca)
    if carried != "none":
        issued = country.issue(
            CardRequest(
                ca=ca,
                key_kind=key_kind,
                given_names=citizen.given_names,
                surname=citizen.surname,
                national_number=citizen.national_number,
                valid_from=begin,
                valid_until=end,
                signature=carried == "both",
                known=citizen.certificates != "unknown",
            )
        )
    pin, puk = world.people.pin, world.people.puk
    image = personalise(citizen.describe(at, pin=pin, puk=puk), issued)
    card = SoftCard(
        _afterwards(image, citizen, world, issued.rrn_key),
        entropy=secrets.token_bytes,
        counters=Counters(pin=pin_block(pin), pin_tries=citizen.tries),
    )
    card.save(world.cards / f"{citizen.name}.json")
    if citizen.certificates in ("revoked", "suspended"):
        suspended = citizen.certificates == "suspended"
        world.revoke(citizen.name, at=at - REPORTED, suspended=suspended)


def _afterwards(image: CardImage, citizen: Citizen, world: World, register_key: Key) -> CardImage:
    """What happened to the card after it was made: a move, or a forger."""
    if citizen.moved_to is not None:
        image = moved(image, Address(**citizen.moved_to), register_key)
    if citizen.damage is None:
        return image
    another = None
    if citizen.another is not None:
        another = world.image(citizen.another)
    return spoil(image, citizen.damage, another=another)


def _made_from(base_url: str) -> str:
    parts = (FORMAT.encode(), base_url.encode(), COUNTRY.read_bytes(), DECLARATION.read_bytes())
    return sha256(b"\0".join(parts)).hexdigest()


def _still_good(stamp: Path, made_from: str, at: dt.datetime) -> bool:
    try:
        known = json.loads(stamp.read_text(encoding="utf-8"))
        return bool(known["from"] == made_from and at < dt.datetime.fromisoformat(known["until"]))
    except (OSError, ValueError, KeyError, TypeError):
        return False
