"""Hearing hints from Redis: one connection of its own that subscribes to every channel.

Redis forgets what it published while nobody was connected, so each connection begins by saying that
something may have been lost. One that stays silent is asked for a sign of life, because a peer that
vanished says nothing either.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Protocol

import redis

from idp.store.ports import StoreUnavailable, UnsafeStore

if TYPE_CHECKING:
    from collections.abc import Callable

NAMESPACE: Final = "sesame:"
HINTS: Final = f"{NAMESPACE}hint:"
_MOST_AT_ONCE: Final = 1000
_SIGN_OF_LIFE: Final = b"pong"


class Connection(Protocol):
    """The few untyped verbs of redis-py's connection that are used here."""

    def connect(self) -> None: ...
    def disconnect(self) -> None: ...
    def can_read(self, timeout: float = 0) -> bool: ...
    def send_command(self, *command: str | bytes | int) -> None: ...
    def pack_commands(self, commands: list[tuple[str, ...]]) -> list[bytes]: ...
    def send_packed_command(self, packed: list[bytes]) -> None: ...
    def read_response(self) -> Any: ...  # noqa: ANN401 - a reply of any kind


def disconnect(connection: Connection) -> None:
    """Close it, whatever state it is in."""
    with suppress(redis.RedisError, OSError):
        connection.disconnect()


def unavailable(error: Exception) -> StoreUnavailable:
    """Name a fault for the log; messages of the library may hold values."""
    return StoreUnavailable(f"redis: {type(error).__name__}")


class RedisHints:
    """``Hints`` on Redis."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        """Take what gives a connection that is connected."""
        self._connect = connect
        self._connection: Connection | None = None

    def wait(self, seconds: float) -> tuple[str, ...] | None:
        """Give what came in the meantime, in the order it was published."""
        try:
            if self._connection is None:
                self._connection = self._connect()
                self._connection.send_command("PSUBSCRIBE", f"{HINTS}*")
                self._connection.read_response()
                return None
            return self._heard(self._connection, seconds)
        except UnsafeStore as error:
            raise unavailable(error) from None
        except (redis.RedisError, OSError) as error:
            self.close()
            raise unavailable(error) from None

    def close(self) -> None:
        """Close the connection; the next ``wait`` opens another."""
        if self._connection is not None:
            disconnect(self._connection)
            self._connection = None

    def _heard(self, connection: Connection, seconds: float) -> tuple[str, ...]:
        channels: list[str] = []
        if not connection.can_read(seconds):
            connection.send_command("PING")
            # What is published before the sign of life is not thrown away; silence is a fault.
            while (message := connection.read_response())[0] != _SIGN_OF_LIFE:
                channels.append(_channel(message))
        while len(channels) < _MOST_AT_ONCE and connection.can_read(0):
            channels.append(_channel(connection.read_response()))
        return tuple(channels)


def _channel(message: list[bytes]) -> str:
    """Give the channel of ``pmessage, pattern, channel, text``."""
    return message[2].decode("ascii", "replace").removeprefix(HINTS)
