"""Strangers at the card agent: other sites, other names for this machine, other machines.

The agent itself is asked, through its sockets, by a client that says of itself what it likes.
"""

from __future__ import annotations

import http.client
import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from cardreader.agent.httpd import AgentServer
from tests.unit.agent.fake_card import PIN
from tests.unit.agent.fake_reader import PAGE, SIGNED, Bench
from tests.unit.agent.test_loopback_api import NONCE, ticket

if TYPE_CHECKING:
    from collections.abc import Iterator

EVIL = "https://evil.example"


class Door:
    """A running agent and its address."""

    def __init__(self, server: AgentServer, bench: Bench) -> None:
        self.bench = bench
        self.port = server.port
        self.server = server

    def say(
        self, method: str, path: str, *, body: object = None, **headers: str
    ) -> tuple[int, dict[str, str], str]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        text = None if body is None else json.dumps(body)
        if body is not None:
            named.setdefault("Content-Type", "application/json")
        line.request(method, path, body=text, headers=named)
        answer = line.getresponse()
        said = (answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        line.close()
        return said[0], said[1], said[2].decode()

    def opened(self, **headers: str) -> tuple[str, str]:
        _, _, text = self.say(
            "POST", "/authenticate", body={"challengeNonce": NONCE}, **({"Origin": PAGE} | headers)
        )
        said = json.loads(text)
        return said["requestId"], said["pinUrl"].partition(f":{self.port}")[2]


@pytest.fixture
def door() -> Iterator[Door]:
    with AgentServer(0) as server:
        bench = Bench(port=server.port)
        server.answer = bench.agent.answer
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield Door(server, bench)
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1.evil.example:{port}",
        "localhost.evil.example:{port}",
        "localhost@evil.example:{port}",
        "127.0.0.1",
        "localhost:1",
        "127.1:{port}",
        "0.0.0.0:{port}",
        "2130706433:{port}",
        "[::1]:{port}",
        "[::ffff:127.0.0.1]:{port}",
        "127.0.0.1:{port} ",
        "LOCALHOST:{port}",
    ],
)
def test_a_name_that_was_made_to_point_here_is_answered_nothing(door: Door, host: str) -> None:
    named = host.format(port=door.port)
    for method, path in (("GET", "/status"), ("GET", "/"), ("OPTIONS", "/authenticate")):
        status, headers, text = door.say(method, path, Host=named, Origin=PAGE)
        if named.strip() == f"127.0.0.1:{door.port}":
            continue  # white space around a value is not part of it
        assert status == 421, (method, path)
        assert "access-control-allow-origin" not in headers
        assert "evil" not in text


@pytest.mark.parametrize("peer", ["192.168.1.7", "10.0.0.1", "203.0.113.9", "::", "fe80::1", "x"])
def test_another_machine_is_turned_away_before_it_is_heard(door: Door, peer: str) -> None:
    assert not door.server.verify_request(None, (peer, 4711))
    assert door.server.verify_request(None, ("127.0.0.1", 4711))


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"Access_Control_Request_Private_Network": "true"},
        {"Access_Control_Request_Local_Network": "true"},
    ],
)
def test_a_preflight_of_any_draft_says_no_more_than_it_was_asked(
    door: Door, asked: dict[str, str]
) -> None:
    usual = {"Access_Control_Request_Method": "POST", "Access_Control_Request_Headers": "x"}
    status, headers, _ = door.say("OPTIONS", "/authenticate", Origin=PAGE, **usual, **asked)
    assert status == 204
    assert headers["access-control-allow-origin"] == PAGE
    assert headers["vary"] == "Origin"
    assert "access-control-allow-credentials" not in headers
    allowed = {name for name in headers if name.endswith("-network")}
    wanted = {name.lower().replace("_", "-").replace("request", "allow") for name in asked}
    assert allowed == wanted
    status, headers, _ = door.say("OPTIONS", "/authenticate", Origin=EVIL, **usual, **asked)
    assert status == 403
    assert not any(name.startswith("access-control-") for name in headers)


@pytest.mark.parametrize(
    "origin",
    [
        EVIL,
        "null",
        f"{PAGE}.evil.example",
        f"{PAGE}@evil.example",
        f"{PAGE}/",
        f"{PAGE} {EVIL}",
        PAGE.upper(),
        "https://localhost:8400",
        "http://localhost",
    ],
)
def test_an_origin_that_only_resembles_an_allowed_one_opens_nothing(
    door: Door, origin: str
) -> None:
    status, headers, text = door.say(
        "POST", "/authenticate", body={"challengeNonce": NONCE}, Origin=origin
    )
    assert status == 403
    assert "access-control-allow-origin" not in headers
    assert "requestId" not in text


def test_two_origins_in_one_request_are_none(door: Door) -> None:
    line = http.client.HTTPConnection("127.0.0.1", door.port, timeout=10)
    line.putrequest("POST", "/authenticate")
    for origin in (PAGE, EVIL):
        line.putheader("Origin", origin)
    line.putheader("Content-Length", "0")
    line.endheaders()
    assert line.getresponse().status == 400
    line.close()


@pytest.mark.parametrize(
    "named",
    [
        {"origin": EVIL},
        {"Origin": EVIL},
        {"challengeNonce": NONCE, "origin": EVIL},
        {"challengeNonce": NONCE, "pageOrigin": EVIL},
        {"challengeNonce": [NONCE]},
    ],
)
def test_a_page_cannot_say_for_whom_the_card_signs(door: Door, named: dict[str, Any]) -> None:
    status, _, text = door.say("POST", "/authenticate", body=named, Origin=PAGE, Referer=EVIL)
    assert status == 400
    assert "evil" not in text
    _, path = door.opened(Referer=f"{EVIL}/", X_Forwarded_Host="evil.example")
    _, _, page = door.say("GET", path)
    assert SIGNED in page
    assert "evil" not in page


def test_what_stands_in_an_address_is_worth_nothing_to_somebody_else(door: Door) -> None:
    request_id, path = door.opened()
    _, headers, page = door.say("GET", path)
    cookie = headers["set-cookie"].partition(";")[0]
    assert door.say("GET", path)[0] == 410, "the link is spent"
    for origin in (EVIL, "null"):
        assert door.say("GET", f"/authenticate/{request_id}", Origin=origin)[0] == 403
    assert door.say("GET", f"/authenticate/{request_id}")[0] == 403
    form = f"ticket={ticket_of(page)}&pin={PIN}"
    line = http.client.HTTPConnection("127.0.0.1", door.port, timeout=10)
    own = {
        "Origin": f"http://127.0.0.1:{door.port}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    line.request("POST", path, body=form, headers=own)  # the form without the cookie
    assert line.getresponse().status == 410
    assert door.bench.card.presented == []
    line.close()
    line.request("POST", path, body=form, headers=own | {"Cookie": cookie})
    assert line.getresponse().status == 303
    line.close()
    assert door.bench.card.presented == [PIN]


def test_no_address_of_a_login_holds_pin_challenge_or_token(door: Door) -> None:
    request_id, path = door.opened()
    _, headers, page = door.say("GET", path)
    own = {
        "Origin": f"http://127.0.0.1:{door.port}",
        "Content-Type": "application/x-www-form-urlencoded",
        "Cookie": headers["set-cookie"].partition(";")[0],
    }
    line = http.client.HTTPConnection("127.0.0.1", door.port, timeout=10)
    line.request("POST", path, body=f"ticket={ticket_of(page)}&pin={PIN}", headers=own)
    answer = line.getresponse()
    addresses = [path, request_id, answer.getheader("Location") or ""]
    line.close()
    _, _, text = door.say("GET", f"/authenticate/{request_id}", Origin=PAGE)
    token = json.loads(text)["token"]
    for hidden in (PIN, NONCE, ticket_of(page), *token.values()):
        assert not any(hidden in address for address in addresses)


def ticket_of(page: str) -> str:
    class Body:
        body = page.encode()

    return ticket(Body())  # type: ignore[arg-type] # all that it looks at
