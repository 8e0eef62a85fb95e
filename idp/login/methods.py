"""What every means of login answers: start, and verify an answer into a proof.

A new means is one file, one entry in what assembly hands to the flow, one template.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol

from idp.domain.assurance import Assurance
from idp.domain.event import Evidence
from idp.domain.person import Person
from idp.errors import Refused
from idp.store.ports import Unit

if TYPE_CHECKING:
    from idp.domain.client import Client
    from idp.domain.event import MethodName
    from idp.domain.reading import Reading
    from idp.domain.transaction import Transaction


CHALLENGE_MARK: Final = "card-challenge"
"""The kind under which an answered card challenge is spent."""


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
    """

    evidence: Evidence
    acr: Assurance
    amr: tuple[str, ...]
    at: datetime
    marks: tuple[Mark, ...] = ()
    identify: Callable[[Unit], Person] = field(repr=False)


class ProofRefused(Refused):
    """Nothing is proven; the login stays open and another try is possible."""


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

    def start(self) -> Challenge | None:
        """Make a fresh challenge; ``None`` where the means needs none."""
        ...

    def verify(
        self,
        answer: str,
        *,
        challenge: Challenge | None,
        client: Client,
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
