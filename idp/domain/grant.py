"""What a completed login gave a client: the grant, and the code, tokens and family hanging off it.

A grant keeps only the agreed claims; they are sealed at rest and go with it. Ending a grant ends
everything that hangs off it, in one statement.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final, NewType

from idp.domain.client import Client, ClientId
from idp.domain.event import AuthenticationEvent
from idp.domain.person import PersonId, PersonState, SubjectId
from idp.domain.session import SessionKey

if TYPE_CHECKING:
    from idp.domain.assurance import Assurance

GrantId = NewType("GrantId", str)
FamilyId = NewType("FamilyId", str)
TokenHash = NewType("TokenHash", str)
"""SHA-256 (hexadecimal) of a code or an access token."""
ANY_KEY: Final = "*"
"""Of a refresh family whose client is proven otherwise: some proof must come, by any key."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """One authorization by one person to one client.

    Attributes:
        sid: the session's name at this client (ID token ``sid``).
        scopes: the scopes granted, in the order asked.
        acr_word: the ``acr`` to answer, an alias where the client asked by alias.
        id_token_claims, userinfo_claims: the agreed claims with their values, by place.
        offline: the grant outlives its session (``offline_access``).
    """

    id: GrantId
    person: PersonId
    client: ClientId
    session: SessionKey
    sid: str
    subject: SubjectId
    scopes: tuple[str, ...]
    event: AuthenticationEvent
    acr_word: str
    id_token_claims: dict[str, object] = field(repr=False)
    userinfo_claims: dict[str, object] = field(repr=False)
    resources: tuple[str, ...] = ()
    offline: bool = False
    created_at: datetime
    ended_at: datetime | None = None

    @property
    def acr(self) -> Assurance:
        """The level that was reached."""
        return self.event.acr


@dataclass(frozen=True, kw_only=True, slots=True)
class Code:
    """An authorization code (RFC 6749 section 4.1.2), known only by its hash.

    Attributes:
        key: the thumbprint of the key that alone may redeem it (RFC 9449 section 10).
        kept: its grant stands in the Ledger already, with the access token that left beside it.
    """

    hash: TokenHash
    grant: Grant
    redirect_uri: str
    code_challenge: str | None
    nonce: str | None = field(repr=False)
    issued_at: datetime
    expires_at: datetime
    spent_at: datetime | None = None
    key: str | None = None
    kept: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Delegation:
    """Where an access token came from that another one was exchanged for (RFC 8693).

    Attributes:
        actors: the services that act, the latest first.
        parent: the token that was exchanged: this one is dead when that one is.
        subject: the name of the person in the sector of the service that acts.
    """

    actors: tuple[ClientId, ...]
    parent: TokenHash
    subject: SubjectId


@dataclass(frozen=True, kw_only=True, slots=True)
class AccessToken:
    """An access token, known only by its hash.

    Attributes:
        client: who was given it: not the client of the grant, where it came by exchange.
        delegation: how it came by exchange, ``None`` where it did not.
        key: the SHA-256 thumbprint of the key that it is bound to (RFC 9449), ``None`` for none.
    """

    hash: TokenHash
    grant: GrantId
    client: ClientId
    scopes: tuple[str, ...]
    audience: tuple[str, ...]
    issued_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    key: str | None = None
    delegation: Delegation | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """A new access token, before it has a form.

    Attributes:
        kept: what the Ledger holds of it.
        text: the opaque text whose hash that is.
        jti: the name that a JWT of it has.
    """

    kept: AccessToken
    text: str = field(repr=False)
    jti: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveToken:
    """An access token joined with everything that may make it dead, read in one statement.

    Attributes:
        client: the registration that holds the token, as it is now; ``None`` if it was removed.
        session_ended: the session of a grant that is not offline has ended.
        epoch: that of the Ledger, which what was issued must be of.
    """

    token: AccessToken
    grant: Grant
    person_state: PersonState
    client: Client | None
    session_ended: bool
    epoch: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How the person, the session and a client stand, without anything sealed.

    ``client`` is the registration as it is now; ``None`` if it was removed.
    """

    client: Client | None
    person_state: PersonState
    session_opened_at: datetime
    session_ended_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class RefreshFamily:
    """All refresh tokens of one grant: a generation counter and the secret that derives them.

    Attributes:
        generation: the live generation; the one before it may be retried for a grace period.
        secret: 32 random bytes, sealed at rest; the MAC key of the family's tokens.
        rotated_at: when ``generation`` became live.
        key: the thumbprint of the key that alone may use it (public clients), ``ANY_KEY`` where
            any key will do, ``None`` where none is asked.
    """

    id: FamilyId
    grant: GrantId
    client: ClientId
    generation: int
    secret: bytes = field(repr=False)
    rotates: bool
    created_at: datetime
    rotated_at: datetime
    idle_expires_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None
    key: str | None = None
