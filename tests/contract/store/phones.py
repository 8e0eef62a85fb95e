"""A phone, an enrolment, an approval and a start, for every test that wants one."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

from mobile_flow.model import (
    Approval,
    ApprovalId,
    ApprovalState,
    Credential,
    Device,
    DeviceId,
    Enrolment,
    EnrolmentId,
    FlowKind,
    OtpSecret,
    PersonRef,
    Shown,
    ShownClaim,
    Start,
    Verb,
)
from tests.contract.store.stand_ins import AN, MINUTE, START

OWNER = PersonRef(AN)
DAY = timedelta(days=1)


def bytes_of(name: str) -> bytes:
    """Bytes that no text can hold, different for each name."""
    return b"\xff\x00\xfe" + hashlib.sha256(name.encode()).digest()


def a_device(key: str = "phone-1", **changes: Any) -> Device:
    values: dict[str, Any] = {
        "id": DeviceId(key),
        "person": OWNER,
        "name": "Fairphone van Anaïs",
        "user_handle": bytes_of("handle"),
        "credential": Credential(
            id=bytes_of(f"credential of {key}"),
            public_key=bytes_of(f"cose of {key}"),
            algorithm=-7,
            sign_count=3,
            backup_eligible=False,
            backed_up=False,
            aaguid="00000000-0000-0000-0000-000000000000",
            attestation="none",
            transports=("internal", "hybrid"),
        ),
        "device_key": bytes_of(f"key of {key}"),
        "card_fingerprint": "ab" * 32,
        "language": "nl",
        "enrolled_at": START,
        "high_from": START + DAY,
        **changes,
    }
    return Device(**values)


def an_enrolment(key: str = "enrolment-1", **changes: Any) -> Enrolment:
    values: dict[str, Any] = {
        "id": EnrolmentId(key),
        "person": OWNER,
        "person_name": "Anaïs Peeters",
        "code": hashlib.sha256(key.encode()).hexdigest(),
        "card_fingerprint": "ab" * 32,
        "user_handle": bytes_of("handle"),
        "opened_at": START,
        "expires_at": START + 10 * MINUTE,
        **changes,
    }
    return Enrolment(**values)


def shown() -> Shown:
    return Shown(
        verb=Verb.LOG_IN,
        client_id="shop",
        client_name="De winkel",
        client_domain="shop.example",
        purpose="Om u te kennen",
        claims=(ShownClaim(name="given_name", reason="Om u aan te spreken"),),
    )


def an_approval(key: str = "APPROVAL1", **changes: Any) -> Approval:
    values: dict[str, Any] = {
        "id": ApprovalId(key),
        "kind": FlowKind.QR,
        "person": OWNER,
        "device": DeviceId("phone-1"),
        "transaction": "login-1",
        "browser": "cd" * 32,
        "shown": shown(),
        "state": ApprovalState.CLAIMED,
        "number": "42",
        "random": bytes_of("random"),
        "opened_at": START,
        "claimed_at": START,
        "expires_at": START + 3 * MINUTE,
        **changes,
    }
    return Approval(**values)


def moved(approval: Approval, state: ApprovalState, **changes: Any) -> Approval:
    return replace(approval, state=state, version=approval.version + 1, **changes)


def an_otp(person: str = OWNER, **changes: Any) -> OtpSecret:
    values: dict[str, Any] = {
        "person": PersonRef(person),
        "login_name": f"NAME-{person}",
        "secret": "JBSWY3DPEHPK3PXP",
        "card_fingerprint": "ab" * 32,
        "created_at": START,
        **changes,
    }
    return OtpSecret(**values)


def a_start(key: str = "START1", **changes: Any) -> Start:
    values: dict[str, Any] = {
        "id": ApprovalId(key),
        "key": bytes_of("frames"),
        "kind": FlowKind.QR,
        "transaction": "login-1",
        "browser": "cd" * 32,
        "shown": shown(),
        "started_at": START,
        "expires_at": START + MINUTE,
        **changes,
    }
    return Start(**values)
