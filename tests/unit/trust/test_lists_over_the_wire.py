"""F-O05: a long revocation list comes in pieces, is whole in memory once, and stays small."""

from __future__ import annotations

import contextlib
import io
import threading
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from cardreader.errors import CertificateRevoked, RevocationUnavailable
from cardreader.trust import crl, revocation
from cardreader.trust.crl import SerialTable
from cardreader.trust.revocation import RevocationCheck, RevocationLimits
from idp.outbound.client import OutboundClient
from idp.outbound.fetch import GuardedFetch
from tests.attacks.eid.test_lists import element, handmade, row
from tests.world import tokens
from tests.world.tokens import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cardreader.trust.anchors import TrustedCa
    from cardreader.trust.case import Case

ROWS = 40_000
SLOW = 0.05


@cache
def long_list(*named: int) -> bytes:
    """A list of a megabyte and a half, on which the named serials stand too."""
    serials = [b"\x10" + number.to_bytes(15) for number in range(ROWS)]
    serials += [serial.to_bytes(20) for serial in named]
    return handmade(element(0x30, b"".join(row(serial) for serial in serials)))


class Shelf(BaseHTTPRequestHandler):
    """Serves one list, and counts how often; stops in the middle where it is told to."""

    content, stop_at, asked = b"", None, 0
    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:
        type(self).asked += 1
        self.send_response(200)
        self.send_header("Content-Type", "application/pkix-crl")
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(self.content[: self.stop_at])
            if self.stop_at is not None:
                self.rfile.read(1)  # until the other side gives up

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def shelf() -> Iterator[tuple[type[Shelf], str]]:
    handler = type("OneShelf", (Shelf,), {"content": long_list()})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield handler, f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def check(authority: str, **limits: Any) -> RevocationCheck:
    client = OutboundClient(allow=frozenset({authority}), monotonic=time.monotonic)
    return RevocationCheck(GuardedFetch(client), entropy=bytes, limits=RevocationLimits(**limits))


def listed_at(authority: str) -> TrustedCa:
    ca = next(ca for ca in tokens.anchors().cas if ca.label == "citizen-new")
    return replace(ca, ocsp=(), crl=(f"http://{authority}/list",))


def a_case(ca: TrustedCa, *, serial: int = 1) -> Case:
    """As much of a login as the question about revocation takes."""

    class Asked:
        live_check = False
        now = NOW
        issuer = ca
        certificate = tokens.card().authentication

    Asked.certificate = _Numbered(tokens.card().authentication, serial)  # type: ignore[assignment]
    return Asked()  # type: ignore[return-value]


class _Numbered:
    """A certificate with another number."""

    def __init__(self, certificate: Any, serial: int) -> None:
        self.serial_number = serial
        self.extensions = certificate.extensions


def test_a_long_list_over_the_wire_is_asked_once_and_its_table_answers(
    shelf: tuple[type[Shelf], str],
) -> None:
    handler, authority = shelf
    revoked = 0x7F << 150
    handler.content = long_list(revoked)
    ca, asking = listed_at(authority), check(authority)
    for _ in range(3):
        assert asking._by_list(a_case(ca)).method == "crl"
        with pytest.raises(CertificateRevoked):
            asking._by_list(a_case(ca, serial=revoked))
    assert handler.asked == 1


def test_no_more_than_a_little_is_held_while_a_list_comes(
    shelf: tuple[type[Shelf], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, authority = shelf
    held: list[int] = []

    def measured(self: RevocationCheck, came: Any, ca: TrustedCa, now: Any) -> Any:
        del self, ca, now
        held.append(tracemalloc.get_traced_memory()[1] - begin)
        came.seek(0, io.SEEK_END)
        held.append(came.tell())
        raise RevocationUnavailable("measured")

    monkeypatch.setattr(RevocationCheck, "_read_list", measured)
    asking, ca = check(authority), listed_at(authority)
    tracemalloc.start()
    try:
        begin = tracemalloc.get_traced_memory()[0]
        with pytest.raises(RevocationUnavailable):
            asking._fetch_list(ca, NOW)
    finally:
        tracemalloc.stop()
    peak, length = held
    assert length == len(long_list()) > 4 * revocation._HELD
    assert peak < 3 * revocation._HELD


def test_a_list_that_stops_coming_is_cut_off_at_its_deadline(
    shelf: tuple[type[Shelf], str],
) -> None:
    handler, authority = shelf
    handler.stop_at = 100_000
    with pytest.raises(RevocationUnavailable):
        check(authority, crl_seconds=0.2)._fetch_list(listed_at(authority), NOW)


def test_a_list_over_the_limit_is_refused_before_it_is_read(
    shelf: tuple[type[Shelf], str],
) -> None:
    _, authority = shelf
    asking = check(authority, crl_limit=500_000)
    with pytest.raises(RevocationUnavailable):
        asking._fetch_list(listed_at(authority), NOW)


def test_a_machine_without_room_for_a_list_refuses_and_nothing_else(
    shelf: tuple[type[Shelf], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, authority = shelf

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(revocation, "SpooledTemporaryFile", full)
    with pytest.raises(RevocationUnavailable, match="no room"):
        check(authority)._fetch_list(listed_at(authority), NOW)


def test_lists_are_read_one_at_a_time_and_nobody_waits_for_ever(
    shelf: tuple[type[Shelf], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, authority = shelf
    inside, go = threading.Event(), threading.Event()

    def slow(*_: object, **__: object) -> Any:
        inside.set()
        assert go.wait(timeout=30)
        return crl.VerifiedList(serials=SerialTable.of(()), evidence=None)  # type: ignore[arg-type]

    monkeypatch.setattr(crl, "verify", slow)
    asking, ca = check(authority, crl_seconds=SLOW * 10), listed_at(authority)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(asking._fetch_list, ca, NOW)
        assert inside.wait(timeout=30)
        with pytest.raises(RevocationUnavailable, match="being read"):
            asking._fetch_list(ca, NOW)
        go.set()
        assert len(first.result().serials) == 0


def test_a_table_is_a_set_of_serials_of_a_few_bytes_each() -> None:
    serials = {1, 255, 256, (1 << 159) - 1, 1 << 160}
    table = SerialTable.of([*serials, 1])
    assert all(serial in table for serial in serials)
    assert not {0, 2, 254, 257, 1 << 161} & {serial for serial in range(300) if serial in table}
    assert -1 not in table
    assert 0 not in SerialTable.of(())
    with pytest.raises(OverflowError):
        SerialTable.of([1, -1])
    many = SerialTable.of(range(1, 5_000))
    assert len(many.rows) == 2 * 4_999
