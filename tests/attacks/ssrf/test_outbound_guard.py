"""SSRF-*: what the guarded client refuses to call, and how it survives what answers."""

from __future__ import annotations

import contextlib
import gzip
import socket
import threading
import time
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from idp.outbound.client import OutboundClient, OutboundFailed
from idp.outbound.guard import Resolver, TargetRefused, admit, is_special, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0",
        "100.64.0.1", "192.0.0.8", "224.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1",
        "::1", "::", "fe80::1", "fc00::1", "ff02::1", "64:ff9b::7f00:1", "64:ff9b:1::a",
        "2002:7f00:1::", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2001:db8::1",
        "2001:0:7f00:1::",
    ],
)  # fmt: skip
def test_a_special_use_address_is_never_called(text: str) -> None:
    assert is_special(ip_address(text))


@pytest.mark.parametrize("text", ["1.1.1.1", "193.191.245.12", "2a02:2788::1"])
def test_a_public_address_may_be_called(text: str) -> None:
    assert not is_special(ip_address(text))


@pytest.mark.parametrize(
    "url",
    [
        "ftp://host/", "file:///etc/passwd", "http://user@host/", "http://user:pw@host/",
        "https://evil.example\\@rp.example/", "http://host/#x", "http://ho st/", "http://host/\t",
        "http://host/\n", "http://höst/", "http://host./", "http://%31/", "http:///x", "//host/x",
        "http://host:99999/", "javascript:alert(1)", "",
    ],
)  # fmt: skip
def test_a_url_that_two_parsers_could_read_differently_is_refused(url: str) -> None:
    with pytest.raises(TargetRefused):
        parse(url)


def test_one_special_address_among_several_condemns_the_name() -> None:
    target = parse("https://rp.example/jwks")
    with pytest.raises(TargetRefused):
        admit(target, ("1.1.1.1", "127.0.0.1"), allow=frozenset())


def test_only_the_exact_host_and_port_of_the_allow_list_are_exempt() -> None:
    allow = frozenset({"127.0.0.1:8405"})
    assert admit(parse("http://127.0.0.1:8405/ocsp"), ("127.0.0.1",), allow=allow) == "127.0.0.1"
    with pytest.raises(TargetRefused):
        admit(parse("http://127.0.0.1:6379/"), ("127.0.0.1",), allow=allow)


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f.1", "0177.0.0.1"])
def test_an_old_spelling_of_loopback_resolves_to_loopback_and_is_refused(host: str) -> None:
    addresses = Resolver().resolve(host, 80, seconds=5)
    with pytest.raises(TargetRefused):
        admit(parse(f"http://{host}/"), addresses, allow=frozenset())


class _RebindingResolver(Resolver):
    """Answers with a public address first and with loopback ever after."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def resolve(self, host: str, port: int, *, seconds: float) -> tuple[str, ...]:
        del host, port, seconds
        self.asked += 1
        return ("127.0.0.1",) if self.asked > 1 else ("198.41.0.4",)


def test_a_name_is_resolved_once_and_the_connection_goes_to_the_judged_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    called: list[tuple[str, int]] = []

    def refuse(address: tuple[str, int], **_: object) -> socket.socket:
        called.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr("idp.outbound.client.socket.create_connection", refuse)
    resolver = _RebindingResolver()
    client = OutboundClient(allow=frozenset(), monotonic=time.monotonic, resolver=resolver)
    with pytest.raises(OutboundFailed, match="unreachable"):
        client.call("GET", "http://rebind.example/", seconds=5, limit=100)
    assert resolver.asked == 1
    assert called == [("198.41.0.4", 80)]


@contextlib.contextmanager
def _listening(script: Callable[[socket.socket], None]) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            wire, _ = server.accept()
            with wire, contextlib.suppress(OSError):
                wire.recv(65536)
                script(wire)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        thread.join(timeout=20)


def _call(authority: str, *, seconds: float = 10, limit: int = 1000) -> bytes:
    client = OutboundClient(allow=frozenset({authority}), monotonic=time.monotonic)
    return client.call("GET", f"http://{authority}/", seconds=seconds, limit=limit).body


def test_an_answer_within_the_limits_comes_back() -> None:
    def answer(wire: socket.socket) -> None:
        wire.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")

    with _listening(answer) as authority:
        assert _call(authority) == b"hello"


def test_a_redirect_is_not_followed() -> None:
    def answer(wire: socket.socket) -> None:
        wire.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n")

    with _listening(answer) as authority, pytest.raises(OutboundFailed, match="redirect"):
        _call(authority)


def test_a_body_over_the_limit_is_cut_off() -> None:
    def answer(wire: socket.socket) -> None:
        wire.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            wire.sendall(b"x" * 65536)

    with _listening(answer) as authority, pytest.raises(OutboundFailed, match="too_large"):
        _call(authority)


def test_headers_without_end_are_cut_off() -> None:
    def answer(wire: socket.socket) -> None:
        wire.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            wire.sendall(b"X-A: b\r\n" * 1000)

    with _listening(answer) as authority, pytest.raises(OutboundFailed):
        _call(authority)


def test_a_compressed_body_is_never_blown_up() -> None:
    packed = gzip.compress(b"x" * 100_000)
    assert len(packed) < 1000

    def answer(wire: socket.socket) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}"
        wire.sendall(head.encode() + b"\r\n\r\n" + packed)

    with _listening(answer) as authority:
        assert _call(authority) == packed


def test_a_body_shorter_than_promised_is_no_answer() -> None:
    def answer(wire: socket.socket) -> None:
        wire.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello")

    with _listening(answer) as authority, pytest.raises(OutboundFailed, match="unreachable"):
        _call(authority)


@pytest.mark.parametrize(
    "first", [b"", b"HTTP/1.1 200 OK\r\nX-A: ", b"HTTP/1.1 200 OK\r\n\r\nbody"],
    ids=["before-the-status", "inside-a-header", "inside-the-body"],
)  # fmt: skip
def test_a_peer_that_drips_is_cut_off_at_the_deadline(first: bytes) -> None:
    freed = threading.Event()

    def answer(wire: socket.socket) -> None:
        wire.sendall(first)
        while wire.recv(1):
            pass
        freed.set()

    with _listening(answer) as authority, pytest.raises(OutboundFailed, match="timeout"):
        _call(authority, seconds=0.3)
    assert freed.wait(timeout=20)
