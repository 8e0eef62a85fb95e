"""``fapi2``: FAPI 2.0 Security Profile, Message Signing for who registers it, and FAPI-CIBA."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from idp.domain.client import ClientAuth, Pkce
from idp.oidc.profiles.rule import Rule, RuleSet, code_asked, other_types

if TYPE_CHECKING:
    from idp.domain.client import Client
    from idp.oidc.profiles.rule import AskFacts, RequestFacts, SignedFacts

ALGORITHMS: Final = ("ES256", "Ed25519", "EdDSA", "PS256")
AUTHENTICATIONS: Final = frozenset(
    {ClientAuth.PRIVATE_KEY_JWT, ClientAuth.TLS, ClientAuth.SELF_SIGNED_TLS}
)
OBJECT_TYPE: Final = "oauth-authz-req+jwt"
CODE_LASTS: Final = timedelta(seconds=60)
_MOST_AHEAD: Final = 60
_HOUR: Final = 3600
_NEEDED_TO_ASK: Final = frozenset({"iss", "aud", "exp", "iat", "nbf", "jti"})


def _weak_method(client: Client) -> str | None:
    return None if client.auth in AUTHENTICATIONS else "token_endpoint_auth_method"


def _weak_algorithm(client: Client) -> str | None:
    named = {
        "id_token_signed_response_alg": client.id_token_algorithm,
        "token_endpoint_auth_signing_alg": client.auth_algorithm,
        "authorization_signed_response_alg": client.answer_algorithm,
        "backchannel_authentication_request_signing_alg": client.backchannel_signing_algorithm,
        "request_object_signing_alg": client.objects.algorithm,
        "userinfo_signed_response_alg": client.forms.userinfo_algorithm,
        "introspection_signed_response_alg": client.forms.introspection_algorithm,
    }
    return next((name for name, one in named.items() if one not in {None, *ALGORITHMS}), None)


def _no_pkce(client: Client) -> str | None:
    return None if client.pkce is Pkce.REQUIRED else "pkce"


def _unsafe_redirect(client: Client) -> str | None:
    safe = all(uri.startswith("https://") for uri in client.redirect_uris)
    return None if safe else "redirect_uris"


def _bearer_tokens(client: Client) -> str | None:
    bound = client.bound_tokens or client.certificates.bound
    return None if bound else "dpop_bound_access_tokens"


def _own_references(client: Client) -> str | None:
    return "request_uris" if client.objects.uris else None


def _only_us(proof: SignedFacts) -> bool:
    return proof.claims.get("aud") == proof.issuer


def _near_our_clock(signed: SignedFacts) -> bool:
    times = (signed.time("iat"), signed.time("nbf"))
    return all(time is None or time <= signed.now + _MOST_AHEAD for time in times)


def _strong(signed: SignedFacts) -> bool:
    return signed.algorithm in ALGORITHMS


def _challenged(request: RequestFacts) -> bool:
    params = request.params
    return params.get("code_challenge") is not None and (
        params.get("code_challenge_method") == "S256"
    )


def _signed_as_registered(request: RequestFacts) -> bool:
    return request.signed or not request.client.require_signed_requests


def _typed(signed: SignedFacts) -> bool:
    return signed.typ == OBJECT_TYPE or not signed.client.require_signed_requests


def _short(signed: SignedFacts) -> bool:
    begins, ends = signed.time("nbf"), signed.time("exp")
    return (
        begins is not None
        and ends is not None
        and ends - begins <= _HOUR
        and signed.now - begins <= _HOUR
    )


def _for_us(signed: SignedFacts) -> bool:
    audience = signed.claims.get("aud")
    return signed.issuer in (audience if isinstance(audience, list) else [audience])


def _whole(ask: AskFacts) -> bool:
    return ask.signed is None or ask.signed.claims.keys() >= _NEEDED_TO_ASK


RULES: Final = RuleSet(
    says="FAPI 2.0 Security Profile; Message Signing where signed requests are registered; "
    "FAPI-CIBA where the back-channel grant is.",
    rules=(
        Rule(
            name="client-auth",
            demands="The client proves itself by private_key_jwt or by its TLS certificate.",
            instead="write private_key_jwt, tls_client_auth or self_signed_tls_client_auth",
            source="FAPI 2.0 Security Profile 5.3.2.1",
            registration=_weak_method,
        ),
        Rule(
            name="sender-constrained",
            demands="Every token is bound to a key: by DPoP, or by the client's certificate.",
            instead="register dpop_bound_access_tokens or "
            "tls_client_certificate_bound_access_tokens, and prove the key at /token",
            source="FAPI 2.0 Security Profile 5.3.2.1",
            registration=_bearer_tokens,
            token=lambda token: token.keyed,
        ),
        Rule(
            name="algorithms",
            demands="Whatever either side signs is signed with ES256, EdDSA (Ed25519) or PS256.",
            instead="write ES256, EdDSA, Ed25519 or PS256, never RS256",
            source="FAPI 2.0 Security Profile 5.4.1",
            registration=_weak_algorithm,
            proof=_strong,
            object=_strong,
            ask=lambda ask: ask.signed is None or _strong(ask.signed),
        ),
        Rule(
            name="https-redirects",
            demands="Answers go to https addresses alone.",
            instead="write https://, for loopback too",
            source="FAPI 2.0 Security Profile 5.3.2.2",
            registration=_unsafe_redirect,
        ),
        Rule(
            name="assertion-audience",
            demands="A client assertion is for the issuer, named as one plain string.",
            instead="set aud to the issuer: no list, and no endpoint's address",
            source="FAPI 2.0 Security Profile 5.3.2.1",
            proof=_only_us,
        ),
        Rule(
            name="clock-skew",
            demands="iat and nbf are not more than 60 seconds ahead.",
            instead="set the clock, or nbf a little in the past",
            source="FAPI 2.0 Security Profile 5.3.2.1",
            proof=_near_our_clock,
            object=_near_our_clock,
            ask=lambda ask: ask.signed is None or _near_our_clock(ask.signed),
        ),
        Rule(
            name="par-required",
            demands="Requests are pushed; a browser brings a request_uri and nothing else.",
            instead="post the request to the pushed_authorization_request_endpoint",
            source="FAPI 2.0 Security Profile 5.3.2.2",
            registration=_own_references,
            request=lambda request: request.pushed,
        ),
        Rule(
            name="signed-requests",
            demands="Who registered require_signed_request_object signs every request.",
            instead="send the parameters as a signed object in request",
            source="FAPI 2.0 Message Signing 5.3.1",
            request=_signed_as_registered,
        ),
        Rule(
            name="code-only",
            demands="The response type is code.",
            instead="write and send code as the response type",
            source="FAPI 2.0 Security Profile 5.3.2.2",
            registration=other_types,
            request=code_asked,
        ),
        Rule(
            name="pkce-s256",
            demands="Every request has a code challenge, by S256.",
            instead="leave out pkce, and send code_challenge with code_challenge_method=S256",
            source="FAPI 2.0 Security Profile 5.3.2.2",
            registration=_no_pkce,
            request=_challenged,
        ),
        Rule(
            name="object-type",
            demands="Who registered require_signed_request_object types its objects "
            "oauth-authz-req+jwt.",
            instead="set typ in the header to oauth-authz-req+jwt",
            source="FAPI 2.0 Message Signing 5.3.1",
            object=_typed,
        ),
        Rule(
            name="object-times",
            demands="A request object has nbf, an hour old at most, and exp within an hour of it.",
            instead="set nbf to now and exp to some minutes later",
            source="FAPI 2.0 Message Signing 5.3.1; FAPI-CIBA 5.2.2",
            object=_short,
            ask=lambda ask: ask.signed is None or _short(ask.signed),
        ),
        Rule(
            name="object-audience",
            demands="A request object is for the issuer, alone or in a list.",
            instead="set aud to the issuer",
            source="FAPI 2.0 Message Signing 5.3.1; FAPI-CIBA 5.2.2",
            object=_for_us,
            ask=lambda ask: ask.signed is None or _for_us(ask.signed),
        ),
        Rule(
            name="code-lifetime",
            demands="A code is redeemed within 60 seconds, whatever the settings say.",
            instead="redeem the code at once",
            source="FAPI 2.0 Security Profile 5.3.2.2",
            token=lambda token: token.age is None or token.age <= CODE_LASTS,
        ),
        Rule(
            name="token-in-header",
            demands="An access token stands in the Authorization header.",
            instead="send the token in the header Authorization, by DPoP or Bearer",
            source="FAPI 2.0 Security Profile 5.3.4",
            resource=lambda resource: resource.in_header,
        ),
        Rule(
            name="ciba-signed",
            demands="Back-channel requests are signed.",
            instead="send the parameters as a signed object in request",
            source="FAPI-CIBA 5.2.2",
            ask=lambda ask: ask.signed is not None,
        ),
        Rule(
            name="ciba-claims",
            demands="A signed back-channel request has iss, aud, exp, iat, nbf and jti.",
            instead="add the claim that is missing",
            source="CIBA Core 7.1.1; FAPI-CIBA 5.2.2",
            ask=_whole,
        ),
    ),
    habits=(
        (
            "Refresh tokens are not rotated: they are good with the client's key alone "
            "(FAPI 2.0 Security Profile 5.3.2.1)."
        ),
    ),
)
