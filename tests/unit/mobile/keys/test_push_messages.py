"""A message for a phone, from the commit that asks for it to the push service that takes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws
from joserfc.jwk import ECKey

from mobile_flow import notify
from mobile_flow.errors import PushRefused
from mobile_flow.notify import NotSent, Push, Vapid
from mobile_flow.reading import decoded, encoded
from tests.unit.mobile.keys.world import OWNER, Phone

if TYPE_CHECKING:
    from mobile_flow.model import Device
    from tests.unit.mobile.keys.world import House

ENDPOINT = "https://updates.push.services.mozilla.com/wpush/v2/gAAAAB"
SECRET = bytes(range(48))


@dataclass
class Browser:
    """What a phone's browser made when it subscribed."""

    endpoint: str = ENDPOINT
    key: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = bytes(range(16))

    @property
    def subscription(self) -> dict[str, Any]:
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        keys = {"p256dh": encoded(point), "auth": encoded(self.auth)}
        return {"endpoint": self.endpoint, "expirationTime": None, "keys": keys}

    def read(self, body: bytes) -> dict[str, Any]:
        plain = http_ece.decrypt(
            body, private_key=self.key, auth_secret=self.auth, version="aes128gcm"
        )
        said: dict[str, Any] = json.loads(plain)
        return said


@dataclass
class Service:
    """A push service that answers as it is told."""

    status: int = 201
    posted: list[tuple[str, Mapping[str, str], bytes]] = field(default_factory=list)

    def __call__(self, endpoint: str, *, headers: Mapping[str, str], body: bytes) -> int:
        self.posted.append((endpoint, headers, body))
        if self.status == 0:
            raise ConnectionError("timeout")
        return self.status


def sender(house: House, service: Service, **settings: Any) -> Push:
    return Push(
        house.desk,
        service,
        Vapid(SECRET, contact="mailto:ops@login.example"),
        services=settings.get("services", notify.SERVICES),
        now=house.clock,
    )


def reachable(house: House, browser: Browser) -> Device:
    device = house.enrol(Phone())
    house.enrolments.set_push(device.id, browser.subscription)
    (device,) = house.enrolments.devices(OWNER)
    return device


def asked(house: House, device: Device, *, lasts: int = 180) -> bytes:
    until = house.clock.at + timedelta(seconds=lasts)
    with house.desk.begin() as unit:
        notify.wake(unit, [device], subject="APPROVAL", until=until, now=house.clock.at)
    (body,) = house.desk.outbox(house.clock.at)
    return json.dumps(body).encode()


def test_a_message_says_which_and_nothing_else_to_one_phone_alone(house: House) -> None:
    browser, service = Browser(), Service()
    body = asked(house, reachable(house, browser))
    sender(house, service).send(body)
    ((endpoint, headers, sealed),) = service.posted
    assert endpoint == ENDPOINT
    assert browser.read(sealed) == {"id": "APPROVAL"}
    assert (headers["TTL"], headers["Urgency"]) == ("179", "high")
    assert headers["Content-Encoding"] == "aes128gcm"
    with pytest.raises(http_ece.ECEException):
        Browser().read(sealed)
    for secret in (OWNER, "An Peeters", "APPROVAL"):
        assert secret.encode() not in sealed
        assert secret not in str(headers)


def test_the_row_that_waits_holds_neither_the_endpoint_nor_a_name(house: House) -> None:
    device = reachable(house, Browser())
    body = asked(house, device)
    assert json.loads(body).keys() == {"device", "subject", "until", "urgent"}
    assert b"mozilla" not in body
    assert device.person.encode() not in body


def test_the_service_can_tell_that_it_was_us_and_for_it_alone(house: House) -> None:
    service = Service()
    sender(house, service).send(asked(house, reachable(house, Browser())))
    scheme, token, key = service.posted[0][1]["Authorization"].replace(",", "").split()
    assert scheme == "vapid"
    assert key == f"k={Vapid(SECRET, contact='mailto:x@y.example').public_key}"
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(key[2:]))
    signed = jws.deserialize_compact(
        token.removeprefix("t="), ECKey.import_key(point), algorithms=["ES256"]
    )
    claims = json.loads(signed.payload)
    assert claims == {
        "aud": "https://updates.push.services.mozilla.com",
        "exp": int(house.clock.at.timestamp()) + 3600,
        "sub": "mailto:ops@login.example",
    }


def test_the_key_is_the_same_in_every_process_and_shows_nothing() -> None:
    one, other = (Vapid(SECRET, contact="mailto:a@b.example") for _ in range(2))
    assert one.public_key == other.public_key
    assert len(decoded(one.public_key)) == 65
    assert repr(one) == "Vapid()"
    assert Vapid(bytes(48), contact="mailto:a@b.example").public_key != one.public_key
    with pytest.raises(ValueError, match="48"):
        Vapid(bytes(32), contact="mailto:a@b.example")


@pytest.mark.parametrize("status", [404, 410])
def test_a_subscription_that_is_gone_is_forgotten(house: House, status: int) -> None:
    device = reachable(house, Browser())
    sender(house, Service(status)).send(asked(house, device))
    (left,) = house.enrolments.devices(OWNER)
    assert left.push is None


def test_a_newer_subscription_survives_the_end_of_the_older_one(house: House) -> None:
    device, newer = reachable(house, Browser()), Browser()

    class Slow(Service):
        def __call__(self, endpoint: str, *, headers: Mapping[str, str], body: bytes) -> int:
            house.enrolments.set_push(device.id, newer.subscription)
            return super().__call__(endpoint, headers=headers, body=body)

    sender(house, Slow(410)).send(asked(house, device))
    (left,) = house.enrolments.devices(OWNER)
    assert left.push is not None
    assert left.push.p256dh == newer.subscription["keys"]["p256dh"]


@pytest.mark.parametrize("status", [0, 302, 400, 401, 429, 500])
def test_what_a_service_does_not_take_is_tried_again(house: House, status: int) -> None:
    body = asked(house, reachable(house, Browser()))
    with pytest.raises(NotSent):
        sender(house, Service(status)).send(body)
    (left,) = house.enrolments.devices(OWNER)
    assert left.push is not None


def test_nothing_is_sent_too_late_or_to_a_phone_that_is_gone(house: House) -> None:
    service = Service()
    device = reachable(house, Browser())
    body = asked(house, device)
    house.clock.move(timedelta(seconds=180))
    sender(house, service).send(body)
    house.clock.move(-timedelta(seconds=180))
    house.enrolments.remove(OWNER, device.id)
    sender(house, service).send(body)
    assert service.posted == []


def test_a_service_that_is_no_longer_admitted_is_not_called(house: House) -> None:
    service = Service()
    body = asked(house, reachable(house, Browser()))
    sender(house, service, services=("fcm.googleapis.com",)).send(body)
    assert service.posted == []
    (left,) = house.enrolments.devices(OWNER)
    assert left.push is None


def test_a_phone_without_a_subscription_is_passed_over(house: House) -> None:
    device = house.enrol(Phone())
    with house.desk.begin() as unit:
        notify.wake(unit, [device], subject="A", until=house.clock.at, now=house.clock.at)
        notify.notice(unit, [device], now=house.clock.at, entropy=bytes)
    assert house.desk.outbox(house.clock.at) == []


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"device":1,"subject":1,"until":"x"}'])
def test_a_message_that_nobody_understands_waits_for_whoever_does(
    house: House, body: bytes
) -> None:
    with pytest.raises(NotSent):
        sender(house, Service()).send(body)


def test_a_subscription_s_padding_is_tolerated_and_its_keys_are_checked() -> None:
    good = Browser().subscription
    padded = {name: value + "=" for name, value in good["keys"].items()}
    read = notify.subscription({**good, "keys": padded}, services=notify.SERVICES)
    assert read.p256dh == good["keys"]["p256dh"]
    for keys in (
        {**good["keys"], "p256dh": encoded(b"\x04" + bytes(64))},
        {**good["keys"], "p256dh": encoded(bytes(64))},
        {**good["keys"], "auth": encoded(bytes(15))},
        {"auth": good["keys"]["auth"]},
        None,
    ):
        with pytest.raises(PushRefused):
            notify.subscription({**good, "keys": keys}, services=notify.SERVICES)
