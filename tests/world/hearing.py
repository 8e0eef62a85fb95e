"""An e-service's address that only listens: what came to it, answered as the test says.

with hearing() as shop:
    shop.answers = [503, 204]
    …
    assert shop.wait_for(2)[0].form["logout_token"]
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from tests.services.components import loopback_port
from tests.services.running_server import running_server

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PATIENCE: Final = 20.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One request."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    form: Mapping[str, str]


@dataclass(kw_only=True, slots=True)
class Hearing:
    """What listens.

    Attributes:
        authority: host and port.
        answers: the statuses to give, one a call; then 204 for ever.
        gate: while it is not set, calls stay unanswered.
    """

    authority: str
    answers: list[int] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    location: str | None = None
    _came: threading.Condition = field(default_factory=threading.Condition)

    @property
    def url(self) -> str:
        """The address."""
        return f"http://{self.authority}/out"

    def wait_for(self, count: int) -> list[Call]:
        """Give the calls as soon as there are so many; they are too few after a long time."""
        with self._came:
            self._came.wait_for(lambda: len(self.calls) >= count, timeout=PATIENCE)
            return list(self.calls)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        body = request.get_data(cache=True)
        call = Call(
            method=request.method,
            path=request.full_path.rstrip("?"),
            headers=dict(request.headers),
            body=body,
            form=request.form.to_dict(),
        )
        with self._came:
            self.calls.append(call)
            status = self.answers.pop(0) if self.answers else 204
            self._came.notify_all()
        self.gate.wait(PATIENCE)
        response = Response(status=status)
        if self.location is not None:
            response.headers["Location"] = self.location
        return response(environ, start_response)


@contextlib.contextmanager
def hearing(port: int | None = None) -> Iterator[Hearing]:
    """Listen on loopback for the length of a block, at a free port unless one is named."""
    port = loopback_port() if port is None else port
    made = Hearing(authority=f"127.0.0.1:{port}")
    made.gate.set()
    server = make_server("127.0.0.1", port, made, threaded=True)
    with running_server(server):
        try:
            yield made
        finally:
            made.gate.set()
