"""The workers: granian's processes, each with its own copy of the application.

Workers are spawned, not forked, because the parent reads the stores for its health and an open
SQLite file must not cross a fork. A worker that dies is replaced at once; on SIGTERM workers stop
accepting, end the requests they have, and are killed when the drain deadline has passed.
"""

from __future__ import annotations

import importlib
import logging
import math
import multiprocessing
import os
import signal
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels

from idp import log
from idp.cli.deployment import settings_from_environment, start_logging
from idp.cli.stopping import hear_in_every_thread
from idp.config import ConfigRefused
from idp.errors import Refused
from idp.runtime import system_now
from idp.store.ports import SchemaOutdated, UnsafeStore
from keys.errors import KeysError

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from granian.server import MPServer, MTServer

    from idp.config import Settings

_PAUSE_AFTER_REFUSAL: Final = 1.0
_LOG_THROUGH_ROOT: Final[dict[str, Any]] = {
    "handlers": {},
    "formatters": {},
    "loggers": {"_granian": {"handlers": [], "propagate": True}},
}
_LOOKS_LIKE_A_REQUEST: Final = ("HTTP_", "REMOTE_", "SSL_", "wsgi.")


class Respawns(dict[int, float]):
    """Granian's note of respawns, by which it gives up; this one is more patient.

    Granian leaves when a worker is replaced twice within 5.5 s. That would turn two unlucky deaths
    into an outage, so it is shown the respawn before the last ten, not the last.
    """

    def __init__(self) -> None:
        super().__init__()
        self._moments: deque[float] = deque(maxlen=10)

    def __setitem__(self, worker: int, at: float) -> None:
        self._moments.append(at)

    def get(self, worker: int, default: float = 0.0) -> float:  # type: ignore[override] # as granian asks
        """Give when the tenth respawn before now was, or long ago."""
        del worker, default
        return self._moments[0] if len(self._moments) == self._moments.maxlen else -math.inf

    def clear(self) -> None:
        """Forget nothing."""


def server_for(settings: Settings, *, target: str) -> MPServer | MTServer:
    """Describe the server; ``serve_until_stopped`` runs it. ``target`` is ``module:factory``."""
    listen = settings.listen
    server = Granian(
        target,
        address=listen.host,
        port=listen.port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        websockets=False,
        workers=listen.workers,
        blocking_threads=listen.threads,
        respawn_failed_workers=True,
        workers_kill_timeout=max(1, math.ceil(settings.deadlines.drain.total_seconds())),
        log_level=LogLevels.warning,
        log_dictconfig=_LOG_THROUGH_ROOT,
    )
    server.respawned_wrks = Respawns()
    return server


def serve_until_stopped(server: MPServer | MTServer, settings: Settings) -> None:
    """Run the workers until SIGTERM or SIGINT.

    Raises:
        SystemExit: 1, because workers died again and again.
    """
    multiprocessing.set_start_method("spawn", force=True)
    start_logging(settings)
    hear_in_every_thread()
    port = settings.listen.port
    server.on_startup(lambda: log.write("serve.started", role="serve", port=port, pid=os.getpid()))
    server.on_shutdown(lambda: log.write("serve.stopped", role="serve", port=port, pid=os.getpid()))
    server.serve(target_loader=load)


def load(target: str) -> WSGIApplication:
    """Build the application, in a worker. What is wrong goes to the log; the parent tries again."""
    # The terminal's Ctrl-C is the parent's to hear.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.setpgid(0, 0)
    # Threads come and go here: without this, one of them may swallow the parent's SIGTERM.
    hear_in_every_thread()
    log.configure(system_now)
    try:
        settings = settings_from_environment()
        start_logging(settings)
        _stop_with_parent(settings.deadlines.drain.total_seconds())
        _forget_variables_of_requests()
        module, _, factory = target.partition(":")
        application: WSGIApplication = getattr(importlib.import_module(module), factory)()
    except Exception as error:
        log.write("worker.refused", level=logging.ERROR, detail=_said(error), pid=os.getpid())
        threading.Event().wait(_PAUSE_AFTER_REFUSAL)
        raise SystemExit(1) from error
    log.write("worker.started", pid=os.getpid())
    return application


def _said(error: Exception) -> str:
    if isinstance(error, Refused):
        return error.detail or error.problem.code
    if isinstance(error, KeysError | SchemaOutdated | UnsafeStore | ConfigRefused):
        return str(error)
    return log.where(error)


def _stop_with_parent(drain: float) -> None:
    """Drain when the parent is gone, however it went; nobody would be left to stop us."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def follow() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait(drain)
        os._exit(1)

    threading.Thread(target=follow, name="parent", daemon=True).start()


def _forget_variables_of_requests() -> None:
    """Take variables out that the server would show the application as headers of every request."""
    for name in [name for name in os.environ if name.startswith(_LOOKS_LIKE_A_REQUEST)]:
        del os.environ[name]
