"""Who stands behind a verified card: the person that has its number, made at the first login.

A renewed card or a changed name is the same person with other attributes.
"""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING

from cardreader.beid.numbers import NationalNumber, register_of
from idp.domain import audit_event
from idp.domain.person import Attributes, Person, PersonId, PersonState
from idp.store.ports import Duplicate

if TYPE_CHECKING:
    from collections.abc import Callable

    from cardreader.server import VerifiedCard
    from idp.store.ports import Unit

_ID_BYTES = 16
_ACTOR = "card"


def person_of_card(unit: Unit, card: VerifiedCard, *, entropy: Callable[[int], bytes]) -> Person:
    """Find the holder, renewing what the card says otherwise, or make the person; audited."""
    found = unit.people.find_by_number(card.national_number)
    if found is None:
        made = _made(card, entropy)
        try:
            unit.people.add(made)
        except Duplicate:
            # The same card at two places at once: the other login was first to make the person.
            found = unit.people.find_by_number(card.national_number)
            if found is None:
                raise
        else:
            _record(unit, made, card, "created")
            return made
    return _renewed(unit, found, card)


def full_name(person: Person) -> str:
    """Give the name as the pages show it; may be empty."""
    attributes = person.attributes
    return " ".join(name for name in (attributes.given_name, attributes.family_name) if name)


def _made(card: VerifiedCard, entropy: Callable[[int], bytes]) -> Person:
    key = base64.urlsafe_b64encode(entropy(_ID_BYTES)).rstrip(b"=").decode()
    return Person(
        id=PersonId(key),
        state=PersonState.ACTIVE,
        attributes=_attributes(Attributes(), card),
        created_at=card.verified_at,
        updated_at=card.verified_at,
    )


def _renewed(unit: Unit, person: Person, card: VerifiedCard) -> Person:
    attributes = _attributes(person.attributes, card)
    if attributes == person.attributes:
        return person
    unit.people.renew(person.id, attributes, at=card.verified_at)
    _record(unit, person, card, "renewed")
    return replace(person, attributes=attributes, updated_at=card.verified_at)


def _attributes(known: Attributes, card: VerifiedCard) -> Attributes:
    return replace(
        known,
        given_name=card.given_names or None,
        family_name=card.surname or None,
        national_number=card.national_number,
        national_number_type=register_of(NationalNumber(card.national_number)),
    )


def _record(unit: Unit, person: Person, card: VerifiedCard, change: str) -> None:
    unit.record(
        audit_event.person_changed(
            person=person.id, at=card.verified_at, actor=_ACTOR, change=change
        )
    )
