"""Where a request's parameters stand: beside the client's name, in an object, or at an address.

Of what stands in an object nothing beside it is looked at but ``client_id`` and, where Core 6 has
rules of its own, ``response_type``: they may not say something else (RFC 9101 section 5; OpenID
Connect Core 6.1 and 6.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from idp.errors import INVALID_REQUEST, INVALID_REQUEST_OBJECT, REQUEST_NOT_SUPPORTED, Refused
from idp.oidc.object_offers import STRICT, ObjectOffers
from idp.oidc.request_objects import RequestObjects
from idp.oidc.request_references import RequestReferences

if TYPE_CHECKING:
    from idp.domain.client import Client
    from idp.domain.request import SignedRequest
    from idp.oidc.form import Parameters


@dataclass(frozen=True, kw_only=True, slots=True)
class Carriers:
    """What opens them; without ``references`` nothing is fetched."""

    objects: RequestObjects
    references: RequestReferences | None = None
    offers: ObjectOffers = STRICT

    def opened(
        self, params: Parameters, client: Client, *, direct: bool
    ) -> tuple[Parameters, SignedRequest] | None:
        """Give what stands in the object that came, ``None`` where none did.

        Only a ``direct`` request may point to one, never a pushed one (RFC 9126 section 2.1), nor
        one of a client that must push. Other addresses are left for the checks to refuse.

        Raises:
            Refused: for both at once, and as they are opened.
        """
        text, uri = params.get("request"), params.get("request_uri")
        if text is not None and uri is not None:
            raise Refused(INVALID_REQUEST, "request beside request_uri")
        if text is not None:
            return self._open(text, params, client, fetched=False)
        if uri is None or not direct or self.references is None or not self.offers.by_reference:
            return None
        if not client.objects.uris or client.require_pushed_requests:
            return None
        return self._fetched(self.references.read(uri, client), params, client)

    def _fetched(
        self, text: str, params: Parameters, client: Client
    ) -> tuple[Parameters, SignedRequest]:
        try:
            return self._open(text, params, client, fetched=True)
        except Refused as refused:
            if refused.problem is REQUEST_NOT_SUPPORTED:
                raise Refused(INVALID_REQUEST_OBJECT, refused.detail) from None
            raise

    def _open(
        self, text: str, params: Parameters, client: Client, *, fetched: bool
    ) -> tuple[Parameters, SignedRequest]:
        registered = client.objects.algorithm
        if self.offers.unsigned and text.endswith("."):
            inside, mark = self.objects.open_unsigned(text, client)
        else:
            inside, mark = self.objects.open(
                text,
                client,
                allowed=tuple(one for one in self.offers.signing if registered in {None, one}),
                dated=not fetched,
            )
        outside = params.get("response_type")
        agrees = outside in {None, inside.get("response_type")}
        if not agrees and (fetched or not mark.proven):
            raise Refused(INVALID_REQUEST_OBJECT, "another response_type beside the object")
        return inside, mark
