"""What a municipality does with a blank card: write its files, sign them, load its keys.

From a description of the holder and the certificates of the simulated country comes a card image,
each byte where a real card of that generation has it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Protocol

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cardreader.beid import cards, files, register, tlv
from cardreader.beid.birth import Language, write_birth_date
from cardreader.beid.numbers import make_card_number
from cardreader.sim import pkcs15
from cardreader.sim.guesses import USUAL, Guesses
from cardreader.sim.image import AppletName, CardImage
from cardreader.sim.pin import pin_block

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography import x509

    from cardreader.sim.signing import Key

_PHOTO: Final = Path(__file__).with_name("photo.jpg")
_ADDRESS_LENGTH: Final = 121
_SERIAL_LENGTH: Final = 16
_PUK_LENGTH: Final = 12
_SLACK: Final[Mapping[AppletName, int]] = {"1.7": 50, "1.8": 1100}
_ABSENT: Final[Mapping[AppletName, int]] = {"1.7": 1300, "1.8": 2500}
_WOMAN: Final[Mapping[Language, str]] = {"fr": "F", "nl": "V", "de": "W"}
_STRUCTURE_VERSION: Final = bytes((0x00, 0x02))


class Certificates(Protocol):
    """Keys and certificates of one card, as ``cardreader.sim.pki.Country.issue`` gives them."""

    @property
    def authentication_key(self) -> Key: ...  # noqa: D102 - named for what it is
    @property
    def authentication(self) -> x509.Certificate | None: ...  # noqa: D102 - idem
    @property
    def signature_key(self) -> Key | None: ...  # noqa: D102 - idem
    @property
    def signature(self) -> x509.Certificate | None: ...  # noqa: D102 - idem
    @property
    def issuer(self) -> x509.Certificate: ...  # noqa: D102 - idem
    @property
    def root(self) -> x509.Certificate: ...  # noqa: D102 - idem
    @property
    def rrn_key(self) -> Key: ...  # noqa: D102 - idem
    @property
    def rrn_certificate(self) -> x509.Certificate: ...  # noqa: D102 - idem


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """Where the holder lives; the zip code has four digits."""

    street: str = field(repr=False)
    zip_code: str = field(repr=False)
    town: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class CardDescription:
    """One card and its holder.

    Attributes:
        applet: 1.7 takes RSA-2048 keys, 1.8 takes P-384 keys.
        pin: 4 to 12 digits.
        puk: 12 digits, the State's half before the holder's; used by applet 1.7 only.
        chip_serial: 16 bytes.
        card_number: ten digits; the two check digits are added.
        given_names: the first two, separated by a space.
        nationality: the word in the card's language.
        born: printed as the card's language writes it.
        birth_text: written instead of ``born`` where a part of the date is unknown.
        photo: a JPEG; a drawn specimen where None.
        more: further fields of the identity file by tag, for foreigners' cards.
    """

    applet: AppletName
    pin: str = field(repr=False)
    puk: str = field(default="000000000000", repr=False)
    chip_serial: bytes = field(repr=False)
    card_number: str = field(repr=False)
    valid_from: dt.date
    valid_until: dt.date
    municipality: str
    national_number: str = field(repr=False)
    surname: str = field(repr=False)
    given_names: str = field(repr=False)
    third_initial: str = field(default="", repr=False)
    nationality: str = "Belg"
    birth_place: str = field(repr=False)
    born: dt.date = field(repr=False)
    birth_text: str | None = field(default=None, repr=False)
    sex: Literal["M", "F"] = field(repr=False)
    language: Language = "nl"
    nobility: str = field(default="", repr=False)
    document_type: int = 1
    special_status: str = "0"
    address: Address = field(repr=False)
    photo: bytes | None = field(default=None, repr=False)
    more: Mapping[int, bytes] = field(default_factory=dict, repr=False)
    guesses: Guesses = USUAL


def personalise(description: CardDescription, certificates: Certificates) -> CardImage:
    """Make a whole card.

    Raises:
        ValueError: a field does not fit, or a key is not of the applet's kind.
    """
    _check(description, certificates)
    new = description.applet == "1.8"
    keys: dict[int, Key] = {cards.AUTHENTICATION_KEY: certificates.authentication_key}
    if certificates.signature_key is not None:
        keys[cards.SIGNATURE_KEY] = certificates.signature_key
    photo = _PHOTO.read_bytes() if description.photo is None else description.photo
    contents = _directory_files(description, certificates)
    contents |= _certificate_files(description.applet, certificates)
    contents[files.PHOTO] = photo
    card_key = b""
    if new:
        own = ec.generate_private_key(ec.SECP384R1())
        keys[cards.CARD_KEY] = own
        card_key = own.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        contents[files.CARD_KEY] = card_key
    else:
        contents[files.CA_ROLE_KEY] = _digest(hashes.SHA1(), description.chip_serial)  # noqa: S303 - a 20-byte filler
        contents[files.PREFERENCES] = bytes(description.guesses.preferences_length)
    sign = _register_signer(
        certificates.rrn_key, padded_to=_signature_length(description, certificates.rrn_key)
    )
    identity = identity_file(description, photo=photo, card_key=card_key)
    address = address_file(description.address)
    contents[files.IDENTITY] = identity
    contents[files.IDENTITY_SIGNATURE] = sign(identity)
    contents[files.ADDRESS] = address
    contents[files.ADDRESS_SIGNATURE] = sign(
        address.rstrip(b"\x00") + contents[files.IDENTITY_SIGNATURE]
    )
    return CardImage(
        applet=description.applet,
        serial=description.chip_serial,
        contents=contents,
        keys=keys,
        pin=pin_block(description.pin),
        puk=b"" if new else pin_block(description.puk),
        guesses=description.guesses,
    )


def identity_file(description: CardDescription, *, photo: bytes, card_key: bytes) -> bytes:
    """The identity file (EF 4031): tags ascending, no padding."""
    born = description.birth_text
    if born is None:
        date = description.born
        born = write_birth_date(date.year, date.month, date.day, language=description.language)
    sex = "M" if description.sex == "M" else _WOMAN[description.language]
    new = description.applet == "1.8"
    values: dict[int, bytes] = {
        register.CARD_NUMBER: make_card_number(description.card_number).encode(),
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
        register.PHOTO_DIGEST: _digest(hashes.SHA384() if new else hashes.SHA256(), photo),
        **description.more,
    }
    if new:
        values[register.VERSION] = _STRUCTURE_VERSION
        values[register.CARD_KEY_DIGEST] = _digest(hashes.SHA384(), card_key)
    return b"".join(tlv.encode(tag, values[tag]) for tag in sorted(values))


def address_file(address: Address) -> bytes:
    """The address file (EF 4033), padded with zeros to its fixed length."""
    content = (
        tlv.encode(register.STREET, address.street.encode())
        + tlv.encode(register.ZIP_CODE, address.zip_code.encode())
        + tlv.encode(register.TOWN, address.town.encode())
    )
    if len(content) > _ADDRESS_LENGTH:
        raise ValueError("address too long")
    return content.ljust(_ADDRESS_LENGTH, b"\x00")


def _check(description: CardDescription, certificates: Certificates) -> None:
    kind = ec.EllipticCurvePrivateKey if description.applet == "1.8" else rsa.RSAPrivateKey
    for key in (certificates.authentication_key, certificates.signature_key):
        if key is not None and not isinstance(key, kind):
            raise ValueError(f"applet {description.applet} has no keys of this kind")
    if len(description.chip_serial) != _SERIAL_LENGTH:
        raise ValueError("chip serial")
    if len(description.puk) != _PUK_LENGTH:
        raise ValueError("PUK")


def _directory_files(
    description: CardDescription, certificates: Certificates
) -> dict[bytes, bytes]:
    return {
        files.DIR: pkcs15.DIR,
        files.ODF: pkcs15.ODF,
        files.TOKEN_INFO: pkcs15.token_info(description.chip_serial, description.applet),
        files.AODF: pkcs15.AODF,
        files.PRKDF: pkcs15.private_keys(description.applet),
        files.CDF: pkcs15.certificates(
            description.applet,
            authentication=certificates.authentication is not None,
            signature=certificates.signature is not None,
        ),
    }


def _certificate_files(applet: AppletName, certificates: Certificates) -> dict[bytes, bytes]:
    found = {
        files.AUTHENTICATION_CERTIFICATE: certificates.authentication,
        files.SIGNATURE_CERTIFICATE: certificates.signature,
        files.CA_CERTIFICATE: certificates.issuer,
        files.ROOT_CERTIFICATE: certificates.root,
        files.RRN_CERTIFICATE: certificates.rrn_certificate,
    }
    return {
        path: bytes(_ABSENT[applet])
        if certificate is None
        else certificate.public_bytes(Encoding.DER) + bytes(_SLACK[applet])
        for path, certificate in found.items()
    }


def _signature_length(description: CardDescription, key: Key) -> int:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.key_size // 8
    return description.guesses.signature_length if description.applet == "1.8" else 256


def _register_signer(key: Key, *, padded_to: int) -> Callable[[bytes], bytes]:
    def sign(content: bytes) -> bytes:
        if isinstance(key, rsa.RSAPrivateKey):
            return key.sign(content, padding.PKCS1v15(), hashes.SHA256())
        return key.sign(content, ec.ECDSA(hashes.SHA384())).ljust(padded_to, b"\x00")

    return sign


def _digest(algorithm: hashes.HashAlgorithm, content: bytes) -> bytes:
    context = hashes.Hash(algorithm)
    context.update(content)
    return context.finalize()
