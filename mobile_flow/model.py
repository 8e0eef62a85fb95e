"""What there is: phones, enrolments, approvals, and what was shown to the person who approved.

Plain frozen values. How each of them changes is decided where its path stands (``enrolment``,
``approvals``); that it changes once is decided by the store, which compares versions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

DeviceId = NewType("DeviceId", str)
EnrolmentId = NewType("EnrolmentId", str)
ApprovalId = NewType("ApprovalId", str)
PersonRef = NewType("PersonRef", str)
"""The provider's opaque identifier of a person; nothing here looks behind it."""
OriginRef = NewType("OriginRef", str)
"""The hash of where a login comes from (``limits.origin``); never the name of a person."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PushSubscription:
    """Where a browser's push service takes messages for one phone (Push API 3.2; RFC 8030)."""

    endpoint: str = field(repr=False)
    p256dh: str = field(repr=False)
    auth: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Credential:
    """A WebAuthn credential as registered (WebAuthn Level 3, 4, *credential record*).

    Attributes:
        public_key: COSE_Key, as the authenticator gave it.
        backup_eligible, backed_up: the flags BE and BS; BE never changes after registration.
        attestation: the attestation statement format that was verified, ``none`` if there was none.
        aaguid: of the authenticator's model, lower-case with hyphens.
    """

    id: bytes
    public_key: bytes = field(repr=False)
    algorithm: int
    sign_count: int
    backup_eligible: bool
    backed_up: bool
    aaguid: str
    attestation: str
    transports: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Device:
    """A phone that a person enrolled.

    Attributes:
        user_handle: the person's random WebAuthn user handle, the same for all of their phones.
        credential: the passkey; it may be synced, and so proves the account.
        device_key: SubjectPublicKeyInfo (DER) of the P-256 key that cannot leave the phone's app.
        card_fingerprint: SHA-256 (hexadecimal) of the certificate of the card that enrolled it.
        high_from: from then on it may give level high, if the credential is device-bound.
        suspected_at: when its passkey first answered as a copy would; it never gives level high any
            more, and does nothing by itself.
    """

    id: DeviceId
    person: PersonRef
    name: str
    user_handle: bytes = field(repr=False)
    credential: Credential
    device_key: bytes = field(repr=False)
    card_fingerprint: str
    language: str
    enrolled_at: datetime
    high_from: datetime
    used_at: datetime | None = None
    removed_at: datetime | None = None
    suspected_at: datetime | None = None
    push: PushSubscription | None = None


class EnrolmentState(StrEnum):
    """Where an enrolment stands; the device exists only when it is done."""

    OPEN = "open"
    CLAIMED = "claimed"
    CONFIRMED = "confirmed"
    DONE = "done"
    CANCELLED = "cancelled"


@dataclass(frozen=True, kw_only=True, slots=True)
class Enrolment:
    """One phone on its way in.

    Attributes:
        code: SHA-256 (hexadecimal) of the one-time code that the phone opens it with.
        matching: the short word that both screens show before the person confirms on the card's
            side; made at the claim.
        device_key: of the phone that claimed it (as in ``Device``): only its signature goes on.
        challenge: the one WebAuthn challenge that is accepted, the latest.
    """

    id: EnrolmentId
    version: int = 1
    person: PersonRef
    person_name: str = field(repr=False)
    code: str = field(repr=False)
    state: EnrolmentState = EnrolmentState.OPEN
    card_fingerprint: str
    user_handle: bytes = field(repr=False)
    opened_at: datetime
    expires_at: datetime
    matching: str | None = None
    device_name: str | None = None
    device_key: bytes | None = field(default=None, repr=False)
    challenge: bytes | None = field(default=None, repr=False)
    device: DeviceId | None = None


class Verb(StrEnum):
    """What the person is asked to do, in one word."""

    LOG_IN = "log_in"
    CONFIRM = "confirm"
    PAY = "pay"
    SIGN = "sign"
    SHARE = "share"


class FlowKind(StrEnum):
    """How the approval came to the phone."""

    QR = "qr"
    STATIC = "static"
    PASSKEY = "passkey"
    PUSH = "push"


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownClaim:
    """A claim that will leave: its name in the vocabulary, and the registered reason."""

    name: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownDetail:
    """A line of a typed approval (RFC 9396), rendered by us: a label's key and a plain value."""

    label: str
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """What the person is shown before approving, in this order and nothing else.

    Attributes:
        client_name, client_domain: from the registration, never from a request.
        purpose: the registered purpose in the person's language, empty where none is registered.
        where: where the request comes from, coarse (browser and system), as a short text.
        message: the e-service's own words (``binding_message``), plain and quoted.
        acr: the level that is asked for, a canonical word, or empty.
    """

    verb: Verb
    client_id: str
    client_name: str
    client_domain: str
    purpose: str
    claims: tuple[ShownClaim, ...] = ()
    details: tuple[ShownDetail, ...] = ()
    message: str = ""
    where: str = ""
    acr: str = ""
    language: str = "en"


@dataclass(frozen=True, kw_only=True, slots=True)
class Start:
    """An approval that no phone has claimed: what the QR code speaks of. It may be lost unharmed.

    Attributes:
        id: 128 random bits, base32 without padding in upper case; becomes the approval's.
        key: 32 random bytes under which frames are authenticated; never leaves the server.
        browser: SHA-256 (hexadecimal) of the cookie of the browser that shows the code.
        transaction: the login that waits for it.
        code: the eight-character code (static flow), else ``None``.
        bad_frames: how many frames with a wrong code came for it; it dies of too many.
        origin: the site that it was opened from.
        handheld: the browser says to be a phone's.
        suspect: it comes from where a login was reported, or where the operator expects no people.
        country: two letters of where it comes from, ``None`` where that is not known; it is never
            kept longer than this start.
    """

    id: ApprovalId
    key: bytes = field(repr=False)
    kind: FlowKind
    transaction: str
    browser: str
    shown: Shown
    started_at: datetime
    expires_at: datetime
    code: str | None = field(default=None, repr=False)
    bad_frames: int = 0
    origin: OriginRef | None = None
    handheld: bool = False
    suspect: bool = False
    country: str | None = None


class ApprovalState(StrEnum):
    """Where an approval stands: a row from the claim (QR) or from the acceptance (push) on."""

    PENDING = "pending"
    CLAIMED = "claimed"
    MATCHED = "matched"
    APPROVED = "approved"
    REFUSED = "refused"
    REPORTED = "reported"
    WRONG_NUMBER = "wrong_number"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    CONSUMED = "consumed"


OVER = frozenset(
    {
        ApprovalState.REFUSED,
        ApprovalState.REPORTED,
        ApprovalState.WRONG_NUMBER,
        ApprovalState.CANCELLED,
        ApprovalState.EXPIRED,
        ApprovalState.CONSUMED,
    }
)
"""The states from which nothing moves, but for this: a person may still say "that was not me"."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Approval:
    """One question to one person, answered at most once.

    Attributes:
        device: the phone that claimed it; ``None`` while pending.
        number: the two digits that only the browser shows; ``None`` where none is typed (push).
        random: 32 random bytes of the server inside the transcript.
        transcript: the canonical bytes that were signed over (RFC 8785), once they exist.
        assertion: the WebAuthn assertion as JSON text, once approved.
        backed_up: the flag BS of that assertion.
        contested: another phone tried to answer it; both screens say so.
        origin: the site that the login was opened from; ``None`` without a browser.
        slow: the person is to read for a while before they approve; then ``ready_at`` says when.
        abroad: the browser was in another country than the phone; which ones is not kept.
        effect: the provider's own word for what it opened by this approval (a session, a grant),
            so that a later report can end it.
    """

    id: ApprovalId
    version: int = 1
    kind: FlowKind
    person: PersonRef
    device: DeviceId | None
    transaction: str
    browser: str
    shown: Shown
    state: ApprovalState
    number: str | None = field(default=None, repr=False)
    random: bytes = field(repr=False)
    opened_at: datetime
    claimed_at: datetime | None = None
    expires_at: datetime
    decided_at: datetime | None = None
    transcript: bytes | None = field(default=None, repr=False)
    assertion: str | None = field(default=None, repr=False)
    backed_up: bool | None = None
    contested: bool = False
    origin: OriginRef | None = None
    slow: bool = False
    abroad: bool = False
    ready_at: datetime | None = None
    effect: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class OtpSecret:
    """A person's one-time-password means (RFC 6238).

    Attributes:
        login_name: ten characters with check characters; how the person names themselves.
        secret: base32, as the authenticator app holds it; sealed at rest.
        last_step: the last accepted time step; a step is accepted once and never an older one.
        confirmed_at: when the first code proved that the app has it; before, it opens nothing.
    """

    person: PersonRef
    login_name: str = field(repr=False)
    secret: str = field(repr=False)
    card_fingerprint: str
    created_at: datetime
    confirmed_at: datetime | None = None
    last_step: int = 0
    removed_at: datetime | None = None
