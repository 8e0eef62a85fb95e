"""The citizen's side: with the PIN just typed, let the card sign an origin and a challenge.

Made for one attempt: whoever shows the question decides whether to ask again. What leaves here is
a Web eID token; the PIN goes to the card and nowhere else.
"""

from __future__ import annotations

import base64
import datetime as dt
import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, Protocol, runtime_checkable

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from cardreader.beid.carried import FileSet, chip_challenge, pack
from cardreader.errors import (
    CardDataMalformed,
    CardError,
    CardProtocolError,
    PinBlocked,
    PinMalformed,
    UnknownCard,
)
from cardreader.token import Algorithm, OriginRefused, signed_origin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import ClassVar

    from cardreader.beid.register import ChipProof, UnverifiedFiles

FORMAT: Final = "web-eid:1.0"
APP_VERSION: Final = "https://sesame.invalid/agent/releases/0.1.0"
_NONCE: Final = re.compile(r"[A-Za-z0-9+/]{42,128}={0,2}", re.ASCII)
_NONCE_LENGTH: Final = range(44, 129)
_LONGEST_ORIGIN: Final = 255
_PIN: Final = re.compile(r"[0-9]{4,12}", re.ASCII)
_SMALLEST_RSA: Final = 2048
_SIGNATURE_LENGTH: Final = {"ES256": 64, "ES384": 96}


class ChallengeMalformed(CardError):
    """The challenge is not 44 to 128 characters of base64: nothing was asked of the card."""

    code: ClassVar[str] = "challenge_malformed"


class TellsTries(Protocol):
    """A card with a PIN."""

    def tries_left(self) -> int | None:
        """How many PIN tries remain, 0 when blocked, None when this card does not tell."""
        ...


class CardSession(TellsTries, Protocol):
    """What this module asks of an opened eID card."""

    def authentication_certificate(self) -> bytes:
        """The DER certificate for authentication.

        Raises:
            CertificateAbsent: this card has none.
        """
        ...

    def verify_pin(self, pin: str) -> None:
        """Present the PIN, 4 to 12 digits.

        Raises:
            PinWrong: refused, with the tries left.
            PinBlocked: no try is left.
        """
        ...

    def sign_authentication(self, digest: bytes, hash_name: Literal["sha256", "sha384"]) -> bytes:
        """Sign a digest with the authentication key: PKCS #1 v1.5, or raw R and S joined."""
        ...

    def log_off(self) -> None:
        """Give the PIN's right back."""
        ...


@runtime_checkable
class PadSession(Protocol):
    """A card in a reader that may have keys of its own."""

    @property
    def has_pad(self) -> bool:
        """Whether it has."""
        ...

    def verify_pin_on_pad(self) -> None:
        """Let the citizen type the PIN there, once; raises as `CardSession.verify_pin`.

        Raises:
            UserCancelled: cancelled on the reader, or nothing was typed in time.
        """
        ...


@runtime_checkable
class FileSession(Protocol):
    """A card whose signed files can be read, as ``cardreader.beid.session`` has it."""

    def files(self, *, address: bool = True, photo: bool = True) -> UnverifiedFiles:
        """Everything that a verifier needs of the identity files, as stored."""
        ...

    def prove_chip(self, challenge: bytes) -> ChipProof | None:
        """Let the chip sign 48 bytes with its own key; None where it has none."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class CardSummary:
    """What may be shown of a card before any PIN.

    Attributes:
        holder: given names and surname as in the certificate; unverified.
        not_after: the end of the certificate.
        tries_left: PIN tries that remain; None where the card does not tell.
        fingerprint: SHA-256 of the certificate, to notice that another card came.
    """

    holder: str
    not_before: dt.datetime
    not_after: dt.datetime
    tries_left: int | None
    fingerprint: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class PinQuestion:
    """What the citizen must see before typing: who asks, which card, how many tries."""

    origin: str
    card: CardSummary


def check_challenge(challenge_nonce: str) -> str:
    """Give back a challenge of 44 to 128 base64 characters (Web eID, section 1.3 of its facts).

    Raises:
        ChallengeMalformed: it is not one.
    """
    if len(challenge_nonce) not in _NONCE_LENGTH or _NONCE.fullmatch(challenge_nonce) is None:
        raise ChallengeMalformed
    return challenge_nonce


def check_origin(origin: str) -> str:
    """Give back an origin that is already in its signed form: ``https://host[:port]``.

    Raises:
        OriginRefused: a path, another scheme, another spelling, more than 255 characters.
    """
    if len(origin) > _LONGEST_ORIGIN:
        raise OriginRefused("too long")
    if signed_origin(origin, allow_http_localhost=False) != origin:
        raise OriginRefused("not in its signed form")
    return origin


def check_pin(pin: str) -> str:
    """Give back a PIN of 4 to 12 digits; anything else is never sent to the card.

    Raises:
        PinMalformed: it is not one. The error does not hold what was typed.
    """
    if _PIN.fullmatch(pin) is None:
        raise PinMalformed
    return pin


def summary(session: CardSession) -> CardSummary:
    """Read what may be shown of a card: no PIN is needed, none is spent.

    Raises:
        CardError: the card left, is unknown, or carries no usable certificate.
    """
    return summary_of(session.authentication_certificate(), session)


def summary_of(der: bytes, session: TellsTries) -> CardSummary:
    """The same by another certificate of the card, DER.

    Raises:
        CardDataMalformed: it is no certificate.
        CardError: the card left.
    """
    return _summary(_certificate(der), session)


def authenticate(
    session: CardSession,
    *,
    challenge_nonce: str,
    origin: str,
    ask_pin: Callable[[PinQuestion], str],
    on_pad: Callable[[PinQuestion], None] | None = None,
) -> dict[str, str]:
    """Make a Web eID token (format ``web-eid:1.0``) with one PIN attempt.

    Args:
        session: an opened card.
        challenge_nonce: the text as the provider issued it; it is signed undecoded.
        origin: ``https://host[:port]`` as `cardreader.token.signed_origin` gives it.
        ask_pin: shows the question and gives what was typed; raises `UserCancelled` for a no.
        on_pad: shows the question where the reader has keys: the PIN is typed there, and never
            enters this machine. Without it `ask_pin` asks for every reader.

    Raises:
        ChallengeMalformed, OriginRefused: refused before the card is touched.
        PinBlocked: no try is left; the PIN was not asked.
        PinMalformed: what was typed is no PIN; the card was not asked.
        PinWrong: one try was spent.
        CardError: any other trouble of the card.
    """
    check_challenge(challenge_nonce)
    check_origin(origin)
    der = session.authentication_certificate()
    certificate = _certificate(der)
    algorithm = _algorithm(certificate)
    card = _summary(certificate, session)
    if card.tries_left == 0:
        raise PinBlocked
    question = PinQuestion(origin=origin, card=card)
    if on_pad is not None and isinstance(session, PadSession) and session.has_pad:
        on_pad(question)
        session.verify_pin_on_pad()
    else:
        session.verify_pin(check_pin(ask_pin(question)))
    try:
        signature = _sign(
            session, certificate, algorithm, origin.encode(), challenge_nonce.encode()
        )
    finally:
        # A card that is gone has no right left to give back.
        with suppress(CardError):
            session.log_off()
    return {
        "unverifiedCertificate": base64.b64encode(der).decode("ascii"),
        "algorithm": algorithm,
        "signature": base64.b64encode(signature).decode("ascii"),
        "format": FORMAT,
        "appVersion": APP_VERSION,
    }


def carry(
    session: CardSession, sets: Iterable[FileSet], *, origin: str, challenge_nonce: str
) -> dict[str, str] | None:
    """Read the sets of files that were asked for, and no other, to travel with the token.

    To be called in the same exchange with the card as `authenticate`, after it: nothing is read
    before the citizen typed the PIN.

    Returns:
        What ``cardreader.beid.carried.pack`` gives; None where nothing was asked.

    Raises:
        UnknownCard: this card's files cannot be read.
        CardError: any other trouble of the card.
    """
    wanted = frozenset(sets)
    if not wanted:
        return None
    if not isinstance(session, FileSession):
        raise UnknownCard("a card without files")
    files = session.files(address=FileSet.ADDRESS in wanted, photo=FileSet.PHOTO in wanted)
    chip = session.prove_chip(chip_challenge(origin=origin, nonce=challenge_nonce))
    return pack(files, chip)


def _certificate(der: bytes) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(der)
    except ValueError as error:
        raise CardDataMalformed("certificate") from error


def _summary(certificate: x509.Certificate, session: TellsTries) -> CardSummary:
    try:
        names = [
            str(part.value)
            for oid in (NameOID.GIVEN_NAME, NameOID.SURNAME)
            for part in certificate.subject.get_attributes_for_oid(oid)
        ]
    except ValueError as error:
        raise CardDataMalformed("subject") from error
    return CardSummary(
        holder=" ".join(names),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        tries_left=session.tries_left(),
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
    )


def _algorithm(certificate: x509.Certificate) -> Algorithm:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < _SMALLEST_RSA:
            raise UnknownCard("a key too small to log in with")
        return "RS256"
    if isinstance(key, ec.EllipticCurvePublicKey):
        if isinstance(key.curve, ec.SECP384R1):
            return "ES384"
        if isinstance(key.curve, ec.SECP256R1):
            return "ES256"
    raise CardDataMalformed("a key that no Belgian card has")


def _sign(
    session: CardSession,
    certificate: x509.Certificate,
    algorithm: Algorithm,
    origin: bytes,
    nonce: bytes,
) -> bytes:
    name: Literal["sha256", "sha384"] = "sha384" if algorithm == "ES384" else "sha256"
    digest = _hash(name, _hash(name, origin) + _hash(name, nonce))
    signature = session.sign_authentication(digest, name)
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        wanted = (key.key_size + 7) // 8
    else:
        wanted = _SIGNATURE_LENGTH[algorithm]
    if len(signature) != wanted:
        raise CardProtocolError("signature length")
    return signature


def _hash(name: Literal["sha256", "sha384"], data: bytes) -> bytes:
    context = hashes.Hash(hashes.SHA384() if name == "sha384" else hashes.SHA256())
    context.update(data)
    return context.finalize()
