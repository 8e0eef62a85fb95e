"""What a QR code says: short, of one second, of one start, and of nobody else."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import secrets
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import qrcode
from hypothesis import given
from hypothesis import strategies as st

from mobile_flow import qr
from mobile_flow.errors import (
    CodeMalformed,
    FrameForged,
    FrameStale,
    FrameUnreadable,
    StartGone,
)
from mobile_flow.model import FlowKind, Start
from tests.contract.store.stand_ins import START
from tests.unit.mobile.desk import SECOND, SHOWN

HOST = "idp.example"


def a_start(**changes: Any) -> Start:
    values: dict[str, Any] = {
        "id": qr.new_start_id(secrets.token_bytes),
        "key": secrets.token_bytes(32),
        "kind": FlowKind.QR,
        "transaction": "login-1",
        "browser": "b0" * 32,
        "shown": SHOWN,
        "started_at": START,
        "expires_at": START + 180 * SECOND,
        **changes,
    }
    return Start(**values)


def checked(start: Start, text: str, *, after: float) -> None:
    qr.check(start, qr.read(text), now=START + after * SECOND)


def modules(text: str) -> int:
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_L)
    code.add_data(text, optimize=0)
    code.make(fit=True)
    return code.modules_count


def test_the_text_keeps_the_picture_small() -> None:
    longest = qr.frame(a_start(), host=HOST, t=179)
    assert modules(longest) == 29
    assert modules(qr.frame(a_start(), host="login.a-longer-name.example:8400", t=179)) <= 33


def test_the_keyed_code_is_an_hmac_over_start_second_service_and_purpose() -> None:
    start = a_start()
    shown = hashlib.sha256(b"shop|Om u te kennen").hexdigest()
    mac = hmac.new(start.key, f"q1|{start.id}|7|{shown}".encode(), "sha256").digest()[:10]
    expected = base64.b32encode(mac).decode()
    assert qr.frame(start, host=HOST, t=7) == f"HTTPS://IDP.EXAMPLE/Q/{start.id}/7/{expected}"


@pytest.mark.parametrize("late", [0, 0.5, 3, 4])
def test_a_frame_is_good_until_four_seconds_after_it_was_due(late: float) -> None:
    start = a_start()
    checked(start, qr.frame(start, host=HOST, t=10), after=10 + late)


@pytest.mark.parametrize("late", [4.001, 5, 30, 100])
def test_an_older_frame_is_stale(late: float) -> None:
    start = a_start()
    with pytest.raises(FrameStale):
        checked(start, qr.frame(start, host=HOST, t=10), after=10 + late)


def test_a_frame_that_is_not_due_yet_is_refused() -> None:
    start = a_start()
    with pytest.raises(FrameStale):
        checked(start, qr.frame(start, host=HOST, t=10), after=8)


def test_nothing_of_a_start_that_ended_is_good() -> None:
    start = a_start(expires_at=START + 11 * SECOND)
    with pytest.raises(StartGone):
        checked(start, qr.frame(start, host=HOST, t=10), after=11)


@given(place=st.integers(min_value=0, max_value=200), letter=st.sampled_from("A2Z70S/"))
def test_a_frame_with_any_letter_changed_is_refused(place: int, letter: str) -> None:
    start = a_start()
    text = qr.frame(start, host=HOST, t=10)
    place = len("HTTPS://IDP.EXAMPLE/Q/") + place % (len(text) - len("HTTPS://IDP.EXAMPLE/Q/"))
    changed = text[:place] + letter + text[place + 1 :]
    if changed != text:
        with pytest.raises((FrameUnreadable, FrameForged)):
            checked(start, changed, after=10)


def test_a_frame_of_another_start_is_forged() -> None:
    mine, other = a_start(), a_start()
    with pytest.raises(FrameForged):
        checked(mine, qr.frame(other, host=HOST, t=1), after=1)


def test_a_frame_made_for_another_service_or_purpose_is_forged() -> None:
    start = a_start()
    for shown in (replace(SHOWN, client_id="bank"), replace(SHOWN, purpose="Om te betalen")):
        with pytest.raises(FrameForged):
            checked(replace(start, shown=shown), qr.frame(start, host=HOST, t=1), after=1)


def test_a_static_text_is_no_frame_of_an_animated_code_nor_the_other_way_round() -> None:
    start = a_start()
    static = replace(start, kind=FlowKind.STATIC)
    checked(static, qr.static(static, host=HOST), after=20)
    with pytest.raises(FrameForged):
        checked(start, qr.static(start, host=HOST), after=1)
    with pytest.raises(FrameForged):
        checked(static, qr.frame(static, host=HOST, t=1), after=1)


def test_the_page_is_handed_one_frame_a_second_until_the_start_ends() -> None:
    start = a_start(expires_at=START + 12 * SECOND)
    handed = qr.frames(start, now=START + 9.7 * SECOND, host=HOST, count=5)
    assert [(one.valid_from - START) // SECOND for one in handed] == [9, 10, 11]
    assert all(one.valid_until == one.valid_from + SECOND for one in handed)
    for one in handed:
        qr.check(start, qr.read(one.text), now=one.valid_from)


@given(
    t=st.integers(min_value=0, max_value=300),
    host=st.from_regex(r"[a-z0-9.-]{1,40}", fullmatch=True),
)
def test_what_was_written_is_read_back(t: int, host: str) -> None:
    start = a_start()
    scanned = qr.read(qr.frame(start, host=host, t=t))
    assert (scanned.host, scanned.start, scanned.t) == (host.upper(), start.id, t)


@given(text=st.text() | st.from_regex(r"HTTPS://[A-Z.]+/Q/[A-Z2-7]*/[0-9S]*/[A-Z2-7]*"))
def test_reading_refuses_in_one_way_or_gives_a_frame(text: str) -> None:
    with contextlib.suppress(FrameUnreadable):
        assert len(qr.read(text).start) == 26


def test_a_typed_code_may_be_misread_as_people_do() -> None:
    code = qr.new_code(bytes)
    assert code == "00000000"
    assert qr.read_code(" oO00-il1 1 ".replace("il1 1", "00 00")) == "00000000"
    assert qr.read_code("abcd-23il") == "ABCD2311"


@given(random=st.binary(min_size=5, max_size=5))
def test_a_code_is_read_back_however_it_is_spelled(random: bytes) -> None:
    code = qr.new_code(lambda _: random)
    assert len(code) == 8
    assert qr.read_code(qr.spell_code(code)) == code
    assert qr.read_code(f" {code.lower()} ") == code


@given(text=st.text(max_size=60))
def test_what_is_no_code_is_malformed(text: str) -> None:
    with contextlib.suppress(CodeMalformed):
        assert len(qr.read_code(text)) == 8


def test_two_random_codes_of_five_bytes_differ_in_every_bit() -> None:
    zeros, ones = (qr.new_code(lambda size, b=bits: bytes([b]) * size) for bits in (0, 255))
    assert (zeros, ones) == ("0" * 8, "Z" * 8)


def test_a_static_code_is_drawn_as_svg() -> None:
    start = a_start(kind=FlowKind.STATIC)
    drawn = qr.svg(qr.static(start, host=HOST))
    assert drawn.startswith("<svg")
    assert "<script" not in drawn


def test_a_clock_of_ours_that_is_a_second_behind_changes_nothing() -> None:
    start = a_start()
    checked(start, qr.frame(start, host=HOST, t=10), after=(timedelta(seconds=9) / SECOND))
