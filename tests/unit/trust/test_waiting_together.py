"""Many logins at once: one question for one card, and a limit on questions under way."""

from __future__ import annotations

import datetime as dt
import threading
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from cardreader.errors import RevocationUnavailable
from cardreader.trust.breaker import Breaker
from cardreader.trust.flights import Flights
from cardreader.trust.revocation import RevocationLimits
from tests.world import tokens
from tests.world.tokens import NOW, Provider

if TYPE_CHECKING:
    from cardreader.trust.ports import FetchAnswer, FetchRequest


class Held:
    """Holds every call until the test lets go."""

    def __init__(self, provider: Provider) -> None:
        self._answer = provider.world
        self.arrived = threading.Semaphore(0)
        self.go = threading.Event()
        self.only = ""

    def __call__(self, request: FetchRequest) -> FetchAnswer:
        if self.only not in request.url:
            return self._answer(request)
        self.arrived.release()
        assert self.go.wait(timeout=30)
        return self._answer(request)


def held(**limits: Any) -> tuple[Provider, Held]:
    provider = Provider(limits=RevocationLimits(**limits))
    gate = Held(provider)
    steps = provider.server._checks
    owner = next(step for step in steps if step.__name__ == "not_revoked").__self__  # type: ignore[attr-defined]
    owner._fetch = gate
    return provider, gate


def test_eight_logins_with_one_card_ask_its_issuer_once() -> None:
    provider, gate = held(calls=8)
    with ThreadPoolExecutor(8) as pool:
        logins = [pool.submit(provider.card) for _ in range(8)]
        assert gate.arrived.acquire(timeout=30)
        gate.go.set()
        assert {login.result().surname for login in logins} == {"Specimen"}
    assert len(provider.world.calls) == 1


def test_more_questions_than_allowed_are_refused_and_hold_no_thread() -> None:
    provider, gate = held(calls=2, place_seconds=0)
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


def test_a_hundred_logins_at_a_silent_issuer_hold_two_threads_and_no_more() -> None:
    # Two ask and get no answer; those who come later would wait half a minute each for a place.
    provider, gate = held(calls=2, place_seconds=30)
    made = [tokens.country().issue(tokens.request()) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        stuck = [
            pool.submit(provider.login, card.authentication, card.authentication_key)
            for card in made
        ]
        assert all(gate.arrived.acquire(timeout=30) for _ in stuck)
        provider.world.now += dt.timedelta(seconds=31)
        for _ in range(100):
            with pytest.raises(RevocationUnavailable, match="under way"):
                provider.card()
        gate.go.set()
        assert {login.result().surname for login in stuck} == {"Specimen"}
    # And when the issuer speaks again, everybody gets in.
    assert provider.card().surname == "Specimen"


def test_a_reuse_beyond_five_minutes_cannot_be_configured() -> None:
    with pytest.raises(ValueError, match="five minutes"):
        RevocationLimits(reuse=dt.timedelta(minutes=6))


def test_a_login_that_waits_for_another_takes_a_place_too() -> None:
    provider, gate = held(calls=2, place_seconds=0)
    with ThreadPoolExecutor(3) as pool:
        futures = [pool.submit(provider.card) for _ in range(3)]
        assert gate.arrived.acquire(timeout=30)
        # One asks, one waits for it; the third is refused while both are still at it.
        (refused,) = wait(futures, timeout=30, return_when=FIRST_COMPLETED).done
        assert isinstance(refused.exception(), RevocationUnavailable)
        gate.go.set()
    assert [future.exception() is None for future in futures].count(True) == 2


def test_many_cards_of_one_issuer_fetch_its_list_once() -> None:
    provider, gate = held(calls=8)
    provider.world.ocsp_down = True
    gate.only = "/crl/"
    cards = [tokens.country().issue(tokens.request()) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        logins = [
            pool.submit(provider.login, made.authentication, made.authentication_key)
            for made in cards
        ]
        assert gate.arrived.acquire(timeout=30)
        gate.go.set()
        assert {login.result().checked.method for login in logins} == {"crl"}
    assert sum("/crl/" in url for url in provider.world.calls) == 1


def test_a_question_that_failed_is_asked_again_by_the_next_login() -> None:
    provider = Provider()
    provider.world.ocsp_down = provider.world.crl_down = True
    with pytest.raises(RevocationUnavailable):
        provider.card()
    provider.world.ocsp_down = False
    assert provider.card().checked.method == "ocsp"


# --- the breaker ---------------------------------------------------------------------------------


def asked(provider: Provider) -> int:
    return sum("/ocsp/" in url for url in provider.world.calls)


def test_a_responder_that_is_away_is_left_alone_for_ten_seconds_and_then_tried_once() -> None:
    provider = Provider()
    provider.world.ocsp_down = True
    cards = [tokens.country().issue(tokens.request()) for _ in range(9)]

    def login(number: int) -> str:
        made = cards[number]
        return provider.login(made.authentication, made.authentication_key).checked.method

    assert {login(number) for number in range(7)} == {"crl"}
    assert asked(provider) == 5
    provider.world.now += dt.timedelta(seconds=11)
    assert login(7) == "crl"
    assert login(8) == "crl"
    assert asked(provider) == 6


def test_a_responder_that_is_back_closes_the_breaker() -> None:
    provider = Provider()
    provider.world.ocsp_down = True
    for _ in range(5):
        made = tokens.country().issue(tokens.request())
        provider.login(made.authentication, made.authentication_key)
    provider.world.ocsp_down = False
    assert provider.card().checked.method == "crl"
    provider.world.now += dt.timedelta(seconds=11)
    assert (
        provider.card().checked.method == "crl"
    )  # reused: a verified answer, not five minutes old
    for _ in range(2):
        made = tokens.country().issue(tokens.request())
        found = provider.login(made.authentication, made.authentication_key)
        assert found.checked.method == "ocsp"


def test_a_responder_without_a_list_behind_it_refuses_at_once_while_it_rests() -> None:
    trusted = tokens.anchors()
    cas = tuple(replace(ca, crl=()) for ca in trusted.cas)
    provider = Provider(trusted=replace(trusted, cas=cas))
    provider.world.ocsp_down = True
    for _ in range(8):
        with pytest.raises(RevocationUnavailable):
            provider.card()
    assert asked(provider) == 5


def test_where_responder_and_list_are_silent_both_are_left_alone() -> None:
    provider = Provider()
    provider.world.ocsp_down = provider.world.crl_down = True
    for _ in range(20):
        with pytest.raises(RevocationUnavailable):
            provider.card()
    assert len(provider.world.calls) == 10  # five each; the other fifteen were refused at once
    provider.world.crl_down = False
    provider.world.now += dt.timedelta(seconds=11)
    assert provider.card().checked.method == "crl"


def test_a_responder_that_flaps_lets_every_login_in_by_one_way_or_the_other() -> None:
    provider = Provider()
    methods = []
    for number in range(12):
        provider.world.ocsp_down = bool(number % 2)
        made = tokens.country().issue(tokens.request())
        methods.append(provider.login(made.authentication, made.authentication_key).checked.method)
    assert methods == ["ocsp", "crl"] * 6


def test_the_breaker_follows_a_clock_that_goes_back() -> None:
    breaker = Breaker(failures=1)
    breaker.failed("a", NOW)
    assert not breaker.admits("a", NOW)
    assert breaker.admits("a", NOW - dt.timedelta(hours=1))
    assert breaker.admits("b", NOW)


def test_a_wait_for_anothers_answer_ends() -> None:
    flights: Flights[str, int] = Flights(patience=0.01)
    inside, go = threading.Event(), threading.Event()

    def slow() -> int:
        inside.set()
        assert go.wait(timeout=30)
        return 1

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(flights.ask, "key", slow)
        assert inside.wait(timeout=30)
        with pytest.raises(RevocationUnavailable, match="in time"):
            flights.ask("key", slow)
        go.set()
        assert first.result() == 1


def test_a_fault_of_ours_is_no_good_answer_for_those_who_wait() -> None:
    flights: Flights[str, int] = Flights(patience=30)
    inside, go = threading.Event(), threading.Event()

    def broken() -> int:
        inside.set()
        assert go.wait(timeout=30)
        raise ZeroDivisionError

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(flights.ask, "key", broken)
        assert inside.wait(timeout=30)
        second = pool.submit(flights.ask, "key", lambda: 1)
        while not second.running():
            pass
        go.set()
        assert isinstance(first.exception(), ZeroDivisionError)
    assert isinstance(second.exception(), RevocationUnavailable) or second.result() == 1
