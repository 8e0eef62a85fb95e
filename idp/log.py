"""One JSON line per happening, through one allow-list of fields.

A field that is not on the list cannot be written, so a token or a national number has no way into
a log: there is no field for it. Values are short, escaped ASCII; the request and transaction ids
travel in the context and stand on every line, on the page the person sees, and in the audit row.
"""

from __future__ import annotations

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable

FIELDS: Final = frozenset(
    {
        "address",  # the client's network address, as believed from the proxy settings
        "attempts",  # of a delivery
        "client",  # a client_id that is registered
        "code",  # a catalogue code
        "count",
        "destination",  # host and port of an outbound call
        "detail",  # a private sentence of ours, never input
        "environment",
        "fence",  # a lease's fencing number
        "job",
        "kid",
        "library",  # the name of a third-party logger
        "method",  # an HTTP method of our own list
        "milliseconds",
        "pid",
        "port",
        "role",
        "route",  # the route's pattern, never the path that was asked
        "sequence",
        "status",
        "version",
        "worker",
    }
)
_LONGEST: Final = 300
_JSON: Final = json.JSONEncoder(ensure_ascii=True)

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
transaction_id: ContextVar[str | None] = ContextVar("transaction_id", default=None)

_logger = logging.getLogger("sesame")


class FieldRefused(Exception):
    """A log call named a field that is not on the allow-list: a programming error."""


def write(event: str, *, level: int = logging.INFO, **fields: str | float | None) -> None:
    """Write one line.

    Args:
        event: a constant, dotted, lower-case name.
        level: a ``logging`` level.
        fields: values by allowed field name; ``None`` is left out.

    Raises:
        FieldRefused: a name outside the allow-list.
    """
    unknown = fields.keys() - FIELDS
    if unknown:
        raise FieldRefused(", ".join(sorted(unknown)))
    if _logger.isEnabledFor(level):
        # Made here, not by the logger, which would walk the stack for a line number.
        record = logging.LogRecord(_logger.name, level, "", 0, event, None, None)
        record.sesame_fields = fields
        _logger.handle(record)


def fault(event: str, error: BaseException) -> None:
    """Write one line at ERROR for an exception nobody expected: its kind and place, no message."""
    _logger.error(event, exc_info=error, extra={"sesame_fields": {}})


class JsonFormatter(logging.Formatter):
    """Turns a record into one line of ASCII JSON; no exception text leaves the process."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__()
        self._now = now

    def format(self, record: logging.LogRecord) -> str:
        """Give the line without its newline."""
        line: dict[str, str | int | float] = {
            "time": self._now().astimezone(UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
        }
        fields = getattr(record, "sesame_fields", None)
        if fields is None:
            line["event"] = "library"
            line["library"] = record.name
            line["detail"] = _short(record.getMessage())
        else:
            line["event"] = record.getMessage()
            for name, value in fields.items():
                if value is not None:
                    line[name] = value if isinstance(value, int | float) else _short(value)
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = where(record.exc_info[1])
        for name, variable in (("request", request_id), ("transaction", transaction_id)):
            value = variable.get()
            if value is not None:
                line[name] = value
        return _JSON.encode(line)


def configure(
    now: Callable[[], datetime], *, stream: TextIO | None = None, level: int = logging.INFO
) -> None:
    """Send everything to one stream (standard error) as JSON lines.

    Libraries speak only from WARNING up; Authlib, whose DEBUG lines hold tokens, never lower.
    """
    handler = _Lines(stream or sys.stderr)
    handler.setFormatter(JsonFormatter(now))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    _logger.setLevel(level)
    logging.getLogger("authlib").setLevel(logging.WARNING)
    # A full disk or a closed pipe must not turn into a failed login.
    logging.raiseExceptions = False
    # What no line of ours says need not be found out for each.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


class _Lines(logging.StreamHandler[TextIO]):
    """Writes a line in one go, under the lock that every handler holds while it emits."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write, and let nothing that happens meanwhile reach whoever has something to say."""
        try:
            self.stream.write(f"{self.format(record)}\n")
            self.stream.flush()
        except Exception:  # noqa: BLE001 - as the standard library's own
            self.handleError(record)


def _short(value: str) -> str:
    return value if len(value) <= _LONGEST else value[:_LONGEST] + "…"


def where(error: BaseException) -> str:
    """Name the exception and the place it was raised, without its message (it may hold input)."""
    frame = error.__traceback__
    place = "unknown"
    while frame is not None:
        code = frame.tb_frame.f_code
        place = f"{code.co_filename.rpartition('/')[2]}:{frame.tb_lineno}:{code.co_name}"
        frame = frame.tb_next
    return f"{type(error).__qualname__} at {place}"
