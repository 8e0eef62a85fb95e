"""Request objects by reference: one call for all who ask at once, and a room that is never full."""

from __future__ import annotations

from threading import Barrier, Event, Thread
from typing import TYPE_CHECKING

import pytest

from idp.domain.object_use import ObjectUse
from idp.errors import INVALID_REQUEST_URI, UNAVAILABLE, Refused
from idp.oidc.request_references import RequestReferences
from idp.oidc.waiting_room import room_of
from idp.outbound.client import OutboundFailed
from tests.contract.store.stand_ins import a_client

if TYPE_CHECKING:
    from idp.domain.client import Client

ADDRESS = "https://shop.example/object"


def pointing(client_id: str = "shop", *uris: str) -> Client:
    return a_client(client_id, objects=ObjectUse(uris=uris or (ADDRESS,)))


class Slow:
    """A host that answers when it is let."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.reached = Event()
        self.let = Event()

    def fetch(self, url: str) -> bytes:
        self.asked.append(url)
        self.reached.set()
        assert self.let.wait(20)
        return b"e30.e30."


def test_those_who_ask_at_once_wait_for_one_call() -> None:
    slow, room = Slow(), room_of(8)
    references = RequestReferences(slow.fetch, room=room)
    found: list[str] = []

    def ask() -> None:
        found.append(references.read(ADDRESS, pointing()))

    first = Thread(target=ask)
    first.start()
    assert slow.reached.wait(20)
    others = [Thread(target=ask) for _ in range(2)]
    for thread in others:
        thread.start()
    while room.taken[pointing().id] < 3:  # they wait for the first
        pass
    slow.let.set()
    for thread in (first, *others):
        thread.join()
    assert (found, slow.asked) == (["e30.e30."] * 3, [ADDRESS])
    assert (room.free, dict(room.taken)) == (5, {})


@pytest.mark.parametrize("threads", [2, 4, 16])
def test_slow_hosts_leave_a_thread_for_others(threads: int) -> None:
    slow, room, begin = Slow(), room_of(threads), Barrier(threads)
    references = RequestReferences(slow.fetch, room=room)
    refused: list[Refused] = []

    def ask(name: str) -> None:
        begin.wait()
        try:
            references.read(ADDRESS, pointing(name))
        except Refused as problem:
            refused.append(problem)
            slow.let.set()

    asking = [Thread(target=ask, args=(f"client-{place}",)) for place in range(threads)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert {one.problem for one in refused} == {UNAVAILABLE}
    assert len(slow.asked) < threads


def test_a_failure_is_told_and_asked_again() -> None:
    asked: list[str] = []

    def fetch(url: str) -> bytes:
        asked.append(url)
        raise OutboundFailed("timeout")

    room = room_of(4)
    references = RequestReferences(fetch, room=room)
    for _ in range(2):
        with pytest.raises(Refused) as refused:
            references.read(ADDRESS, pointing())
        assert refused.value.problem is INVALID_REQUEST_URI
    assert len(asked) == 2
    assert room.free == 3


def test_where_hashes_say_nothing_nothing_is_kept() -> None:
    """The certification suite registers the hash of something else."""
    asked: list[str] = []

    def fetch(url: str) -> bytes:
        asked.append(url)
        return b"e30.e30."

    uri = f"{ADDRESS}#{'A' * 43}"
    references = RequestReferences(fetch, room=room_of(4), hashed=False)
    for _ in range(2):
        assert references.read(uri, pointing("shop", uri)) == "e30.e30."
    assert asked == [ADDRESS, ADDRESS]
    with pytest.raises(Refused):
        RequestReferences(fetch, room=room_of(4)).read(uri, pointing("shop", uri))
