"""Whatever an enrolled phone sends, it is answered or refused in a word of ours; never a crash."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobile_flow.errors import PhoneError
from mobile_flow.views import Call
from tests.unit.mobile.desk import MobileDesk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.unit.mobile.desk import Phone

CALLS = (
    ("POST", "approvals/claim"),
    ("POST", "approvals/{id}/open"),
    ("POST", "approvals/{id}/number"),
    ("POST", "approvals/{id}/approve"),
    ("POST", "approvals/{id}/refuse"),
    ("GET", "approvals/{id}"),
    ("GET", "history/{id}/receipt"),
    ("POST", "devices/{id}/rename"),
    ("PUT", "push"),
)
NAMES = (
    *("text", "code", "number", "assertion", "report", "name", "subscription", "endpoint", "keys"),
    *("p256dh", "auth", "id", "rawId", "type", "response", "clientDataJSON", "signature"),
    *("authenticatorData", "userHandle"),
)
TEXTS = st.text(st.characters(), max_size=20)  # half characters (surrogates) too
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.sampled_from(NAMES),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(NAMES) | TEXTS, inner, max_size=4)
    ),
    max_leaves=12,
)
BODIES = st.binary(max_size=60) | VALUES.map(lambda value: json.dumps(value).encode())
MEMBERS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=4).map(
    lambda value: json.dumps(value).encode()
)


@pytest.fixture(scope="module")
def enrolled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[MobileDesk, Phone, str]]:
    """A phone that is being asked, for every example."""
    desk = MobileDesk(tmp_path_factory.mktemp("hostile"))
    phone, start = desk.phone(), desk.open()
    phone.scan(desk.picture(start))
    phone.number(desk.number(start))
    yield desk, phone, start.id
    desk.close()


@settings(max_examples=80, deadline=None)
@given(call=st.sampled_from(CALLS), own=st.booleans(), body=BODIES | MEMBERS)
def test_no_body_is_a_crash(
    enrolled: tuple[MobileDesk, Phone, str],
    call: tuple[str, str],
    own: bool,  # noqa: FBT001 - drawn
    body: bytes,
) -> None:
    desk, phone, approval = enrolled
    method, place = call
    path = "/phone/api/" + place.format(id=approval if own else "A" * 26)
    signed = phone.key.sign(method, path, body, nonce=desk.api.nonce())
    answered: Any = None
    try:
        answered = desk.api.answer(Call(method=method, path=path, proof=signed, body=body))
    except PhoneError as error:
        answered = {"error": error.code}
    json.dumps(answered)
