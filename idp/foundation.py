"""What every role and command stands on: settings, clock, randomness, two stores, vault and keys.

It is laid in one place, in the order in which a fault should be reported: schema, key-encryption
key, vault; no key is read before somebody signs. A new deployment founds first what is laid here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from idp.audit.heads import HeadSigner
from idp.config import Settings
from idp.store.opening import open_engine, open_ephemeral, open_sealed_ledger
from idp.store.ports import Ledger
from idp.store.short_lived import Ephemeral
from idp.store.sql.keys import RingRows, RootRows
from keys.errors import VaultFounded
from keys.ports import Move
from keys.ring import KeyRing
from keys.states import RingPolicy
from keys.store import SealedVault, found, load_kek, make_kek, open_vault, refuse_lost_root

_AUDIT_HEAD: Final = "audit-head"
_STALE: Final = timedelta(seconds=60)
"""What a verifier's clock and a worker that has not looked yet may add to a token's life."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Foundation:
    """What everything stands on; ``close`` lets the stores go.

    Attributes:
        now: the wall clock, aware, UTC.
        monotonic: seconds on a clock that never jumps.
        entropy: gives so many random bytes.
        audit_signer: signs the heads of the audit chain, with a key of its own.
    """

    settings: Settings
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    entropy: Callable[[int], bytes]
    ledger: Ledger
    ephemeral: Ephemeral
    vault: SealedVault
    ring: KeyRing
    audit_signer: HeadSigner

    def close(self) -> None:
        """Close every connection of this process."""
        self.ephemeral.close()
        self.ledger.close()


def lay(
    settings: Settings,
    *,
    now: Callable[[], datetime],
    monotonic: Callable[[], float],
    entropy: Callable[[int], bytes],
) -> Foundation:
    """Open the stores and the vault of a deployment that was set up; make nothing.

    Raises:
        SchemaOutdated, StoreUnavailable, UnsafeStore: a store cannot be used.
        keys.errors.KeysError: the key-encryption key or the vault cannot; the message says why.
    """
    policy = ring_policy(settings)
    ledger, vault = _opened(settings, now=now, entropy=entropy)
    try:
        ephemeral = open_ephemeral(settings.stores.ephemeral, now=now, entropy=entropy)
    except BaseException:
        ledger.close()
        raise
    return Foundation(
        settings=settings,
        now=now,
        monotonic=monotonic,
        entropy=entropy,
        ledger=ledger,
        ephemeral=ephemeral,
        vault=vault,
        ring=KeyRing(RingRows(ledger), vault, policy, now=now, monotonic=monotonic),
        audit_signer=HeadSigner(vault.derive(_AUDIT_HEAD)),
    )


def _opened(
    settings: Settings, *, now: Callable[[], datetime], entropy: Callable[[int], bytes]
) -> tuple[Ledger, SealedVault]:
    return open_sealed_ledger(
        settings.stores.ledger,
        lambda rows: open_vault(rows, load_kek(settings.keys.kek_file), entropy=entropy),
        now=now,
        entropy=entropy,
    )


def ring_policy(settings: Settings) -> RingPolicy:
    """Give the ring's policy. A key stays published as long as anything it signed may come back.

    That is the longest of: an ID token, a signed access token, and the session, because an ID token
    returns as the hint of a logout (OpenID Connect RP-Initiated Logout 1.0 section 2) until then.

    Raises:
        PolicyRefused: the times would break caches.
    """
    keys, lives = settings.keys, settings.lifetimes
    return RingPolicy(
        algorithms=keys.algorithms,
        announce=keys.announce,
        signing=keys.signing,
        retiring=max(lives.id_token, lives.access_token, lives.session) + keys.reread + _STALE,
        jwks_max_age=keys.jwks_max_age,
        reread=keys.reread,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Founded:
    """What ``found_keys`` had to make; all of it is false and empty the second time."""

    kek_made: bool
    vault_founded: bool
    keys: tuple[Move, ...]


def found_keys(
    settings: Settings,
    *,
    now: Callable[[], datetime],
    monotonic: Callable[[], float],
    entropy: Callable[[int], bytes],
    by: str,
) -> Founded:
    """Make what a new deployment lacks: key-encryption key, vault, first signing keys.

    The schema must be there. What exists is kept, and what existed once is not made again: no new
    key-encryption key where there is a vault, no new root where rows need the old one.

    Raises:
        keys.errors.KeysError: something is missing or wrong that cannot be made again.
        SchemaOutdated, StoreUnavailable, UnsafeStore: the Ledger cannot be used.
    """
    kek_made, vault_founded = _found_vault(settings, now=now, entropy=entropy)
    ledger, vault = _opened(settings, now=now, entropy=entropy)
    try:
        ring = KeyRing(RingRows(ledger), vault, ring_policy(settings), now=now, monotonic=monotonic)
        return Founded(kek_made=kek_made, vault_founded=vault_founded, keys=ring.begin(by=by))
    finally:
        ledger.close()


def _found_vault(
    settings: Settings, *, now: Callable[[], datetime], entropy: Callable[[int], bytes]
) -> tuple[bool, bool]:
    engine = open_engine(settings.stores.ledger, now=now)
    try:
        rows = RootRows(engine)
        if rows.root() is not None:
            return False, False
        refuse_lost_root(rows)
        kek_made = make_kek(settings.keys.kek_file, entropy=entropy)
        try:
            found(rows, load_kek(settings.keys.kek_file), entropy=entropy, now=now)
        except VaultFounded:  # by another setup, at the same moment
            return kek_made, False
        return kek_made, True
    finally:
        engine.close()
