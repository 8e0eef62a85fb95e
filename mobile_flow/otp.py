"""One-time passwords (RFC 6238), for people without a suitable phone; pyotp calculates them.

A login name and six digits. Whether the name is unknown, the code wrong or used: one answer, after
the same work. A time step is accepted once, by one statement of the store, and never an older one.

**Guessing** is limited by pair of name and address, by name, and by address. A try is spent before
it is made, durably where it counts for somebody: neither a lost memory nor sixteen tries at once
give one more. Only the limit of an address, which is nobody's, is short-lived. What a stranger can
exhaust is this means of one name for an hour, and after many wrong codes for a week: never the card
or the phone. Three codes are right at a time, so the week's limit leaves a guesser one chance in
about seven thousand.
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from mobile_flow import notify
from mobile_flow.errors import OtpKnown, OtpRefused, OtpUnknown, TooMany
from mobile_flow.limits import site
from mobile_flow.login_names import new_login_name, read_login_name, spell_login_name
from mobile_flow.model import OtpSecret, PersonRef
from mobile_flow.ports import Note
from mobile_flow.tries import Counters, spend

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mobile_flow.ports import PhoneLedger, PhoneUnit

STEP: Final = 30
"""Seconds of a time step (RFC 6238 section 5.2)."""
DIGITS: Final = 6
_WINDOW: Final = (0, -1, 1)
"""Steps that are looked at: this one, the one before, and a clock that is ahead."""
_SECRET_BYTES: Final = 20
_NAME_TRIES: Final = 8
FROZEN: Final = "otp"
"""The kind of freeze after too many wrong codes."""
FIRST, PAIR, NAME, WRONG = "otp-first", "otp-pair", "otp-name", "otp-wrong"
"""What is counted durably: first codes, tries of name and address, of a name, its wrong codes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OtpRules:
    """The numbers of one-time passwords; the operator's settings, with defaults.

    Attributes:
        begun_lasts: how long a new secret waits for its first code.
        pair: tries of one name from one address, within ``pair_window``.
        address: tries from one address, whatever the name, within ``pair_window``.
        name: tries of one name from anywhere, within ``name_window``.
        wrong: wrong codes of one name from anywhere, within ``wrong_window``; then it is frozen for
            as long.
    """

    begun_lasts: timedelta = timedelta(minutes=10)
    pair: int = 5
    address: int = 30
    pair_window: timedelta = timedelta(minutes=5)
    name: int = 10
    name_window: timedelta = timedelta(hours=1)
    wrong: int = 50
    wrong_window: timedelta = timedelta(days=7)


@dataclass(frozen=True, kw_only=True, slots=True)
class Begun:
    """A new secret, shown once.

    Attributes:
        login_name: as people read it.
        uri: for the QR code that an authenticator app scans.
        secret: base32, to be typed where nothing can be scanned.
    """

    login_name: str = field(repr=False)
    uri: str = field(repr=False)
    secret: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Matched:
    """A right code of a step that is not yet spent: ``accept`` decides."""

    person: PersonRef
    name: str = field(repr=False)
    step: int
    card_fingerprint: str


class OneTimePasswords:
    """Gives secrets out and recognises their codes; safe in threads."""

    def __init__(
        self,
        ledger: PhoneLedger,
        counters: Counters,
        *,
        issuer_name: str,
        now: Callable[[], datetime],
        entropy: Callable[[int], bytes],
        rules: OtpRules | None = None,
    ) -> None:
        """Take ``issuer_name`` as authenticator apps show it."""
        self._ledger = ledger
        self._counters = counters
        self._issuer_name = issuer_name
        self._now = now
        self._entropy = entropy
        self._rules = rules or OtpRules()
        self._decoy = _base32(entropy(_SECRET_BYTES))

    # --- on the account page ------------------------------------------------------------------

    def begin(self, person: PersonRef, *, card_fingerprint: str) -> Begun:
        """Make a secret after a fresh card login; it opens nothing before ``confirm``.

        Raises:
            OtpKnown: there is one already, to be removed first.
        """
        import pyotp

        secret, now = _base32(self._entropy(_SECRET_BYTES)), self._now()
        with self._ledger.begin() as unit:
            found = unit.phones.otp(person)
            if found is not None and found.confirmed_at is not None and found.removed_at is None:
                raise OtpKnown("there is one already")
            name = self._put(unit, person, secret, card_fingerprint, now)
        spelled = spell_login_name(name)
        uri = pyotp.TOTP(secret, digits=DIGITS, interval=STEP).provisioning_uri(
            name=spelled, issuer_name=self._issuer_name
        )
        return Begun(login_name=spelled, uri=uri, secret=secret)

    def confirm(self, person: PersonRef, code: str) -> None:
        """Let the first right code make the secret good.

        Raises:
            OtpUnknown: none was begun, or too long ago.
            OtpRefused: the code is wrong.
            TooMany: too many tries of this person.
        """
        rules, now = self._rules, self._now()
        with self._ledger.begin() as unit:
            left = unit.phones.spend_try(
                FIRST, person, most=rules.name, at=now, lasts=rules.pair_window
            )
        if not left:
            raise TooMany("too many first codes", wait=rules.pair_window)
        with self._ledger.begin() as unit:
            found = unit.phones.otp(person)
            if found is None or found.confirmed_at is not None or found.removed_at is not None:
                raise OtpUnknown("none was begun")
            if found.created_at + rules.begun_lasts <= now:
                raise OtpUnknown("begun too long ago")
            step = _step_of(found.secret, code, now=now)
            if step is None or not unit.phones.accept_step(person, step=step, at=now):
                raise OtpRefused("the first code is wrong")
            unit.note(
                Note(what="otp_enrolled", person=person, facts={"card": found.card_fingerprint})
            )
            notify.notice(unit, unit.phones.devices(person), now=now, entropy=self._entropy)

    def remove(self, person: PersonRef) -> None:
        """Remove the person's secret at once. Raises: OtpUnknown."""
        now = self._now()
        with self._ledger.begin() as unit:
            if not unit.phones.remove_otp(person, at=now):
                raise OtpUnknown("there is none")
            unit.note(Note(what="otp_removed", person=person))
            notify.notice(unit, unit.phones.devices(person), now=now, entropy=self._entropy)

    def standing(self, person: PersonRef) -> OtpSecret | None:
        """Give the person's confirmed secret, for the account page; ``None`` where there is none.

        Its login name is to be shown (``spell_login_name``), its secret never again.
        """
        with self._ledger.read() as unit:
            found = unit.phones.otp(person)
        return found if found is not None and _opens(found) else None

    # --- at the login page --------------------------------------------------------------------

    def match(self, login_name: str, code: str, *, address: str) -> Matched:
        """Find whose code this is; nothing is spent yet.

        Raises:
            LoginNameMistyped: the name cannot be one of ours.
            OtpRefused: unknown, wrong, used, or frozen: nobody is told which.
            TooMany: too many tries of this name or from this address.
        """
        rules, name, where = self._rules, read_login_name(login_name), site(address)
        spend(self._counters, "otp-address", where, most=rules.address, lasts=rules.pair_window)
        found, opens = self._counted(name, where)
        secret = found.secret if found is not None else self._decoy
        step = _step_of(secret, code, now=self._now())
        if found is None or not opens or step is None or step <= found.last_step:
            raise OtpRefused("unknown name, or a code that is wrong or used")
        return Matched(
            person=found.person, name=name, step=step, card_fingerprint=found.card_fingerprint
        )

    def accept(self, unit: PhoneUnit, matched: Matched) -> None:
        """Spend the step, in the unit that records the login. Raises: OtpRefused if it was."""
        now = self._now()
        if not unit.phones.accept_step(matched.person, step=matched.step, at=now):
            raise OtpRefused("the step was used meanwhile, or the secret removed")
        unit.phones.return_try(WRONG, matched.name, at=now)

    def verify(self, login_name: str, code: str, *, address: str) -> Matched:
        """Do ``match`` and ``accept`` in a unit of its own, where no other is open."""
        matched = self.match(login_name, code, address=address)
        with self._ledger.begin() as unit:
            self.accept(unit, matched)
        return matched

    # --- within -------------------------------------------------------------------------------

    def _put(
        self, unit: PhoneUnit, person: PersonRef, secret: str, card: str, now: datetime
    ) -> str:
        for _ in range(_NAME_TRIES):
            made = OtpSecret(
                person=person,
                login_name=new_login_name(self._entropy),
                secret=secret,
                card_fingerprint=card,
                created_at=now,
            )
            if unit.phones.put_otp(made):
                return made.login_name
        raise TooMany("no free login name was found")

    def _counted(self, name: str, where: str) -> tuple[OtpSecret | None, bool]:
        """Count the try before it is made; give whose it is and whether a code opens anything.

        It counts as a wrong code until ``accept`` takes that back. Raises: TooMany.
        """
        rules, now = self._rules, self._now()
        pair = f"{name}|{where}"
        with self._ledger.begin() as unit:
            rows = unit.phones
            of_pair = rows.spend_try(PAIR, pair, most=rules.pair, at=now, lasts=rules.pair_window)
            may = of_pair and rows.spend_try(
                NAME, name, most=rules.name, at=now, lasts=rules.name_window
            )
            left = may and rows.spend_try(
                WRONG, name, most=rules.wrong, at=now, lasts=rules.wrong_window
            )
            found = rows.otp_by_name(name)
            # An unknown person's freeze is looked up too: the same work.
            until = rows.frozen_until(PersonRef("") if found is None else found.person, kind=FROZEN)
            frozen = until is not None and now < until
            if may and not left and found is not None and not frozen:
                self._freeze(unit, found.person, now)
        if not may:
            wait = rules.name_window if of_pair else rules.pair_window
            raise TooMany("too many tries of this name", wait=wait)
        return found, left and not frozen and found is not None and _opens(found)

    def _freeze(self, unit: PhoneUnit, person: PersonRef, now: datetime) -> None:
        """Let nobody in by this means for a while; the person's phones are told."""
        unit.phones.freeze(person, kind=FROZEN, until=now + self._rules.wrong_window)
        unit.note(Note(what="phone_frozen", person=person, facts={"why": FROZEN}))
        notify.notice(unit, unit.phones.devices(person), now=now, entropy=self._entropy)


def _opens(found: OtpSecret) -> bool:
    return found.confirmed_at is not None and found.removed_at is None


def _step_of(secret: str, code: str, *, now: datetime) -> int | None:
    """Give the time step of which this is the code; every candidate is calculated and compared."""
    import pyotp

    totp = pyotp.TOTP(secret, digits=DIGITS, interval=STEP)
    typed = "".join(code[: 4 * DIGITS].split()).encode()
    current, found = int(now.timestamp()) // STEP, None
    for offset in _WINDOW:
        step = current + offset
        if hmac.compare_digest(totp.generate_otp(step).encode(), typed):
            found = step
    return found


def _base32(data: bytes) -> str:
    return base64.b32encode(data).decode("ascii")
