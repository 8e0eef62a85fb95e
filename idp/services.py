"""The bill of materials: from settings to the opened parts of one process.

The foundation is what every role and command stands on: settings, clock, randomness, the two
stores, the vault and the key ring. It is laid in one place, in the order in which a fault should be
reported: schema, key-encryption key, vault; no key is read before somebody signs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from cardreader.server import CardServer
from cardreader.token import signed_origin
from cardreader.trust import anchors
from cardreader.trust.revocation import RevocationLimits
from idp.audit.heads import HeadSigner
from idp.audit.refusals import RefusalCounter
from idp.config import Settings
from idp.login.card import CardMethod
from idp.login.flow import LoginFlow
from idp.login.seeded import SeededMethod
from idp.oidc.client_auth import ClientAuthentication
from idp.oidc.completion import Completion
from idp.oidc.grants import TokenEndpoint
from idp.oidc.introspection import Introspection
from idp.oidc.logout import Logout
from idp.oidc.metadata import discovery
from idp.oidc.par import PushedRequests
from idp.oidc.requests import RequestReader, RequestRules
from idp.oidc.revocation import Revocation
from idp.oidc.userinfo import UserInfo
from idp.outbound.client import OutboundClient
from idp.outbound.fetch import GuardedFetch
from idp.store.opening import open_engine, open_ephemeral, open_sealed_ledger
from idp.store.ports import Ephemeral, Ledger
from idp.store.sql.keys import RingRows, RootRows
from keys.errors import VaultFounded
from keys.jwks import Document
from keys.ports import Move
from keys.ring import KeyRing
from keys.states import RingPolicy
from keys.store import SealedVault, found, load_kek, make_kek, open_vault, refuse_lost_root

if TYPE_CHECKING:
    from idp.login.methods import LoginMethod

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
    ledger, vault = open_sealed_ledger(
        settings.stores.ledger,
        lambda rows: open_vault(rows, load_kek(settings.keys.kek_file), entropy=entropy),
        now=now,
        entropy=entropy,
    )
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """Everything that one worker answers requests with, made once and safe in threads.

    Attributes:
        reader: reads what comes to ``/authorize``.
        pushed: keeps what comes to ``/par``.
        flow: walks a browser from the request to the answer.
        discovery: the metadata document, prepared.
        refusals: counts the refusals of strangers.
    """

    foundation: Foundation
    outbound: OutboundClient
    reader: RequestReader
    pushed: PushedRequests
    authentication: ClientAuthentication
    token_endpoint: TokenEndpoint
    userinfo: UserInfo
    introspection: Introspection
    revocation: Revocation
    logout: Logout
    flow: LoginFlow
    discovery: Document
    refusals: RefusalCounter

    @property
    def settings(self) -> Settings:
        """The configuration."""
        return self.foundation.settings

    @property
    def now(self) -> Callable[[], datetime]:
        """The wall clock."""
        return self.foundation.now

    @property
    def monotonic(self) -> Callable[[], float]:
        """The clock that never jumps."""
        return self.foundation.monotonic

    @property
    def entropy(self) -> Callable[[int], bytes]:
        """Randomness."""
        return self.foundation.entropy

    @property
    def ledger(self) -> Ledger:
        """The durable store."""
        return self.foundation.ledger

    @property
    def vault(self) -> SealedVault:
        """What seals."""
        return self.foundation.vault

    @property
    def ring(self) -> KeyRing:
        """The signing keys."""
        return self.foundation.ring


def build(
    settings: Settings,
    *,
    now: Callable[[], datetime],
    monotonic: Callable[[], float],
    entropy: Callable[[int], bytes],
) -> Services:
    """Lay the foundation and put everything on it.

    Raises:
        SchemaOutdated, StoreUnavailable, UnsafeStore, KeysError: as ``lay`` does.
        OSError, TrustMalformed: the trust folder cannot be used.
    """
    foundation = lay(settings, now=now, monotonic=monotonic, entropy=entropy)
    try:
        return _furnish(foundation)
    except BaseException:
        foundation.close()
        raise


def _furnish(base: Foundation) -> Services:
    settings, ledger, ring, now = base.settings, base.ledger, base.ring, base.now
    entropy, ephemeral = base.entropy, base.ephemeral
    outbound = OutboundClient(allow=frozenset(settings.outbound.allow), monotonic=base.monotonic)
    rules = RequestRules(ring=ring, issuer=settings.issuer)
    pushed = PushedRequests(
        settings,
        ledger=ledger,
        ephemeral=ephemeral,
        vault=base.vault,
        rules=rules,
        now=now,
        entropy=entropy,
    )
    authentication = ClientAuthentication(
        settings, ledger=ledger, ephemeral=ephemeral, now=now, entropy=entropy
    )
    return Services(
        foundation=base,
        outbound=outbound,
        reader=RequestReader(ledger=ledger, pushed=pushed, rules=rules, now=now),
        pushed=pushed,
        authentication=authentication,
        token_endpoint=TokenEndpoint(
            settings,
            ledger=ledger,
            authentication=authentication,
            ring=ring,
            now=now,
            entropy=entropy,
        ),
        userinfo=UserInfo(settings, ledger=ledger, now=now),
        introspection=Introspection(
            settings, ledger=ledger, authentication=authentication, now=now
        ),
        revocation=Revocation(ledger=ledger, authentication=authentication, now=now),
        logout=Logout(ledger=ledger, ring=ring, issuer=settings.issuer),
        flow=LoginFlow(
            settings,
            ledger=ledger,
            ephemeral=ephemeral,
            vault=base.vault,
            means=_means(base, outbound),
            complete=Completion(settings, now=now, entropy=entropy),
            now=now,
            entropy=entropy,
        ),
        discovery=discovery(settings, algorithms=ring.algorithms()),
        refusals=RefusalCounter(ephemeral, now=now),
    )


def _means(base: Foundation, outbound: OutboundClient) -> tuple[LoginMethod, ...]:
    """Give the means of login that this deployment offers, the first one first on the page."""
    settings = base.settings
    means: list[LoginMethod] = []
    if settings.card.enabled:
        means.append(_card(base, outbound))
    if settings.login.seeded_sign_in:
        means.append(SeededMethod(now=base.now))
    return tuple(means)


def _card(base: Foundation, outbound: OutboundClient) -> CardMethod:
    card, deadlines = base.settings.card, base.settings.deadlines
    each = min(deadlines.outbound, deadlines.card_check / 2).total_seconds()
    server = CardServer(
        anchors.load(card.trust, allow_simulated=card.allow_simulated_trust_root),
        GuardedFetch(outbound),
        now=base.now,
        entropy=base.entropy,
        challenge_life=base.settings.lifetimes.card_challenge,
        strict_number=card.strict_numbers,
        limits=RevocationLimits(ocsp_seconds=each, crl_seconds=each),
    )
    origin = signed_origin(base.settings.issuer, allow_http_localhost=card.allow_http_localhost)
    return CardMethod(server, origin=origin, entropy=base.entropy)


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
    ledger, vault = open_sealed_ledger(
        settings.stores.ledger,
        lambda rows: open_vault(rows, load_kek(settings.keys.kek_file), entropy=entropy),
        now=now,
        entropy=entropy,
    )
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
