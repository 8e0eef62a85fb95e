"""The identity and address files byte for byte, as a municipality writes them into a card.

Tags rise and nothing pads the identity; zeros fill the address up to its fixed length.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives import hashes

from cardreader.beid import register, tlv
from cardreader.beid.birth import Language, write_birth_date
from cardreader.beid.numbers import make_card_number, make_foreigner_card_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cardreader.sim.personalise import Address, CardDescription, HashName

ADDRESS_LENGTH: Final = 121
_WOMAN: Final[Mapping[Language, str]] = {"fr": "F", "nl": "V", "de": "W"}
_STRUCTURE_VERSION: Final = bytes((0x00, 0x02))
_CITIZENS_DIGITS: Final = 10
_HASHES: Final[Mapping[HashName, hashes.HashAlgorithm]] = {
    "sha1": hashes.SHA1(),  # noqa: S303 - as older cards have it
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
}


def identity_file(description: CardDescription, *, photo: bytes, card_key: bytes) -> bytes:
    """The identity file (EF 4031): tags ascending, no padding."""
    born = description.birth_text
    if born is None:
        date = description.born
        born = write_birth_date(date.year, date.month, date.day, language=description.language)
    sex = "M" if description.sex == "M" else _WOMAN[description.language]
    new = description.applet == "1.8"
    values: dict[int, bytes] = {
        register.CARD_NUMBER: _card_number(description.card_number).encode(),
        register.CHIP_NUMBER: description.chip_serial,
        register.VALID_FROM: f"{description.valid_from:%d.%m.%Y}".encode(),
        register.VALID_UNTIL: f"{description.valid_until:%d.%m.%Y}".encode(),
        register.MUNICIPALITY: description.municipality.encode(),
        register.NATIONAL_NUMBER: description.national_number.encode(),
        register.SURNAME: description.surname.encode(),
        register.GIVEN_NAMES: description.given_names.encode(),
        register.THIRD_INITIAL: description.third_initial.encode(),
        register.NATIONALITY: description.nationality.encode(),
        register.BIRTH_PLACE: description.birth_place.encode(),
        register.BIRTH_DATE: born.encode(),
        register.SEX: sex.encode(),
        register.NOBILITY: description.nobility.encode(),
        register.DOCUMENT_TYPE: str(description.document_type).encode(),
        register.SPECIAL_STATUS: description.special_status.encode(),
        register.PHOTO_DIGEST: digest(photo_hash(description), photo),
        **(description.foreigner.values() if description.foreigner else {}),
        **description.more,
    }
    if new:
        values[register.VERSION] = _STRUCTURE_VERSION
        values[register.CARD_KEY_DIGEST] = digest("sha384", card_key)
    return b"".join(tlv.encode(tag, values[tag]) for tag in sorted(values))


def address_file(address: Address) -> bytes:
    """The address file (EF 4033), padded with zeros to its fixed length."""
    content = (
        tlv.encode(register.STREET, address.street.encode())
        + tlv.encode(register.ZIP_CODE, address.zip_code.encode())
        + tlv.encode(register.TOWN, address.town.encode())
    )
    if len(content) > ADDRESS_LENGTH:
        raise ValueError("address too long")
    return content.ljust(ADDRESS_LENGTH, b"\x00")


def photo_hash(description: CardDescription) -> HashName:
    """The hash of the photo in the identity file: SHA-384 on applet 1.8."""
    return description.photo_hash or ("sha384" if description.applet == "1.8" else "sha256")


def digest(name: HashName, content: bytes) -> bytes:
    """A hash."""
    context = hashes.Hash(_HASHES[name])
    context.update(content)
    return context.finalize()


def _card_number(digits: str) -> str:
    if len(digits) == _CITIZENS_DIGITS:
        return make_card_number(digits)
    return make_foreigner_card_number(digits)
