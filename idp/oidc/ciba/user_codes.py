"""User codes (CIBA Core 7.1, 13): what lets an e-service ask somebody whom it only talks to.

A citizen chooses one on their page and may change or remove it. A request of a client that is
registered for them carries one, and is refused where it is wrong: at once, and alike for somebody
unknown, somebody without a code and a code that is wrong, after the same statements and one slow
hash.

**Guessing** is counted durably before a code is looked at, by (client, person) and by person; the
unknown are counted like the known. Where no tries are left even the right code is wrong: nobody
learns whose tries they were, and nothing but questions with a user code stops.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from idp.domain import audit_event
from idp.domain.client import subject_sector
from idp.domain.person import PersonId, SubjectId
from idp.domain.user_code import UserCodeUnfit, demand_fit, plain
from idp.errors import INVALID_USER_CODE, USER_CODE_UNFIT, Refused
from idp.store.phone import UnitOfThePhone
from idp.store.slow_hash import WrongSecret
from mobile_flow import notify
from mobile_flow.model import PersonRef

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from idp.domain.client import Client
    from idp.domain.user_code import KeptCode
    from idp.store.ports import Ledger, Unit
    from idp.store.slow_hash import SlowHash

OF_A_CLIENT: Final = 5
OF_A_CLIENT_WITHIN: Final = timedelta(minutes=15)
OF_A_PERSON: Final = 20
OF_A_PERSON_WITHIN: Final = timedelta(hours=24)
_PAIR: Final = "user-code"
_PERSON: Final = "user-code-person"


class UserCodes:
    """Keeps codes and compares with them; one is shared by a process."""

    def __init__(
        self,
        ledger: Ledger,
        hashes: SlowHash,
        *,
        now: Callable[[], datetime],
        entropy: Callable[[int], bytes],
    ) -> None:
        self._ledger = ledger
        self._hashes = hashes
        self._now = now
        self._entropy = entropy

    # --- at the citizen's page --------------------------------------------------------------------

    def standing(self, person: PersonId) -> datetime | None:
        """Tell since when somebody has a code; ``None`` if they have none."""
        with self._ledger.read() as unit:
            found = unit.phones.user_code(person)
        return None if found is None else found.set_at

    def choose(self, person: PersonId, said: str) -> None:
        """Keep a new code, in the place of a former one.

        Raises:
            Refused: USER_CODE_UNFIT; UNAVAILABLE.
        """
        try:
            code = demand_fit(said)
        except UserCodeUnfit as error:
            raise Refused(USER_CODE_UNFIT, str(error)) from None
        hashed, at = self._hashes.hash(code), self._now()
        with self._ledger.begin() as unit:
            unit.phones.put_user_code(person, hashed=hashed, at=at)
            self._tell(unit, person, "usercode_set", at=at)

    def remove(self, person: PersonId) -> None:
        """Remove it, if there is one."""
        at = self._now()
        with self._ledger.begin() as unit:
            if unit.phones.remove_user_code(person):
                self._tell(unit, person, "usercode_removed", at=at)

    # --- at a request -----------------------------------------------------------------------------

    def prove(self, client: Client, subject: str | None, said: str) -> KeptCode:
        """Give the code of whom a client means, which is the one that was said.

        Raises:
            Refused: INVALID_USER_CODE, whatever is wrong; UNAVAILABLE.
        """
        known, at = subject or "", self._now()
        with self._ledger.begin() as unit:
            kept = unit.phones.user_code_of(SubjectId(known), sector=subject_sector(client))
            pair, whose = _counted(client, known, kept)
            left = [
                unit.phones.spend_try(
                    _PAIR, pair, most=OF_A_CLIENT, at=at, lasts=OF_A_CLIENT_WITHIN
                ),
                unit.phones.spend_try(
                    _PERSON, whose, most=OF_A_PERSON, at=at, lasts=OF_A_PERSON_WITHIN
                ),
            ]
        try:
            self._hashes.verify(plain(said), None if kept is None else kept.hashed)
        except WrongSecret as wrong:
            raise Refused(INVALID_USER_CODE, str(wrong)) from None
        if kept is None or not all(left):
            raise Refused(INVALID_USER_CODE, "no tries are left")
        return kept

    def accept(self, unit: Unit, client: Client, subject: str | None, proven: KeptCode) -> None:
        """Give the tries of a right code back, in the unit that takes the request.

        Raises:
            Refused: INVALID_USER_CODE, it was changed or removed meanwhile.
        """
        if unit.phones.user_code(proven.person) != proven:
            raise Refused(INVALID_USER_CODE, "changed or removed meanwhile")
        at = self._now()
        pair, whose = _counted(client, subject or "", proven)
        unit.phones.return_try(_PAIR, pair, at=at)
        unit.phones.return_try(_PERSON, whose, at=at)

    def _tell(self, unit: Unit, person: PersonId, what: str, *, at: datetime) -> None:
        unit.record(audit_event.of_the_phone(what=what, person=person, at=at, facts={}))
        phones = unit.phones.devices(PersonRef(person))
        notify.notice(UnitOfThePhone(unit, now=self._now), phones, now=at, entropy=self._entropy)


def _counted(client: Client, subject: str, kept: KeptCode | None) -> tuple[str, str]:
    """Give the names under which tries are counted: of client and person, and of the person."""
    somebody = f"{subject_sector(client)}\x00{subject}"
    return f"{client.id}\x00{somebody}", f"?{somebody}" if kept is None else kept.person
