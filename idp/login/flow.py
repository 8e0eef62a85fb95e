"""The path of a login, one turn a verb, down the page: open, visit, choose, prove, agree, end.

Each verb reads the transaction, decides in one unit of work of the Ledger, and only then moves the
transaction on. Nothing slow happens inside a unit, and no worker waits between two turns.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from idp.domain import transaction
from idp.domain.answer import refusal, reply_to
from idp.domain.transaction import Step, awaited
from idp.errors import ACCESS_DENIED, APPROVAL_USED, INVALID_REQUEST, LOGIN_MOVED, LOGIN_SPENT
from idp.login import agreeing, forms, knowing, sessions
from idp.login.accepting import accept
from idp.login.ending import Ending
from idp.login.knowing import Knowing
from idp.login.methods import ProofRefused, issued_challenge
from idp.login.people import full_name
from idp.login.policy import Next, Standing
from idp.login.proving import Proving
from idp.login.standing import gatherer
from idp.login.transactions import UNCLAIMED, Transactions
from idp.login.turn import LoginRefused, Page, Turn, Visitor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from idp.config import Settings
    from idp.domain.client import Client
    from idp.domain.ended import Ended
    from idp.domain.event import MethodName
    from idp.domain.request import AuthorizationRequest
    from idp.domain.transaction import Transaction
    from idp.errors import Problem
    from idp.login.ending import Completion, Outcome
    from idp.login.methods import LoginMethod, Proof
    from idp.login.transactions import Browser, Held, Login
    from idp.store.ports import Ledger, Vault
    from idp.store.short_lived import Ephemeral

__all__ = ["LoginFlow", "LoginRefused", "Page", "Turn", "Visitor"]

_ASKED: Final = frozenset({Next.NEW_PHONE, Next.CONSENT})


class LoginFlow:
    """Logins of browsers, one shared by a process and safe in threads.

    Every verb may raise ``Refused`` (for our own page), ``LoginRefused`` (the same, to the browser
    that owns the login), ``RefusedToClient`` and ``StoreUnavailable``.
    """

    def __init__(  # noqa: PLR0913 - two stores and their vault, the means, completion, counter, the world
        self,
        settings: Settings,
        *,
        ledger: Ledger,
        ephemeral: Ephemeral,
        vault: Vault,
        means: Sequence[LoginMethod],
        complete: Completion,
        count: Callable[[str], None],
        now: Callable[[], datetime],
        entropy: Callable[[int], bytes],
    ) -> None:
        """Take the ``means`` in the order to offer them; ``count`` takes the codes of refusals.

        Raises: NoMeansOfLogin.
        """
        lives = settings.lifetimes
        self._issuer = settings.issuer
        self._ledger = ledger
        self._vault = vault
        self._now = now
        self._entropy = entropy
        self._transactions = Transactions(
            ephemeral, vault, life=lives.transaction, now=now, entropy=entropy
        )
        self._gather = gatherer(settings, means, now=now, entropy=entropy)
        self._rules = self._gather.rules
        self._proving = Proving(
            means, gather=self._gather, transactions=self._transactions, now=now
        )
        self._knowing = Knowing(ledger, self._transactions, self._gather, now=now, entropy=entropy)
        self._ending = Ending(ledger, self._transactions, complete, count=count, now=now)

    # --- a request comes in -----------------------------------------------------------------------

    def open(self, request: AuthorizationRequest, visitor: Visitor, *, cookies_seen: bool) -> Turn:
        """Open a transaction for a request, or join the one this browser has for it.

        ``cookies_seen=False`` (a cross-site POST brings no ``Lax`` cookie): nothing is decided, the
        browser is to be sent to its login by 303, where the cookies arrive. Else single sign-on may
        answer at once, in one unit of work and without a write to the Ephemeral store.
        """
        if not cookies_seen:
            tx = self._transactions.begin(request, binding=UNCLAIMED, language=visitor.language)
            client = self._client(tx)
            methods = self._gather.methods(tx, client)
            tx = self._transactions.keep(tx)
            return Turn(tx=tx, client=client, page=Page.CHOOSE, methods=methods)
        browser = self._transactions.browser(visitor)
        held = self._transactions.joined(request, browser)
        if held is not None:
            return self._arrived(held, visitor) or self._stand(held, visitor)
        tx = self._transactions.begin(request, binding=browser.binding, language=visitor.language)
        return _binding(self._proceed(tx, visitor), browser)

    def visit(self, tx_id: str, visitor: Visitor) -> Turn:
        """Show where the login stands; goes on by itself where a phone or a session suffices."""
        browser = self._transactions.browser(visitor)
        held = self._transactions.get(tx_id, visitor, claims=browser)
        turn = self._arrived(held, visitor) or self._stand(held, visitor)
        return _binding(turn, browser)

    def progress(self, tx_id: str, visitor: Visitor) -> tuple[Transaction, str]:
        """Give the transaction as it stands, and how far a phone came: for a script that polls.

        Nothing is moved by it.
        """
        tx = self._transactions.get(tx_id, visitor).tx
        progress = self._proving.progress(tx, self._client(tx), visitor) if awaited(tx) else None
        return tx, "" if progress is None else progress.state

    def shown(self, tx_id: str, visitor: Visitor, method: MethodName) -> Transaction:
        """Give a login of this browser whose chosen means is ``method``. Raises: Refused."""
        tx = self._transactions.get(tx_id, visitor).tx
        if tx.step is not Step.PROVING or tx.method is not method:
            raise LoginRefused(LOGIN_MOVED, f"at {tx.step}", tx=tx)
        return tx

    # --- somebody proves who they are -------------------------------------------------------------

    def choose(self, login: Login, visitor: Visitor, method: MethodName, *, how: str = "") -> Turn:
        """Take the choice of a means; the card gets its challenge (``turn.tx.challenge``).

        ``how`` is a variant of the means, where it has some.
        """
        held = self._transactions.get(login, visitor)
        client = self._client(held.tx)
        if method not in self._gather.methods(held.tx, client):
            raise LoginRefused(INVALID_REQUEST, "this means is not offered here", tx=held.tx)
        tx = self._proving.start(held, client, visitor, method, how=how)
        return self._proving.turn(tx, client, visitor)

    def prove(self, login: Login, visitor: Visitor, method: MethodName, answer: str) -> Turn:
        """Take an answer: a token or an assertion as JSON text, a user name, a code.

        The challenge is gone before anything is verified. A refused answer leaves the login open:
        the turn carries ``trouble`` and, where the means has one, a new challenge.
        """
        held = self._transactions.get(login, visitor)
        # A phone's approval is used by the browser's visit alone.
        if held.tx.step is not Step.PROVING or held.tx.method is not method or awaited(held.tx):
            raise LoginRefused(LOGIN_MOVED, f"an answer at {held.tx.step}", tx=held.tx)
        challenge = issued_challenge(held.tx)
        if challenge is not None:
            held = self._transactions.move(held, transaction.take_challenge(held.tx))
        client = self._client(held.tx)
        try:
            proof = self._proving.verify(
                answer,
                tx=held.tx,
                client=client,
                visitor=visitor,
                method=method,
                challenge=challenge,
            )
            return self._accept(held, visitor, proof)
        except ProofRefused as error:
            self._ending.note_refused_proof(held.tx, error)
            tx = self._proving.start(held, client, visitor, method)
            return replace(self._proving.turn(tx, client, visitor), trouble=error.problem)

    def _arrived(self, held: Held, visitor: Visitor) -> Turn | None:
        """Go on where a phone has answered meanwhile; ``None`` where nothing came."""
        tx = held.tx
        if not awaited(tx):
            return None
        client = self._client(tx)
        progress = self._proving.progress(tx, client, visitor)
        if progress is None or tx.method is None:
            return None
        if progress.refused is not None:
            return self._refused(held, client, progress.refused)
        if progress.answer is None:
            return None
        try:
            proof = self._proving.verify(
                progress.answer,
                tx=tx,
                client=client,
                visitor=visitor,
                method=tx.method,
                challenge=issued_challenge(tx),
            )
            return self._accept(held, visitor, proof)
        except ProofRefused as error:
            if error.problem is APPROVAL_USED:
                raise LoginRefused(LOGIN_MOVED, "another tab went on with it", tx=tx) from error
            self._ending.note_refused_proof(tx, error)
            self._proving.leave(tx, client, visitor)
            return replace(self._proving.turn(tx, client, visitor), trouble=error.problem)

    def _accept(self, held: Held, visitor: Visitor, proof: Proof) -> Turn:
        """Record a proof: person, session, and the code too where nothing needs asking.

        Raises: ProofRefused, for a person unknown or not let in; nothing of the proof is kept.
        """
        with self._ending.deciding(held.tx, held, proven=True), self._ledger.begin() as unit:
            client = self._gather.client(unit, held.tx)
            taken = accept(unit, held.tx, proof, visitor, rules=self._rules, entropy=self._entropy)
            standing = self._gather.standing(
                unit, taken.tx, client, session=taken.signed.session, person=taken.person
            )
            outcome = self._ending.decide(unit, standing)
            if outcome.verdict is not None and outcome.verdict.next is Next.OTHERWISE:
                raise ProofRefused(outcome.verdict.problem, "by a rule of the client")
        turn = self._after(outcome, held, visitor)
        return replace(turn, set_session=taken.signed.cookie)

    # --- the person agrees, or does not -----------------------------------------------------------

    def consent(
        self, login: Login, visitor: Visitor, *, agreed: frozenset[str], remember: bool
    ) -> Turn:
        """Take the agreement of the person who proved, in the session that the page was shown to.

        ``agreed`` are claim names; essential ones that were shown are always among them.
        """
        held = self._transactions.get(login, visitor)
        if held.tx.step is not Step.AGREEING:
            raise LoginRefused(LOGIN_MOVED, f"an agreement at {held.tx.step}", tx=held.tx)
        with self._ending.deciding(held.tx, held), self._ledger.begin() as unit:
            standing = self._gather.of_the_page(unit, held.tx, visitor)
            given = agreeing.all_was_shown(held.tx, standing.offers)
            if given:
                standing = agreeing.agreed(standing, agreed, remember=remember)
            outcome = self._ending.decide(unit, standing, given=given)
        return self._after(outcome, held, visitor)

    def know(self, login: Login, visitor: Visitor, *, phone: str, said: str) -> Turn:
        """Take what the person says of a new phone (``knowing.Said``), and go on."""
        held = self._knowing.take(
            self._transactions.get(login, visitor), visitor, phone=phone, said=said
        )
        with self._ending.deciding(held.tx, held), self._ledger.begin() as unit:
            outcome = self._ending.decide(unit, self._gather.of_the_page(unit, held.tx, visitor))
        return self._after(outcome, held, visitor)

    def cancel(self, login: Login, visitor: Visitor) -> Turn:
        """End the login because the person says no: the e-service is told ``access_denied``."""
        held = self._transactions.get(login, visitor)
        client = self._client(held.tx)
        # First the phone: nothing that it says from now on is heard.
        self._proving.leave(held.tx, client, visitor)
        return self._denied(self._ending.cancel(held), client)

    def _refused(self, held: Held, client: Client, problem: Problem) -> Turn:
        """End a login that its person refused elsewhere: on the phone."""
        return self._denied(self._ending.refuse(held, problem, proven=True), client)

    def _denied(self, over: Transaction, client: Client) -> Turn:
        answer = refusal(reply_to(over.request), ACCESS_DENIED, issuer=self._issuer)
        return Turn(tx=over, client=client, page=Page.DONE, answer=answer)

    def restart(self, login: Login, visitor: Visitor) -> Turn:
        """Go back to the choice of a means; an expired login starts again under a new id."""
        held = self._transactions.own(login, visitor)
        if held.tx.step in transaction.OVER:
            raise LoginRefused(LOGIN_SPENT, f"step is {held.tx.step}", tx=held.tx)
        if self._transactions.expired(held.tx):
            return self._proceed(self._transactions.again(held.tx, visitor), visitor)
        restarted = transaction.restart(held.tx)
        client = self._client(held.tx)
        self._proving.leave(held.tx, client, visitor)
        return self._choosing(restarted, held, client, visitor)

    def end_session(self, visitor: Visitor, *, why: str) -> Ended | None:
        """End the browser's session with its whole sign-on; ``None`` if it has none."""
        if visitor.session is None:
            return None
        with self._ledger.begin() as unit:
            # One that was succeeded too: a browser may never have got the cookie after it.
            session = sessions.find(unit, visitor.session)
            if session is None:
                return None
            return sessions.end(unit, session, at=self._now(), why=why)

    def form_token(self, tx: Transaction) -> str:
        """Give what every form of this login's pages carries: bound to login, browser, session."""
        return forms.form_token(self._vault, tx)

    def check_form(self, tx_id: str, visitor: Visitor, token: str | None) -> Held:
        """Give the login to go on with, if the form is of its pages. Raises: Refused."""
        held = self._transactions.own(tx_id, visitor)
        forms.demand(self._vault, held.tx, token)
        return held

    # --- what the turns above have in common ------------------------------------------------------

    def _stand(self, held: Held, visitor: Visitor) -> Turn:
        """Show an open transaction at the step where it stands."""
        tx = held.tx
        if tx.step is not Step.AGREEING:
            return self._proceed(tx, visitor, held=held)
        # Comparing a hinted subject may write the subject of a pair that is new.
        with self._ledger.begin() if tx.request.subject_hint else self._ledger.read() as unit:
            standing = self._gather.of_the_page(unit, tx, visitor)
        return self._asking(standing, held)

    def _proceed(self, tx: Transaction, visitor: Visitor, *, held: Held | None = None) -> Turn:
        """Go as far as the browser's session allows: to the end, to consent, or to a login."""
        with (
            self._ending.deciding(tx, held),
            # Only a browser with a session can bring anything to write.
            self._ledger.begin() if visitor.session else self._ledger.read() as unit,
        ):
            client = self._gather.client(unit, tx)
            session = sessions.find(unit, visitor.session)
            standing = self._gather.standing(unit, tx, client, session=session)
            outcome = self._ending.decide(unit, standing)
        sessions.note_old_cookie(session, client=client.id)
        # One that lapsed or was succeeded keeps its cookie: the next login ends what hangs off it.
        gone = session is None or session.ended_at is not None
        turn = self._after(outcome, held, visitor)
        return replace(turn, clear_session=True) if visitor.session is not None and gone else turn

    def _after(self, outcome: Outcome, held: Held | None, visitor: Visitor) -> Turn:
        """Move the transaction to what was decided, and show it."""
        standing, tx = outcome.standing, outcome.standing.tx
        if outcome.answer is not None:
            over = tx if held is None else self._transactions.close(held, tx)
            return Turn(tx=over, client=standing.client, page=Page.DONE, answer=outcome.answer)
        if outcome.verdict is not None and outcome.verdict.next in _ASKED:
            return self._asking(standing, held)
        if tx.step is Step.PROVING and held is not None:
            turn = self._proving.again(held, standing.client, visitor)
        else:
            if tx.step is not Step.CHOOSING:
                tx = transaction.restart(tx if held is None else held.tx)
            turn = self._choosing(tx, held, standing.client, visitor)
        if outcome.verdict is not None and outcome.verdict.next is Next.OTHERWISE:
            return replace(turn, trouble=outcome.verdict.problem)
        return turn

    def _asking(self, standing: Standing, held: Held | None) -> Turn:
        """Show the consent page, noting which claims it shows and to whose session.

        Before it, what is to be asked about new phones.
        """
        tx, session, person = standing.tx, standing.session, standing.person
        assert session is not None
        if standing.waiting:
            return knowing.question(self._store(tx, held), standing)
        if tx.step is not Step.AGREEING:
            tx = transaction.prove(tx, event=session.event, session=session.key, fresh=False)
        tx = self._store(replace(tx, offered=agreeing.shown(standing.offers)), held)
        return Turn(
            tx=tx,
            client=standing.client,
            page=Page.CONSENT,
            methods=self._gather.methods(tx, standing.client),
            offers=standing.offers,
            person_name=None if person is None else full_name(person),
        )

    def _store(self, tx: Transaction, held: Held | None) -> Transaction:
        if held is None:
            return self._transactions.keep(tx)
        return tx if tx == held.tx else self._transactions.move(held, tx).tx

    def _choosing(
        self, tx: Transaction, held: Held | None, client: Client, visitor: Visitor
    ) -> Turn:
        """Show the choice of a means; where there is only one, nobody has to choose it."""
        methods = self._gather.methods(tx, client)
        if len(methods) == 1:
            tx = self._store(self._proving.chosen(tx, client, visitor, methods[0]), held)
            return self._proving.turn(tx, client, visitor, methods=methods)
        tx = self._store(tx, held)
        return Turn(tx=tx, client=client, page=Page.CHOOSE, methods=methods)

    def _client(self, tx: Transaction) -> Client:
        with self._ledger.read() as unit:
            return self._gather.client(unit, tx)


def _binding(turn: Turn, browser: Browser) -> Turn:
    """Give a turn that sets the cookie of a browser that had none."""
    made = browser.new_cookie
    return turn if made is None else replace(turn, set_binding=made)
