"""Signed-in browsers: a new cookie at every proof, the former session succeeded or ended.

Only the hash of a cookie is kept. A session of the same person that is still alive is succeeded, so
that what other e-services hold from this sign-on lives on; any other former session ends, with all
that hangs off it, in the unit of work that opens the new one.
"""

from __future__ import annotations

import base64
import logging
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from idp import log
from idp.domain import audit_event
from idp.domain.crossing import session_life
from idp.domain.session import Session, SessionKey, is_alive
from idp.login.transactions import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from idp.domain.client import ClientId
    from idp.domain.ended import Ended
    from idp.domain.event import AuthenticationEvent
    from idp.store.ports import Unit

_COOKIE_BYTES: Final = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedIn:
    """A session just opened, and the value of the cookie that opens it."""

    session: Session
    cookie: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionRules:
    """How long a session lives: unused, in all, and in all where it began on another device."""

    idle: timedelta
    absolute: timedelta
    crossing: timedelta

    def alive(self, session: Session, now: datetime) -> bool:
        """Tell whether the session still opens anything."""
        lives = session_life(session.event.evidence, usual=self.absolute, crossing=self.crossing)
        return is_alive(session, idle=self.idle, absolute=lives, now=now)


def key_of(cookie: str) -> SessionKey:
    """Give the key that a cookie's session is kept under."""
    return SessionKey(fingerprint(cookie))


def find(unit: Unit, cookie: str | None) -> Session | None:
    """Give the session of a cookie, whatever its state."""
    return unit.sessions.get(key_of(cookie)) if cookie else None


def note_old_cookie(session: Session | None, *, client: ClientId) -> None:
    """Tell the log that a cookie came back after its session was succeeded, or ended.

    A browser lost an answer, or somebody holds a copy of a cookie: when its owner proves anew, or
    leaves, the copy is worth nothing, and shows itself here when it is tried.
    """
    if session is None or (session.ended_at is None and session.succeeded_at is None):
        return
    what = "succeeded" if session.ended_at is None else "ended"
    log.write("session.old_cookie", level=logging.WARNING, client=client, detail=what)


def sign_in(
    unit: Unit,
    event: AuthenticationEvent,
    *,
    former: Session | None,
    rules: SessionRules,
    entropy: Callable[[int], bytes],
) -> SignedIn:
    """Open a session for a proof, in the place of the browser's former one; audited."""
    cookie = base64.urlsafe_b64encode(entropy(_COOKIE_BYTES)).rstrip(b"=").decode()
    same = former is not None and former.event.person == event.person
    # A former session that has a successor already (two tabs, two proofs) is of the same sign-on.
    goes_on = (
        former is not None and same and rules.alive(replace(former, succeeded_at=None), event.at)
    )
    session = Session(
        key=key_of(cookie),
        event=event,
        opened_at=event.at,
        used_at=event.at,
        sids=former.sids if former is not None and goes_on else {},
    )
    if former is not None and goes_on and unit.sessions.succeed(former.key, session, at=event.at):
        _record_end(unit, former, at=event.at, why="renewed")
        return SignedIn(session=session, cookie=cookie)
    # An old cookie stays where an answer was lost: somebody else's sign-on ends by it all the same.
    if former is not None and not (same and former.succeeded_at is not None):
        end(unit, former, at=event.at, why="lapsed" if same else "other_person")
    unit.sessions.open(session)
    return SignedIn(session=session, cookie=cookie)


def end(
    unit: Unit, session: Session, *, at: datetime, why: str, offline: bool = False
) -> Ended | None:
    """End a session with its whole sign-on; audited once, ``None`` if it had ended before.

    ``offline``: with the grants that would outlive it, too.
    """
    ended = unit.sessions.end(session.key, at=at, offline=offline)
    if ended is not None:
        _record_end(unit, session, at=at, why=why)
    return ended


def _record_end(unit: Unit, session: Session, *, at: datetime, why: str) -> None:
    unit.record(
        audit_event.session_ended(session=session.key, person=session.event.person, at=at, why=why)
    )
