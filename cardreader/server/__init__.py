"""The provider's side of the card: logins by token, and identity files, believed once verified."""

from cardreader.beid.carried import CarriedFiles, FileSet
from cardreader.beid.register import ChipProof, UnverifiedFiles
from cardreader.server.answer import CardAnswer, read_answer
from cardreader.server.certified import CertifiedCard, certified
from cardreader.server.files import (
    CertifiedHolder,
    VerifiedAddress,
    VerifiedFiles,
    VerifiedIdentity,
    VerifiedPhoto,
    verify_files,
)
from cardreader.server.login import CardChallenge, CardServer, VerifiedCard

__all__ = [
    "CardAnswer",
    "CardChallenge",
    "CardServer",
    "CarriedFiles",
    "CertifiedCard",
    "CertifiedHolder",
    "ChipProof",
    "FileSet",
    "UnverifiedFiles",
    "VerifiedAddress",
    "VerifiedCard",
    "VerifiedFiles",
    "VerifiedIdentity",
    "VerifiedPhoto",
    "certified",
    "read_answer",
    "verify_files",
]
