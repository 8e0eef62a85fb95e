"""How a login ends: completed into an answer, or refused; the Ledger decides which, and once.

Completion itself (code, subject, grant) is a port: the login knows no codes.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol

from idp import log
from idp.domain import audit_event, transaction
from idp.domain.answer import Answer, RefusedToClient, reply_to
from idp.domain.request import Prompt
from idp.errors import (
    ACCESS_DENIED,
    ACCOUNT_NOT_ACTIVE,
    AGE_NOT_REACHED,
    CARD_CHALLENGE_UNKNOWN,
    CARD_CHECK_UNAVAILABLE,
    CARD_COPIED,
    CARD_FILES_ALTERED,
    CARD_FILES_NEEDED,
    CARD_FILES_OF_ANOTHER,
    CARD_PHOTO_WRONG,
    CARD_REGISTER_UNTRUSTED,
    CARD_REVOKED,
    CARD_UNKNOWN,
    DOCUMENT_NOT_ACCEPTED,
    INVALID_REQUEST_URI,
    LOGIN_SPENT,
)
from idp.login import agreeing, own
from idp.login.methods import CHALLENGE_MARK
from idp.login.policy import Next, Standing, Verdict, judge
from idp.login.turn import LoginRefused
from idp.store.ports import AlreadySpent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from idp.domain.client import Client
    from idp.domain.person import Person
    from idp.domain.session import Session
    from idp.domain.transaction import Transaction
    from idp.errors import Problem
    from idp.login.methods import ProofRefused
    from idp.login.transactions import Held, Transactions
    from idp.store.ports import Ledger, Unit

LOGIN_MARK: Final = "transaction"
_SPENT: Final = {
    LOGIN_MARK: LOGIN_SPENT,
    CHALLENGE_MARK: CARD_CHALLENGE_UNKNOWN,
    "par": INVALID_REQUEST_URI,
}
"""What it means that something was spent before, by its kind."""
_MARKED: Final = timedelta(days=1)
"""How much longer than a login its mark is kept: no record of it can be read by then."""
_OF_SOMEBODY: Final = frozenset(
    {
        *(ACCOUNT_NOT_ACTIVE, CARD_CHECK_UNAVAILABLE, CARD_REVOKED, CARD_UNKNOWN),
        # From here on a card has answered with its PIN before anything looked at its files.
        *(CARD_COPIED, CARD_FILES_ALTERED, CARD_FILES_OF_ANOTHER, CARD_PHOTO_WRONG),
        *(CARD_REGISTER_UNTRUSTED, CARD_FILES_NEEDED, DOCUMENT_NOT_ACCEPTED, AGE_NOT_REACHED),
    }
)
"""Refusals of a card whose path was verified to a trusted root, or of the person it names.

Every other one can be caused at will without a card (an end is looked at before any signature):
logged and counted, not worth an audit row.
"""


class Completion(Protocol):
    """Turns an agreed transaction into a code; answered by ``idp.oidc`` at assembly."""

    def __call__(
        self, unit: Unit, tx: Transaction, *, client: Client, person: Person, session: Session
    ) -> Answer:
        """Work inside the caller's unit: spend, issue, record; the answer leaves after it.

        Raises:
            AlreadySpent: ``transaction`` or ``par``: it was completed before.
            Refused: nothing may be issued to this pair now.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What a unit decided: an answer, or the objection that stands in its way."""

    standing: Standing
    verdict: Verdict | None = None
    answer: Answer | None = None


class Ending:
    """The last step of a login, whichever way it goes."""

    def __init__(
        self,
        ledger: Ledger,
        transactions: Transactions,
        complete: Completion,
        *,
        count: Callable[[str], None],
        now: Callable[[], datetime],
    ) -> None:
        self._ledger = ledger
        self._transactions = transactions
        self._complete = complete
        self._count = count
        self._now = now

    def decide(self, unit: Unit, standing: Standing, *, given: bool = False) -> Outcome:
        """Judge, and complete in the same unit where no check objects.

        ``given``: the agreement was given just now and is recorded too. Raises: RefusedToClient.
        """
        verdict = judge(standing)
        told_to_the_client(standing.tx, verdict)
        if verdict is not None:
            return Outcome(standing=standing, verdict=verdict)
        settled = agreeing.settled(standing)
        if given:
            agreeing.record(unit, settled)
        return Outcome(standing=settled, answer=self.complete(unit, settled))

    def complete(self, unit: Unit, standing: Standing) -> Answer:
        """Complete an agreed login that no check objects to, as a use of its session."""
        session, person = standing.session, standing.person
        assert session is not None
        assert person is not None
        unit.sessions.touch(session.key, at=standing.now)
        if own.is_own(standing.client.id):
            tx = standing.tx
            unit.spend(LOGIN_MARK, tx.id, until=tx.expires_at + _MARKED)
            return own.answer(tx)
        return self._complete(
            unit, standing.tx, client=standing.client, person=person, session=session
        )

    def cancel(self, held: Held) -> Transaction:
        """End a login because its visitor says no. Raises: LoginRefused, LOGIN_SPENT."""
        over = self.refuse(held, ACCESS_DENIED, proven=held.tx.event is not None)
        if held.tx.event is None:
            _log("login.cancelled", held.tx, ACCESS_DENIED, "before any proof")
            self._count(ACCESS_DENIED.code)
        return over

    def refuse(self, held: Held, problem: Problem, *, proven: bool) -> Transaction:
        """End a login for good without a code; audited where somebody ``proven`` stands behind it.

        Raises:
            LoginRefused: LOGIN_SPENT.
        """
        tx = held.tx
        try:
            with self._ledger.begin() as unit:
                unit.spend(LOGIN_MARK, tx.id, until=tx.expires_at + _MARKED)
                if proven:
                    self._record(unit, tx, problem)
        except AlreadySpent:
            raise LoginRefused(LOGIN_SPENT, tx=tx) from None
        return self._transactions.close(held, transaction.refuse(tx, reason=problem.code))

    def note_refused_proof(self, tx: Transaction, error: ProofRefused) -> None:
        """Audit a refused answer where a real card or account stands behind it, else count it."""
        _log("login.proof_refused", tx, error.problem, error.detail)
        if error.problem not in _OF_SOMEBODY:
            self._count(error.problem.code)
            return
        with self._ledger.begin() as unit:
            self._record(unit, tx, error.problem)

    def _record(self, unit: Unit, tx: Transaction, problem: Problem) -> None:
        unit.record(
            audit_event.login_refused(
                reason=problem.code,
                at=self._now(),
                transaction=tx.id,
                client=tx.request.client_id,
            )
        )

    @contextmanager
    def deciding(
        self, tx: Transaction, held: Held | None, *, proven: bool = False
    ) -> Iterator[None]:
        """Stand around a deciding unit: say what its rolling back means.

        A login that is refused to the client ends with that, if it was kept. ``proven``: the unit
        records a proof, and rolls it back too.

        Raises:
            LoginRefused: it was completed before, here or with the same pushed request elsewhere;
                or its challenge was answered before.
        """
        try:
            yield
        except AlreadySpent as error:
            raise LoginRefused(_SPENT[error.kind], f"{error.kind} is spent", tx=tx) from None
        except RefusedToClient as error:
            if held is not None:
                self.refuse(held, error.problem, proven=proven or tx.event is not None)
            raise


def _log(event: str, tx: Transaction, problem: Problem, detail: str) -> None:
    log.write(
        event,
        level=problem.level,
        code=problem.code,
        client=tx.request.client_id,
        detail=detail,
    )


def told_to_the_client(tx: Transaction, verdict: Verdict | None) -> None:
    """Refuse to the client what is refused, and what ``prompt=none`` forbids to ask.

    Raises:
        RefusedToClient: with what the verdict says (OpenID Connect Core 3.1.2.6).
    """
    if verdict is None:
        return
    if verdict.next is Next.REFUSE or Prompt.NONE in tx.request.prompts:
        raise RefusedToClient(verdict.problem, verdict.next, reply=reply_to(tx.request))
