"""Connections of one process: few, never shared by two threads at once, never carried over a fork.

A connection that was open before a fork belongs to the parent: the child neither uses nor closes
it. After any error a connection is thrown away, and every idle one with it.
"""

from __future__ import annotations

import os
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from idp.store.ports import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

_C = TypeVar("_C")

_of_the_parent: Final[list[object]] = []
"""Connections inherited by fork, kept so that nothing ever closes them here."""


class Pool(Generic[_C]):
    """A last-in-first-out pool. ``most`` bounds the open connections, ``wait`` is in seconds."""

    def __init__(
        self,
        *,
        connect: Callable[[], _C],
        close: Callable[[_C], None],
        most: int,
        wait: float,
    ) -> None:
        self._connect = connect
        self._close = close
        self._most = most
        self._wait = wait
        self._closed = False
        self._start()

    def _start(self) -> None:
        self._pid = os.getpid()
        self._idle: list[_C] = []
        self._places: SimpleQueue[None] = SimpleQueue()
        for _ in range(self._most):
            self._places.put(None)

    def take(self) -> _C:
        """Give a connection of this process's own; ``give`` or ``discard`` it afterwards.

        Raises:
            StoreUnavailable: none became free in time, or none can be opened.
        """
        if self._pid != os.getpid():
            _of_the_parent.extend(self._idle)
            self._start()
        if self._closed:
            raise StoreUnavailable("the store is closed")
        try:
            self._places.get(timeout=self._wait)
        except Empty:
            raise StoreUnavailable("every connection is busy") from None
        try:
            return self._idle.pop()
        except IndexError:
            pass
        try:
            return self._connect()
        except BaseException:
            self._places.put(None)
            raise

    def give(self, connection: _C) -> None:
        """Put a healthy connection back."""
        if self._closed:
            self._close(connection)
        else:
            self._idle.append(connection)
        self._places.put(None)

    def discard(self, connection: _C) -> None:
        """Throw away a connection that failed, and the idle ones, which may share its fate."""
        self._close(connection)
        self._empty()
        self._places.put(None)

    def close(self) -> None:
        """Close what is idle now and the rest when it is given back."""
        self._closed = True
        if self._pid == os.getpid():
            self._empty()

    def _empty(self) -> None:
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:
                return
            self._close(connection)
