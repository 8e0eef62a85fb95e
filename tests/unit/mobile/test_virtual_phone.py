"""The virtual phone over a real socket, and what it does when the provider asks again."""

from __future__ import annotations

import secrets
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest

from mobile_flow import proof
from mobile_flow.sim.http import PlainHttp
from mobile_flow.sim.phone import HttpAnswer, PhoneRefused, VirtualPhone
from tests.unit.mobile.desk import AN, ISSUER, MobileDesk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@pytest.fixture
def served(desk: MobileDesk) -> Iterator[str]:
    """The desk behind a socket; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            given = {name: self.headers[name] for name in (proof.HEADER,) if name in self.headers}
            answer = desk.http(self.command, self.path, headers=given, body=body)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - the library's names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_phone_enrols_scans_and_approves_over_the_network(desk: MobileDesk, served: str) -> None:
    phone = VirtualPhone(PlainHttp(served), origin=ISSUER, entropy=secrets.token_bytes)
    opened = desk.enrolments.open(AN, name="An", card_fingerprint="ab" * 32)
    phone.enrol(
        opened.code,
        lambda word: desk.enrolments.confirm(opened.enrolment.id, person=AN, matching=word),
    )
    start = desk.open()
    phone.scan(desk.picture(start))
    phone.number(desk.number(start))
    assert phone.approve()["state"] == "approved"
    assert phone.history()[0]["id"] == start.id


def test_it_repeats_once_for_a_nonce_and_no_more() -> None:
    sent: list[str] = []

    def stubborn(method: str, path: str, *, headers: Mapping[str, str], body: bytes) -> HttpAnswer:
        del method, path, body
        sent.append(headers[proof.HEADER])
        return HttpAnswer(
            status=401, headers={"sesame-nonce": f"n{len(sent)}"}, body=b'{"error":"use_nonce"}'
        )

    phone = VirtualPhone(stubborn, origin=ISSUER, entropy=secrets.token_bytes)
    with pytest.raises(PhoneRefused) as refused:
        phone.begin("00000000")
    assert (refused.value.status, refused.value.code) == (401, "use_nonce")
    assert len(sent) == len(set(sent)) == 2


@pytest.mark.parametrize("address", ["idp.example", "ftp://idp.example", "https://"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="address"):
        PlainHttp(address)
