"""A login that an e-service asks for behind the browser's back (OpenID Connect CIBA Core 1.0)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from idp.domain.client import ClientId
from idp.domain.grant import TokenHash
from idp.domain.person import PersonId
from idp.domain.request import AuthorizationRequest


@dataclass(frozen=True, kw_only=True, slots=True)
class Ping:
    """What a client is told with, once: it holds secrets of both sides."""

    endpoint: str
    token: str = field(repr=False)
    auth_req_id: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class BackchannelRequest:
    """One accepted request, known only by the hash of its ``auth_req_id``.

    Attributes:
        person: who is asked; ``None`` where nobody is, which the client cannot tell from silence.
        approval: what their phones are asked; ``None`` where nothing was delivered.
        request: what is asked, as at the front channel; its redirect URI is empty.
        details: the ``authorization_details`` that the phone shows a rendering of, as sent.
        claims: the claim names that the phone shows.
        username: of a seeded person, in the conformance environment alone.
        ping: where to tell that it was answered, ``None`` where the client polls.
        decision: ``allow`` or ``deny`` by the hook of the conformance environment, else ``None``.
    """

    hash: TokenHash
    client: ClientId
    person: PersonId | None
    approval: str | None
    request: AuthorizationRequest
    details: str | None = field(default=None, repr=False)
    claims: tuple[str, ...] = ()
    username: str | None = None
    ping: Ping | None = None
    decision: str | None = None
    opened_at: datetime
    expires_at: datetime
    redeemed_at: datetime | None = None
