"""The same token requests before Authlib's own code grant and before ours: one verdict, or a
difference that stands in the list with its reason.
"""

from __future__ import annotations

import secrets
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
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from authlib.oauth2.rfc7636 import CodeChallenge
from joserfc.jwk import KeySet

from idp.errors import Refused
from idp.oidc.client_auth import ASSERTION_TYPE
from idp.runtime import system_now
from idp.store.opening import open_ledger
from tests.contract.store.stand_ins import Clock, TestVault
from tests.services.ledgers import put_ledger
from tests.unit.oidc.tokens.desk import (
    ADDRESS,
    CALLBACK,
    CLIENTS,
    ISSUER,
    SECRET,
    VERIFIER,
    Desk,
    basic,
    challenge,
    fill,
    form,
    jwks,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from idp.domain.client import Client

OK = "ok"
METHODS = ["none", "client_secret_basic", "client_secret_post", "client_assertion_jwt"]


@pytest.fixture
def token_desk(tmp_path: Path) -> Iterator[Desk]:
    """A provider whose clock is the machine's: Authlib reads no other."""
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    put_ledger(url)
    clock = Clock(system_now().replace(microsecond=0))
    ledger = open_ledger(url, TestVault(), now=clock, entropy=secrets.token_bytes)
    fill(ledger)
    yield Desk(ledger, clock)
    ledger.close()


# --- theirs ---------------------------------------------------------------------------------------


class Sent(OAuth2Payload):  # type: ignore[misc]
    def __init__(self, values: dict[str, str]) -> None:
        self._values = values

    @property
    def data(self) -> dict[str, str]:
        return self._values

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        return defaultdict(list, {name: [value] for name, value in self._values.items()})


class Asked(OAuth2Request):  # type: ignore[misc]
    @property
    def form(self) -> dict[str, str]:
        return dict(self.payload.data)


class Registered(ClientMixin):  # type: ignore[misc]
    """One of our clients, as Authlib asks for it."""

    def __init__(self, client: Client) -> None:
        self.client_id = client.id
        self._method = client.auth.value.replace("private_key_jwt", "client_assertion_jwt")

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        del endpoint
        return method == self._method

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in {"authorization_code", "refresh_token"}


class StoredCode:
    code_challenge = challenge()
    code_challenge_method = "S256"

    def get_redirect_uri(self) -> str:
        return CALLBACK

    def get_scope(self) -> str:
        return "openid"


class Grant(AuthorizationCodeGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def query_authorization_code(self, code: str, client: Registered) -> StoredCode | None:
        known = code == self.server.code and client.client_id == self.server.owner
        stored = StoredCode() if known else None
        if stored is not None and not self.server.challenged:
            stored.code_challenge = None  # type: ignore[assignment]
        return stored


class Assertion(JWTBearerClientAssertion):  # type: ignore[misc]
    def get_audiences(self) -> list[str]:
        return [ISSUER]

    def validate_jti(self, claims: dict[str, Any], jti: str) -> bool:
        del claims, jti
        return True

    def resolve_client_public_key(self, client: Registered) -> KeySet:
        del client
        keys: Any = jwks("ec", "rsa")
        return KeySet.import_key_set(keys)


class Server(AuthorizationServer):  # type: ignore[misc]
    """Authlib without a framework, knowing one code."""

    def __init__(self, code: str, owner: str, *, challenged: bool) -> None:
        super().__init__()
        self.code, self.owner, self.challenged = code, owner, challenged
        self.register_grant(Grant, [CodeChallenge(required=True)])
        self.register_client_auth_method("client_assertion_jwt", Assertion())

    def query_client(self, client_id: str) -> Registered | None:
        found = [client for client in CLIENTS if client.id == client_id]
        return Registered(found[0]) if found else None

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        del name, args, kwargs


def theirs(server: Server, sent: dict[str, str], authorization: str | None) -> str:
    headers = {"Authorization": authorization} if authorization is not None else {}
    request = Asked("POST", f"{ISSUER}/token", headers=headers)
    request.payload = Sent(sent)
    try:
        server.get_token_grant(request).validate_token_request()
    except OAuth2Error as error:
        return str(error.error)
    return OK


# --- ours -----------------------------------------------------------------------------------------


def ours(desk: Desk, sent: dict[str, str], authorization: str | None) -> str:
    try:
        desk.endpoint.exchange(form(**sent), authorization=authorization, address=ADDRESS)
    except Refused as refused:
        return refused.problem.oauth
    return OK


def verdicts(desk: Desk, client: str, changes: dict[str, Any]) -> tuple[str, str]:
    """Ask both the same, about one code of this client."""
    challenged = changes.pop("challenged", True)
    proof, authorization = desk.credentials(client)
    authorization = changes.pop("authorization", authorization)
    code = desk.code(client, code_challenge=challenge() if challenged else None)
    values: dict[str, Any] = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
        **proof,
        **{name: v(desk) if callable(v) else v for name, v in changes.items()},
    }
    sent = {name: value for name, value in values.items() if value is not None}
    server = Server(code, client, challenged=challenged)
    return theirs(server, sent, authorization), ours(desk, sent, authorization)


def asserting(**changes: Any) -> dict[str, Any]:
    """An assertion with these claims; a number is seconds from now."""

    def made(desk: Desk) -> str:
        now = int(desk.clock().timestamp())
        claims = {name: now + v if isinstance(v, int) else v for name, v in changes.items()}
        return desk.assertion(**claims)

    return {"client_assertion": made}


SAME: list[tuple[str, str, dict[str, Any]]] = [
    ("basic", "all is well", {}),
    ("post", "all is well", {}),
    ("public", "all is well", {}),
    ("shop", "all is well", {}),
    ("basic", "another redirect_uri", {"redirect_uri": CALLBACK + "/"}),
    ("basic", "no redirect_uri", {"redirect_uri": None}),
    ("basic", "no code", {"code": None}),
    ("basic", "an unknown code", {"code": f"1.{'A' * 43}"}),
    ("basic", "no verifier", {"code_verifier": None}),
    ("public", "no verifier", {"code_verifier": None}),
    ("basic", "a wrong verifier", {"code_verifier": "b" * 43}),
    ("basic", "a short verifier", {"code_verifier": "b" * 42}),
    ("basic", "a verifier of other characters", {"code_verifier": "b" * 42 + "/"}),
    ("basic", "a verifier without a challenge", {"challenged": False}),
    ("basic", "neither verifier nor challenge", {"challenged": False, "code_verifier": None}),
    ("basic", "another grant type", {"grant_type": "password"}),
    ("basic", "a wrong secret", {"authorization": basic("basic", "wrong")}),
    ("basic", "an unknown client", {"authorization": basic("nobody")}),
    ("basic", "no authentication", {"authorization": None}),
    ("basic", "its name alone", {"authorization": None, "client_id": "basic"}),
    (
        "basic",
        "its secret by the other method",
        {"authorization": None, "client_id": "basic", "client_secret": SECRET},
    ),
    ("post", "a wrong secret", {"client_secret": "wrong"}),
    (
        "post",
        "its secret by the other method",
        {"client_secret": None, "authorization": basic("post")},
    ),
    ("public", "a secret that it does not have", {"client_secret": "x"}),
    (
        "shop",
        "the token endpoint as audience",
        asserting(aud=f"{ISSUER}/token"),
    ),
    (
        "shop",
        "an assertion long past",
        asserting(exp=-300),
    ),
    ("shop", "no jti", asserting(jti=None)),
    ("shop", "another issuer", asserting(iss="basic")),
    ("shop", "no sub", asserting(sub=None)),
    (
        "shop",
        "an assertion of an unknown client",
        asserting(iss="nobody", sub="nobody"),
    ),
]

DIFFERENT: list[tuple[str, str, dict[str, Any], str, str]] = [
    # (client, case, changes, Authlib's verdict, ours)
    # RFC 6749 section 2.3 allows one method in a request: Authlib takes the first that fits.
    (
        "basic",
        "Basic and a secret",
        {"client_id": "basic", "client_secret": SECRET},
        OK,
        "invalid_request",
    ),
    (
        "basic",
        "Basic and half an assertion",
        {"client_assertion_type": ASSERTION_TYPE},
        OK,
        "invalid_request",
    ),
    # A client_id beside Basic must be the same client's.
    ("basic", "Basic and another's name", {"client_id": "other"}, OK, "invalid_client"),
    # FAPI 2.0 section 5.3.2.1: the issuer as one string, and nothing beside it.
    (
        "shop",
        "a list of audiences",
        asserting(aud=[ISSUER]),
        OK,
        "invalid_client",
    ),
    # A life of at most five minutes, and ten seconds of skew where Authlib forgives sixty.
    (
        "shop",
        "an assertion for an hour",
        asserting(exp=3600),
        OK,
        "invalid_client",
    ),
    (
        "shop",
        "an assertion half a minute past",
        asserting(exp=-30),
        OK,
        "invalid_client",
    ),
    # The library's pattern ends in $, which lets a final newline pass; our form refuses it first.
    (
        "basic",
        "a verifier and a newline",
        {"code_verifier": VERIFIER + "\n"},
        "invalid_grant",
        "invalid_request",
    ),
    # A code is bound to the client that must have sent a challenge, whoever forgot to ask for it.
    (
        "post",
        "neither verifier nor challenge",
        {"challenged": False, "code_verifier": None},
        OK,
        "invalid_grant",
    ),
]


@pytest.mark.parametrize(
    ("client", "changes"), [(c, x) for c, _, x in SAME], ids=[f"{c}: {n}" for c, n, _ in SAME]
)
def test_both_give_the_same_verdict(token_desk: Desk, client: str, changes: dict[str, Any]) -> None:
    authlib, sesame = verdicts(token_desk, client, dict(changes))
    assert sesame == authlib


@pytest.mark.parametrize(
    ("client", "changes", "expected"),
    [(c, x, (a, s)) for c, _, x, a, s in DIFFERENT],
    ids=[f"{c}: {n}" for c, n, *_ in DIFFERENT],
)
def test_we_differ_exactly_where_the_list_says(
    token_desk: Desk, client: str, changes: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert verdicts(token_desk, client, dict(changes)) == expected
