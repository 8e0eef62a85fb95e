"""What proves that a form came from this login's own page in this browser."""

from __future__ import annotations

import base64
import hmac
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from idp.domain.transaction import OVER
from idp.errors import FORM_FORGED, LOGIN_MOVED, LOGIN_SPENT
from idp.login.turn import LoginRefused

if TYPE_CHECKING:
    from idp.domain.transaction import Transaction
    from idp.store.ports import Vault

_PURPOSE: Final = "form"


def form_token(vault: Vault, tx: Transaction) -> str:
    """Give the token of a login's forms: bound to the login, its browser and its session."""
    bound = "\x00".join((tx.id, tx.binding, tx.session or ""))
    made = vault.fingerprint(_PURPOSE, bound.encode())
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()


def demand(vault: Vault, tx: Transaction, token: str | None) -> None:
    """Compare in constant time.

    Raises:
        LoginRefused: LOGIN_MOVED or LOGIN_SPENT for a page of this login from before somebody
            proved who they are (another tab went on), FORM_FORGED for anything else.
    """
    sent = (token or "").encode("utf-8", "surrogatepass")
    if hmac.compare_digest(form_token(vault, tx).encode(), sent):
        return
    before = form_token(vault, replace(tx, session=None))
    if hmac.compare_digest(before.encode(), sent):
        problem = LOGIN_SPENT if tx.step in OVER else LOGIN_MOVED
        raise LoginRefused(problem, "a form from before the proof", tx=tx)
    raise LoginRefused(FORM_FORGED, "another form token, or none", tx=tx)
