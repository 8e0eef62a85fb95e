"""An e-service's side of the protocol by hand, with every part open to being wrong.

For tests that must send what a library would not. Each request is built from right parts, and a
test changes the one that it speaks about; ``None`` takes a parameter out.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from tests.world.scripted import Page
from tests.world.wire import Line, Reply, ask

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.world.scripted import Browser

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
HOME = "https://shop.example"
SECRET_COOKIES = ("_session", "_browser")
SIGNING = ("ES256", "EdDSA", "PS256", "RS256")
REASON = dict.fromkeys(("nl", "fr", "de", "en"), "For the tests.")
SCOPES = (
    *("openid", "profile", "email", "phone", "address", "egovnrn", "be:rrn", "be:eid"),
    *("be:birth", "be:nationality", "be:photo", "be:age", "offline_access"),
)
AGES = (12, 16, 18, 21, 30, 65)
OF_THE_CARD = (
    *("issuing_country", "valid_from", "valid_to", "card_generation", "certificate_serial"),
    *("document_number", "document_type", "place_of_birth", "nationality", "nationalities"),
    *(f"age_over_{age}" for age in AGES),
    *(f"age_gte_{age}" for age in AGES),
)
STANDARD = (
    *("name", "given_name", "family_name", "middle_name", "nickname", "preferred_username"),
    *("profile", "picture", "website", "gender", "birthdate", "zoneinfo", "locale", "updated_at"),
    *("email", "email_verified", "phone_number", "phone_number_verified", "address"),
)


@dataclass(kw_only=True, slots=True)
class Heard:
    """Every secret that went over a wire, for who wants to look for it elsewhere."""

    secrets: set[str] = field(default_factory=set)

    def note(self, *texts: object) -> None:
        """Remember whatever is a text worth hiding."""
        self.secrets |= {text for text in texts if isinstance(text, str) and len(text) > 8}


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One authorization request and what only its sender knows."""

    parameters: dict[str, str]
    verifier: str = field(repr=False)

    def __getitem__(self, name: str) -> str:
        return self.parameters[name]


@dataclass(kw_only=True, slots=True)
class Client:
    """A registered e-service.

    Attributes:
        now: the clock that its assertions are made by.
        heard: collects codes, tokens and secrets.
    """

    issuer: str
    id: str
    now: Callable[[], datetime]
    auth: str = "private_key_jwt"
    algorithm: str = "ES256"
    id_token_algorithm: str = "ES256"
    home: str = HOME
    secret: str | None = field(default=None, repr=False)
    heard: Heard = field(default_factory=Heard, repr=False)
    _key: ECKey | OKPKey | RSAKey | None = field(default=None, repr=False)

    @property
    def callback(self) -> str:
        """Where answers go."""
        return f"{self.home}/{self.id}/cb"

    @property
    def signed_out(self) -> str:
        """Where a browser goes after logout."""
        return f"{self.home}/{self.id}/out"

    @property
    def key(self) -> ECKey | OKPKey | RSAKey:
        """The private key of its assertions."""
        if self._key is None:
            self._key = made_key(self.algorithm)
        return self._key

    def registration(self, **changes: object) -> dict[str, object]:
        """What to register; a change to None takes a member out."""
        document: dict[str, object] = {
            "client_id": self.id,
            "client_name": {"en": f"Shop {self.id}"},
            "sector": "shop.example",
            "redirect_uris": [self.callback],
            "post_logout_redirect_uris": [self.signed_out],
            "token_endpoint_auth_method": self.auth,
            "grant_types": ["authorization_code", "refresh_token"],
            "scope": " ".join(SCOPES),
            "purposes": [
                {"name": "all", "reason": REASON, "claims": [*STANDARD, *OF_THE_CARD]},
                {
                    "name": "register",
                    "reason": REASON,
                    "claims": ["egovNRN", "rrn_type"],
                    "authorisation": "Specimen 2/2026 (fictional)",
                    "expires_at": f"{self.now().year + 1}-12-31",
                },
            ],
            "id_token_signed_response_alg": self.id_token_algorithm,
        }
        if self.auth == "private_key_jwt":
            document["token_endpoint_auth_signing_alg"] = self.algorithm
            document["jwks"] = {"keys": [self.key.as_dict(private=False)]}
        return {name: value for name, value in {**document, **changes}.items() if value is not None}

    # --- asking through the browser -------------------------------------------------------------

    def request(self, **changes: str | None) -> Asked:
        """An authorization request."""
        verifier = secrets.token_urlsafe(48)
        sent = {
            "client_id": self.id,
            "response_type": "code",
            "redirect_uri": self.callback,
            "scope": "openid profile",
            "state": secrets.token_urlsafe(16),
            "nonce": secrets.token_urlsafe(16),
            "code_challenge": s256(verifier),
            "code_challenge_method": "S256",
            **changes,
        }
        kept = {name: value for name, value in sent.items() if value is not None}
        return Asked(parameters=kept, verifier=verifier)

    def url(self, asked: Asked) -> str:
        """The address that opens it."""
        return f"{self.issuer}/authorize?{urlencode(asked.parameters)}"

    def open(self, browser: Browser, **changes: str | None) -> tuple[Page, Asked]:
        """Open a request in a browser, wherever that leads."""
        asked = self.request(**changes)
        return browser.get(self.url(asked)), asked

    def log_in(
        self, browser: Browser, *, username: str = "nora", remember: bool = True, **changes: Any
    ) -> Login:
        """Walk a whole login of a seeded person, answering every page that is shown."""
        page, asked = self.open(browser, **changes)
        return self.answered(walk(page, username=username, remember=remember), asked)

    def answered(self, page: Page, asked: Asked) -> Login:
        """What came back of a request."""
        assert page.url.startswith(asked["redirect_uri"]), (page.url, page.status, page.text)
        parameters = page.parameters
        if "response" in parameters:
            # A signed answer (JARM) is only unpacked: a library verifies it in another story.
            payload = parameters["response"].split(".")[1]
            unpacked = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
            assert (unpacked["iss"], unpacked["aud"]) == (self.issuer, self.id)
            parameters = unpacked
        self.heard.note(parameters.get("code"), asked.verifier)
        cookies = page.browser.cookies.all()
        self.heard.note(*(kept.value for kept in cookies if kept.name.endswith(SECRET_COOKIES)))
        return Login(client=self, asked=asked, page=page, parameters=parameters)

    # --- asking directly ------------------------------------------------------------------------

    def assertion(self, **changes: object) -> str:
        """A client assertion (RFC 7523 section 3)."""
        at = int(self.now().timestamp())
        claims = {
            "iss": self.id,
            "sub": self.id,
            "aud": self.issuer,
            "jti": secrets.token_urlsafe(16),
            "iat": at,
            "exp": at + 60,
            **changes,
        }
        made = signed({"alg": self.algorithm}, claims, self.key)
        self.heard.note(made)
        return made

    def credentials(self) -> tuple[dict[str, str], dict[str, str]]:
        """Form fields and headers that prove this client."""
        if self.auth == "private_key_jwt":
            made = self.assertion()
            return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": made}, {}
        if self.auth == "client_secret_basic":
            assert self.secret is not None
            pair = f"{quote(self.id, safe='')}:{quote(self.secret, safe='')}".encode()
            return {}, {"Authorization": "Basic " + base64.b64encode(pair).decode()}
        if self.auth == "client_secret_post":
            assert self.secret is not None
            return {"client_id": self.id, "client_secret": self.secret}, {}
        return {"client_id": self.id}, {}

    def post(
        self, path: str, form: Mapping[str, str], *, over: Line | None = None, **more: str | None
    ) -> Reply:
        """Post a form to an endpoint, authenticated; ``more`` wins, None takes a field out."""
        proof, headers = self.credentials()
        sent = {**proof, **form, **more}
        kept = {name: value for name, value in sent.items() if value is not None}
        if over is not None:
            return over.ask("POST", path, kept, headers)
        return ask(self.issuer, "POST", path, kept, headers)

    def push(self, asked: Asked, **more: str | None) -> Reply:
        """Push an authorization request."""
        return self.post("/par", asked.parameters, **more)

    def redeem(
        self, code: str, verifier: str | None, *, over: Line | None = None, **more: str | None
    ) -> Reply:
        """Present a code at the token endpoint."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.callback}
        reply = self.post("/token", form, over=over, code_verifier=verifier, **more)
        return self._listened(reply)

    def refresh(self, token: str, *, over: Line | None = None, **more: str | None) -> Reply:
        """Present a refresh token."""
        form = {"grant_type": "refresh_token", "refresh_token": token}
        return self._listened(self.post("/token", form, over=over, **more))

    def introspect(self, token: str) -> dict[str, Any]:
        """Ask about a token."""
        return self.post("/introspect", {"token": token}).json

    def userinfo(self, token: str) -> Reply:
        """Ask for the claims."""
        return ask(self.issuer, "GET", "/userinfo", headers={"Authorization": f"Bearer {token}"})

    def _listened(self, reply: Reply) -> Reply:
        if reply.status == 200:
            names = ("access_token", "refresh_token", "id_token")
            self.heard.note(*(reply.json.get(name) for name in names))
        return reply


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """How one authorization request ended: with a code or with an error."""

    client: Client
    asked: Asked
    page: Page = field(repr=False)
    parameters: dict[str, str]

    @property
    def code(self) -> str:
        """The code."""
        return self.parameters["code"]

    def redeem(self, **more: Any) -> Reply:
        """Turn the code into tokens."""
        return self.client.redeem(self.code, self.asked.verifier, **more)

    def tokens(self) -> Tokens:
        """The tokens that the code gives, the ID token checked."""
        reply = self.redeem()
        assert reply.status == 200, reply
        made = Tokens(client=self.client, members=reply.json)
        nonce = self.asked.parameters.get("nonce")
        assert made.claims.get("nonce") == nonce
        return made


@dataclass(frozen=True, kw_only=True, slots=True)
class Tokens:
    """A token response."""

    client: Client
    members: dict[str, Any] = field(repr=False)

    @property
    def access(self) -> str:
        """The access token."""
        return str(self.members["access_token"])

    @property
    def refresh(self) -> str:
        """The refresh token."""
        return str(self.members["refresh_token"])

    @property
    def id_token(self) -> str:
        """The ID token as it came."""
        return str(self.members["id_token"])

    @property
    def header(self) -> dict[str, Any]:
        """The ID token's header."""
        return dict(jws.extract_compact(self.id_token.encode()).headers())

    @property
    def claims(self) -> dict[str, Any]:
        """The ID token's claims, its signature held against the published keys."""
        client = self.client
        published = ask(client.issuer, "GET", "/jwks").json
        claims = opened(self.id_token, published, algorithm=client.id_token_algorithm)
        assert claims["iss"] == client.issuer
        assert claims["aud"] in (client.id, [client.id])
        return claims

    def info(self) -> dict[str, Any]:
        """What userinfo says."""
        reply = self.client.userinfo(self.access)
        assert reply.status == 200, reply
        return reply.json


def walk(page: Page, *, username: str = "nora", remember: bool = True) -> Page:
    """Answer the provider's pages as the person who may sign in by name does."""
    if page.has("method-seeded"):
        page = page.press("method-seeded")
    if page.has("username"):
        page = page.form("seeded").submit(username=username)
    if page.has("agree"):
        page = page.press("agree", **({"remember": "1"} if remember else {}))
    if page.has("form-post"):
        page = page.press("continue")
    return page


def made_key(algorithm: str) -> ECKey | OKPKey | RSAKey:
    """A new private key that fits an algorithm, with its thumbprint for a name."""
    key: ECKey | OKPKey | RSAKey
    if algorithm == "ES256":
        key = ECKey.generate_key("P-256")
    elif algorithm in ("EdDSA", "Ed25519"):
        key = OKPKey.generate_key("Ed25519")
    else:
        key = RSAKey.generate_key(2048)
    members = {**key.as_dict(private=True), "kid": key.thumbprint()}
    return type(key).import_key(members)


def signed(
    header: Mapping[str, Any], claims: Mapping[str, Any], key: ECKey | OKPKey | RSAKey
) -> str:
    """A compact JWS under a key, with its name."""
    parts = [{"typ": "JWT", "kid": key.kid, **header}, dict(claims)]
    text = ".".join(_encoded(json.dumps(part).encode()) for part in parts)
    # The algorithm itself: the library's own verbs warn of EdDSA's name.
    signature = JWSRegistry.algorithms[str(header["alg"])].sign(text.encode(), key)
    return f"{text}.{_encoded(signature)}"


def opened(compact: str, published: Mapping[str, Any], *, algorithm: str) -> dict[str, Any]:
    """The claims of a JWS that one of the published keys signed, by this algorithm."""
    text, _, signature = compact.rpartition(".")
    header = jws.extract_compact(compact.encode()).headers()
    assert header["alg"] == algorithm
    (key,) = (key for key in published["keys"] if key["kid"] == header["kid"])
    kind = {"EC": ECKey, "OKP": OKPKey, "RSA": RSAKey}[key["kty"]]
    model = JWSRegistry.algorithms[algorithm]
    assert model.verify(text.encode(), _decoded(signature), kind.import_key(key))
    claims: dict[str, Any] = json.loads(_decoded(text.partition(".")[2]))
    return claims


def s256(verifier: str) -> str:
    """The challenge of a verifier (RFC 7636 section 4.2)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return _encoded(digest)


def _encoded(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
