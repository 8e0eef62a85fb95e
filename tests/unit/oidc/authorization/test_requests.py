"""An authorization request: what is read into it, and how it is refused."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from idp.domain.client import ClientAuth, Pkce
from idp.domain.request import ClaimRequest, Prompt, ResponseMode
from idp.errors import (
    CLIENT_DISABLED,
    INVALID_REQUEST,
    INVALID_SCOPE,
    INVALID_TARGET,
    PKCE_REQUIRED,
    PUSHED_REQUEST_REQUIRED,
    REDIRECT_URI_MISMATCH,
    REQUEST_NOT_SUPPORTED,
    REQUEST_URI_NOT_SUPPORTED,
    UNKNOWN_CLIENT,
    UNMET_AUTHENTICATION_REQUIREMENTS,
    UNSUPPORTED_RESPONSE_MODE,
    UNSUPPORTED_RESPONSE_TYPE,
    Problem,
)
from idp.oidc.requests import TABLE, At
from tests.unit.oidc.authorization.desk import (
    CALLBACK,
    CHALLENGE,
    ISSUER,
    Caller,
    asking,
    kept_with_us,
    refusal,
    told_to_client,
)

if TYPE_CHECKING:
    from tests.contract.store.stand_ins import Clock
    from tests.unit.oidc.authorization.desk import Desk

FAS_500 = "urn:be:fedict:iam:fas:citizen:Level500"


def test_the_plain_request_is_read_as_it_was_sent(desk: Desk) -> None:
    request = desk.read(nonce="n", ui_locales="nl-BE fr", login_hint="an", max_age="0")
    assert request.client_id == "shop"
    assert request.redirect_uri == CALLBACK
    assert request.response_mode is ResponseMode.QUERY
    assert request.scopes == ("openid",)
    assert (request.state, request.nonce) == ("s", "n")
    assert request.code_challenge == CHALLENGE
    assert request.ui_locales == ("nl-BE", "fr")
    assert request.login_hint == "an"
    assert request.max_age == 0
    assert request.pushed is None


@pytest.mark.parametrize("length", [128, 384, 512])
def test_state_and_nonce_of_the_lengths_that_services_use_come_back_whole(
    desk: Desk, length: int
) -> None:
    text = ("a~!*'()%&=?#+ \"<>/" * length)[:length]
    request = desk.read(state=text, nonce=text)
    assert (request.state, request.nonce) == (text, text)


@pytest.mark.parametrize(
    "ignored",
    [
        {"display": "popup"},
        {"claims_locales": "nl"},
        {"something": "else"},
        {"ui_locales": "!! nl_BE"},
        {"acr_values": "urn:nobody:knows"},
        {"login_hint": "Anaïs"},
        {"audience": ["one", "two"]},
        {"state": None},
        {"nonce": ""},
        {"registration": "{}"},
    ],
)
def test_what_we_do_not_know_is_ignored(desk: Desk, ignored: dict[str, Any]) -> None:
    assert desk.read(**ignored).acr_words == ()


@pytest.mark.parametrize(
    ("sent", "granted"),
    [
        ("openid", ("openid",)),
        ("profile openid", ("profile", "openid")),
        ("openid openid", ("openid",)),
        ("openid unheard-of", ("openid",)),
        ("openid be:rrn", ("openid",)),
        ("openid offline_access", ("openid",)),
    ],
)
def test_scopes_unknown_or_not_registered_are_ignored(
    desk: Desk, sent: str, granted: tuple[str, ...]
) -> None:
    assert desk.read(scope=sent).scopes == granted


def test_offline_access_counts_only_when_the_citizen_is_asked(desk: Desk) -> None:
    desk.change(
        scopes=("openid", "offline_access"), grant_types=("authorization_code", "refresh_token")
    )
    assert desk.read(scope="openid offline_access").scopes == ("openid",)
    asked = desk.read(scope="openid offline_access", prompt="consent")
    assert asked.scopes == ("openid", "offline_access")
    desk.change(grant_types=("authorization_code",))
    without = desk.read(scope="openid offline_access", prompt="consent")
    assert without.scopes == ("openid",)


def test_prompts_are_read_as_a_set_in_order(desk: Desk) -> None:
    assert desk.read(prompt="login consent").prompts == (Prompt.LOGIN, Prompt.CONSENT)
    assert desk.read(prompt="none").prompts == (Prompt.NONE,)


def test_acr_words_keep_the_alias_that_was_asked(desk: Desk) -> None:
    request = desk.read(acr_values=f"{FAS_500} urn:other eidas2")
    assert request.acr_words == (FAS_500, "eidas2")
    assert not request.essential_acr


@pytest.mark.parametrize(
    ("acr", "words", "essential"),
    [
        ({"essential": True, "value": "eidas3"}, ("eidas3",), True),
        ({"essential": True, "values": ["x", FAS_500]}, (FAS_500,), True),
        ({"essential": True}, ("eidas1",), True),
        ({"values": ["eidas2"]}, ("eidas1", "eidas2"), False),
        (None, ("eidas1",), False),
        ({"value": 3}, ("eidas1",), False),
    ],
)
def test_the_acr_claim_is_about_the_login(
    desk: Desk, acr: object, words: tuple[str, ...], *, essential: bool
) -> None:
    request = desk.read(acr_values="eidas1", claims=json.dumps({"id_token": {"acr": acr}}))
    assert request.acr_words == words
    assert request.essential_acr is essential


def test_the_claims_parameter_is_kept_by_place(desk: Desk) -> None:
    sent = {
        "id_token": {"given_name": None, "name": {"values": ["An", "Bo"]}},
        "userinfo": {"family_name": {"essential": True}},
        "elsewhere": {"x": 1},
    }
    request = desk.read(claims=json.dumps(sent))
    assert request.id_token_claims == (
        ClaimRequest(name="given_name"),
        ClaimRequest(name="name", values=('"An"', '"Bo"')),
    )
    assert request.userinfo_claims == (ClaimRequest(name="family_name", essential=True),)


def test_a_hint_says_who_is_expected_even_when_it_expired(desk: Desk) -> None:
    assert desk.read(id_token_hint=desk.id_token()).subject_hint == "subject-an"
    several = desk.id_token(aud=["other", "shop"])
    assert desk.read(id_token_hint=several).subject_hint == "subject-an"


def test_the_sub_claim_says_who_is_expected(desk: Desk) -> None:
    claims = json.dumps({"id_token": {"sub": {"value": "subject-an"}}})
    assert desk.read(claims=claims).subject_hint == "subject-an"
    assert desk.read(claims=claims, id_token_hint=desk.id_token()).subject_hint == "subject-an"


def test_our_own_resource_may_be_named(desk: Desk) -> None:
    target = f"{ISSUER}/userinfo"
    assert desk.read(resource=[target, target]).resources == (target,)


def test_a_registered_query_string_is_kept(desk: Desk) -> None:
    uri = f"{CALLBACK}?shop=1&lang=nl"
    desk.change(redirect_uris=(uri,))
    assert desk.read(redirect_uri=uri).redirect_uri == uri


def test_a_client_of_the_optional_policy_may_leave_pkce_out(desk: Desk) -> None:
    desk.change(pkce=Pkce.OPTIONAL)
    assert desk.read(code_challenge=None, code_challenge_method=None).code_challenge is None
    assert desk.read().code_challenge == CHALLENGE


CLAIMS = {
    "no JSON": "{",
    "no object": "[]",
    "no object inside": '{"id_token": []}',
    "an entry of another kind": '{"id_token": {"name": true}}',
    "essential of another kind": '{"id_token": {"name": {"essential": "yes"}}}',
    "values of another kind": '{"id_token": {"name": {"values": "An"}}}',
    "value beside values": '{"id_token": {"name": {"value": "a", "values": ["b"]}}}',
    "a member twice": '{"id_token": {"name": null, "name": null}}',
    "not a number": '{"id_token": {"name": {"value": NaN}}}',
    "several subs": '{"id_token": {"sub": {"values": ["a", "b"]}}}',
    "a sub that is no text": '{"id_token": {"sub": {"value": 1}}}',
}
TOLD: list[tuple[dict[str, Any], Problem]] = [
    ({"response_type": None}, INVALID_REQUEST),
    ({"response_type": "token"}, UNSUPPORTED_RESPONSE_TYPE),
    ({"scope": None}, INVALID_SCOPE),
    ({"scope": "profile"}, INVALID_SCOPE),
    ({"response_mode": "fragment"}, UNSUPPORTED_RESPONSE_MODE),
    ({"response_mode": "fragment.jwt"}, UNSUPPORTED_RESPONSE_MODE),
    ({"request": "e30.e30."}, REQUEST_NOT_SUPPORTED),
    ({"prompt": "none login"}, INVALID_REQUEST),
    ({"prompt": "create"}, INVALID_REQUEST),
    ({"max_age": "-1"}, INVALID_REQUEST),
    ({"max_age": "abc"}, INVALID_REQUEST),
    ({"max_age": "1.5"}, INVALID_REQUEST),
    ({"max_age": "9" * 10}, INVALID_REQUEST),
    ({"code_challenge": None, "code_challenge_method": None}, PKCE_REQUIRED),
    ({"code_challenge_method": None}, PKCE_REQUIRED),
    ({"code_challenge_method": "plain"}, PKCE_REQUIRED),
    ({"code_challenge_method": "s256"}, PKCE_REQUIRED),
    ({"code_challenge": None}, PKCE_REQUIRED),
    ({"code_challenge": CHALLENGE[:-1]}, PKCE_REQUIRED),
    ({"code_challenge": CHALLENGE + "A"}, PKCE_REQUIRED),
    ({"code_challenge": "." * 43}, PKCE_REQUIRED),
    ({"resource": "https://elsewhere.example"}, INVALID_TARGET),
    ({"resource": [f"{ISSUER}/userinfo", "/relative"]}, INVALID_TARGET),
    ({"resource": f"{ISSUER}/userinfo#f"}, INVALID_TARGET),
    ({"resource": [f"https://{n}.example" for n in range(9)]}, INVALID_TARGET),
    ({"state": "x" * 2049}, INVALID_REQUEST),
    ({"state": "é"}, INVALID_REQUEST),
    ({"nonce": "x" * 1025}, INVALID_REQUEST),
    ({"nonce": "é"}, INVALID_REQUEST),
    ({"scope": "openid é"}, INVALID_REQUEST),
    ({"scope": "openid " + " ".join(f"s{n}" for n in range(64))}, INVALID_REQUEST),
    ({"login_hint": "x" * 257}, INVALID_REQUEST),
    ({"id_token_hint": "e30.e30.e30"}, INVALID_REQUEST),
    (
        {"claims": '{"id_token": {"acr": {"essential": true, "value": "urn:nobody"}}}'},
        UNMET_AUTHENTICATION_REQUIREMENTS,
    ),
    *(({"claims": text}, INVALID_REQUEST) for text in CLAIMS.values()),
]


@pytest.mark.parametrize(("changes", "problem"), TOLD)
@pytest.mark.parametrize("at", [At.AUTHORIZE, At.PAR])
def test_a_fault_after_the_redirect_uri_is_told_to_the_client(
    desk: Desk, at: At, changes: dict[str, Any], problem: Problem
) -> None:
    refused = refusal(desk, at, asking(**changes))
    if at is At.AUTHORIZE:
        told_to_client(refused, problem)
    else:
        kept_with_us(refused, problem)


def test_a_refusal_travels_in_the_mode_and_with_the_state_that_were_asked(desk: Desk) -> None:
    refused = refusal(
        desk, At.AUTHORIZE, asking(response_mode="form_post", max_age="x", state="a b&c")
    )
    told_to_client(refused, INVALID_REQUEST, ResponseMode.FORM_POST)
    assert refused.reply.state == "a b&c"  # type: ignore[attr-defined]


def test_a_state_that_is_refused_is_not_sent_back(desk: Desk) -> None:
    refused = refusal(desk, At.AUTHORIZE, asking(state="x" * 2049))
    assert refused.reply.state is None  # type: ignore[attr-defined]


def test_a_public_client_never_leaves_pkce_out(desk: Desk) -> None:
    desk.change(pkce=Pkce.OPTIONAL, auth=ClientAuth.NONE)
    refused = refusal(desk, At.AUTHORIZE, asking(code_challenge=None, code_challenge_method=None))
    told_to_client(refused, PKCE_REQUIRED)


def test_a_form_is_never_posted_to_an_app(desk: Desk) -> None:
    uri = "be.example.app:/cb"
    desk.change(redirect_uris=(uri,), auth=ClientAuth.NONE)
    assert desk.read(redirect_uri=uri).redirect_uri == uri
    refused = refusal(desk, At.AUTHORIZE, asking(redirect_uri=uri, response_mode="form_post"))
    assert refused.problem is UNSUPPORTED_RESPONSE_MODE
    assert refused.reply.mode is ResponseMode.QUERY  # type: ignore[attr-defined]


def test_a_client_that_must_push_may_not_come_by_the_browser(desk: Desk) -> None:
    desk.change(require_pushed_requests=True)
    told_to_client(refusal(desk, At.AUTHORIZE, asking()), PUSHED_REQUEST_REQUIRED)
    assert desk.push()["expires_in"] == 90


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"client_id": None}, UNKNOWN_CLIENT),
        ({"client_id": "nobody"}, UNKNOWN_CLIENT),
        ({"client_id": "SHOP"}, UNKNOWN_CLIENT),
        ({"client_id": "x" * 257}, UNKNOWN_CLIENT),
        ({"redirect_uri": None}, REDIRECT_URI_MISMATCH),
        ({"redirect_uri": "https://evil.example/cb"}, REDIRECT_URI_MISMATCH),
        ({"redirect_uri": None, "request": "e30.e30."}, REQUEST_NOT_SUPPORTED),
        (
            {"redirect_uri": None, "request_uri": "https://shop.example/r"},
            REQUEST_URI_NOT_SUPPORTED,
        ),
    ],
)
def test_a_fault_before_the_redirect_uri_is_proven_stays_with_us(
    desk: Desk, changes: dict[str, Any], problem: Problem
) -> None:
    kept_with_us(refusal(desk, At.AUTHORIZE, asking(**changes)), problem)


def test_a_foreign_request_uri_is_told_apart_from_what_is_ignored(desk: Desk) -> None:
    refused = refusal(desk, At.AUTHORIZE, asking(request_uri="https://shop.example/request.jwt"))
    told_to_client(refused, REQUEST_URI_NOT_SUPPORTED)


def test_a_client_disabled_or_past_its_end_gets_no_further(desk: Desk, clock: Clock) -> None:
    desk.change(expires_at=clock.at + timedelta(minutes=1))
    assert desk.read().client_id == "shop"
    clock.move(timedelta(minutes=1))
    kept_with_us(refusal(desk, At.AUTHORIZE, asking()), CLIENT_DISABLED)
    desk.change(expires_at=None, enabled=False)
    kept_with_us(refusal(desk, At.AUTHORIZE, asking()), CLIENT_DISABLED)


def test_both_endpoints_read_the_same_request(desk: Desk) -> None:
    asked = asking(nonce="n", prompt="login", claims='{"userinfo": {"name": null}}')
    direct = desk.reader.read(asked)
    pushed = desk.pushed.push(asked, Caller(client=desk.client()))
    found = desk.reader.read(asking(request_uri=str(pushed["request_uri"])))
    assert found.pushed is not None
    assert desk.rules.check(asked, desk.client(), At.PAR) == direct


def test_the_table_names_each_check_once_at_each_endpoint() -> None:
    for endpoint in (At.AUTHORIZE, At.PAR):
        names = [check.name for check in TABLE if endpoint in check.at]
        assert len(names) == len(set(names))
