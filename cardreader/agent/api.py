"""The commands for a web page over loopback HTTP: ask for a signature, fetch the answer.

Who asks is what the browser says in ``Origin``, checked against a list; the page cannot name it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cardreader import client
from cardreader.agent import messages, web
from cardreader.agent.desk import QuestionUnknown, TooManyQuestions
from cardreader.agent.tasks import Login
from cardreader.agent.web import RequestRefused, Response
from cardreader.agent.wishes import read_wish
from cardreader.errors import CardError
from cardreader.token import signed_origin

if TYPE_CHECKING:
    from cardreader.agent.desk import Desk, Question
    from cardreader.agent.web import Request

_POLL_AFTER_MS: Final = 500
_TEXTS: Final = frozenset({"challengeNonce", "lang"})
_MEMBERS: Final = _TEXTS | {"files", "reasons"}
_NOT_ALLOWED: Final = {
    "code": "ERR_SESAME_ORIGIN_NOT_ALLOWED",
    "message": "this website may not use the agent",
}
_UNKNOWN: Final = {"code": "ERR_SESAME_REQUEST_UNKNOWN", "message": "no such request"}
_TOO_MANY: Final = {"code": "ERR_SESAME_TOO_MANY_REQUESTS", "message": "too many requests wait"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Origins:
    """The origins that may ask, as browsers write them, and how they are signed."""

    allowed: frozenset[str]
    allow_http_localhost: bool

    def signed(self, page_origin: str) -> str:
        """The origin that the card signs for this page; raises `OriginRefused`."""
        return signed_origin(page_origin, allow_http_localhost=self.allow_http_localhost)


class Api:
    """``/status`` and ``/authenticate``, for the allowed origins only."""

    def __init__(self, desk: Desk, *, origins: Origins, base: str) -> None:
        """Take the open questions, who may ask, and our own address ``http://127.0.0.1:port``."""
        self._desk = desk
        self._origins = origins
        self._base = base

    def answer(self, request: Request, path: list[str]) -> Response:
        """Answer a request whose path (in parts) begins with ``status`` or ``authenticate``."""
        origin = request.header("origin")
        if origin is None or origin not in self._origins.allowed:
            # No CORS header: a page of this origin cannot even read the refusal.
            return web.json_text(403, _body({"error": _NOT_ALLOWED}), ("Vary", "Origin"))
        try:
            return self._answer(request, path, origin)
        except QuestionUnknown:
            return _json(404, {"error": _UNKNOWN}, origin)
        except TooManyQuestions:
            return _json(429, {"error": _TOO_MANY}, origin)
        except RequestRefused as error:
            return _json(error.status, _INVALID, origin)
        except CardError as error:
            return _json(400, {"error": messages.describe(error, own_codes=True)}, origin)

    def _answer(self, request: Request, path: list[str], origin: str) -> Response:
        if request.method == "OPTIONS":
            return _preflight(request, origin)
        match request.method, path:
            case "GET", ["status"]:
                return _json(200, messages.hello(), origin)
            case "POST", ["authenticate"]:
                return self._open(request, origin)
            case "GET", ["authenticate", question_id]:
                question = self._desk.asked(question_id, page_origin=origin)
                return _json(200, _progress(question), origin)
            case "DELETE", ["authenticate", question_id]:
                question = self._desk.asked(question_id, page_origin=origin)
                return _json(200, _progress(self._desk.cancel(question)), origin)
        raise RequestRefused(405, "method")

    def _open(self, request: Request, origin: str) -> Response:
        media_type = (request.header("content-type") or "").partition(";")[0].strip().lower()
        if media_type != "application/json":
            raise RequestRefused(415, "media type")
        members = messages.read_object(request.body)
        if "challengeNonce" not in members or not set(members) <= _MEMBERS:
            raise RequestRefused(400, "members")
        if not all(isinstance(members[name], str) for name in _TEXTS & members.keys()):
            raise RequestRefused(400, "members")
        question = self._desk.open(
            page_origin=origin,
            origin=client.check_origin(self._origins.signed(origin)),
            task=Login(
                nonce=client.check_challenge(members["challengeNonce"]),
                wish=read_wish(members.get("files"), members.get("reasons")),
            ),
            language=members.get("lang"),
        )
        opened = {
            "requestId": question.id,
            "pinUrl": f"{self._base}/pin/{question.link}",
            "expiresAt": question.expires_at.isoformat(timespec="seconds"),
            "pollAfterMs": _POLL_AFTER_MS,
        }
        return _json(201, opened, origin)


_INVALID: Final = {
    "error": {"code": messages.INVALID_ARGUMENT, "message": "the request is not understood"}
}


def _progress(question: Question) -> dict[str, Any]:
    outcome = question.outcome
    if outcome is None:
        waiting: dict[str, Any] = {"state": "waiting", "pollAfterMs": _POLL_AFTER_MS}
        if question.trouble is not None and "message" in question.trouble:
            waiting["last"] = question.trouble
        return waiting
    if outcome.token is not None:
        files = {} if outcome.files is None else {"files": outcome.files}
        return {"state": "done", "token": outcome.token, **files}
    return {"state": "failed", "error": outcome.error}


def _preflight(request: Request, origin: str) -> Response:
    headers = [
        *_readable_by(origin),
        ("Access-Control-Allow-Methods", "GET, POST, DELETE"),
        ("Access-Control-Allow-Headers", "Content-Type"),
        ("Access-Control-Max-Age", "600"),
    ]
    if request.header("access-control-request-private-network") == "true":
        headers.append(("Access-Control-Allow-Private-Network", "true"))
    if request.header("access-control-request-local-network") == "true":
        headers.append(("Access-Control-Allow-Local-Network", "true"))
    return Response(status=204, headers=tuple(headers))


def _json(status: int, message: object, origin: str) -> Response:
    return web.json_text(status, _body(message), *_readable_by(origin))


def _readable_by(origin: str) -> tuple[tuple[str, str], ...]:
    return (
        ("Access-Control-Allow-Origin", origin),
        ("Cross-Origin-Resource-Policy", "cross-origin"),
        ("Vary", "Origin"),
    )


def _body(message: object) -> bytes:
    return json.dumps(message).encode()
