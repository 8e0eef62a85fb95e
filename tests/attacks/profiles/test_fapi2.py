"""A weaker message for each rule of ``fapi2``, at each place: refused by the rule's own name.

The attacks are found by the rule list: a rule without one fails the build.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from idp.domain.client import ClientAuth, Pkce, Secret
from idp.domain.forms import Forms
from idp.domain.object_use import ObjectUse
from idp.domain.profile import Profile
from idp.domain.response_type import ResponseType
from idp.errors import RULE_REFUSALS, Place
from idp.oidc.object_offers import STRONG, ObjectOffers
from idp.oidc.profiles.keeping import PROFILES
from idp.oidc.registration.backchannel import CIBA
from idp.oidc.registration.faults import RegistrationRefused
from idp.oidc.registration.policy import policy_of
from idp.oidc.registration.rules import register
from tests.attacks.profiles.bank import RSA, WEEK, Bank, document
from tests.flows.phone.house import CALLBACK, ISSUER, VERIFIER, claims_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Attack = Callable[[Bank], Any]

RULES = PROFILES[Profile.FAPI2].rules
HELD = [(rule.name, place) for rule in RULES for place in rule.places]
HOUR = 3600


@dataclass(frozen=True, kw_only=True)
class Registered:
    """A registration that breaks a rule: by a document, and by a row that no rule saw."""

    document: dict[str, Any]
    row: dict[str, Any]


REGISTRATIONS: Mapping[str, tuple[Registered, ...]] = {
    "client-auth": (
        Registered(
            document={"token_endpoint_auth_method": "client_secret_basic"},
            row={"auth": ClientAuth.SECRET_POST},
        ),
        Registered(
            document={"token_endpoint_auth_method": "none", "grant_types": None},
            row={"auth": ClientAuth.NONE},
        ),
    ),
    "sender-constrained": (
        Registered(document={"dpop_bound_access_tokens": None}, row={"bound_tokens": False}),
    ),
    "algorithms": (
        Registered(
            document={"id_token_signed_response_alg": "RS256"}, row={"id_token_algorithm": "RS256"}
        ),
        Registered(
            document={"authorization_signed_response_alg": "RS256"},
            row={"answer_algorithm": "RS256"},
        ),
        Registered(
            document={"token_endpoint_auth_signing_alg": "RS256"}, row={"auth_algorithm": "RS256"}
        ),
        Registered(
            document={"userinfo_signed_response_alg": "RS256"},
            row={"forms": Forms(userinfo_algorithm="RS256")},
        ),
        Registered(
            document={"introspection_signed_response_alg": "RS256"},
            row={"forms": Forms(introspection_algorithm="RS256")},
        ),
        Registered(
            document={"request_object_signing_alg": "RS256"},
            row={"objects": ObjectUse(algorithm="RS256")},
        ),
        Registered(
            document={"request_object_signing_alg": "none", "require_signed_request_object": False},
            row={"objects": ObjectUse(algorithm="none")},
        ),
    ),
    "par-required": (
        Registered(
            document={"request_uris": ["https://shop.example/object"]},
            row={"objects": ObjectUse(uris=("https://shop.example/object",))},
        ),
    ),
    "https-redirects": (
        Registered(
            document={"redirect_uris": [CALLBACK, "http://127.0.0.1/cb"], "sector": "shop.example"},
            row={"redirect_uris": (CALLBACK, "http://127.0.0.1/cb")},
        ),
    ),
    "pkce-s256": (Registered(document={"pkce": "optional"}, row={"pkce": Pkce.OPTIONAL}),),
    "code-only": (
        Registered(
            document={
                "response_types": ["code id_token"],
                "grant_types": ["authorization_code", "implicit"],
            },
            row={"response_types": (ResponseType.CODE, ResponseType.CODE_ID_TOKEN)},
        ),
    ),
}


def after(bank: Bank, seconds: int) -> int:
    return int(bank.house.at.timestamp()) + seconds


def late(bank: Bank) -> Any:
    code = bank.code()
    bank.house.wait(timedelta(seconds=61))
    return bank.redeem(code)


def in_body(bank: Bank) -> Any:
    token = bank.redeem(bank.code()).json["access_token"]
    return bank.post("/userinfo", {"access_token": token})


def bare(bank: Bank, code: str | None = None, **changes: Any) -> Any:
    """A token request without any proof of a key."""
    fields = {
        "grant_type": "authorization_code",
        "code": code or bank.code(),
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
        **bank.assertion(),
        **changes,
    }
    return bank.post("/token", fields)


ATTACKS: Mapping[tuple[str, Place], tuple[Attack, ...]] = {
    ("assertion-audience", Place.PROOF): (
        lambda bank: bank.push(**bank.assertion(aud=[ISSUER])),
        lambda bank: bank.push(**bank.assertion(aud=f"{ISSUER}/par")),
        lambda bank: bank.push(**bank.assertion(aud=f"{ISSUER}/token")),
        lambda bank: bank.push(**bank.assertion(aud=[ISSUER, f"{ISSUER}/token"])),
        lambda bank: bank.push(**bank.assertion(aud=None)),
        lambda bank: bank.ask(**bank.assertion(aud=f"{ISSUER}/bc-authorize")),
        lambda bank: bank.redeem("1.x", **bank.assertion(aud=f"{ISSUER}/token")),
    ),
    ("clock-skew", Place.PROOF): (
        lambda bank: bank.push(**bank.assertion(iat=after(bank, 61))),
        lambda bank: bank.push(**bank.assertion(nbf=after(bank, 3600))),
    ),
    ("algorithms", Place.PROOF): (
        lambda bank: bank.push(**bank.assertion(RSA, alg="RS256")),
        lambda bank: bank.ask(**bank.assertion(RSA, alg="RS256")),
        lambda bank: bank.redeem("1.x", **bank.assertion(RSA, alg="RS256")),
    ),
    ("par-required", Place.REQUEST): (
        lambda bank: bank.open(bank.parameters()),
        lambda bank: bank.open({**bank.parameters(), "request": bank.object()}),
    ),
    ("signed-requests", Place.REQUEST): (
        lambda bank: bank.post("/par", {**bank.parameters(), **bank.assertion()}),
    ),
    ("code-only", Place.REQUEST): (
        lambda bank: bank.push(bank.object(response_type="token")),
        lambda bank: bank.push(bank.object(response_type="code id_token")),
        lambda bank: bank.push(bank.object(response_type=None)),
    ),
    ("pkce-s256", Place.REQUEST): (
        lambda bank: bank.push(bank.object(code_challenge_method="plain")),
        lambda bank: bank.push(bank.object(code_challenge_method=None)),
        lambda bank: bank.push(bank.object(code_challenge=None, code_challenge_method=None)),
        lambda bank: bank.push(
            bank.object(code_challenge=None, code_challenge_method=None),
            code_challenge=bank.parameters()["code_challenge"],
            code_challenge_method="S256",
        ),
    ),
    ("algorithms", Place.OBJECT): (lambda bank: bank.push(bank.object(RSA, alg="RS256")),),
    ("clock-skew", Place.OBJECT): (
        lambda bank: bank.push(bank.object(iat=after(bank, 61))),
        lambda bank: bank.push(bank.object(nbf=after(bank, 61))),
    ),
    ("object-type", Place.OBJECT): (
        lambda bank: bank.push(bank.object(typ="JWT")),
        lambda bank: bank.push(bank.object(typ=None)),
    ),
    ("object-times", Place.OBJECT): (
        lambda bank: bank.push(bank.object(nbf=None)),
        lambda bank: bank.push(bank.object(exp=None)),
        lambda bank: bank.push(bank.object(exp=after(bank, HOUR + 1))),
        lambda bank: bank.push(bank.object(exp=str(after(bank, 60)))),
        lambda bank: bank.push(bank.object(nbf=after(bank, -70 * 60), exp=after(bank, -60))),
    ),
    ("object-audience", Place.OBJECT): (
        lambda bank: bank.push(bank.object(aud="https://other.example")),
        lambda bank: bank.push(bank.object(aud=[f"{ISSUER}/par"])),
        lambda bank: bank.push(bank.object(aud=None)),
    ),
    ("ciba-signed", Place.ASK): (
        lambda bank: bank.post(
            "/bc-authorize",
            {
                "scope": "openid",
                "login_hint": bank.subject,
                "binding_message": "Order 1234",
                **bank.assertion(),
            },
        ),
    ),
    ("ciba-claims", Place.ASK): (
        lambda bank: bank.ask(bank.asking(iat=None)),
        lambda bank: bank.ask(bank.asking(jti=None)),
        lambda bank: bank.ask(bank.asking(iss=None)),
    ),
    ("algorithms", Place.ASK): (lambda bank: bank.ask(bank.asking(RSA, alg="RS256")),),
    ("clock-skew", Place.ASK): (lambda bank: bank.ask(bank.asking(nbf=after(bank, 600))),),
    ("object-times", Place.ASK): (
        lambda bank: bank.ask(bank.asking(exp=after(bank, 70 * 60))),
        lambda bank: bank.ask(bank.asking(nbf=after(bank, -70 * 60), exp=after(bank, -60))),
        lambda bank: bank.ask(bank.asking(nbf=None)),
        lambda bank: bank.ask(bank.asking(exp=None)),
    ),
    ("object-audience", Place.ASK): (
        lambda bank: bank.ask(bank.asking(aud="https://other.example")),
    ),
    ("code-lifetime", Place.TOKEN): (late,),
    ("token-in-header", Place.RESOURCE): (in_body,),
    ("sender-constrained", Place.TOKEN): (
        bare,
        lambda bank: bare(bank, grant_type="refresh_token", refresh_token="x"),
        lambda bank: bare(bank, grant_type=CIBA, auth_req_id="x"),
    ),
}
"""By rule and place; each sends one weaker message, all the rest of it right."""

SENT = [
    pytest.param(rule, place, number, id=f"{rule}-{place}-{number}")
    for rule, place in HELD
    if place is not Place.REGISTRATION
    for number in range(len(ATTACKS.get((rule, place), (None,))))
]
WRITTEN = [
    pytest.param(rule, number, id=f"{rule}-{number}")
    for rule, place in HELD
    if place is Place.REGISTRATION
    for number in range(len(REGISTRATIONS.get(rule, (None,))))
]


def told(answer: Any) -> tuple[str, str]:
    """Error and description, of an endpoint or of a redirect."""
    body = answer if isinstance(answer, dict) else answer.json
    assert body.keys().isdisjoint({"code", "access_token", "request_uri", "auth_req_id"}), body
    return body["error"], body["error_description"]


def test_every_rule_is_held_somewhere_and_has_its_attacks_and_its_refusals() -> None:
    assert all(rule.places for rule in RULES)
    assert {pair for pair in HELD if pair[1] is not Place.REGISTRATION} == set(ATTACKS)
    assert {rule for rule, place in HELD if place is Place.REGISTRATION} == set(REGISTRATIONS)
    told_of = {(rule, place) for profile, rule, place in RULE_REFUSALS if profile == "fapi2"}
    assert told_of == set(HELD)


@pytest.mark.parametrize(("rule", "place", "number"), SENT)
@pytest.mark.proves("fapi2.profile")
def test_a_weaker_message_is_refused_by_the_name_of_its_rule(
    bank: Bank, rule: str, place: Place, number: int
) -> None:
    error, description = told(ATTACKS[rule, place][number](bank))
    assert description == f"profile fapi2 rule {rule}"
    assert error == RULE_REFUSALS["fapi2", rule, place].oauth


@pytest.mark.parametrize(("rule", "number"), WRITTEN)
@pytest.mark.proves("fapi2.profile")
def test_a_weaker_registration_is_refused_by_the_name_of_its_rule(
    bank: Bank, rule: str, number: int
) -> None:
    weaker = document(**REGISTRATIONS[rule][number].document)
    offers = ObjectOffers(signing=(*STRONG, "RS256"), unsigned=True, by_reference=True)
    policy = replace(policy_of(bank.settings), response_types=tuple(ResponseType), objects=offers)
    with pytest.raises(RegistrationRefused) as caught:
        register(weaker, policy, now=bank.house.at)
    wanted = f"profile fapi2 rule {rule}: "
    said = [fault.says for fault in caught.value.faults if fault.says.startswith(wanted)]
    assert said
    assert all(len(one) > len(wanted) for one in said), "and what to write instead"


@pytest.mark.parametrize(("rule", "number"), WRITTEN)
def test_a_weaker_row_gets_nothing_whatever_wrote_it(bank: Bank, rule: str, number: int) -> None:
    bank.change(secrets=(a_secret(bank),), **REGISTRATIONS[rule][number].row)
    parameters = {"client_id": "bank", "request": bank.object()}
    proof = {
        ClientAuth.SECRET_POST: {"client_secret": "secret-of-the-bank"},
        ClientAuth.NONE: {},
    }.get(bank.client.auth)
    if bank.client.auth_algorithm == "RS256":
        # Who signs as registered breaks the same rule by the assertion itself, a step earlier.
        proof = bank.assertion(RSA, alg="RS256")
    answer = bank.post("/par", {**parameters, **(bank.assertion() if proof is None else proof)})
    error, description = told(answer)
    assert description == f"profile fapi2 rule {rule}"
    assert error in {"unauthorized_client", "invalid_client"}


def a_secret(bank: Bank) -> Secret:
    from hashlib import sha256

    digest = sha256(b"secret-of-the-bank").hexdigest()
    return Secret(digest=digest, expires_at=bank.house.at + WEEK)


# --- the same messages, unweakened ----------------------------------------------------------------


def test_what_keeps_every_rule_gets_a_code_and_bound_tokens(bank: Bank) -> None:
    answer = bank.redeem(bank.code())
    assert answer.status_code == 200, answer.text
    assert answer.json["token_type"] == "DPoP"
    assert claims_of(answer.json)["nonce"] == "nonce-1"
    assert bank.ask().status_code == 200


@pytest.mark.proves("fapi2.assertion-times")
def test_clocks_may_differ_by_some_seconds(bank: Bank) -> None:
    assert bank.push(**bank.assertion(iat=after(bank, 8), nbf=after(bank, 8))).status_code == 201
    ahead = bank.object(iat=after(bank, 8), nbf=after(bank, 8))
    assert bank.push(ahead).status_code == 201
    assert bank.push(bank.object(aud=[ISSUER, "https://other.example"])).status_code == 201


def test_a_refresh_token_is_not_rotated_and_is_good_with_a_proof_alone(bank: Bank) -> None:
    first = bank.redeem(bank.code()).json["refresh_token"]
    for _ in range(2):
        fields = {"grant_type": "refresh_token", "refresh_token": first, **bank.assertion()}
        again = bank.post("/token", fields, proof=bank.proof("/token"))
        assert again.status_code == 200, again.text
        assert again.json["refresh_token"] == first
        assert again.json["token_type"] == "DPoP"
    refused = bank.post("/token", {**fields, **bank.assertion()})
    assert told(refused)[1] == "profile fapi2 rule sender-constrained"


# --- and the control: without the profile the same rules do not stand -----------------------------


@pytest.mark.parametrize(("rule", "place", "number"), SENT)
def test_no_rule_of_a_profile_is_held_against_who_is_not_under_it(
    bank: Bank, rule: str, place: Place, number: int
) -> None:
    bank.change(profile=Profile.DEFAULT, require_signed_requests=False, bound_tokens=False)
    answer = ATTACKS[rule, place][number](bank)
    body = answer if isinstance(answer, dict) else answer.json
    assert "profile" not in body.get("error_description", "")
