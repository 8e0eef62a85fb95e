"""Our own resources: an access token that was presented, alive, with its key, for this very one.

Where its client has come to demand more of a login than this one was, the refusal says what to ask
for (RFC 9470 section 3).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from idp.domain.step_up import Shortfall, shortfall
from idp.errors import (
    INSUFFICIENT_AUTHENTICATION,
    INSUFFICIENT_SCOPE,
    INVALID_TOKEN,
    TOKEN_MISSING,
    Refused,
)
from idp.oidc.access_tokens import LONGEST
from idp.oidc.binding import is_certificate
from idp.oidc.certificates import ClientCertificate
from idp.oidc.form import Parameters
from idp.oidc.living import living
from idp.oidc.profiles.keeping import hold_resource
from idp.oidc.profiles.rule import ResourceFacts

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from idp.config import Settings
    from idp.domain.client import Client
    from idp.domain.grant import LiveToken
    from idp.oidc.access_tokens import AccessTokens
    from idp.oidc.dpop import Proof, Proofs
    from idp.store.ports import Ledger

_B64TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Presented:
    """What came with a request to a resource.

    Attributes:
        authorization: the ``Authorization`` header as sent.
        params: the form body of a POST, never a query.
        method, path: the request's.
        dpop: the ``DPoP`` header as sent.
        certificate: that of the connection, as a named proxy handed it over.
    """

    authorization: str | None = field(repr=False)
    params: Parameters | None = field(default=None, repr=False)
    method: str
    path: str
    dpop: str | None = field(default=None, repr=False)
    certificate: ClientCertificate | None = None


class StepUpNeeded(Refused):
    """The login behind a good token is less than its client demands now."""

    def __init__(self, missing: Shortfall) -> None:
        super().__init__(INSUFFICIENT_AUTHENTICATION, "the registration demands more since")
        self.missing = missing


class OwnResource:
    """Opens one of our resources to who presents a token for it."""

    def __init__(
        self,
        settings: Settings,
        *,
        audience: str,
        ledger: Ledger,
        tokens: AccessTokens,
        proofs: Proofs,
        now: Callable[[], datetime],
    ) -> None:
        self._within = settings.lifetimes.transaction
        self._audience = audience
        self._ledger = ledger
        self._tokens = tokens
        self._proofs = proofs
        self._now = now

    def open(self, presented: Presented, *, scope: str) -> tuple[LiveToken, Client]:
        """Give the token, with the registration as it is now.

        Raises:
            Refused: TOKEN_MISSING, INVALID_TOKEN, INSUFFICIENT_SCOPE (RFC 6750 section 3.1);
                INVALID_DPOP_PROOF, USE_DPOP_NONCE (RFC 9449 section 7.1); as the client's profile
                refuses.
            StepUpNeeded: INSUFFICIENT_AUTHENTICATION.
        """
        text, bound = _text(presented)
        proof = None
        if bound:
            proof = self._proofs.verify(
                presented.dpop, method=presented.method, path=presented.path, access_token=text
            )
        named = self._tokens.read(text)
        with self._ledger.read() as unit:
            found, client = living(unit, named, at=self._now())
        in_header = presented.authorization is not None
        hold_resource(client, ResourceFacts(client=client, in_header=in_header))
        if found.token.key != _proven(found, proof, presented.certificate):
            raise Refused(INVALID_TOKEN, "bound to a key that was not proven, or to none")
        if proof is not None:
            self._proofs.use_here(proof)
        if self._audience not in found.token.audience:
            raise Refused(INVALID_TOKEN, "token for another resource")
        if scope not in found.token.scopes:
            raise Refused(INSUFFICIENT_SCOPE, f"token without {scope}")
        missing = shortfall(client, found.grant, within=self._within)
        if missing is not None:
            raise StepUpNeeded(missing)
        return found, client


def _proven(
    found: LiveToken, proof: Proof | None, certificate: ClientCertificate | None
) -> str | None:
    """Give the key that was proven: a certificate counts where the token is bound to one."""
    if proof is not None:
        return proof.key
    if certificate is not None and is_certificate(found.token.key):
        return certificate.key
    return None


def _text(presented: Presented) -> tuple[str, bool]:
    """Find the one token, and whether it came as one that is bound to a key.

    See RFC 6750 section 2 and RFC 9449 section 7.1. Raises: Refused(TOKEN_MISSING, INVALID_TOKEN).
    """
    authorization, params = presented.authorization, presented.params
    in_body = None if params is None else params.get("access_token")
    if (authorization is None) == (in_body is None):
        raise Refused(TOKEN_MISSING, "no token, or one in two places")
    text, bound = in_body, False
    if authorization is not None:
        scheme, _, text = authorization.partition(" ")
        bound = scheme.lower() == "dpop"
        if not bound and scheme.lower() != "bearer":
            raise Refused(TOKEN_MISSING, "another scheme than Bearer or DPoP")
    if text is None or len(text) > LONGEST or _B64TOKEN.fullmatch(text) is None:
        raise Refused(INVALID_TOKEN, "not a token")
    return text, bound
