"""One question under way for each key: who comes meanwhile waits for its answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Generic, TypeVar

from cardreader.errors import CardError, RevocationUnavailable

_Key = TypeVar("_Key", bound=Hashable)
_Answer = TypeVar("_Answer")


class Flights(Generic[_Key, _Answer]):
    """Shares the answers of calls that are under way; safe in threads."""

    def __init__(self, *, patience: float) -> None:
        """Let nobody wait longer than ``patience``, in seconds."""
        self._patience = patience
        self._lock = threading.Lock()
        self._flights: dict[_Key, Future[_Answer]] = {}

    def ask(self, key: _Key, call: Callable[[], _Answer]) -> _Answer:
        """Call, or wait for the call of the same key that another thread has under way.

        Raises:
            RevocationUnavailable: that call took too long, or failed as no card error does.
            CardError: what the call raised, each caller a fresh one.
        """
        mine: Future[_Answer] = Future()
        with self._lock:
            flight = self._flights.setdefault(key, mine)
        if flight is not mine:
            return self._wait(flight)
        try:
            answer = call()
        except BaseException as error:
            failure = error if isinstance(error, CardError) else RevocationUnavailable("failed")
            mine.set_exception(failure)
            raise
        else:
            mine.set_result(answer)
            return answer
        finally:
            with self._lock:
                del self._flights[key]

    def _wait(self, flight: Future[_Answer]) -> _Answer:
        try:
            return flight.result(timeout=self._patience)
        except CardError as error:
            raise type(error) from None  # a fresh one: tracebacks are not for sharing
        except FutureTimeout:
            raise RevocationUnavailable("no answer in time") from None
