"""The same authorization requests before Authlib's own grant and before ours: one verdict, or a
difference that stands in the list with its reason.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest
from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    ClientMixin,
    OAuth2Error,
    OAuth2Payload,
    OAuth2Request,
)
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge, create_s256_code_challenge
from authlib.oidc import discovery as authlib_discovery
from authlib.oidc import rpinitiated
from authlib.oidc.core import OpenIDCode
from authlib.oidc.core.grants.util import is_openid_scope

from idp.config import Settings
from idp.errors import Refused
from idp.oidc.metadata import metadata
from tests.unit.oidc.authorization.desk import CALLBACK, CHALLENGE, PLAIN, VERIFIER, asking

if TYPE_CHECKING:
    from tests.unit.oidc.authorization.desk import Desk


class Sent(OAuth2Payload):  # type: ignore[misc]
    def __init__(self, values: dict[str, str]) -> None:
        self._values = values

    @property
    def data(self) -> dict[str, str]:
        return self._values

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        return defaultdict(list, {name: [value] for name, value in self._values.items()})


class Registered(ClientMixin):  # type: ignore[misc]
    """The shop, as Authlib asks for it."""

    client_id = PLAIN["client_id"]

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> str:
        return CALLBACK

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri == CALLBACK

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


class Code(AuthorizationCodeGrant):  # type: ignore[misc]
    def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
        raise NotImplementedError

    def query_authorization_code(self, code: str, client: ClientMixin) -> None:
        raise NotImplementedError

    def delete_authorization_code(self, authorization_code: object) -> None:
        raise NotImplementedError

    def authenticate_user(self, authorization_code: object) -> None:
        raise NotImplementedError


class Rules(OpenIDCode):  # type: ignore[misc]
    def exists_nonce(self, nonce: str, request: OAuth2Request) -> bool:
        del nonce, request
        return False


class Server(AuthorizationServer):  # type: ignore[misc]
    """Authlib without a framework, fed with a replayed request."""

    def __init__(self) -> None:
        super().__init__(scopes_supported=None)
        self.register_grant(Code, [CodeChallenge(required=True), Rules(require_nonce=False)])

    def query_client(self, client_id: str) -> Registered | None:
        return Registered() if client_id == Registered.client_id else None

    def create_oauth2_request(self, request: dict[str, str]) -> OAuth2Request:
        made = OAuth2Request("GET", "https://idp.example/authorize")
        made.payload = Sent(request)
        return made

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        del name, args, kwargs


def theirs(changes: dict[str, Any]) -> bool:
    """Tell whether Authlib accepts."""
    server = Server()
    sent = {name: value for name, value in {**PLAIN, **changes}.items() if value is not None}
    request = server.create_oauth2_request(sent)
    try:
        grant = server.get_authorization_grant(request)
        grant.validate_consent_request()
    except OAuth2Error:
        return False
    return True


def ours(desk: Desk, changes: dict[str, Any]) -> bool:
    try:
        desk.reader.read(asking(**changes))
    except Refused:
        return False
    return True


ALIKE: list[tuple[dict[str, Any], bool]] = [
    ({}, True),
    ({"state": None}, True),
    ({"nonce": "n"}, True),
    ({"scope": "openid unheard-of"}, True),
    ({"unknown": "x"}, True),
    ({"prompt": "login"}, True),
    ({"client_id": None}, False),
    ({"client_id": "nobody"}, False),
    ({"redirect_uri": "https://evil.example/cb"}, False),
    ({"redirect_uri": CALLBACK + "/"}, False),
    ({"redirect_uri": CALLBACK + "?x=1"}, False),
    ({"response_type": None}, False),
    ({"response_type": "token"}, False),
    ({"response_type": "code token"}, False),
    ({"prompt": "none login"}, False),
    ({"code_challenge_method": "S512"}, False),
    ({"code_challenge": None}, False),
    ({"code_challenge": "short"}, False),
    ({"code_challenge": "+" * 43}, False),
    ({"scope": None}, False),
]


@pytest.mark.parametrize(("changes", "accepted"), ALIKE)
def test_both_give_the_same_verdict(desk: Desk, changes: dict[str, Any], *, accepted: bool) -> None:
    assert theirs(changes) is accepted
    assert ours(desk, changes) is accepted


STRICTER: list[tuple[str, dict[str, Any]]] = [
    ("PKCE is for everybody", {"code_challenge": None, "code_challenge_method": None}),
    ("plain is never a method", {"code_challenge_method": "plain"}),
    ("no method means plain", {"code_challenge_method": None}),
    ("an S256 challenge has 43 characters", {"code_challenge": CHALLENGE + "AA"}),
    ("an S256 challenge is base64url", {"code_challenge": "~" * 43}),
    ("a redirect_uri is always sent", {"redirect_uri": None}),
    ("this is OpenID Connect", {"scope": "profile"}),
    ("an unknown prompt is refused", {"prompt": "create"}),
    ("response_mode is honoured or refused", {"response_mode": "fragment"}),
    ("a request object is told apart", {"request": "e30.e30."}),
    ("so is a request_uri", {"request_uri": "https://shop.example/r"}),
    ("max_age is a number", {"max_age": "-1"}),
    ("claims is read", {"claims": "{"}),
    ("resource is read", {"resource": "https://elsewhere.example"}),
    ("sizes are bounded", {"state": "x" * 4000}),
]


@pytest.mark.parametrize(("reason", "changes"), STRICTER)
def test_where_we_refuse_and_authlib_does_not(
    desk: Desk, reason: str, changes: dict[str, Any]
) -> None:
    assert theirs(changes), reason
    assert not ours(desk, changes), reason


def test_authlib_refuses_a_prompt_none_before_anybody_asked_who_is_there(desk: Desk) -> None:
    # Who is there is for the login to find out: our reading of a request knows no person.
    assert not theirs({"prompt": "none"})
    assert ours(desk, {"prompt": "none"})


@pytest.mark.parametrize("mark", ['"', "é", "<"])
def test_a_redirect_uri_that_authlib_cannot_describe_is_only_refused_here(
    desk: Desk, mark: str
) -> None:
    # Authlib echoes the address in its description and then stumbles over it: a ValueError.
    hostile = {"redirect_uri": CALLBACK + mark}
    if mark != "<":
        with pytest.raises(ValueError, match="forbidden characters"):
            theirs(hostile)
    assert not ours(desk, hostile)


def test_the_challenge_of_a_verifier_is_authlibs() -> None:
    assert create_s256_code_challenge(VERIFIER) == CHALLENGE


@pytest.mark.parametrize("scope", ["openid", "profile openid", " openid ", "openid2", "OPENID", ""])
def test_openid_is_found_among_scopes_as_authlib_finds_it(desk: Desk, scope: str) -> None:
    assert ours(desk, {"scope": scope}) is bool(is_openid_scope(scope))


def validate(content: dict[str, object]) -> None:
    """Hold a document to Authlib's rules of OpenID Discovery, RFC 8414 and logout."""
    described = authlib_discovery.OpenIDProviderMetadata(content)
    described.validate(metadata_classes=[rpinitiated.OpenIDProviderMetadata])


@pytest.mark.parametrize("issuer", ["https://idp.example", "http://localhost:8400"])
def test_authlibs_rules_find_nothing_wrong_with_our_discovery(desk: Desk, issuer: str) -> None:
    settings = Settings(**{**desk.settings.model_dump(), "issuer": issuer})
    validate(metadata(settings, algorithms=("ES256", "RS256")))


def test_authlib_demands_rs256_where_a_deployment_may_choose_not_to_offer_it(desk: Desk) -> None:
    # OpenID Connect Discovery 3 says so; FAPI 2.0 forbids it. The setting keys.algorithms decides.
    with pytest.raises(ValueError, match="RS256"):
        validate(metadata(desk.settings, algorithms=("ES256",)))
