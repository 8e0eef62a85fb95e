"""The path of a login, one turn a method, down the page: open, choose, prove, agree, complete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from idp.login.turn import EndedSession, LoginRefused, Page, Turn, Visitor

if TYPE_CHECKING:
    from idp.domain.event import MethodName
    from idp.domain.request import AuthorizationRequest
    from idp.domain.transaction import Transaction

__all__ = ["EndedSession", "LoginFlow", "LoginRefused", "Page", "Turn", "Visitor"]


class LoginFlow:
    """Logins of browsers. Every verb may raise ``Refused``, ``LoginRefused`` (with the
    transaction, to the browser that owns it) or ``RefusedToClient``.
    """

    def open(
        self, request: AuthorizationRequest, visitor: Visitor, *, cookies_seen: bool
    ) -> Turn:
        """Open a transaction for a request, or join the one this browser has for it.

        ``cookies_seen=False`` (a cross-site POST): send the browser to /login/<id> by 303.
        """
        raise NotImplementedError

    def visit(self, tx_id: str, visitor: Visitor) -> Turn:
        """GET /login/<id>: show where the login stands."""
        raise NotImplementedError

    def choose(self, tx_id: str, visitor: Visitor, method: MethodName) -> Turn:
        """A means was chosen; the card gets its challenge (``turn.tx.challenge``)."""
        raise NotImplementedError

    def prove(self, tx_id: str, visitor: Visitor, method: MethodName, answer: str) -> Turn:
        """The Web eID token as JSON text, or the seeded user name."""
        raise NotImplementedError

    def consent(
        self, tx_id: str, visitor: Visitor, *, agreed: frozenset[str], remember: bool
    ) -> Turn:
        """The person agrees to these claims; essential ones are always among them."""
        raise NotImplementedError

    def cancel(self, tx_id: str, visitor: Visitor) -> Turn:
        """The person says no: DONE with access_denied."""
        raise NotImplementedError

    def restart(self, tx_id: str, visitor: Visitor) -> Turn:
        """Back to the choice of a means; an expired login gets a new transaction (new id)."""
        raise NotImplementedError

    def form_token(self, tx: Transaction, visitor: Visitor) -> str:
        """Give what every form of this login's pages carries."""
        raise NotImplementedError

    def check_form(self, tx_id: str, visitor: Visitor, token: str | None) -> None:
        """Refuse a form that did not come from a page of this login in this browser."""
        raise NotImplementedError

    def end_session(self, visitor: Visitor, *, why: str) -> EndedSession | None:
        """End the browser's session; ``None`` if it has none."""
        raise NotImplementedError
