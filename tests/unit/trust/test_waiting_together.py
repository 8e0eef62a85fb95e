"""Many logins at once: one question for one card, and a limit on questions under way."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from cardreader.errors import RevocationUnavailable
from cardreader.trust.revocation import RevocationLimits
from tests.world import tokens
from tests.world.tokens import Provider

if TYPE_CHECKING:
    from cardreader.trust.ports import FetchAnswer, FetchRequest


class Held:
    """Holds every call until the test lets go."""

    def __init__(self, provider: Provider) -> None:
        self._answer = provider.world
        self.arrived = threading.Semaphore(0)
        self.go = threading.Event()

    def __call__(self, request: FetchRequest) -> FetchAnswer:
        self.arrived.release()
        assert self.go.wait(timeout=30)
        return self._answer(request)


def held() -> tuple[Provider, Held]:
    provider = Provider(limits=RevocationLimits(calls=2))
    gate = Held(provider)
    steps = provider.server._checks
    owner = next(step for step in steps if step.__name__ == "not_revoked").__self__  # type: ignore[attr-defined]
    owner._fetch = gate
    return provider, gate


def test_eight_logins_with_one_card_ask_its_issuer_once() -> None:
    provider, gate = held()
    with ThreadPoolExecutor(8) as pool:
        logins = [pool.submit(provider.card) for _ in range(8)]
        assert gate.arrived.acquire(timeout=30)
        gate.go.set()
        assert {login.result().surname for login in logins} == {"Specimen"}
    assert len(provider.world.calls) == 1


def test_more_questions_than_allowed_are_refused_at_once_and_hold_no_thread() -> None:
    provider, gate = held()
    cards = [tokens.country().issue(tokens.request()) for _ in range(3)]
    with ThreadPoolExecutor(2) as pool:
        waiting = [
            pool.submit(provider.login, made.authentication, made.authentication_key)
            for made in cards[:2]
        ]
        assert all(gate.arrived.acquire(timeout=30) for _ in waiting)
        with pytest.raises(RevocationUnavailable):
            provider.login(cards[2].authentication, cards[2].authentication_key)
        gate.go.set()
        assert {login.result().surname for login in waiting} == {"Specimen"}


def test_a_reuse_beyond_five_minutes_cannot_be_configured() -> None:
    import datetime as dt

    with pytest.raises(ValueError, match="five minutes"):
        RevocationLimits(reuse=dt.timedelta(minutes=6))
