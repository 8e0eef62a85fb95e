"""Refusals of the card, and which of them an error of ``cardreader`` is."""

from __future__ import annotations

import logging
from types import MappingProxyType
from typing import TYPE_CHECKING

from cardreader import errors as card
from idp.errors.catalogue import Problem, WayOut, entry

if TYPE_CHECKING:
    from collections.abc import Mapping

# --- the card -------------------------------------------------------------------------------------

CARD_TOKEN_MALFORMED = entry(
    "card_token_malformed",
    "access_denied",
    400,
    "the card token is malformed",
    WayOut.TRY_AGAIN,
)
CARD_CHALLENGE_UNKNOWN = entry(
    "card_challenge_unknown",
    "access_denied",
    409,
    "the card challenge is unknown, used or expired",
    WayOut.TRY_AGAIN,
)
CARD_CERTIFICATE_REFUSED = entry(
    "card_certificate_refused",
    "access_denied",
    403,
    "the certificate cannot be used to log in",
    WayOut.OTHER_MEANS,
)
CARD_EXPIRED = entry(
    "card_expired",
    "access_denied",
    403,
    "the card has expired",
    WayOut.OTHER_MEANS,
)
CARD_NOT_YET_VALID = entry(
    "card_not_yet_valid",
    "access_denied",
    403,
    "the card is not valid yet",
    WayOut.OTHER_MEANS,
)
CARD_UNTRUSTED = entry(
    "card_untrusted",
    "access_denied",
    403,
    "the card was not issued by an authority trusted here",
    WayOut.OTHER_MEANS,
)
CARD_SIGNATURE_WRONG = entry(
    "card_signature_wrong",
    "access_denied",
    403,
    "the card signature is wrong",
    WayOut.TRY_AGAIN,
)
CARD_REVOKED = entry(
    "card_revoked",
    "access_denied",
    403,
    "the card is revoked or suspended",
    WayOut.OTHER_MEANS,
)
CARD_UNKNOWN = entry(
    "card_unknown",
    "access_denied",
    403,
    "the card is not known to its issuer",
    WayOut.OTHER_MEANS,
)
CARD_FILES_REFUSED = entry(
    "card_files_refused",
    "access_denied",
    403,
    "the identity files of the card could not be verified",
    WayOut.OTHER_MEANS,
)
CARD_REGISTER_UNTRUSTED = entry(
    "card_register_untrusted",
    "access_denied",
    403,
    "the identity files of the card were not signed by a register trusted here",
    WayOut.OTHER_MEANS,
)
CARD_FILES_ALTERED = entry(
    "card_files_altered",
    "access_denied",
    403,
    "an identity file of the card is not what the register signed",
    WayOut.OTHER_MEANS,
)
CARD_PHOTO_WRONG = entry(
    "card_photo_wrong",
    "access_denied",
    403,
    "the photo is not the one that the identity file of the card names",
    WayOut.OTHER_MEANS,
)
CARD_COPIED = entry(
    "card_copied",
    "access_denied",
    403,
    "the chip did not prove that the identity files are its own",
    WayOut.OTHER_MEANS,
)
CARD_FILES_OF_ANOTHER = entry(
    "card_files_of_another",
    "access_denied",
    403,
    "the identity files and the certificate are of different cards",
    WayOut.OTHER_MEANS,
)
CARD_FILES_NEEDED = entry(
    "card_files_needed",
    "access_denied",
    403,
    "this login needs signed data of the card and they did not come",
    WayOut.TRY_AGAIN,
)
CARD_DOCUMENT_REFUSED = entry(
    "card_document_refused",
    "access_denied",
    403,
    "a document of this kind cannot be used to log in",
    WayOut.OTHER_MEANS,
)
DOCUMENT_NOT_ACCEPTED = entry(
    "document_not_accepted",
    "access_denied",
    403,
    "the client does not accept this kind of identity document",
    WayOut.BACK_TO_SERVICE,
)
AGE_NOT_REACHED = entry(
    "age_not_reached",
    "access_denied",
    403,
    "the person is not proven to have the age that the client asks",
    WayOut.BACK_TO_SERVICE,
)
CARD_CHECK_UNAVAILABLE = entry(
    "card_check_unavailable",
    "temporarily_unavailable",
    503,
    "the status of the card cannot be checked now",
    WayOut.TRY_AGAIN,
    level=logging.WARNING,
)

_CARD_FACES: Mapping[type[card.CardError], Problem] = MappingProxyType(
    {
        card.TokenMalformed: CARD_TOKEN_MALFORMED,
        card.ChallengeUnknown: CARD_CHALLENGE_UNKNOWN,
        card.CertificateRefused: CARD_CERTIFICATE_REFUSED,
        card.CertificateExpired: CARD_EXPIRED,
        card.CertificateNotYetValid: CARD_NOT_YET_VALID,
        card.CertificateUntrusted: CARD_UNTRUSTED,
        card.SignatureWrong: CARD_SIGNATURE_WRONG,
        card.CertificateRevoked: CARD_REVOKED,
        card.CertificateUnknown: CARD_UNKNOWN,
        card.RevocationUnavailable: CARD_CHECK_UNAVAILABLE,
        card.FilesRefused: CARD_FILES_REFUSED,
        card.RegisterUntrusted: CARD_REGISTER_UNTRUSTED,
        card.FileSignatureWrong: CARD_FILES_ALTERED,
        card.PhotoWrong: CARD_PHOTO_WRONG,
        card.CardCopied: CARD_COPIED,
        card.FilesOfAnother: CARD_FILES_OF_ANOTHER,
        card.DocumentRefused: CARD_DOCUMENT_REFUSED,
        card.DocumentExpired: CARD_EXPIRED,
        card.DocumentNotYetValid: CARD_NOT_YET_VALID,
    }
)


def problem_of_card(error: card.TokenRefused) -> Problem:
    """Give the entry for a refusal of the card verification; total over its subclasses."""
    for kind in type(error).__mro__:
        if kind in _CARD_FACES:
            return _CARD_FACES[kind]
    return CARD_TOKEN_MALFORMED
