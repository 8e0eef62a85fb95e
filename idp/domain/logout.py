"""Where an e-service wants to hear that somebody logged out: behind the browser's back, or in it.

OpenID Connect Back-Channel Logout 1.0 section 2.2, Front-Channel Logout 1.0 section 2.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class LogoutChannels:
    """What a client registered of it.

    Attributes:
        back: the address that logout tokens are posted to.
        back_session_required: it wants the ``sid`` in them; it is always there.
        front: the address that is opened in a frame of our page.
        front_session_required: it wants ``iss`` and ``sid`` there; they are always there.
    """

    back: str | None = None
    back_session_required: bool = False
    front: str | None = None
    front_session_required: bool = False


NOT_TOLD = LogoutChannels()
"""Of a client that wants to hear of no logout."""
