"""Clients that want their answers signed and encrypted, and what they read of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joserfc import jwe
from joserfc.jwk import ECKey, RSAKey

from tests.world.client import opened, walk
from tests.world.wire import ask

if TYPE_CHECKING:
    from tests.world.client import Client
    from tests.world.scripted import Browser
    from tests.world.shops import Shops
    from tests.world.wire import Reply

TO = {
    "EC": ECKey.generate_key("P-256", {"kid": "to-ec", "use": "enc"}),
    "RSA": RSAKey.generate_key(2048, {"kid": "to-rsa", "use": "enc"}),
}
SIGNED = ("userinfo", "introspection")
ENCRYPTED = ("id_token", *SIGNED, "authorization")
USUAL = ("ECDH-ES", "A256GCM")
BASIC = "client_secret_basic"
AS_JWT = {"Accept": "application/token-introspection+jwt"}


def private(algorithm: str) -> dict[str, Any]:
    """The client's private key for an algorithm of encryption, as a JWK."""
    key = TO["RSA" if algorithm.startswith("RSA") else "EC"]
    return {**key.as_dict(private=True), "kid": key.kid, "use": "enc", "alg": algorithm}


def signing(made: Shops, algorithm: str) -> Client:
    """A client whose userinfo and introspections are signed by an algorithm."""
    name = f"signed-{algorithm.lower()}"
    changes = {f"{of}_signed_response_alg": algorithm for of in SIGNED}
    return made.known.get(name) or made.add(name, changes=changes, auth=BASIC)


def encrypting(made: Shops, algorithm: str = USUAL[0], content: str = USUAL[1]) -> Client:
    """A client whose every answer is encrypted, with its keys for that and no other."""
    name = f"encrypted-{algorithm.lower().replace('+', '-')}-{content.lower()}"
    if name in made.known:
        return made[name]
    changes: dict[str, object] = {f"{of}_signed_response_alg": "ES256" for of in SIGNED}
    for of in ENCRYPTED:
        changes[f"{of}_encrypted_response_alg"] = algorithm
        changes[f"{of}_encrypted_response_enc"] = content
    keys = [{**key.as_dict(private=False), "kid": key.kid, "use": "enc"} for key in TO.values()]
    return made.add(name, changes={**changes, "jwks": {"keys": keys}}, auth=BASIC)


def inside(client: Client, text: str, algorithm: str, content: str) -> dict[str, Any]:
    """The claims of a nested JWT: opened by the client's key, then held to the published ones."""
    key = TO["RSA" if algorithm.startswith("RSA") else "EC"]
    found = jwe.decrypt_compact(text, key, algorithms=[algorithm, content])
    assert found.plaintext is not None
    assert found.headers()["cty"] == "JWT"
    published = ask(client.issuer, "GET", "/jwks").json
    claims = opened(found.plaintext.decode(), published, algorithm="ES256")
    assert (claims["iss"], claims["aud"]) == (client.issuer, client.id)
    return claims


def introspected(client: Client, token: str, *, headers: dict[str, str] | None = None) -> Reply:
    """What introspection answers, as it came."""
    _, proof = client.credentials()
    return ask(client.issuer, "POST", "/introspect", {"token": token}, {**proof, **(headers or {})})


def signed_case(made: Shops, browser: Browser, algorithm: str) -> None:
    """Userinfo and introspection come signed by this algorithm."""
    client = signing(made, algorithm)
    token = client.log_in(browser).redeem().json["access_token"]
    published = ask(client.issuer, "GET", "/jwks").json
    info, seen = client.userinfo(token), introspected(client, token)
    assert info.headers["Content-Type"] == "application/jwt"
    assert seen.headers["Content-Type"] == AS_JWT["Accept"]
    for reply in (info, seen):
        assert reply.headers["Cache-Control"] == "no-store"
        claims = opened(reply.text, published, algorithm=algorithm)
        assert (claims["iss"], claims["aud"]) == (client.issuer, client.id)


def encrypted_case(made: Shops, browser: Browser, algorithm: str, content: str) -> None:
    """All four kinds of answers come encrypted so."""
    client = encrypting(made, algorithm, content)
    page, asked = client.open(browser, response_mode="jwt")
    response = walk(page).parameters["response"]
    code = inside(client, response, algorithm, content)["code"]
    given = client.redeem(code, asked.verifier).json
    token = given["access_token"]
    claims = inside(client, given["id_token"], algorithm, content)
    info = inside(client, client.userinfo(token).text, algorithm, content)
    assert info["sub"] == claims["sub"]
    seen = inside(client, introspected(client, token).text, algorithm, content)
    assert seen["token_introspection"]["active"] is True


def management_case(made: Shops, browser: Browser, value: str) -> None:
    """A way that the key gets there."""
    encrypted_case(made, browser, value, USUAL[1])


def content_case(made: Shops, browser: Browser, value: str) -> None:
    """A way to encrypt the content."""
    encrypted_case(made, browser, USUAL[0], value)


LISTS = {
    **{f"{of}_signing_alg_values_supported": signed_case for of in SIGNED},
    **{f"{of}_encryption_alg_values_supported": management_case for of in ENCRYPTED},
    **{f"{of}_encryption_enc_values_supported": content_case for of in ENCRYPTED},
}
