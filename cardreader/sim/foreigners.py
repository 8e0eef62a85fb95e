"""The document types of the issuer's list, and the fields that only foreigners' cards carry.

The identity file is the same as a citizen's up to tag 11; the fields here follow it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from cardreader.beid import register

if TYPE_CHECKING:
    from collections.abc import Mapping

CITIZEN: Final = 1
KIDS: Final = 6
TECHNICAL: Final = (7, 8)
# Each code with the word for it; those from 27 on are the layouts since 2020, 61 to 69 children's.
FOREIGN: Final[Mapping[int, str]] = {
    code: title for code, title in register.TITLES.items() if code < register.FIRST_CHILD
}
FOREIGN_KIDS: Final[Mapping[int, str]] = {
    code: title for code, title in register.TITLES.items() if code >= register.FIRST_CHILD
}


@dataclass(frozen=True, kw_only=True, slots=True)
class ForeignerFields:
    """What a foreigner's card says besides; texts as they are written, empty ones stay empty.

    Attributes:
        duplicate: ``00``, ``01`` and so on.
        organisation: 1 SHAPE, 2 NATO, 4 former EU blue card, 5 researcher.
        family_member: a mark that counts by being there.
        protection: ``dd.MM.yyyy-CC``, when and which country gave it.
        work_permit: 7 unlimited, 8 limited, 9 none.
        employers: up to two VAT numbers, ``xxxx.xxx.xxx``.
        regional_file: a number of at most 18 characters.
        brexit_beneficiary, brexit_permanent: the mentions B and C.
        purpose: of a card A: A seasonal, D student, E pupil, F trainee, G volunteer, H au pair,
            I researcher mobility, J job search.
        mobility: the mention K of a card A.
        eu_date: registration or permanent stay, on cards EU and EU+.
    """

    duplicate: str = "00"
    organisation: str = ""
    family_member: bool = False
    protection: str = field(default="", repr=False)
    work_permit: str = ""
    employers: tuple[str, ...] = field(default=(), repr=False)
    regional_file: str = field(default="", repr=False)
    brexit_beneficiary: bool = False
    brexit_permanent: bool = False
    purpose: str = ""
    mobility: bool = False
    eu_date: dt.date | None = None

    def values(self) -> dict[int, bytes]:
        """The fields by tag, as the identity file holds them."""
        first, second, *_ = (*self.employers, "", "")
        texts = {
            register.DUPLICATE: self.duplicate,
            register.SPECIAL_ORGANISATION: self.organisation,
            register.PROTECTION: self.protection,
            register.WORK_PERMIT: self.work_permit,
            register.EMPLOYER_1: first,
            register.EMPLOYER_2: second,
            register.REGIONAL_FILE: self.regional_file,
            register.BREXIT_1: "B" if self.brexit_beneficiary else "",
            register.BREXIT_2: "C" if self.brexit_permanent else "",
            register.CARD_MENTION_1: self.purpose,
            register.CARD_MENTION_2: "K" if self.mobility else "",
            register.EU_DATE: "" if self.eu_date is None else f"{self.eu_date:%d.%m.%Y}",
        }
        if self.family_member:
            texts[register.FAMILY_MEMBER] = ""
        return {tag: text.encode() for tag, text in texts.items()}


def is_foreign(code: int) -> bool:
    """Whether the document type is a foreigner's, child or adult."""
    return code in FOREIGN or code in FOREIGN_KIDS


def usual(code: int, *, since: dt.date) -> ForeignerFields:
    """What a card of this type plausibly says, for a holder here since a day.

    Raises:
        KeyError: no foreigner's document type.
    """
    word = FOREIGN.get(code) or FOREIGN_KIDS[code]
    fields = ForeignerFields(work_permit="9" if code in FOREIGN_KIDS else "7")
    if word in ("EU", "EU+"):
        return replace(fields, work_permit="", eu_date=since)
    if word in ("F", "F+"):
        return replace(fields, family_member=True)
    return {
        "A": replace(fields, purpose="D", work_permit="8"),
        "D": replace(fields, organisation="4"),
        "H": replace(fields, employers=("0123.456.749",)),
        "M": replace(fields, brexit_beneficiary=True, brexit_permanent=True),
        "N": replace(fields, regional_file="2026-000001"),
    }.get(word, fields)
