"""One-time passwords as a means of login, at their honest level: what is typed can be asked for.

A login name and a code. That the code's time step counts once is decided in the unit of work that
opens the session.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Final

from idp.domain.event import MethodName, OtpEvidence
from idp.domain.person import Person, PersonId
from idp.errors import OTP_REFUSED
from idp.login.methods import Challenge, Progress, Proof, ProofRefused, refused_by_phone
from idp.store.phone import UnitOfThePhone
from mobile_flow.errors import PhoneError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from idp.domain.assurance import Assurance
    from idp.domain.reading import Reading
    from idp.login.methods import Asking
    from idp.store.ports import Ledger, Unit
    from mobile_flow.otp import Matched, OneTimePasswords

_LONGEST: Final = 100


class TotpMethod:
    """``LoginMethod`` by a login name and a code (RFC 6238)."""

    name: Final = MethodName.TOTP
    resistant: Final = False

    def __init__(
        self,
        ledger: Ledger,
        passwords: OneTimePasswords,
        *,
        level: Assurance,
        now: Callable[[], datetime],
    ) -> None:
        """Take the ``level`` that the operator answers for; low, unless they know better."""
        self._ledger = ledger
        self._passwords = passwords
        self._level = level
        self._now = now

    @property
    def ceiling(self) -> Assurance:
        """The level of the settings."""
        return self._level

    def start(self, asking: Asking) -> Challenge | None:
        """Need no challenge: the time is one."""
        del asking
        return None

    def progress(self, asking: Asking) -> Progress:
        """Wait for nothing."""
        del asking
        return Progress()

    def page(self, asking: Asking) -> Mapping[str, object]:
        """Need nothing on the page."""
        del asking
        return {}

    def leave(self, asking: Asking) -> None:
        """Leave nothing behind."""

    def verify(
        self,
        answer: str,
        *,
        asking: Asking,
        challenge: Challenge | None,
        reading: Reading | None = None,
    ) -> Proof:
        """Take what ``written`` wrote. Raises: ProofRefused."""
        del challenge, reading
        login_name, code = _read(answer)
        try:
            matched = self._passwords.match(login_name, code, address=asking.visitor.address or "")
        except PhoneError as error:
            raise refused_by_phone(error, now=self._now()) from error
        with self._ledger.read() as unit:
            otp = unit.phones.otp(matched.person)
        if otp is None:
            raise ProofRefused(OTP_REFUSED, "removed meanwhile")
        return Proof(
            evidence=OtpEvidence(
                enrolled_at=otp.created_at, card_fingerprint=matched.card_fingerprint
            ),
            acr=self._level,
            amr=("otp",),
            at=self._now(),
            identify=partial(self._person, matched=matched, enrolled_at=otp.created_at),
        )

    def _person(self, unit: Unit, *, matched: Matched, enrolled_at: datetime) -> Person:
        try:
            self._passwords.accept(UnitOfThePhone(unit, now=self._now), matched)
        except PhoneError as error:
            raise refused_by_phone(error, now=self._now()) from error
        otp = unit.phones.otp(matched.person)
        person = unit.people.get(PersonId(matched.person))
        if person is None or otp is None or otp.created_at != enrolled_at:
            raise ProofRefused(OTP_REFUSED, "a secret of nobody, or another one meanwhile")
        return person


def written(login_name: str, code: str) -> str:
    """Write the two fields of the page as one answer."""
    return json.dumps([login_name[:_LONGEST], code[:_LONGEST]])


def _read(answer: str) -> tuple[str, str]:
    try:
        login_name, code = json.loads(answer)
    except (ValueError, TypeError):
        raise ProofRefused(OTP_REFUSED, "not the two fields") from None
    return str(login_name), str(code)
