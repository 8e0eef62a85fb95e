"""The demo country's people: right numbers, right cards, the trouble that each one stands for."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from cardreader import client, trust
from cardreader.agent.assembly import assemble
from cardreader.beid import files, register
from cardreader.beid.numbers import (
    centuries,
    make_bis_number,
    make_national_number,
    national_number,
    register_of,
)
from cardreader.beid.register import Holder
from cardreader.beid.session import BeidSession
from cardreader.errors import CardError, CertificateAbsent, PinBlocked, PinWrong
from cardreader.server import CardServer, VerifiedCard
from cardreader.sim.reader import SimReader, SimReaders
from cardreader.trust.ports import FetchAnswer, FetchRequest
from tests.world import cards
from tests.world.citizens import DECLARATION, Citizen, population

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.world.cards import World

NOW = dt.datetime(2026, 6, 15, 12, 0, tzinfo=dt.UTC)
ORIGIN = "https://login.example"
URL = "http://127.0.0.1:8405"
PEOPLE = population()
SAME = ("country.toml", "state.json")  # made of the declaration alone
everybody = pytest.mark.parametrize("citizen", PEOPLE.citizens, ids=lambda row: row.name)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return cards.copied(tmp_path, base_url=URL, at=NOW)


def log_in(world: World, name: str, pin: str = PEOPLE.pin) -> VerifiedCard:
    """Sign with the card and let a provider that trusts the country look at it."""
    country = world.pki()

    def fetch(request: FetchRequest) -> FetchAnswer:
        assert request.body is not None
        return FetchAnswer(
            status=200,
            media_type="application/ocsp-response",
            body=country.ocsp_answer(request.body, at=NOW),
        )

    server = CardServer(
        trust.load(world.trust, allow_simulated=True),
        fetch,
        now=lambda: NOW,
        entropy=bytes,
        strict_number=True,
    )
    challenge = server.begin()
    assembled = assemble(world.cards, entropy=bytes)
    assert assembled.rack is not None
    assembled.rack.insert(name)
    with assembled.slots.card() as session:
        token = client.authenticate(
            session, challenge_nonce=challenge.nonce, origin=ORIGIN, ask_pin=lambda _asked: pin
        )
    return server.complete(challenge, json.dumps(token), origin=ORIGIN)


@contextmanager
def session(world: World, name: str) -> Iterator[BeidSession]:
    """An opened session with a citizen's card."""
    reader = SimReader("aside")
    reader.insert(world.card(name))
    with SimReaders(reader).readers()[0].connect() as connection:
        yield BeidSession(connection)


@everybody
def test_every_number_has_right_check_digits_and_says_birth_and_sex(citizen: Citizen) -> None:
    number = national_number(citizen.national_number)
    serial = int(number[6:9])
    make = make_bis_number if citizen.bis else make_national_number
    assert number == make(citizen.born, serial)
    assert register_of(number) == ("bis" if citizen.bis else "national")
    assert citizen.born.year // 100 * 100 in centuries(number)
    assert (serial % 2 == 1) == (citizen.sex == "M")


def test_names_numbers_and_cards_are_all_different() -> None:
    for member in ("name", "surname", "national_number", "card_number", "about"):
        assert len({getattr(row, member) for row in PEOPLE.citizens}) == len(PEOPLE.citizens)


@pytest.mark.parametrize(
    "citizen",
    [row for row in PEOPLE.citizens if row.damage not in ("identity-corrupted", "files-copied")],
    ids=lambda row: row.name,
)
def test_every_card_says_who_its_holder_is(world: World, citizen: Citizen) -> None:
    with session(world, citizen.name) as opened:
        identity, address = opened.identity(), opened.address()
    assert identity.national_number == citizen.national_number
    assert identity.surname == citizen.surname
    assert identity.document_type.code == citizen.document_type
    kinds = {"citizen": Holder.CITIZEN, "foreigner": Holder.FOREIGNER}
    child = citizen.document_type == 6 or citizen.document_type > 60
    assert identity.document_type.holder is (Holder.CHILD if child else kinds[citizen.kind])
    if citizen.another is None:
        lives = citizen.moved_to or {"street": citizen.street, "town": citizen.town}
        assert (address.street, address.town) == (lives["street"], lives["town"])


def test_foreigners_cards_carry_their_own_fields_and_numbers(world: World) -> None:
    found = {}
    for citizen in PEOPLE.citizens:
        if citizen.kind == "foreigner":
            with session(world, citizen.name) as opened:
                found[citizen.name] = opened.identity()
    assert found["eu-citizen"].foreigner[register.EU_DATE] == "15.03.2021"
    assert found["student"].foreigner[register.CARD_MENTION_1] == "D"
    assert found["british"].foreigner[register.BREXIT_1] == "B"
    assert register.FAMILY_MEMBER in found["family-member"].foreigner
    assert register.FAMILY_MEMBER not in found["student"].foreigner
    for identity in found.values():
        old = identity.document_type.code == 13
        digits = identity.card_number.removeprefix("B")
        assert identity.card_number.startswith("B") is not old
        assert int(digits[:-2]) % 97 in (int(digits[-2:]), int(digits[-2:]) - 97)


def test_every_card_has_a_photo_of_its_own(world: World) -> None:
    photos = []
    for citizen in PEOPLE.citizens:
        if citizen.another is None:
            with session(world, citizen.name) as opened:
                photos.append(opened.read_file(files.PHOTO))
    assert len(set(photos)) == len(photos)


@pytest.mark.parametrize(
    ("name", "carried"),
    [
        ("adult", "authentication signature"),
        ("no-signature", "authentication"),
        ("kid", "authentication"),
        ("foreign-kid", "authentication"),
        ("toddler", ""),
    ],
)
def test_the_certificates_go_by_age_and_choice(world: World, name: str, carried: str) -> None:
    with session(world, name) as opened:
        for use, read in (
            ("authentication", opened.authentication_certificate),
            ("signature", opened.signature_certificate),
        ):
            absent = use not in carried.split()
            with pytest.raises(CertificateAbsent) if absent else nullcontext():
                read()


@pytest.mark.parametrize(
    ("name", "kind", "generation"),
    [
        ("adult", "citizen", "1.8"),
        ("adult-older-card", "citizen", "1.7"),
        ("foreigner", "foreigner", "1.8"),
        ("last-try", "citizen", "1.8"),
        ("moved", "citizen", "1.8"),
        ("no-signature", "citizen", "1.8"),
        ("rekeyed", "citizen", "1.7"),
        ("oldest-hashes", "citizen", "1.7"),
        ("kid", "citizen", "1.8"),
        ("foreign-kid", "foreigner", "1.8"),
        ("student", "foreigner", "1.8"),
        ("older-foreigner", "foreigner", "1.7"),
        ("photo-swapped", "citizen", "1.8"),
    ],
)
def test_a_good_card_is_accepted(world: World, name: str, kind: str, generation: str) -> None:
    verified = log_in(world, name)
    assert verified.surname == PEOPLE.named(name).surname
    assert (verified.kind, verified.generation) == (kind, generation)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("expired", "certificate_expired"),
        ("revoked", "certificate_revoked"),
        ("suspended", "certificate_revoked"),
        ("not-yet-valid", "certificate_not_yet_valid"),
        ("unknown", "certificate_unknown"),
        ("toddler", "certificate_absent"),
        ("copied", "signature_wrong"),
    ],
)
def test_a_card_in_trouble_is_refused_for_its_own_reason(
    world: World, name: str, code: str
) -> None:
    with pytest.raises(CardError) as refused:
        log_in(world, name)
    assert refused.value.code == code


def test_the_blocked_card_takes_no_pin_and_the_last_try_is_the_last(world: World) -> None:
    with pytest.raises(PinBlocked):
        log_in(world, "blocked-pin")
    with pytest.raises((PinBlocked, PinWrong)):
        log_in(world, "last-try", "0000")
    assert world.card("last-try").tries_left == 0


def test_a_card_is_revoked_and_a_suspended_one_reinstated(world: World) -> None:
    world.revoke("adult", at=NOW)
    world.reinstate("suspended")
    with pytest.raises(CardError):
        log_in(world, "adult")
    assert log_in(world, "suspended").surname == PEOPLE.named("suspended").surname


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A country of three people is made sooner."""
    three = replace(PEOPLE, citizens=PEOPLE.citizens[:3])
    monkeypatch.setattr(cards, "population", lambda: three)


@pytest.mark.usefixtures("few")
def test_the_country_is_kept_while_its_declaration_stands(tmp_path: Path) -> None:
    made = cards.prepare(tmp_path, base_url=URL, at=NOW)
    before = kept(made)
    assert kept(cards.prepare(tmp_path, base_url=URL, at=NOW + dt.timedelta(days=30))) == before


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("reason", ["address", "age", "afresh", "half-made", "other-declaration"])
def test_the_country_is_made_again_when_it_is_out_of_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    made = cards.prepare(tmp_path, base_url=URL, at=NOW)
    before = kept(made)
    url, at = URL, NOW
    if reason == "address":
        url = "http://127.0.0.1:9999"
    elif reason == "age":
        at = NOW + cards.FRESH_FOR
    elif reason == "half-made":
        (tmp_path / "world.json").write_text("{")
    elif reason == "other-declaration":
        changed = tmp_path / "citizens.toml"
        shutil.copy(DECLARATION, changed)
        changed.write_text(changed.read_text() + "\n# one more word\n")
        monkeypatch.setattr("tests.world.cards.DECLARATION", changed)
    after = kept(cards.prepare(tmp_path, base_url=url, at=at, afresh=reason == "afresh"))
    assert before.keys() == after.keys()
    assert all(before[name] != after[name] for name in before if name not in SAME)


def test_keys_of_the_country_and_of_cards_are_private_files(world: World) -> None:
    for folder in (world.country, world.cards):
        for path in folder.iterdir():
            assert path.stat().st_mode & 0o077 == 0, path.name


def kept(world: World) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes()
        for folder in (world.country, world.cards)
        for path in folder.iterdir()
    }
