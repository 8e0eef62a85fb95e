"""What the Ephemeral store does when the world fails: a quick refusal, never a hang or a lie."""

from __future__ import annotations

import os
import secrets
import socket
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import redis

from idp.store.opening import open_ephemeral
from idp.store.ports import StoreUnavailable, UnsafeStore
from tests.contract.store.stand_ins import Clock
from tests.services.components import needs
from tests.services.redis_server import running_redis

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from idp.store.short_lived import Ephemeral

MINUTE = timedelta(minutes=1)

VERBS: dict[str, Callable[[Ephemeral], object]] = {
    "put": lambda store: store.put("a", b"1", lasts=MINUTE),
    "get": lambda store: store.get("a"),
    "take": lambda store: store.take("a"),
    "swap": lambda store: store.swap("a", b"1", version=1, lasts=MINUTE),
    "bump": lambda store: store.bump("a", lasts=MINUTE),
    "generation": lambda store: store.generation(),
}
WRITING = ["put", "bump"]


def opened(url: str) -> Ephemeral:
    return open_ephemeral(url, now=Clock(), entropy=secrets.token_bytes)


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[str]:
    """A Redis whose settings may be spoiled."""
    with running_redis(needs("redis-server"), tmp_path) as url:
        yield url


@pytest.fixture
def spoil(own_redis: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(own_redis) as client:
        yield client


@pytest.fixture
def mute() -> Iterator[str]:
    """A server that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        host, port = server.getsockname()
        yield f"redis://{host}:{port}/0"


@pytest.mark.parametrize("verb", VERBS)
def test_a_redis_that_never_answers_is_unavailable(mute: str, verb: str) -> None:
    store = opened(mute)
    with pytest.raises(StoreUnavailable, match="unavailable"):
        VERBS[verb](store)
    store.close()


def test_a_hint_that_nobody_takes_is_no_fault(free_port: int) -> None:
    store = opened(f"redis://127.0.0.1:{free_port}/0")
    store.hint("channel")
    store.close()


@pytest.mark.parametrize("verb", VERBS)
def test_a_redis_that_is_not_there_is_unavailable(free_port: int, verb: str) -> None:
    store = opened(f"redis://:hidden@127.0.0.1:{free_port}/0")
    with pytest.raises(StoreUnavailable) as refused:
        VERBS[verb](store)
    assert "hidden" not in refused.value.detail
    store.close()


def test_a_reply_that_is_cut_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            for _ in range(2):
                connection, _ = server.accept()
                with connection:
                    connection.recv(100)
                    connection.sendall(b"$100\r\nmaxmem")

        answering = threading.Thread(target=answer)
        answering.start()
        store = opened(f"redis://127.0.0.1:{server.getsockname()[1]}/0")
        with pytest.raises(StoreUnavailable):
            store.get("a")
        answering.join(10)
    store.close()


def test_a_redis_that_may_evict_is_refused_at_the_start(own_redis: str, spoil: redis.Redis) -> None:
    spoil.config_set("maxmemory-policy", "allkeys-lru")
    with pytest.raises(UnsafeStore, match="noeviction"):
        opened(own_redis)


def test_a_redis_that_may_evict_is_unavailable_when_it_is_reached_later(
    own_redis: str, spoil: redis.Redis
) -> None:
    store = opened(own_redis)
    spoil.config_set("maxmemory-policy", "allkeys-lru")
    spoil.client_kill_filter(_type="normal", skipme=True)
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            store.get("a")
    spoil.config_set("maxmemory-policy", "noeviction")
    assert store.get("a") is None
    store.close()


@pytest.mark.parametrize("verb", WRITING)
def test_a_full_redis_is_unavailable_and_still_reads(
    own_redis: str, spoil: redis.Redis, verb: str
) -> None:
    store = opened(own_redis)
    store.put("b", b"1", lasts=MINUTE)
    spoil.config_set("maxmemory", "1")
    with pytest.raises(StoreUnavailable):
        VERBS[verb](store)
    assert store.get("b") is not None
    spoil.config_set("maxmemory", "0")
    VERBS[verb](store)
    store.close()


def test_a_replica_is_unavailable_for_writing(own_redis: str, spoil: redis.Redis) -> None:
    store = opened(own_redis)
    spoil.config_set("replica-serve-stale-data", "yes")
    spoil.replicaof("127.0.0.1", "1")
    for verb in WRITING:
        with pytest.raises(StoreUnavailable):
            VERBS[verb](store)
    spoil.replicaof("NO", "ONE")
    store.put("a", b"1", lasts=MINUTE)
    store.close()


def test_a_connection_that_was_killed_is_replaced_and_nothing_is_retried(
    own_redis: str, spoil: redis.Redis
) -> None:
    store = opened(own_redis)
    assert store.bump("a", lasts=MINUTE) == 1
    spoil.client_kill_filter(_type="normal", skipme=True)
    with pytest.raises(StoreUnavailable):
        store.bump("a", lasts=MINUTE)
    assert store.bump("a", lasts=MINUTE) == 2
    store.close()


def test_losing_everything_changes_the_generation(own_redis: str, spoil: redis.Redis) -> None:
    store = opened(own_redis)
    before = store.generation()
    spoil.flushall()
    assert store.generation() != before
    store.close()


def test_a_promotion_changes_the_generation_even_when_nothing_was_lost(
    own_redis: str, spoil: redis.Redis, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with running_redis(needs("redis-server"), tmp_path_factory.mktemp("replica")) as url:
        first = opened(own_redis)
        before = first.generation()
        spoil.config_set("repl-diskless-sync-delay", "0")
        with redis.Redis.from_url(url) as replica:
            replica.config_set("appendonly", "no")  # else it may refuse to end while it rewrites
            replica.replicaof("127.0.0.1", own_redis.rpartition(":")[2].partition("/")[0])
            spoil.execute_command("WAIT", 1, 10_000)
            replica.replicaof("NO", "ONE")
            assert replica.get("sesame:generation") == before.partition(".")[0].encode()
        second = opened(url)
        assert second.generation() != before
        first.close()
        second.close()


def test_a_value_leaves_redis_by_itself(own_redis: str, spoil: redis.Redis) -> None:
    store = opened(own_redis)
    store.put("a", b"1", lasts=MINUTE)
    store.swap("a", b"2", version=1, lasts=2 * MINUTE)
    store.bump("a", lasts=MINUTE)
    store.bump("a", lasts=MINUTE)
    assert 60_000 < spoil.pttl("sesame:value:a") <= 120_000
    assert 0 < spoil.pttl("sesame:count:a") <= 60_000
    store.close()


def test_a_child_after_a_fork_has_connections_of_its_own(shared_ephemeral_url: str) -> None:
    store = opened(shared_ephemeral_url)
    store.put("parent", b"1", lasts=MINUTE)
    child = os.fork()
    if child == 0:
        told = False
        try:
            store.put("child", b"2", lasts=MINUTE)
            told = store.take("parent") == b"1"
        finally:
            os._exit(0 if told else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert store.take("child") == b"2"
    assert store.take("parent") is None
    store.close()


# --- the embedded file -------------------------------------------------------------------------


def test_a_folder_that_is_a_file_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable):
        opened(f"sqlite:///{tmp_path}/file/ephemeral.sqlite")


@pytest.mark.parametrize("verb", VERBS)
def test_a_file_that_went_away_is_unavailable(tmp_path: Path, verb: str) -> None:
    store = opened(f"sqlite:///{tmp_path}/ephemeral.sqlite")
    (tmp_path / "ephemeral.sqlite").unlink()
    with pytest.raises(StoreUnavailable):
        VERBS[verb](store)
    store.close()


def test_a_new_file_has_a_generation_of_its_own(tmp_path: Path) -> None:
    first, second = (opened(f"sqlite:///{tmp_path}/{name}.sqlite") for name in "ab")
    assert first.generation() != second.generation()
    first.close()
    second.close()


@pytest.mark.parametrize("url", ["http://user:pw@host", "memory", ""])
def test_an_unknown_url_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(UnsafeStore) as refused:
        opened(url)
    assert "pw" not in str(refused.value)
