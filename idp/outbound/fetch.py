"""The card verification's way out: its ``Fetch`` port answered by the guarded client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cardreader.trust.ports import FetchAnswer, FetchFailed
from idp.outbound.client import OutboundFailed

if TYPE_CHECKING:
    from cardreader.trust.ports import FetchRequest
    from idp.outbound.client import OutboundClient


class GuardedFetch:
    """One call a question, to addresses that the trust configuration names."""

    def __init__(self, client: OutboundClient) -> None:
        self._client = client

    def __call__(self, request: FetchRequest, /) -> FetchAnswer:
        """Make the call. Raises: FetchFailed."""
        headers = {"Accept": request.accept}
        if request.content_type is not None:
            headers["Content-Type"] = request.content_type
        try:
            answer = self._client.call(
                request.method,
                request.url,
                seconds=request.seconds,
                limit=request.limit,
                body=request.body,
                headers=headers,
                into=request.into,
            )
        except OutboundFailed as error:
            raise FetchFailed(error.reason) from error
        return FetchAnswer(status=answer.status, media_type=answer.media_type, body=answer.body)
