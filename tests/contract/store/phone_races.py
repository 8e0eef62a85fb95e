"""What is raced about phones: each function tries one single-use thing once, and tells who won."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mobile_flow.model import (
    ApprovalId,
    ApprovalState,
    DeviceId,
    EnrolmentId,
    EnrolmentState,
    PersonRef,
)
from tests.contract.store.phones import (
    a_device,
    an_approval,
    an_enrolment,
    an_otp,
    bytes_of,
    moved,
)
from tests.contract.store.stand_ins import MINUTE, START

if TYPE_CHECKING:
    from idp.store.ports import Ledger


def prepare(ledger: Ledger, rounds: int) -> None:
    """Put in what the races are about."""
    with ledger.begin() as unit:
        for number in range(rounds):
            owner = PersonRef(f"person-{number}")
            unit.phones.add_approval(an_approval(f"NUMBER{number}"))
            unit.phones.add_approval(an_approval(f"DECIDE{number}", state=ApprovalState.MATCHED))
            unit.phones.add_approval(an_approval(f"USE{number}", state=ApprovalState.APPROVED))
            unit.phones.add_enrolment(
                an_enrolment(f"enrolment-{number}", person=owner, state=EnrolmentState.CONFIRMED)
            )
            unit.phones.put_otp(an_otp(owner))


def claiming(ledger: Ledger, number: int, racer: int) -> bool:
    with ledger.begin() as unit:
        return unit.phones.add_approval(
            an_approval(f"CLAIM{number}", device=DeviceId(f"phone-{racer}"))
        )


def typing_the_number(ledger: Ledger, number: int, racer: int) -> bool:
    """Half of them type the right one."""
    state = ApprovalState.MATCHED if racer % 2 else ApprovalState.WRONG_NUMBER
    return _moved(ledger, f"NUMBER{number}", state)


def deciding(ledger: Ledger, number: int, racer: int) -> bool:
    """One approves, one refuses, one reports, one cancels in the browser."""
    states = (
        ApprovalState.APPROVED,
        ApprovalState.REFUSED,
        ApprovalState.REPORTED,
        ApprovalState.CANCELLED,
    )
    return _moved(ledger, f"DECIDE{number}", states[racer])


def consuming(ledger: Ledger, number: int, racer: int) -> bool:
    del racer
    return _moved(ledger, f"USE{number}", ApprovalState.CONSUMED)


def _moved(ledger: Ledger, key: str, state: ApprovalState) -> bool:
    with ledger.begin() as unit:
        found = unit.phones.approval(ApprovalId(key))
        assert found is not None
        # Whoever read too late still tries: the store is what decides.
        before = replace(found, version=1)
        return unit.phones.move_approval(moved(before, state), version=1)


def accepting_a_step(ledger: Ledger, number: int, racer: int) -> bool:
    del racer
    with ledger.begin() as unit:
        return unit.phones.accept_step(PersonRef(f"person-{number}"), step=7, at=START)


def spending_the_last_try(ledger: Ledger, number: int, racer: int) -> bool:
    del racer
    with ledger.begin() as unit:
        return unit.phones.spend_try("test", f"name-{number}", most=1, at=START, lasts=MINUTE)


def finishing_an_enrolment(ledger: Ledger, number: int, racer: int) -> bool:
    """Each with a phone of its own: the enrolment lets one in."""
    owner = PersonRef(f"person-{number}")
    done = an_enrolment(f"enrolment-{number}", person=owner, state=EnrolmentState.DONE, version=2)
    with ledger.begin() as unit:
        if not unit.phones.move_enrolment(done, version=1):
            return False
        return unit.phones.add_device(a_device(f"phone-{number}-{racer}", person=owner))


def registering_a_credential(ledger: Ledger, number: int, racer: int) -> bool:
    """Each for an enrolment of its own, with the same passkey."""
    same = replace(a_device().credential, id=bytes_of(f"shared-{number}"))
    with ledger.begin() as unit:
        return unit.phones.add_device(a_device(f"same-{number}-{racer}", credential=same))


def naming_a_handle(ledger: Ledger, number: int, racer: int) -> bool:
    """The winner is the one whose candidate everybody was given."""
    candidate = bytes_of(f"{number}-{racer}")
    owner = PersonRef(f"new-{number}")
    with ledger.begin() as unit:
        return unit.phones.user_handle(owner, candidate=candidate) == candidate


RACES = (
    claiming,
    typing_the_number,
    deciding,
    consuming,
    accepting_a_step,
    spending_the_last_try,
    finishing_an_enrolment,
    registering_a_credential,
    naming_a_handle,
)


def carelessly_deciding(ledger: Ledger, number: int, racer: int) -> bool:
    """Look first, act afterwards: the negative control."""
    with ledger.read() as unit:
        found = unit.phones.approval(ApprovalId(f"DECIDE{number}"))
    if found is None or found.state is not ApprovalState.MATCHED:
        return False
    del racer
    with ledger.begin() as unit:
        unit.phones.move_approval(moved(found, ApprovalState.APPROVED), version=found.version)
    return True


def left_of_finished(ledger: Ledger, rounds: int) -> list[tuple[int, EnrolmentState]]:
    """Give, for each round, how many phones the person has and how the enrolment stands."""
    left = []
    with ledger.read() as unit:
        for number in range(rounds):
            enrolment = unit.phones.enrolment(EnrolmentId(f"enrolment-{number}"))
            assert enrolment is not None
            phones = unit.phones.devices(PersonRef(f"person-{number}"))
            left.append((len(phones), enrolment.state))
    return left
