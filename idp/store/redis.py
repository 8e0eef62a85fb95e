"""The Ephemeral store on Redis: one round trip a verb, short timeouts, no retry, no eviction.

A connection that failed in any way is closed, with the idle ones; whoever asked is told that the
store is unavailable and starts again. A reply that was lost leaves the outcome unknown: a put may
be repeated, a swap then answers with a conflict, a take has taken, a count may be one too high.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, cast

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from idp.store.limits import fitting
from idp.store.pool import Pool
from idp.store.ports import StoreUnavailable, UnsafeStore, VersionConflict
from idp.store.redis_hints import HINTS, NAMESPACE, RedisHints, disconnect, unavailable
from idp.store.short_lived import Versioned
from idp.store.sql.moments import micros

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from idp.store.redis_hints import Connection


_SECONDS: Final = 0.4
_WAIT_SECONDS: Final = 0.2
_MOST: Final = 16
_HEADER: Final = 32
_HALF: Final = 16

# A value is its version and its end (16 digits each), then the bytes stored. Lua compares texts by
# the server's locale, so ends are compared as numbers; microseconds fit a double until 2255.
_SWAP: Final = """
local held = redis.call('GET', KEYS[1])
if not held or string.sub(held, 1, 16) ~= ARGV[1] then return 0 end
if tonumber(string.sub(held, 17, 32)) <= tonumber(ARGV[2]) then return 0 end
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
return 1
"""
# A counter is "count end".
_BUMP: Final = """
local held = redis.call('GET', KEYS[1])
local count, ends = 0, ARGV[2]
if held then
  local c, e = string.match(held, '^(%d+) (%d+)$')
  if e and tonumber(e) > tonumber(ARGV[1]) then count, ends = tonumber(c), e end
end
count = count + 1
if count == 1 then
  redis.call('SET', KEYS[1], count .. ' ' .. ends, 'PX', ARGV[3])
else
  redis.call('SET', KEYS[1], count .. ' ' .. ends, 'KEEPTTL')
end
return count
"""


class RedisEphemeral:
    """``Ephemeral`` on Redis 7.0 or newer; its own clock only lets go, ``now`` judges expiry."""

    def __init__(
        self, url: str, *, now: Callable[[], datetime], entropy: Callable[[int], bytes]
    ) -> None:
        """Check the settings if Redis answers; else they are checked when it does.

        Raises:
            UnsafeStore: Redis may evict what it holds.
        """
        self._now = now
        self._entropy = entropy
        described = redis.ConnectionPool.from_url(
            url,
            socket_timeout=_SECONDS,
            socket_connect_timeout=_SECONDS,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
            decode_responses=False,
        )

        def opened() -> Connection:
            return _connected(cast("Connection", described.make_connection()))

        self._opened = opened
        self._pool: Pool[Connection] = Pool(
            connect=opened, close=disconnect, most=_MOST, wait=_WAIT_SECONDS
        )
        with suppress(StoreUnavailable):
            self._pool.give(self._pool.take())

    def put(self, key: str, value: bytes, *, lasts: timedelta) -> None:
        """Store as version 1."""
        fitting(key, value, lasts=lasts)
        body = _packed(1, self._now() + lasts, value)
        self._ask("SET", _value_key(key), body, "PX", _life(lasts))

    def get(self, key: str) -> Versioned | None:
        """Give what is there and alive."""
        fitting(key)
        return self._alive(self._ask("GET", _value_key(key)))

    def take(self, key: str) -> bytes | None:
        """Give and delete in one command."""
        fitting(key)
        held = self._alive(self._ask("GETDEL", _value_key(key)))
        return None if held is None else held.value

    def swap(self, key: str, value: bytes, *, version: int, lasts: timedelta) -> None:
        """Replace a known version in one script."""
        fitting(key, value, lasts=lasts)
        now = self._now()
        done = self._ask(
            "EVAL",
            _SWAP,
            1,
            _value_key(key),
            _digits(version),
            _digits(micros(now)),
            _packed(version + 1, now + lasts, value),
            _life(lasts),
        )
        if not done:
            raise VersionConflict(key)

    def bump(self, key: str, *, lasts: timedelta) -> int:
        """Count in one script."""
        fitting(key, lasts=lasts)
        now = self._now()
        where = f"{NAMESPACE}count:{key}"
        ends = (_digits(micros(at)) for at in (now, now + lasts))
        return int(self._ask("EVAL", _BUMP, 1, where, *ends, _life(lasts)))

    def versions(self, keys: Sequence[str]) -> tuple[int | None, ...]:
        """Read the heads of the values, all in one round trip."""
        for key in keys:
            fitting(key)
        now = micros(self._now())
        asked: list[tuple[str, ...]] = [
            ("GETRANGE", _value_key(key), "0", str(_HEADER - 1)) for key in keys
        ]
        with self._connection() as connection:
            connection.send_packed_command(connection.pack_commands(asked))
            heads = [connection.read_response() for _ in keys]
        return tuple(
            int(head[:_HALF]) if head and int(head[_HALF:]) > now else None for head in heads
        )

    def hint(self, channel: str) -> None:
        """Publish; a hint that is lost is no fault."""
        fitting(channel)
        with suppress(StoreUnavailable):
            self._ask("PUBLISH", f"{HINTS}{channel}", b"")

    def listen(self) -> RedisHints:
        """Subscribe with a connection of its own."""
        return RedisHints(self._opened)

    def generation(self) -> str:
        """Give the stored random and the replication identifier, which a promotion changes."""
        candidate = self._entropy(16).hex()
        with self._connection() as connection:
            connection.send_packed_command(
                connection.pack_commands(
                    [
                        ("SET", f"{NAMESPACE}generation", candidate, "NX", "GET"),
                        ("INFO", "replication"),
                    ]
                )
            )
            stored, info = connection.read_response(), connection.read_response()
        born = stored.decode() if stored is not None else candidate
        return f"{born}.{_field(info, 'master_replid')}"

    def close(self) -> None:
        """Close every connection of this process."""
        self._pool.close()

    def _alive(self, held: bytes | None) -> Versioned | None:
        if held is None or int(held[_HALF:_HEADER]) <= micros(self._now()):
            return None
        return Versioned(value=held[_HEADER:], version=int(held[:_HALF]))

    def _ask(self, *command: str | bytes | int) -> Any:  # noqa: ANN401 - a reply of any kind
        with self._connection() as connection:
            connection.send_command(*command)
            return connection.read_response()

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        try:
            connection = self._pool.take()
        except UnsafeStore as error:
            raise unavailable(error) from None
        healthy = False
        try:
            yield connection
            healthy = True
        except (redis.RedisError, OSError) as error:
            raise unavailable(error) from None
        finally:
            if healthy:
                self._pool.give(connection)
            else:
                self._pool.discard(connection)


def _connected(connection: Connection) -> Connection:
    try:
        connection.connect()
        connection.send_command("INFO", "memory")
        policy = _field(connection.read_response(), "maxmemory_policy")
    except (redis.RedisError, OSError) as error:
        disconnect(connection)
        raise unavailable(error) from None
    if policy != "noeviction":
        disconnect(connection)
        raise UnsafeStore("redis may evict what it holds: set maxmemory-policy to noeviction")
    return connection


def _field(info: bytes, name: str) -> str:
    for line in info.decode().splitlines():
        found, _, value = line.partition(":")
        if found == name:
            return value
    return ""


def _value_key(key: str) -> str:
    return f"{NAMESPACE}value:{key}"


def _packed(version: int, ends: datetime, value: bytes) -> bytes:
    return _digits(version) + _digits(micros(ends)) + value


def _digits(number: int) -> bytes:
    return b"%016d" % number


def _life(lasts: timedelta) -> int:
    """Give at least one whole millisecond."""
    return max(1, lasts // timedelta(milliseconds=1))
