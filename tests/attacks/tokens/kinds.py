"""Every kind of token that we or a client make, each made anew and each good somewhere."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from joserfc.jwk import ECKey

from idp.config import Environment, Settings
from idp.domain.acting import TOKEN_EXCHANGE
from idp.domain.answer import reply_to, success
from idp.domain.client import ClientAuth, ClientId
from idp.domain.ended import LogoutNotice
from idp.domain.forms import AccessTokenFormat, Encryption, Forms
from idp.domain.grant import Code, TokenHash
from idp.domain.person import SubjectId
from idp.foundation import found_keys
from idp.oidc import tokens
from idp.oidc.ciba.asking import GRANT_TYPE as CIBA
from idp.oidc.client_auth import Caller
from idp.oidc.grant_management import QUERY
from idp.oidc.logout_token import LogoutTokens
from idp.oidc.pens import Written
from idp.services import Services, build
from mobile_flow.receipts import TYPE as RECEIPT
from tests.contract.store.stand_ins import Clock, a_client, a_grant, a_person, a_session
from tests.services.ledgers import put_ledger
from tests.unit.oidc.tokens.desk import (
    CALLBACK,
    PURPOSES,
    SECRET,
    VERIFIER,
    a_secret,
    basic,
    challenge,
    form,
    jwks,
    sign,
)
from tests.world.client import made_key, signed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from idp.domain.client import Client

ISSUER = "https://login.example"
SHOP = "shop"
ASSERTING = "asserting"
ADDRESS = "192.0.2.7"
PROVEN = made_key("ES256")
TO = ECKey.generate_key("P-256")
SEALED = Encryption(algorithm="ECDH-ES", content="A256GCM")
KEYS: Any = {
    "keys": [
        *jwks("ec")["keys"],  # type: ignore[misc]
        {**TO.as_dict(private=False), "kid": "to", "use": "enc"},
    ]
}
FLOWS = ("authorization_code", "refresh_token", CIBA, TOKEN_EXCHANGE)


class Bench:
    """A whole provider, one shop that may do everything, and its person An."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        world: dict[str, Any] = {
            "now": self.clock,
            "monotonic": lambda: self.clock().timestamp(),
            "entropy": secrets.token_bytes,
        }
        settings = Settings(
            environment=Environment.TEST,
            issuer=ISSUER,
            stores={
                "ledger": f"sqlite:///{folder / 'ledger.sqlite'}",
                "ephemeral": f"sqlite:///{folder / 'ephemeral.sqlite'}",
            },
            keys={"kek_file": folder / "kek"},
            card={"enabled": False},
            login={"seeded_sign_in": True},
            registration={"mode": "open", "per_hour": 0},
        )
        put_ledger(settings.stores.ledger)
        found_keys(settings, **world, by="test")
        self.services: Services = build(settings, **world)
        common: Any = {"grant_types": FLOWS, "purposes": PURPOSES, "jwks": KEYS}
        with self.services.ledger.begin() as unit:
            unit.people.add(a_person(), username="an")
            unit.sessions.open(a_session())
            auth = ClientAuth.SECRET_BASIC
            shop = a_client(SHOP, auth=auth, secrets=(a_secret(),), manages_grants=True, **common)
            unit.clients.add(shop)
            unit.clients.add(a_client(ASSERTING, **common))
        self.own: dict[str, object] = {}

    # --- the shop ---------------------------------------------------------------------------------

    def client(self, name: str = SHOP) -> Client:
        with self.services.ledger.read() as unit:
            found = unit.clients.get(ClientId(name))
        assert found is not None
        return found

    @contextmanager
    def formed(self, **forms: Any) -> Iterator[None]:
        """The shop wants its answers so, for a while."""
        for wanted in (Forms(**forms), Forms()):
            client = self.client()
            with self.services.ledger.begin() as unit:
                unit.clients.replace(replace(client, forms=wanted), expected_version=client.version)
            if wanted != Forms():
                yield

    def call(
        self, verb: Callable[..., Any], /, *, dpop: str | None = None, **fields: object
    ) -> Any:
        more = {} if dpop is None else {"dpop": dpop}
        params = form(**fields)
        return verb(params, authorization=basic(SHOP, SECRET), address=ADDRESS, **more)

    def about(self, client: str = SHOP, **more: object) -> dict[str, object]:
        """The claims of what a client signs."""
        at = int(self.clock().timestamp())
        claims: dict[str, object] = {"iss": client, "aud": ISSUER, "iat": at, "nbf": at}
        return {**claims, "exp": at + 60, "jti": secrets.token_urlsafe(12), **more}

    # --- opaque texts -----------------------------------------------------------------------------

    def code(self, **changes: Any) -> str:
        granted: dict[str, Any] = {
            "id_token_claims": {"given_name": "Anaïs"},
            "userinfo_claims": {"email": "an@example.be"},
            "scopes": ("openid", "email"),
            **changes,
        }
        grant = replace(a_grant(f"grant-{secrets.token_hex(4)}", client=SHOP), **granted)
        with self.services.ledger.begin() as unit:
            minted = tokens.mint(epoch=unit.epoch(), entropy=secrets.token_bytes)
            unit.grants.add_code(
                Code(
                    hash=TokenHash(minted.hash),
                    grant=grant,
                    redirect_uri=CALLBACK,
                    code_challenge=challenge(),
                    nonce="n-1",
                    issued_at=self.clock(),
                    expires_at=self.clock() + timedelta(seconds=60),
                )
            )
        return minted.text

    def redeemed(self, code: str, **more: Any) -> dict[str, Any]:
        answered: dict[str, Any] = self.call(
            self.services.token_endpoint.exchange,
            grant_type="authorization_code",
            code=code,
            redirect_uri=CALLBACK,
            code_verifier=VERIFIER,
            **more,
        )
        return answered

    def access_token(self) -> str:
        return str(self.redeemed(self.code())["access_token"])

    def grants_token(self) -> str:
        """One for another resource of ours than userinfo."""
        code = self.code(scopes=("openid", QUERY), resources=(f"{ISSUER}/grants",))
        return str(self.redeemed(code)["access_token"])

    def resource_token(self) -> str:
        """One for a resource of somebody else."""
        code = self.code(resources=("https://api.example",))
        return str(self.redeemed(code)["access_token"])

    def refresh_token(self) -> str:
        return str(self.redeemed(self.code())["refresh_token"])

    def auth_req_id(self) -> str:
        asked = self.call(self.services.backchannel.ask, **PLAINLY)
        return str(asked["auth_req_id"])

    def request_uri(self) -> str:
        pushed = self.services.pushed.push(
            form(**self.asking()), Caller(client=self.client(), method=ClientAuth.SECRET_BASIC)
        )
        return str(pushed["request_uri"])

    def registration_token(self) -> str:
        self.own = self.registered()
        return str(self.own["registration_access_token"])

    def registered(self) -> dict[str, object]:
        desk = self.services.registration
        assert desk is not None
        document = {
            "client_name": dict.fromkeys(("nl", "fr", "de", "en"), "Own"),
            "redirect_uris": ["https://own.example/cb"],
            "token_endpoint_auth_method": "client_secret_basic",
        }
        return desk.register(document, authorization=None, address=ADDRESS)

    # --- what we sign -----------------------------------------------------------------------------

    def id_token(self) -> str:
        return str(self.redeemed(self.code())["id_token"])

    def encrypted_id_token(self) -> str:
        with self.formed(id_token_encryption=SEALED):
            return self.id_token()

    def jwt_access_token(self) -> str:
        with self.formed(access_token=AccessTokenFormat.JWT):
            return self.access_token()

    def signed_userinfo(self, **forms: Any) -> str:
        token = self.access_token()
        with self.formed(userinfo_algorithm="ES256", **forms):
            told = self.services.userinfo.answer(authorization=f"Bearer {token}")
        assert isinstance(told, Written)
        return told.text

    def encrypted_userinfo(self) -> str:
        return self.signed_userinfo(userinfo_encryption=SEALED)

    def signed_introspection(self, **forms: Any) -> str:
        token = self.access_token()
        with self.formed(introspection_algorithm="ES256", **forms):
            told = self.call(self.services.introspection.answer, token=token)
        assert isinstance(told, Written)
        return told.text

    def encrypted_introspection(self) -> str:
        return self.signed_introspection(introspection_encryption=SEALED)

    def signed_answer(self, **forms: Any) -> str:
        request = self.services.reader.read(form(**self.asking(response_mode="jwt")))
        with self.formed(**{"userinfo_algorithm": "ES256", **forms}):
            answer = self.services.signed_answers.sign(
                success(reply_to(request), code=self.code(), issuer=ISSUER)
            )
        ((_, text),) = answer.parameters
        return text

    def encrypted_answer(self) -> str:
        return self.signed_answer(answer_encryption=SEALED)

    def logout_token(self) -> str:
        made = LogoutTokens(
            ring=self.services.ring, issuer=ISSUER, now=self.clock, entropy=secrets.token_bytes
        )
        notice = LogoutNotice(client=ClientId(SHOP), subject=SubjectId("subject-1"), sid="sid-1")
        return made.sign(notice, algorithm="ES256")

    def receipt(self) -> str:
        at = int(self.clock().timestamp())
        claims = {"iss": ISSUER, "iat": at, "receipt": "0" * 43}
        return self.services.ring.signer("ES256").sign(claims, typ=RECEIPT)

    # --- what clients sign ------------------------------------------------------------------------

    def asking(self, **more: object) -> dict[str, object]:
        plain = {
            "client_id": SHOP,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "openid",
            "state": "s",
            "code_challenge": challenge(),
            "code_challenge_method": "S256",
        }
        return {**plain, **more}

    def assertion(self) -> str:
        claims = self.about(ASSERTING, sub=ASSERTING)
        return sign({"alg": "ES256", "typ": "JWT", "kid": "ec"}, claims)

    def request_object(self) -> str:
        header = {"alg": "ES256", "typ": "oauth-authz-req+jwt", "kid": "ec"}
        return sign(header, self.about(**self.asking()))

    def ask_object(self) -> str:
        header = {"alg": "ES256", "typ": "oauth-authz-req+jwt", "kid": "ec"}
        return sign(header, self.about(**PLAINLY))

    def login_hint_token(self) -> str:
        named = {"format": "opaque", "id": "subject-1"}
        header = {"alg": "ES256", "typ": "login-hint+jwt", "kid": "ec"}
        return sign(header, self.about(sub_id=named))

    def proof(self) -> str:
        claims = {
            "jti": secrets.token_urlsafe(12),
            "htm": "POST",
            "htu": f"{ISSUER}/token",
            "iat": int(self.clock().timestamp()),
            "nonce": self.services.proofs.nonce(),
        }
        head = {"typ": "dpop+jwt", "alg": "ES256", "jwk": PROVEN.as_dict(private=False)}
        return signed(head, claims, PROVEN)


PLAINLY: dict[str, object] = {
    "scope": "openid",
    "login_hint": "subject-1",
    "binding_message": "Desk 4",
}
KINDS: dict[str, Callable[[Bench], str]] = {
    name: getattr(Bench, name)
    for name in (
        *("code", "access_token", "grants_token", "resource_token", "refresh_token"),
        *("auth_req_id", "request_uri"),
        *("registration_token", "id_token", "encrypted_id_token", "jwt_access_token"),
        *("signed_userinfo", "encrypted_userinfo", "signed_introspection"),
        *("encrypted_introspection", "signed_answer", "encrypted_answer", "logout_token"),
        *("receipt", "assertion", "request_object", "ask_object", "login_hint_token", "proof"),
    )
}
