"""One asking, one transaction: opened by a request, filled by a means of login, agreed, completed.

Everything that moves a transaction is a pure function of it; the store decides, by version, which
of two simultaneous moves is kept. Completion is not a move: the Ledger marks the transaction spent.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType

from idp.domain.event import AuthenticationEvent, MethodName, without_facts
from idp.domain.request import AuthorizationRequest

TransactionId = NewType("TransactionId", str)


class Channel(StrEnum):
    """Whether a browser or a back-channel request (CIBA) opened the transaction."""

    BROWSER = "browser"
    BACKCHANNEL = "backchannel"


class Step(StrEnum):
    """Where the transaction stands."""

    CHOOSING = "choosing"
    PROVING = "proving"
    AGREEING = "agreeing"
    AGREED = "agreed"
    REFUSED = "refused"


OVER: Final = frozenset({Step.AGREED, Step.REFUSED})
"""The steps from which nothing moves."""


class WrongStep(Exception):
    """The move does not exist from this step: an old tab, a double click, a forged post."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Agreement:
    """What the citizen agreed to release, and whether we may remember it."""

    claims: tuple[str, ...]
    remembered: bool
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Transaction:
    """The state of one login.

    Attributes:
        version: grows by one with every stored move (compare-and-swap).
        binding: SHA-256 (hexadecimal) of the cookie of the browser that opened it; empty while
            no browser has shown a cookie (it came by a cross-site POST): the first visit claims it.
        opened_at: when the request was first opened, kept by a login that is started again.
        ask_again: the citizen asked for the choice of a means, so a session is not simply used.
        challenge: what the chosen method issued (for the card: the nonce as base64 text), and
            ``challenge_ends``, the time after which it is not accepted.
        phones_answered: new phones of the person about whom they were asked in this login.
        offered: the claims that the consent page shows, each with its reason (``as_shown``).
        event: the proof, without what a card's files say: that stands in its session alone.
        session: SHA-256 (hexadecimal) of the session cookie that ``event`` belongs to.
        refusal: the catalogue code that ended it.
    """

    id: TransactionId
    version: int = 1
    channel: Channel = Channel.BROWSER
    request: AuthorizationRequest
    binding: str
    step: Step = Step.CHOOSING
    opened_at: datetime
    expires_at: datetime
    language: str = "en"
    method: MethodName | None = None
    ask_again: bool = False
    challenge: str | None = field(default=None, repr=False)
    challenge_ends: datetime | None = None
    event: AuthenticationEvent | None = None
    session: str | None = None
    fresh_login: bool = False
    phones_answered: tuple[str, ...] = ()
    offered: tuple[str, ...] = ()
    agreement: Agreement | None = None
    refusal: str | None = None


def awaited(tx: Transaction) -> bool:
    """Tell whether somebody may be waiting for what happens to it elsewhere: on a phone."""
    return tx.channel is Channel.BACKCHANNEL or tx.method is MethodName.MOBILE


def choose(
    tx: Transaction,
    *,
    method: MethodName,
    challenge: str | None = None,
    challenge_ends: datetime | None = None,
) -> Transaction:
    """A means of login was chosen and issued its challenge; choosing again replaces it."""
    _from(tx, Step.CHOOSING, Step.PROVING)
    return replace(
        tx,
        step=Step.PROVING,
        method=method,
        challenge=challenge,
        challenge_ends=challenge_ends,
    )


def take_challenge(tx: Transaction) -> Transaction:
    """An answer came: its challenge is gone, whatever the answer turns out to be worth."""
    _from(tx, Step.PROVING)
    return replace(tx, step=Step.CHOOSING, method=None, challenge=None, challenge_ends=None)


def prove(tx: Transaction, *, event: AuthenticationEvent, session: str, fresh: bool) -> Transaction:
    """Somebody proved who they are (``fresh``), or their session is good enough."""
    _from(tx, Step.CHOOSING, Step.PROVING)
    return replace(
        tx,
        step=Step.AGREEING,
        event=without_facts(event),
        session=session,
        fresh_login=fresh,
        challenge=None,
        challenge_ends=None,
    )


def agree(tx: Transaction, *, agreement: Agreement) -> Transaction:
    """The citizen agreed, now or earlier, to the claims that leave."""
    _from(tx, Step.AGREEING)
    return replace(tx, step=Step.AGREED, agreement=agreement)


def refuse(tx: Transaction, *, reason: str) -> Transaction:
    """The citizen, a policy or a fault ended it; ``reason`` is a catalogue code."""
    _from(tx, Step.CHOOSING, Step.PROVING, Step.AGREEING)
    return replace(tx, step=Step.REFUSED, refusal=reason, challenge=None, challenge_ends=None)


def restart(tx: Transaction) -> Transaction:
    """Back to the choice of a means, because the citizen asks: what was proven is forgotten."""
    _from(tx, Step.CHOOSING, Step.PROVING, Step.AGREEING)
    return replace(
        tx,
        step=Step.CHOOSING,
        method=None,
        ask_again=True,
        challenge=None,
        challenge_ends=None,
        event=None,
        session=None,
        fresh_login=False,
        phones_answered=(),
        offered=(),
        agreement=None,
    )


def _from(tx: Transaction, *steps: Step) -> None:
    if tx.step not in steps:
        raise WrongStep(f"{tx.step} is none of {', '.join(steps)}")
