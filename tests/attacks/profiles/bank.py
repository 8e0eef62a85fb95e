"""An e-service under the profile ``fapi2``, at a whole application in one process.

Every message is right; a test makes one of them weaker and sends it.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from werkzeug.test import Client as Http

from idp.domain.client import ClientAuth, ClientId, Pkce, subject_sector
from idp.domain.person import SubjectId
from idp.domain.profile import Profile
from idp.oidc.client_auth import ASSERTION_TYPE
from idp.oidc.registration.backchannel import CIBA
from idp.oidc.registration.policy import policy_of
from idp.oidc.registration.rules import register
from tests.flows.phone.house import AN, CALLBACK, ISSUER, VERIFIER, House
from tests.world.client import REASON, made_key, s256, signed

if TYPE_CHECKING:
    from pathlib import Path

    from idp.domain.client import Client

KEY: Final = made_key("ES256")
RSA: Final = made_key("PS256")
OF_TOKENS: Final = made_key("ES256")
OBJECT: Final = "oauth-authz-req+jwt"
WEEK: Final = timedelta(days=7)


class Bank:
    """The e-service: what it registered, and the messages that it sends."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        more = {"keys": {"kek_file": folder / "kek", "algorithms": ["ES256", "RS256"]}}
        self.house = House(folder, more={**more, **settings})
        self.settings = self.house.services.settings
        self.enter(register(document(), policy_of(self.settings), now=self.house.at))
        with self.house.services.ledger.begin() as unit:
            self.subject = unit.people.subject(
                AN, subject_sector(self.client), candidate=SubjectId("an-at-the-bank")
            )

    @property
    def client(self) -> Client:
        with self.house.services.ledger.read() as unit:
            found = unit.clients.get(ClientId("bank"))
        assert found is not None
        return found

    def enter(self, client: Client) -> None:
        with self.house.services.ledger.begin() as unit:
            unit.clients.add(client)

    def change(self, **fields: Any) -> None:
        """Change the row itself, past every rule of registration."""
        self.replace(replace(self.client, **fields))

    def replace(self, client: Client) -> None:
        version = self.client.version
        with self.house.services.ledger.begin() as unit:
            unit.clients.replace(replace(client, version=version + 1), expected_version=version)

    # --- messages -------------------------------------------------------------------------------

    def assertion(self, key: Any = KEY, *, alg: str = "ES256", **changes: Any) -> dict[str, str]:
        at = int(self.house.at.timestamp())
        claims = {
            "iss": "bank",
            "sub": "bank",
            "aud": ISSUER,
            "jti": secrets.token_urlsafe(16),
            "iat": at,
            "exp": at + 60,
            **changes,
        }
        kept = {name: one for name, one in claims.items() if one is not None}
        return {
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": signed({"alg": alg}, kept, key),
        }

    def parameters(self, **changes: Any) -> dict[str, Any]:
        asked = {
            "client_id": "bank",
            "response_type": "code",
            "redirect_uri": CALLBACK,
            "scope": "openid profile",
            "state": "state-1",
            "nonce": "nonce-1",
            "code_challenge": s256(VERIFIER),
            "code_challenge_method": "S256",
            **changes,
        }
        return {name: one for name, one in asked.items() if one is not None}

    def object(
        self, key: Any = KEY, *, alg: str = "ES256", typ: str | None = OBJECT, **changes: Any
    ) -> str:
        """A signed request, with claims changed, or left out where ``None``."""
        return self._signed(key, alg, typ, {**self.parameters(), **changes})

    def asking(self, key: Any = KEY, *, alg: str = "ES256", **changes: Any) -> str:
        """A signed back-channel request."""
        asked = {"scope": "openid", "login_hint": self.subject, "binding_message": "Order 1234"}
        return self._signed(key, alg, "JWT", {**asked, "jti": secrets.token_urlsafe(8), **changes})

    def _signed(self, key: Any, alg: str, typ: str | None, claims: dict[str, Any]) -> str:
        at = int(self.house.at.timestamp())
        dated = {"iss": "bank", "aud": ISSUER, "iat": at, "nbf": at, "exp": at + 300, **claims}
        kept = {name: one for name, one in dated.items() if one is not None}
        return signed({"alg": alg, **({} if typ is None else {"typ": typ})}, kept, key)

    def push(self, request: str | None = None, *, proof: str | None = None, **changes: Any) -> Any:
        """Push what is signed, by default the right one; ``changes`` are fields of the form."""
        fields = {"client_id": "bank", "request": request or self.object(), **self.assertion()}
        return self.post("/par", {**fields, **changes}, proof=proof)

    def ask(self, request: str | None = None, **changes: Any) -> Any:
        fields = {"request": request or self.asking(), **self.assertion()}
        return self.post("/bc-authorize", {**fields, **changes})

    def code(self, pushed: Any = None) -> str:
        """A code of An's, by a pushed request and the form of seeded people."""
        pushed = self.push() if pushed is None else pushed
        assert pushed.status_code == 201, pushed.text
        asked = {"client_id": "bank", "request_uri": pushed.json["request_uri"]}
        told = dict(parse_qsl(urlsplit(self.walked(f"/authorize?{urlencode(asked)}")).query))
        assert told["iss"] == ISSUER
        return told["code"]

    def walked(self, address: str) -> str:
        """Open an address of the provider's as An, agree, and give where that leads."""
        browser = self.house.browser()
        browser._take(browser._get(address.removeprefix(ISSUER)))
        browser.choose("seeded").submit("seeded", username="an")
        if 'action="/login' in browser.page:
            browser.agree()
        return str(browser.answer.headers["Location"])

    def redeem(self, code: str, *, proof: str | None = None, **changes: Any) -> Any:
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
            **self.assertion(),
            **changes,
        }
        return self.post("/token", fields, proof=proof or self.proof("/token"))

    def proof(
        self, path: str, *, method: str = "POST", key: Any = OF_TOKENS, **changes: Any
    ) -> str:
        claims = {
            "jti": secrets.token_urlsafe(16),
            "htm": method,
            "htu": ISSUER + path,
            "iat": int(self.house.at.timestamp()),
            "nonce": self.house.services.proofs.nonce(),
            **changes,
        }
        public = {
            name: value
            for name, value in key.as_dict(private=False).items()
            if name in {"kty", "crv", "x", "y"}
        }
        return signed({"alg": "ES256", "typ": "dpop+jwt", "jwk": public}, claims, key)

    def post(self, path: str, fields: dict[str, Any], *, proof: str | None = None) -> Any:
        headers = {} if proof is None else {"DPoP": proof}
        kept = {name: one for name, one in fields.items() if one is not None}
        http = Http(self.house.app, use_cookies=False)
        return http.post(path, data=kept, headers=headers, base_url=ISSUER)

    def open(self, parameters: dict[str, Any]) -> dict[str, str]:
        """Bring a request by a browser; give what the e-service is told, if anything yet."""
        answer = Http(self.house.app).get("/authorize", query_string=parameters, base_url=ISSUER)
        where = str(answer.headers.get("Location", ""))
        if where.startswith("/login/"):
            return {}
        assert where.startswith(CALLBACK), (answer.status_code, where)
        return dict(parse_qsl(urlsplit(where).query))


def document(**changes: Any) -> dict[str, Any]:
    """A registration that keeps every rule; ``None`` takes a member out."""
    whole = {
        "client_id": "bank",
        "client_name": {"en": "The bank"},
        "profile": Profile.FAPI2.value,
        "redirect_uris": [CALLBACK],
        "token_endpoint_auth_method": ClientAuth.PRIVATE_KEY_JWT.value,
        "jwks": {"keys": [KEY.as_dict(private=False), RSA.as_dict(private=False)]},
        "grant_types": ["authorization_code", "refresh_token", CIBA],
        "scope": "openid profile",
        "pkce": Pkce.REQUIRED.value,
        "require_signed_request_object": True,
        "dpop_bound_access_tokens": True,
        "id_token_signed_response_alg": "ES256",
        "purposes": [{"name": "order", "reason": REASON, "claims": ["given_name"]}],
        **changes,
    }
    return {name: one for name, one in whole.items() if one is not None}
