"""What a login that began on another device gets less of (``security`` rule R11).

Whoever shows a code to scan can show somebody else's: until a relayed login is noticed it lives
short, and nothing outlives it unless the e-service is registered for that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from idp.domain.event import crossed_devices

if TYPE_CHECKING:
    from datetime import timedelta

    from idp.domain.client import Client
    from idp.domain.event import Evidence

OFFLINE: Final = "offline_access"


def scopes_given(scopes: tuple[str, ...], client: Client, evidence: Evidence) -> tuple[str, ...]:
    """Give the scopes that a login by this evidence is granted of those that were asked."""
    if client.allow_offline_from_phone or not crossed_devices(evidence):
        return scopes
    return tuple(scope for scope in scopes if scope != OFFLINE)


def session_life(evidence: Evidence, *, usual: timedelta, crossing: timedelta) -> timedelta:
    """Give how long a session by this evidence lives in all."""
    return min(usual, crossing) if crossed_devices(evidence) else usual
