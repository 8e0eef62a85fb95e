"""How a client proves itself at ``/token``, ``/par``, ``/introspect`` and ``/revoke``.

The method a client registered is the only one it may use, and one request uses one method
(RFC 6749 section 2.3). What was presented decides, never what was hoped for: a client that has a
secret or a key and sends only its name is refused. An unknown client, a wrong secret and a wrong
method answer alike, after the same work.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_to_bytes

from idp.domain.client import Client, ClientAuth, ClientId, is_open
from idp.errors import CLIENT_DISABLED, INVALID_CLIENT, INVALID_REQUEST, Refused
from idp.oidc import assertions, certificates
from idp.oidc.assertions import Assertions, SpentAssertion, UnverifiedAssertion
from idp.oidc.auth_methods import BY_CERTIFICATE
from idp.oidc.certificates import ClientCertificate
from idp.oidc.dpop import Proof
from idp.oidc.profiles import keeping
from idp.oidc.throttle import Throttle
from idp.store.ports import AlreadySpent

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from idp.config import Settings
    from idp.oidc.client_jws import ClientKeys
    from idp.oidc.form import Parameters
    from idp.store.ports import Ledger, Unit
    from idp.store.short_lived import Ephemeral

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LONGEST_HEADER: Final = 2048
_LONGEST_SECRET: Final = 512
_CLIENT_ID: Final = re.compile(r"[\x21-\x7e]{1,255}")
_FORM_ENCODED: Final = re.compile(rb"(?:[A-Za-z0-9*._~+-]|%[0-9A-Fa-f]{2})+")
_NO_SECRET: Final = hashlib.sha256(b"no client has this secret").hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """An authenticated client, and what its work must still spend.

    Attributes:
        proof: the proof of a key that came with the request, if one did.
        certificate: the one of its TLS connection, if one was handed over.
    """

    client: Client
    method: ClientAuth
    assertion: SpentAssertion | None = None
    proof: Proof | None = None
    certificate: ClientCertificate | None = None

    @property
    def key(self) -> str | None:
        """Give what its tokens are bound to: the key of its proof, or its certificate.

        A certificate binds only for who registered so (RFC 8705 section 3.4).
        """
        if self.proof is not None:
            return self.proof.key
        if self.client.certificates.bound and self.certificate is not None:
            return self.certificate.key
        return None

    def claim(self, unit: Unit) -> None:
        """Spend assertion and proof in the unit of the work they came for.

        Raises:
            Refused: INVALID_DPOP_PROOF, INVALID_CLIENT: it was used before (RFC 9449 section 11.1,
                RFC 7523 section 3, ``jti``).
        """
        if self.proof is not None:
            self.proof.spend(unit)
        if self.assertion is None:
            return
        try:
            unit.spend("assertion", self.assertion.key, until=self.assertion.until)
        except AlreadySpent:
            raise Refused(INVALID_CLIENT, "assertion: used before") from None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Presented:
    """What one request presented, by exactly one method."""

    method: ClientAuth
    client_id: ClientId
    secret: str | None = None
    assertion: UnverifiedAssertion | None = None
    certificate: ClientCertificate | None = None


class ClientAuthentication:
    """Authenticates requests; shared by every endpoint that clients call."""

    def __init__(
        self,
        settings: Settings,
        *,
        ledger: Ledger,
        ephemeral: Ephemeral,
        keys: ClientKeys,
        now: Callable[[], datetime],
    ) -> None:
        self._ledger = ledger
        self._keys = keys
        self._assertions = Assertions(settings, keys=keys, now=now)
        self._throttle = Throttle(ephemeral, now=now)
        self._now = now

    def authenticate(
        self,
        params: Parameters,
        *,
        authorization: str | None,
        address: str | None,
        certificate: ClientCertificate | None = None,
    ) -> Caller:
        """Tell who calls.

        Args:
            params: the form body.
            authorization: the ``Authorization`` header as sent.
            address: the network address, as believed, for counting failures.
            certificate: that of the TLS connection, as a named proxy handed it over.

        Raises:
            Refused: INVALID_CLIENT, CLIENT_DISABLED, INVALID_REQUEST (several methods, or an
                unknown type of assertion), TOO_MANY_REQUESTS; as the client's profile refuses.
        """
        presented = _presented(params, authorization)
        if certificate is not None:
            presented = replace(presented, certificate=certificate)
        self._throttle.admit(presented.client_id, address)
        try:
            return self._verified(presented)
        except Refused as refused:
            if refused.problem.oauth == INVALID_CLIENT.oauth:
                self._throttle.failed(presented.client_id, address)
            raise

    def _verified(self, presented: _Presented) -> Caller:
        with self._ledger.read() as unit:
            client = unit.clients.get(presented.client_id)
        # A client of another method is treated as unknown from here on, with the same work.
        method = _method(presented, client)
        if client is not None and client.auth is not method:
            client = None
        assertion = None
        if presented.assertion is not None:
            assertion = self._assertions.verify(presented.assertion, client)
        elif presented.secret is not None:
            self._check_secret(presented.secret, client)
        if client is None:
            raise Refused(INVALID_CLIENT, "unknown client, or not its registered method")
        if method in BY_CERTIFICATE:
            self._check_certificate(presented.certificate, client)
        self._check_open(client)
        keeping.hold_registration(client)
        return Caller(
            client=client,
            method=method,
            assertion=assertion,
            certificate=presented.certificate,
        )

    def _check_certificate(self, certificate: ClientCertificate | None, client: Client) -> None:
        """Demand the registered certificate (RFC 8705 section 2)."""
        if certificate is None:
            raise Refused(INVALID_CLIENT, "no certificate was handed over")
        if client.auth is ClientAuth.SELF_SIGNED_TLS:
            certificates.prove_by_key(certificate, self._keys.sets(client), now=self._now())
            return
        if client.certificates.subject is None:
            raise Refused(INVALID_CLIENT, "no subject is registered")
        certificates.prove_by_subject(certificate, client.certificates.subject, now=self._now())

    def _check_secret(self, secret: str, client: Client | None) -> None:
        """Compare with every secret that lives, in constant time, and with one at least."""
        digest = hashlib.sha256(secret.encode()).hexdigest()
        now = self._now()
        live = [one.digest for one in client.secrets if now < one.expires_at] if client else []
        right = [hmac.compare_digest(digest, kept) for kept in (_NO_SECRET, *live)]
        if not any(right[1:]):
            raise Refused(INVALID_CLIENT, "unknown client, wrong or expired secret")

    def _check_open(self, client: Client) -> None:
        if not is_open(client, self._now()):
            raise Refused(CLIENT_DISABLED, "client is disabled, or its registration has ended")


def _method(presented: _Presented, client: Client | None) -> ClientAuth:
    """Give the method that was used: a name beside a certificate is that client's method by it."""
    by_certificate = (
        client is not None
        and client.auth in BY_CERTIFICATE
        and presented.method is ClientAuth.NONE
        and presented.certificate is not None
    )
    return client.auth if client is not None and by_certificate else presented.method


def _presented(params: Parameters, authorization: str | None) -> _Presented:
    """Find the one method that was used. Raises: Refused(INVALID_CLIENT, INVALID_REQUEST)."""
    names = params.names()
    by_assertion = not names.isdisjoint({"client_assertion", "client_assertion_type"})
    by_post = "client_secret" in names
    if (authorization is not None) + by_assertion + by_post > 1:
        raise Refused(INVALID_REQUEST, "several methods of client authentication")
    if authorization is not None:
        presented = _basic(authorization)
    elif by_assertion:
        presented = _assertion(params)
    else:
        presented = _post_or_none(params)
    if params.get("client_id") not in {None, presented.client_id}:
        raise Refused(INVALID_CLIENT, "client_id is of another client")
    return presented


def _basic(authorization: str) -> _Presented:
    """Read HTTP Basic strictly (RFC 7617), both halves form-encoded (RFC 6749 section 2.3.1)."""
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() != "basic" or len(credentials) > _LONGEST_HEADER:
        raise Refused(INVALID_CLIENT, "Authorization is not Basic, or too long")
    try:
        pair = base64.b64decode(credentials, validate=True)
    except (binascii.Error, ValueError):
        raise Refused(INVALID_CLIENT, "Basic is not base64") from None
    if base64.b64encode(pair).decode("ascii") != credentials:
        raise Refused(INVALID_CLIENT, "Basic is not canonical base64")
    name, colon, secret = pair.partition(b":")
    if not colon:
        raise Refused(INVALID_CLIENT, "Basic has no colon")
    return _Presented(
        method=ClientAuth.SECRET_BASIC,
        client_id=_named(_form_decoded(name)),
        secret=_form_decoded(secret),
    )


def _form_decoded(half: bytes) -> str:
    if _FORM_ENCODED.fullmatch(half) is None:
        raise Refused(INVALID_CLIENT, "Basic is not form-encoded")
    try:
        return unquote_to_bytes(half.replace(b"+", b" ")).decode()
    except UnicodeDecodeError:
        raise Refused(INVALID_CLIENT, "Basic is not UTF-8") from None


def _assertion(params: Parameters) -> _Presented:
    text = params.get("client_assertion")
    if params.get("client_assertion_type") != ASSERTION_TYPE or text is None:
        raise Refused(INVALID_REQUEST, "client_assertion and its type go together")
    unverified = assertions.read(text)
    return _Presented(
        method=ClientAuth.PRIVATE_KEY_JWT,
        client_id=_named(unverified.client_id),
        assertion=unverified,
    )


def _post_or_none(params: Parameters) -> _Presented:
    client_id = params.get("client_id")
    if client_id is None:
        raise Refused(INVALID_CLIENT, "no client authentication at all")
    secret = params.text("client_secret")
    if secret is not None and len(secret) > _LONGEST_SECRET:
        raise Refused(INVALID_CLIENT, "client_secret is too long")
    method = ClientAuth.NONE if secret is None else ClientAuth.SECRET_POST
    return _Presented(method=method, client_id=_named(client_id), secret=secret)


def _named(client_id: str) -> ClientId:
    if _CLIENT_ID.fullmatch(client_id) is None:
        raise Refused(INVALID_CLIENT, "no client has such a name")
    return ClientId(client_id)
