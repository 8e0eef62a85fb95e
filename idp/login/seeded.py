"""The plain-form sign-in of a seeded person: a user name and nothing else.

It exists for benchmarks and protocol tests; the settings refuse it outside the ``test`` and
``conformance`` environments. Its level is substantial, so that flows which ask for a usual level
pass and those which ask for ``high`` must step up to the card.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from idp.domain.assurance import Assurance
from idp.domain.event import MethodName, SeededEvidence
from idp.errors import SIGN_IN_WRONG
from idp.login.methods import Challenge, Progress, Proof, ProofRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from idp.domain.person import Person
    from idp.domain.reading import Reading
    from idp.login.methods import Asking
    from idp.store.ports import Unit

_LONGEST: Final = 100


class SeededMethod:
    """``LoginMethod`` by user name alone."""

    name: Final = MethodName.SEEDED
    ceiling: Final = Assurance.SUBSTANTIAL
    resistant: Final = False

    def __init__(self, *, now: Callable[[], datetime]) -> None:
        self._now = now

    def start(self, asking: Asking) -> Challenge | None:
        """Need no challenge."""
        del asking
        return None

    def progress(self, asking: Asking) -> Progress:
        """Wait for nothing."""
        del asking
        return Progress()

    def page(self, asking: Asking) -> Mapping[str, object]:
        """Need nothing on the page."""
        del asking
        return {}

    def leave(self, asking: Asking) -> None:
        """Leave nothing behind."""

    def verify(
        self,
        answer: str,
        *,
        asking: Asking,
        challenge: Challenge | None,
        reading: Reading | None = None,
    ) -> Proof:
        """Take the user name; whether anybody has it is found out with the person."""
        del challenge, asking, reading
        if not 0 < len(answer) <= _LONGEST:
            raise ProofRefused(SIGN_IN_WRONG, "empty or too long")
        return Proof(
            evidence=SeededEvidence(username=answer),
            acr=self.ceiling,
            amr=("be:seeded",),
            at=self._now(),
            identify=partial(_person, username=answer),
        )


def _person(unit: Unit, *, username: str) -> Person:
    person = unit.people.find_by_username(username)
    if person is None:
        raise ProofRefused(SIGN_IN_WRONG, "no such seeded person")
    return person
