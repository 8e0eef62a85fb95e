"""The contract of hints and versions, on memory, the embedded file and Redis."""

from __future__ import annotations

import multiprocessing
import os
import secrets
import signal
import socket
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import redis

from idp.store.opening import open_ephemeral
from idp.store.ports import StoreUnavailable
from tests.contract.store.stand_ins import Clock
from tests.services.components import needs
from tests.services.redis_server import running_redis

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from idp.store.short_lived import Ephemeral, Hints

MINUTE = timedelta(minutes=1)
LONG = 30.0
"""More seconds than any hint takes; a test that waits them out has failed."""


@pytest.fixture
def hints(ephemeral: Ephemeral) -> Iterator[Hints]:
    """A listener that hears."""
    heard = ephemeral.listen()
    assert heard.wait(LONG) is None
    yield heard
    heard.close()


def opened(url: str) -> Ephemeral:
    return open_ephemeral(url, now=Clock(), entropy=secrets.token_bytes)


def heard(hints: Hints, count: int) -> list[str]:
    """Give the next hints, however many come at once."""
    found: list[str] = []
    while len(found) < count:
        some = hints.wait(LONG)
        assert some, "nothing was heard"
        found += some
    return found


# --- hints ----------------------------------------------------------------------------------------


def test_hearing_begins_by_saying_that_something_may_have_been_lost(ephemeral: Ephemeral) -> None:
    ephemeral.hint("before anybody heard")
    hints = ephemeral.listen()
    assert hints.wait(LONG) is None
    assert hints.wait(0.0) == ()
    hints.close()


def test_a_hint_is_heard_with_its_channel(ephemeral: Ephemeral, hints: Hints) -> None:
    ephemeral.hint("login:1")
    assert heard(hints, 1) == ["login:1"]
    assert hints.wait(0.0) == ()


def test_many_hints_are_heard_in_their_order(ephemeral: Ephemeral, hints: Hints) -> None:
    told = [f"login:{number}" for number in range(100)]
    for channel in told:
        ephemeral.hint(channel)
    assert heard(hints, len(told)) == told


def test_everybody_who_listens_hears_it(ephemeral: Ephemeral, hints: Hints) -> None:
    other = ephemeral.listen()
    assert other.wait(LONG) is None
    ephemeral.hint("login:1")
    assert heard(hints, 1) == heard(other, 1) == ["login:1"]
    other.close()


def test_who_stopped_listening_is_in_nobodys_way(ephemeral: Ephemeral, hints: Hints) -> None:
    other = ephemeral.listen()
    other.wait(LONG)
    other.close()
    ephemeral.hint("login:1")
    assert heard(hints, 1) == ["login:1"]


def test_the_longest_channel_is_heard(ephemeral: Ephemeral, hints: Hints) -> None:
    ephemeral.hint("c" * 200)
    assert heard(hints, 1) == ["c" * 200]


def test_a_hint_is_no_value(ephemeral: Ephemeral) -> None:
    ephemeral.hint("login:1")
    assert ephemeral.get("login:1") is None


@pytest.mark.parametrize("channel", ["", "c" * 201, "é"])
def test_a_channel_that_does_not_fit_is_refused(ephemeral: Ephemeral, channel: str) -> None:
    with pytest.raises(ValueError, match="a key has"):
        ephemeral.hint(channel)


def _tell(url: str) -> None:
    store = opened(url)
    store.hint("login:1")
    store.close()


def test_another_process_is_heard(shared_ephemeral_url: str) -> None:
    store = opened(shared_ephemeral_url)
    hints = store.listen()
    assert hints.wait(LONG) is None
    teller = multiprocessing.get_context("spawn").Process(
        target=_tell, args=(shared_ephemeral_url,)
    )
    teller.start()
    assert heard(hints, 1) == ["login:1"]
    teller.join()
    hints.close()
    store.close()


# --- what goes wrong ------------------------------------------------------------------------------


def test_a_listener_that_is_full_loses_hints_and_holds_nobody(tmp_path: Path) -> None:
    store = opened(f"sqlite:///{tmp_path / 'ephemeral.sqlite'}")
    hints = store.listen()
    hints.wait(LONG)
    for _ in range(2000):
        store.hint("c" * 200)
    found = hints.wait(LONG)
    assert found is not None
    assert set(found) == {"c" * 200}
    assert 100 < len(found) < 2000
    hints.close()


def _listen_and_die(url: str) -> None:
    opened(url).listen().wait(LONG)
    os.kill(os.getpid(), signal.SIGKILL)


def test_the_pipe_of_a_listener_that_was_killed_is_taken_away(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ephemeral.sqlite'}"
    killed = multiprocessing.get_context("spawn").Process(target=_listen_and_die, args=(url,))
    killed.start()
    killed.join()
    assert list(tmp_path.glob("*-hints-*"))
    opened(url).hint("login:1")
    assert not list(tmp_path.glob("*-hints-*"))


def test_a_listener_whose_pipe_was_cleared_away_makes_another(tmp_path: Path) -> None:
    store = opened(f"sqlite:///{tmp_path / 'ephemeral.sqlite'}")
    hints = store.listen()
    hints.wait(LONG)
    [pipe] = tmp_path.glob("*-hints-*")
    pipe.unlink()
    assert hints.wait(0.0) == ()
    assert hints.wait(0.0) is None
    store.hint("login:1")
    assert heard(hints, 1) == ["login:1"]
    hints.close()


def test_only_the_owner_of_the_store_writes_to_a_pipe(tmp_path: Path) -> None:
    hints = opened(f"sqlite:///{tmp_path / 'ephemeral.sqlite'}").listen()
    hints.wait(LONG)
    [pipe] = tmp_path.glob("*-hints-*")
    assert pipe.stat().st_mode & 0o777 == 0o600
    hints.close()


def test_after_an_interruption_redis_says_that_something_may_have_been_lost(
    tmp_path: Path,
) -> None:
    with running_redis(needs("redis-server"), tmp_path) as url:
        store = opened(url)
        hints = store.listen()
        assert hints.wait(LONG) is None
        with redis.Redis.from_url(url) as operator:
            operator.client_kill_filter(_type="pubsub")
        with pytest.raises(StoreUnavailable):
            hints.wait(LONG)
        assert hints.wait(LONG) is None
        store.hint("login:1")
        assert heard(hints, 1) == ["login:1"]
        hints.close()


def test_a_redis_that_falls_silent_is_noticed(free_port: int) -> None:
    with socket.create_server(("127.0.0.1", free_port), backlog=64):
        hints = opened(f"redis://127.0.0.1:{free_port}/0").listen()
        with pytest.raises(StoreUnavailable):
            hints.wait(LONG)


def test_silence_of_a_redis_that_lives_is_no_fault(redis_url: str) -> None:
    store = opened(redis_url)
    hints = store.listen()
    hints.wait(LONG)
    for _ in range(3):
        assert hints.wait(0.0) == ()
    store.hint("login:1")
    assert heard(hints, 1) == ["login:1"]
    hints.close()


# --- versions -------------------------------------------------------------------------------------


def test_versions_are_given_in_the_order_asked(ephemeral: Ephemeral) -> None:
    ephemeral.put("a", b"1", lasts=MINUTE)
    ephemeral.put("b", b"1", lasts=MINUTE)
    ephemeral.swap("b", b"2", version=1, lasts=MINUTE)
    assert ephemeral.versions(["b", "absent", "a", "b"]) == (2, None, 1, 2)
    assert ephemeral.versions([]) == ()


def test_what_ended_has_no_version(ephemeral: Ephemeral, clock: Clock) -> None:
    ephemeral.put("a", b"1", lasts=MINUTE)
    clock.move(MINUTE)
    assert ephemeral.versions(["a"]) == (None,)


def test_versions_of_very_many_are_read_at_once(ephemeral: Ephemeral) -> None:
    keys = [f"k{number}" for number in range(1000)]
    for key in keys[::2]:
        ephemeral.put(key, b"1", lasts=MINUTE)
    assert ephemeral.versions(keys) == (1, None) * 500
