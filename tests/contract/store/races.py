"""What is raced: each function tries one single-use thing once and tells whether it won."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from idp.domain.grant import FamilyId, TokenHash
from idp.domain.person import PersonId, Sector, SubjectId
from idp.domain.session import SessionKey
from idp.store.ports import AlreadySpent, Duplicate, VersionConflict
from tests.contract.store.stand_ins import (
    AN,
    MINUTE,
    SHOP,
    START,
    a_client,
    a_code,
    a_family,
    a_grant,
    a_person,
    a_session,
)

if TYPE_CHECKING:
    from idp.store.ports import Ledger
    from idp.store.short_lived import Ephemeral

# --- the Ledger --------------------------------------------------------------------------------


def prepare_ledger(ledger: Ledger, rounds: int) -> None:
    """Put in what the races of the Ledger are about."""
    with ledger.begin() as unit:
        unit.clients.add(a_client())
        unit.people.add(a_person())
        for number in range(rounds):
            session = f"session-{number}"
            grant = a_grant(f"grant-{number}", session=session)
            unit.sessions.open(a_session(session))
            unit.grants.add_code(a_code(f"code-{number}", grant))
            unit.grants.add(a_grant(f"offline-{number}", session=session, offline=True))
            unit.grants.add_family(a_family(f"family-{number}", f"offline-{number}"))


def spending_a_code(ledger: Ledger, number: int, racer: int) -> bool:
    del racer
    with ledger.begin() as unit:
        presented = unit.grants.spend_code(TokenHash(f"code-{number}"), client=SHOP, at=START)
        assert presented is not None
        return presented.outcome == "first"


def spending_a_mark(ledger: Ledger, number: int, racer: int) -> bool:
    del racer
    try:
        with ledger.begin() as unit:
            unit.spend("transaction", str(number), until=START)
    except AlreadySpent:
        return False
    return True


def advancing_a_family(ledger: Ledger, number: int, racer: int) -> bool:
    del racer
    with ledger.begin() as unit:
        return unit.grants.advance_family(
            FamilyId(f"family-{number}"), from_generation=1, at=START, idle_expires_at=START
        )


def taking_a_lease(ledger: Ledger, number: int, racer: int) -> bool:
    with ledger.begin() as unit:
        fence = unit.leases.take(f"job-{number}", holder=str(racer), at=START, lasts=MINUTE)
    return fence is not None


def ending_a_session(ledger: Ledger, number: int, racer: int) -> bool:
    del racer
    with ledger.begin() as unit:
        return unit.sessions.end(SessionKey(f"session-{number}"), at=START) is not None


def adding_a_person(ledger: Ledger, number: int, racer: int) -> bool:
    try:
        with ledger.begin() as unit:
            unit.people.add(a_person(f"person-{number}-{racer}", f"number-{number}"))
    except Duplicate:
        return False
    return True


def naming_a_subject(ledger: Ledger, number: int, racer: int) -> bool:
    """The winner is the one whose candidate everybody was given."""
    candidate = SubjectId(f"subject-{number}-{racer}")
    with ledger.begin() as unit:
        given = unit.people.subject(PersonId(AN), Sector(f"sector-{number}"), candidate=candidate)
    return given == candidate


LEDGER_RACES = (
    spending_a_code,
    spending_a_mark,
    advancing_a_family,
    taking_a_lease,
    ending_a_session,
    adding_a_person,
    naming_a_subject,
)

# --- the Ephemeral store -----------------------------------------------------------------------

HOUR = timedelta(hours=1)


def prepare_ephemeral(ephemeral: Ephemeral, rounds: int) -> None:
    """Put in what the races of the Ephemeral store are about."""
    for number in range(rounds):
        ephemeral.put(f"take-{number}", b"1", lasts=HOUR)
        ephemeral.put(f"swap-{number}", b"1", lasts=HOUR)


def taking(ephemeral: Ephemeral, number: int, racer: int) -> bool:
    del racer
    return ephemeral.take(f"take-{number}") is not None


def swapping(ephemeral: Ephemeral, number: int, racer: int) -> bool:
    try:
        ephemeral.swap(f"swap-{number}", str(racer).encode(), version=1, lasts=HOUR)
    except VersionConflict:
        return False
    return True


def bumping(ephemeral: Ephemeral, number: int, racer: int) -> bool:
    """The winner is the one who counted to the number of racers."""
    del racer
    return ephemeral.bump(f"bump-{number}", lasts=HOUR) == 4


EPHEMERAL_RACES = (taking, swapping, bumping)

# --- the negative control: the same races run by those who check first and act afterwards --------


def carelessly_spending_a_code(ledger: Ledger, number: int, racer: int) -> bool:
    del racer
    code = TokenHash(f"code-{number}")
    with ledger.read() as unit:
        found = unit.grants.find_code(code)
    if found is None or found.spent_at is not None:
        return False
    with ledger.begin() as unit:
        unit.grants.spend_code(code, client=SHOP, at=START)
    return True


def carelessly_taking(ephemeral: Ephemeral, number: int, racer: int) -> bool:
    del racer
    if ephemeral.get(f"take-{number}") is None:
        return False
    ephemeral.take(f"take-{number}")
    return True


def carelessly_swapping(ephemeral: Ephemeral, number: int, racer: int) -> bool:
    held = ephemeral.get(f"swap-{number}")
    if held is None or held.value != b"1":
        return False
    ephemeral.put(f"swap-{number}", str(racer).encode() * 2, lasts=HOUR)
    return True
