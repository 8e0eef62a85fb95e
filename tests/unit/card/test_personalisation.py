"""What a municipality writes: every document type, every hash, moves, and what forgers change."""

from __future__ import annotations

import datetime as dt
from hashlib import sha1, sha256, sha384
from typing import TYPE_CHECKING, Any

import pytest

from cardreader.beid import files, register
from cardreader.beid.numbers import (
    make_bis_number,
    make_foreigner_card_number,
    make_national_number,
    national_number,
    register_of,
)
from cardreader.beid.register import Holder, parse_address, parse_identity
from cardreader.errors import CardDataMalformed, CardError
from cardreader.sim.card import SoftCard
from cardreader.sim.foreigners import FOREIGN, FOREIGN_KIDS, KIDS, usual
from cardreader.sim.guesses import Guesses
from cardreader.sim.image import read_image, write_image
from cardreader.sim.personalise import Address, carried, moved, personalise
from cardreader.sim.pin import Counters
from cardreader.sim.portrait import portrait
from cardreader.sim.spoil import corrupted, spoil
from tests.world import holders, identity_files, tokens
from tests.world.identity_files import Named

if TYPE_CHECKING:
    from pathlib import Path

    from cardreader.sim.image import AppletName, CardImage

BOTH = pytest.mark.parametrize("applet", ["1.7", "1.8"])
ISSUERS = {"1.7": ("foreigner-old", "rsa-2048"), "1.8": ("foreigner-new", "ec-p384")}
SINCE = dt.date(2022, 4, 1)


def foreigner(applet: AppletName, code: int, **other: Any) -> CardImage:
    """A foreigner's card with what its type usually says."""
    ca, kind = ISSUERS[applet]
    description = holders.describe(
        applet,
        card_number="1234567",
        document_type=code,
        foreigner=usual(code, since=SINCE),
        nationality="Japon",
        **other,
    )
    return personalise(description, tokens.card(ca, kind))  # type: ignore[arg-type]


def read(image: CardImage) -> identity_files.Read:
    return identity_files.read(SoftCard(image, entropy=holders.entropy))


@BOTH
@pytest.mark.parametrize("code", [*FOREIGN, *FOREIGN_KIDS])
def test_a_card_of_every_foreigners_document_type_is_read_and_verified(
    applet: AppletName, code: int
) -> None:
    found = read(foreigner(applet, code))
    named = Named(kind="foreigner", generation=applet)
    verified = identity_files.verify(found, holder=named).identity
    assert verified.document_type.code == code
    kind = Holder.CHILD if code in FOREIGN_KIDS else Holder.FOREIGNER
    assert verified.document_type.holder is kind
    word = FOREIGN.get(code) or FOREIGN_KIDS[code]
    assert (verified.foreigner[register.EU_DATE] == "01.04.2022") is word.startswith("EU")
    assert (register.FAMILY_MEMBER in verified.foreigner) is word.startswith("F")


def test_a_citizens_type_has_no_foreigners_fields() -> None:
    with pytest.raises(KeyError):
        usual(KIDS, since=SINCE)
    assert parse_identity(holders.image().contents[files.IDENTITY]).foreigner == {}


def test_fields_stand_in_the_order_of_their_tags_without_padding() -> None:
    image = foreigner("1.8", 33)
    content = image.contents[files.IDENTITY]
    tags, at = [], 0
    while at < len(content):
        tags.append(content[at])
        at += 2 + content[at + 1]
    assert tags == [*range(0x14), *range(0x15, 0x20)]
    assert at == len(content)


@pytest.mark.parametrize(
    ("applet", "name", "expected"),
    [
        ("1.7", "sha1", sha1),
        ("1.7", None, sha256),
        ("1.8", None, sha384),
        ("1.8", "sha256", sha256),
    ],
)
def test_the_photos_hash_is_that_of_the_generation_or_as_told(
    applet: AppletName, name: Any, expected: Any
) -> None:
    image = personalise(
        holders.describe(applet, photo_hash=name, photo=portrait("any")),
        holders.certificates(applet),
    )
    identity = parse_identity(image.contents[files.IDENTITY])
    assert identity.photo_digest == expected(portrait("any")).digest()


@pytest.mark.parametrize(
    ("applet", "issuer", "size"),
    [("1.7", "citizen-old", 256), ("1.7", "citizen-new", 256), ("1.8", "citizen-new", 128)],
)
def test_the_registers_signatures_have_their_fixed_size(
    applet: AppletName, issuer: str, size: int
) -> None:
    kind: Any = "rsa-2048" if applet == "1.7" else "ec-p384"
    image = personalise(holders.describe(applet), tokens.card(issuer, kind))
    for path in (files.IDENTITY_SIGNATURE, files.ADDRESS_SIGNATURE):
        assert len(image.contents[path]) == size
    identity_files.verify(read(image), holder=Named(generation=applet))


def test_sizes_that_are_guesses_can_be_told() -> None:
    told = Guesses(preferences_length=64, signature_length=110, new_chip="0102030405")
    old = personalise(holders.describe("1.7", guesses=told), holders.certificates("1.7"))
    assert len(old.contents[files.PREFERENCES]) == 64
    new = personalise(holders.describe("1.8", guesses=told), holders.certificates("1.8"))
    assert len(new.contents[files.IDENTITY_SIGNATURE]) == 110
    card = SoftCard(new, entropy=holders.entropy)
    card.power_on()
    assert card.transmit(bytes.fromhex("80E400001C"))[16:21].hex() == "0102030405"


def test_settings_are_kept_in_the_cards_file_and_unknown_ones_refused(tmp_path: Path) -> None:
    told = Guesses(third_wrong_pin=0x6983)
    image = personalise(holders.describe(guesses=told), holders.certificates())
    write_image(tmp_path / "card.json", image, Counters(pin=image.pin))
    found, _ = read_image(tmp_path / "card.json")
    assert found.guesses == told
    for wrong in ({"colour": 1}, {"third_wrong_pin": "6983"}):
        with pytest.raises(ValueError, match="guess"):
            Guesses.of(wrong)
    text = (tmp_path / "card.json").read_text().replace("third_wrong_pin", "fourth")
    (tmp_path / "card.json").write_text(text)
    with pytest.raises(CardDataMalformed):
        read_image(tmp_path / "card.json")


@pytest.mark.parametrize(
    ("born", "expected"),
    [
        (dt.date(2020, 6, 16), "none"),
        (dt.date(2020, 6, 15), "authentication"),
        (dt.date(2008, 6, 16), "authentication"),
        (dt.date(2008, 6, 15), "both"),
    ],
)
def test_certificates_come_with_age(born: dt.date, expected: str) -> None:
    day = dt.date(2026, 6, 15)
    assert carried(born, day) == expected
    assert carried(born, day, Guesses(authentication_from=0, signature_from=0)) == "both"


def test_a_move_changes_the_address_and_its_signature_alone() -> None:
    before = holders.image("1.8")
    there = Address(street="Nieuwe Straat 1", zip_code="9000", town="Gent")
    after = moved(before, there, holders.certificates("1.8").rrn_key)
    changed = {path for path in after.contents if after.contents[path] != before.contents[path]}
    assert changed == {files.ADDRESS, files.ADDRESS_SIGNATURE}
    verified = identity_files.verify(read(after))
    assert verified.address is not None
    assert verified.address.town == "Gent"


# --- numbers ------------------------------------------------------------------------------------


def test_a_bis_number_moves_the_month_and_has_the_same_check_digits() -> None:
    for born in (dt.date(1985, 7, 30), dt.date(2004, 12, 1)):
        for known, moved_by in ((True, 40), (False, 20)):
            number = national_number(make_bis_number(born, 33, sex_known=known))
            assert register_of(number) == "bis"
            assert int(number[2:4]) == born.month + moved_by
    for make in (make_bis_number, make_national_number):
        with pytest.raises(ValueError, match="serial"):
            make(dt.date(1985, 7, 30), 0)


def test_a_foreigners_card_number_is_b_and_nine_digits() -> None:
    assert make_foreigner_card_number("1234567") == "B123456748"
    assert make_foreigner_card_number("0000097") == "B000009797"


# --- forgeries ----------------------------------------------------------------------------------


def neighbour() -> CardImage:
    other = holders.describe(
        national_number=make_national_number(dt.date(1990, 2, 3), 7),
        surname="Peeters",
        address=Address(street="Kerkstraat 1", zip_code="9000", town="Gent"),
        photo=portrait("Peeters"),
    )
    return personalise(other, holders.certificates())


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        ("identity-corrupted", "file_signature_wrong"),
        ("photo-corrupted", "photo_wrong"),
        ("identity-signature-wrong", "file_signature_wrong"),
        ("address-signature-wrong", "file_signature_wrong"),
        ("photo-swapped", "photo_wrong"),
        ("address-of-another", "file_signature_wrong"),
        ("identity-of-another", "files_of_another"),
        ("files-copied", "files_of_another"),
    ],
)
def test_every_forgery_is_noticed_by_its_own_sign(damage: Any, code: str) -> None:
    spoiled = spoil(holders.image(), damage, another=neighbour())
    with pytest.raises(CardError) as refused:
        identity_files.verify(read(spoiled))
    assert refused.value.code == code


def test_copied_files_do_not_go_with_the_chip_under_them() -> None:
    copy = spoil(neighbour(), "files-copied", another=holders.image())
    with pytest.raises(CardError) as refused:
        identity_files.verify(read(copy))
    assert refused.value.code == "card_copied"


def test_a_corrupted_identity_cannot_be_parsed() -> None:
    spoiled = spoil(holders.image(), "identity-corrupted")
    with pytest.raises(CardDataMalformed):
        parse_identity(spoiled.contents[files.IDENTITY])


def test_any_byte_of_any_file_can_be_changed() -> None:
    image = corrupted(holders.image(), files.ADDRESS, at=2, change=lambda _old: ord("X"))
    assert parse_address(image.contents[files.ADDRESS]).street.startswith("Xint")


def test_a_forgery_that_needs_another_card_says_so() -> None:
    for another in (None, holders.image("1.7")):
        with pytest.raises(ValueError, match="another card"):
            spoil(holders.image("1.8"), "photo-swapped", another=another)
