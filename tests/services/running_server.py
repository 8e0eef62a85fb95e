"""A server of this process, in a thread of its own for the length of a block."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from socketserver import BaseServer

_LOOKS = 0.02
"""Seconds between two looks whether it is over."""


@contextlib.contextmanager
def running_server(server: BaseServer) -> Iterator[None]:
    """Let it serve; its socket is closed at the end."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": _LOOKS})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
