"""What a card says of its holder, for a person to read: unverified, and said to be so."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cardreader import client
from cardreader.beid.register import Holder, UnverifiedAddress, UnverifiedIdentity
from cardreader.beid.session import BeidSession
from cardreader.client import CardSummary
from cardreader.errors import CertificateAbsent, UnknownCard

if TYPE_CHECKING:
    from cardreader.agent.language import Language
    from cardreader.beid.birth import BirthDate
    from cardreader.beid.register import DocumentType
    from cardreader.client import CardSession

_DOCUMENTS: Final = {
    Holder.CITIZEN: "cli_document_citizen",
    Holder.CHILD: "cli_document_child",
    Holder.FOREIGNER: "cli_document_foreigner",
    Holder.TECHNICAL: "cli_document_technical",
    Holder.UNKNOWN: "cli_document_unknown",
}
_CITIZENS_NUMBER: Final = 12
_HIDDEN: Final = "···········"


@dataclass(frozen=True, kw_only=True, slots=True)
class UnverifiedFacts:
    """One card, read without a PIN.

    Attributes:
        summary: what the certificate to log in with says; None where there is none.
        tries_left: None where this card does not tell.
    """

    identity: UnverifiedIdentity
    address: UnverifiedAddress
    summary: CardSummary | None = field(repr=False)
    tries_left: int | None


def read_facts(session: CardSession) -> UnverifiedFacts:
    """Read them.

    Raises:
        CardError: the card left, or cannot be read.
    """
    if not isinstance(session, BeidSession):
        raise UnknownCard
    try:
        summary = client.summary(session)
    except CertificateAbsent:
        summary = None
    return UnverifiedFacts(
        identity=session.identity(),
        address=session.address(),
        summary=summary,
        tries_left=session.tries_left(),
    )


def rows(
    facts: UnverifiedFacts, words: Language, *, today: dt.date, number: bool
) -> list[tuple[str, str]]:
    """The table for a person; an empty label continues the row above.

    Args:
        facts: what was read.
        words: the language.
        today: to say that a card is over.
        number: show the national number, which stays hidden otherwise.
    """
    who, where = facts.identity, facts.address
    said = words.say
    names = (who.given_names, who.third_initial, who.surname)
    table = [
        (said("cli_name"), " ".join(part for part in names if part)),
        (said("cli_born"), ", ".join((_birth(who.birth_date), who.birth_place))),
        (said("cli_sex"), said("cli_woman" if who.sex == "F" else "cli_man")),
        (said("cli_nationality"), who.nationality),
        (said("cli_number"), who.national_number if number else _HIDDEN),
        (said("cli_address"), f"{where.street}, {where.zip_code} {where.town}"),
        (said("cli_document"), _document(who.document_type, words)),
        (said("cli_card_number"), spaced(who.card_number)),
        (said("cli_issued"), who.municipality),
        (said("cli_valid"), _span(who, words)),
    ]
    if who.valid_until < today:
        table.append(("", said("cli_over")))
    if facts.tries_left is not None:
        table.append((said("cli_tries"), words.tries(facts.tries_left)))
    if facts.summary is None:
        table.append(("", said("cli_no_certificate")))
    return table


def as_json(facts: UnverifiedFacts, *, number: bool) -> dict[str, Any]:
    """The same for machines; dates are ISO 8601, an unknown day or month is left out."""
    who, where, summary = facts.identity, facts.address, facts.summary
    shown: dict[str, Any] = {
        "unverified": True,
        "surname": who.surname,
        "given_names": who.given_names,
        "third_initial": who.third_initial,
        "birth_date": _iso(who.birth_date),
        "birth_place": who.birth_place,
        "sex": who.sex,
        "nationality": who.nationality,
        "address": {"street": where.street, "zip_code": where.zip_code, "town": where.town},
        "document_type": who.document_type.code,
        "holder": who.document_type.holder.value,
        "card_number": who.card_number,
        "municipality": who.municipality,
        "valid_from": who.valid_from.isoformat(),
        "valid_until": who.valid_until.isoformat(),
        "tries_left": facts.tries_left,
        "certificate": None,
    }
    if number:
        shown["national_number"] = who.national_number
    if summary is not None:
        shown["certificate"] = {
            "holder": summary.holder,
            "not_before": summary.not_before.isoformat(),
            "not_after": summary.not_after.isoformat(),
            "fingerprint": summary.fingerprint,
        }
    return shown


def spaced(number: str) -> str:
    """A card number as it is printed on the card."""
    if len(number) == _CITIZENS_NUMBER:
        return f"{number[:3]}-{number[3:10]}-{number[10:]}"
    if number.startswith("B"):
        return f"B {number[1:8]} {number[8:]}"
    return number


def _document(document: DocumentType, words: Language) -> str:
    return words.say(_DOCUMENTS[document.holder], code=str(document.code))


def _span(who: UnverifiedIdentity, words: Language) -> str:
    shape = words.words["date_format"]
    begin, end = who.valid_from.strftime(shape), who.valid_until.strftime(shape)
    return words.say("cli_valid_span", begin=begin, end=end)


def _birth(date: BirthDate) -> str:
    parts = [f"{part:02d}" for part in (date.day, date.month) if part is not None]
    return "/".join([*parts, f"{date.year:04d}"])


def _iso(date: BirthDate) -> str:
    if date.month is None:
        return f"{date.year:04d}"
    if date.day is None:
        return f"{date.year:04d}-{date.month:02d}"
    return dt.date(date.year, date.month, date.day).isoformat()
