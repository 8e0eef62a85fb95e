"""Gathers, inside one unit of work, everything that the policy looks at."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from idp.domain import claims, verified_claims
from idp.domain.assurance import Assurance
from idp.domain.client import is_open, subject_sector
from idp.domain.event import CardEvidence, MethodName
from idp.domain.person import SubjectId
from idp.domain.reading import Reading, reading_of, rule_facts, set_of
from idp.domain.redirects import registered
from idp.domain.vocabulary import FILE_FACTS, fact_of
from idp.errors import (
    CLIENT_DISABLED,
    REDIRECT_URI_MISMATCH,
    SESSION_CHANGED,
    UNKNOWN_CLIENT,
    Refused,
)
from idp.login import knowing, own, sessions
from idp.login.methods import LoginMethod
from idp.login.policy import Standing, needed_level, needs_resistance
from idp.login.sessions import SessionRules
from idp.login.turn import LoginRefused
from idp.store.means import means_stand

if TYPE_CHECKING:
    from idp.config import Settings
    from idp.domain.client import Client
    from idp.domain.person import Person
    from idp.domain.session import Session
    from idp.domain.transaction import Transaction
    from idp.login.turn import Visitor
    from idp.store.ports import Unit

_SUBJECT_BYTES: Final = 16


def gatherer(
    settings: Settings,
    means: Sequence[LoginMethod],
    *,
    now: Callable[[], datetime],
    entropy: Callable[[int], bytes],
) -> Gatherer:
    """Give the gatherer of a deployment."""
    lives = settings.lifetimes
    return Gatherer(
        means=tuple(means),
        strongest=max((one.ceiling for one in means), default=Assurance.LOW),
        resistant=any(one.resistant for one in means),
        rules=SessionRules(
            idle=lives.session_idle, absolute=lives.session, crossing=lives.session_crossing
        ),
        issuer=settings.issuer,
        framework=settings.card.framework,
        now=now,
        entropy=entropy,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Gatherer:
    """What stays the same from login to login: the means, the rules, the names in use.

    Attributes:
        strongest: the highest level that any enabled means can reach.
        resistant: whether any enabled means resists phishing.
        framework: the trust framework that verified claims name.
    """

    means: Sequence[LoginMethod]
    strongest: Assurance
    resistant: bool
    rules: SessionRules
    issuer: str
    framework: str
    now: Callable[[], datetime]
    entropy: Callable[[int], bytes]

    def client(self, unit: Unit, tx: Transaction) -> Client:
        """Read the registration as it is now.

        Raises:
            Refused: since the login began it was removed, disabled or has ended, or the address
                that the login would end at was taken out: nothing is sent there any more.
        """
        asked = tx.request.client_id
        client = own.client(asked, issuer=self.issuer) or unit.clients.get(asked)
        if client is None:
            raise Refused(UNKNOWN_CLIENT, "removed since the login began")
        if not is_open(client, self.now()):
            raise Refused(CLIENT_DISABLED, "disabled or ended since the login began")
        if registered(tx.request.redirect_uri, client.redirect_uris) is None:
            raise Refused(REDIRECT_URI_MISMATCH, "redirect_uri taken out since the login began")
        return client

    def methods(self, tx: Transaction, client: Client) -> tuple[MethodName, ...]:
        """Give the means that can reach what this login needs.

        Where the card's files are needed, that is the card, if it is one; a seeded person may have
        the claims too, but satisfies no rule.
        """
        needed = needed_level(tx.request, client, strongest=self.strongest)
        resistant = needs_resistance(tx.request, client, offered=self.resistant)
        able = tuple(
            means.name
            for means in self.means
            if (needed is None or means.ceiling >= needed) and (means.resistant or not resistant)
        )
        if client.id == own.CARD:
            return tuple(name for name in able if name is MethodName.CARD)
        reading = self.reading(tx, client)
        if reading is None or not reading.needed or MethodName.CARD not in able:
            return able
        bringing = {MethodName.CARD} if reading.rules else {MethodName.CARD, MethodName.SEEDED}
        return tuple(name for name in able if name in bringing)

    def reading(self, tx: Transaction, client: Client) -> Reading | None:
        """Give what this login reads of a card's files."""
        return reading_of(tx.request, client, now=self.now(), issuer=self.issuer)

    def standing(
        self,
        unit: Unit,
        tx: Transaction,
        client: Client,
        *,
        session: Session | None,
        person: Person | None = None,
    ) -> Standing:
        """Read person, consent and claims of a session; ``person`` if it was read already."""
        now = self.now()
        if session is None:
            return Standing(
                tx=tx,
                client=client,
                strongest=self.strongest,
                resistant=self.resistant,
                rules=self.rules,
                now=now,
            )
        known = person or unit.people.get(session.event.person)
        offers: tuple[claims.ClaimOffer, ...] = ()
        missing: tuple[str, ...] = ()
        if known is not None:
            offers = self._offers(tx, client, known, session, now=now)
            missing = claims.missing_essential(
                tx.request, client, offers, now=now, issuer=self.issuer
            )
        return Standing(
            tx=tx,
            client=client,
            session=session,
            person=known,
            subject=self._subject(unit, tx, client, known),
            consent=unit.consents.get(session.event.person, client.id),
            offers=offers,
            missing=missing,
            unread=self._unread(tx, client, session, missing),
            waiting=knowing.waiting(unit, tx, session),
            means_stand=means_stand(unit, session.event.person, session.event.evidence),
            strongest=self.strongest,
            resistant=self.resistant,
            rules=self.rules,
            now=now,
        )

    def _offers(
        self, tx: Transaction, client: Client, person: Person, session: Session, *, now: datetime
    ) -> tuple[claims.ClaimOffer, ...]:
        """Give the claims that may leave, and after them those that leave as verified."""
        plain = claims.offers(
            tx.request, client, person, session.event, now=now, issuer=self.issuer
        )
        proven = verified_claims.offers(
            tx.request,
            client,
            person,
            session.event,
            now=now,
            issuer=self.issuer,
            framework=self.framework,
        )
        return (*plain, *proven)

    def of_the_page(self, unit: Unit, tx: Transaction, visitor: Visitor) -> Standing:
        """Read the standing for the consent page, which belongs to one session.

        Raises:
            LoginRefused: SESSION_CHANGED, that session is over or another one is there.
        """
        client = self.client(unit, tx)
        session = sessions.find(unit, visitor.session)
        if session is None or session.key != tx.session:
            raise LoginRefused(SESSION_CHANGED, "the session is another one, or gone", tx=tx)
        if not self.rules.alive(session, self.now()):
            raise LoginRefused(SESSION_CHANGED, "the session is over", tx=tx)
        return self.standing(unit, tx, client, session=session)

    def _unread(
        self, tx: Transaction, client: Client, session: Session, missing: tuple[str, ...]
    ) -> frozenset[str]:
        """Give the facts that this login needs, that a card's files would bring, and did not.

        A proof in this very login that brought the files has them all: what it lacks, the card does
        not say.
        """
        evidence = session.event.evidence
        card = evidence if isinstance(evidence, CardEvidence) else None
        lacking = set(rule_facts(client)) - (set() if card is None else card.facts.keys())
        if MethodName.CARD in self.methods(tx, client):
            facts = (fact_of(name, issuer=self.issuer) for name in missing)
            lacking |= {fact for fact in facts if fact is not None and fact in FILE_FACTS}
        if tx.fresh_login and tx.session == session.key:
            came = () if card is None else card.files
            lacking = {fact for fact in lacking if set_of(fact) not in came}
            if card is None:
                lacking &= rule_facts(client)
        return frozenset(lacking)

    def _subject(
        self, unit: Unit, tx: Transaction, client: Client, person: Person | None
    ) -> str | None:
        if person is None or tx.request.subject_hint is None:
            return None
        word = base64.urlsafe_b64encode(self.entropy(_SUBJECT_BYTES)).rstrip(b"=").decode()
        return unit.people.subject(person.id, subject_sector(client), candidate=SubjectId(word))
