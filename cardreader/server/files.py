"""A card's identity files, from unverified bytes to what the National Register says of a person.

One function walks the whole way and raises at the first thing that does not hold. What comes out
is named verified, frozen, and holds no raw bytes except the photo.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, Protocol

from cardreader.beid.birth import BirthDate
from cardreader.beid.numbers import NationalNumber, card_number
from cardreader.beid.register import (
    ChipProof,
    DocumentType,
    Holder,
    Sex,
    UnverifiedAddress,
    UnverifiedFiles,
    UnverifiedIdentity,
    parse_address,
    parse_identity,
)
from cardreader.errors import (
    CardCopied,
    CardDataMalformed,
    DocumentExpired,
    DocumentNotYetValid,
    DocumentRefused,
    FilesMalformed,
    FilesOfAnother,
)
from cardreader.trust import files as proofs
from cardreader.trust.files import Strength

if TYPE_CHECKING:
    from cardreader.trust.anchors import Kind, TrustAnchors
    from cardreader.trust.files import RegisterSigner

_LARGEST: Final = 0x7FFF
_DAY: Final = dt.timedelta(days=1)
_AHEAD: Final = dt.timedelta(hours=2)
"""A day begins in Brussels one or two hours before it does in UTC."""
_JPEG: Final = b"\xff\xd8\xff"
_FOREIGN_NUMBER: Final = re.compile(r"B?[0-9]{9}", re.ASCII)
_KINDS: Final[Mapping[Holder, frozenset[str]]] = {
    Holder.CITIZEN: frozenset({"citizen"}),
    Holder.FOREIGNER: frozenset({"foreigner"}),
    Holder.UNKNOWN: frozenset({"citizen", "foreigner"}),
}
_BELGIAN_CHILD: Final = 6


class CertifiedHolder(Protocol):
    """Who the authentication certificate names: a `VerifiedCard` is one."""

    @property
    def kind(self) -> Kind: ...  # noqa: D102 - named for what it is
    @property
    def national_number(self) -> str: ...  # noqa: D102 - idem
    @property
    def generation(self) -> Literal["1.7", "1.8"]: ...  # noqa: D102 - idem


@dataclass(frozen=True, kw_only=True, slots=True)
class VerifiedIdentity:
    """What the register signed about a person; texts as on the card, absent ones empty.

    Attributes:
        given_names: the first two, separated by a space.
        nationality: a word in the card's language.
        foreigner: fields of foreigners' cards by tag (``cardreader.beid.register``).
        chip_proven: the chip proved that the files are its own; before applet 1.8 none can.
        signature: ``weak`` where the register used RSA-1024 or SHA-1, under a root that allows it.
        root: the label of the root that stands behind it.
    """

    card_number: str = field(repr=False)
    valid_from: dt.date
    valid_until: dt.date
    municipality: str = field(repr=False)
    national_number: NationalNumber = field(repr=False)
    surname: str = field(repr=False)
    given_names: str = field(repr=False)
    third_initial: str = field(repr=False)
    nationality: str = field(repr=False)
    birth_place: str = field(repr=False)
    birth_date: BirthDate = field(repr=False)
    sex: Sex = field(repr=False)
    nobility: str = field(repr=False)
    document_type: DocumentType
    special_status: str = field(repr=False)
    foreigner: Mapping[int, str] = field(repr=False)
    chip_proven: bool
    signature: Strength
    root: str
    verified_at: dt.datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class VerifiedAddress:
    """Where the register says that the person of that identity file lives."""

    street: str = field(repr=False)
    zip_code: str = field(repr=False)
    town: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class VerifiedPhoto:
    """The JPEG that the identity file names; still to be decoded with care."""

    jpeg: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class VerifiedFiles:
    """All that was asked for and proven."""

    identity: VerifiedIdentity
    address: VerifiedAddress | None
    photo: VerifiedPhoto | None


def verify_files(
    files: UnverifiedFiles,
    *,
    anchors: TrustAnchors,
    now: dt.datetime,
    holder: CertifiedHolder | None,
    chip: ChipProof | None,
    strict_number: bool = True,
) -> VerifiedFiles:
    """Believe a card's files, or raise (Belgian facts, section 5.5, last paragraph).

    Args:
        files: as read.
        anchors: whose register counts.
        now: the moment; the document itself must be in force.
        holder: whom the authentication certificate names; None only where there is no certificate,
            on a young child's card.
        chip: the answer to our own challenge; without it a card of applet 1.8 is refused.
        strict_number: check the check digits of the card number; off for specimens.

    Raises:
        FilesRefused: the subclass says what does not hold.
    """
    _require_sizes(files)
    signer = proofs.register_signer(files.register_certificate, anchors=anchors, now=now)
    strength = proofs.require_signed(signer, files.identity, files.identity_signature)
    identity = _parsed(files.identity)
    _require_document(identity, now, strict_number=strict_number)
    if holder is not None:
        _require_same_person(identity, holder)
    proven = _chip_proven(files, identity, chip)
    return VerifiedFiles(
        identity=_identity(identity, proven=proven, strength=strength, signer=signer, now=now),
        address=_address(files, signer),
        photo=_photo(files, identity),
    )


# --- inside -------------------------------------------------------------------------------------


def _require_sizes(files: UnverifiedFiles) -> None:
    for content in (
        *(files.identity, files.identity_signature, files.register_certificate),
        *(files.address, files.address_signature, files.photo, files.card_key),
    ):
        if content is not None and not 0 < len(content) <= _LARGEST:
            raise FilesMalformed("size")
    if (files.address is None) != (files.address_signature is None):
        raise FilesMalformed("an address needs its signature")


def _parsed(raw: bytes) -> UnverifiedIdentity:
    try:
        return parse_identity(raw)
    except CardDataMalformed as error:
        raise FilesMalformed(str(error)) from None


def _require_document(
    identity: UnverifiedIdentity, now: dt.datetime, *, strict_number: bool
) -> None:
    kind = identity.document_type.holder
    if kind is Holder.TECHNICAL:
        raise DocumentRefused("a technical document")
    begin = dt.datetime.combine(identity.valid_from, dt.time(), dt.UTC)
    end = dt.datetime.combine(identity.valid_until, dt.time(), dt.UTC)
    if begin > end:
        raise DocumentRefused("it ends before it begins")
    if now < begin - _AHEAD:
        raise DocumentNotYetValid
    if now >= end + _DAY:
        raise DocumentExpired
    if strict_number:
        _require_card_number(identity)


def _require_card_number(identity: UnverifiedIdentity) -> None:
    belgian = identity.document_type.holder is Holder.CITIZEN
    if not belgian and _FOREIGN_NUMBER.fullmatch(identity.card_number) is not None:
        return
    try:
        card_number(identity.card_number)
    except CardDataMalformed:
        raise DocumentRefused("card number") from None


def _require_same_person(identity: UnverifiedIdentity, holder: CertifiedHolder) -> None:
    if identity.national_number != holder.national_number:
        raise FilesOfAnother("the national number is another")
    document = identity.document_type
    kinds = _KINDS.get(document.holder)
    if kinds is None:
        kinds = frozenset({"citizen" if document.code == _BELGIAN_CHILD else "foreigner"})
    if holder.kind not in kinds:
        raise FilesOfAnother("the document is of another kind than the certificate")
    if (holder.generation == "1.8") != bool(identity.card_key_digest):
        raise FilesOfAnother("the certificate is of another generation of cards than the files")


def _chip_proven(
    files: UnverifiedFiles, identity: UnverifiedIdentity, chip: ChipProof | None
) -> bool:
    if not identity.card_key_digest:
        return False
    if chip is None or files.card_key is None:
        raise CardCopied("the chip did not answer a challenge")
    proofs.require_genuine_chip(
        files.card_key,
        digest=identity.card_key_digest,
        challenge=chip.challenge,
        answer=chip.answer,
    )
    return True


def _address(files: UnverifiedFiles, signer: RegisterSigner) -> VerifiedAddress | None:
    if files.address is None or files.address_signature is None:
        return None
    # The address is signed without its padding, the identity's signature with it.
    covered = files.address.rstrip(b"\x00") + files.identity_signature
    proofs.require_signed(signer, covered, files.address_signature)
    try:
        address: UnverifiedAddress = parse_address(files.address)
    except CardDataMalformed as error:
        raise FilesMalformed(str(error)) from None
    return VerifiedAddress(street=address.street, zip_code=address.zip_code, town=address.town)


def _photo(files: UnverifiedFiles, identity: UnverifiedIdentity) -> VerifiedPhoto | None:
    if files.photo is None:
        return None
    proofs.require_photo(files.photo, identity.photo_digest)
    if not files.photo.startswith(_JPEG):
        raise FilesMalformed("the photo is no JPEG")
    return VerifiedPhoto(jpeg=files.photo)


def _identity(
    identity: UnverifiedIdentity,
    *,
    proven: bool,
    strength: Strength,
    signer: RegisterSigner,
    now: dt.datetime,
) -> VerifiedIdentity:
    return VerifiedIdentity(
        card_number=identity.card_number,
        valid_from=identity.valid_from,
        valid_until=identity.valid_until,
        municipality=identity.municipality,
        national_number=identity.national_number,
        surname=identity.surname,
        given_names=identity.given_names,
        third_initial=identity.third_initial,
        nationality=identity.nationality,
        birth_place=identity.birth_place,
        birth_date=identity.birth_date,
        sex=identity.sex,
        nobility=identity.nobility,
        document_type=identity.document_type,
        special_status=identity.special_status,
        foreigner=identity.foreigner,
        chip_proven=proven,
        signature=strength,
        root=signer.root.label,
        verified_at=now,
    )
