"""A person: an opaque identifier, a state, and attributes that were proven.

A renewed card, a changed name, a BIS number that became a national number are the same person.
The national register number finds a person through a keyed hash and is otherwise only an
attribute, sealed at rest; it is never an identifier that leaves.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

PersonId = NewType("PersonId", str)
SubjectId = NewType("SubjectId", str)
Sector = NewType("Sector", str)


class PersonState(StrEnum):
    """Whether this person may use what was proven."""

    ACTIVE = "active"
    LOCKED = "locked"
    SUSPENDED = "suspended"
    DECEASED = "deceased"
    ERASED = "erased"


@dataclass(frozen=True, kw_only=True, slots=True)
class Attributes:
    """What we know of a person, each absent (``None``) unless it was proven or seeded.

    ``standard`` holds further standard claims of OpenID Connect Core 5.1 for seeded persons
    (``test`` and ``conformance`` environments), as JSON values by claim name.
    """

    given_name: str | None = field(default=None, repr=False)
    family_name: str | None = field(default=None, repr=False)
    national_number: str | None = field(default=None, repr=False)
    national_number_type: str | None = None
    standard: dict[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """One person as the Ledger keeps them; ``attributes`` are sealed at rest by the store."""

    id: PersonId
    state: PersonState
    attributes: Attributes
    created_at: datetime
    updated_at: datetime
