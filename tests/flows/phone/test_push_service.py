"""A message as a push service and a browser take it: another program, other libraries, real HTTPS.

The service (``tests/npm/push_service.mjs``) verifies who sends by npm jose and decrypts by Node's
own primitives; what it says is what a phone would have been told.
"""

from __future__ import annotations

import json
import ssl
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from idp.outbound.client import OutboundClient
from idp.outbound.push import GuardedDeliver
from mobile_flow import notify
from mobile_flow.notify import VAPID_BYTES, NotSent, Push, Vapid
from tests.services.npm import Program, needs_package, program
from tests.services.tls_front import tls_front
from tests.unit.mobile.keys.conftest import house
from tests.unit.mobile.keys.world import OWNER, Phone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mobile_flow.model import Device
    from tests.unit.mobile.keys.world import House

__all__ = ("house",)

NAME = "push.example"
OURS = Vapid(bytes(range(VAPID_BYTES)), contact="mailto:ops@login.example")
EXAMPLE = "When I grow up, I want to be a watermelon"
"""What RFC 8291 encrypts in its appendix A."""


class Here:
    """Resolves the push service's name to this machine."""

    def resolve(self, host: str, port: int, *, seconds: float) -> tuple[str, ...]:
        assert (host, port, seconds) != ("", 0, 0)
        return ("127.0.0.1",)


@dataclass
class Service:
    """The running push service, with one browser subscribed to ``OURS``."""

    program: Program
    origin: str
    tls: ssl.SSLContext
    said: dict[str, Any]

    def heard(self) -> dict[str, Any]:
        return self.program.heard()

    def unsubscribe(self) -> None:
        self.program.say("unsubscribe")
        assert self.heard() == {"unsubscribed": True}

    @property
    def authority(self) -> str:
        return self.origin.removeprefix("https://")

    def push(self, house: House, vapid: Vapid = OURS) -> Push:
        client = OutboundClient(
            allow=frozenset({self.authority}),
            monotonic=time.monotonic,
            resolver=Here(),  # type: ignore[arg-type]
            tls=self.tls,
        )
        deliver = GuardedDeliver(client)
        return Push(house.desk, deliver, vapid, services=(self.authority,), now=house.clock)


@pytest.fixture
def service(house: House, tmp_path: Path) -> Iterator[Service]:
    with running(house, tmp_path) as made:
        yield made


@contextmanager
def running(house: House, folder: Path) -> Iterator[Service]:
    needs_package("jose")
    with tls_front(folder, [NAME]) as front:
        origin = f"https://{NAME}:{front.port}"
        wanted = {
            "applicationServerKey": OURS.public_key,
            "origin": origin,
            "now": int(house.clock.at.timestamp()),
        }
        with program("push_service", wanted) as running_service:
            tls = ssl.create_default_context(cafile=str(front.ca))
            made = Service(program=running_service, origin=origin, tls=tls, said={})
            made.said = made.heard()
            front.routes[NAME] = made.said["port"]
            yield made


def subscribed(house: House, service: Service) -> Device:
    said = {"endpoint": service.origin + service.said["path"], "keys": service.said["keys"]}
    device = house.enrol(Phone())
    push = notify.subscription(said, services=(service.authority,))
    with house.desk.begin() as unit:
        unit.phones.set_push(device.id, push)
    (found,) = house.enrolments.devices(OWNER)
    return found


def asked(house: House, device: Device) -> bytes:
    until = house.clock.at + timedelta(minutes=3)
    with house.desk.begin() as unit:
        notify.wake(unit, [device], subject="APPROVAL", until=until, now=house.clock.at)
    return json.dumps(house.desk.outbox(house.clock.at)[-1]).encode()


def test_a_browser_reads_the_message_and_its_service_knows_who_sent_it(
    house: House, service: Service
) -> None:
    assert service.said["control"] == EXAMPLE
    device = subscribed(house, service)
    service.push(house).send(asked(house, device))
    assert service.heard()["push"] == {
        "text": '{"id": "APPROVAL"}',
        "ttl": 179,
        "urgency": "high",
        "vapid": {
            "aud": service.origin,
            "exp": int(house.clock.at.timestamp()) + 3600,
            "sub": "mailto:ops@login.example",
        },
    }
    house.enrol(Phone())  # of which the first phone is told
    (body,) = house.desk.outbox(house.clock.at)[1:]
    service.push(house).send(json.dumps(body).encode())
    pushed = service.heard()["push"]
    assert json.loads(pushed["text"])["id"].startswith(notify.NOTICE)
    assert pushed["urgency"] == "normal"


def test_another_sender_is_refused_and_so_are_we_where_our_word_is_too_old(
    house: House, service: Service
) -> None:
    body = asked(house, subscribed(house, service))
    stranger = Vapid(bytes(VAPID_BYTES), contact="mailto:x@y.example")
    with pytest.raises(NotSent, match="403"):
        service.push(house, stranger).send(body)
    assert service.heard() == {"refused": 403, "why": "another key than subscribed to"}
    house.clock.move(-timedelta(hours=2))
    with pytest.raises(NotSent, match="403"):
        service.push(house).send(body)
    assert service.heard() == {"refused": 403, "why": "ERR_JWT_EXPIRED"}


def test_a_browser_that_unsubscribed_is_written_to_no_more(house: House, service: Service) -> None:
    body = asked(house, subscribed(house, service))
    service.unsubscribe()
    service.push(house).send(body)
    assert service.heard()["refused"] == 410
    (left,) = house.enrolments.devices(OWNER)
    assert left.push is None
