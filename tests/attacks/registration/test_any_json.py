"""Any JSON at the registration endpoint: taken, or refused in words of ours; no fault of ours."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idp.oidc.registration.rules import MEMBERS, TAGGED
from tests.unit.oidc.dynamic.registry import CALLBACK, JSON, Registry, open_registry
from tests.unit.registration.documents import EC, public

if TYPE_CHECKING:
    from collections.abc import Iterator

WORDS = st.sampled_from(
    [
        *("", "openid", "code", "none", "https://rp.example/x", "https://[::1", "be.app:/cb"),
        *("authorization_code", "refresh_token", "urn:openid:params:grant-type:ciba"),
        *("private_key_jwt", "client_secret_post", "ES256", "RS256", "pairwise", "public"),
        *("fapi2", "tls_client_auth", "self_signed_tls_client_auth", "web", "poll", "ping", "jwt"),
        *("\ud800", "\x00", "\u202e", "ÿ", "a" * 300),
    ]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | WORDS
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["en", "nl", "keys", "kty", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)
KEYS = st.fixed_dictionaries(
    {},
    optional={name: VALUES | st.just(value) for name, value in public(EC, kid="k").items()}
    | dict.fromkeys(("use", "alg", "key_ops", "n", "e", "x5u", "x5c"), VALUES),
)
NAMES = sorted({*MEMBERS, *(f"{tag}nl" for tag in TAGGED), "software_statement", "request_uris"})


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with open_registry(tmp_path_factory.mktemp("any"), per_hour=0, most=100_000) as opened:
        yield opened


def taken_or_refused(registry: Registry, document: dict[str, object]) -> None:
    """Send it; what was taken is read again and put in its own place."""
    body = json.dumps(document).encode()
    answer = registry.send("POST", "/register", data=body, content_type=JSON)
    assert answer.status_code in {201, 400}, (document, answer.text)
    if answer.status_code == 400:
        assert answer.json["error_description"].isascii()
        return
    told = answer.json
    where, token = told["registration_client_uri"], told["registration_access_token"]
    assert registry.send("GET", where, token=token).status_code == 200
    again = {**document, "client_id": told["client_id"]}
    again.pop("client_secret", None)
    changed = registry.send(
        "PUT", where, data=json.dumps(again).encode(), content_type=JSON, token=token
    )
    assert changed.status_code == 200, (document, changed.text)


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(keys=st.lists(KEYS, max_size=2) | VALUES)
def test_keys_of_any_shape_are_taken_or_refused(registry: Registry, keys: object) -> None:
    method = {"token_endpoint_auth_method": "private_key_jwt"}
    taken_or_refused(registry, {"redirect_uris": [CALLBACK], "jwks": {"keys": keys}, **method})


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(members=st.dictionaries(st.sampled_from(NAMES), VALUES, min_size=1, max_size=2))
def test_odd_members_beside_right_ones_are_taken_or_refused(
    registry: Registry, members: dict[str, object]
) -> None:
    taken_or_refused(registry, {"redirect_uris": [CALLBACK], **members})
