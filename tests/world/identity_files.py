"""A citizen's identity files, good ones and ones that a test spoils, and a chip that answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from cardreader import client
from cardreader.beid.session import BeidSession
from cardreader.server import CertifiedHolder, ChipProof, UnverifiedFiles, verify_files
from cardreader.sim.card import SoftCard
from cardreader.sim.personalise import personalise
from cardreader.sim.reader import SimReader
from cardreader.trust.anchors import Kind
from tests.world import holders, tokens

if TYPE_CHECKING:
    import datetime as dt

    from cardreader.server import FileSet, VerifiedFiles
    from cardreader.sim.image import AppletName
    from cardreader.sim.personalise import CardDescription
    from cardreader.trust.anchors import TrustAnchors

CHALLENGE = bytes(range(100, 148))
ISSUERS = {"1.8": "citizen-new", "1.7": "citizen-old"}


@dataclass(frozen=True, kw_only=True)
class Named:
    """Whom a certificate names."""

    kind: Kind = "citizen"
    national_number: str = holders.NUMBER
    generation: Literal["1.7", "1.8"] = "1.8"


@dataclass(frozen=True, kw_only=True)
class Read:
    """What was read of one card."""

    files: UnverifiedFiles
    chip: ChipProof | None


def read(card: SoftCard, *, challenge: bytes = CHALLENGE) -> Read:
    """Read a software card as an agent does."""
    reader = SimReader("sim")
    reader.insert(card)
    with reader.connect() as connection:
        session = BeidSession(connection)
        return Read(files=session.files(), chip=session.prove_chip(challenge))


def of_card(applet: AppletName = "1.8", **other: Any) -> Read:
    """Read a card that is made for this one test, with its holder changed as told."""
    return of_description(holders.describe(applet, **other))


def of_description(description: CardDescription) -> Read:
    """Read a card of this description."""
    made = holders.certificates(description.applet)
    return read(SoftCard(personalise(description, made), entropy=holders.entropy))


def verify(
    found: Read,
    *,
    holder: CertifiedHolder | None = None,
    now: dt.datetime = tokens.NOW,
    anchors: TrustAnchors | None = None,
    strict_number: bool = True,
    **spoil: Any,
) -> VerifiedFiles:
    """Verify what was read; ``spoil`` replaces single files first."""
    newer = found.files.card_key is not None
    usual = Named(generation="1.8" if newer else "1.7")
    return verify_files(
        replace(found.files, **spoil),
        anchors=anchors or tokens.anchors(),
        now=now,
        holder=holder or usual,
        chip=found.chip,
        strict_number=strict_number,
    )


def answer(
    card: SoftCard, *, nonce: str, origin: str = tokens.ORIGIN, sets: tuple[FileSet, ...] = ()
) -> dict[str, Any]:
    """What an agent sends of a card for a challenge: the token, and the sets of files asked."""
    reader = SimReader("sim")
    reader.insert(card)
    with reader.connect() as connection:
        session = BeidSession(connection)
        token = client.authenticate(
            session, challenge_nonce=nonce, origin=origin, ask_pin=lambda _: holders.PIN
        )
        files = client.carry(session, sets, origin=origin, challenge_nonce=nonce)
    return token if files is None else {"format": "sesame-card:1", "token": token, "files": files}


def kid(*, born: dt.date, document_type: int = 6) -> SoftCard:
    """A card of a child, with the certificate to log in that children of six and older have."""
    return adult(born=born, document_type=document_type)


def adult(*, born: dt.date, **other: Any) -> SoftCard:
    """A card of a citizen born on a day, with certificates that name the same number."""
    number = holders.make_national_number(born, 12)
    made = tokens.country().issue(tokens.request(national_number=number))
    description = holders.describe(born=born, national_number=number, **other)
    return SoftCard(personalise(description, made), entropy=holders.entropy)
