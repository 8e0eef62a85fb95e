"""What is raced at the token endpoint: every racer does the same thing at the same moment.

Each function gives whether its racer won, by the Ledger it is given, so that threads, processes and
engines run the same races. ``carelessly_…`` is the negative control.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from idp.domain.client import ClientId
from idp.domain.grant import Code, RefreshFamily, TokenHash
from idp.errors import INVALID_CLIENT, INVALID_GRANT, Refused
from idp.oidc import refresh_tokens, tokens
from tests.contract.store.stand_ins import MINUTE, START, Clock, a_grant
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
            unit.grants.add_code(
                Code(
                    hash=TokenHash(the_code(number).hash),
                    grant=a_grant_of("coded", number),
                    redirect_uri=CALLBACK,
                    code_challenge=challenge(),
                    nonce=None,
                    issued_at=START,
                    expires_at=START + MINUTE,
                )
            )
            unit.grants.add(a_grant_of("refreshed", number))
            unit.grants.add_family(the_family(number))


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
