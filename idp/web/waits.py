"""What a page that waits for something elsewhere needs to know: where to wait, and what it shows.

The page's part is ``static/wait.js``; ``parts.waiting`` in the templates joins the two.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from idp.web import headers

if TYPE_CHECKING:
    from idp.config import Settings
    from idp.domain.transaction import Transaction

_REFRESH_SECONDS: Final = 5
"""How often a page without script asks; each time it is drawn anew, under the citizen's eyes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wait:
    """How one page waits.

    Attributes:
        events: the address of its event stream; empty where there is no role that serves it.
        status: the address that tells how the login stands.
        known: what that address told when the page was made.
        poll: milliseconds between two questions of a page that nobody wakes.
        refresh: seconds after which a page without script asks for itself again.
    """

    events: str
    status: str
    known: str
    poll: int
    refresh: int


class Waits:
    """Gives what pages wait by, as the settings say."""

    def __init__(self, settings: Settings) -> None:
        url = settings.waiting.url
        self._url = url
        self._poll = settings.waiting.poll
        elsewhere = url is not None and url != settings.issuer
        self.connect: tuple[str, ...] = (_origin(url),) if url and elsewhere else ()
        """Origins beside our own that a page connects to when it waits."""

    def of(self, tx: Transaction, state: str) -> Wait:
        """Give how the page of a login waits; ``state`` is what it says of the phone."""
        return Wait(
            events="" if self._url is None else f"{self._url}/wait/{tx.id}",
            status=f"/login/{tx.id}/status",
            known=status(tx, state),
            poll=round(self._poll.total_seconds() * 1000),
            refresh=max(_REFRESH_SECONDS, round(self._poll.total_seconds())),
        )


def status(tx: Transaction, state: str) -> str:
    """Tell in JSON where a login stands, and how far a phone came: nothing about anybody.

    Whatever a page that waits must notice belongs in here; pages compare the text as a whole.
    """
    return json.dumps({"step": str(tx.step), "version": tx.version, "phone": state})


def _origin(url: str) -> str:
    found = headers.source(url)
    if found is None:
        raise ValueError("waiting.url cannot be written in a policy")
    return found
