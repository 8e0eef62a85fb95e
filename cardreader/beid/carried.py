"""A card's signed files on their way from the citizen's agent to the provider: one form, versioned.

Whoever asks names sets of files, never single ones: an identity file proves nothing without its
signature and the register's certificate. All of it stays as stored on the card, padding included,
and none of it is believed here.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from cardreader.beid.register import ChipProof, UnverifiedFiles
from cardreader.errors import FilesMalformed

if TYPE_CHECKING:
    from collections.abc import Iterable

FORMAT: Final = "sesame-files:1"
_CHIP: Final = b"sesame chip proof 1"
_LONGEST: Final[Mapping[str, int]] = {
    "identity": 2048,
    "identitySignature": 1024,
    "registerCertificate": 4096,
    "address": 1024,
    "addressSignature": 1024,
    "photo": 24576,
    "cardKey": 512,
    "chipAnswer": 256,
}
"""The longest that each file may be, in bytes: several times what any card is known to hold."""
_ALWAYS: Final = frozenset({"identity", "identitySignature", "registerCertificate"})


class FileSet(StrEnum):
    """What can be asked for. Every other set needs the identity, which comes with it."""

    IDENTITY = "identity"
    ADDRESS = "address"
    PHOTO = "photo"


@dataclass(frozen=True, kw_only=True, slots=True)
class CarriedFiles:
    """Files as they came, and the chip's answer to ``chip_challenge``; any of it may be forged."""

    files: UnverifiedFiles
    chip_answer: bytes | None = field(default=None, repr=False)

    def only(self, sets: Iterable[FileSet]) -> CarriedFiles:
        """Give the same without the files of sets that nobody asked for."""
        wanted, files = frozenset(sets), self.files
        address, photo = FileSet.ADDRESS in wanted, FileSet.PHOTO in wanted
        return CarriedFiles(
            files=UnverifiedFiles(
                identity=files.identity,
                identity_signature=files.identity_signature,
                register_certificate=files.register_certificate,
                address=files.address if address else None,
                address_signature=files.address_signature if address else None,
                photo=files.photo if photo else None,
                card_key=files.card_key,
            ),
            chip_answer=self.chip_answer,
        )


def chip_challenge(*, origin: str, nonce: str) -> bytes:
    """Give the 48 bytes that the chip signs with its own key: from this asking and no other.

    Both sides make it from what the token is signed over, so there is nothing more to issue, to
    keep or to spend; and since it is a digest, no website chooses what the chip signs.

    Args:
        origin: as the card signs it (``cardreader.token.signed_origin``).
        nonce: the challenge's text, not decoded.
    """
    both = (hashlib.sha384(text.encode()).digest() for text in (origin, nonce))
    return hashlib.sha384(b"".join((_CHIP, *both))).digest()


def pack(files: UnverifiedFiles, chip: ChipProof | None) -> dict[str, str]:
    """Write files as members of a JSON object: base64url without padding (RFC 4648 section 5)."""
    found = {
        "identity": files.identity,
        "identitySignature": files.identity_signature,
        "registerCertificate": files.register_certificate,
        "address": files.address,
        "addressSignature": files.address_signature,
        "photo": files.photo,
        "cardKey": files.card_key,
        "chipAnswer": None if chip is None else chip.answer,
    }
    packed = {name: _text(content) for name, content in found.items() if content is not None}
    return {"format": FORMAT, **packed}


def unpack(members: object) -> CarriedFiles:
    """Read what ``pack`` wrote; unknown members are refused, each known one is bounded.

    Raises:
        FilesMalformed: it is no such object. The error holds nothing of it.
    """
    if not isinstance(members, Mapping) or members.get("format") != FORMAT:
        raise FilesMalformed("format")
    names = set(members) - {"format"}
    if not _ALWAYS <= names <= set(_LONGEST):
        raise FilesMalformed("members")
    found = {name: _content(name, members[name]) for name in names}
    return CarriedFiles(
        files=UnverifiedFiles(
            identity=found["identity"],
            identity_signature=found["identitySignature"],
            register_certificate=found["registerCertificate"],
            address=found.get("address"),
            address_signature=found.get("addressSignature"),
            photo=found.get("photo"),
            card_key=found.get("cardKey"),
        ),
        chip_answer=found.get("chipAnswer"),
    )


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")


def _content(name: str, text: object) -> bytes:
    longest = _LONGEST[name]
    if not isinstance(text, str) or not 0 < len(text) <= (longest * 4 + 2) // 3:
        raise FilesMalformed(f"size of {name}")
    try:
        content = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise FilesMalformed(f"encoding of {name}") from None
    if not content or _text(content) != text:
        raise FilesMalformed(f"encoding of {name}")
    return content
