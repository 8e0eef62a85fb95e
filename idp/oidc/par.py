"""Pushed authorization requests (RFC 9126): checked and kept before a browser is involved.

A pushed request is read, never taken, at each visit: a reload joins the login that is open, another
browser opens its own. The Ledger's mark, set by the first login that completes, ends it.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Protocol

from idp.domain.request import AuthorizationRequest
from idp.errors import (
    INVALID_CLIENT,
    INVALID_DPOP_PROOF,
    INVALID_REQUEST,
    INVALID_REQUEST_URI,
    Refused,
)
from idp.oidc.requests import PUSHED_PREFIX, At
from idp.oidc.tokens import RANDOM_BYTES, encoded
from idp.store.ports import AlreadySpent, VersionConflict
from idp.store.shelf import Shelf

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from idp.config import Settings
    from idp.domain.client import Client, ClientId
    from idp.oidc.dpop import Proof
    from idp.oidc.form import Parameters
    from idp.oidc.requests import RequestRules
    from idp.store.ports import Ledger, Unit, Vault
    from idp.store.shelf import Held
    from idp.store.short_lived import Ephemeral

SPENT_KIND: Final = "par"
_NEVER_VISITED: Final = 1
_LENGTH: Final = len(PUSHED_PREFIX) + 43


class PushingClient(Protocol):
    """An authenticated client; answered by ``idp.oidc.client_auth.Caller``."""

    @property
    def client(self) -> Client:
        """Give the registration."""
        ...

    @property
    def assertion(self) -> object | None:
        """Give the assertion that it proved itself by, if it was one."""
        ...

    @property
    def proof(self) -> Proof | None:
        """Give the proof of a key that came with the push, if one did."""
        ...

    def claim(self, unit: Unit) -> None:
        """Spend the identifier of the assertion, if there was one. Raises: AlreadySpent."""
        ...


class PushedRequests:
    """The requests that wait for their browser."""

    def __init__(  # noqa: PLR0913 - the two stores, their vault, the rules, and the world
        self,
        settings: Settings,
        *,
        ledger: Ledger,
        ephemeral: Ephemeral,
        vault: Vault,
        rules: RequestRules,
        now: Callable[[], datetime],
        entropy: Callable[[int], bytes],
    ) -> None:
        self._lasts = settings.lifetimes.pushed_request
        self._transaction_lasts = settings.lifetimes.transaction
        self._ledger = ledger
        self._rules = rules
        self._entropy = entropy
        self._shelf: Shelf[AuthorizationRequest] = Shelf(
            ephemeral, vault, "par", AuthorizationRequest, lasts=self._lasts, now=now
        )

    def push(self, params: Parameters, caller: PushingClient) -> dict[str, object]:
        """Check, keep, and give ``request_uri`` and ``expires_in`` (RFC 9126 section 2.2).

        Raises:
            Refused: as at ``/authorize``; INVALID_CLIENT for an assertion that was used before.
        """
        named = params.get("client_id")
        if named is not None and named != caller.client.id:
            raise Refused(INVALID_REQUEST, "client_id is not the caller's")
        request = _bound(self._rules.check(params, caller.client, At.PAR), caller.proof)
        urn = PUSHED_PREFIX + encoded(self._entropy(RANDOM_BYTES))
        self._claim(caller)
        self._shelf.put(urn, replace(request, pushed=pushed_as(urn)))
        return {"request_uri": urn, "expires_in": int(self._lasts.total_seconds())}

    def find(self, request_uri: str, client_id: ClientId) -> AuthorizationRequest:
        """Give a pushed request without counting it as visited.

        Raises:
            Refused: INVALID_REQUEST_URI where it is unknown, expired, used or of another client.
        """
        return self._held(request_uri, client_id).value

    def visit(self, request_uri: str, client_id: ClientId) -> AuthorizationRequest:
        """Give a pushed request to a browser; the first visit gives it a transaction's life.

        Raises:
            Refused: INVALID_REQUEST_URI where it is unknown, expired, used or of another client.
        """
        held = self._held(request_uri, client_id)
        self.keep(request_uri, held)
        return held.value

    def keep(self, request_uri: str, held: Held[AuthorizationRequest]) -> None:
        """Prolong once, at the first visit, to the life of the transaction that it opens."""
        if held.version != _NEVER_VISITED:
            return
        try:
            self._shelf.swap(
                request_uri, held.value, version=held.version, lasts=self._transaction_lasts
            )
        except VersionConflict:
            return  # a simultaneous visit prolonged it

    def _held(self, request_uri: str, client_id: ClientId) -> Held[AuthorizationRequest]:
        if not request_uri.startswith(PUSHED_PREFIX) or len(request_uri) != _LENGTH:
            raise Refused(INVALID_REQUEST_URI, "not of our form")
        held = self._shelf.get(request_uri)
        if held is None:
            raise Refused(INVALID_REQUEST_URI, "unknown or expired")
        if held.value.client_id != client_id:
            raise Refused(INVALID_REQUEST_URI, "of another client")
        with self._ledger.read() as unit:
            if unit.is_spent(SPENT_KIND, pushed_as(request_uri)):
                raise Refused(INVALID_REQUEST_URI, "a login with it was completed")
        return held

    def _claim(self, caller: PushingClient) -> None:
        if caller.assertion is None and caller.proof is None:
            return
        try:
            with self._ledger.begin() as unit:
                caller.claim(unit)
        except AlreadySpent as error:
            raise Refused(INVALID_CLIENT, "the assertion was used before") from error


def _bound(request: AuthorizationRequest, proof: Proof | None) -> AuthorizationRequest:
    """Bind the code to the key of the push (RFC 9449 section 10.1)."""
    if proof is None:
        return request
    if request.key not in {None, proof.key}:
        raise Refused(INVALID_DPOP_PROOF, "dpop_jkt is of another key than the proof")
    return replace(request, key=proof.key)


def pushed_as(request_uri: str) -> str:
    """Give the name that a pushed request is spent under: SHA-256, hexadecimal."""
    return hashlib.sha256(request_uri.encode("ascii")).hexdigest()
