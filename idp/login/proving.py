"""The means of login at work: started, looked at, answered, given up; each by its own rules.

Nothing here decides who somebody is; that is the unit of work that takes the proof (``accepting``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from idp.domain import transaction
from idp.domain.event import MethodName, resists_phishing
from idp.domain.transaction import Step, WrongStep
from idp.errors import LEVEL_NOT_REACHED, LOGIN_MOVED
from idp.login.methods import Asking, ProofRefused, by_name
from idp.login.policy import needed_level, needs_resistance
from idp.login.turn import LoginRefused, Page, Turn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from idp.domain.client import Client
    from idp.domain.transaction import Transaction
    from idp.login.methods import Challenge, LoginMethod, Progress, Proof
    from idp.login.standing import Gatherer
    from idp.login.transactions import Held, Transactions
    from idp.login.turn import Visitor


class Proving:
    """The enabled means, over one set of transactions."""

    def __init__(
        self,
        means: Sequence[LoginMethod],
        *,
        gather: Gatherer,
        transactions: Transactions,
        now: Callable[[], datetime],
    ) -> None:
        """Take the ``means`` in the order to offer them. Raises: NoMeansOfLogin."""
        self._means = by_name(means)
        self._gather = gather
        self._transactions = transactions
        self._now = now

    def chosen(
        self,
        tx: Transaction,
        client: Client,
        visitor: Visitor,
        method: MethodName,
        *,
        how: str = "",
    ) -> Transaction:
        """Start a means, after giving up the one before; nothing is stored yet.

        Raises:
            LoginRefused: it cannot be started now, or this login is past choosing.
        """
        if tx.method is not None and tx.method is not method:
            self.leave(tx, client, visitor)
        try:
            challenge = self._means[method].start(self._asking(tx, client, visitor, how=how))
            return transaction.choose(
                tx,
                method=method,
                challenge=None if challenge is None else challenge.text,
                challenge_ends=None if challenge is None else challenge.ends,
            )
        except ProofRefused as error:
            raise LoginRefused(error.problem, error.detail, tx=tx, wait=error.wait) from error
        except WrongStep as error:
            raise LoginRefused(LOGIN_MOVED, str(error), tx=tx) from error

    def start(
        self, held: Held, client: Client, visitor: Visitor, method: MethodName, *, how: str = ""
    ) -> Transaction:
        """Start a means and store that. Raises: LoginRefused."""
        return self._transactions.move(
            held, self.chosen(held.tx, client, visitor, method, how=how)
        ).tx

    def turn(
        self,
        tx: Transaction,
        client: Client,
        visitor: Visitor,
        *,
        methods: tuple[MethodName, ...] | None = None,
    ) -> Turn:
        """Show the page of the means that stands chosen; ``methods`` if they are known already."""
        assert tx.method is not None
        means, asking = self._means[tx.method], self._asking(tx, client, visitor)
        shown = means.page(asking)
        return Turn(
            tx=tx,
            client=client,
            page=Page(tx.method.value),
            methods=self._gather.methods(tx, client) if methods is None else methods,
            reading=self._gather.reading(tx, client) if tx.method is MethodName.CARD else None,
            state=means.progress(asking).state,
            shown=shown,
        )

    def again(self, held: Held, client: Client, visitor: Visitor) -> Turn:
        """Show that page again, with its challenge as long as that is accepted."""
        tx, ends = held.tx, held.tx.challenge_ends
        if tx.method is not None and ends is not None and self._now() >= ends:
            tx = self.start(held, client, visitor, tx.method)
        return self.turn(tx, client, visitor)

    def progress(self, tx: Transaction, client: Client, visitor: Visitor) -> Progress | None:
        """Tell how far the chosen means came, if one is at work."""
        if tx.step is not Step.PROVING or tx.method is None:
            return None
        return self._means[tx.method].progress(self._asking(tx, client, visitor))

    def leave(self, tx: Transaction, client: Client, visitor: Visitor) -> None:
        """Give up the means that stands chosen, if one does."""
        means = None if tx.method is None else self._means.get(tx.method)
        if means is not None:
            means.leave(self._asking(tx, client, visitor))

    def verify(
        self,
        answer: str,
        *,
        tx: Transaction,
        client: Client,
        visitor: Visitor,
        method: MethodName,
        challenge: Challenge | None,
    ) -> Proof:
        """Verify an answer, and that its proof reaches what this login needs.

        Raises:
            ProofRefused: it proves nothing, or too little.
        """
        asking = self._asking(tx, client, visitor)
        proof = self._means[method].verify(
            answer,
            asking=asking,
            challenge=challenge,
            reading=self._gather.reading(tx, client),
        )
        resistant = resists_phishing(proof.evidence) or not needs_resistance(
            tx.request, client, offered=self._gather.resistant
        )
        if not resistant or (asking.needed is not None and proof.acr < asking.needed):
            raise ProofRefused(LEVEL_NOT_REACHED, f"{method} reached {proof.acr.name}")
        return proof

    def _asking(
        self, tx: Transaction, client: Client, visitor: Visitor, *, how: str = ""
    ) -> Asking:
        needed = needed_level(tx.request, client, strongest=self._gather.strongest)
        return Asking(tx=tx, client=client, visitor=visitor, how=how, needed=needed)
