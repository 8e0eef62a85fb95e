"""The token side of a provider over real stores, and the clients that call it."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from idp.config import Environment, Settings
from idp.domain.client import ClientAuth, Pkce, Purpose, Secret
from idp.domain.grant import Code, TokenHash
from idp.errors import Refused
from idp.oidc import tokens
from idp.oidc.access_tokens import AccessTokens
from idp.oidc.client_auth import ASSERTION_TYPE, ClientAuthentication
from idp.oidc.client_jws import ClientKeys
from idp.oidc.dpop import Proofs
from idp.oidc.form import Parameters
from idp.oidc.grant_management import GrantManagement, grants_audience
from idp.oidc.grants import TokenEndpoint
from idp.oidc.introspection import Introspection
from idp.oidc.pens import Pens
from idp.oidc.resource import OwnResource
from idp.oidc.revocation import Revocation
from idp.oidc.userinfo import UserInfo
from idp.store.memory import MemoryEphemeral
from keys.errors import TokenForged
from keys.signer import Signer, Verifier, header_segment
from tests.contract.store.stand_ins import (
    START,
    Clock,
    TestVault,
    a_client,
    a_grant,
    a_person,
    a_session,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from idp.domain.client import Client
    from idp.domain.grant import Grant
    from idp.errors import Problem
    from idp.store.ports import Ledger
    from idp.store.short_lived import Ephemeral

ISSUER = "https://login.example"
CALLBACK = "https://shop.example/cb"
VERIFIER = "a-verifier-of-forty-three-characters-or-more"
SECRET = "the-secret-of-a-client"
ADDRESS = "192.0.2.7"

EC_KEY = ec.derive_private_key(0x5E5A3E, ec.SECP256R1())
ED_KEY = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
JOSE = {
    "ec": ECKey.import_key(EC_KEY),
    "ed": OKPKey.import_key(ED_KEY),
    "rsa": RSAKey.import_key(RSA_KEY),
}
ALGORITHMS = {"ES256": "ec", "Ed25519": "ed", "EdDSA": "ed", "PS256": "rsa", "RS256": "rsa"}
PURPOSES = (
    Purpose(
        name="account",
        reason={"en": "To know you."},
        claims=("given_name", "family_name", "email"),
    ),
)
FLOWS = ("authorization_code", "refresh_token")


def public_jwk(name: str) -> dict[str, object]:
    return {**JOSE[name].as_dict(private=False), "kid": name}


def jwks(*names: str) -> dict[str, object]:
    return {"keys": [public_jwk(name) for name in names]}


def a_secret(text: str = SECRET, **changes: Any) -> Secret:
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Secret(digest=digest, expires_at=changes.get("expires_at", START + timedelta(days=999)))


def a_caller(name: str, auth: ClientAuth, **changes: object) -> Client:
    values: dict[str, object] = {"auth": auth, "grant_types": FLOWS, "purposes": PURPOSES}
    if auth is ClientAuth.PRIVATE_KEY_JWT:
        values["jwks"] = jwks("ec", "ed", "rsa")
    elif auth is not ClientAuth.NONE:
        values["secrets"] = (a_secret(),)
    return a_client(name, **{**values, **changes})


CLIENTS = (
    a_caller("shop", ClientAuth.PRIVATE_KEY_JWT),
    a_caller("basic", ClientAuth.SECRET_BASIC, pkce=Pkce.OPTIONAL),
    a_caller("post", ClientAuth.SECRET_POST),
    a_caller("public", ClientAuth.NONE),
    a_caller("other", ClientAuth.SECRET_BASIC),
)


def fill(ledger: Ledger, clients: tuple[Client, ...] = CLIENTS) -> None:
    """Put in An, her session and the clients."""
    with ledger.begin() as unit:
        unit.people.add(a_person(), username="an")
        unit.sessions.open(a_session())
        for client in clients:
            unit.clients.add(client)


def refused(problem: Problem, doing: Callable[[], object]) -> None:
    """Demand this refusal, and no other."""
    with pytest.raises(Refused) as caught:
        doing()
    assert caught.value.problem is problem, (caught.value.problem.code, caught.value.detail)


def basic(client_id: str, secret: str = SECRET) -> str:
    pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def challenge(verifier: str = VERIFIER) -> str:
    return tokens.encoded(hashlib.sha256(verifier.encode()).digest())


def form(**values: object) -> Parameters:
    """A form body; a tuple is sent several times, ``None`` not at all."""
    pairs = [(name, value) for name, value in values.items() if value is not None]
    return Parameters.parse(urlencode(pairs, doseq=True).encode())


def segments(header: dict[str, object], claims: dict[str, object] | bytes) -> str:
    """The first two segments of a compact JWS, written without any library's opinion."""
    raw = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    return f"{tokens.encoded(json.dumps(header).encode())}.{tokens.encoded(raw)}"


def sign(header: dict[str, object], claims: dict[str, object] | bytes, key: Any = None) -> str:
    """A compact JWS by the algorithm that ``header`` names and the key that fits, or ``key``."""
    algorithm = str(header["alg"])
    signed = segments(header, claims)
    key = key or JOSE[ALGORITHMS[algorithm]]
    signature = JWSRegistry.algorithms[algorithm].sign(signed.encode(), key)
    return f"{signed}.{tokens.encoded(signature)}"


class OneKeyRing:
    """A ring with one key of each algorithm."""

    def __init__(self) -> None:
        self._signers = {
            "ES256": Signer("ES256", ec.generate_private_key(ec.SECP256R1())),
            "EdDSA": Signer("EdDSA", ED_KEY),
            "RS256": Signer("RS256", RSA_KEY),
        }

    def signer(self, algorithm: str | None = None) -> Signer:
        return self._signers[algorithm or "ES256"]

    def open(self, compact: str, *, typ: str) -> dict[str, Any]:
        head = compact.partition(".")[0].encode()
        for one in self._signers.values():
            if header_segment(one.algorithm, one.kid, typ) == head:
                return Verifier(one.algorithm, one._key.public_key).open(compact)
        raise TokenForged("not of this ring")


class Desk:
    """Every token endpoint over one Ledger, with what a test needs to call them."""

    def __init__(self, ledger: Ledger, clock: Clock, ephemeral: Ephemeral | None = None) -> None:
        self.ledger = ledger
        self.clock = clock
        self.settings = Settings(environment=Environment.TEST, issuer=ISSUER)
        self.ring: Any = OneKeyRing()
        self.pens = Pens(self.ring)
        self.ephemeral = ephemeral or MemoryEphemeral(now=clock, entropy=secrets.token_bytes)
        self.authentication = ClientAuthentication(
            self.settings,
            ledger=ledger,
            ephemeral=self.ephemeral,
            keys=ClientKeys(entropy=secrets.token_bytes),
            now=clock,
        )
        self.proofs = Proofs(self.settings, vault=TestVault(), ephemeral=self.ephemeral, now=clock)
        given: Any = {"ledger": ledger, "authentication": self.authentication, "now": clock}
        self.tokens = AccessTokens(self.ring, issuer=ISSUER)
        self.endpoint = TokenEndpoint(
            self.settings,
            pens=self.pens,
            tokens=self.tokens,
            proofs=self.proofs,
            ephemeral=self.ephemeral,
            approvals=None,
            entropy=secrets.token_bytes,
            **given,
        )
        given["tokens"] = self.tokens
        self.introspection = Introspection(self.settings, pens=self.pens, **given)
        self.revocation = Revocation(**given)
        self.userinfo = self.another_userinfo()
        self.grants = GrantManagement(
            self.settings,
            ledger=ledger,
            resource=OwnResource(
                self.settings,
                audience=grants_audience(self.settings),
                ledger=ledger,
                tokens=self.tokens,
                proofs=self.proofs,
                now=clock,
            ),
            now=clock,
        )

    def another_userinfo(self) -> UserInfo:
        """What another worker answers with."""
        return UserInfo(
            self.settings,
            ledger=self.ledger,
            tokens=self.tokens,
            proofs=self.proofs,
            pens=self.pens,
            now=self.clock,
        )

    # --- the clients -----------------------------------------------------------------------------

    def assertion(self, client: str = "shop", *, alg: str = "ES256", **changes: object) -> str:
        """A good assertion, with claims changed, or left out where ``None``."""
        now = self.clock().timestamp()
        claims: dict[str, object] = {
            "iss": client,
            "sub": client,
            "aud": ISSUER,
            "jti": secrets.token_urlsafe(16),
            "iat": int(now),
            "exp": int(now) + 60,
            **changes,
        }
        kept = {name: value for name, value in claims.items() if value is not None}
        return sign({"alg": alg, "kid": ALGORITHMS[alg]}, kept)

    def credentials(self, client: str) -> tuple[dict[str, object], str | None]:
        """What this client sends to prove itself: form fields, and the Authorization header."""
        if client == "public":
            return {"client_id": client}, None
        if client == "post":
            return {"client_id": client, "client_secret": SECRET}, None
        if client == "shop":
            fields = {
                "client_assertion_type": ASSERTION_TYPE,
                "client_assertion": self.assertion(client),
            }
            return dict(fields), None
        return {}, basic(client)

    def call(
        self,
        answer: Any,
        client: str,
        *,
        dpop: str | None = None,
        signed: bool = False,
        **fields: object,
    ) -> Any:
        proof, authorization = self.credentials(client)
        params = form(**{**proof, **fields})
        more: dict[str, object] = {} if dpop is None else {"dpop": dpop}
        if signed:
            more["signed"] = True
        return answer(params, authorization=authorization, address=ADDRESS, **more)

    # --- what they do ----------------------------------------------------------------------------

    def code(self, client: str = "basic", *, grant: Grant | None = None, **changes: Any) -> str:
        """A fresh code of a login by An."""
        with self.ledger.begin() as unit:
            minted = tokens.mint(epoch=unit.epoch(), entropy=secrets.token_bytes)
            values: dict[str, Any] = {
                "hash": TokenHash(minted.hash),
                "grant": grant or self.grant(client),
                "redirect_uri": CALLBACK,
                "code_challenge": challenge(),
                "nonce": "n-1",
                "issued_at": self.clock(),
                "expires_at": self.clock() + timedelta(seconds=60),
            }
            unit.grants.add_code(Code(**{**values, **changes}))
        return minted.text

    def grant(self, client: str = "basic", **changes: Any) -> Grant:
        made = a_grant(f"grant-{secrets.token_hex(4)}", client=client)
        return replace(
            made,
            id_token_claims={"given_name": "Anaïs"},
            userinfo_claims={"family_name": "Peeters", "email": "an@example.be"},
            scopes=("openid", "profile", "email"),
            **changes,
        )

    def redeem(self, code: str, client: str = "basic", **changes: object) -> dict[str, Any]:
        fields: dict[str, object] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
            **changes,
        }
        answered: dict[str, Any] = self.call(self.endpoint.exchange, client, **fields)
        return answered

    def refresh(self, token: str, client: str = "basic", **fields: object) -> dict[str, Any]:
        answered: dict[str, Any] = self.call(
            self.endpoint.exchange,
            client,
            grant_type="refresh_token",
            refresh_token=token,
            **fields,
        )
        return answered

    def introspect(self, token: str, client: str = "basic") -> dict[str, Any]:
        answered: dict[str, Any] = self.call(self.introspection.answer, client, token=token)
        return answered

    def revoke(self, token: str, client: str = "basic") -> None:
        self.call(self.revocation.answer, client, token=token)

    def claims(self, access_token: str) -> dict[str, Any]:
        """What userinfo tells the bearer."""
        told = self.userinfo.answer(authorization=f"Bearer {access_token}")
        assert isinstance(told, dict)
        return told

    # --- what a test looks at --------------------------------------------------------------------

    def opened(self, id_token: str, algorithm: str = "ES256") -> dict[str, Any]:
        """The claims of an ID token, its signature checked with the ring's public key."""
        keys = {"EdDSA": ED_KEY.public_key(), "RS256": RSA_KEY.public_key()}
        key: Any = keys.get(algorithm) or self.ring.signer("ES256")._key.public_key
        return Verifier(algorithm, key).open(id_token)

    def recorded(self) -> list[str]:
        """The kinds of everything that was audited, sorted: rows of one moment have no order."""
        with self.ledger.read() as unit:
            rows = unit.audit.unsealed(limit=10_000)
        return sorted(json.loads(row.payload or b"{}")["kind"] for row in rows)
