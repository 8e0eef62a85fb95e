"""``grant_type=urn:ietf:params:oauth:grant-type:token-exchange`` (RFC 8693): a service acts onward.

A service exchanges a token that it was given, or that was sent to a resource of its own, for one
that is good at another resource. What it gets hangs off the same grant and the same token, and is
never wider: fewer scopes, no later end, and bound to a key where the other one was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from idp.domain.acting import MOST_ACTORS, TOKEN_EXCHANGE
from idp.domain.audit_event import foreign_presented, token_exchanged
from idp.domain.client import ClientAuth, subject_sector
from idp.domain.grant import AccessToken, Delegation
from idp.domain.person import SubjectId
from idp.domain.step_up import shortfall
from idp.errors import (
    EXCHANGE_UNSUPPORTED,
    INVALID_REQUEST,
    INVALID_SCOPE,
    INVALID_TARGET,
    SUBJECT_TOKEN_REFUSED,
    UNAUTHORIZED_CLIENT,
    UNAVAILABLE,
    Refused,
)
from idp.oidc import access_tokens, binding, tokens
from idp.oidc.deciding import decided
from idp.oidc.living import living
from idp.oidc.tokens import Opaque
from idp.store.ports import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from idp.config import Settings
    from idp.domain.client import Client
    from idp.domain.grant import Grant, LiveToken, Made
    from idp.oidc.access_tokens import AccessTokens
    from idp.oidc.client_auth import Caller
    from idp.oidc.form import Parameters
    from idp.oidc.issuing import Issuing
    from idp.store.ports import Ledger, Unit

GRANT_TYPE: Final = TOKEN_EXCHANGE
ACCESS_TOKEN: Final = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a type's name
_NAME_BYTES: Final = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    subject: Opaque | None
    scope: str | None
    targets: tuple[str, ...]


class ExchangeGrant:
    """Turns an access token into one for another resource: one commit, then one signature."""

    def __init__(
        self,
        settings: Settings,
        *,
        ledger: Ledger,
        issuing: Issuing,
        presented: AccessTokens,
        now: Callable[[], datetime],
        entropy: Callable[[int], bytes],
    ) -> None:
        self._lifetimes = settings.lifetimes
        self._ledger = ledger
        self._issuing = issuing
        self._presented = presented
        self._now = now
        self._entropy = entropy

    def exchange(self, params: Parameters, caller: Caller) -> dict[str, object]:
        """Give the token response (RFC 8693 section 2.2.1); there is never a refresh token.

        Raises:
            Refused: INVALID_REQUEST, EXCHANGE_UNSUPPORTED, SUBJECT_TOKEN_REFUSED, INVALID_TARGET,
                INVALID_SCOPE, UNAUTHORIZED_CLIENT, CLIENT_DISABLED; INVALID_GRANT as every path
                that issues; INVALID_CLIENT for a replayed assertion.
        """
        asked = self._asked(params)
        if caller.method is ClientAuth.NONE:
            raise Refused(UNAUTHORIZED_CLIENT, "a public client acts for nobody")
        signer = self._issuing.signer(caller.client)
        made, grant = decided(
            self._ledger, caller, lambda unit: self._exchange(unit, caller, asked)
        )
        token = made.kept
        return {
            "access_token": self._issuing.text(made, grant, signer),
            "issued_token_type": ACCESS_TOKEN,
            "token_type": binding.token_type(token.key),
            "expires_in": int((token.expires_at - token.issued_at).total_seconds()),
            "scope": " ".join(token.scopes),
        }

    def _asked(self, params: Parameters) -> _Asked:
        """Read what is asked (section 2.1); the actor is the client itself, and no other."""
        subject = params.get("subject_token")
        if subject is None or params.get("subject_token_type") is None:
            raise Refused(INVALID_REQUEST, "no subject_token, or without its type")
        if params.get("subject_token_type") != ACCESS_TOKEN:
            raise Refused(EXCHANGE_UNSUPPORTED, "a subject token of another type")
        if params.get("requested_token_type") not in {None, ACCESS_TOKEN}:
            raise Refused(EXCHANGE_UNSUPPORTED, "another type of token is wanted")
        if params.get("actor_token") is not None or params.get("actor_token_type") is not None:
            raise Refused(EXCHANGE_UNSUPPORTED, "an actor token")
        return _Asked(
            subject=self._presented.find(subject),
            scope=params.get("scope"),
            targets=tuple(dict.fromkeys((*params.all("resource"), *params.all("audience")))),
        )

    def _exchange(self, unit: Unit, caller: Caller, asked: _Asked) -> tuple[Made, Grant]:
        at = self._now()
        subject = self._subject(unit, caller, asked, at=at)
        client, _ = self._issuing.gate(unit, caller.client.id, subject.grant, at=at)
        if GRANT_TYPE not in client.grant_types:
            raise Refused(UNAUTHORIZED_CLIENT, "the grant type was taken out since")
        if shortfall(client, subject.grant, within=self._lifetimes.transaction) is not None:
            raise Refused(SUBJECT_TOKEN_REFUSED, "the login is less than the client demands")
        audience = _audience(client, asked)
        scopes = _scopes(client, subject.token, asked)
        key = _key(caller, subject.token)
        delegation = self._delegation(unit, client, subject)
        made = access_tokens.make(
            epoch=unit.epoch(),
            entropy=self._entropy,
            keep=lambda hashed: AccessToken(
                hash=hashed,
                grant=subject.grant.id,
                client=client.id,
                scopes=scopes,
                audience=audience,
                issued_at=at,
                expires_at=min(at + self._lifetimes.access_token, subject.token.expires_at),
                key=key,
                delegation=delegation,
            ),
        )
        unit.grants.add_access_token(made.kept)
        unit.record(token_exchanged(grant=subject.grant, token=made.kept, of=subject.token.client))
        return made, subject.grant

    def _subject(self, unit: Unit, caller: Caller, asked: _Asked, *, at: datetime) -> LiveToken:
        """Give the presented token, alive, and this caller's to exchange.

        It is where it was given to the caller, or is for a resource of its own.

        Raises:
            Refused: SUBJECT_TOKEN_REFUSED, whatever it is that is wrong with it.
        """
        if asked.subject is None:
            raise Refused(SUBJECT_TOKEN_REFUSED, "no access token of ours")
        try:
            found, _ = living(unit, asked.subject, at=at)
        except StoreUnavailable:
            raise
        except Refused as refused:
            if refused.problem is UNAVAILABLE:
                raise
            raise Refused(SUBJECT_TOKEN_REFUSED, refused.detail) from None
        token, own = found.token, caller.client
        if token.client == own.id or set(token.audience) & set(own.acting.resources):
            return found
        unit.record(
            foreign_presented(grant=found.grant.id, client=own.id, at=at, what="subject_token")
        )
        raise Refused(SUBJECT_TOKEN_REFUSED, "of another client, for another resource")

    def _delegation(self, unit: Unit, client: Client, subject: LiveToken) -> Delegation:
        origin = subject.token.delegation
        actors = (client.id, *(() if origin is None else origin.actors))
        if len(actors) > MOST_ACTORS:
            raise Refused(SUBJECT_TOKEN_REFUSED, "exchanged too often")
        candidate = SubjectId(tokens.encoded(self._entropy(_NAME_BYTES)))
        name = unit.people.subject(
            subject.grant.person, subject_sector(client), candidate=candidate
        )
        return Delegation(actors=actors, parent=subject.token.hash, subject=name)


def _audience(client: Client, asked: _Asked) -> tuple[str, ...]:
    """Give whom the new token is for: named each time, and each registered for the client."""
    if not asked.targets:
        raise Refused(INVALID_TARGET, "no resource or audience is named")
    if not set(asked.targets) <= set(client.acting.targets):
        raise Refused(INVALID_TARGET, "a resource that this client may not act at")
    return asked.targets


def _scopes(client: Client, token: AccessToken, asked: _Asked) -> tuple[str, ...]:
    """Give the scopes, in the order granted: all that may be carried onward, or those asked."""
    carried = tuple(scope for scope in token.scopes if scope in client.acting.scopes)
    if asked.scope is not None:
        wanted = frozenset(asked.scope.split(" "))
        if not wanted <= set(carried):
            raise Refused(INVALID_SCOPE, "a scope that is not carried onward")
        carried = tuple(scope for scope in carried if scope in wanted)
    if not carried:
        raise Refused(INVALID_SCOPE, "no scope is left")
    return carried


def _key(caller: Caller, token: AccessToken) -> str | None:
    """Give the key that the new token is bound to: that which the caller proved with the request.

    A bound token gives a bound one. Where the caller holds it, by the same key; where it was sent
    to the caller's resource, the caller cannot have that key and proves its own.
    """
    if token.key is None:
        return caller.key
    if caller.key is None:
        raise Refused(SUBJECT_TOKEN_REFUSED, "a bound token without a proof of a key")
    if token.client == caller.client.id and caller.key != token.key:
        raise Refused(SUBJECT_TOKEN_REFUSED, "bound to another key")
    return caller.key
