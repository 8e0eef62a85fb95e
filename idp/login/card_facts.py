"""What verified files say, as facts in the words of claims: of it, only what was asked for.

A fact that the files do not prove is absent: a word for a nationality that we have no code for, an
age that a birth date without its day leaves open.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Final

from idp.domain.age import reached
from idp.domain.documents import word_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cardreader.beid.birth import BirthDate
    from cardreader.server import VerifiedFiles
    from cardreader.server.files import VerifiedAddress, VerifiedIdentity
    from idp.domain.reading import Reading

LARGEST_PICTURE: Final = 16 * 1024
"""Bytes of a photo; a larger one is left out. Those on cards have about three thousand."""
_AGE: Final = re.compile(r"age_over_([0-9]{1,3})", re.ASCII)
_BELGIAN: Final = frozenset({"belg", "belge", "belgier", "belgierin", "belgisch", "belgian"})
_GENDERS: Final[Mapping[str, str]] = {"M": "male", "F": "female"}


def facts_of(verified: VerifiedFiles, reading: Reading) -> dict[str, object]:
    """Give the facts that this reading names, as JSON values; nothing else leaves the files."""
    found: dict[str, object | None] = dict(_of_identity(verified.identity))
    found |= _ages(verified.identity, reading)
    if verified.address is not None:
        found["address"] = _address(verified.address)
    if verified.photo is not None and len(verified.photo.jpeg) <= LARGEST_PICTURE:
        picture = base64.b64encode(verified.photo.jpeg).decode("ascii")
        found["picture"] = f"data:image/jpeg;base64,{picture}"
    return {name: found[name] for name in sorted(reading.facts) if found.get(name) is not None}


def _of_identity(identity: VerifiedIdentity) -> dict[str, object | None]:
    place, nationality = identity.birth_place.strip(), identity.nationality.strip()
    return {
        "birthdate": _birthdate(identity.birth_date),
        "gender": _GENDERS[identity.sex],
        "place_of_birth": {"locality": place} if place else None,
        "nationality": nationality or None,
        "nationalities": ["BEL"] if nationality.lower() in _BELGIAN else None,
        "document_type": word_of(identity.document_type),
        "document_number": identity.card_number,
    }


def _ages(identity: VerifiedIdentity, reading: Reading) -> dict[str, object | None]:
    """Judge the ages asked for on the day of this login in Brussels."""
    found: dict[str, object | None] = {}
    for name in reading.facts:
        match = _AGE.fullmatch(name)
        if match is not None:
            years = int(match[1])
            found[name] = reached(identity.birth_date, years, at=identity.verified_at)
    return found


def _birthdate(born: BirthDate) -> str:
    """Write a date, or the year alone where the day is not known (OpenID Connect Core 5.1)."""
    if born.month is None or born.day is None:
        return f"{born.year:04d}"
    return f"{born.year:04d}-{born.month:02d}-{born.day:02d}"


def _address(address: VerifiedAddress) -> dict[str, object] | None:
    """Give the members that the file has (OpenID Connect Core 5.1.1); it names no country."""
    street, code, town = (text.strip() for text in (address.street, address.zip_code, address.town))
    lines = [line for line in (street, f"{code} {town}".strip()) if line]
    members = {
        "formatted": "\n".join(lines),
        "street_address": street,
        "postal_code": code,
        "locality": town,
    }
    return {name: text for name, text in members.items() if text} or None
