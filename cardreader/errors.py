"""Everything a card, a reader or a token can refuse, each with a code that a caller can map.

The citizen's side (reader, card, PIN) and the provider's side (token, certificate, revocation)
share one small tree. A code is stable and ASCII; the provider maps it to its own catalogue.
"""

from __future__ import annotations

from typing import ClassVar


class CardError(Exception):
    """Base of every refusal in this package. ``code`` is stable; the message is for logs only."""

    code: ClassVar[str] = "card_error"


# --- the citizen's side -------------------------------------------------------------------------


class ReaderUnavailable(CardError):
    """No reader, or the reader service is not there."""

    code = "reader_unavailable"


class ReaderBusy(ReaderUnavailable):
    """Another program holds the card: it can be had as soon as that program lets go."""

    code = "reader_busy"


class CardAbsent(CardError):
    """The card is not in the reader, or was pulled out in the middle of an exchange."""

    code = "card_absent"


class CardMute(CardError):
    """The card or the reader did not answer before the deadline."""

    code = "card_mute"


class CardReset(CardError):
    """Another program reset the card: state (file, PIN right) is gone, the exchange may restart."""

    code = "card_reset"


class UnknownCard(CardError):
    """The card in the reader is not a Belgian eID card that we know."""

    code = "card_unknown"


class CardProtocolError(CardError):
    """The card answered something that its specification does not allow."""

    code = "card_protocol"


class ApduRefused(CardError):
    """A command was answered with a status word other than 9000.

    Attributes:
        status: the two status bytes as one integer, e.g. ``0x6A82``.
    """

    code = "apdu_refused"

    def __init__(self, status: int) -> None:
        super().__init__(f"status {status:04X}")
        self.status = status


class CardDataMalformed(CardError):
    """A file read from the card cannot be parsed."""

    code = "card_data_malformed"


class CertificateAbsent(CardError):
    """The card carries no certificate for this use (a young child's card, a declined one)."""

    code = "certificate_absent"


class PinWrong(CardError):
    """The PIN was refused.

    Attributes:
        tries_left: how many tries remain, at least 1.
    """

    code = "pin_wrong"

    def __init__(self, tries_left: int) -> None:
        super().__init__(f"{tries_left} tries left")
        self.tries_left = tries_left


class PinBlocked(CardError):
    """No tries are left: the municipality must unblock the card."""

    code = "pin_blocked"


class PinMalformed(CardError):
    """The PIN typed is not 4 to 12 digits: it was not sent to the card."""

    code = "pin_malformed"


class UserCancelled(CardError):
    """The citizen said no on their own side."""

    code = "user_cancelled"


# --- the provider's side ------------------------------------------------------------------------


class TokenRefused(CardError):
    """Base of every refusal of a Web eID token: nothing in it is proven."""

    code = "token_refused"


class TokenMalformed(TokenRefused):
    """The token is not the JSON object that its format promises."""

    code = "token_malformed"


class ChallengeUnknown(TokenRefused):
    """The challenge was never issued to this browser, was used before, or has expired."""

    code = "challenge_unknown"


class CertificateRefused(TokenRefused):
    """The certificate is not an authentication certificate that we accept for login."""

    code = "certificate_refused"


class CertificateExpired(TokenRefused):
    """The holder's certificate is past its end."""

    code = "certificate_expired"


class CertificateNotYetValid(TokenRefused):
    """The holder's certificate has not begun."""

    code = "certificate_not_yet_valid"


class CertificateUntrusted(TokenRefused):
    """No path leads from the certificate to a root that we trust."""

    code = "certificate_untrusted"


class SignatureWrong(TokenRefused):
    """The signature does not cover this origin and this challenge with this certificate."""

    code = "signature_wrong"


class CertificateRevoked(TokenRefused):
    """The issuer says that the certificate is revoked or suspended."""

    code = "certificate_revoked"


class CertificateUnknown(TokenRefused):
    """The issuer's responder does not know the certificate."""

    code = "certificate_unknown"


class RevocationUnavailable(TokenRefused):
    """Neither OCSP nor CRL gave an answer that we may believe: we never let that pass."""

    code = "revocation_unavailable"


# --- the identity files -------------------------------------------------------------------------


class FilesRefused(TokenRefused):
    """Base of every refusal of a card's identity files: nothing that they say is proven."""

    code = "files_refused"


class FilesMalformed(FilesRefused):
    """A file is missing, too long, or cannot be parsed."""

    code = "files_malformed"


class RegisterUntrusted(FilesRefused):
    """The certificate on the files is not that of a register under a root that we trust."""

    code = "register_untrusted"


class FileSignatureWrong(FilesRefused):
    """The register did not sign this identity file, or this address with it."""

    code = "file_signature_wrong"


class PhotoWrong(FilesRefused):
    """The photo is not the one that the identity file names."""

    code = "photo_wrong"


class CardCopied(FilesRefused):
    """The chip did not prove that these files are its own: a copy, perhaps."""

    code = "card_copied"


class FilesOfAnother(FilesRefused):
    """The files and the certificate do not speak of the same person, or kind of card."""

    code = "files_of_another"


class DocumentRefused(FilesRefused):
    """A technical document (types 7 and 8), or one whose number cannot be."""

    code = "document_refused"


class DocumentExpired(FilesRefused):
    """The document itself has ended, whatever its certificate says."""

    code = "document_expired"


class DocumentNotYetValid(FilesRefused):
    """The document itself has not begun."""

    code = "document_not_yet_valid"
