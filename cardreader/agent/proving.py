"""A card held against a trust folder: what that proves, and what it leaves open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cardreader.beid.session import BeidSession
from cardreader.errors import CertificateAbsent, UnknownCard
from cardreader.server import VerifiedFiles, certified, verify_files

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from cardreader.agent.language import Language
    from cardreader.client import CardSession
    from cardreader.trust.anchors import TrustAnchors

_CHALLENGE: Final = 48


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """What was proven of one card.

    Attributes:
        certificate_root: the root of the certificate to log in with; None where there is none.
    """

    files: VerifiedFiles
    certificate_root: str | None

    def proven(self) -> tuple[str, ...]:
        """What holds now, as stable words."""
        found = ["identity", "address", "photo"]
        if self.certificate_root is not None:
            found = ["certificate", *found, "person"]
        if self.files.identity.chip_proven:
            found.append("chip")
        return tuple(found)

    def open(self) -> tuple[str, ...]:
        """What was not asked, or cannot be shown by such a card, as stable words."""
        found = ["revocation", "holder"]
        if self.certificate_root is None:
            found.append("certificate")
        if not self.files.identity.chip_proven:
            found.append("chip")
        if self.files.identity.signature == "weak":
            found.append("weak")
        return tuple(found)


_PROVEN: Final = {
    "certificate": "cli_proof_certificate",
    "identity": "cli_proof_identity",
    "address": "cli_proof_address",
    "photo": "cli_proof_photo",
    "person": "cli_proof_person",
    "chip": "cli_proof_chip",
}
_OPEN: Final = {
    "revocation": "cli_open_revocation",
    "holder": "cli_open_holder",
    "certificate": "cli_open_certificate",
    "chip": "cli_open_chip",
    "weak": "cli_open_weak",
}


def prove(
    session: CardSession,
    *,
    anchors: TrustAnchors,
    now: dt.datetime,
    entropy: Callable[[int], bytes],
    strict_number: bool,
) -> Proof:
    """Read a card's files and certificate, challenge its chip, and believe all of it or raise.

    Raises:
        TokenRefused: the certificate or a file proves nothing.
        CardError: the card could not be read.
    """
    if not isinstance(session, BeidSession):
        raise UnknownCard
    files = session.files()
    chip = session.prove_chip(entropy(_CHALLENGE))
    try:
        der = session.authentication_certificate()
    except CertificateAbsent:
        holder = None
    else:
        holder = certified(der, anchors=anchors, now=now, strict_number=strict_number)
    verified = verify_files(
        files, anchors=anchors, now=now, holder=holder, chip=chip, strict_number=strict_number
    )
    return Proof(files=verified, certificate_root=None if holder is None else holder.root)


def lines(proof: Proof, words: Language) -> list[str]:
    """The same for a person."""
    root = proof.certificate_root or ""
    proven = [f"✓ {words.say(_PROVEN[word], root=root)}" for word in proof.proven()]
    unproven = [f"? {words.say(_OPEN[word])}" for word in proof.open()]
    return [words.say("cli_proven"), *proven, words.say("cli_open"), *unproven]
