"""``/register`` and the address of each registration: from JSON to the desk, and back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from werkzeug.wrappers import Response

from idp.errors import INVALID_REQUEST, NOT_JSON, Refused
from idp.oidc import strict_json
from idp.oidc.paths import REGISTER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.wrappers import Request

    from idp.oidc.dynamic.desk import RegistrationDesk

PREFIX: Final = f"{REGISTER}/"
_CREATED: Final = 201
_NO_CONTENT: Final = 204
_UNKEPT: Final = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))


class Registering:
    """POST of a new registration; GET, PUT and DELETE of one that there is."""

    METHODS = ("GET", "PUT", "DELETE")

    def __init__(self, desk: RegistrationDesk) -> None:
        self._desk = desk

    def post(self, request: Request) -> Response:
        """Register (RFC 7591 section 3).

        Raises:
            Refused: what the desk refuses; NOT_JSON, INVALID_REQUEST for another form.
        """
        answer = self._desk.register(
            _object(request),
            authorization=request.headers.get("Authorization"),
            address=request.remote_addr,
        )
        request.environ["sesame.client"] = answer["client_id"]
        return _json(answer, status=_CREATED)

    def one(self, request: Request) -> Response:
        """Show, change or take out the registration that the path names (RFC 7592 section 2).

        Raises:
            Refused: as for ``post``.
        """
        client_id = request.path.removeprefix(PREFIX)
        authorization, address = request.headers.get("Authorization"), request.remote_addr
        if request.method == "PUT":
            answer = self._desk.change(
                client_id, _object(request), authorization=authorization, address=address
            )
        elif request.query_string:
            raise Refused(INVALID_REQUEST, "parameters in the query")
        elif request.method == "DELETE":
            self._desk.remove(client_id, authorization=authorization, address=address)
            return Response(status=_NO_CONTENT, headers=[*_UNKEPT])
        else:
            answer = self._desk.show(client_id, authorization=authorization, address=address)
        request.environ["sesame.client"] = answer["client_id"]
        return _json(answer)


def _object(request: Request) -> dict[str, object]:
    """Read the body as one object in JSON, each name once. Raises: Refused."""
    if request.query_string:
        raise Refused(INVALID_REQUEST, "parameters in the query")
    kind, _, rest = request.headers.get("Content-Type", "").partition(";")
    extra = rest.strip().lower().replace('"', "")
    if kind.strip().lower() != "application/json" or extra not in {"", "charset=utf-8"}:
        raise Refused(NOT_JSON, "content type")
    try:
        document = strict_json.read(request.get_data().decode())
    except ValueError:
        # The cause would hold the body.
        raise Refused(NOT_JSON, "not JSON in UTF-8, or a name twice") from None
    if not isinstance(document, dict):
        raise Refused(NOT_JSON, "not an object")
    return document


def _json(body: Mapping[str, object], *, status: int = 200) -> Response:
    text = json.dumps(body, separators=(",", ":"))
    return Response(text, status=status, headers=[("Content-Type", "application/json"), *_UNKEPT])
