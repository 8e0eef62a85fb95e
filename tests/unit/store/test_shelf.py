"""The typed face: keys that tell nothing, values that cannot be moved, read late or read at all."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from idp.domain.client import ClientId
from idp.domain.event import MethodName
from idp.domain.request import AuthorizationRequest, ClaimRequest, Prompt, ResponseMode
from idp.domain.transaction import Agreement, Step, Transaction, TransactionId
from idp.store.memory import MemoryEphemeral
from idp.store.ports import VersionConflict
from idp.store.shelf import Held, Shelf
from tests.contract.store.stand_ins import START, Clock, TestVault, an_event

MINUTE = timedelta(minutes=1)


class OpenMemory(MemoryEphemeral):
    """A memory whose insides an attacker, or a failover, may change."""

    def held(self) -> dict[str, bytes]:
        return {key: held.value for key, (held, _) in self._values.items()}

    def change(self, key: str, value: bytes) -> None:
        held, _ = self._values[key]
        self._values[key] = (replace(held, value=value), self._now() + timedelta(days=1))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def memory(clock: Clock) -> OpenMemory:
    return OpenMemory(now=clock, entropy=secrets.token_bytes)


def shelf_of(memory: OpenMemory, shape: Any, purpose: str = "transaction") -> Shelf[Any]:
    return Shelf(memory, TestVault(), purpose, shape, lasts=MINUTE, now=memory._now)


def a_transaction() -> Transaction:
    return Transaction(
        id=TransactionId("tx-1"),
        request=AuthorizationRequest(
            client_id=ClientId("shop"),
            redirect_uri="https://shop.example/cb",
            response_mode=ResponseMode.FORM_POST,
            scopes=("openid",),
            prompts=(Prompt.LOGIN,),
            id_token_claims=(ClaimRequest(name="acr", essential=True, values=('"eidas3"',)),),
        ),
        binding="ab" * 32,
        step=Step.AGREED,
        opened_at=START,
        expires_at=START + MINUTE,
        method=MethodName.CARD,
        event=an_event(),
        agreement=Agreement(claims=("given_name",), remembered=True, at=START),
    )


def test_a_whole_transaction_comes_back_equal(memory: OpenMemory) -> None:
    shelf = shelf_of(memory, Transaction)
    shelf.put("tx-1", a_transaction())
    assert shelf.get("tx-1") == Held(value=a_transaction(), version=1)
    assert shelf.take("tx-1") == a_transaction()
    assert shelf.take("tx-1") is None


def test_a_swap_needs_the_version_that_was_read(memory: OpenMemory) -> None:
    shelf = shelf_of(memory, str)
    shelf.put("k", "one")
    shelf.swap("k", "two", version=1)
    with pytest.raises(VersionConflict):
        shelf.swap("k", "three", version=1)
    assert shelf.get("k") == Held(value="two", version=2)


def test_bumping_counts(memory: OpenMemory) -> None:
    assert [shelf_of(memory, int).bump("k") for _ in range(2)] == [1, 2]


def test_neither_key_nor_value_is_readable_in_the_store(memory: OpenMemory) -> None:
    shelf_of(memory, str).put("tx-secret", "a private value")
    (key, value), *_ = memory.held().items()
    assert "tx-secret" not in key
    assert len(key) <= 200
    assert b"private" not in value


def test_the_same_key_on_two_shelves_is_two_things(memory: OpenMemory) -> None:
    one, other = shelf_of(memory, str, "one"), shelf_of(memory, str, "other")
    one.put("k", "1")
    assert other.get("k") is None
    assert one.bump("k") == other.bump("k") == 1


@pytest.mark.parametrize("read", ["get", "take"])
def test_a_value_that_came_back_after_its_end_is_gone(
    memory: OpenMemory, clock: Clock, read: str
) -> None:
    shelf = shelf_of(memory, str)
    shelf.put("k", "1")
    (key, value), *_ = memory.held().items()
    clock.move(MINUTE)
    memory.change(key, value)
    assert memory.get(key) is not None
    assert getattr(shelf, read)("k") is None


@pytest.mark.parametrize("read", ["get", "take"])
def test_a_changed_value_is_gone(memory: OpenMemory, read: str) -> None:
    shelf = shelf_of(memory, str)
    shelf.put("k", "1")
    (key, value), *_ = memory.held().items()
    memory.change(key, value[:-1] + b"\x00")
    assert getattr(shelf, read)("k") is None


def test_a_value_put_under_another_key_is_gone(memory: OpenMemory) -> None:
    shelf = shelf_of(memory, str)
    shelf.put("mine", "1")
    (key, value), *_ = memory.held().items()
    shelf.put("yours", "2")
    (other,) = set(memory.held()) - {key}
    memory.change(other, value)
    assert shelf.get("yours") is None
    assert shelf.get("mine") == Held(value="1", version=1)


def test_a_life_of_its_own_is_longer_than_the_shelfs(memory: OpenMemory, clock: Clock) -> None:
    shelf = shelf_of(memory, str)
    shelf.put("k", "1", lasts=3 * MINUTE)
    clock.move(2 * MINUTE)
    assert shelf.get("k") is not None
    shelf.swap("k", "2", version=1, lasts=MINUTE)
    clock.move(MINUTE)
    assert shelf.get("k") is None


def test_nothing_is_a_value_too(memory: OpenMemory) -> None:
    shelf = shelf_of(memory, type(None))
    shelf.put("k", None)
    assert shelf.get("k") == Held(value=None, version=1)
    assert shelf.get("other") is None


def test_a_value_of_another_shape_is_gone(memory: OpenMemory) -> None:
    shelf_of(memory, str).put("k", "text")
    assert shelf_of(memory, int).get("k") is None
