"""What is worth remembering for an auditor: a closed set of events, each made by a named function.

An event is recorded in the unit of work that it describes. It never holds a token, a PIN or a
national number; a person is named by the opaque identifier.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from idp.domain.assurance import CANONICAL
from idp.domain.client import ClientId
from idp.domain.person import PersonId
from idp.domain.session import SessionKey
from idp.domain.transaction import TransactionId
from idp.domain.verified_claims import names_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from idp.domain.event import AuthenticationEvent
    from idp.domain.grant import AccessToken, Grant, GrantId

_CANONICAL: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


class Kind(StrEnum):
    """Every kind of event there is."""

    LOGIN_PROVEN = "login.proven"
    LOGIN_REFUSED = "login.refused"
    SESSION_ENDED = "session.ended"
    CONSENT_GIVEN = "consent.given"
    CODE_ISSUED = "code.issued"
    CODE_REUSED = "code.reused"
    CODE_REFUSED = "code.refused"
    TOKENS_ISSUED = "tokens.issued"
    TOKENS_REFRESHED = "tokens.refreshed"
    REFRESH_RETRIED = "refresh.retried"
    REFRESH_REUSED = "refresh.reused"
    GRANT_ENDED = "grant.ended"
    TOKEN_EXCHANGED = "token.exchanged"  # noqa: S105 - an event's name
    TOKEN_REVOKED = "token.revoked"  # noqa: S105 - an event's name
    TOKEN_FOREIGN = "token.foreign"  # noqa: S105 - an event's name
    CLAIMS_RELEASED = "claims.released"
    CLIENT_CHANGED = "client.changed"
    CLIENTS_INVITED = "client.invited"
    KEY_CHANGED = "key.changed"
    EPOCH_BUMPED = "epoch.bumped"
    PERSON_CHANGED = "person.changed"
    REFUSALS_COUNTED = "refusals.counted"
    AUDIT_ERASED = "audit.erased"
    ENROLMENT_OPENED = "enrolment.opened"
    ENROLMENT_CLAIMED = "enrolment.claimed"
    ENROLMENT_CONFIRMED = "enrolment.confirmed"
    ENROLMENT_CANCELLED = "enrolment.cancelled"
    PHONE_ENROLLED = "phone.enrolled"
    PHONE_RENAMED = "phone.renamed"
    PHONE_REMOVED = "phone.removed"
    PHONE_FROZEN = "phone.frozen"
    PHONE_TRUSTED = "phone.trusted"
    PHONE_COPIED = "phone.copied"
    APPROVAL_ASKED = "approval.asked"
    APPROVAL_CLAIMED = "approval.claimed"
    APPROVAL_CONTESTED = "approval.contested"
    APPROVAL_DECIDED = "approval.decided"
    APPROVAL_REPORTED = "approval.reported"
    OTP_ENROLLED = "otp.enrolled"
    OTP_REMOVED = "otp.removed"
    USERCODE_SET = "usercode.set"
    USERCODE_REMOVED = "usercode.removed"


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditEvent:
    """One event. ``details`` are short texts by name, listed per kind by the functions below."""

    kind: Kind
    at: datetime
    transaction: TransactionId | None = None
    person: PersonId | None = None
    client: ClientId | None = None
    session: SessionKey | None = None
    actor: str | None = None
    details: dict[str, str] = field(default_factory=dict)


def login_proven(
    *, event: AuthenticationEvent, transaction: TransactionId, client: ClientId, session: SessionKey
) -> AuditEvent:
    """Somebody proved who they are and a session was opened."""
    return AuditEvent(
        kind=Kind.LOGIN_PROVEN,
        at=event.at,
        transaction=transaction,
        person=event.person,
        client=client,
        session=session,
        details={"acr": CANONICAL[event.acr], "amr": " ".join(event.amr)},
    )


def login_refused(
    *, reason: str, at: datetime, transaction: TransactionId, client: ClientId
) -> AuditEvent:
    """A login ended without a proof; ``reason`` is a catalogue code."""
    return AuditEvent(
        kind=Kind.LOGIN_REFUSED,
        at=at,
        transaction=transaction,
        client=client,
        details={"reason": reason},
    )


def session_ended(*, session: SessionKey, person: PersonId, at: datetime, why: str) -> AuditEvent:
    """A session ended by logout, step-up or operator."""
    return AuditEvent(
        kind=Kind.SESSION_ENDED, at=at, person=person, session=session, details={"why": why}
    )


def consent_given(
    *,
    person: PersonId,
    client: ClientId,
    claims: tuple[str, ...],
    at: datetime,
    transaction: TransactionId,
) -> AuditEvent:
    """A person agreed to release these claims (names, never values)."""
    return AuditEvent(
        kind=Kind.CONSENT_GIVEN,
        at=at,
        transaction=transaction,
        person=person,
        client=client,
        details={"claims": " ".join(claims)},
    )


def code_issued(*, grant: Grant, transaction: TransactionId) -> AuditEvent:
    """A transaction was completed into a code."""
    return _of_grant(Kind.CODE_ISSUED, grant, grant.created_at, transaction=transaction)


def code_reused(*, grant: Grant, at: datetime) -> AuditEvent:
    """A spent code came back: what it gave was revoked (RFC 6749 section 4.1.2)."""
    return _of_grant(Kind.CODE_REUSED, grant, at)


def code_refused(*, grant: Grant, at: datetime, reason: str) -> AuditEvent:
    """A code was presented by its client and spent without giving tokens.

    ``reason`` is a catalogue code.
    """
    return _of_grant(Kind.CODE_REFUSED, grant, at, reason=reason)


def tokens_issued(*, grant: Grant, at: datetime) -> AuditEvent:
    """A code became tokens."""
    return _of_grant(Kind.TOKENS_ISSUED, grant, at, scope=" ".join(grant.scopes))


def tokens_left(
    *, grant: Grant, at: datetime, transaction: TransactionId, response_type: str
) -> AuditEvent:
    """Tokens left the authorization endpoint, beside a code or without one."""
    return _of_grant(
        Kind.TOKENS_ISSUED,
        grant,
        at,
        transaction=transaction,
        response_type=response_type,
        scope=" ".join(grant.scopes),
    )


def tokens_refreshed(*, grant: Grant, at: datetime, generation: int) -> AuditEvent:
    """A refresh token became new tokens."""
    return _of_grant(Kind.TOKENS_REFRESHED, grant, at, generation=str(generation))


def refresh_retried(*, grant: Grant, at: datetime, generation: int) -> AuditEvent:
    """The previous generation came back within the grace period and got the same successor."""
    return _of_grant(Kind.REFRESH_RETRIED, grant, at, generation=str(generation))


def refresh_reused(*, grant: Grant, at: datetime, generation: int) -> AuditEvent:
    """An old generation came back: the family was ended."""
    return _of_grant(Kind.REFRESH_REUSED, grant, at, generation=str(generation))


def grant_ended(*, grant: GrantId, client: ClientId, at: datetime, why: str) -> AuditEvent:
    """A grant and everything that hangs off it ended."""
    return AuditEvent(
        kind=Kind.GRANT_ENDED, at=at, client=client, details={"grant": grant, "why": why}
    )


def token_revoked(*, grant: GrantId, client: ClientId, at: datetime, what: str) -> AuditEvent:
    """A client revoked a token of its own (RFC 7009)."""
    return AuditEvent(
        kind=Kind.TOKEN_REVOKED, at=at, client=client, details={"grant": grant, "what": what}
    )


def token_exchanged(*, grant: Grant, token: AccessToken, of: ClientId) -> AuditEvent:
    """A service exchanged a token that ``of`` held for one to act onward with (RFC 8693)."""
    return AuditEvent(
        kind=Kind.TOKEN_EXCHANGED,
        at=token.issued_at,
        person=grant.person,
        client=token.client,
        session=grant.session,
        details={
            "grant": grant.id,
            "of": of,
            "audience": " ".join(token.audience),
            "scope": " ".join(token.scopes),
        },
    )


def foreign_presented(*, grant: GrantId, client: ClientId, at: datetime, what: str) -> AuditEvent:
    """An authenticated ``client`` presented a code or token that was given to another one."""
    return AuditEvent(
        kind=Kind.TOKEN_FOREIGN, at=at, client=client, details={"grant": grant, "what": what}
    )


def claims_released(*, grant: Grant, at: datetime, place: str) -> AuditEvent:
    """Claims left in an ID token or at userinfo (names, never values)."""
    claims = grant.id_token_claims if place == "id_token" else grant.userinfo_claims
    return _of_grant(
        Kind.CLAIMS_RELEASED, grant, at, place=place, claims=" ".join(names_in(claims))
    )


def client_changed(*, client: ClientId, at: datetime, actor: str, change: str) -> AuditEvent:
    """An operator, or a client itself, added, edited, disabled or removed a registration."""
    return AuditEvent(
        kind=Kind.CLIENT_CHANGED, at=at, client=client, actor=actor, details={"change": change}
    )


def clients_invited(*, invitation: str, at: datetime, actor: str, change: str) -> AuditEvent:
    """An operator invited clients to register themselves, or took that back (its reference)."""
    return AuditEvent(
        kind=Kind.CLIENTS_INVITED,
        at=at,
        actor=actor,
        details={"invitation": invitation, "change": change},
    )


def key_changed(*, kid: str, at: datetime, actor: str, change: str) -> AuditEvent:
    """A signing key changed its state."""
    return AuditEvent(
        kind=Kind.KEY_CHANGED, at=at, actor=actor, details={"kid": kid, "change": change}
    )


def epoch_bumped(*, epoch: int, at: datetime, actor: str) -> AuditEvent:
    """Everything issued before is refused from now on, and every session of before is over."""
    return AuditEvent(kind=Kind.EPOCH_BUMPED, at=at, actor=actor, details={"epoch": str(epoch)})


def person_changed(*, person: PersonId, at: datetime, actor: str, change: str) -> AuditEvent:
    """A person was created, changed state, or had attributes renewed."""
    return AuditEvent(
        kind=Kind.PERSON_CHANGED, at=at, person=person, actor=actor, details={"change": change}
    )


def refusals_counted(*, code: str, count: int, at: datetime) -> AuditEvent:
    """How many anonymous requests were refused with one code in one minute."""
    return AuditEvent(
        kind=Kind.REFUSALS_COUNTED, at=at, details={"code": code, "count": str(count)}
    )


def audit_erased(*, through: int, rows: int, before: datetime, at: datetime) -> AuditEvent:
    """What sealed rows told up to the place ``through`` was erased: all from before ``before``.

    The verifier takes an erased row for whole only where such an event covers it.
    """
    return AuditEvent(
        kind=Kind.AUDIT_ERASED,
        at=at,
        details={"through": str(through), "rows": str(rows), "before": before.isoformat()},
    )


def of_the_phone(
    *, what: str, person: PersonId, at: datetime, facts: Mapping[str, str]
) -> AuditEvent:
    """Something about a phone, an approval or a one-time password happened (names, no secrets).

    ``what`` is a kind's value with ``_`` for the dot; of ``facts``, ``transaction`` and ``client``
    go to the fields that other events have for them.

    Raises:
        ValueError: there is no such kind.
    """
    details = dict(facts)
    transaction, client = details.pop("transaction", None), details.pop("client", None)
    return AuditEvent(
        kind=Kind(what.replace("_", ".", 1)),
        at=at,
        person=person,
        transaction=None if transaction is None else TransactionId(transaction),
        client=None if client is None else ClientId(client),
        details=details,
    )


def _of_grant(
    kind: Kind,
    grant: Grant,
    at: datetime,
    *,
    transaction: TransactionId | None = None,
    **details: str,
) -> AuditEvent:
    return AuditEvent(
        kind=kind,
        at=at,
        transaction=transaction,
        person=grant.person,
        client=grant.client,
        session=grant.session,
        details={"grant": grant.id, **details},
    )


def stream_of(event: AuditEvent) -> str:
    """Give the stream an event belongs to: the first word of its kind."""
    return event.kind.partition(".")[0]


def payload_of(event: AuditEvent) -> bytes:
    """Give the event as canonical JSON: sorted names, no spaces, ASCII only, absent left out."""
    content: dict[str, object] = {
        "kind": event.kind.value,
        "at": event.at.isoformat(),
        "transaction": event.transaction,
        "person": event.person,
        "client": event.client,
        "session": event.session,
        "actor": event.actor,
        "details": event.details,
    }
    present = {name: value for name, value in content.items() if value not in (None, {})}
    return _CANONICAL.encode(present).encode("ascii")


def digest_input(*, row_id: str, stream: str, payload: bytes) -> bytes:
    """Give what the row's MAC covers; the time stands inside the payload."""
    return b"\x00".join((row_id.encode(), stream.encode(), hashlib.sha256(payload).digest()))
