"""The verbs of approving, raced as a whole: what a row's compare-and-set alone does not decide.

Each racer is a process with ``Approvals`` of its own over the shared Ledger. Unclaimed starts and
authenticators are stood in for: every racer knows the start, every assertion verifies.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from idp.store.phone import LedgerOfThePhone
from mobile_flow import qr
from mobile_flow.approvals import Approvals
from mobile_flow.errors import (
    ApprovalCancelled,
    ApprovalUsed,
    DeviceBusy,
    InUse,
    NumberWrong,
    TooManyApprovals,
)
from mobile_flow.limits import Limits
from mobile_flow.model import (
    ApprovalId,
    ApprovalState,
    Device,
    FlowKind,
    PersonRef,
    Start,
)
from tests.contract.store.phones import a_device, an_approval, bytes_of, shown
from tests.contract.store.stand_ins import MINUTE, START, Clock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from idp.store.ports import Ledger
    from mobile_flow.model import Credential

ISSUER = "https://idp.example"
BROWSER = "cd" * 32
RACERS = 4
_NUMBER = "42"


class _Starts:
    """Every start that anybody names is there, shown by one browser; nothing is counted."""

    def get(self, start_id: ApprovalId) -> Start:
        return Start(
            id=start_id,
            key=bytes_of(start_id),
            kind=FlowKind.QR,
            transaction=f"login-{start_id}",
            browser=BROWSER,
            shown=shown(),
            started_at=START,
            expires_at=START + 3 * MINUTE,
        )

    def by_code(self, code: str) -> None:
        del code

    def of_browser(self, browser: str) -> None:
        del browser

    def put(self, start: Start, *, lasts: timedelta) -> None: ...

    def drop(self, start_id: ApprovalId) -> None: ...

    def bump(self, key: str, *, lasts: timedelta) -> int:
        del key, lasts
        return 1


class _Keys:
    """Every assertion verifies; the counter goes on."""

    def request_options(
        self, devices: Sequence[Device] | None, *, challenge: bytes
    ) -> Mapping[str, object]:
        del devices, challenge
        return {}

    def verify_assertion(self, response: str, *, challenge: bytes, device: Device) -> Credential:
        del response, challenge
        return replace(device.credential, sign_count=device.credential.sign_count + 1)


def approvals(ledger: Ledger) -> Approvals:
    starts: Any = _Starts()
    return Approvals(
        LedgerOfThePhone(ledger, now=Clock()),
        starts,
        _Keys(),
        issuer=ISSUER,
        now=Clock(),
        entropy=secrets.token_bytes,
        wake=lambda _login: None,
        limits=Limits(),
    )


def owner(kind: str, number: int) -> PersonRef:
    return PersonRef(f"{kind}-{number}")


def phone(kind: str, number: int, racer: int) -> Device:
    """A phone of that round's person, one for each racer."""
    name = f"{kind}-{number}-{racer}"
    return a_device(name, person=owner(kind, number))


def prepare(ledger: Ledger, rounds: int) -> None:
    """Put in what the races are about."""
    kinds = ("claim", "busy", "number", "decide", "use", "wrong", "many")
    with ledger.begin() as unit:
        for number in range(rounds):
            for kind in kinds:
                unit.phones.user_handle(owner(kind, number), candidate=bytes_of("handle"))
                for racer in range(RACERS):
                    unit.phones.add_device(phone(kind, number, racer))
            rows: list[tuple[str, str, ApprovalState, int]] = [
                (name(f"N{number}"), "number", ApprovalState.CLAIMED, 0),
                (name(f"D{number}"), "decide", ApprovalState.MATCHED, 0),
                (name(f"U{number}"), "use", ApprovalState.APPROVED, 0),
            ]
            for racer in range(RACERS):
                rows += [
                    (name(f"W{number}-{racer}"), "wrong", ApprovalState.CLAIMED, racer),
                    (name(f"M{number}-{racer}"), "many", ApprovalState.MATCHED, racer),
                    (name(f"A{number}-{racer}"), "many", ApprovalState.CONSUMED, racer),
                ]
            for key, kind, state, racer in rows:
                unit.phones.add_approval(
                    an_approval(
                        key,
                        person=owner(kind, number),
                        device=phone(kind, number, racer).id,
                        transaction=f"login-{key}",
                        browser=BROWSER,
                        state=state,
                        transcript=b"{}",
                        decided_at=START if state is ApprovalState.CONSUMED else None,
                    )
                )


def name(text: str) -> ApprovalId:
    """An identifier that frames can name."""
    digits = bytes_of(text).hex()[6:32]
    return ApprovalId("".join("ABCDEFGHIJKLMNOP"[int(digit, 16)] for digit in digits))


def picture(start: ApprovalId) -> str:
    starts = _Starts()
    return qr.frame(starts.get(start), host="idp.example", t=0)


def claiming_by_several_phones(ledger: Ledger, number: int, racer: int) -> bool:
    """One person's four phones scan one code."""
    try:
        approvals(ledger).claim(phone("claim", number, racer), picture(name(f"C{number}")))
    except InUse:
        return False
    return True


def claiming_several_by_one_phone(ledger: Ledger, number: int, racer: int) -> bool:
    """R2: one phone, in as many hands as there are racers, scans four codes."""
    try:
        approvals(ledger).claim(phone("busy", number, 0), picture(name(f"B{number}-{racer}")))
    except DeviceBusy:
        return False
    return True


def typing_different_numbers(ledger: Ledger, number: int, racer: int) -> bool:
    """One types the right number, three a wrong one: one try is made, and if it was wrong, none."""
    typed = _NUMBER if racer == 0 else "10"
    before = an_approval().number
    assert before == _NUMBER
    try:
        approvals(ledger).number(name(f"N{number}"), phone("number", number, 0), typed)
    except NumberWrong:
        return False
    return True


def approving_with_different_answers(ledger: Ledger, number: int, racer: int) -> bool:
    """Three yeses with an assertion each, and one browser that gives up."""
    desk, key = approvals(ledger), name(f"D{number}")
    if racer == 0:
        desk.cancel(f"login-{key}", browser=BROWSER)
        return False
    try:
        answer = json.dumps({"racer": racer})
        desk.approve(key, phone("decide", number, 0), answer)
    except (ApprovalUsed, ApprovalCancelled):
        return False
    return True


def using_it(ledger: Ledger, number: int, racer: int) -> bool:
    """Four workers complete the login."""
    desk = approvals(ledger)
    try:
        with LedgerOfThePhone(ledger, now=Clock()).begin() as unit:
            desk.prove(unit, name(f"U{number}"), effect=f"session:{racer}")
    except ApprovalUsed:
        return False
    return True


def mistyping_on_several_phones(ledger: Ledger, number: int, racer: int) -> bool:
    """Four wrong numbers of one person at once: from the third on, the phones are frozen."""
    try:
        key = name(f"W{number}-{racer}")
        approvals(ledger).number(key, phone("wrong", number, racer), "10")
    except NumberWrong:
        return True
    return False


def approving_the_fifth(ledger: Ledger, number: int, racer: int) -> bool:
    """R4: four approvals are behind this person, and four more wait on four phones."""
    try:
        key = name(f"M{number}-{racer}")
        approvals(ledger).approve(key, phone("many", number, racer), "{}")
    except TooManyApprovals:
        return False
    return True


ONE_WINNER = (
    claiming_by_several_phones,
    claiming_several_by_one_phone,
    using_it,
    approving_the_fifth,
)
AT_MOST_ONE = (typing_different_numbers, approving_with_different_answers)
COUNTED = (mistyping_on_several_phones,)


def states(ledger: Ledger, letter: str, rounds: int) -> list[ApprovalState]:
    """How each round's approval stands."""
    with ledger.read() as unit:
        found = [unit.phones.approval(name(f"{letter}{number}")) for number in range(rounds)]
    return [one.state for one in found if one is not None]


def frozen(ledger: Ledger, rounds: int) -> list[bool]:
    """Whether each round's person who mistyped is frozen."""
    with ledger.read() as unit:
        return [
            unit.phones.frozen_until(owner("wrong", number), kind="mobile") is not None
            for number in range(rounds)
        ]
