"""Typed approvals: known types alone, every member shown, each by a rule of its own."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idp.errors import INVALID_AUTHORIZATION_DETAILS, Refused
from idp.oidc.ciba.details import TypedApproval, read_details, types
from mobile_flow.model import Verb

ISSUER = "https://login.example"
SIGN = {"type": f"{ISSUER}/rar/sign", "title": "Lease of a flat", "sha256": "ab" * 32}
SHARE = {
    "type": f"{ISSUER}/rar/data-share",
    "recipient": "De Bank",
    "claims": ["given_name", "birthdate"],
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def read(*entries: object) -> TypedApproval:
    return read_details(json.dumps(list(entries)), issuer=ISSUER)


def refused(text: str) -> None:
    with pytest.raises(Refused) as caught:
        read_details(text, issuer=ISSUER)
    assert caught.value.problem is INVALID_AUTHORIZATION_DETAILS


def test_a_document_is_shown_by_its_title_and_the_ends_of_its_fingerprint() -> None:
    approval = read(SIGN)
    assert approval.verb is Verb.SIGN
    assert [(one.label, one.value) for one in approval.details] == [
        ("document", "Lease of a flat"),
        ("fingerprint", "abababab…abababab"),
    ]


def test_shared_data_are_named() -> None:
    approval = read(SHARE)
    assert approval.verb is Verb.SHARE
    assert approval.details[1].value == "given_name, birthdate"


def test_several_kinds_at_once_are_confirmed_in_the_order_asked() -> None:
    approval = read(SHARE, SIGN)
    assert approval.verb is Verb.CONFIRM
    assert [one.label for one in approval.details] == [
        "recipient",
        "data",
        "document",
        "fingerprint",
    ]


def test_the_types_are_of_this_issuer() -> None:
    assert types(ISSUER) == tuple(
        f"{ISSUER}/rar/{name}" for name in ("payment", "sign", "data-share")
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "{}",
        "[]",
        "[1]",
        "[" * 2000,
        json.dumps([SIGN] * 5),
        json.dumps([{**SIGN, "type": "https://other.example/rar/sign"}]),
        json.dumps([{**SIGN, "actions": ["read"]}]),
        json.dumps([{name: one for name, one in SIGN.items() if name != "sha256"}]),
        json.dumps([SIGN])[:-2] + ', "title": "Another"}]',
        json.dumps([{**SIGN, "title": "x" * 5000}]),
        json.dumps([{**SHARE, "claims": []}]),
        json.dumps([{**SHARE, "claims": ["given_name"] * 21}]),
        json.dumps([{**SHARE, "claims": ["Given Name"]}]),
    ],
)
def test_what_is_of_no_known_form_is_refused(text: str) -> None:
    refused(text)


@settings(deadline=None)
@given(JSON)
def test_any_json_is_read_or_refused_by_the_one_problem(value: Any) -> None:
    refused(json.dumps(value))


@settings(deadline=None)
@given(st.sampled_from(["title", "sha256"]), JSON)
def test_any_value_of_a_member_is_plain_words_or_refused(member: str, value: Any) -> None:
    try:
        approval = read({**SIGN, member: value})
    except Refused as caught:
        assert caught.problem is INVALID_AUTHORIZATION_DETAILS  # noqa: PT017 - either may happen
        return
    assert all(one.value.strip() and len(one.value) <= 100 for one in approval.details)


@settings(deadline=None)
@given(st.text(alphabet="0123456789", min_size=12, max_size=12))
def test_an_account_is_shown_only_with_right_check_digits(digits: str) -> None:
    right = 98 - int(f"{digits}111400") % 97
    for check in range(2, 99):
        payment = {
            "type": f"{ISSUER}/rar/payment",
            "amount": "1.00",
            "currency": "EUR",
            "creditor": "X",
            "iban": f"BE{check:02}{digits}",
        }
        if check == right:
            shown = read(payment).details[3].value
            assert shown.replace(" ", "") == payment["iban"]
        elif check % 97 != right % 97:
            refused(json.dumps([payment]))
