"""What goes back to the e-service through the browser, and the proven place it may go to.

Every answer carries ``iss`` (RFC 9207). Nothing is sent to a redirect URI that was not compared,
byte for byte, with a registered one: only then does a ``ReplyTo`` exist.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from idp.domain.client import ClientId
from idp.domain.request import ResponseMode
from idp.errors import Refused

if TYPE_CHECKING:
    from idp.domain.request import AuthorizationRequest
    from idp.errors import Problem


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplyTo:
    """A redirect URI that is registered for the client that asked, and how to answer there."""

    client: ClientId
    redirect_uri: str
    mode: ResponseMode
    state: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """An authorization response (RFC 6749 section 4.1.2), success or error.

    In a signed mode it is not signed yet: that is done when it leaves, after its commit.
    """

    client: ClientId
    redirect_uri: str
    mode: ResponseMode
    parameters: tuple[tuple[str, str], ...] = field(repr=False)


class RefusedToClient(Refused):
    """A refusal that the client is told at its redirect URI, because that one is proven."""

    def __init__(self, problem: Problem, detail: str = "", *, reply: ReplyTo) -> None:
        super().__init__(problem, detail)
        self.reply = reply


def reply_to(request: AuthorizationRequest) -> ReplyTo:
    """Give where a validated request is answered."""
    return ReplyTo(
        client=request.client_id,
        redirect_uri=request.redirect_uri,
        mode=request.response_mode,
        state=request.state,
    )


def success(reply: ReplyTo, *, code: str, issuer: str) -> Answer:
    """Answer with an authorization code."""
    return _answer(reply, (("code", code),), issuer)


def refusal(reply: ReplyTo, problem: Problem, *, issuer: str) -> Answer:
    """Answer with an error from the catalogue (RFC 6749 section 4.1.2.1)."""
    return _answer(
        reply, (("error", problem.oauth), ("error_description", problem.description)), issuer
    )


def location(answer: Answer) -> str:
    """Give the URL of an answer that travels in the query; a registered query is kept."""
    if not answer.parameters:
        return answer.redirect_uri
    joint = "&" if "?" in answer.redirect_uri else "?"
    return f"{answer.redirect_uri}{joint}{urlencode(answer.parameters)}"


def _answer(reply: ReplyTo, parameters: tuple[tuple[str, str], ...], issuer: str) -> Answer:
    state = () if reply.state is None else (("state", reply.state),)
    return Answer(
        client=reply.client,
        redirect_uri=reply.redirect_uri,
        mode=reply.mode,
        parameters=(*parameters, *state, ("iss", issuer)),
    )
