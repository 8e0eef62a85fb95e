"""The citizen's signature under a document, as Web eID asks for it: first the certificate, then it.

Only what the card made to be a signature is signed here, with its own key and a PIN typed for that
one signature; the key to log in with signs nothing but logins.
"""

from __future__ import annotations

import base64
import binascii
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol, runtime_checkable

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from cardreader.client import PadSession, PinQuestion, check_pin, summary_of
from cardreader.errors import (
    CardDataMalformed,
    CardError,
    CardProtocolError,
    PinBlocked,
    UnknownCard,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from cardreader.beid.cards import HashName
    from cardreader.client import CardSummary

# Web eID, section 1 of its facts: the functions that may be named, and how long their outputs are.
_LENGTHS: Final = {
    "SHA-224": 28,
    "SHA-256": 32,
    "SHA-384": 48,
    "SHA-512": 64,
    "SHA3-224": 28,
    "SHA3-256": 32,
    "SHA3-384": 48,
    "SHA3-512": 64,
}
_NAMES: Final[dict[str, HashName]] = {
    "SHA-256": "sha256",
    "SHA-384": "sha384",
    "SHA-512": "sha512",
}
_LONGEST_CERTIFICATE: Final = 4096


class DocumentMalformed(CardError):
    """What is to be signed is not a hash of the length that its function gives, or no certificate.

    Nothing was asked of the card.
    """

    code: ClassVar[str] = "document_malformed"


class HashUnsupported(CardError):
    """This card does not sign such a hash: `supported` did not name it."""

    code: ClassVar[str] = "hash_unsupported"


class OtherCard(CardError):
    """The card is not the one whose certificate is to sign: the PIN was not asked."""

    code: ClassVar[str] = "card_other"


@runtime_checkable
class SigningSession(Protocol):
    """What this module asks of an opened card."""

    def tries_left(self) -> int | None:
        """As `cardreader.client.CardSession`."""
        ...

    def signature_certificate(self) -> bytes:
        """The DER certificate to sign with.

        Raises:
            CertificateAbsent: this card has none.
        """
        ...

    def sign_non_repudiation(
        self, digest: bytes, hash_name: HashName, pin: str | bytearray | None
    ) -> bytes:
        """Sign a digest, with the PIN just before; None lets it be typed on the reader."""
        ...

    def log_off(self) -> None:
        """Give the PIN's right back."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """What is to be signed, and with whose certificate.

    Attributes:
        function: as Web eID names it: ``SHA-384``.
        certificate: DER, as the card gave it before.
    """

    digest: bytes = field(repr=False)
    function: str
    certificate: bytes = field(repr=False)


def check_document(*, hash_: str, function: str, certificate: str) -> Document:
    """Read the three arguments of ``sign`` (Web eID, section 1.3 of its facts).

    Args:
        hash_: base64.
        function: one of the eight names.
        certificate: base64 of DER.

    Raises:
        DocumentMalformed: any of them.
    """
    digest, der = _base64(hash_), _base64(certificate)
    if _LENGTHS.get(function) != len(digest) or not 0 < len(der) <= _LONGEST_CERTIFICATE:
        raise DocumentMalformed
    return Document(digest=digest, function=function, certificate=der)


def signer(session: object) -> CardSummary:
    """Who would sign with this card; no PIN is needed, none is spent.

    Raises:
        CertificateAbsent: the card has no certificate to sign with.
        UnknownCard: such cards do not sign.
    """
    able = _able(session)
    return summary_of(able.signature_certificate(), able)


def share(
    session: object, *, origin: str, agree: Callable[[PinQuestion], object]
) -> dict[str, Any]:
    """Give the certificate to sign with, once the citizen agreed: it names them.

    Args:
        session: an opened card.
        origin: who asks.
        agree: shows the question; raises `UserCancelled` for a no.

    Raises:
        CertificateAbsent: the card has none.
        CardError: any other trouble of the card.
    """
    able = _able(session)
    der = able.signature_certificate()
    supported = _supported(der)
    agree(PinQuestion(origin=origin, card=summary_of(der, able)))
    return {
        "certificate": base64.b64encode(der).decode("ascii"),
        "supportedSignatureAlgorithms": supported,
    }


def require_signer(session: object, document: Document) -> CardSummary:
    """Who signs: the holder of the very certificate that the document names.

    Raises:
        OtherCard: this card has another.
        HashUnsupported: it does not sign such a hash.
        CertificateAbsent, UnknownCard: as `signer`.
    """
    able = _able(session)
    der = able.signature_certificate()
    if der != document.certificate:
        raise OtherCard
    if document.function not in {one["hashFunction"] for one in _supported(der)}:
        raise HashUnsupported
    return summary_of(der, able)


def sign(
    session: object,
    document: Document,
    *,
    origin: str,
    ask_pin: Callable[[PinQuestion], str],
    on_pad: Callable[[PinQuestion], None] | None = None,
) -> dict[str, Any]:
    """Sign, with one PIN attempt; the PIN is asked as `cardreader.client.authenticate` asks it.

    Raises:
        PinBlocked, PinMalformed, PinWrong: as `cardreader.client.authenticate`.
        OtherCard, HashUnsupported, CertificateAbsent: as `require_signer`; no PIN was asked.
        CardError: any other trouble of the card.
    """
    able = _able(session)
    card = require_signer(able, document)
    if card.tries_left == 0:
        raise PinBlocked
    question = PinQuestion(origin=origin, card=card)
    pin: str | None = None
    if on_pad is not None and isinstance(able, PadSession) and able.has_pad:
        on_pad(question)
    else:
        pin = check_pin(ask_pin(question))
    try:
        signature = able.sign_non_repudiation(document.digest, _NAMES[document.function], pin)
    finally:
        # The PIN also opened the other key; a card that is gone has no right left to give back.
        with suppress(CardError):
            able.log_off()
    key = _key(document.certificate)
    if len(signature) != (key.key_size + 7) // 8 * (1 if isinstance(key, rsa.RSAPublicKey) else 2):
        raise CardProtocolError("signature length")
    chosen = next(
        one for one in _supported(document.certificate) if one["hashFunction"] == document.function
    )
    return {
        "signature": base64.b64encode(signature).decode("ascii"),
        "signatureAlgorithm": chosen,
    }


def _supported(der: bytes) -> list[dict[str, str]]:
    if isinstance(_key(der), rsa.RSAPublicKey):
        return [{"cryptoAlgorithm": "RSA", "hashFunction": "SHA-256", "paddingScheme": "PKCS1.5"}]
    return [
        {"cryptoAlgorithm": "ECC", "hashFunction": function, "paddingScheme": "NONE"}
        for function in _NAMES
    ]


def _key(der: bytes) -> rsa.RSAPublicKey | ec.EllipticCurvePublicKey:
    try:
        key = x509.load_der_x509_certificate(der).public_key()
    except ValueError as error:
        raise CardDataMalformed("certificate") from error
    if not isinstance(key, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey)):
        raise CardDataMalformed("a key that no Belgian card has")
    return key


def _able(session: object) -> SigningSession:
    if not isinstance(session, SigningSession):
        raise UnknownCard("a card that does not sign")
    return session


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise DocumentMalformed from error
