"""Requests that are hostile in form or in size: refused, cheaply, without echo, and no more."""

from __future__ import annotations

import json
import random
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from idp.domain.answer import RefusedToClient, location, refusal
from idp.errors import (
    INVALID_REQUEST,
    PARAMETER_REPEATED,
    PKCE_REQUIRED,
    REQUEST_NOT_SUPPORTED,
    UNSUPPORTED_RESPONSE_TYPE,
    Refused,
)
from idp.oidc.claims_parameter import read_claims
from idp.oidc.form import Parameters
from idp.oidc.requests import At
from tests.unit.oidc.authorization.desk import (
    CALLBACK,
    CHALLENGE,
    ISSUER,
    PLAIN,
    asking,
    form,
    told_to_client,
)
from tests.unit.oidc.authorization.desk import refusal as refused_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.oidc.authorization.desk import Desk


@pytest.mark.parametrize(
    "name", ["client_id", "redirect_uri", "scope", "state", "nonce", "request_uri", "unknown"]
)
def test_ru_13_no_name_is_read_twice(name: str) -> None:
    value = PLAIN.get(name, "x")
    with pytest.raises(Refused) as refused:
        form([*PLAIN.items(), (name, value), (name, "other")])
    assert refused.value.problem is PARAMETER_REPEATED


@pytest.mark.parametrize(
    "response_type",
    [
        "token",
        "id_token",
        "id_token token",
        "code token",
        "code id_token",
        "none",
        "CODE",
        "code code",
    ],
)
@pytest.mark.proves("core.response-type-missing")
def test_ru_15_no_other_response_type_works(desk: Desk, response_type: str) -> None:
    refused = refused_at(desk, At.AUTHORIZE, asking(response_type=response_type))
    told_to_client(refused, UNSUPPORTED_RESPONSE_TYPE)


@pytest.mark.parametrize(
    "max_age", ["-1", "abc", "1e3", "\uff10", "+1", "0x1", "1 2", "99999999999999"]
)
def test_ru_20_a_max_age_that_is_no_number_is_refused(desk: Desk, max_age: str) -> None:
    told_to_client(refused_at(desk, At.AUTHORIZE, asking(max_age=max_age)), INVALID_REQUEST)


@pytest.mark.proves("core.error-members")
def test_ru_24_a_refusal_names_the_issuer_and_echoes_only_the_state(desk: Desk) -> None:
    mark = "zzqq"
    hostile = dict.fromkeys(("prompt", "max_age", "nonce", "login_hint", "acr_values"), mark)
    refused = refused_at(desk, At.AUTHORIZE, asking(**hostile, state="s-1"))
    assert isinstance(refused, RefusedToClient)
    answer = refusal(refused.reply, refused.problem, issuer=ISSUER)
    assert dict(answer.parameters)["iss"] == ISSUER
    assert dict(answer.parameters)["state"] == "s-1"
    assert mark not in location(answer)
    assert mark not in refused.detail


def too_long(name: str) -> Callable[[], Parameters]:
    return lambda: asking(**{name: "x" * 10_240})


@pytest.mark.parametrize(
    "send",
    [
        too_long("state"),
        too_long("nonce"),
        too_long("unknown"),
        lambda: asking(scope=" ".join(["openid"] * 5000)),
        lambda: asking(scope="openid " + " ".join(f"s{n}" for n in range(5000))),
        lambda: form({**PLAIN, **{f"p{n}": "1" for n in range(500)}}),
        lambda: Parameters.parse(b"%" * 30_000),
        lambda: Parameters.parse(b"&" * 30_000),
        lambda: Parameters.parse(b"a" * 30_000),
    ],
)
def test_ru_28_what_is_too_much_is_refused_before_it_is_read(
    send: Callable[[], Parameters],
) -> None:
    with pytest.raises(Refused) as refused:
        send()
    assert refused.value.problem is INVALID_REQUEST


@pytest.mark.parametrize(
    "text",
    [
        '{"id_token":' + "[" * 1000 + "]" * 1000 + "}",
        '{"id_token":' * 300 + "1" + "}" * 300,
        json.dumps({"id_token": {f"c{n}": None for n in range(65)}}),
        json.dumps({"userinfo": {"name": {"values": list(range(17))}}}),
        '{"id_token": {"n": {"value": ' + "9" * 5000 + "}}}",
        '{"userinfo": {"x": ' + "9" * 4000 + "}}",
    ],
)
def test_dos_03_claims_that_blow_up_are_refused(text: str) -> None:
    with pytest.raises(Refused) as refused:
        read_claims(text)
    assert refused.value.problem is INVALID_REQUEST


@given(
    some.text(max_size=300)
    | some.recursive(
        some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=9),
        lambda inner: (
            some.lists(inner, max_size=4)
            | some.dictionaries(
                some.sampled_from(
                    ["id_token", "userinfo", "acr", "sub", "essential", "value", "values"]
                )
                | some.text(max_size=9),
                inner,
                max_size=4,
            )
        ),
        max_leaves=20,
    ).map(json.dumps)
)
def test_any_claims_parameter_is_read_or_refused(text: str) -> None:
    try:
        asked = read_claims(text)
    except Refused:
        return
    for claim in (*asked.id_token, *asked.userinfo):
        assert re.fullmatch(r"[!-~]+", claim.name)
        assert all(value.isascii() for value in claim.values)


NAMES = [
    *PLAIN,
    "prompt",
    "max_age",
    "claims",
    "nonce",
    "resource",
    "acr_values",
    "ui_locales",
    "id_token_hint",
    "login_hint",
    "request",
    "request_uri",
    "response_mode",
    "display",
]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(some.dictionaries(some.sampled_from(NAMES), some.text(min_size=1, max_size=40), max_size=5))
def test_any_value_of_any_parameter_is_read_or_refused(desk: Desk, sent: dict[str, str]) -> None:
    try:
        request = desk.reader.read(form({**PLAIN, **sent}))
    except Refused as refused:
        if isinstance(refused, RefusedToClient):
            assert refused.reply.redirect_uri == CALLBACK  # noqa: PT017 - which kind is the point
        return
    assert request.redirect_uri == CALLBACK


@pytest.mark.parametrize(
    ("challenge", "method"),
    [
        (None, None),
        (CHALLENGE, None),
        (CHALLENGE, "plain"),
        (CHALLENGE, "PLAIN"),
        (None, "S256"),
        ("short", "S256"),
        (CHALLENGE + "=", "S256"),
        (CHALLENGE[:-1] + "+", "S256"),
        ("A" * 128, "S256"),
    ],
)
@pytest.mark.proves("fapi2.pkce")
def test_code_01_04_only_a_sha_256_under_its_name_is_a_challenge(
    desk: Desk, challenge: str | None, method: str | None
) -> None:
    for at in (At.AUTHORIZE, At.PAR):
        asked = asking(code_challenge=challenge, code_challenge_method=method)
        assert refused_at(desk, at, asked).problem is PKCE_REQUIRED


@pytest.mark.proves("core.request-objects")
def test_a_request_object_never_smuggles_a_parameter(desk: Desk) -> None:
    inside = "eyJhbGciOiJub25lIn0.eyJyZWRpcmVjdF91cmkiOiJodHRwczovL2V2aWwuZXhhbXBsZSJ9."
    told_to_client(refused_at(desk, At.AUTHORIZE, asking(request=inside)), REQUEST_NOT_SUPPORTED)


@pytest.mark.proves("core.request-uri")
def test_par_04_05_a_guessed_request_uri_finds_nothing(desk: Desk) -> None:
    mine = str(desk.push()["request_uri"])
    flips = random.Random(4).sample(range(34, len(mine)), 12)
    for place in flips:
        other = mine[:place] + ("A" if mine[place] != "A" else "B") + mine[place + 1 :]
        refused = refused_at(desk, At.AUTHORIZE, asking(request_uri=other))
        assert not isinstance(refused, RefusedToClient)
