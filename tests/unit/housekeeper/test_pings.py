"""A ping says that there is an answer and nothing of it, to the registered address and no other."""

from __future__ import annotations

import json
import secrets
import socket
import threading
import time
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from idp.domain.backchannel import Ping
from idp.housekeeper.outbox import Delivery, NotDelivered
from idp.housekeeper.pings import PingHandler, ping_handlers
from idp.outbound.client import OutboundClient
from idp.store.encoding import Encoding
from idp.store.pings import KIND, queue_ping, read_ping
from idp.store.upkeep import OutboxMessage
from tests.contract.store.stand_ins import START
from tests.contract.store.test_backchannel import a_request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idp.store.ports import Ledger
    from tests.contract.store.stand_ins import Clock

BODY = b"\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


@contextmanager
def answering(*answers: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """A client's endpoint that answers each call in turn."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)

        def serve() -> None:
            for answer in answers:
                with suppress(OSError):
                    wire, _ = server.accept()
                    with wire:
                        request = b""
                        while b"}" not in request and (piece := wire.recv(65536)):
                            request += piece
                        heard.append(request)
                        wire.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}", heard
        thread.join(timeout=20)


def client_of(authority: str) -> OutboundClient:
    return OutboundClient(allow=frozenset({authority}), monotonic=time.monotonic)


def a_ping(authority: str) -> Ping:
    return Ping(endpoint=f"http://{authority}/ping", token="bearer-1", auth_req_id="1.abc")


def deliver(authority: str) -> None:
    body = Encoding(Ping).encode(a_ping(authority))
    message = OutboxMessage(id=1, kind=KIND, destination="", body=body, attempts=0, due_at=START)
    PingHandler(client_of(authority))(message)


@pytest.mark.proves("ciba.ping")
def test_a_ping_holds_the_request_and_the_clients_own_token_and_nothing_else() -> None:
    with answering(b"HTTP/1.1 204 No Content\r\n\r\n") as (authority, heard):
        deliver(authority)
    head, _, body = heard[0].partition(b"\r\n\r\n")
    assert json.loads(body) == {"auth_req_id": "1.abc"}
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /ping HTTP/1.1"
    assert "Authorization: Bearer bearer-1" in lines
    assert "Content-Type: application/json" in lines
    assert not [line for line in lines if line.lower().startswith("cookie")]


@pytest.mark.parametrize(
    "status",
    ["200 OK", "204 No Content", "401 Unauthorized", "403 Forbidden", "404 Not Found", "410 Gone"],
)
@pytest.mark.proves("ciba.ping")
def test_what_the_client_made_of_it_is_its_own_business(status: str) -> None:
    with answering(f"HTTP/1.1 {status}".encode() + BODY) as (authority, heard):
        deliver(authority)
    assert len(heard) == 1


@pytest.mark.parametrize("body", [b"x" * 10_000, b'{"error": "again"}', b"\xff\xfe"])
def test_an_answers_body_is_not_read(body: bytes) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with answering(head + body) as (authority, _):
        deliver(authority)


@pytest.mark.proves("ciba.ping")
def test_a_redirect_is_not_followed_and_counts_as_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.setblocking(False)  # noqa: FBT003 - the library's own form
        place = f"http://127.0.0.1:{elsewhere.getsockname()[1]}/x"
        moved = f"HTTP/1.1 301 Moved\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n".encode()
        with answering(moved) as (authority, heard):
            deliver(authority)
        assert len(heard) == 1
        with pytest.raises(BlockingIOError):
            elsewhere.accept()


@pytest.mark.parametrize("status", ["500 Oops", "503 Busy"])
def test_a_server_that_is_down_is_told_later(status: str) -> None:
    with (
        answering(f"HTTP/1.1 {status}".encode() + BODY) as (authority, _),
        pytest.raises(NotDelivered),
    ):
        deliver(authority)


def test_an_address_inside_is_not_called() -> None:
    message = OutboxMessage(
        id=1,
        kind=KIND,
        destination="",
        body=Encoding(Ping).encode(a_ping("127.0.0.1:9")),
        attempts=0,
        due_at=START,
    )
    client = OutboundClient(allow=frozenset(), monotonic=time.monotonic)
    with pytest.raises(NotDelivered, match="refused"):
        PingHandler(client)(message)


def test_a_ping_leaves_the_outbox_after_its_commit_and_only_once(
    ledger: Ledger, clock: Clock
) -> None:
    with answering(b"HTTP/1.1 401 Unauthorized" + BODY) as (authority, heard):
        handlers = ping_handlers(client_of(authority))
        delivery = Delivery(ledger, handlers, now=clock, entropy=secrets.token_bytes, patience=20)
        with ledger.begin() as unit:
            queue_ping(unit, a_request(ping=a_ping(authority)), at=START)
            queue_ping(unit, a_request(ping=None), at=START)
            fence = unit.leases.take("outbox", holder="one", at=clock.at, lasts=timedelta(hours=1))
        assert fence is not None
        assert delivery.round(fence=fence, at=clock.at).count == 1
        clock.move(timedelta(hours=1) / 2)
        assert delivery.round(fence=fence, at=clock.at).count == 0
    assert len(heard) == 1


def test_secrets_of_a_ping_are_not_in_its_words() -> None:
    ping = a_ping("shop.example")
    assert "bearer-1" not in repr(ping)
    assert "1.abc" not in repr(ping)
    assert read_ping(Encoding(Ping).encode(ping)) == ping
