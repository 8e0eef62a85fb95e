"""The token endpoint (RFC 6749 section 3.2): who calls, by which grant type, and is that theirs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from idp.errors import (
    CERTIFICATE_REQUIRED,
    INVALID_REQUEST,
    ONE_BINDING,
    UNAUTHORIZED_CLIENT,
    UNSUPPORTED_GRANT_TYPE,
    Refused,
)
from idp.oidc import code_grant, exchange, paths, refresh
from idp.oidc.ciba import grant as ciba
from idp.oidc.ciba.grant import BackchannelGrant
from idp.oidc.code_grant import CodeGrant
from idp.oidc.exchange import ExchangeGrant
from idp.oidc.issuing import Issuing
from idp.oidc.profiles.keeping import hold_token
from idp.oidc.profiles.rule import TokenFacts
from idp.oidc.refresh import RefreshGrant

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from idp.config import Settings
    from idp.oidc.access_tokens import AccessTokens
    from idp.oidc.certificates import ClientCertificate
    from idp.oidc.client_auth import Caller, ClientAuthentication
    from idp.oidc.dpop import Proofs
    from idp.oidc.form import Parameters
    from idp.oidc.pens import Pens
    from idp.store.ports import Ledger
    from idp.store.short_lived import Ephemeral
    from mobile_flow.approvals import Approvals

GRANT_TYPES = (
    code_grant.GRANT_TYPE,
    refresh.GRANT_TYPE,
    ciba.GRANT_TYPE,
    exchange.GRANT_TYPE,
)
"""What works here, and so what is advertised."""


class TokenEndpoint:
    """Answers ``POST /token``."""

    def __init__(  # noqa: PLR0913 - the store, who asks, what signs and proves, the world
        self,
        settings: Settings,
        *,
        ledger: Ledger,
        authentication: ClientAuthentication,
        pens: Pens,
        tokens: AccessTokens,
        proofs: Proofs,
        ephemeral: Ephemeral,
        approvals: Approvals | None,
        now: Callable[[], datetime],
        entropy: Callable[[int], bytes],
    ) -> None:
        self._authentication = authentication
        self._proofs = proofs
        issuing = Issuing(settings, pens=pens, now=now, entropy=entropy)
        self._grants = {
            code_grant.GRANT_TYPE: CodeGrant(
                settings, ledger=ledger, issuing=issuing, now=now, entropy=entropy
            ).exchange,
            refresh.GRANT_TYPE: RefreshGrant(
                settings, ledger=ledger, issuing=issuing, now=now
            ).exchange,
            ciba.GRANT_TYPE: BackchannelGrant(
                settings,
                ledger=ledger,
                ephemeral=ephemeral,
                issuing=issuing,
                approvals=approvals,
                now=now,
                entropy=entropy,
            ).exchange,
            exchange.GRANT_TYPE: ExchangeGrant(
                settings,
                ledger=ledger,
                issuing=issuing,
                presented=tokens,
                now=now,
                entropy=entropy,
            ).exchange,
        }

    def exchange(
        self,
        params: Parameters,
        *,
        authorization: str | None,
        address: str | None,
        dpop: str | None = None,
        certificate: ClientCertificate | None = None,
    ) -> dict[str, object]:
        """Give the token response (RFC 6749 section 5.1; OpenID Connect Core 3.1.3.3).

        Args:
            params: the form body.
            authorization: the ``Authorization`` header as sent.
            address: the network address, as believed.
            dpop: the ``DPoP`` header as sent.
            certificate: that of the connection, as a named proxy handed it over.

        Raises:
            Refused: as ``authenticate`` and the grant types do; UNSUPPORTED_GRANT_TYPE;
                UNAUTHORIZED_CLIENT for a grant type that is not registered for the client;
                INVALID_DPOP_PROOF, USE_DPOP_NONCE; CERTIFICATE_REQUIRED, ONE_BINDING; as the
                client's profile refuses.
        """
        caller = self._authentication.authenticate(
            params, authorization=authorization, address=address, certificate=certificate
        )
        grant_type = params.get("grant_type")
        if grant_type is None:
            raise Refused(INVALID_REQUEST, "grant_type is missing")
        redeem = self._grants.get(grant_type)
        if redeem is None:
            raise Refused(UNSUPPORTED_GRANT_TYPE)
        if grant_type not in caller.client.grant_types:
            raise Refused(UNAUTHORIZED_CLIENT)
        keyed = caller.certificate if caller.client.certificates.bound else dpop
        hold_token(caller.client, TokenFacts(client=caller.client, keyed=keyed is not None))
        return redeem(params, self._with_key(caller, dpop))

    def _with_key(self, caller: Caller, dpop: str | None) -> Caller:
        """Demand what the client's tokens are bound to: a proof, or the certificate, never both."""
        if caller.client.certificates.bound:
            if dpop is not None:
                raise Refused(ONE_BINDING, "a DPoP proof beside the certificate")
            if caller.certificate is None:
                raise Refused(CERTIFICATE_REQUIRED, "no certificate was handed over")
            return caller
        if dpop is None and not caller.client.bound_tokens:
            return caller
        proof = self._proofs.verify(dpop, method="POST", path=paths.TOKEN)
        return replace(caller, proof=proof)
