"""A message to a phone leaves from the Ledger's outbox, after the commit that asked for it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from idp.housekeeper.outbox import Delivery
from idp.housekeeper.push import push_handlers
from idp.outbound.client import OutboundAnswer, OutboundFailed
from idp.outbound.push import vapid_key
from idp.store.phone import LedgerOfThePhone
from keys.store import SealedVault
from mobile_flow import notify
from mobile_flow.model import PushSubscription
from mobile_flow.reading import encoded
from tests.contract.store.phones import a_device
from tests.contract.store.stand_ins import a_person

if TYPE_CHECKING:
    from collections.abc import Mapping

    from idp.store.ports import Ledger
    from tests.contract.store.stand_ins import Clock

POINT = (
    ec.generate_private_key(ec.SECP256R1())
    .public_key()
    .public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
)
PUSH = PushSubscription(
    endpoint="https://fcm.googleapis.com/fcm/send/abc",
    p256dh=encoded(POINT),
    auth=encoded(bytes(16)),
)


@dataclass
class Client:
    """The guarded client's stand-in: answers with each status in turn, 0 being no answer."""

    statuses: list[int]
    called: list[str] = field(default_factory=list)

    def call(
        self, method: str, url: str, *, headers: Mapping[str, str], **_: object
    ) -> OutboundAnswer:
        assert headers["Authorization"].startswith("vapid t=")
        self.called.append(f"{method} {url}")
        status = self.statuses.pop(0)
        if not status:
            raise OutboundFailed("timeout")
        return OutboundAnswer(status=status, media_type="", body=b"")


def test_a_message_is_tried_until_it_is_taken_and_leaves_no_row(
    ledger: Ledger, clock: Clock
) -> None:
    client = Client([0, 503, 201])
    delivery = a_delivery(ledger, clock, client)
    device = replace(a_device(), push=PUSH)
    with ledger.begin() as unit:
        unit.people.add(a_person(), username="an")
        assert unit.phones.add_device(device)
        fence = unit.leases.take("outbox", holder="one", at=clock.at, lasts=timedelta(hours=1))
    assert fence is not None
    with LedgerOfThePhone(ledger, now=clock).begin() as unit_of_the_phone:
        notify.wake(
            unit_of_the_phone,
            [device],
            subject="APPROVAL",
            until=clock.at + timedelta(minutes=3),
            now=clock.at,
        )
    for expected in (0, 0, 1, 0):
        assert delivery.round(fence=fence, at=clock.at).count == expected
        clock.move(timedelta(seconds=30))
    assert client.called == [f"POST {PUSH.endpoint}"] * 3


def test_a_message_that_nobody_needs_any_more_is_not_sent(ledger: Ledger, clock: Clock) -> None:
    client = Client([])
    delivery = a_delivery(ledger, clock, client)
    with ledger.begin() as unit:
        fence = unit.leases.take("outbox", holder="one", at=clock.at, lasts=timedelta(hours=1))
    assert fence is not None
    with LedgerOfThePhone(ledger, now=clock).begin() as unit_of_the_phone:
        never_added = replace(a_device(), push=PUSH)
        notify.notice(unit_of_the_phone, [never_added], now=clock.at, entropy=bytes)
    assert delivery.round(fence=fence, at=clock.at).count == 1
    assert client.called == []


def a_delivery(ledger: Ledger, clock: Clock, client: Client) -> Delivery:
    vault = SealedVault(bytes(32), entropy=secrets.token_bytes)
    handlers = push_handlers(
        ledger=ledger,
        client=client,  # type: ignore[arg-type]
        key=vapid_key(vault, contact="mailto:ops@login.example"),
        services=notify.SERVICES,
        now=clock,
    )
    return Delivery(ledger, handlers, now=clock, entropy=secrets.token_bytes, patience=20)
