"""A crowd of browsers that wait, in one process: sockets, an epoll, and the moments of their news.

It is the driver of ``tests.bench.waiting``. Moments are of the monotonic clock, which all processes
of the machine share.
"""

from __future__ import annotations

import resource
import select
import socket
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.connection import Connection

_OTHER_FILES: Final = 64
_PATIENCE: Final = 60.0
_QUIET: Final = 3.0
"""Seconds after the last approval: a lost hint is found within two."""


def room() -> int:
    """Raise the limit of open files; give how many sockets it leaves room for."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard - _OTHER_FILES


def wait_in_crowd(pipe: Connection, port: int, requests: Sequence[bytes]) -> None:
    """Connect a browser for each request, say so, and give what came to each when told to end.

    Sends the seconds that the coming took, then for each browser the moments of its ``changed``.
    """
    room()
    began = time.monotonic()
    poll = select.epoll()
    browsers: dict[int, tuple[int, socket.socket]] = {}
    for number, request in enumerate(requests):
        browser = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE)
        browser.sendall(request)
        browser.settimeout(0)
        browsers[browser.fileno()] = number, browser
        poll.register(browser.fileno(), select.EPOLLIN)
    ready = _read(poll, browsers, b"event: ready", enough=len(requests), until=began + _PATIENCE)
    pipe.send((time.monotonic() - began, sum(bool(moments) for moments in ready)))
    news = [[] for _ in requests]
    while not pipe.poll():
        for number, moments in enumerate(
            _read(poll, browsers, b"event: changed", until=time.monotonic() + 0.2)
        ):
            news[number] += moments
    for number, moments in enumerate(
        _read(poll, browsers, b"event: changed", until=time.monotonic() + _QUIET)
    ):
        news[number] += moments
    pipe.send(news)


def _read(
    poll: select.epoll,
    browsers: dict[int, tuple[int, socket.socket]],
    event: bytes,
    *,
    until: float,
    enough: int | None = None,
) -> list[list[float]]:
    """Read what comes; give for each browser the moments when it was told ``event``."""
    told: list[list[float]] = [[] for _ in browsers]
    count = 0
    while count != enough and (left := until - time.monotonic()) > 0:
        for descriptor, _ in poll.poll(left):
            number, browser = browsers[descriptor]
            text = browser.recv(4096)
            moment = time.monotonic()
            if not text:
                poll.unregister(descriptor)
            if event in text:
                told[number].append(moment)
                count += 1
    return told
