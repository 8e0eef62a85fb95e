"""CIBA-02: nothing tells a known person from an unknown one, and time is made of work.

A clock of a test would measure the machine. What takes time is counted instead, in its order: each
statement, each seal that is made or opened, each keyed hash, each slow hash, each signature, each
call of the Ephemeral store. Two requests that do the same, in the same order, take the same time.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import pytest

from idp.domain.person import PersonState
from idp.store.embedded.ephemeral import EmbeddedEphemeral
from idp.store.slow_hash import SlowHash
from idp.store.sql.sqlite import SqliteLink
from keys.signer import Signer
from keys.store import SealedVault
from mobile_flow.model import PersonRef, PushSubscription
from tests.flows.phone.house import AN, DAY, SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.flows.ciba.asker import Asker

COUNTED: Final = (
    (SqliteLink, ("_execute",), lambda given: given[0].sqlite),
    (SealedVault, ("seal", "open", "fingerprint"), lambda given: given[0]),
    (SlowHash, ("hash", "verify"), lambda _: ""),
    (Signer, ("sign",), lambda _: ""),
    (EmbeddedEphemeral, ("put", "get", "take", "swap", "bump", "hint"), lambda _: ""),
)
CODE: Final = "Maan licht 77"
KINDS: Final = ("with a phone", "with two phones", "without a phone", "suspended", "reported")


class Counter:
    """Everything that was done since ``begun``."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.done: list[str] = []
        for owner, verbs, told in COUNTED:
            for verb in verbs:
                self._watch(monkeypatch, owner, verb, told)

    def _watch(self, monkeypatch: pytest.MonkeyPatch, owner: Any, verb: str, told: Any) -> None:
        plain = getattr(owner, verb)

        def counted(this: Any, *given: Any, **named: Any) -> Any:
            self.done.append(f"{owner.__name__}.{verb} {told(given)}")
            return plain(this, *given, **named)

        monkeypatch.setattr(owner, verb, counted)

    @contextmanager
    def begun(self) -> Iterator[list[str]]:
        self.done = []
        yield self.done


@pytest.fixture
def counter(shop: Asker, monkeypatch: pytest.MonkeyPatch) -> Counter:
    shop.delivers = False  # as in life: the housekeeper comes after the answer
    return Counter(monkeypatch)


def become(shop: Asker, kind: str) -> None:
    """Let An be somebody of this kind."""
    phones = {"with a phone": 1, "with two phones": 2, "reported": 1}.get(kind, 0)
    house = shop.house
    for _ in range(phones):
        house.phone()
    with house.services.ledger.begin() as unit:
        for phone in unit.phones.devices(PersonRef(AN)):
            push = PushSubscription(endpoint="https://push.example/1", p256dh="x", auth="y")
            unit.phones.set_push(phone.id, push)
        if kind == "suspended":
            unit.people.set_state(AN, PersonState.SUSPENDED, at=house.at)
        if kind == "reported":
            unit.phones.freeze(PersonRef(AN), kind="push", until=house.at + DAY)


def work_of(counter: Counter, send: Any) -> tuple[list[str], int, dict[str, Any]]:
    with counter.begun() as done:
        answer = send()
    return list(done), answer.status_code, dict(answer.json)


@pytest.mark.parametrize("kind", KINDS)
def test_ciba_02_accepting_is_the_same_work_for_anybody(
    shop: Asker, counter: Counter, kind: str
) -> None:
    become(shop, kind)
    shop.send()  # the first one fills caches
    known = work_of(counter, shop.send)
    unknown = work_of(counter, lambda: shop.send(login_hint="nobody-at-the-shop"))
    assert known[0] == unknown[0]
    assert known[1] == unknown[1] == 200
    assert {**known[2], "auth_req_id": ""} == {**unknown[2], "auth_req_id": ""}
    assert any(one.startswith("SqliteLink") for one in known[0])
    assert not any("SlowHash" in one or "Signer" in one for one in known[0])
    assert shop.waiting_messages("push") == []  # nothing left before the answer


@pytest.mark.parametrize("kind", KINDS)
def test_ciba_02_waiting_is_the_same_work_for_anybody(
    shop: Asker, counter: Counter, kind: str
) -> None:
    become(shop, kind)
    asked, nobody = shop.ask(), shop.ask(login_hint="nobody-at-the-shop")
    shop.deliver()
    other = shop.ask(login_hint="nobody-else")
    for waits in (asked, nobody, other, other):
        shop.poll(waits)  # the first refusal of a kind in a minute leaves word of it, whoever asks
    for _ in range(2):  # in patience and out of it
        known = work_of(counter, lambda: shop.poll(asked))
        unknown = work_of(counter, lambda: shop.poll(nobody))
        assert known[0] == unknown[0]
        assert known[1:] == unknown[1:]
        shop.house.wait(10 * SECOND)
    assert known[2]["error"] == "authorization_pending"


@pytest.mark.parametrize("set_code", [True, False])
@pytest.mark.parametrize("tries", [1, 8])
def test_ciba_02_a_wrong_user_code_is_the_same_work_for_anybody(
    shop: Asker, counter: Counter, tries: int, *, set_code: bool
) -> None:
    shop.register(backchannel_user_code=True)
    become(shop, "with a phone")
    if set_code:
        shop.house.services.user_codes.choose(AN, CODE)
    shop.send(user_code="warm up", login_hint="somebody")
    for _ in range(tries):  # also where no tries are left
        known = work_of(counter, lambda: shop.send(user_code="wrong one"))
        unknown = work_of(
            counter, lambda: shop.send(user_code="wrong one", login_hint="nobody-at-the-shop")
        )
        assert known[0] == unknown[0]
        assert known[1:] == unknown[1:]
        assert known[2]["error"] == "invalid_user_code"
        assert sum("SlowHash" in one for one in known[0]) == 1


def test_the_counter_sees_what_is_not_the_same(shop: Asker, counter: Counter) -> None:
    """What comes after the answer does differ, and so does the right code."""
    become(shop, "with a phone")
    shop.send()
    shop.send(login_hint="nobody-at-the-shop")
    with shop.house.services.ledger.read() as unit:
        mine, nobodys = [one.body for one in unit.outbox.due(at=shop.house.at, limit=9)][-2:]
    with counter.begun() as done:
        shop.delivering.deliver(mine)
    known = list(done)
    with counter.begun() as done:
        shop.delivering.deliver(nobodys)
    assert len(known) > len(done) > 0
    assert len(shop.waiting_messages("push")) == 1
