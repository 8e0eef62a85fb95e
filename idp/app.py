"""The WSGI application: what surrounds every request, whatever it asks for.

A request gets its id, its believed address, a host that is ours and a body of bounded size; then
the door in front answers it at once, or Flask does. It leaves with the headers that all answers
have and one line in the log. A fault of ours leaves as an entry of the catalogue with the request
id as its reference, and its place in our code goes to the log alone.
"""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

from werkzeug.wrappers import Request

from idp import log
from idp.config import load
from idp.errors import BODY_TOO_LARGE, INVALID_REQUEST, NOT_FOUND, SERVER_ERROR, Refused
from idp.runtime import shifted_now, system_entropy, system_monotonic, system_now
from idp.services import build
from idp.web.certificates import HandedOver
from idp.web.headers import Leaving
from idp.web.peer import Peer
from idp.web.site import Site

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any
    from wsgiref.types import StartResponse, WSGIApplication

    from werkzeug.wrappers import Response

    from idp.services import Services

LARGEST_BODY: Final = 64 * 1024
_REFERENCE_BYTES: Final = 8
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"})
_CONFIG: Final = "SESAME_CONFIG"


class Application:
    """One WSGI callable over one set of services; safe in threads."""

    def __init__(self, services: Services) -> None:
        self._monotonic = services.monotonic
        self._entropy = services.entropy
        self._peer = Peer(services.settings, also=services.settings.mtls.url)
        self._certificates = HandedOver(services.settings)
        self._site = Site(services)
        self._leave = Leaving(https=services.settings.issuer.startswith("https:"))

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        started = self._monotonic()
        reference = self._entropy(_REFERENCE_BYTES).hex()
        request_token = log.request_id.set(reference)
        login_token = log.transaction_id.set(None)
        try:
            response = self._answer(environ)
            self._log(environ, response, started)
            return self._leave(response, environ, start_response, reference=reference)
        finally:
            log.transaction_id.reset(login_token)
            log.request_id.reset(request_token)

    def _answer(self, environ: dict[str, Any]) -> Response:
        try:
            self._certificates.take(environ)
            self._peer.resolve(environ)
            self._peer.require_our_host(environ)
            _require_plain_path(environ)
            _read_body(environ)
            return self._dispatch(environ)
        except Refused as error:
            return self._face(error, environ)
        except Exception as error:  # noqa: BLE001 - the last place that can turn it into an answer
            log.fault("http.fault", error)
            return self._face(Refused(SERVER_ERROR), environ)

    def _dispatch(self, environ: dict[str, Any]) -> Response:
        """Take the door in front if there is one, else Flask's."""
        request = Request(environ, populate_request=False)
        endpoint = self._site.endpoint(request.path)
        self._certificates.require_machine(environ, machine=endpoint is not None)
        answered = self._site.front(request, endpoint)
        if answered is not None:
            return answered
        with self._site.flask.request_context(environ):
            return self._site.flask.full_dispatch_request()

    def _face(self, error: Refused, environ: dict[str, Any]) -> Response:
        return self._site.refused(error, Request(environ, populate_request=False))

    def _log(self, environ: dict[str, Any], response: Response, started: float) -> None:
        method = environ.get("REQUEST_METHOD", "")
        log.write(
            "http.request",
            method=method if method in _METHODS else "OTHER",
            route=environ.get("sesame.route", "none"),
            status=response.status_code,
            milliseconds=round((self._monotonic() - started) * 1000, 1),
            address=environ.get("REMOTE_ADDR") or None,
            client=environ.get("sesame.client"),
        )


def create(services: Services) -> WSGIApplication:
    """Give the application over services that stand."""
    return Application(services)


def application() -> WSGIApplication:
    """Build everything from the configuration that ``SESAME_CONFIG`` names; for the server.

    Raises:
        ConfigRefused: the configuration cannot be used.
    """
    name = os.environ.get(_CONFIG)
    settings = load(Path(name) if name else None)
    offset = settings.clock.offset_file
    now = system_now if offset is None else shifted_now(offset)
    log.configure(now)
    return create(build(settings, now=now, monotonic=system_monotonic, entropy=system_entropy))


def _require_plain_path(environ: dict[str, Any]) -> None:
    """Refuse a path that libraries would read as another one: they forgive leading slashes.

    Raises:
        Refused: NOT_FOUND.
    """
    path = str(environ.get("PATH_INFO", ""))
    if not path.startswith("/") or path.startswith("//"):
        raise Refused(NOT_FOUND, "a path that does not begin with one slash")


def _read_body(environ: dict[str, Any]) -> None:
    """Read the body once, up to the limit, so that nothing later reads or waits for more.

    Raises:
        Refused: BODY_TOO_LARGE; INVALID_REQUEST for a length that is no number or a short body.
    """
    most = LARGEST_BODY
    stated = environ.get("CONTENT_LENGTH") or None
    stream = environ["wsgi.input"]
    environ["wsgi.input"] = BytesIO()
    if stated is None:
        # Without a length there is a body only if it comes in chunks.
        body = stream.read(most + 1) if environ.get("HTTP_TRANSFER_ENCODING") else b""
    else:
        if not (stated.isascii() and stated.isdigit()):
            raise Refused(INVALID_REQUEST, "content length")
        if len(stated) > len(str(most)) or int(stated) > most:
            raise Refused(BODY_TOO_LARGE, "content length above the limit")
        body = stream.read(int(stated))
        if len(body) != int(stated):
            raise Refused(INVALID_REQUEST, "the body ended early")
    if len(body) > most:
        raise Refused(BODY_TOO_LARGE, "body above the limit")
    environ["wsgi.input"] = BytesIO(body)
    environ["wsgi.input_terminated"] = True
    environ["CONTENT_LENGTH"] = str(len(body))
    environ.pop("HTTP_TRANSFER_ENCODING", None)
