"""What happened when somebody proved who they are: one event, whatever the means."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal

from idp.domain.assurance import Assurance
from idp.domain.person import PersonId


class MethodName(StrEnum):
    """The means of login, as they are named in URLs, templates and audit rows."""

    PASSKEY = "passkey"
    MOBILE = "mobile"
    CARD = "card"
    TOTP = "totp"
    SEEDED = "seeded"


@dataclass(frozen=True, kw_only=True, slots=True)
class CardEvidence:
    """A signature by a card, checked to its end.

    Attributes:
        holder: who the certificate's policy says this is.
        certificate_fingerprint: SHA-256 of the certificate, lower-case hexadecimal.
        certificate_serial: the certificate's serial number, lower-case hexadecimal.
        issuer: the label of the issuing CA in our trust configuration.
        generation: the card generation, e.g. ``ec-p384`` or ``rsa-2048``.
        not_before, not_after: the certificate's validity.
        revocation: how its status was learnt.
        status_at: the time that the status answer speaks of (its thisUpdate).
        files: the sets of signed files that came with the card and were verified, by name.
        facts: of what those files prove, only what this login was asked for, as JSON values by
            fact; the files themselves are kept nowhere.
    """

    type: Literal["card"] = "card"
    holder: Literal["citizen", "foreigner"]
    certificate_fingerprint: str
    certificate_serial: str
    issuer: str
    generation: str
    not_before: datetime
    not_after: datetime
    revocation: Literal["ocsp", "crl"]
    status_at: datetime
    files: tuple[str, ...] = ()
    facts: dict[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class SeededEvidence:
    """The plain-form sign-in of a seeded person: ``test`` and ``conformance`` environments only."""

    type: Literal["seeded"] = "seeded"
    username: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceEvidence:
    """A signature by an enrolled phone's passkey, over what its person was shown.

    Attributes:
        device: the phone's identifier; what it proved is worth nothing once it is removed.
        flow: how the question came to the phone (``mobile_flow.model.FlowKind``).
        backup_eligible, backed_up: the flags BE and BS of the assertion.
        card_fingerprint: SHA-256 of the certificate of the card that enrolled the phone.
        approval: the identifier of the receipt.
        enrolled_at: when that card enrolled it.
    """

    type: Literal["device"] = "device"
    device: str
    flow: Literal["passkey", "qr", "static", "push"]
    backup_eligible: bool
    backed_up: bool
    card_fingerprint: str
    approval: str
    enrolled_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class OtpEvidence:
    """A one-time password (RFC 6238).

    Attributes:
        enrolled_at: when the secret was made: another one of the same person is another means.
        card_fingerprint: SHA-256 of the certificate of the card that enrolled it.
    """

    type: Literal["otp"] = "otp"
    enrolled_at: datetime
    card_fingerprint: str


Evidence = CardEvidence | SeededEvidence | DeviceEvidence | OtpEvidence


@dataclass(frozen=True, kw_only=True, slots=True)
class AuthenticationEvent:
    """Who proved themselves, how, how surely and when.

    Attributes:
        acr: the level reached, never raised by what was asked.
        amr: authentication method references (RFC 8176 words and our own ``be:`` words).
        at: the time of the proof: ``auth_time`` of ID tokens.
    """

    person: PersonId
    evidence: Evidence
    acr: Assurance
    amr: tuple[str, ...]
    at: datetime


def crossed_devices(evidence: Evidence) -> bool:
    """Tell whether the login began on another device than the one that approved it."""
    return isinstance(evidence, DeviceEvidence) and evidence.flow != "passkey"


def resists_phishing(evidence: Evidence) -> bool:
    """Tell whether the proof could not have been relayed from a page of somebody else's.

    The card signs our origin and a passkey answers no other; a code to scan can be shown anywhere.
    """
    if isinstance(evidence, DeviceEvidence):
        return evidence.flow == "passkey"
    return isinstance(evidence, CardEvidence)


def without_facts(event: AuthenticationEvent) -> AuthenticationEvent:
    """Give the event as everything but its session keeps it: without what the files proved."""
    if not isinstance(event.evidence, CardEvidence) or not event.evidence.facts:
        return event
    return replace(event, evidence=replace(event.evidence, facts={}))
