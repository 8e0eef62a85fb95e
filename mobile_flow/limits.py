"""How long things live and how often they may happen; the operator's settings, with defaults."""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from mobile_flow.model import OriginRef

MINUTE: Final = timedelta(minutes=1)
_SITE_BITS: Final = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """The numbers of approving by phone.

    Attributes:
        start: how long an animated code waits for a phone.
        static: how long a static code does; its page renews it.
        number: how long the phone may take to type the number, from the claim on.
        approval: how long it may take to decide, from the claim on.
        hard_end: how long an approval lives in all, from its start on.
        finish: how long the browser may take to use what was approved.
        starts_per_address, starts_per_browser: a minute; an address of IPv6 is its /64.
        open_per_address: codes that are shown at one time.
        longest_wait: whoever opened too many waits a minute, then two, four…, up to this, for as
            long as the one before is less than ``strikes_last`` ago.
        starts_per_reported_address: a minute, for ``origin_slow`` after somebody said of a login
            from there that it was not them. The browser it came from shows no code at all.
        reading: how long a person must have had the question before they may approve, where the
            browser is new to them or comes from where a login was reported.
        tries_per_device: codes that one phone may send in a minute.
        bad_frames: forged frames after which a start dies.
        approvals_per_person: within ``approvals_window``.
        wrong_numbers: within ``wrong_window``, after which the person's phones approve nothing for
            ``mobile_freeze``. The card is not affected.
        push_freeze: how long nobody may ask by push after "this was not me".
        frames_ahead: how many frames a page is handed at once: as many as it needs until it asks
            again, because whoever passes the last one on has won the seconds until it is due.
        poll: how long a page waits until it asks for more, where nothing wakes it.
    """

    start: timedelta = timedelta(seconds=180)
    static: timedelta = timedelta(seconds=30)
    number: timedelta = timedelta(seconds=60)
    approval: timedelta = timedelta(seconds=180)
    hard_end: timedelta = timedelta(seconds=300)
    finish: timedelta = timedelta(seconds=120)
    starts_per_address: int = 10
    starts_per_browser: int = 5
    open_per_address: int = 3
    longest_wait: timedelta = timedelta(minutes=16)
    strikes_last: timedelta = timedelta(hours=1)
    starts_per_reported_address: int = 1
    origin_slow: timedelta = timedelta(hours=1)
    reading: timedelta = timedelta(seconds=10)
    tries_per_device: int = 20
    bad_frames: int = 5
    approvals_per_person: int = 5
    approvals_window: timedelta = timedelta(minutes=10)
    wrong_numbers: int = 3
    wrong_window: timedelta = timedelta(minutes=15)
    mobile_freeze: timedelta = timedelta(minutes=15)
    push_freeze: timedelta = timedelta(hours=24)
    frames_ahead: int = 3
    poll: timedelta = timedelta(seconds=2)


def wait_after(strike: int, limits: Limits, *, jitter: float) -> timedelta:
    """Give how long somebody waits after their ``strike``-th time over a limit, from 1 on.

    ``jitter`` from 0 to 1 makes it up to a quarter longer, so that not all come back together.
    """
    doubled = MINUTE * (1 << min(strike - 1, 16))
    wait = min(doubled, limits.longest_wait)
    return wait * (1 + jitter / 4)


def origin(what: str) -> OriginRef:
    """Give the name of where logins come from: of a browser (its hash), or of a ``site``."""
    return OriginRef(f"origin:{hashlib.sha256(what.encode()).hexdigest()[:40]}")


def site(address: str) -> str:
    """Give what limits count an address as: itself, or the /64 of an IPv6 address.

    What is no address is counted as one and the same stranger.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((int(parsed), _SITE_BITS), strict=False))
    return str(parsed)
