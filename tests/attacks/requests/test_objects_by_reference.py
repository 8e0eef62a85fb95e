"""PAR-12, PAR-13, JWT, SSRF: request objects at addresses, and objects that nobody signed."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from idp.domain.object_use import ObjectUse
from idp.domain.profile import Profile
from idp.errors import (
    INVALID_REQUEST,
    INVALID_REQUEST_OBJECT,
    INVALID_REQUEST_URI,
    PUSHED_REQUEST_REQUIRED,
    REQUEST_NOT_SUPPORTED,
    REQUEST_URI_NOT_SUPPORTED,
    RULE_REFUSALS,
    Place,
)
from idp.oidc.requests import At
from tests.contract.store.stand_ins import SHOP
from tests.unit.oidc.authorization.desk import (
    CALLBACK,
    ISSUER,
    PLAIN,
    asking,
    form,
    kept_with_us,
    open_desk,
    refusal,
    told_to_client,
)
from tests.world.client import made_key, signed

if TYPE_CHECKING:
    from pathlib import Path

    from idp.oidc.form import Parameters
    from tests.contract.store.stand_ins import Clock
    from tests.unit.oidc.authorization.desk import Desk

RSA = made_key("RS256")
STRANGER = made_key("RS256")
ADDRESS = "https://shop.example/object"
BY_NAME = {"iss": SHOP, "aud": ISSUER}


def made(*, algorithm: str = "RS256", key: Any = RSA, **changes: Any) -> str:
    """An object with as little in it as Core wants; ``None`` leaves a member out."""
    whole = {**PLAIN, **(BY_NAME if algorithm != "none" else {}), **changes}
    inside = {name: value for name, value in whole.items() if value is not None}
    return signed({"alg": algorithm}, inside, key)


def hashed(content: str) -> str:
    digest = hashlib.sha256(content.encode()).digest()
    return f"{ADDRESS}#{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def pointing(uri: str = ADDRESS, **beside: str) -> Parameters:
    return form({"client_id": SHOP, "request_uri": uri, **beside})


def registered(desk: Desk, *uris: str, algorithm: str | None = None, **more: Any) -> None:
    keys = {"keys": [RSA.as_dict(private=False)]}
    objects = ObjectUse(algorithm=algorithm, uris=uris or (ADDRESS,))
    desk.change(jwks=keys, objects=objects, **more)


def serve(desk: Desk, content: str) -> None:
    desk.served[ADDRESS] = content.encode()


@pytest.mark.proves("core.request-uri-signed")
def test_a_signed_object_at_a_registered_address_is_what_counts(desk: Desk) -> None:
    registered(desk, algorithm="RS256")
    serve(desk, made(state="inside"))
    asked = desk.reader.read(
        pointing(state="outside", redirect_uri="https://evil.example/", response_type="code")
    )
    assert (asked.redirect_uri, asked.state) == (CALLBACK, "inside")
    assert asked.signed is not None
    assert asked.signed.proven


@pytest.mark.proves("core.request-uri-unsigned", "core.request-objects")
@pytest.mark.parametrize("by_value", [True, False])
def test_an_unsigned_object_counts_for_who_registered_it_and_proves_nothing(
    desk: Desk, *, by_value: bool
) -> None:
    registered(desk, algorithm="none")
    serve(desk, made(algorithm="none"))
    whole = form({"client_id": SHOP, "request": made(algorithm="none"), "redirect_uri": "x:y"})
    asked = desk.reader.read(whole if by_value else pointing())
    assert asked.redirect_uri == CALLBACK
    assert asked.signed is not None
    assert not asked.signed.proven


def test_an_unregistered_address_is_never_called(desk: Desk) -> None:
    registered(desk, ADDRESS)
    for other in (f"{ADDRESS}/", f"{ADDRESS}#x", "https://169.254.169.254/", "file:///etc/passwd"):
        told_to_client(
            refusal(desk, At.AUTHORIZE, pointing(other, redirect_uri=CALLBACK)),
            INVALID_REQUEST_URI,
        )
        kept_with_us(refusal(desk, At.AUTHORIZE, pointing(other)), INVALID_REQUEST_URI)
    desk.change(objects=ObjectUse())
    kept_with_us(refusal(desk, At.AUTHORIZE, pointing()), REQUEST_URI_NOT_SUPPORTED)
    assert desk.fetched == []


def test_what_cannot_be_read_is_told_only_where_an_address_is_proven(desk: Desk) -> None:
    registered(desk)
    told_to_client(
        refusal(desk, At.AUTHORIZE, pointing(redirect_uri=CALLBACK)), INVALID_REQUEST_URI
    )
    evil = pointing(redirect_uri="https://evil.example/")
    kept_with_us(refusal(desk, At.AUTHORIZE, evil), INVALID_REQUEST_URI)
    desk.served[ADDRESS] = "é".encode()
    kept_with_us(refusal(desk, At.AUTHORIZE, pointing()), INVALID_REQUEST_URI)


def test_content_swapped_after_registration_does_not_fit_its_hash(desk: Desk) -> None:
    mine, other = made(algorithm="none"), made(algorithm="none", scope="openid profile")
    uri = hashed(mine)
    registered(desk, uri, algorithm="none")
    serve(desk, other)
    kept_with_us(refusal(desk, At.AUTHORIZE, pointing(uri)), INVALID_REQUEST_URI)
    serve(desk, mine)
    assert desk.reader.read(pointing(uri)).scopes == ("openid",)
    serve(desk, other)
    assert desk.reader.read(pointing(uri)).scopes == ("openid",), "what fitted is kept"
    assert desk.fetched == [ADDRESS, ADDRESS]


def test_without_a_hash_nothing_is_kept(desk: Desk) -> None:
    registered(desk)
    for state in ("one", "two"):
        serve(desk, made(state=state))
        assert desk.reader.read(pointing()).state == state


WRONG: dict[str, dict[str, Any]] = {
    "of another client": {"client_id": "other", "iss": "other"},
    "signed for another client": {"client_id": "other"},
    "signed by a stranger": {"key": STRANGER},
    "of another algorithm": {"algorithm": "PS256"},
    "not signed": {"algorithm": "none"},
    "for another issuer": {"aud": "https://other.example"},
    "for nobody": {"aud": None},
    "by nobody": {"iss": None},
    "an object inside": {"request": "e30.e30."},
    "an address inside": {"request_uri": ADDRESS},
    "past": {"exp": 1},
    "ahead": {"nbf": 4102444800},
    "a name without an end": {"jti": "j-1"},
    "a name with a late end": {"jti": "j-1", "exp": 10**18},
    "another response type": {"response_type": "none"},
}


@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG)
@pytest.mark.proves("core.request-uri-signed")
def test_an_object_of_somebody_else_or_for_somebody_else(
    desk: Desk, changes: dict[str, Any]
) -> None:
    registered(desk, algorithm="RS256")
    serve(desk, made(**changes))
    kept_with_us(
        refusal(desk, At.AUTHORIZE, pointing(response_type="code")), INVALID_REQUEST_OBJECT
    )


UNSIGNED: dict[str, dict[str, Any]] = {
    "of another client": {"client_id": "other"},
    "by another client": {"iss": "other"},
    "for another issuer": {"aud": ["https://other.example"]},
    "an object inside": {"request": "e30.e30."},
    "an address inside": {"request_uri": ADDRESS},
    "past": {"exp": 1},
    "a name without an end": {"jti": "j-1"},
    "an assertion": {"sub": SHOP},
    "another response type": {"response_type": "none"},
}


@pytest.mark.parametrize("changes", UNSIGNED.values(), ids=UNSIGNED)
@pytest.mark.parametrize("by_value", [True, False])
def test_an_unsigned_object_that_does_not_agree(
    desk: Desk, changes: dict[str, Any], *, by_value: bool
) -> None:
    registered(desk, algorithm="none")
    text = made(algorithm="none", **changes)
    serve(desk, text)
    whole = form({"client_id": SHOP, "request": text, "response_type": "code"})
    asked = whole if by_value else pointing(response_type="code")
    kept_with_us(refusal(desk, At.AUTHORIZE, asked), INVALID_REQUEST_OBJECT)


def test_none_with_a_signature_attached_is_neither(desk: Desk) -> None:
    registered(desk, algorithm="none")
    text = f"{made(algorithm='none')}AAAA"
    serve(desk, text)
    kept_with_us(refusal(desk, At.AUTHORIZE, pointing()), INVALID_REQUEST_OBJECT)
    alone = form({"client_id": SHOP, "request": text})
    kept_with_us(refusal(desk, At.AUTHORIZE, alone), INVALID_REQUEST_OBJECT)


def test_a_signature_cut_off_makes_no_unsigned_object(desk: Desk) -> None:
    registered(desk, algorithm="none")
    head, payload, _ = made().split(".")
    serve(desk, f"{head}.{payload}.")
    kept_with_us(refusal(desk, At.AUTHORIZE, pointing()), INVALID_REQUEST_OBJECT)


@pytest.mark.parametrize("algorithm", [None, "RS256", "ES256"])
def test_none_of_a_client_that_did_not_register_it(desk: Desk, algorithm: str | None) -> None:
    registered(desk, algorithm=algorithm)
    text = made(algorithm="none")
    serve(desk, text)
    kept_with_us(refusal(desk, At.AUTHORIZE, pointing()), INVALID_REQUEST_OBJECT)
    alone = form({"client_id": SHOP, "request": text})
    kept_with_us(refusal(desk, At.AUTHORIZE, alone), REQUEST_NOT_SUPPORTED)


@pytest.mark.parametrize(
    ("profile", "rule"), [(Profile.FAPI2, "algorithms"), (Profile.FAS, "signed-objects")]
)
def test_none_under_a_profile_is_refused_by_the_name_of_its_rule(
    desk: Desk, profile: Profile, rule: str
) -> None:
    desk.change(objects=ObjectUse(algorithm="none"), profile=profile)
    refused = refusal(desk, At.PAR, form({"client_id": SHOP, "request": made(algorithm="none")}))
    assert refused.problem is RULE_REFUSALS[profile, rule, Place.OBJECT]


def test_who_must_sign_cannot_be_asked_for_without_a_signature(desk: Desk) -> None:
    registered(desk, algorithm="none", require_signed_requests=True)
    serve(desk, made(algorithm="none"))
    told_to_client(refusal(desk, At.AUTHORIZE, pointing()), INVALID_REQUEST_OBJECT)


def test_who_must_push_points_nowhere_and_nobody_points_from_a_push(desk: Desk) -> None:
    registered(desk)
    serve(desk, made())
    assert refusal(desk, At.PAR, asking(request_uri=ADDRESS)).problem is INVALID_REQUEST
    desk.change(require_pushed_requests=True)
    told_to_client(
        refusal(desk, At.AUTHORIZE, asking(request_uri=ADDRESS)), PUSHED_REQUEST_REQUIRED
    )
    assert desk.fetched == []


@pytest.mark.parametrize("algorithm", ["RS256", "none"])
def test_an_object_with_a_name_is_marked_by_it_for_the_login_that_completes(
    desk: Desk, clock: Clock, algorithm: str
) -> None:
    registered(desk, algorithm=algorithm)
    ends = int(clock().timestamp()) + 600
    serve(desk, made(algorithm=algorithm, jti="j-1", exp=ends))
    mark = desk.reader.read(pointing()).signed
    assert mark is not None
    assert (mark.jti, mark.proven) == ("j-1", algorithm != "none")
    assert mark.until.timestamp() > ends


def test_an_object_that_comes_through_the_browser_still_needs_times(desk: Desk) -> None:
    registered(desk)
    alone = form({"client_id": SHOP, "request": made()})
    kept_with_us(refusal(desk, At.AUTHORIZE, alone), INVALID_REQUEST_OBJECT)


def test_where_nothing_is_switched_on_nothing_is_fetched_or_taken(
    tmp_path: Path, clock: Clock
) -> None:
    folder = tmp_path / "strict"
    folder.mkdir()
    strict = open_desk(folder, clock)
    registered(strict, algorithm="none")
    serve(strict, made(algorithm="none"))
    told_to_client(
        refusal(strict, At.AUTHORIZE, asking(request_uri=ADDRESS)), REQUEST_URI_NOT_SUPPORTED
    )
    alone = form({"client_id": SHOP, "request": made(algorithm="none")})
    kept_with_us(refusal(strict, At.AUTHORIZE, alone), REQUEST_NOT_SUPPORTED)
    registered(strict, algorithm="RS256")
    alone = form({"client_id": SHOP, "request": made(exp=int(clock().timestamp()) + 60)})
    kept_with_us(refusal(strict, At.AUTHORIZE, alone), INVALID_REQUEST_OBJECT)
    assert strict.fetched == []
    strict.foundation.close()
