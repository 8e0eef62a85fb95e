"""What was shown is what is signed: the transcript of one approval, its bytes and its challenge.

The bytes are canonical JSON (RFC 8785). With the types used here (texts, whole numbers, booleans,
lists of texts; names of members in ASCII) Python's sorted, compact JSON is exactly that.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Final

from mobile_flow.errors import ReceiptContradicts, ReceiptMalformed
from mobile_flow.reading import encoded, json_object

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from mobile_flow.model import Approval, Device, Shown

VERSION: Final = 1
_LONGEST: Final = 16 * 1024


def build(
    approval: Approval, device: Device | None, *, issuer: str, return_origin: str, now: datetime
) -> bytes:
    """Give the canonical bytes that the phone signs the hash of.

    Args:
        approval: claimed, with its end as the phone will be told it.
        device: the phone that will sign; ``None`` for a passkey that has not named itself yet.
        issuer: the provider.
        return_origin: the origin of the page that goes on afterwards; empty where none does.
        now: the moment of asking.
    """
    shown = approval.shown
    claimed = approval.claimed_at or approval.opened_at
    return canonical(
        {
            "v": VERSION,
            "iss": issuer,
            "sid": approval.id,
            "server_random": encoded(approval.random),
            **of_shown(shown),
            "flow": approval.kind.value,
            "browser_hash": approval.browser,
            "return_origin": return_origin,
            "number_match": approval.number is not None,
            "device_id": "" if device is None else device.id,
            "t_claim": int(claimed.timestamp()),
            "iat": int(now.timestamp()),
            "exp": int(approval.expires_at.timestamp()),
        }
    )


def of_shown(shown: Shown) -> dict[str, object]:
    """Give the members that say what the person was shown.

    The longer texts are there as digests: base64url of SHA-256 over their canonical JSON.
    """
    return {
        "client_id": shown.client_id,
        "rp_display_name": shown.client_name,
        "rp_domain": shown.client_domain,
        "verb": shown.verb.value,
        "purpose": shown.purpose,
        "purpose_digest": _digest(shown.purpose),
        "claims": [claim.name for claim in shown.claims],
        "claims_digest": _digest([[one.name, one.reason] for one in shown.claims]),
        "details_digest": _digest([[one.label, one.value] for one in shown.details]),
        "message_digest": _digest(shown.message),
        "where": shown.where,
        "acr": shown.acr,
        "language": shown.language,
    }


def challenge(transcript: bytes) -> bytes:
    """Give the WebAuthn challenge: the SHA-256 of the transcript, 32 bytes."""
    return hashlib.sha256(transcript).digest()


def read(transcript: bytes) -> dict[str, object]:
    """Read a transcript back.

    Raises:
        ReceiptMalformed: no JSON object, too long, or of a version we do not know.
        ReceiptContradicts: not written canonically: two texts may not have one meaning.
    """
    if len(transcript) > _LONGEST:
        raise ReceiptMalformed("the transcript is too long")
    try:
        members = json_object(transcript)
    except ValueError:
        raise ReceiptMalformed("the transcript is no JSON object") from None
    version = members.get("v")
    if type(version) is not int or version != VERSION:
        raise ReceiptMalformed("the transcript is of no version we know")
    try:
        again = canonical(members)
    except (ValueError, RecursionError):
        raise ReceiptMalformed("the transcript holds what JSON does not") from None
    if again != transcript:
        raise ReceiptContradicts("the transcript is not canonical")
    return members


def canonical(members: Mapping[str, object]) -> bytes:
    """Write canonical JSON (RFC 8785) of texts, whole numbers, booleans, lists and objects."""
    return _written(members).encode("utf-8")


def _digest(value: object) -> str:
    return encoded(hashlib.sha256(_written(value).encode("utf-8")).digest())


def _written(value: object) -> str:
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
