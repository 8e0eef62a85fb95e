"""What goes back to the e-service through the browser, and the proven place it may go to.

Every answer carries ``iss`` (RFC 9207). Nothing is sent to a redirect URI that was not compared,
byte for byte, with a registered one: only then does a ``ReplyTo`` exist.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from idp.domain.client import ClientId
from idp.domain.escaping import urlencode
from idp.domain.grant import Grant, Made
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
class Beside:
    """What goes back beside a code, or instead of one: committed, and not written yet.

    Attributes:
        access_token: ``None`` where none was asked.
        id_token: an ID token is to be written, with ``nonce``.
    """

    grant: Grant
    access_token: Made | None
    id_token: bool
    nonce: str | None = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """An authorization response (RFC 6749 section 4.1.2), success or error.

    In a signed mode it is not signed yet, and the tokens ``beside`` a code are not written yet:
    that is done when it leaves, after its commit.
    """

    client: ClientId
    redirect_uri: str
    mode: ResponseMode
    parameters: tuple[tuple[str, str], ...] = field(repr=False)
    beside: Beside | None = None

    @property
    def succeeded(self) -> bool:
        """Tell whether it gives a client what was asked."""
        return self.beside is not None or any(name == "code" for name, _ in self.parameters)


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


def success(
    reply: ReplyTo, *, code: str | None, issuer: str, beside: Beside | None = None
) -> Answer:
    """Answer with an authorization code, with what goes back beside it, or with that alone."""
    answer = _answer(reply, () if code is None else (("code", code),), issuer)
    return answer if beside is None else replace(answer, beside=beside)


def refusal(reply: ReplyTo, problem: Problem, *, issuer: str) -> Answer:
    """Answer with an error from the catalogue (RFC 6749 section 4.1.2.1)."""
    return _answer(
        reply, (("error", problem.oauth), ("error_description", problem.description)), issuer
    )


def location(answer: Answer) -> str:
    """Give the URL of an answer that travels in it; a registered query is kept.

    In the fragment (Multiple Response Types 2.1) no server sees it, and no log of one.
    """
    if not answer.parameters:
        return answer.redirect_uri
    if answer.mode.in_fragment:
        return f"{answer.redirect_uri}#{urlencode(answer.parameters)}"
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
