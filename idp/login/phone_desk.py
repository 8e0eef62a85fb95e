"""Everything of the phone, put together once: stores, keys, verbs, and its means of login."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import urlsplit

from idp.domain.assurance import Assurance
from idp.domain.networks import read_networks, within
from idp.domain.places import Nowhere
from idp.login.mobile import MobileMethod
from idp.login.passkey import PasskeyMethod
from idp.login.phone_keys import keys_of
from idp.login.receipt_seal import ReceiptSeal
from idp.login.totp import TotpMethod
from idp.login.transactions import wake
from idp.store.phone import LedgerOfThePhone
from idp.store.starts import EphemeralStarts
from mobile_flow import notify, receipts, views
from mobile_flow.approvals import Approvals
from mobile_flow.device_keys import DeviceKeys
from mobile_flow.enrolment import EnrolmentRules, Enrolments
from mobile_flow.limits import Limits
from mobile_flow.otp import OneTimePasswords
from mobile_flow.proof import Nonces

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from idp.config import Settings
    from idp.domain.networks import Network
    from idp.domain.places import Places
    from idp.login.methods import LoginMethod
    from idp.store.ports import Ledger
    from idp.store.short_lived import Ephemeral
    from keys.ring import KeyRing

_NONCES: Final = "phone-nonce"
_LEVELS: Final = {"low": Assurance.LOW, "substantial": Assurance.SUBSTANTIAL}


class RelyingPartyMoved(Exception):
    """Phones were enrolled under another relying-party identifier than the settings name."""


class Sealing(Protocol):
    """The vault, as far as the phone needs it."""

    def seal(self, purpose: str, context: bytes, plaintext: bytes) -> bytes:
        """Encrypt and authenticate."""
        ...

    def open(self, purpose: str, context: bytes, sealed: bytes) -> bytes:
        """Undo ``seal``."""
        ...

    def fingerprint(self, purpose: str, value: bytes) -> bytes:
        """Give an HMAC."""
        ...

    def derive(self, purpose: str, size: int = 32) -> bytes:
        """Give secret bytes of a purpose."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class PhoneDesk:
    """The phone's side, one a process and safe in threads.

    Attributes:
        ledger: the Ledger as the phone sees it.
        api: the calls of the phone's app.
        method: the means of login by approval; the pages ask it for frames.
        totp: ``None`` where one-time codes are not offered.
        vapid: what push services know us by; ``None`` where push is off.
        terms: what receipts are written and checked with.
    """

    ledger: LedgerOfThePhone
    keys: DeviceKeys
    approvals: Approvals
    enrolments: Enrolments
    passwords: OneTimePasswords
    api: views.PhoneApi
    method: MobileMethod
    passkey: PasskeyMethod
    totp: TotpMethod | None
    vapid: notify.Vapid | None
    terms: receipts.Terms

    @property
    def before_the_card(self) -> tuple[LoginMethod, ...]:
        """The means to offer before the card, the strongest first."""
        return (self.passkey, self.method)

    @property
    def after_the_card(self) -> tuple[LoginMethod, ...]:
        """The means to offer after it."""
        return () if self.totp is None else (self.totp,)


def vapid_of(settings: Settings, vault: Sealing) -> notify.Vapid | None:
    """Give the key that push services know us by; ``None`` where push is off."""
    phone = settings.phone
    if not (phone.enabled and phone.push):
        return None
    return notify.Vapid(
        vault.derive(notify.VAPID_PURPOSE, notify.VAPID_BYTES),
        contact=phone.push_contact or settings.issuer,
    )


def terms_of(settings: Settings) -> receipts.Terms:
    """Give the names under which passkeys sign here."""
    issuer = urlsplit(settings.issuer)
    return receipts.Terms(
        issuer=settings.issuer,
        rp_id=settings.phone.rp_id or issuer.hostname or "",
        origins=(f"{issuer.scheme}://{issuer.netloc}", *settings.phone.origins),
    )


def open_desk(  # noqa: PLR0913 - two stores, what seals and signs, and the world
    settings: Settings,
    *,
    ledger: Ledger,
    ephemeral: Ephemeral,
    vault: Sealing,
    ring: KeyRing,
    now: Callable[[], datetime],
    entropy: Callable[[int], bytes],
    places: Places | None = None,
) -> PhoneDesk:
    """Put the phone's side together.

    Raises:
        RelyingPartyMoved: the settings would make every enrolled phone useless.
        RootsUnreadable: the makers' roots are not what they should be.
        StoreUnavailable: no answer.
    """
    phone, terms, known = settings.phone, terms_of(settings), places or Nowhere()
    _hold_to(terms.rp_id, ledger)
    host = urlsplit(settings.issuer).netloc
    rows = LedgerOfThePhone(ledger, now=now)
    starts = EphemeralStarts(ephemeral, vault, now=now)
    keys = keys_of(settings, rp_id=terms.rp_id, origins=terms.origins)
    approvals = Approvals(
        rows,
        starts,
        keys,
        issuer=settings.issuer,
        now=now,
        entropy=entropy,
        wake=partial(wake, ephemeral),
        limits=Limits(
            starts_per_address=phone.starts_per_address,
            starts_per_browser=phone.starts_per_browser,
            open_per_address=phone.open_per_address,
            reading=phone.reading_time,
            approvals_per_person=phone.approvals_per_person,
            poll=settings.waiting.poll,
        ),
        country=known.country,
    )
    enrolments = Enrolments(
        rows,
        keys,
        starts,
        host=host,
        now=now,
        entropy=entropy,
        services=phone.push_services,
        rules=EnrolmentRules(most_phones=phone.most_phones, cooling=phone.cooling),
    )
    passwords = OneTimePasswords(rows, starts, issuer_name=settings.name, now=now, entropy=entropy)
    vapid = vapid_of(settings, vault)
    return PhoneDesk(
        ledger=rows,
        keys=keys,
        approvals=approvals,
        enrolments=enrolments,
        passwords=passwords,
        api=views.PhoneApi(
            views.Services(
                ledger=rows,
                approvals=approvals,
                enrolments=enrolments,
                nonces=Nonces(
                    partial(vault.fingerprint, _NONCES),
                    now=now,
                    generation=partial(_generation, ledger, ephemeral),
                ),
                terms=terms,
                seal=ReceiptSeal(ring),
                now=now,
                vapid_key="" if vapid is None else vapid.public_key,
                languages=settings.languages,
            )
        ),
        method=MobileMethod(
            ledger,
            approvals,
            issuer=settings.issuer,
            host=host,
            suspect=partial(
                _is_suspect, places=known, networks=read_networks(phone.suspect_networks)
            ),
            now=now,
        ),
        passkey=PasskeyMethod(
            ledger,
            keys,
            issuer=settings.issuer,
            lasts=settings.lifetimes.card_challenge,
            now=now,
            entropy=entropy,
        ),
        totp=TotpMethod(ledger, passwords, level=_LEVELS[phone.one_time_code_level], now=now)
        if phone.one_time_codes
        else None,
        vapid=vapid,
        terms=terms,
    )


def _is_suspect(address: str | None, *, places: Places, networks: Sequence[Network]) -> bool:
    """Tell whether the operator expects no people there."""
    return within(address, networks) or places.is_hosting(address)


def _generation(ledger: Ledger, ephemeral: Ephemeral) -> str:
    """Give a word that changes when either store was put back or may have lost something."""
    with ledger.read() as unit:
        return f"{unit.epoch()} {ephemeral.generation()}"


def _hold_to(rp_id: str, ledger: Ledger) -> None:
    with ledger.read() as unit:
        fixed = unit.phones.relying_party()
    if fixed == rp_id:
        return
    with ledger.begin() as unit:
        unit.phones.fix_relying_party(rp_id)
        fixed = unit.phones.relying_party()
    if fixed != rp_id:
        raise RelyingPartyMoved(f"phone.rp_id: phones were enrolled under {fixed}: keep it")
