"""The browser's side of an approval: open one, show its frames, tell how it stands, give it up."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from mobile_flow import moves, qr
from mobile_flow.desk import ORIGIN, note
from mobile_flow.errors import AlreadyClaimed, ApprovalUnknown, OriginReported, TooManyStarts
from mobile_flow.limits import MINUTE, origin, site, wait_after
from mobile_flow.model import ApprovalId, ApprovalState, FlowKind, Start

if TYPE_CHECKING:
    from datetime import datetime

    from mobile_flow.desk import Desk
    from mobile_flow.model import Approval, Shown
    from mobile_flow.ports import PhoneUnit

_KEY_BYTES: Final = 32
_TICK: Final = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Frames:
    """What a page shows now and in the next seconds.

    Attributes:
        state: ``None`` while the code waits for a phone, else where the approval stands; a start
            that ended unclaimed is EXPIRED.
        frames: those to show, with their times on our clock; none once it is claimed.
        poll: how long until the page asks again, where nothing wakes it.
    """

    state: ApprovalState | None
    frames: tuple[qr.Frame, ...] = ()
    poll: timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalStanding:
    """How a login's approval stands, for the page of the browser that waits for it.

    Attributes:
        state: ``None`` where no phone has claimed anything (yet).
        number: what the page shows for the person to type on the phone; only while it is wanted.
        start: what waits for a phone, with its code and picture; ``None`` if nothing does.
        approval: the claimed one.
        contested: another phone tried to answer.
    """

    state: ApprovalState | None
    number: str | None = field(default=None, repr=False)
    start: Start | None = None
    approval: ApprovalId | None = None
    contested: bool = False


class Openings:
    """What a browser asks; every verb is for the browser that the caller knows by its cookie."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def open(  # noqa: PLR0913 - everything that a browser brings, by name
        self,
        *,
        transaction: str,
        browser: str,
        shown: Shown,
        kind: FlowKind,
        address: str,
        again: bool = False,
        handheld: bool = False,
        suspect: bool = False,
    ) -> Start:
        """Make a start, in the place of whatever this browser had open or claimed (rule R1).

        Args:
            transaction: the login that waits.
            browser: SHA-256 (hexadecimal) of the cookie that owns it.
            shown: what the phone will show, from the registration.
            kind: QR or STATIC.
            address: where the request comes from; counted, and kept as a hash and a country.
            again: the page renews a code that ended; this never disturbs a phone that claimed it.
            handheld: the browser says to be a phone's.
            suspect: it comes from where the operator expects no people.

        Raises:
            TooManyStarts: by this browser or address (rule R3).
            OriginReported: by a browser whose login was reported.
            AlreadyClaimed: ``again``, and a phone is answering.
        """
        desk, where = self._desk, site(address)
        reported = self._reported(browser, where)
        self._count(browser, None if again else where, reported=reported)
        former = self._make_room(transaction, again=again)
        if not again:
            self._end_others(browser, transaction)
        before = desk.starts.of_browser(browser)
        if before is not None:
            desk.starts.drop(before.id)
        static, now = kind is FlowKind.STATIC, desk.now()
        if former is not None and now <= former:
            now = former + _TICK  # the newest of a login is the latest, whatever the clock does
        lasts = desk.limits.static if static else desk.limits.start
        start = Start(
            id=qr.new_start_id(desk.entropy),
            key=desk.entropy(_KEY_BYTES),
            kind=kind,
            transaction=transaction,
            browser=browser,
            shown=shown,
            started_at=now,
            expires_at=now + lasts,
            code=qr.new_code(desk.entropy) if static else None,
            origin=origin(where),
            handheld=handheld,
            suspect=suspect or reported,
            country=desk.country(address),
        )
        if not desk.starts.occupy(where, start, most=desk.limits.open_per_address):
            raise TooManyStarts("open at one address")
        desk.starts.put(start, lasts=lasts)
        return start

    def frames(self, start_id: ApprovalId, *, browser: str) -> Frames:
        """Give the frames to show next: to the browser that opened it, until a phone claims it.

        Raises:
            ApprovalUnknown: it is not this browser's.
        """
        desk = self._desk
        with desk.ledger.read() as unit:
            claimed = unit.phones.approval(start_id)
        if claimed is not None:
            _demand_browser(claimed.browser, browser)
            state = moves.settled(claimed, desk.now()).state
            return Frames(state=state, poll=desk.limits.poll)
        start, now = desk.starts.get(start_id), desk.now()
        if start is not None:
            _demand_browser(start.browser, browser)
        if start is None or now >= start.expires_at:
            return Frames(state=ApprovalState.EXPIRED, poll=desk.limits.poll)
        return Frames(state=None, frames=self._texts(start), poll=desk.limits.poll)

    def standing(self, transaction: str, *, browser: str) -> ApprovalStanding:
        """Tell how the approval of a login stands.

        Raises:
            ApprovalUnknown: it is not this browser's.
        """
        desk = self._desk
        now, found = desk.now(), self._claimed(transaction)
        if found is not None:
            _demand_browser(found.browser, browser)
        start = None if _undecided(found) else desk.starts.of_browser(browser)
        # A start may come back to memory after its claim: then it waits for nobody.
        claimed = None if found is None else found.id
        if start is not None and start.id != claimed and _waits(start, transaction, now):
            return ApprovalStanding(state=None, start=start)
        if found is None:
            return ApprovalStanding(state=None)
        return ApprovalStanding(
            state=found.state,
            number=found.number if found.state is ApprovalState.CLAIMED else None,
            approval=found.id,
            contested=found.contested,
        )

    def cancel(self, transaction: str, *, browser: str) -> None:
        """Give up: nothing that a phone says from now on is heard.

        Raises:
            ApprovalUnknown: it is not this browser's.
        """
        start = self._desk.starts.of_browser(browser)
        if start is not None and start.transaction == transaction:
            self._desk.starts.drop(start.id)
        found = self._claimed(transaction)
        if found is not None:
            _demand_browser(found.browser, browser)
            self._desk.change(found.id, self._cancelled)

    def _make_room(self, transaction: str, *, again: bool) -> datetime | None:
        """Cancel what goes on for this login; give when its latest approval was opened."""
        found = self._claimed(transaction)
        if found is None:
            return None
        if _undecided(found):
            if again:
                raise AlreadyClaimed("a phone has claimed it")
            self._desk.change(found.id, self._cancelled)
        return found.opened_at

    def _end_others(self, browser: str, transaction: str) -> None:
        """Give up what a phone is answering for another login of this browser."""
        former = self._desk.starts.last_of(browser)
        if former is None:
            return
        with self._desk.ledger.read() as unit:
            found = unit.phones.approval(former)
        if found is not None and found.browser == browser and found.transaction != transaction:
            self._desk.change(found.id, self._cancelled)

    def _cancelled(self, unit: PhoneUnit, approval: Approval) -> Approval:
        if not _undecided(approval):
            return approval
        moved = moves.cancel(approval, now=self._desk.now())
        note(unit, "approval_decided", moved, decision=moved.state.value)
        return moved

    def _claimed(self, transaction: str) -> Approval | None:
        with self._desk.ledger.read() as unit:
            found = unit.phones.approval_of(transaction)
        return None if found is None else moves.settled(found, self._desk.now())

    def _texts(self, start: Start) -> tuple[qr.Frame, ...]:
        desk = self._desk
        if start.kind is FlowKind.STATIC:
            text = qr.static(start, host=desk.host)
            return (qr.Frame(text=text, valid_from=start.started_at, valid_until=start.expires_at),)
        return tuple(
            qr.frames(start, now=desk.now(), host=desk.host, count=desk.limits.frames_ahead)
        )

    def _reported(self, browser: str, where: str) -> bool:
        """Tell whether a login from this address was reported. Raises: OriginReported."""
        now = self._desk.now()
        with self._desk.ledger.read() as unit:
            until = unit.phones.frozen_until(origin(browser), kind=ORIGIN)
            slow = unit.phones.frozen_until(origin(where), kind=ORIGIN)
        if until is not None and now < until:
            raise OriginReported(until)
        return slow is not None and now < slow

    def _count(self, browser: str, where: str | None, *, reported: bool) -> None:
        limits = self._desk.limits
        self._count_one(f"browser:{browser}", limits.starts_per_browser)
        if where is not None and reported:
            self._count_one(f"reported:{where}", limits.starts_per_reported_address)
        elif where is not None:
            self._count_one(f"site:{where}", limits.starts_per_address)

    def _count_one(self, who: str, most: int) -> None:
        """Count a start of ``who``; one too many makes them wait, each time twice as long."""
        desk = self._desk
        now, until = desk.now(), desk.starts.shut_until(who)
        if until is not None and now < until:
            raise TooManyStarts(f"still waiting: {_kind(who)}", wait=until - now)
        if desk.starts.bump(f"starts:{who}", lasts=MINUTE) <= most:
            return
        strike = desk.starts.bump(f"strikes:{who}", lasts=desk.limits.strikes_last)
        jitter = desk.entropy(1)[0] / 0xFF
        wait = wait_after(strike, desk.limits, jitter=jitter)
        desk.starts.shut(who, until=now + wait)
        raise TooManyStarts(f"too many in a minute: {_kind(who)}", wait=wait)


def _undecided(approval: Approval | None) -> bool:
    return approval is not None and approval.state in moves.UNDECIDED


def _waits(start: Start, transaction: str, now: datetime) -> bool:
    return start.transaction == transaction and now < start.expires_at


def _demand_browser(owner: str, browser: str) -> None:
    if not hmac.compare_digest(owner, browser):
        raise ApprovalUnknown("another browser's")


def _kind(who: str) -> str:
    """Give what a limit counts, without whom: for the log."""
    return who.partition(":")[0]
