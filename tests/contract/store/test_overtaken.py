"""Two units of work at once, one overtaking the other at the worst moment: nothing slips through.

On SQLite the second writer waits before it begins; on PostgreSQL it waits in the middle, and then
sees less than the first one wrote unless it looks again.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from idp.domain.session import SessionKey
from idp.store.ports import Duplicate, StoreUnavailable
from tests.contract.store.stand_ins import MINUTE, START, a_session
from tests.contract.store.test_backchannel import a_request

if TYPE_CHECKING:
    from idp.store.ports import Ledger

FIRST, SECOND, THIRD = SessionKey("session-1"), SessionKey("session-2"), SessionKey("session-3")
SOON = 0.3


def test_a_sign_on_that_is_renewed_while_it_ends_ends_whole(peopled: Ledger) -> None:
    done: list[bool] = []

    def leave() -> None:
        with peopled.begin() as unit:
            done.append(unit.sessions.end(FIRST, at=START + MINUTE) is not None)

    leaving = threading.Thread(target=leave)
    with peopled.begin() as unit:
        assert unit.sessions.succeed(FIRST, a_session(SECOND), at=START)
        leaving.start()
        leaving.join(SOON)  # it waits for this unit's commit, wherever the store lets it wait
        assert unit.sessions.succeed(SECOND, a_session(THIRD), at=START)
    leaving.join()
    assert done == [True]
    with peopled.read() as unit:
        found = [unit.sessions.get(key) for key in (FIRST, SECOND, THIRD)]
    assert [session and session.ended_at for session in found] == [START + MINUTE] * 3


def test_a_unit_that_the_database_gave_up_is_never_told_committed(peopled: Ledger) -> None:
    """A statement that failed takes the whole unit along, even where its error was caught."""
    with peopled.begin() as unit:
        unit.backchannel.add(a_request())

    def careless() -> None:
        with peopled.begin() as unit:
            unit.spend("kind", "key", until=START)
            with pytest.raises(Duplicate):
                unit.backchannel.add(a_request())

    try:
        careless()
    except StoreUnavailable:
        expected = False
    else:
        expected = True
    with peopled.read() as unit:
        assert unit.is_spent("kind", "key") is expected
