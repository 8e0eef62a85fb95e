"""The demo's responder over real loopback HTTP, as a thread and as a process of its own."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.x509 import ocsp

from cardreader.sim.declaration import load_declaration
from cardreader.sim.pki import CardRequest, Country
from cardreader.trust.ocsp import make_request
from tests.world import tokens
from tests.world.ocsp import Desk, serving
from tests.world.tokens import NOW

if TYPE_CHECKING:
    from pathlib import Path


def ask(url: str, body: bytes | None = None) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(url, data=body)) as answer:
        return bytes(answer.read())


def test_the_responder_answers_ocsp_lists_and_certificates_and_can_be_down() -> None:
    desk = Desk(tokens.country(), lambda: NOW)
    made = tokens.card()
    question = make_request(made.authentication, made.issuer, b"n" * 32)
    with serving(desk) as base:
        answer = ocsp.load_der_ocsp_response(ask(f"{base}/ocsp/citizen-new", question))
        assert answer.certificate_status is ocsp.OCSPCertStatus.GOOD
        assert x509.load_der_x509_crl(ask(f"{base}/crl/root-new")).next_update_utc is not None
        certificate = x509.load_der_x509_certificate(ask(f"{base}/crt/citizen-new"))
        assert certificate == made.issuer
        for path, body in (("/crl/nobody", None), ("/other", b"x"), ("/ocsp/citizen-new", None)):
            with pytest.raises(urllib.error.HTTPError) as missing:
                ask(base + path, body)
            missing.value.close()
            assert missing.value.code == 404
        desk.down = True
        with pytest.raises(urllib.error.HTTPError) as down:
            ask(f"{base}/ocsp/citizen-new", question)
        down.value.close()
        assert down.value.code == 503


def test_a_responder_process_sees_new_revocations_and_stops_on_sigterm(tmp_path: Path) -> None:
    now = dt.datetime.now(dt.UTC)
    declaration = load_declaration(_declaration())
    country = Country.found(declaration, at=now)
    country.write(tmp_path)
    order = tokens.request()
    made = country.issue(
        CardRequest(
            ca="citizen-new",
            key_kind="ec-p384",
            given_names=order.given_names,
            surname=order.surname,
            national_number=order.national_number,
            valid_from=now,
            valid_until=now + tokens.YEAR,
        )
    )
    command = [sys.executable, "-m", "tests.world.ocsp", "--folder", str(tmp_path), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        base = process.stdout.readline().rsplit(" ", maxsplit=1)[1].strip()
        question = make_request(made.authentication, made.issuer, b"")
        seen = []
        for _ in range(2):
            answer = ocsp.load_der_ocsp_response(ask(f"{base}/ocsp/citizen-new", question))
            seen.append(answer.certificate_status)
            country.revoke(made.authentication.serial_number, at=now)
        process.terminate()
        assert process.wait(timeout=30) == 0
    assert seen == [ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED]


def _declaration() -> Path:
    from pathlib import Path

    return Path(__file__).parents[2] / "world" / "country.toml"
