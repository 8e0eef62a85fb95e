"""What a municipality does with a blank card: write its files, sign them, load its keys.

From a description of the holder and the certificates of the simulated country comes a card image,
each byte where a real card of that generation has it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Protocol

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cardreader.beid import cards, files
from cardreader.beid.birth import Language
from cardreader.sim import pkcs15
from cardreader.sim.foreigners import ForeignerFields
from cardreader.sim.guesses import USUAL, Guesses
from cardreader.sim.identity_file import address_file, digest, identity_file
from cardreader.sim.image import AppletName, CardImage
from cardreader.sim.pin import pin_block

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography import x509

    from cardreader.sim.signing import Key

_PHOTO: Final = Path(__file__).with_name("photo.jpg")
_SERIAL_LENGTH: Final = 16
_PUK_LENGTH: Final = 12
_SLACK: Final[Mapping[AppletName, int]] = {"1.7": 50, "1.8": 1100}
_ABSENT: Final[Mapping[AppletName, int]] = {"1.7": 1300, "1.8": 2500}
HashName = Literal["sha1", "sha256", "sha384"]
Carried = Literal["both", "authentication", "none"]


class Certificates(Protocol):
    """Keys and certificates of one card, as ``Country.issue`` or ``Country.authorities`` gives."""

    @property
    def authentication_key(self) -> Key | None: ...  # noqa: D102 - named for what it is
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
        card_number: ten digits, or the seven of a foreigner's card since 2020; the ``B`` and the
            two check digits are added.
        given_names: the first two, separated by a space.
        nationality: the word in the card's language.
        born: printed as the card's language writes it.
        birth_text: written instead of ``born`` where a part of the date is unknown.
        photo: a JPEG; a drawn specimen where None.
        photo_hash: of the photo in the identity file; None for the usual one of the applet.
        register_hash: of the register's RSA signatures; cards until about 2018 have SHA-1.
        foreigner: the fields of a foreigner's card.
        more: further fields of the identity file by tag, whatever they are.
        guesses: how the card settles what is not known of real ones.
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
    photo_hash: HashName | None = None
    register_hash: Literal["sha1", "sha256"] = "sha256"
    foreigner: ForeignerFields | None = field(default=None, repr=False)
    more: Mapping[int, bytes] = field(default_factory=dict, repr=False)
    guesses: Guesses = USUAL


def personalise(description: CardDescription, certificates: Certificates) -> CardImage:
    """Make a whole card.

    Raises:
        ValueError: a field does not fit, or a key is not of the applet's kind.
    """
    _check(description, certificates)
    new = description.applet == "1.8"
    keys: dict[int, Key] = {}
    if certificates.authentication_key is not None:
        keys[cards.AUTHENTICATION_KEY] = certificates.authentication_key
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
        contents[files.CA_ROLE_KEY] = digest(
            "sha1", description.chip_serial
        )  # a filler of the right size
        contents[files.PREFERENCES] = bytes(description.guesses.preferences_length)
    sign = _register_signer(
        certificates.rrn_key,
        padded_to=_signature_length(description, certificates.rrn_key),
        rsa_hash=description.register_hash,
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


def carried(born: dt.date, on: dt.date, guesses: Guesses = USUAL) -> Carried:
    """Which certificates a holder of this age usually gets on a day; all of it is a guess."""
    age = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
    if age >= guesses.signature_from:
        return "both"
    return "authentication" if age >= guesses.authentication_from else "none"


def moved(image: CardImage, address: Address, register_key: Key) -> CardImage:
    """What the municipality does when the holder moves: a new address file and its signature.

    The rest of the card, the identity's signature with it, stays as it was.
    """
    content = address_file(address)
    before = image.contents[files.IDENTITY_SIGNATURE]
    sign = _register_signer(register_key, padded_to=len(image.contents[files.ADDRESS_SIGNATURE]))
    signature = sign(content.rstrip(b"\x00") + before)
    return replace(
        image,
        contents={
            **image.contents,
            files.ADDRESS: content,
            files.ADDRESS_SIGNATURE: signature,
        },
    )


def _register_signer(
    key: Key, *, padded_to: int, rsa_hash: Literal["sha1", "sha256"] = "sha256"
) -> Callable[[bytes], bytes]:
    older = hashes.SHA1() if rsa_hash == "sha1" else hashes.SHA256()  # noqa: S303 - older cards

    def sign(content: bytes) -> bytes:
        if isinstance(key, rsa.RSAPrivateKey):
            return key.sign(content, padding.PKCS1v15(), older)
        return key.sign(content, ec.ECDSA(hashes.SHA384())).ljust(padded_to, b"\x00")

    return sign
