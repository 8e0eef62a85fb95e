"""A login that an e-service asks for behind the browser's back (OpenID Connect CIBA Core 1.0)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from idp.domain.client import ClientId
from idp.domain.grant import TokenHash
from idp.domain.person import PersonId
from idp.domain.request import AuthorizationRequest

_LOGIN: Final = "ciba:"


def login_of(request: TokenHash) -> str:
    """Give the name of a request where an approval names its login."""
    return f"{_LOGIN}{request}"


def request_of(login: str) -> TokenHash | None:
    """Give the request that a login's name is of; ``None`` where a browser opened the login."""
    return TokenHash(login.removeprefix(_LOGIN)) if login.startswith(_LOGIN) else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Ping:
    """What a client is told with, once: it holds secrets of both sides."""

    endpoint: str
    token: str = field(repr=False)
    auth_req_id: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class BackchannelRequest:
    """One accepted request, known only by the hash of its ``auth_req_id``.

    Whom it means is looked up after it was accepted, and what their phones are asked stands in an
    approval whose login is ``login_of(hash)``: the row is the same whether there is anybody.

    Attributes:
        subject: whom the hint names, in the client's sector; ``None`` where it names nobody.
        person: a seeded person, in the conformance environment alone.
        request: what is asked, as at the front channel; its redirect URI is empty.
        message: the client's own words.
        details: the ``authorization_details`` that the phone shows a rendering of, as sent.
        username: of a seeded person, in the conformance environment alone.
        ping: where to tell that it was answered, ``None`` where the client polls.
        decision: ``allow`` or ``deny`` by the hook of the conformance environment, else ``None``.
    """

    hash: TokenHash
    client: ClientId
    subject: str | None = field(default=None, repr=False)
    person: PersonId | None = None
    request: AuthorizationRequest
    message: str = ""
    details: str | None = field(default=None, repr=False)
    username: str | None = None
    ping: Ping | None = None
    decision: str | None = None
    opened_at: datetime
    expires_at: datetime
    redeemed_at: datetime | None = None
