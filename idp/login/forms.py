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
    from idp.errors import Problem
    from idp.store.ports import Vault

_OWNER: Final = "form"
_SHOWN: Final = "form-shown"


def form_token(vault: Vault, tx: Transaction) -> str:
    """Give the token of a login's forms: bound to the login, its browser and its session.

    A second part is bound to what the consent page shows, so that a page which is overtaken by
    another tab can be told from a forged one.
    """
    return f"{_owner(vault, tx)}.{_shown(vault, tx)}"


def demand(vault: Vault, tx: Transaction, token: str | None) -> None:
    """Compare in constant time.

    Raises:
        LoginRefused: LOGIN_MOVED or LOGIN_SPENT for a page of this login that was overtaken: from
            before somebody proved who they are, or a consent page that shows something else than
            the latest one; FORM_FORGED for anything else.
    """
    owner, _, shown = (token or "").partition(".")
    if _same(_owner(vault, tx), owner):
        if _same(_shown(vault, tx), shown):
            return
        raise LoginRefused(_overtaken(tx), "a form that shows something else", tx=tx)
    if _same(_owner(vault, replace(tx, session=None)), owner):
        raise LoginRefused(_overtaken(tx), "a form from before the proof", tx=tx)
    raise LoginRefused(FORM_FORGED, "another form token, or none", tx=tx)


def _overtaken(tx: Transaction) -> Problem:
    return LOGIN_SPENT if tx.step in OVER else LOGIN_MOVED


def _same(made: str, sent: str) -> bool:
    return hmac.compare_digest(made.encode(), sent.encode("utf-8", "surrogatepass"))


def _owner(vault: Vault, tx: Transaction) -> str:
    return _fingerprint(vault, _OWNER, tx.id, tx.binding, tx.session or "")


def _shown(vault: Vault, tx: Transaction) -> str:
    return _fingerprint(vault, _SHOWN, tx.id, *tx.offered)


def _fingerprint(vault: Vault, purpose: str, *bound: str) -> str:
    made = vault.fingerprint(purpose, "\x00".join(bound).encode())
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()
