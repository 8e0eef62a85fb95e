"""One connection: places, time and size are bounded, and only our own pages may wait."""

from __future__ import annotations

from typing import Any

import pytest

from idp.config import Settings
from idp.waiting.connection import HEAD_SECONDS, Connection, House
from tests.unit.waiting.room_of_straw import COOKIE, Straw

ISSUER = "https://login.example"


class StrawTransport:
    """A transport that keeps what is written."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.sent = b""
        self.unsent = 0
        self.closed = False
        self.aborted = False

    def get_extra_info(self, name: str) -> Any:
        assert name == "peername"
        return (self.address, 50000)

    def write(self, data: bytes) -> None:
        self.sent += data

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = self.aborted = True

    def is_closing(self) -> bool:
        return self.closed

    def get_write_buffer_size(self) -> int:
        return self.unsent

    @property
    def status(self) -> int:
        return int(self.sent.split()[1]) if self.sent else 0


class Door:
    """The house, and a clock for those who are slow."""

    def __init__(self, straw: Straw, *, most: int = 100, **waiting: Any) -> None:
        self.seconds = 0.0
        settings = Settings(
            issuer=ISSUER, proxy={"trusted": ["10.0.0.0/8"]}, waiting={"url": ISSUER, **waiting}
        )
        self.house = House(settings, straw.attendant, monotonic=lambda: self.seconds, most=most)

    def knock(self, address: str = "192.0.2.1") -> tuple[Connection, StrawTransport]:
        connection, transport = self.house.connection(), StrawTransport(address)
        connection.connection_made(transport)
        return connection, transport

    def ask(
        self, login: str, *more: str, address: str = "192.0.2.1", host: str = "login.example"
    ) -> tuple[Connection, StrawTransport]:
        connection, transport = self.knock(address)
        connection.data_received(head(login, *more, host=host))
        return connection, transport


def head(login: str, *more: str, host: str = "login.example", cookie: str = COOKIE) -> bytes:
    lines = [f"GET /wait/{login} HTTP/1.1", f"Host: {host}"]
    lines += [f"Cookie: other=1; __Host-sesame_browser={cookie}", *more, "", ""]
    return "\r\n".join(lines).encode()


@pytest.fixture
def login(straw: Straw) -> str:
    return straw.login().id


def test_a_browser_gets_a_stream_of_events_that_nobody_keeps(straw: Straw, login: str) -> None:
    _, transport = Door(straw).ask(login)
    top, _, events = transport.sent.partition(b"\r\n\r\n")
    lines = top.decode().split("\r\n")
    assert lines[0] == "HTTP/1.1 200 OK"
    assert {"Content-Type: text/event-stream", "Cache-Control: no-store"} <= set(lines)
    assert "X-Accel-Buffering: no" in lines
    assert any(line.startswith("Strict-Transport-Security: ") for line in lines)
    assert events == b"event: ready\ndata:\n\n"
    assert not transport.closed


def test_a_head_may_come_in_pieces(straw: Straw, login: str) -> None:
    connection, transport = Door(straw).knock()
    for byte in head(login):
        assert transport.sent == b""
        connection.data_received(bytes([byte]))
    assert transport.status == 200


def test_the_refusal_of_a_strangers_browser_has_no_word_about_the_login(
    straw: Straw, login: str
) -> None:
    door = Door(straw)
    answers = []
    for asked, cookie in ((login, "stranger"), ("never-was-one", COOKIE), (login, 'x"y')):
        connection, transport = door.knock()
        connection.data_received(head(asked, cookie=cookie))
        answers.append(transport.sent)
        assert transport.closed
    assert answers[0].startswith(b"HTTP/1.1 404 ")
    assert answers[0] == answers[1] == answers[2]


def test_two_browser_cookies_that_differ_are_none(straw: Straw, login: str) -> None:
    planted = "Cookie: __Host-sesame_browser=planted"
    assert Door(straw).ask(login, planted)[1].status == 404


# --- who may read ---------------------------------------------------------------------------------


def test_a_page_of_the_issuer_may_read_with_its_cookies(straw: Straw, login: str) -> None:
    _, transport = Door(straw).ask(login, f"Origin: {ISSUER}")
    assert f"\r\nAccess-Control-Allow-Origin: {ISSUER}\r\n".encode() in transport.sent
    assert b"\r\nAccess-Control-Allow-Credentials: true\r\n" in transport.sent


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "http://login.example",
        f"{ISSUER}:8404",
        f"{ISSUER}.evil",
        "",
    ],
)
def test_a_page_of_anybody_else_may_not_even_wait(straw: Straw, login: str, origin: str) -> None:
    _, transport = Door(straw).ask(login, f"Origin: {origin}")
    assert transport.status == 403
    assert b"Access-Control" not in transport.sent


@pytest.mark.parametrize("host", ["evil.example", "login.example:8404", "login.example.evil", ""])
def test_another_host_is_not_ours(straw: Straw, login: str, host: str) -> None:
    assert Door(straw).ask(login, host=host)[1].status == 421


def test_another_port_of_the_issuers_host_is_ours_where_the_settings_say_so(
    straw: Straw, login: str
) -> None:
    door = Door(straw, url=f"{ISSUER}:8404")
    assert door.ask(login, host="login.example:8404")[1].status == 200
    assert door.ask(login, host="login.example")[1].status == 200


# --- bounds ---------------------------------------------------------------------------------------


def test_a_head_that_takes_too_long_is_given_up(straw: Straw, login: str) -> None:
    door = Door(straw)
    slow, transport = door.knock()
    quick, _ = door.ask(login)
    slow.data_received(head(login)[:-1])
    door.seconds = HEAD_SECONDS - 0.01
    door.house.turn()
    assert transport.status == 0
    slow.data_received(b"")
    door.seconds = HEAD_SECONDS
    door.house.turn()
    assert (transport.status, transport.closed) == (408, True)
    assert quick.mark is not None


def test_at_the_end_nobody_is_waited_for_who_has_not_asked(straw: Straw, login: str) -> None:
    door = Door(straw)
    (slow, unheard), (_, waiting) = door.knock(), door.ask(login)
    slow.data_received(b"GET /wait/")
    door.house.drain()
    assert (unheard.status, unheard.closed, waiting.closed) == (503, True, True)


def test_a_head_that_is_too_large_is_given_up(straw: Straw) -> None:
    connection, transport = Door(straw).knock()
    for _ in range(9):
        connection.data_received(b"x" * 1024)
    assert (transport.status, transport.closed) == (431, True)


def test_whoever_says_more_than_a_head_is_let_go(straw: Straw, login: str) -> None:
    connection, transport = Door(straw).ask(login)
    connection.data_received(b"GET /again HTTP/1.1\r\n")
    assert transport.aborted


def test_whoever_takes_nothing_any_more_is_let_go(straw: Straw, login: str) -> None:
    _, transport = Door(straw).ask(login)
    transport.unsent = 2048
    straw.hint(login)
    assert transport.aborted


def test_a_full_house_says_so_and_has_room_again(straw: Straw, login: str) -> None:
    door = Door(straw, most=2)
    first, _ = door.ask(login)
    door.knock()
    _, turned_away = door.knock()
    assert (turned_away.status, turned_away.closed) == (503, True)
    assert b"\r\nRetry-After: " in turned_away.sent
    first.connection_lost(None)
    assert door.ask(login)[1].status == 200


def test_one_address_has_its_share_and_no_more(straw: Straw, login: str) -> None:
    door = Door(straw, per_address=2)
    first, _ = door.ask(login)
    door.knock()
    refused, transport = door.knock()
    assert (transport.status, transport.closed) == (429, True)
    assert door.ask(login, address="192.0.2.2")[1].status == 200
    for one in (first, refused):
        one.connection_lost(None)
    assert door.ask(login)[1].status == 200


def test_neighbours_in_one_network_of_ipv6_share(straw: Straw, login: str) -> None:
    door = Door(straw, per_address=1)
    assert door.ask(login, address="2001:db8::1")[1].status == 200
    assert door.ask(login, address="2001:db8::2")[1].status == 429
    assert door.ask(login, address="2001:db8:0:1::1")[1].status == 200


def test_behind_a_trusted_proxy_the_share_is_the_clients(straw: Straw, login: str) -> None:
    door = Door(straw, per_address=1)

    def through(client: str, proxy: str = "10.0.0.1") -> int:
        return door.ask(login, f"X-Forwarded-For: {client}", address=proxy)[1].status

    assert [through("192.0.2.1"), through("192.0.2.1"), through("192.0.2.2")] == [200, 429, 200]
    assert through("192.0.2.9", proxy="198.51.100.1") == 200
    assert through("192.0.2.10", proxy="198.51.100.1") == 429


def test_every_place_is_given_back(straw: Straw, login: str) -> None:
    door = Door(straw, most=10, per_address=3)
    for _ in range(5):
        made = [door.ask(login)[0], door.knock()[0], door.ask("never-was-one")[0], door.knock()[0]]
        for one in made:
            one.connection_lost(None)
        assert door.house.places.open == 0
    assert list(straw.attendant.room) == []
    assert door.house.places._taken == {}
