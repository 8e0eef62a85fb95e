"""EID-01, EID-03: a challenge is answered once, by the browser and the login it was made for."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Barrier, current_thread, main_thread
from typing import TYPE_CHECKING

import pytest

from idp.domain.event import MethodName
from idp.errors import CARD_CHALLENGE_UNKNOWN, CARD_SIGNATURE_WRONG, LOGIN_MOVED, Refused
from idp.login.flow import Page
from idp.store.ports import VersionConflict
from tests.world import tokens

if TYPE_CHECKING:
    from tests.unit.login.house import House

AT_ONCE = 16


def answered_at_once(house: House, rounds: int) -> list[list[str]]:
    """Answer one challenge from many threads at once; what each was told, by round."""
    told = []
    for _ in range(rounds):
        browser = house.browser()
        browser.open()
        browser.choose(MethodName.CARD)
        token, login, visitor = browser.token(), browser.tx.id, browser.visitor
        barrier = threading.Barrier(AT_ONCE)

        def answer(
            barrier: threading.Barrier = barrier,
            login: str = login,
            visitor: object = visitor,
            token: str = token,
        ) -> str:
            flow = house.worker()
            barrier.wait()
            try:
                turn = flow.prove(login, visitor, MethodName.CARD, token)  # type: ignore[arg-type]
            except Refused as refused:
                return refused.problem.code
            return turn.page.value if turn.trouble is None else turn.trouble.code

        with ThreadPoolExecutor(AT_ONCE) as pool:
            told.append([f.result() for f in [pool.submit(answer) for _ in range(AT_ONCE)]])
    return told


def test_eid_01_of_sixteen_answers_at_once_exactly_one_is_taken(house: House) -> None:
    rounds = 5
    for told in answered_at_once(house, rounds):
        assert len([word for word in told if word in {Page.CONSENT, Page.DONE}]) == 1
        assert set(told) <= {Page.CONSENT, Page.DONE, LOGIN_MOVED.code}
    assert house.audited().count("login.proven") == rounds


def test_eid_01_a_challenge_is_gone_before_anything_is_verified(house: House) -> None:
    browser = house.browser()
    browser.open()
    browser.choose(MethodName.CARD)
    first = browser.token()
    assert browser.answer(browser.token(nonce="A" * 43 + "=")).trouble is CARD_SIGNATURE_WRONG
    assert browser.answer(first).trouble is CARD_SIGNATURE_WRONG
    assert house.world.calls == []


def test_eid_01_a_login_that_reappears_with_its_challenge_proves_nothing_twice(
    house: House,
) -> None:
    browser = house.browser()
    browser.open()
    browser.choose(MethodName.CARD)
    token = browser.token()
    before = dict(house.ephemeral._values)
    assert browser.answer(token).page is Page.CONSENT
    house.ephemeral._values.update(before)
    with pytest.raises(Refused) as refused:
        browser.answer(token)
    assert refused.value.problem is CARD_CHALLENGE_UNKNOWN
    assert house.audited().count("login.proven") == 1


def test_eid_01_the_races_would_show_a_store_that_does_not_compare(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: with a swap that always succeeds, only the Ledger's mark is left."""
    real = house.ephemeral.swap
    arrivals, both = count(), Barrier(2)

    def careless(key: str, value: bytes, *, version: int, lasts: object) -> None:
        # The first two answers meet here: neither has moved what the other one read.
        if current_thread() is not main_thread() and next(arrivals) < both.parties:
            both.wait(30)
        try:
            real(key, value, version=version, lasts=lasts)  # type: ignore[arg-type]
        except VersionConflict:
            house.ephemeral.put(key, value, lasts=lasts)  # type: ignore[arg-type]

    monkeypatch.setattr(house.ephemeral, "swap", careless)
    (told,) = answered_at_once(house, 1)
    assert set(told) != {Page.CONSENT, LOGIN_MOVED.code}
    assert house.audited().count("login.proven") == 1


def test_eid_03_the_challenge_of_another_browser_or_login_is_refused(house: House) -> None:
    one, other = house.browser(), house.browser()
    for browser in (one, other):
        browser.open()
        browser.choose(MethodName.CARD)
    theirs = other.token()
    assert one.answer(theirs).trouble is CARD_SIGNATURE_WRONG
    one.open()
    one.choose(MethodName.CARD)
    mine = one.token()
    one.open()
    one.choose(MethodName.CARD)
    assert one.answer(mine).trouble is CARD_SIGNATURE_WRONG
    assert other.answer(theirs).page is Page.CONSENT


def test_eid_03_a_token_made_for_another_site_is_refused(house: House) -> None:
    browser = house.browser()
    browser.open()
    turn = browser.card(tokens.card(), origin="https://evil.example")
    assert turn.trouble is CARD_SIGNATURE_WRONG
    assert browser.session is None
