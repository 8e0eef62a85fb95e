"""The clients and configurations of the FAPI plans: keys and certificates made here, for the suite.

Each plan gets two clients under the profile ``fapi2``, whose private keys only the written file
holds, and a file of its own: the plans differ in what their clients registered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.jwk import ECKey

from idp.cli.client_output import refused_by
from idp.cli.client_rows import record, save
from idp.cli.conformance_suite import USERNAME, browser_walks
from idp.domain.client import ClientId
from idp.domain.profile import Profile
from idp.oidc import paths
from idp.oidc.dynamic.documents import purposes_of_seeded
from idp.oidc.registration.backchannel import CIBA
from idp.oidc.registration.policy import policy_of
from idp.oidc.registration.rules import register

if TYPE_CHECKING:
    from datetime import datetime

    from idp.cli.conformance_suite import Suite
    from idp.foundation import Foundation
    from idp.oidc.registration.policy import Policy

_LASTS: Final = timedelta(days=90)
_SCOPE: Final = "openid profile email"
_ASKING: Final = {
    "grant_types": ["authorization_code", CIBA],
    "backchannel_authentication_request_signing_alg": "ES256",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Plan:
    """One of the suite's plans.

    Attributes:
        registered: by its clients, beside what all of them register.
        by_certificate: they prove themselves so.
        asking: it is about back-channel requests.
    """

    registered: Mapping[str, object]
    by_certificate: bool = False
    asking: bool = False


_PLANS: Final[Mapping[str, _Plan]] = {
    "fapi2": _Plan(registered={}),
    "fapi2-message-signing": _Plan(registered={"require_signed_request_object": True}),
    "fapi2-mtls": _Plan(registered={}, by_certificate=True),
    "fapi-ciba-poll": _Plan(registered=_ASKING, asking=True),
    "fapi-ciba-ping": _Plan(registered=_ASKING, asking=True),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Keyed:
    """A client of the suite with its private key."""

    id: str
    private: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def credentials(self) -> dict[str, object]:
        """Give what the suite is told of it."""
        private = {
            **ECKey.import_key(self.private).as_dict(private=True),
            "kid": self.id,
            "use": "sig",
            "alg": "ES256",
        }
        return {"client_id": self.id, "scope": _SCOPE, "jwks": {"keys": [private]}}

    def tls(self) -> dict[str, str]:
        """Give its certificate and key, as the suite's TLS loads them."""
        pem = self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return {
            "cert": self.certificate.public_bytes(Encoding.PEM).decode("ascii"),
            "key": pem.decode("ascii"),
        }


def fapi_plans(foundation: Foundation, suite: Suite) -> dict[str, dict[str, object]]:
    """Register the clients of each plan that this deployment can pass; give its configuration.

    Those that prove clients by certificate are for deployments with a proxy that hands it over.

    Raises:
        click.ClickException: a registration is refused.
    """
    certificates = foundation.settings.mtls.enabled
    return {
        name: _configuration(foundation, suite, name, plan)
        for name, plan in _PLANS.items()
        if certificates or not plan.by_certificate
    }


def _configuration(
    foundation: Foundation, suite: Suite, name: str, plan: _Plan
) -> dict[str, object]:
    first, second = (
        _entered(foundation, suite, f"suite-{name}{tail}", plan) for tail in ("", "-b")
    )
    settings = foundation.settings
    issuer, mtls = settings.issuer, settings.mtls
    resource = issuer if mtls.url is None or not mtls.enabled else mtls.url
    document: dict[str, object] = {
        "alias": suite.alias,
        "description": f"Sesame at {issuer}, {name}",
        "server": {"discoveryUrl": issuer + paths.DISCOVERY},
        "client": first.credentials(),
        "client2": second.credentials(),
        "resource": {"resourceUrl": resource + paths.USERINFO},
        "browser": browser_walks(suite, issuer),
    }
    if mtls.enabled:
        document |= {"mtls": first.tls(), "mtls2": second.tls()}
    if plan.asking:
        hint = {"hint_type": "login_hint", "hint_value": USERNAME}
        document["client"] = {**first.credentials(), **hint}
        document["client2"] = {**second.credentials(), **hint}
        hook = f"{issuer}/testing/ciba?auth_req_id={{auth_req_id}}&action={{action}}"
        document["automated_ciba_approval_url"] = hook
    return document


def _entered(foundation: Foundation, suite: Suite, client_id: str, plan: _Plan) -> _Keyed:
    """Register a client with a new key, or bring the one that is there to this state."""
    now = foundation.now()
    private = ec.generate_private_key(ec.SECP256R1())
    key = ECKey.import_key(private)
    policy = policy_of(foundation.settings)
    document = _document(suite, policy, client_id, plan, key)
    with foundation.ledger.begin() as unit:
        former = unit.clients.get(ClientId(client_id))
        with refused_by():
            client = register(document, policy, now=now, former=former)
        if former is None:
            unit.clients.add(client)
            record(unit, client.id, at=now, change="added for the conformance suite")
        else:
            changed = replace(client, enabled=True)
            save(unit, changed, at=now, change="renewed for the conformance suite")
    return _Keyed(id=client_id, private=private, certificate=_certificate(client_id, private, now))


def _document(
    suite: Suite, policy: Policy, client_id: str, plan: _Plan, key: ECKey
) -> dict[str, Any]:
    # The plans of back-channel requests know no binding but that to a certificate.
    to_certificate = policy.certificates and (plan.by_certificate or plan.asking)
    bound = "tls_client_certificate_bound_access_tokens" if to_certificate else None
    method = "self_signed_tls_client_auth" if plan.by_certificate else "private_key_jwt"
    document = {
        "client_id": client_id,
        "client_name": dict.fromkeys(policy.languages, "Conformance suite"),
        "profile": Profile.FAPI2.value,
        "sector": str(urlsplit(suite.url).hostname),
        "redirect_uris": [suite.callback, f"{suite.callback}?dummy1=lorem&dummy2=ipsum"],
        "token_endpoint_auth_method": method,
        "jwks": {"keys": [{**key.as_dict(private=False), "kid": client_id}]},
        "grant_types": ["authorization_code", "refresh_token"],
        "scope": _SCOPE,
        "id_token_signed_response_alg": "ES256",
        bound or "dpop_bound_access_tokens": True,
        "purposes": purposes_of_seeded(policy),
        **plan.registered,
    }
    if client_id.startswith("suite-fapi-ciba-ping"):
        document |= {
            "backchannel_token_delivery_mode": "ping",
            "backchannel_client_notification_endpoint": suite.notified,
        }
    return document


def _certificate(name: str, key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    """Let a key sign a certificate for itself (RFC 8705 section 2.2)."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _LASTS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
