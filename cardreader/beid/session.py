"""A conversation with a Belgian card: what its files say, its PIN, its two keys.

The order of commands is the card's own: environment, PIN, signature. VERIFY is sent once for each
call and never again by itself; reading starts afresh once if another program reset the card.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from cardreader.apdu import OK, Command, Response, exchange, wipe
from cardreader.beid import cards, files, pad
from cardreader.beid.cards import Applet, parse_card_data
from cardreader.beid.pin import pin_block
from cardreader.beid.register import (
    ChipProof,
    UnverifiedAddress,
    UnverifiedFiles,
    UnverifiedIdentity,
    parse_address,
    parse_identity,
)
from cardreader.errors import (
    ApduRefused,
    CardDataMalformed,
    CardProtocolError,
    CardReset,
    CertificateAbsent,
    PinBlocked,
    PinMalformed,
    PinWrong,
    UnknownCard,
    UserCancelled,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from cardreader.apdu import Transmits
    from cardreader.beid.cards import CardData, HashName
    from cardreader.beid.pad import Pad

T = TypeVar("T")

_BLOCK: Final = 252
_LARGEST_FILE: Final = 0x7FFF
_END_OF_FILE: Final = 0x6B00
_NOT_ALLOWED: Final = 0x6982
_BLOCKED: Final = frozenset({0x63C0, 0x6983, 0x6984})
_TRIES: Final = 0x63C0
_PAD_TIMEOUT: Final = 0x6400
_PAD_CANCELLED: Final = 0x6401
_PAD_UNEQUAL: Final = 0x6402
_PAD_LENGTH: Final = 0x6403
_NOT_ACTIVE: Final = frozenset({0x6283, 0x6985})
_ALL_TRIES: Final = 3
_CHALLENGE_LENGTH: Final = 48
_P384: Final = 0x02


class BeidSession:
    """One opened card. Satisfies ``cardreader.client.CardSession``.

    Everything raises `CardAbsent`, `CardMute` and `CardReset` as the connection does, `ApduRefused`
    for a status that says nothing better, `CardProtocolError` for an answer out of bounds.
    """

    def __init__(self, connection: Transmits) -> None:
        """Select the applet and learn its version.

        Raises:
            UnknownCard: no Belgian applet answers, or one whose keys we do not know.
        """
        self._connection = connection
        self._pad: Pad | None = getattr(connection, "pad", None)
        self.card_data: CardData = self._restarting(self._open)

    @property
    def applet(self) -> Applet:
        """The applet's version, which decides the kind of keys."""
        return self.card_data.applet

    # --- files ----------------------------------------------------------------------------------

    def read_file(self, path: bytes) -> bytes:
        """Read a whole file (``cardreader.beid.files``), with whatever padding it has."""
        return self._restarting(lambda: self._read(path))

    def authentication_certificate(self) -> bytes:
        """The certificate of key 82, DER.

        Raises:
            CertificateAbsent: the card has none.
            CardDataMalformed: the file is no certificate.
        """
        return self.certificate(files.AUTHENTICATION_CERTIFICATE)

    def signature_certificate(self) -> bytes:
        """The certificate of key 83, DER; raises as `authentication_certificate` does."""
        return self.certificate(files.SIGNATURE_CERTIFICATE)

    def certificate(self, path: bytes) -> bytes:
        """Any certificate file without its padding; raises as `authentication_certificate` does."""
        return _without_padding(self.read_file(path))

    def identity(self) -> UnverifiedIdentity:
        """The identity file, parsed.

        Raises:
            CardDataMalformed: it cannot be.
        """
        return parse_identity(self.read_file(files.IDENTITY))

    def address(self) -> UnverifiedAddress:
        """The address file, parsed; raises as `identity` does."""
        return parse_address(self.read_file(files.ADDRESS))

    def files(self, *, address: bool = True, photo: bool = True) -> UnverifiedFiles:
        """Everything that a verifier needs of the identity files, as stored; no PIN is asked.

        Raises:
            CertificateAbsent: the register's certificate is not there.
            CardDataMalformed: it is no certificate.
        """
        return UnverifiedFiles(
            identity=self.read_file(files.IDENTITY),
            identity_signature=self.read_file(files.IDENTITY_SIGNATURE),
            register_certificate=self.certificate(files.RRN_CERTIFICATE),
            address=self.read_file(files.ADDRESS) if address else None,
            address_signature=self.read_file(files.ADDRESS_SIGNATURE) if address else None,
            photo=self.read_file(files.PHOTO) if photo else None,
            card_key=self.read_file(files.CARD_KEY) if self.applet is Applet.V1_8 else None,
        )

    def prove_chip(self, challenge: bytes) -> ChipProof | None:
        """Let the chip answer a challenge of 48 bytes; None before applet 1.8, which cannot.

        It signs without a PIN, and gives up any signature environment that was set.

        Raises:
            ValueError: the challenge's length.
            ApduRefused: 6985, after 5000 answers without a PIN.
        """
        if len(challenge) != _CHALLENGE_LENGTH:
            raise ValueError("length of the challenge")
        if self.applet is not Applet.V1_8:
            return None
        data = bytes((0x94, _CHALLENGE_LENGTH)) + challenge
        answer = self._restarting(lambda: self._send(0x00, 0x88, _P384, cards.CARD_KEY, data=data))
        if len(answer) != cards.SIGNATURE_LENGTH[Applet.V1_8]:
            raise CardProtocolError("length of the chip's answer")
        return ChipProof(challenge=challenge, answer=answer)

    # --- the PIN --------------------------------------------------------------------------------

    def tries_left(self) -> int | None:
        """How many PIN tries remain, 0 when blocked; None where this card does not tell.

        Applet 1.8 says it in its card data, 1.7 to an empty VERIFY. Applet 1.1 would count an empty
        VERIFY as a wrong PIN: it is never asked.
        """
        if self.applet is Applet.V1_8:
            return self._restarting(self._card_data_with_tries).tries_left
        if self.applet is Applet.V1_7:
            return self._restarting(self._ask_tries)
        return None

    def verify_pin(self, pin: str | bytearray) -> None:
        """Present the PIN once.

        Args:
            pin: 4 to 12 digits; a ``bytearray`` is wiped, whatever happens.

        Raises:
            PinMalformed: it was not sent.
            PinWrong: one try was spent; at least one remains.
            PinBlocked: no try remains.
        """
        block = bytearray()
        try:
            block = pin_block(pin)
            self._send(0x00, 0x20, 0x00, cards.PIN_REFERENCE, data=block)
        except ApduRefused as refused:
            raise _pin_refusal(refused.status) from None
        finally:
            wipe(block)
            if isinstance(pin, bytearray):
                wipe(pin)

    def change_pin(self, old: str | bytearray, new: str | bytearray) -> None:
        """Replace the PIN, once; buffers are wiped as `verify_pin` wipes them.

        Raises:
            PinMalformed: one of the two; nothing was sent.
            PinWrong: the old one, and one try was spent.
            PinBlocked: no try remains.
        """
        both = bytearray()
        try:
            first = pin_block(old)
            try:
                second = pin_block(new)
                both = first + second
                wipe(second)
            finally:
                wipe(first)
            self._send(0x00, 0x24, 0x00, cards.PIN_REFERENCE, data=both)
        except ApduRefused as refused:
            raise _pin_refusal(refused.status) from None
        finally:
            for buffer in (both, old, new):
                if isinstance(buffer, bytearray):
                    wipe(buffer)

    @property
    def has_pad(self) -> bool:
        """Whether the reader has keys of its own, so that the PIN need not enter this machine."""
        return self._pad is not None

    @property
    def pad_modifies(self) -> bool:
        """Whether those keys can also change the PIN."""
        return self._pad is not None and self._pad.modifies

    def verify_pin_on_pad(self, language: str = "en") -> None:
        """Let the citizen type the PIN on the reader, once.

        Raises:
            PinWrong, PinBlocked: as `verify_pin`.
            UserCancelled: the citizen pressed cancel, or nothing for half a minute.
        """
        if self._pad is None:
            raise ValueError("this reader has no keys")
        _require_pad_success(self._pad.verify(pad.verification(language)))

    def change_pin_on_pad(self, language: str = "en") -> None:
        """Let the citizen type the old PIN and the new one twice; raises as `verify_pin_on_pad`.

        Raises:
            PinMalformed: the two new ones differ, or are too short; the card was not asked.
        """
        if self._pad is None or not self._pad.modifies:
            raise ValueError("this reader has no keys for that")
        _require_pad_success(self._pad.modify(pad.modification(language)))

    def log_off(self) -> None:
        """Give the PIN's right back."""
        self._send(0x80, 0xE6, 0x00, 0x00)

    # --- keys -----------------------------------------------------------------------------------

    def sign_authentication(self, digest: bytes, hash_name: HashName) -> bytes:
        """Sign a digest with key 82, after `verify_pin` in this session.

        Gives PKCS #1 v1.5 of 256 bytes on applet 1.7 (SHA-256 only), r and s joined in 96 bytes on
        1.8.

        Raises:
            ValueError: the digest's length.
            UnknownCard: this applet does not sign such a hash.
            ApduRefused: 6982, the PIN was not verified.
        """
        self._set_environment(digest, hash_name, cards.AUTHENTICATION_KEY)
        return self._sign(digest)

    def sign_non_repudiation(
        self, digest: bytes, hash_name: HashName, pin: str | bytearray | None
    ) -> bytes:
        """Sign a digest with key 83, which wants its PIN just before: the order is kept here.

        Without a PIN it is typed on the reader, in the reader's language.

        Raises:
            ValueError: as `sign_authentication`; the reader has no keys.
            UserCancelled: as `verify_pin_on_pad`.
            PinMalformed, PinWrong, PinBlocked: as `verify_pin`.
            CertificateAbsent: the key is not active on this card.
        """
        try:
            self._set_environment(digest, hash_name, cards.SIGNATURE_KEY)
            self.verify_pin_on_pad() if pin is None else self.verify_pin(pin)
        except ApduRefused as refused:
            if refused.status in _NOT_ACTIVE:
                raise CertificateAbsent("signature key") from refused
            raise
        finally:
            if isinstance(pin, bytearray):
                wipe(pin)
        return self._sign(digest)

    # --- inside ---------------------------------------------------------------------------------

    def _open(self) -> CardData:
        try:
            self._send(0x00, 0xA4, 0x04, 0x00, data=cards.APPLET_AID)
            return parse_card_data(self._send(0x80, 0xE4, 0x00, 0x00, le=cards.CARD_DATA_LENGTH))
        except ApduRefused as refused:
            raise UnknownCard(f"status {refused.status:04X}") from refused

    def _card_data_with_tries(self) -> CardData:
        le = cards.CARD_DATA_LENGTH_WITH_TRIES
        return parse_card_data(self._send(0x80, 0xE4, 0x00, 0x01, le=le))

    def _ask_tries(self) -> int:
        try:
            # With a length byte of 00: over T=0 that is an empty VERIFY.
            self._send(0x00, 0x20, 0x00, cards.PIN_REFERENCE, le=256)
        except ApduRefused as refused:
            if refused.status in _BLOCKED:
                return 0
            if refused.status & 0xFFF0 == _TRIES:
                return refused.status & 0x000F
            raise
        return _ALL_TRIES

    def _read(self, path: bytes) -> bytes:
        self._send(0x00, 0xA4, 0x08, 0x0C, data=path)
        content = bytearray()
        while len(content) <= _LARGEST_FILE:
            high, low = divmod(len(content), 0x100)
            try:
                block = self._send(0x00, 0xB0, high, low, le=_BLOCK)
            except ApduRefused as refused:
                if refused.status == _END_OF_FILE and content:
                    return bytes(content)
                raise
            content += block
            if len(block) < _BLOCK:
                return bytes(content)
        raise CardProtocolError("a file without end")

    def _set_environment(self, digest: bytes, hash_name: HashName, key: int) -> None:
        algorithm = cards.ALGORITHM.get((self.applet, hash_name))
        if algorithm is None:
            raise UnknownCard(f"applet {self.applet:02X} does not sign {hash_name} for us")
        if len(digest) != cards.DIGEST_LENGTH[hash_name]:
            raise ValueError("length of the digest")
        self._send(0x00, 0xA4, 0x08, 0x0C, data=files.BELPIC)
        self._send(0x00, 0x22, 0x41, 0xB6, data=bytes((0x04, 0x80, algorithm, 0x84, key)))

    def _sign(self, digest: bytes) -> bytes:
        signature = self._send(0x00, 0x2A, 0x9E, 0x9A, data=digest)
        if len(signature) != cards.SIGNATURE_LENGTH[self.applet]:
            raise CardProtocolError("length of a signature")
        return signature

    def _send(
        self,
        *header: int,
        data: bytes | bytearray = b"",
        le: int | None = None,
    ) -> bytes:
        cla, ins, p1, p2 = header
        command = Command(cla=cla, ins=ins, p1=p1, p2=p2, data=data, le=le)
        return exchange(self._connection, command)

    def _restarting(self, read: Callable[[], T]) -> T:
        """Read; once more from the applet's selection on if another program reset the card."""
        try:
            return read()
        except CardReset:
            self._open()
            return read()


def _require_pad_success(answer: bytes) -> None:
    status = Response.parse(answer).status
    if status in (_PAD_TIMEOUT, _PAD_CANCELLED):
        raise UserCancelled("on the reader")
    if status in (_PAD_UNEQUAL, _PAD_LENGTH):
        raise PinMalformed
    if status != OK:
        raise _pin_refusal(status)


def _pin_refusal(status: int) -> PinWrong | PinBlocked | ApduRefused:
    if status in _BLOCKED:
        return PinBlocked()
    if status & 0xFFF0 == _TRIES:
        return PinWrong(status & 0x000F)
    return ApduRefused(status)


def _without_padding(content: bytes) -> bytes:
    """Cut a certificate file after its DER SEQUENCE, as long as its first four bytes say."""
    if not any(content):
        raise CertificateAbsent
    if content[:2] != b"\x30\x82" or len(content) < 4:  # noqa: PLR2004 - tag and long length
        raise CardDataMalformed("certificate")
    end = 4 + int.from_bytes(content[2:4], "big")
    if end > len(content):
        raise CardDataMalformed("certificate")
    return content[:end]
