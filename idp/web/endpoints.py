"""The machine endpoints: from an HTTP request to a protocol verb, and its result as JSON.

Each handler is complete in itself: whatever door a request came through (the dispatcher in front,
or Flask), it gets the same checks, the same headers and the same words of refusal.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from werkzeug.wrappers import Response

from idp.config import Environment
from idp.errors import (
    INSUFFICIENT_SCOPE,
    INVALID_DPOP_PROOF,
    INVALID_REQUEST,
    INVALID_TOKEN,
    METHOD_NOT_ALLOWED,
    TOKEN_MISSING,
    USE_DPOP_NONCE,
    Refused,
)
from idp.oidc import dpop, introspection, paths
from idp.oidc.dynamic.refusals import RegistrationFaulty
from idp.oidc.form import Parameters
from idp.oidc.resource import StepUpNeeded
from idp.store.ports import StoreUnavailable
from idp.web import cors, granting, registering
from idp.web.certificates import presented
from idp.web.errors import note_refusal, retry_after
from idp.web.forms import require_form
from idp.web.granting import Granting
from idp.web.hook import PATH, TestingHook
from idp.web.registering import Registering

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from werkzeug.wrappers import Request

    from idp.errors import Problem
    from idp.oidc.pens import Written
    from idp.services import Services
    from idp.web.cors import CrossOrigin
    from keys.jwks import Document

    Handler = Callable[[Request], Response]

_JSON: Final = "application/json"
_COMPACT: Final = json.JSONEncoder(separators=(",", ":"))
_UNAUTHORIZED: Final = 401
_CREATED: Final = 201
_UNKEPT: Final = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))
"""Out of every cache (RFC 6749 section 5.1)."""
_OF_PROOF: Final = frozenset({INVALID_DPOP_PROOF.code, USE_DPOP_NONCE.code})
_BEARER: Final = frozenset({INVALID_TOKEN.code, INSUFFICIENT_SCOPE.code, TOKEN_MISSING.code})


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """One machine endpoint: its path, its methods, its one handler (both doors lead to it)."""

    path: str
    methods: tuple[str, ...]
    handler: Handler


class Endpoints:
    """The handlers over the protocol's verbs."""

    def __init__(self, services: Services, crossing: CrossOrigin) -> None:
        self._services = services
        self._crossing = crossing
        self._realm = urlsplit(services.settings.issuer).hostname or "sesame"

    def table(self) -> Mapping[str, Endpoint]:
        """Give every machine endpoint by its path."""
        rows: tuple[tuple[str, tuple[str, ...], Handler], ...] = (
            (paths.TOKEN, ("POST",), self._token),
            (paths.PAR, ("POST",), self._par),
            (paths.BACKCHANNEL, ("POST",), self._backchannel),
            (paths.INTROSPECT, ("POST",), self._introspect),
            (paths.REVOKE, ("POST",), self._revoke),
            (paths.USERINFO, ("GET", "POST"), self._userinfo),
            (paths.GRANTS, Granting.METHODS, self._granting().one),
            (paths.JWKS, ("GET", "HEAD"), self._jwks),
            (paths.DISCOVERY, ("GET", "HEAD"), self._discovery),
        )
        if self._services.settings.environment is Environment.CONFORMANCE:
            hook = TestingHook(self._services.ledger, now=self._services.now)
            rows = (*rows, (PATH, ("POST",), hook.post))
        if self._services.settings.registration.mode != "off":
            rows = (*rows, (paths.REGISTER, ("POST",), self._registering().post))
        return {
            path: Endpoint(
                path=path, methods=methods, handler=self._guarded(path, methods, handler)
            )
            for path, methods, handler in rows
        }

    def below(self) -> Mapping[str, Endpoint]:
        """Give the endpoints with an address for each of their things, by its beginning."""
        rows: list[tuple[str, str, tuple[str, ...], Handler]] = [
            (granting.PREFIX, "<grant_id>", Granting.METHODS, self._granting().one)
        ]
        if self._services.settings.registration.mode != "off":
            one = self._registering().one
            rows.append((registering.PREFIX, "<client_id>", Registering.METHODS, one))
        return {
            prefix: Endpoint(
                path=prefix + name,
                methods=methods,
                handler=self._guarded(prefix + name, methods, handler),
            )
            for prefix, name, methods, handler in rows
        }

    def _granting(self) -> Granting:
        return Granting(self._services.grant_management)

    def _registering(self) -> Registering:
        desk = self._services.registration
        assert desk is not None
        return Registering(desk)

    def refusal(self, error: Refused, request: Request, *, path: str = "") -> Response:
        """Give the OAuth face of a refusal (RFC 6749 5.2, RFC 6750 3, RFC 9449 7.1)."""
        problem = error.problem
        said = error.description if isinstance(error, RegistrationFaulty) else problem.description
        body = {"error": problem.oauth, "error_description": said}
        response = _json(body, status=problem.status)
        if path.startswith((paths.USERINFO, paths.GRANTS)) and problem.code in _OF_PROOF:
            response.status_code = _UNAUTHORIZED
            response.headers["WWW-Authenticate"] = self._of_key(problem)
        elif isinstance(error, StepUpNeeded):
            response.headers["WWW-Authenticate"] = self._step_up(error, request)
        elif problem.code in _BEARER:
            response.headers["WWW-Authenticate"] = self._bearer(error, request)
        elif problem.status == _UNAUTHORIZED and "Authorization" in request.headers:
            response.headers["WWW-Authenticate"] = f'Basic realm="{self._realm}"'
        return retry_after(response, error.wait)

    def _guarded(self, path: str, methods: tuple[str, ...], handler: Handler) -> Handler:
        """Wrap a handler in what is the same at every endpoint."""
        public = path in {paths.JWKS, paths.DISCOVERY}

        def guarded(request: Request) -> Response:
            request.environ["sesame.route"] = path
            if request.method == "OPTIONS":
                return self._crossing.preflight(request, methods)
            try:
                _require_method(request, methods)
                response = handler(request)
            except Refused as error:
                note_refusal(error, self._services.refusals)
                response = self.refusal(error, request, path=path)
                if error.problem is METHOD_NOT_ALLOWED:
                    response.headers["Allow"] = ", ".join((*methods, "OPTIONS"))
            if _proves_key(request):
                self._tell_nonce(response)
            if public:
                return cors.for_everybody(response)
            if "HTTP_ORIGIN" in request.environ:
                return self._crossing.allow(request, response)
            return response

        return guarded

    def _tell_nonce(self, response: Response) -> None:
        """Say what to prove the key with next time (RFC 9449 section 8.2).

        What was decided is told, nonce or not: a client without one asks again and learns it then.
        """
        with contextlib.suppress(StoreUnavailable):
            response.headers["DPoP-Nonce"] = self._services.proofs.nonce()

    def _token(self, request: Request) -> Response:
        params = _form(request)
        result = self._services.token_endpoint.exchange(
            params,
            authorization=request.environ.get("HTTP_AUTHORIZATION"),
            address=request.remote_addr,
            certificate=presented(request),
            dpop=request.environ.get("HTTP_DPOP"),
        )
        _name_client(request, params)
        return _json(result)

    def _par(self, request: Request) -> Response:
        params = _form(request)
        caller = self._services.authentication.authenticate(
            params,
            authorization=request.environ.get("HTTP_AUTHORIZATION"),
            address=request.remote_addr,
            certificate=presented(request),
        )
        request.environ["sesame.client"] = caller.client.id
        sent = request.environ.get("HTTP_DPOP")
        if sent is not None:
            proof = self._services.proofs.verify(sent, method="POST", path=paths.PAR)
            caller = replace(caller, proof=proof)
        return _json(self._services.pushed.push(params, caller), status=_CREATED)

    def _backchannel(self, request: Request) -> Response:
        params = _form(request)
        result = self._services.backchannel.ask(
            params,
            authorization=request.environ.get("HTTP_AUTHORIZATION"),
            address=request.remote_addr,
            certificate=presented(request),
        )
        _name_client(request, params)
        return _json(result)

    def _introspect(self, request: Request) -> Response:
        params = _form(request)
        result = self._services.introspection.answer(
            params,
            authorization=request.environ.get("HTTP_AUTHORIZATION"),
            address=request.remote_addr,
            certificate=presented(request),
            signed=_accepts_signed(request),
        )
        _name_client(request, params)
        return _json(result) if isinstance(result, dict) else _jwt(result)

    def _revoke(self, request: Request) -> Response:
        params = _form(request)
        self._services.revocation.answer(
            params,
            authorization=request.environ.get("HTTP_AUTHORIZATION"),
            address=request.remote_addr,
            certificate=presented(request),
        )
        _name_client(request, params)
        return Response(status=200, headers=[*_UNKEPT])

    def _userinfo(self, request: Request) -> Response:
        """Answer with the Authorization header, or by POST with a form (RFC 6750 section 2)."""
        # A token in an address is in logs and histories: whoever sends one there learns it at once.
        if request.query_string and "access_token" in request.args:
            raise Refused(TOKEN_MISSING, "a token in the query")
        params = None
        if request.method == "POST" and (request.content_length or request.get_data()):
            params = _form(request)
        result = self._services.userinfo.answer(
            authorization=request.environ.get("HTTP_AUTHORIZATION"),
            params=params,
            method=request.method,
            dpop=request.environ.get("HTTP_DPOP"),
            certificate=presented(request),
        )
        return _json(result) if isinstance(result, dict) else _jwt(result)

    def _jwks(self, request: Request) -> Response:
        return _document(request, self._services.ring.jwks())

    def _discovery(self, request: Request) -> Response:
        return _document(request, self._services.discovery)

    def _of_key(self, problem: Problem) -> str:
        algorithms = " ".join(dpop.ALGORITHMS)
        return f'DPoP realm="{self._realm}", error="{problem.oauth}", algs="{algorithms}"'

    def _step_up(self, error: StepUpNeeded, request: Request) -> str:
        """Say what to ask for (RFC 9470 section 3); the words are those of the registration."""
        challenge = self._of_key if _proves_key(request) else self._of_bearer
        missing = error.missing
        asked = {"acr_values": missing.acr_values, "max_age": missing.max_age}
        said = "".join(f', {name}="{one}"' for name, one in asked.items() if one is not None)
        return challenge(error.problem) + said

    def _of_bearer(self, problem: Problem) -> str:
        said = f'error="{problem.oauth}", error_description="{problem.description}"'
        return f'Bearer realm="{self._realm}", {said}'

    def _bearer(self, error: Refused, request: Request) -> str:
        """Write the challenge; a request without any token learns no error code (section 3.1)."""
        problem = error.problem
        if problem is TOKEN_MISSING and "Authorization" not in request.headers:
            return f'Bearer realm="{self._realm}"'
        return self._of_bearer(problem)


def _proves_key(request: Request) -> bool:
    """Tell whether a request proves a key, or means to (RFC 9449 section 7.1)."""
    sent = request.environ
    named = sent.get("HTTP_AUTHORIZATION", "").partition(" ")[0].lower()
    return "HTTP_DPOP" in sent or named == "dpop"


def _require_method(request: Request, methods: tuple[str, ...]) -> None:
    if request.method not in methods:
        raise Refused(METHOD_NOT_ALLOWED, "method")


def _form(request: Request) -> Parameters:
    """Read the body, and only the body.

    Raises:
        Refused: parameters in the query, another content type, or what ``Parameters`` refuses.
    """
    if request.query_string:
        raise Refused(INVALID_REQUEST, "parameters in the query of a post")
    require_form(request)
    return Parameters.parse(request.get_data())


def _name_client(request: Request, params: Parameters) -> None:
    """Note for the access log who it was: the exchange succeeded, so the name is registered."""
    client_id = params.get("client_id")
    if client_id is not None:
        request.environ["sesame.client"] = client_id


def _json(body: Mapping[str, object], *, status: int = 200) -> Response:
    text = _COMPACT.encode(body).encode("ascii")
    return Response([text], status=status, headers=[("Content-Type", _JSON), *_UNKEPT])


def _jwt(written: Written) -> Response:
    return Response(written.text, headers=[("Content-Type", written.media_type), *_UNKEPT])


def _accepts_signed(request: Request) -> bool:
    """Tell whether a signed introspection is what the caller likes best (RFC 9701 section 4)."""
    offered = (_JSON, introspection.MEDIA_TYPE)
    return request.accept_mimetypes.best_match(offered, _JSON) == introspection.MEDIA_TYPE


def _document(request: Request, document: Document) -> Response:
    """Give a prepared document, or 304 to who has it (RFC 9110 section 13.1.2)."""
    response = Response(document.body, content_type=document.media_type)
    response.set_etag(document.etag.strip('"'))
    response.headers["Cache-Control"] = f"public, max-age={document.max_age}"
    response.make_conditional(request)
    return response
