"""What every means of login answers: start, and verify an answer into a proof.

A new means is one file, one entry in what assembly hands to the flow, one template.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol

from idp.domain.assurance import Assurance
from idp.domain.client import Client
from idp.domain.event import Evidence
from idp.domain.person import Person
from idp.domain.session import Session
from idp.domain.transaction import Transaction
from idp.errors import Problem, Refused, problem_of_phone, wait_of_phone
from idp.login.turn import Visitor
from idp.store.ports import Unit

if TYPE_CHECKING:
    from idp.domain.event import MethodName
    from idp.domain.reading import Reading
    from mobile_flow.errors import PhoneError


CHALLENGE_MARK: Final = "card-challenge"
"""The kind under which an answered card challenge is spent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asking:
    """Who asks for a proof, of whom, and for what.

    Attributes:
        how: a variant of the means that the citizen chose; empty for its usual one.
        needed: the level that this login must reach; ``None`` if any will do.
    """

    tx: Transaction
    client: Client
    visitor: Visitor
    how: str = ""
    needed: Assurance | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far a proof came that is carried out elsewhere, on a phone.

    Attributes:
        state: a word for the page and for whoever waits; empty where nothing is awaited.
        answer: what to verify, as soon as it is there.
        refused: the person said no, and this is why the login ends.
    """

    state: str = ""
    answer: str | None = None
    refused: Problem | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Challenge:
    """What the citizen's side must answer, and the time after which no answer is accepted."""

    text: str = field(repr=False)
    ends: datetime


def issued_challenge(tx: Transaction) -> Challenge | None:
    """Give the challenge that stands open in a transaction, if any."""
    if tx.challenge is None or tx.challenge_ends is None:
        return None
    return Challenge(text=tx.challenge, ends=tx.challenge_ends)


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """A single-use thing that the proof used up, as ``unit.spend`` takes it."""

    kind: str
    key: str = field(repr=False)
    until: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """An answer that was verified to its end; no person of ours stands behind it yet.

    Attributes:
        acr: what this proof reaches, whatever was asked.
        at: the moment of the proof (``auth_time``).
        marks: what must be spent in the unit of work that records the proof.
        identify: finds, makes or renews the person, in that unit; raises ``ProofRefused``.
        settle: notes in that unit which session the proof opened, and uses up what it came from;
            raises ``ProofRefused``.
    """

    evidence: Evidence
    acr: Assurance
    amr: tuple[str, ...]
    at: datetime
    marks: tuple[Mark, ...] = ()
    identify: Callable[[Unit], Person] = field(repr=False)
    settle: Callable[[Unit, Session], None] | None = field(default=None, repr=False)


class ProofRefused(Refused):
    """Nothing is proven; the login stays open and another try is possible."""


def refused_by_phone(error: PhoneError, *, now: datetime) -> ProofRefused:
    """Give what a login says to a refusal of the phone's side, with how long it lasts."""
    return ProofRefused(problem_of_phone(error), error.code, wait=wait_of_phone(error, now))


class NoMeansOfLogin(Exception):
    """The settings enable no means of login: nobody could ever log in."""


class LoginMethod(Protocol):
    """One means of login."""

    @property
    def name(self) -> MethodName:
        """Its name in URLs, templates and audit rows."""
        ...

    @property
    def ceiling(self) -> Assurance:
        """The most that a proof by it can reach."""
        ...

    @property
    def resistant(self) -> bool:
        """Whether a proof by it resists phishing: it cannot be asked for by another page."""
        ...

    def start(self, asking: Asking) -> Challenge | None:
        """Make a fresh challenge; ``None`` where the means needs none.

        Raises:
            ProofRefused: it cannot be started now.
        """
        ...

    def progress(self, asking: Asking) -> Progress:
        """Tell how far it came elsewhere, changing nothing."""
        ...

    def page(self, asking: Asking) -> Mapping[str, object]:
        """Give what its page shows beside the transaction."""
        ...

    def leave(self, asking: Asking) -> None:
        """Give it up: another means was chosen, or the login ended without it."""
        ...

    def verify(
        self,
        answer: str,
        *,
        asking: Asking,
        challenge: Challenge | None,
        reading: Reading | None = None,
    ) -> Proof:
        """Verify an answer to ``challenge``, which the caller took from its store before.

        ``reading`` is what this login reads of a card's files; a means without files ignores it.
        May ask the network: never inside a unit of work.

        Raises:
            ProofRefused: with the catalogue entry that says which check refused.
        """
        ...


def by_name(means: Iterable[LoginMethod]) -> dict[MethodName, LoginMethod]:
    """Give the means by name, in the order to offer them. Raises: NoMeansOfLogin."""
    found = {one.name: one for one in means}
    if not found:
        raise NoMeansOfLogin("enable card.enabled (or login.seeded_sign_in, in a test)")
    return found
