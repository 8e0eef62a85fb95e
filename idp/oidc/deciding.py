"""One unit of work that commits what it decided, also when it decided to refuse.

A spent code, a spent assertion, an ended grant must stay so although the answer is a refusal. Only
a store that failed rolls back: then nothing was decided and the client may try the same again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from idp.errors import Refused
from idp.store.ports import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from idp.oidc.client_auth import Caller
    from idp.store.ports import Ledger, Unit

_T = TypeVar("_T")


def decided(ledger: Ledger, caller: Caller, work: Callable[[Unit], _T]) -> _T:
    """Spend the caller's assertion and do ``work``, in one commit; then answer or refuse.

    ``work`` refuses before it writes, or wants what it wrote to stay.

    Raises:
        Refused: as ``work`` does, after the commit; INVALID_CLIENT for a replayed assertion and
            UNAVAILABLE for a store that failed, both with nothing committed.
    """
    with ledger.begin() as unit:
        caller.claim(unit)
        try:
            return work(unit)
        except StoreUnavailable:
            raise
        except Refused as refused:
            refusal = refused
    raise refusal
