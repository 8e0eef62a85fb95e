"""The identity and address files, parsed and *unverified*: what they say, not what is true.

Who wants to rely on them verifies the register's signatures over the raw bytes, which are kept.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Final, Literal

from cardreader.beid import tlv
from cardreader.beid.birth import BirthDate, parse_birth_date
from cardreader.beid.numbers import NationalNumber, national_number
from cardreader.errors import CardDataMalformed

VERSION: Final = 0x00
CARD_NUMBER: Final = 0x01
CHIP_NUMBER: Final = 0x02
VALID_FROM: Final = 0x03
VALID_UNTIL: Final = 0x04
MUNICIPALITY: Final = 0x05
NATIONAL_NUMBER: Final = 0x06
SURNAME: Final = 0x07
GIVEN_NAMES: Final = 0x08
THIRD_INITIAL: Final = 0x09
NATIONALITY: Final = 0x0A
BIRTH_PLACE: Final = 0x0B
BIRTH_DATE: Final = 0x0C
SEX: Final = 0x0D
NOBILITY: Final = 0x0E
DOCUMENT_TYPE: Final = 0x0F
SPECIAL_STATUS: Final = 0x10
PHOTO_DIGEST: Final = 0x11
DUPLICATE: Final = 0x12
SPECIAL_ORGANISATION: Final = 0x13
FAMILY_MEMBER: Final = 0x14
PROTECTION: Final = 0x15
WORK_PERMIT: Final = 0x16
EMPLOYER_1: Final = 0x17
EMPLOYER_2: Final = 0x18
REGIONAL_FILE: Final = 0x19
CARD_KEY_DIGEST: Final = 0x1A
BREXIT_1: Final = 0x1B
BREXIT_2: Final = 0x1C
CARD_MENTION_1: Final = 0x1D
CARD_MENTION_2: Final = 0x1E
EU_DATE: Final = 0x1F
_KNOWN: Final = frozenset(range(EU_DATE + 1))
_BINARY: Final = frozenset({VERSION, CHIP_NUMBER, PHOTO_DIGEST, CARD_KEY_DIGEST})
_MANDATORY: Final = frozenset(
    {
        *(CARD_NUMBER, CHIP_NUMBER, VALID_FROM, VALID_UNTIL, MUNICIPALITY, NATIONAL_NUMBER),
        *(SURNAME, NATIONALITY, BIRTH_PLACE, BIRTH_DATE, SEX, DOCUMENT_TYPE, PHOTO_DIGEST),
    }
)

STREET: Final = 0x01
ZIP_CODE: Final = 0x02
TOWN: Final = 0x03

_DATE: Final = re.compile(r"([0-9]{2})\.([0-9]{2})\.([0-9]{4})", re.ASCII)
_TYPE: Final = re.compile(r"[0-9]{1,2}", re.ASCII)
Sex = Literal["M", "F"]

_SEXES: Final[Mapping[str, Sex]] = MappingProxyType({"M": "M", "F": "F", "V": "F", "W": "F"})
_DIGESTS: Final = (20, 32, 48)


class Holder(Enum):
    """Whose card a document type is; ``TECHNICAL`` cards are never accepted for login."""

    CITIZEN = "citizen"
    CHILD = "child"
    FOREIGNER = "foreigner"
    TECHNICAL = "technical"
    UNKNOWN = "unknown"


_HOLDERS: Final[Mapping[Holder, frozenset[int]]] = MappingProxyType(
    {
        Holder.CITIZEN: frozenset({1}),
        Holder.CHILD: frozenset({6, *range(61, 70)}),
        Holder.FOREIGNER: frozenset(range(11, 37)),
        Holder.TECHNICAL: frozenset({7, 8}),
    }
)


FIRST_CHILD: Final = 61
"""The codes from here on are foreign children's."""
TITLES: Final[Mapping[int, str]] = MappingProxyType(
    dict(
        (
            *zip(range(11, 24), ("A", "B", "C", "D", "E", "E+", "F", "F+", *"HIJMN"), strict=True),
            *((27, "K"), (28, "L")),
            *zip(range(31, 37), ("EU", "EU+", "A", "B", "F", "F+"), strict=True),
            *zip(range(61, 70), ("EU", "EU+", *"ABKL", "F", "F+", "M"), strict=True),
        )
    )
)
"""The title of residence of each foreigner's code; those from 27 on are the layouts since 2020."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentType:
    """A code of the identity file; unknown codes are kept as they are."""

    code: int

    @property
    def title(self) -> str | None:
        """The title of residence that a foreigner's document is of, such as ``B`` or ``EU+``."""
        return TITLES.get(self.code)

    @property
    def holder(self) -> Holder:
        """Whose card it is."""
        for holder, codes in _HOLDERS.items():
            if self.code in codes:
                return holder
        return Holder.UNKNOWN


@dataclass(frozen=True, kw_only=True, slots=True)
class UnverifiedIdentity:
    """The identity file (EF 4031); texts are as on the card, absent optional ones are empty.

    Attributes:
        raw: the file exactly as stored, which the register's signature covers.
        version: of the structure; 0 where the file does not say.
        given_names: the first two, separated by a space.
        nationality: a word in the card's language, not a code.
        special_status: as on the card: ``0`` none, ``1`` white cane, and so on.
        photo_digest: SHA-1, SHA-256 or SHA-384 of the photo file, told by its length.
        card_key_digest: SHA-384 of the card's own public key; empty before applet 1.8.
        foreigner: the fields of foreigners' cards (tags 12 to 1F without 1A) that are present; the
            family mark (14) counts by being there, with an empty text.
    """

    raw: bytes = field(repr=False)
    version: int
    card_number: str = field(repr=False)
    chip_number: bytes = field(repr=False)
    valid_from: dt.date
    valid_until: dt.date
    municipality: str = field(repr=False)
    national_number: NationalNumber = field(repr=False)
    surname: str = field(repr=False)
    given_names: str = field(repr=False)
    third_initial: str = field(repr=False)
    nationality: str = field(repr=False)
    birth_place: str = field(repr=False)
    birth_date: BirthDate = field(repr=False)
    sex: Sex = field(repr=False)
    nobility: str = field(repr=False)
    document_type: DocumentType
    special_status: str = field(repr=False)
    photo_digest: bytes = field(repr=False)
    card_key_digest: bytes = field(repr=False)
    foreigner: Mapping[int, str] = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class UnverifiedAddress:
    """The address file (EF 4033).

    Attributes:
        raw: the file exactly as stored, with its zero padding.
        signed: the part of it that the register's signature covers: without that padding.
    """

    raw: bytes = field(repr=False)
    signed: bytes = field(repr=False)
    street: str = field(repr=False)
    zip_code: str = field(repr=False)
    town: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class UnverifiedFiles:
    """A card's files exactly as stored, padding included; any of it may be forged.

    Attributes:
        register_certificate: DER without padding (EF 503C).
        address: with its signature, or None where nobody asked for it.
        photo: or None where nobody asked for it.
        card_key: the chip's own public key (EF 4040); None before applet 1.8.
    """

    identity: bytes = field(repr=False)
    identity_signature: bytes = field(repr=False)
    register_certificate: bytes = field(repr=False)
    address: bytes | None = field(default=None, repr=False)
    address_signature: bytes | None = field(default=None, repr=False)
    photo: bytes | None = field(default=None, repr=False)
    card_key: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class ChipProof:
    """The chip's answer (96 bytes) to 48 bytes that the *verifier* chose for this one occasion."""

    challenge: bytes = field(repr=False)
    answer: bytes = field(repr=False)


def parse_identity(raw: bytes) -> UnverifiedIdentity:
    """Read the identity file; unknown tags are skipped.

    Raises:
        CardDataMalformed: a mandatory field is missing, or a field is not what it should be.
    """
    values = {item.tag: item.value for item in tlv.split(raw) if item.tag in _KNOWN}
    missing = _MANDATORY - values.keys()
    if missing:
        raise CardDataMalformed(f"tag {min(missing):02X} is missing")
    texts = {tag: _text(tag, value) for tag, value in values.items() if tag not in _BINARY}
    digest = values[PHOTO_DIGEST]
    if len(digest) not in _DIGESTS:
        raise CardDataMalformed("photo digest")
    return UnverifiedIdentity(
        raw=raw,
        version=int.from_bytes(values.get(VERSION, b""), "big"),
        card_number=texts[CARD_NUMBER],
        chip_number=values[CHIP_NUMBER],
        valid_from=_date(texts[VALID_FROM]),
        valid_until=_date(texts[VALID_UNTIL]),
        municipality=texts[MUNICIPALITY],
        national_number=national_number(texts[NATIONAL_NUMBER]),
        surname=texts[SURNAME],
        given_names=texts.get(GIVEN_NAMES, ""),
        third_initial=texts.get(THIRD_INITIAL, ""),
        nationality=texts[NATIONALITY],
        birth_place=texts[BIRTH_PLACE],
        birth_date=parse_birth_date(texts[BIRTH_DATE]),
        sex=_sex(texts[SEX]),
        nobility=texts.get(NOBILITY, ""),
        document_type=_document_type(texts[DOCUMENT_TYPE]),
        special_status=texts.get(SPECIAL_STATUS, "") or "0",
        photo_digest=digest,
        card_key_digest=values.get(CARD_KEY_DIGEST, b""),
        foreigner=MappingProxyType({tag: text for tag, text in texts.items() if tag >= DUPLICATE}),
    )


def parse_address(raw: bytes) -> UnverifiedAddress:
    """Read the address file; unknown tags are skipped, missing ones are empty.

    Raises:
        CardDataMalformed: a field runs over the end or is no text.
    """
    values = {item.tag: item.value for item in tlv.split(raw)}
    return UnverifiedAddress(
        raw=raw,
        signed=raw.rstrip(b"\x00"),
        street=_text(STREET, values.get(STREET, b"")),
        zip_code=_text(ZIP_CODE, values.get(ZIP_CODE, b"")),
        town=_text(TOWN, values.get(TOWN, b"")),
    )


def _text(tag: int, value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        # Without its cause: that one would carry the bytes.
        raise CardDataMalformed(f"tag {tag:02X} is no text") from None


def _date(text: str) -> dt.date:
    match = _DATE.fullmatch(text)
    if match is None:
        raise CardDataMalformed("a date of validity")
    day, month, year = (int(part) for part in match.groups())
    try:
        return dt.date(year, month, day)
    except ValueError as error:
        raise CardDataMalformed("a date of validity") from error


def _sex(text: str) -> Sex:
    sex = _SEXES.get(text)
    if sex is None:
        raise CardDataMalformed("sex")
    return sex


def _document_type(text: str) -> DocumentType:
    if _TYPE.fullmatch(text) is None:
        raise CardDataMalformed("document type")
    return DocumentType(code=int(text))
