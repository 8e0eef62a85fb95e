"""What was shown is what is signed: canonical, complete, and of one meaning."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_flow import transcript
from mobile_flow.errors import ReceiptContradicts, ReceiptMalformed
from mobile_flow.model import Approval, ShownClaim, ShownDetail, Verb
from tests.contract.store.phones import a_device, an_approval
from tests.unit.mobile.desk import ISSUER, SHOWN

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def built(approval: Approval) -> dict[str, Any]:
    text = transcript.build(
        approval, a_device(), issuer=ISSUER, return_origin=ISSUER, now=approval.opened_at
    )
    return dict(transcript.read(text))


def test_the_transcript_holds_who_asks_what_for_whom_from_where() -> None:
    members = built(an_approval(shown=SHOWN))
    assert members["rp_display_name"] == "De winkel"
    assert members["rp_domain"] == "shop.example"
    assert members["claims"] == ["given_name"]
    assert members["where"] == "Firefox op Linux"
    assert members["browser_hash"] == "cd" * 32
    assert members["number_match"] is True
    assert members["device_id"] == "phone-1"
    assert (members["flow"], members["verb"], members["language"]) == ("qr", "log_in", "nl")
    assert members["exp"] - members["iat"] == 180


def test_the_number_is_not_in_it() -> None:
    one, other = (built(an_approval(number=number)) for number in ("42", "43"))
    assert one == other


def test_the_challenge_is_its_hash() -> None:
    text = transcript.canonical({"v": 1})
    assert transcript.challenge(text) == hashlib.sha256(b'{"v":1}').digest()


def test_a_digest_can_be_computed_by_anybody() -> None:
    digest = hashlib.sha256(b'[["given_name","Om u aan te spreken"]]').digest()
    expected = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    assert built(an_approval(shown=SHOWN))["claims_digest"] == expected


CHANGES: list[dict[str, Any]] = [
    {"verb": Verb.PAY},
    {"client_id": "bank"},
    {"client_name": "De bank"},
    {"client_domain": "bank.example"},
    {"purpose": "Om te betalen"},
    {"claims": ()},
    {"claims": (ShownClaim(name="given_name", reason="Zomaar"),)},
    {"details": (ShownDetail(label="amount", value="12,00 EUR"),)},
    {"message": "Betaal nu"},
    {"where": "Chrome op Windows"},
    {"acr": "http://eidas.europa.eu/NotNotified/LoA/high"},
    {"language": "fr"},
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_another_text_on_the_screen_is_another_transcript(change: dict[str, Any]) -> None:
    shown = replace(SHOWN, **change)
    assert built(an_approval(shown=SHOWN)) != built(an_approval(shown=shown))


@given(purpose=TEXTS, name=TEXTS, message=TEXTS)
def test_what_was_written_is_read_back_and_is_the_only_writing(
    purpose: str, name: str, message: str
) -> None:
    shown = replace(SHOWN, purpose=purpose, client_name=name, message=message)
    text = transcript.build(
        an_approval(shown=shown), None, issuer=ISSUER, return_origin="", now=an_approval().opened_at
    )
    assert transcript.canonical(transcript.read(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        b'{"v": 1}',
        b'{"v":1,"iss":"a","acr":"b"}',
        b'{"v":1,"iss":"\\u0061"}',
        b'{"v":1} ',
    ],
)
def test_another_writing_of_the_same_is_refused(text: bytes) -> None:
    with pytest.raises(ReceiptContradicts):
        transcript.read(text)


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{}", b'{"v":2}', b'{"v":true}', b'{"v":1,"v":1}', b"\xff", b"{" * 9000]
)
def test_what_is_no_transcript_is_malformed(text: bytes) -> None:
    with pytest.raises(ReceiptMalformed):
        transcript.read(text)


@given(text=st.binary(max_size=300) | TEXTS.map(lambda t: json.dumps({"v": 1, "a": t}).encode()))
def test_reading_fails_in_one_way_only(text: bytes) -> None:
    with contextlib.suppress(ReceiptMalformed, ReceiptContradicts):
        assert transcript.canonical(transcript.read(text)) == text
