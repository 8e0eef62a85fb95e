"""``POST /testing/ciba``: approve or deny a back-channel request without a phone.

The certification plans drive it; it exists in the ``conformance`` environment alone, and only
where the request is of a seeded person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from werkzeug.wrappers import Response

from idp.errors import INVALID_GRANT, INVALID_REQUEST, Refused
from idp.oidc import tokens
from idp.store.pings import queue_ping

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from werkzeug.wrappers import Request

    from idp.store.ports import Ledger

PATH: Final = "/testing/ciba"
_ACTIONS: Final = frozenset({"allow", "deny"})
_NO_CONTENT: Final = 204


class TestingHook:
    """Decides in the place of a person."""

    __test__ = False

    def __init__(self, ledger: Ledger, *, now: Callable[[], datetime]) -> None:
        self._ledger = ledger
        self._now = now

    def post(self, request: Request) -> Response:
        """Decide the request that the query names; the first decision stands.

        Raises:
            Refused: INVALID_REQUEST, INVALID_GRANT.
        """
        action = request.args.get("action", "")
        if action not in _ACTIONS:
            raise Refused(INVALID_REQUEST, "action is allow or deny")
        asked = tokens.read(request.args.get("auth_req_id", ""), INVALID_GRANT)
        with self._ledger.begin() as unit:
            found = unit.backchannel.find(asked.hash)
            if found is None or found.username is None:
                raise Refused(INVALID_GRANT, "no such request of a seeded person")
            if unit.backchannel.decide(asked.hash, decision=action):
                queue_ping(unit, found, at=self._now())
        return Response(status=_NO_CONTENT)
