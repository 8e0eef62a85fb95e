"""The sockets: one address, small strict requests, silence about what went through."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from cardreader.agent.httpd import AgentServer
from tests.unit.agent.fake_card import PIN
from tests.unit.agent.fake_reader import PAGE, Bench
from tests.unit.agent.test_loopback_api import NONCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cardreader.agent.web import Request, Response


@pytest.fixture
def server() -> Iterator[AgentServer]:
    with AgentServer(0) as made:
        made.answer = Bench(port=made.port).agent.answer
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def raw(server: AgentServer, data: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(data)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        return answer


def test_a_request_goes_through_and_the_connection_closes(server: AgentServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    body = json.dumps({"challengeNonce": NONCE})
    headers = {"Origin": PAGE, "Content-Type": "application/json"}
    connection.request("POST", "/authenticate", body=body, headers=headers)
    answer = connection.getresponse()
    assert answer.status == 201
    assert answer.getheader("Connection") == "close"
    assert "Python" not in (answer.getheader("Server") or "")
    assert json.loads(answer.read())["pinUrl"].startswith(f"http://127.0.0.1:{server.port}/pin/")
    connection.close()


def test_only_loopback_is_listened_on(server: AgentServer) -> None:
    assert server.server_address[0] == "127.0.0.1"


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
        (b"GET / HTTP/1.1\r\n\r\n", 421),
        (b"GET / HTTP/1.1\r\nHost: %h\r\nHost: evil.example\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: %h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        (b"POST / HTTP/1.1\r\nHost: %h\r\nContent-Length: 9000\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nHost: %h\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nHost: %h\r\nContent-Length: -1\r\n\r\n", 413),
        (b"GET http://evil.example/ HTTP/1.1\r\nHost: %h\r\n\r\n", 400),
        (b"GET //evil.example/ HTTP/1.1\r\nHost: %h\r\n\r\n", 404),
        (b"PUT / HTTP/1.1\r\nHost: %h\r\n\r\n", 501),
        (b"HEAD / HTTP/1.1\r\nHost: %h\r\n\r\n", 501),
        (b"<script> / x HTTP/1.1\r\n\r\n", 400),
    ],
)
def test_a_strange_request_is_refused_and_not_echoed(
    server: AgentServer, lines: bytes, status: int
) -> None:
    answer = raw(server, lines.replace(b"%h", f"127.0.0.1:{server.port}".encode()))
    assert answer.split(b" ", 2)[1] == str(status).encode()
    assert b"evil" not in answer
    assert b"<script>" not in answer


def test_a_failing_handler_shows_nothing_of_the_request(
    server: AgentServer, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(request: Request) -> Response:
        raise RuntimeError(request.body.decode())

    server.answer = fail
    head = b"POST /pin/x HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\npin="
    answer = raw(server, head + PIN.encode())
    assert answer.startswith(b"HTTP/1.1 500")
    out = capfd.readouterr()
    assert PIN not in answer.decode() + out.out + out.err


def test_a_second_agent_on_the_port_is_refused(server: AgentServer) -> None:
    with pytest.raises(OSError, match="in use"):
        AgentServer(server.port)
