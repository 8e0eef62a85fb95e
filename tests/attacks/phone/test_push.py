"""Push endpoints that lead elsewhere than to a push service (SSRF), and services that misbehave."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from idp.housekeeper.outbox import NotDelivered
from idp.housekeeper.push import PushHandler
from idp.outbound.client import OutboundClient
from idp.outbound.push import GuardedDeliver
from idp.store.upkeep import OutboxMessage
from mobile_flow.errors import PushRefused
from mobile_flow.notify import SERVICES, Push, Vapid, check_endpoint
from tests.contract.store.stand_ins import START

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.unit.mobile.keys.world import House

ELSEWHERE = [
    "http://fcm.googleapis.com/x",
    "https://fcm.googleapis.com:8443/x",
    "https://fcm.googleapis.com:443/x",
    "https://fcm.googleapis.com@evil.example/x",
    "https://user@fcm.googleapis.com/x",
    "https://fcm.googleapis.com.evil.example/x",
    "https://evil.example/fcm.googleapis.com",
    "https://evil.example\\@fcm.googleapis.com/x",
    "https://fcm.googleapis.com\\.evil.example/x",
    "https://FCM.googleapis.com/x",
    "https://fcm.googleapis.com./x",
    "https://push.apple.com/x",
    "https://evilpush.apple.com/x",
    "https://.push.apple.com/x",
    "https://[::1]/x",
    "https://127.0.0.1/x",
    "https://169.254.169.254/latest/meta-data",
    "https://fcm.googleapis.com/x#fragment",
    "https://fcm.googleapis.com/x y",
    "https://fcm.googleapis.com/\t",
    "https://fcm.googleapis.com/\r\nHost: evil.example",
    "https://fcm.google\u0430pis.com/x",
    "https://fcm.googleapis.com/" + "x" * 1024,
    "file:///etc/passwd",
    "//fcm.googleapis.com/x",
    "https:fcm.googleapis.com/x",
    "https://",
    "",
]


@pytest.mark.parametrize("endpoint", ELSEWHERE)
def test_an_endpoint_that_is_no_admitted_push_service_is_refused(endpoint: str) -> None:
    with pytest.raises(PushRefused):
        check_endpoint(endpoint, services=SERVICES)


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/abc:def",
        "https://updates.push.services.mozilla.com/wpush/v2/gAAA",
        "https://web.push.apple.com/QABC",
        "https://api.push.apple.com/3/x",
        "https://wns2-par02p.notify.windows.com/w/?token=BQYAAAB%2b",
    ],
)
def test_the_push_services_that_browsers_use_are_admitted(endpoint: str) -> None:
    check_endpoint(endpoint, services=SERVICES)


def test_an_admitted_name_that_leads_inside_is_not_called() -> None:
    class Inside:
        def resolve(self, host: str, port: int, *, seconds: float) -> tuple[str, ...]:
            del host, port, seconds
            return ("10.0.0.1",)

    client = OutboundClient(
        allow=frozenset(),
        monotonic=time.monotonic,
        resolver=Inside(),  # type: ignore[arg-type]
    )
    with pytest.raises(ConnectionError, match="refused"):
        GuardedDeliver(client)("https://fcm.googleapis.com/x", headers={}, body=b"x")


@contextmanager
def answering(answer: bytes) -> Iterator[tuple[str, list[bytes]]]:
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            wire, _ = server.accept()
            with wire, suppress(OSError):
                heard.append(wire.recv(65536))
                wire.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}", heard
        thread.join(timeout=20)


def deliver(authority: str) -> int:
    client = OutboundClient(allow=frozenset({authority}), monotonic=time.monotonic)
    headers = {"TTL": "180", "Authorization": "vapid t=x, k=y", "Content-Encoding": "aes128gcm"}
    return GuardedDeliver(client)(f"http://{authority}/send", headers=headers, body=b"sealed")


def test_a_message_is_posted_with_its_headers_and_the_status_comes_back() -> None:
    with answering(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n") as (authority, heard):
        assert deliver(authority) == 201
    head = heard[0].decode("latin-1")
    assert head.startswith("POST /send HTTP/1.1\r\n")
    for line in ("TTL: 180", "Authorization: vapid t=x, k=y", "Content-Length: 6"):
        assert f"\r\n{line}\r\n" in head


def test_a_push_service_that_sends_us_elsewhere_is_not_followed() -> None:
    moved = b"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:1/\r\n\r\n"
    with answering(moved) as (authority, _), pytest.raises(ConnectionError, match="redirect"):
        deliver(authority)


def test_the_outbox_keeps_what_could_not_be_sent(house: House) -> None:
    client = OutboundClient(allow=frozenset(), monotonic=time.monotonic)
    push = Push(
        house.desk,
        GuardedDeliver(client),
        Vapid(bytes(48), contact="mailto:a@b.example"),
        services=SERVICES,
        now=house.clock,
    )
    message = OutboxMessage(
        id=1, kind="push", destination="", body=b"not ours", attempts=0, due_at=START
    )
    with pytest.raises(NotDelivered):
        PushHandler(push)(message)
