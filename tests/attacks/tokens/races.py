"""What is raced at the token endpoint: every racer does the same thing at the same moment.

Each function gives whether its racer won, by the Ledger it is given, so that threads, processes and
engines run the same races. ``carelessly_…`` is the negative control.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from idp.domain import transaction
from idp.domain.client import ClientId
from idp.domain.grant import Code, RefreshFamily, TokenHash
from idp.domain.request import AuthorizationRequest, ResponseMode, SignedRequest
from idp.domain.transaction import Agreement, Transaction, TransactionId
from idp.errors import INVALID_CLIENT, INVALID_DPOP_PROOF, INVALID_GRANT, Refused
from idp.oidc import refresh_tokens, tokens
from idp.oidc.completion import Completion
from idp.oidc.dpop import Proof
from idp.store.ports import AlreadySpent
from tests.contract.store.racing import RACERS
from tests.contract.store.stand_ins import (
    MINUTE,
    START,
    Clock,
    a_grant,
    a_person,
    a_session,
    an_event,
)
from tests.unit.oidc.tokens.desk import CALLBACK, Desk, challenge

if TYPE_CHECKING:
    from idp.domain.grant import Grant
    from idp.store.ports import Ledger

EPOCH = 1
_desks: dict[int, Desk] = {}


def desk_of(ledger: Ledger) -> Desk:
    """One provider a process and Ledger."""
    return _desks.setdefault(id(ledger), Desk(ledger, Clock()))


def _bytes(kind: str, number: int) -> bytes:
    return f"{kind}-{number}".encode().ljust(32, b".")


def the_code(number: int) -> tokens.Minted:
    return tokens.mint(epoch=EPOCH, entropy=lambda _: _bytes("code", number))


def the_family(number: int) -> RefreshFamily:
    return RefreshFamily(
        id=refresh_tokens.new_family_id(lambda _: _bytes("family", number)[:16]),
        grant=a_grant_of("refreshed", number).id,
        client=ClientId("basic"),
        generation=1,
        secret=b"s" * 32,
        rotates=True,
        created_at=START,
        rotated_at=START,
        idle_expires_at=START + MINUTE,
        expires_at=START + MINUTE,
    )


def a_grant_of(kind: str, number: int) -> Grant:
    return replace(
        a_grant(f"{kind}-{number}", client="basic"), id_token_claims={}, userinfo_claims={}
    )


def prepare(ledger: Ledger, rounds: int) -> None:
    """Put in a code and a family for each round."""
    with ledger.begin() as unit:
        assert unit.epoch() == EPOCH
        for number in range(rounds):
            unit.grants.add_code(_code(the_code(number), "coded", number))
            unit.grants.add(a_grant_of("refreshed", number))
            unit.grants.add_family(the_family(number))


def _code(minted: tokens.Minted, kind: str, number: int) -> Code:
    return Code(
        hash=TokenHash(minted.hash),
        grant=a_grant_of(kind, number),
        redirect_uri=CALLBACK,
        code_challenge=challenge(),
        nonce=None,
        issued_at=START,
        expires_at=START + MINUTE,
    )


def redeeming_a_code(ledger: Ledger, number: int, racer: int) -> bool:
    del racer
    try:
        desk_of(ledger).redeem(the_code(number).text)
    except Refused as refused:
        if refused.problem is not INVALID_GRANT:
            raise
        return False
    return True


def presenting_an_assertion(ledger: Ledger, number: int, racer: int) -> bool:
    """Everybody signs the same identifier; all but one are replays whatever else they send."""
    del racer
    desk = desk_of(ledger)
    assertion = desk.assertion(jti=f"round-{number}")
    try:
        desk.refresh(_unknown(), "shop", client_assertion=assertion)
    except Refused as refused:
        return refused.problem is not INVALID_CLIENT
    return False


def refreshing(ledger: Ledger, number: int, racer: int) -> bool:
    """Everybody is given the one successor: who made it live and who retried, the trail says."""
    del racer
    first, successor = (
        refresh_tokens.derive(the_family(number), epoch=EPOCH, generation=generation)
        for generation in (1, 2)
    )
    return desk_of(ledger).refresh(first)["refresh_token"] == successor


def proven_codes(rounds: int) -> list[TokenHash]:
    """Give the code that each racer of each round would leave behind."""
    return [_proven(number).hash for number in range(RACERS * rounds)]


def _proven(number: int) -> tokens.Minted:
    return tokens.mint(epoch=EPOCH, entropy=lambda _: _bytes("proven", number))


def proving_a_key(ledger: Ledger, number: int, racer: int) -> bool:
    """One proof beside each racer's own code: who is late gets nothing, and its code stays good."""
    mine = RACERS * number + racer
    proof = Proof(key="k" * 43, mark=f"proof-{number}", until=START + MINUTE)
    try:
        with ledger.begin() as unit:
            proof.spend(unit)
            unit.grants.add_code(_code(_proven(mine), "proven", mine))
    except Refused as refused:
        if refused.problem is not INVALID_DPOP_PROOF:
            raise
        return False
    return True


def completing_a_pushed_request(ledger: Ledger, number: int, racer: int) -> bool:
    """As many logins by one pushed request, each proven and agreed to."""
    request = replace(_request(), pushed=f"urn:round:{number}")
    return _completed(ledger, request, f"pushed-{number}-{racer}", "par")


def completing_by_a_request_object(ledger: Ledger, number: int, racer: int) -> bool:
    """As many logins by one signed object."""
    signed = SignedRequest(jti=f"round-{number}", until=START + MINUTE)
    request = replace(_request(), signed=signed)
    return _completed(ledger, request, f"signed-{number}-{racer}", "request-object")


def completing_a_login(ledger: Ledger, number: int, racer: int) -> bool:
    """One login, completed by every tab at once."""
    del racer
    return _completed(ledger, _request(), f"login-{number}", "transaction")


def _completed(ledger: Ledger, request: AuthorizationRequest, tx_id: str, kind: str) -> bool:
    complete = Completion(desk_of(ledger).settings, now=Clock(), entropy=secrets.token_bytes)
    try:
        with ledger.begin() as unit:
            client = unit.clients.get(ClientId("basic"))
            assert client is not None
            complete(
                unit,
                _agreed(request, tx_id),
                client=client,
                person=a_person(),
                session=a_session(),
            )
    except AlreadySpent as spent:
        if spent.kind != kind:
            raise
        return False
    return True


def _request() -> AuthorizationRequest:
    return AuthorizationRequest(
        client_id=ClientId("basic"),
        redirect_uri=CALLBACK,
        response_mode=ResponseMode.QUERY,
        scopes=("openid",),
        code_challenge=challenge(),
    )


def _agreed(request: AuthorizationRequest, tx_id: str) -> Transaction:
    begun = Transaction(
        id=TransactionId(tx_id),
        request=request,
        binding="b" * 64,
        opened_at=START,
        expires_at=START + MINUTE,
    )
    proven = transaction.prove(begun, event=an_event(), session=a_session().key, fresh=True)
    return transaction.agree(proven, agreement=Agreement(claims=(), remembered=True, at=START))


def _unknown() -> str:
    return f"{EPOCH}.{'A' * 22}.1.{'A' * 43}"


def carelessly_redeeming_a_code(ledger: Ledger, number: int, racer: int) -> bool:
    """Look first, spend afterwards: the negative control."""
    del racer
    hashed = the_code(number).hash
    with ledger.read() as unit:
        found = unit.grants.find_code(hashed)
    if found is None or found.spent_at is not None:
        return False
    with ledger.begin() as unit:
        unit.grants.spend_code(hashed, client=ClientId("basic"), at=START)
    return True
