"""The bill of materials: everything that one worker answers requests with, put together once."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cardreader.server import CardServer
from cardreader.token import signed_origin
from cardreader.trust import TrustChange, WatchedAnchors
from cardreader.trust.revocation import RevocationLimits
from idp import log
from idp.audit.refusals import RefusalCounter
from idp.config import Environment
from idp.foundation import Foundation, lay
from idp.login.card import CardMethod
from idp.login.flow import LoginFlow
from idp.login.openings import Openings
from idp.login.phone_desk import PhoneDesk, open_desk
from idp.login.seeded import SeededMethod
from idp.oidc.access_tokens import AccessTokens
from idp.oidc.answering import offered_types
from idp.oidc.ciba.asking import BackchannelAuthorization
from idp.oidc.ciba.reading import AskReader
from idp.oidc.ciba.user_codes import UserCodes
from idp.oidc.client_auth import ClientAuthentication
from idp.oidc.client_jws import ClientKeys
from idp.oidc.completion import Completion
from idp.oidc.dpop import Proofs
from idp.oidc.dynamic.desk import RegistrationDesk
from idp.oidc.front_channel import FrontWriter
from idp.oidc.grant_management import GrantManagement, grants_audience
from idp.oidc.grants import TokenEndpoint
from idp.oidc.introspection import Introspection
from idp.oidc.jarm import SignedAnswers
from idp.oidc.logout import Logout
from idp.oidc.metadata import discovery
from idp.oidc.object_offers import object_offers
from idp.oidc.par import PushedRequests
from idp.oidc.pens import Pens
from idp.oidc.remote_keys import RemoteKeys
from idp.oidc.request_objects import RequestObjects
from idp.oidc.request_references import MEDIA_TYPES, RequestReferences
from idp.oidc.requests import RequestReader, RequestRules
from idp.oidc.resource import OwnResource
from idp.oidc.revocation import Revocation
from idp.oidc.userinfo import UserInfo
from idp.outbound.client import OutboundClient
from idp.outbound.documents import Documents
from idp.outbound.fetch import GuardedFetch
from idp.outbound.making import outbound_of
from idp.outbound.pictures import Pictures
from idp.store.places import open_places
from idp.store.slow_hash import SlowHash
from keys.jwks import Document

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from idp.config import Settings
    from idp.login.methods import LoginMethod
    from idp.store.ports import Ledger
    from keys.ring import KeyRing
    from keys.store import SealedVault


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """Everything that one worker answers requests with, made once and safe in threads.

    Attributes:
        reader: reads what comes to ``/authorize``.
        pushed: keeps what comes to ``/par``.
        flow: walks a browser from the request to the answer.
        discovery: the metadata document, prepared.
        refusals: counts the refusals of strangers.
        openings: counts the logins that each address opens.
        user_codes: what citizens chose for requests behind the browser's back.
        registration: where e-services register themselves; ``None`` where only operators do.
        phone: the phone's side; ``None`` where phones are not offered.
    """

    foundation: Foundation
    outbound: OutboundClient
    reader: RequestReader
    pushed: PushedRequests
    authentication: ClientAuthentication
    proofs: Proofs
    token_endpoint: TokenEndpoint
    backchannel: BackchannelAuthorization
    user_codes: UserCodes
    userinfo: UserInfo
    grant_management: GrantManagement
    introspection: Introspection
    revocation: Revocation
    logout: Logout
    signed_answers: SignedAnswers
    flow: LoginFlow
    discovery: Document
    refusals: RefusalCounter
    openings: Openings
    registration: RegistrationDesk | None = None
    phone: PhoneDesk | None = None

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
        PlacesUnreadable: a file of networks cannot.
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
    outbound = outbound_of(settings, monotonic=base.monotonic)
    documents = Documents(outbound)
    published = RemoteKeys(documents, monotonic=base.monotonic, threads=settings.listen.threads)
    offers = object_offers(settings)
    keys = ClientKeys(entropy=entropy, remote=published)
    objects = RequestObjects(
        keys=keys, issuer=settings.issuer, skew=settings.lifetimes.skew, now=now
    )
    rules = RequestRules(
        ring=ring,
        objects=objects,
        references=RequestReferences(
            Documents(outbound, types=MEDIA_TYPES), room=published.room, hashed=offers.hashed
        ),
        offers=offers,
        issuer=settings.issuer,
        response_types=offered_types(settings),
    )
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
        settings, ledger=ledger, ephemeral=ephemeral, keys=keys, now=now
    )
    proofs = Proofs(settings, vault=base.vault, ephemeral=ephemeral, now=now)
    tokens, pens = AccessTokens(ring, issuer=settings.issuer), Pens(ring, published)
    refusals = RefusalCounter(ephemeral, now=now)
    phone = _phone(base)
    approvals = None if phone is None else phone.approvals
    user_codes = UserCodes(
        ledger,
        SlowHash(base.vault.derive("user-codes"), entropy=entropy),
        now=now,
        entropy=entropy,
    )
    return Services(
        foundation=base,
        outbound=outbound,
        reader=RequestReader(ledger=ledger, pushed=pushed, rules=rules, now=now),
        pushed=pushed,
        authentication=authentication,
        proofs=proofs,
        token_endpoint=TokenEndpoint(
            settings,
            ledger=ledger,
            authentication=authentication,
            pens=pens,
            tokens=tokens,
            proofs=proofs,
            ephemeral=ephemeral,
            approvals=approvals,
            now=now,
            entropy=entropy,
        ),
        backchannel=BackchannelAuthorization(
            settings,
            ledger=ledger,
            ephemeral=ephemeral,
            authentication=authentication,
            reader=AskReader(
                ring=ring,
                objects=objects,
                issuer=settings.issuer,
                seeded=settings.environment is Environment.CONFORMANCE,
            ),
            user_codes=user_codes,
            now=now,
            entropy=entropy,
        ),
        user_codes=user_codes,
        userinfo=UserInfo(
            settings, ledger=ledger, tokens=tokens, proofs=proofs, pens=pens, now=now
        ),
        grant_management=GrantManagement(
            settings,
            ledger=ledger,
            resource=OwnResource(
                settings,
                audience=grants_audience(settings),
                ledger=ledger,
                tokens=tokens,
                proofs=proofs,
                now=now,
            ),
            now=now,
        ),
        introspection=Introspection(
            settings,
            ledger=ledger,
            authentication=authentication,
            tokens=tokens,
            pens=pens,
            now=now,
        ),
        revocation=Revocation(ledger=ledger, authentication=authentication, tokens=tokens, now=now),
        logout=Logout(ledger=ledger, ring=ring, issuer=settings.issuer, now=now),
        signed_answers=SignedAnswers(
            ledger=ledger,
            pens=pens,
            tokens=FrontWriter(settings, pens=pens, now=now),
            issuer=settings.issuer,
            now=now,
        ),
        flow=LoginFlow(
            settings,
            ledger=ledger,
            ephemeral=ephemeral,
            vault=base.vault,
            means=_means(base, outbound, phone),
            complete=Completion(settings, now=now, entropy=entropy),
            count=refusals.count,
            now=now,
            entropy=entropy,
        ),
        discovery=discovery(settings, algorithms=ring.algorithms()),
        refusals=refusals,
        openings=Openings(ephemeral, most=settings.login.opens_per_minute, now=now),
        registration=_registration(base, outbound, documents),
        phone=phone,
    )


def _registration(
    base: Foundation, outbound: OutboundClient, documents: Documents
) -> RegistrationDesk | None:
    if base.settings.registration.mode == "off":
        return None
    return RegistrationDesk(
        base.settings,
        ledger=base.ledger,
        ephemeral=base.ephemeral,
        fetch=documents,
        pictures=Pictures(outbound, monotonic=base.monotonic),
        now=base.now,
        entropy=base.entropy,
    )


def _phone(base: Foundation) -> PhoneDesk | None:
    if not base.settings.phone.enabled:
        return None
    return open_desk(
        base.settings,
        ledger=base.ledger,
        ephemeral=base.ephemeral,
        vault=base.vault,
        ring=base.ring,
        now=base.now,
        entropy=base.entropy,
        places=open_places(base.settings, monotonic=base.monotonic),
    )


def _means(
    base: Foundation, outbound: OutboundClient, phone: PhoneDesk | None
) -> tuple[LoginMethod, ...]:
    """Give the means of login that this deployment offers, the first one first on the page."""
    settings = base.settings
    means: list[LoginMethod] = [] if phone is None else [*phone.before_the_card]
    if settings.card.enabled:
        means.append(_card(base, outbound))
    if phone is not None:
        means += phone.after_the_card
    if settings.login.seeded_sign_in:
        means.append(SeededMethod(now=base.now))
    return tuple(means)


def _card(base: Foundation, outbound: OutboundClient) -> CardMethod:
    card, deadlines = base.settings.card, base.settings.deadlines
    share = deadlines.card_check.total_seconds() / 10
    each = min(deadlines.outbound.total_seconds(), 4.5 * share)
    server = CardServer(
        WatchedAnchors(
            card.trust,
            monotonic=base.monotonic,
            report=_trust_changed,
            allow_simulated=card.allow_simulated_trust_root,
        ),
        GuardedFetch(outbound),
        now=base.now,
        entropy=base.entropy,
        challenge_life=base.settings.lifetimes.card_challenge,
        strict_number=card.strict_numbers,
        limits=RevocationLimits(
            place_seconds=share,
            ocsp_seconds=each,
            crl_seconds=each,
            # While an issuer is silent, the other half of the threads still serves everybody else.
            calls=max(1, base.settings.listen.threads // 2),
        ),
    )
    origin = signed_origin(base.settings.issuer, allow_http_localhost=card.allow_http_localhost)
    return CardMethod(server, origin=origin, entropy=base.entropy)


def _trust_changed(change: TrustChange) -> None:
    level = logging.INFO if change.outcome == "replaced" else logging.ERROR
    log.write(f"trust.{change.outcome}", level=level, detail=change.detail)
