"""Push messages: an opaque identifier, encrypted for one phone, for push services that we admit.

A message says *look*, never what at: the push service, the notification and the outbox row hold
nothing of the person. The row names the phone; where to reach it is read when it is sent, so a
subscription that was replaced or removed in between is never used. The library (pywebpush) encrypts
(RFC 8291) and is imported at the first message; ``Deliver`` sends.

The key that signs (RFC 8292) is derived from the vault's root for this purpose: it needs no
storage, every process has it, and it comes back with a backup. A new ``VAPID_PURPOSE`` would be a
new key, to which every phone must subscribe again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    derive_private_key,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws
from joserfc.jwk import ECKey

from mobile_flow.errors import PushRefused
from mobile_flow.model import DeviceId, PushSubscription
from mobile_flow.reading import decoded, encoded, json_object

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mobile_flow.model import Device
    from mobile_flow.ports import Deliver, PhoneLedger, PhoneUnit

KIND: Final = "push"
"""The outbox's word for these messages."""

VAPID_PURPOSE: Final = "web-push-vapid-1"
"""What the vault derives ``VAPID_BYTES`` secret bytes for."""
VAPID_BYTES: Final = 48

SERVICES: Final = (
    "fcm.googleapis.com",
    "updates.push.services.mozilla.com",
    "web.push.apple.com",
    "*.push.apple.com",
    "*.notify.windows.com",
)
"""The push services of the browsers that there are; the operator's setting replaces this."""

NOTICE: Final = "n."
"""How the identifier of a notice (new phone, removed phone…) begins; an approval's never does."""
_NOTICE_LASTS: Final = timedelta(hours=24)

_GONE: Final = frozenset({404, 410})
_OK: Final = range(200, 300)
_LONGEST_ENDPOINT: Final = 1024
_LONGEST_ID: Final = 64
_POINT: Final = 65
_AUTH: Final = 16
_TOKEN_LASTS: Final = timedelta(hours=1)
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


# --- subscriptions ------------------------------------------------------------------------------


def subscription(said: Mapping[str, object], *, services: Sequence[str]) -> PushSubscription:
    """Read PushSubscriptionJSON (Push API, 8) of a push service that we admit.

    Raises:
        PushRefused: malformed, keys that are no keys (RFC 8291 section 3.1), or another host.
    """
    keys = said.get("keys")
    endpoint = said.get("endpoint")
    if not isinstance(endpoint, str) or not isinstance(keys, dict):
        raise PushRefused("not a subscription")
    check_endpoint(endpoint, services=services)
    p256dh, auth = keys.get("p256dh"), keys.get("auth")
    try:
        point, secret = _sized(p256dh, _POINT), _sized(auth, _AUTH)
        EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point)
    except ValueError:
        raise PushRefused("keys that are no keys") from None
    return PushSubscription(endpoint=endpoint, p256dh=encoded(point), auth=encoded(secret))


def check_endpoint(endpoint: str, *, services: Sequence[str]) -> None:
    """Demand https, an admitted host, the standard port, and nothing that parsers read differently.

    ``*.example.com`` admits every host below it, not itself; a port counts only where an entry
    names it (a service within one's own network). Raises: PushRefused.
    """
    plain = endpoint.isascii() and endpoint.isprintable() and len(endpoint) <= _LONGEST_ENDPOINT
    if not plain or any(letter in endpoint for letter in ' \\"<>^`{|}#'):
        raise PushRefused("an endpoint that is not in canonical form")
    try:
        parts = urlsplit(endpoint)
        host = parts.hostname or ""
    except ValueError:
        raise PushRefused("an endpoint that is no URL") from None
    if parts.scheme != "https" or "@" in parts.netloc or parts.netloc != parts.netloc.lower():
        raise PushRefused("an endpoint with credentials or capitals, or without TLS")
    if parts.netloc not in services and not (
        parts.netloc == host and any(_is_below(service, host) for service in services)
    ):
        raise PushRefused("not a push service that we admit")


def _is_below(service: str, host: str) -> bool:
    return service.startswith("*.") and host.endswith(service[1:]) and len(host) >= len(service)


def _sized(value: object, size: int) -> bytes:
    # Browsers pad or do not: this one place takes both, because older ones did.
    if not isinstance(value, str):
        raise ValueError("no text")  # noqa: TRY004 - one kind of failure for the caller
    data = decoded(value.rstrip("="))
    if len(data) != size:
        raise ValueError("of another size")
    return data


# --- asking for a message -----------------------------------------------------------------------


def wake(
    unit: PhoneUnit, devices: Iterable[Device], *, subject: str, until: datetime, now: datetime
) -> None:
    """Have each of these phones told, after this commit, that ``subject`` waits until ``until``.

    ``subject`` is the identifier of an approval. A phone without a subscription is passed over: the
    citizen finds the request in the app.
    """
    for device in devices:
        if device.push is not None:
            body = _Message(device=device.id, subject=subject, until=until, urgent=True).body()
            unit.deliver(kind=KIND, body=body, due_at=now)


def notice(
    unit: PhoneUnit, devices: Iterable[Device], *, now: datetime, entropy: Callable[[int], bytes]
) -> None:
    """Have these phones told, after this commit, that something happened to the account."""
    subject, until = NOTICE + encoded(entropy(12)), now + _NOTICE_LASTS
    for device in devices:
        if device.push is not None:
            body = _Message(device=device.id, subject=subject, until=until, urgent=False).body()
            unit.deliver(kind=KIND, body=body, due_at=now)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Message:
    """What an outbox row says."""

    device: DeviceId
    subject: str
    until: datetime
    urgent: bool

    def body(self) -> bytes:
        said = {
            "device": self.device,
            "subject": self.subject,
            "until": int(self.until.timestamp()),
            "urgent": self.urgent,
        }
        return json.dumps(said).encode()

    @classmethod
    def read(cls, body: bytes) -> _Message:
        said = json_object(body)
        until = said["until"]
        if not isinstance(until, int):
            raise ValueError("no time")  # noqa: TRY004 - one kind of failure for the caller
        return cls(
            device=DeviceId(str(said["device"])),
            subject=str(said["subject"])[:_LONGEST_ID],
            until=datetime.fromtimestamp(until, UTC),
            urgent=said["urgent"] is True,
        )


# --- sending ------------------------------------------------------------------------------------


class NotSent(Exception):
    """The push service did not take it now; the text is a private sentence for the log."""


class Vapid:
    """The key by which push services know us (RFC 8292)."""

    def __init__(self, secret: bytes, *, contact: str) -> None:
        """Take ``VAPID_BYTES`` secret bytes and a ``mailto:`` or ``https:`` address of ours."""
        if len(secret) != VAPID_BYTES:
            raise ValueError(f"{VAPID_BYTES} bytes")
        # FIPS 186-5, A.2.1: with this many surplus bits every scalar is as likely as another.
        scalar = int.from_bytes(secret, "big") % (_ORDER - 1) + 1
        self._key: EllipticCurvePrivateKey = derive_private_key(scalar, SECP256R1())
        self._contact = contact

    @property
    def public_key(self) -> str:
        """Give ``applicationServerKey`` in base64url (Push API, 5)."""
        return encoded(
            self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        )

    def authorization(self, endpoint: str, *, now: datetime) -> str:
        """Give the header's value for this push service and no other (RFC 8292 section 2)."""
        parts = urlsplit(endpoint)
        claims = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": int((now + _TOKEN_LASTS).timestamp()),
            "sub": self._contact,
        }
        header = {"alg": "ES256", "typ": "JWT"}
        token = jws.serialize_compact(header, json.dumps(claims), ECKey.import_key(self._key))
        return f"vapid t={token}, k={self.public_key}"

    def __repr__(self) -> str:
        return "Vapid()"


class Push:
    """Sends what ``wake`` and ``notice`` asked for; one process needs one."""

    def __init__(
        self,
        ledger: PhoneLedger,
        deliver: Deliver,
        vapid: Vapid,
        *,
        services: Sequence[str],
        now: Callable[[], datetime],
    ) -> None:
        self._ledger = ledger
        self._deliver = deliver
        self._vapid = vapid
        self._services = tuple(services)
        self._now = now

    def send(self, body: bytes) -> None:
        """Send one message of the outbox, or find that nobody needs it any more.

        Raises:
            NotSent: to be tried again.
        """
        try:
            message = _Message.read(body)
        except (ValueError, KeyError):
            raise NotSent("a message that we do not understand") from None
        with self._ledger.read() as unit:
            device = unit.phones.device(message.device)
        now = self._now()
        left = int((message.until - now).total_seconds())
        if device is None or device.removed_at is not None or device.push is None or left <= 0:
            return
        push = device.push
        try:
            check_endpoint(push.endpoint, services=self._services)
        except PushRefused:
            self._forget(device.id, push)
            return
        status = self._post(push, message, left=left, now=now)
        if status in _GONE:
            self._forget(device.id, push)
        elif status not in _OK:
            raise NotSent(f"the push service answered {status}")

    def _post(self, push: PushSubscription, message: _Message, *, left: int, now: datetime) -> int:
        payload = json.dumps({"id": message.subject}).encode()
        headers = {
            "Authorization": self._vapid.authorization(push.endpoint, now=now),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(left),
            "Urgency": "high" if message.urgent else "normal",
        }
        try:
            return self._deliver(push.endpoint, headers=headers, body=encrypt(push, payload))
        except OSError as error:
            raise NotSent(f"the push service was not reached ({error})") from None

    def _forget(self, device: DeviceId, push: PushSubscription) -> None:
        """Drop the subscription that failed, unless the phone has sent another meanwhile."""
        with self._ledger.begin() as unit:
            stored = unit.phones.device(device)
            if stored is not None and stored.push == push:
                unit.phones.set_push(device, None)


def encrypt(push: PushSubscription, payload: bytes) -> bytes:
    """Encrypt for this subscription alone (RFC 8291). The library brings HTTP clients: unused."""
    from pywebpush import WebPusher  # type: ignore[import-untyped]

    pusher = WebPusher(
        {"endpoint": push.endpoint, "keys": {"p256dh": push.p256dh, "auth": push.auth}}
    )
    return bytes(pusher.encode(payload, content_encoding="aes128gcm")["body"])
