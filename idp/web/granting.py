"""``/grants`` and the address of each grant: from HTTP to the verbs of grant management."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from werkzeug.wrappers import Response

from idp.errors import INVALID_REQUEST, TOKEN_MISSING, Refused
from idp.oidc.paths import GRANTS
from idp.oidc.resource import Presented
from idp.web.certificates import presented

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from idp.oidc.grant_management import GrantManagement

PREFIX: Final = f"{GRANTS}/"
_NO_CONTENT: Final = 204
_UNKEPT: Final = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))


class Granting:
    """GET and DELETE of one grant."""

    METHODS = ("GET", "DELETE")

    def __init__(self, management: GrantManagement) -> None:
        self._management = management

    def one(self, request: Request) -> Response:
        """Show or end the grant that the path names; the path alone names none.

        Raises:
            Refused: as the verbs do; TOKEN_MISSING for a token in the query, INVALID_REQUEST for
                anything else there.
        """
        if "access_token" in request.args:
            raise Refused(TOKEN_MISSING, "a token in the query")
        if request.query_string:
            raise Refused(INVALID_REQUEST, "parameters in the query")
        grant_id = request.path.removeprefix(GRANTS).removeprefix("/")
        came = Presented(
            authorization=request.headers.get("Authorization"),
            method=request.method,
            path=request.path,
            dpop=request.headers.get("DPoP"),
            certificate=presented(request),
        )
        if request.method == "DELETE":
            self._management.revoke(grant_id, came)
            return Response(status=_NO_CONTENT, headers=[*_UNKEPT])
        text = json.dumps(self._management.query(grant_id, came), separators=(",", ":"))
        return Response(text, headers=[("Content-Type", "application/json"), *_UNKEPT])
