"""What goes in and out of a login at each turn: the browser that asks, and what it is shown next.

Plain values. The web turns a ``Turn`` into a page, cookies and a redirect, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from idp.domain.answer import Answer
from idp.domain.claims import ClaimOffer
from idp.domain.client import Client
from idp.domain.event import MethodName
from idp.domain.reading import Reading
from idp.domain.transaction import Transaction
from idp.errors import Problem, Refused

if TYPE_CHECKING:
    from datetime import timedelta


class Page(StrEnum):
    """What stands before the citizen."""

    CHOOSE = "choose"
    PASSKEY = "passkey"
    MOBILE = "mobile"
    CARD = "card"
    TOTP = "totp"
    SEEDED = "seeded"
    NEW_PHONE = "new_phone"
    CONSENT = "consent"
    DONE = "done"


@dataclass(frozen=True, kw_only=True, slots=True)
class Visitor:
    """A browser as it presents itself: nothing in it is trusted.

    Attributes:
        binding: the value of the browser cookie, as sent.
        session: the value of the session cookie, as sent.
        language: the language of the pages, one of the settings' languages.
        address: where the request comes from; only counted.
        where: browser and system as it calls itself, in a few words; shown to a phone.
        handheld: it calls itself a phone's or a tablet's.
    """

    binding: str | None = field(repr=False)
    session: str | None = field(repr=False)
    language: str = "en"
    address: str | None = None
    where: str = ""
    handheld: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """What the web shows or sends next.

    Attributes:
        tx: the transaction as it stands now; ``tx.challenge`` is the nonce of the card page.
        methods: the means that can reach what this login needs, in the order to offer them.
        offers: on the consent page, the claims that may leave, in the order to show them.
        reading: on the card's page, what will be read of the card's files, and why.
        state: on the page of a means that is carried out elsewhere, how far it came.
        shown: what else the page of that means shows.
        person_name: on the consent page, who is signed in.
        trouble: why the last try was refused; the page shows it and another try is possible.
        answer: on ``DONE``, what to send the browser to the e-service with.
        set_binding: the value of a new browser cookie; set it.
        set_session: the value of a new session cookie; set it.
        clear_session: the session cookie that was sent is worth nothing; drop it.
    """

    tx: Transaction
    client: Client
    page: Page
    methods: tuple[MethodName, ...] = ()
    offers: tuple[ClaimOffer, ...] = ()
    reading: Reading | None = None
    state: str = ""
    shown: Mapping[str, object] = field(default_factory=dict, repr=False)
    person_name: str | None = field(default=None, repr=False)
    trouble: Problem | None = None
    answer: Answer | None = None
    set_binding: str | None = field(default=None, repr=False)
    set_session: str | None = field(default=None, repr=False)
    clear_session: bool = False


class LoginRefused(Refused):
    """A refusal told to the very browser that the login belongs to, which may see its state.

    Attributes:
        tx: the transaction, so that the page can offer to start again or to go back.
    """

    def __init__(
        self,
        problem: Problem,
        detail: str = "",
        *,
        tx: Transaction,
        wait: timedelta | None = None,
    ) -> None:
        super().__init__(problem, detail, wait=wait)
        self.tx = tx
