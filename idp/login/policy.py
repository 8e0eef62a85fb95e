"""What a login needs next: an ordered list of named checks, of which the first that objects counts.

The list at the end is the documentation. Nothing here asks a store or a clock: a check is a pure
function of the ``Standing``, and a login that no check objects to may be completed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from idp.domain.age import surely_younger
from idp.domain.assurance import Assurance, lowest_asked, resistance_asked
from idp.domain.claims import ClaimOffer, as_shown
from idp.domain.client import Client
from idp.domain.consent import Consent, covers
from idp.domain.documents import is_accepted
from idp.domain.event import CardEvidence, resists_phishing
from idp.domain.person import Person, PersonState
from idp.domain.reading import DOCUMENT, age_fact
from idp.domain.request import Prompt
from idp.domain.session import Session
from idp.domain.transaction import Transaction
from idp.errors import (
    ACCOUNT_NOT_ACTIVE,
    AGE_NOT_REACHED,
    CARD_FILES_NEEDED,
    CLAIM_UNAVAILABLE,
    CONSENT_REQUIRED,
    DOCUMENT_NOT_ACCEPTED,
    INTERACTION_REQUIRED,
    LOGIN_REQUIRED,
    UNMET_AUTHENTICATION_REQUIREMENTS,
    Problem,
)
from idp.login import own
from idp.login.sessions import SessionRules
from mobile_flow.model import Device

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from idp.domain.request import AuthorizationRequest


_REMEMBERED: Final = 1024


class Next(StrEnum):
    """What must happen before the login can be completed."""

    LOGIN = "login"
    NEW_PHONE = "new_phone"
    CONSENT = "consent"
    REFUSE = "refuse"
    OTHERWISE = "otherwise"
    """Prove it otherwise: by another card, or with what was missing; the citizen is told why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """An objection.

    Attributes:
        problem: what the client is told: where refused, and where ``prompt=none`` forbids to ask.
    """

    next: Next
    problem: Problem


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """Everything that a check may look at.

    Attributes:
        session: the browser's session, in whatever state; ``None`` if there is none.
        person: whose session it is.
        subject: the name that the client knows that person by; given only where the request says
            whom it expects.
        offers: the claims that may leave, and ``missing`` the essential ones that cannot.
        unread: facts that a login with the card's files would bring, that this login needs and the
            session does not have.
        waiting: new phones of whose person it is not known yet that they are theirs, to be asked
            about now.
        means_stand: the phone or the secret behind the session still is its person's.
        strongest: the highest ceiling of the enabled means.
        resistant: one of the enabled means resists phishing.
    """

    tx: Transaction
    client: Client
    session: Session | None = None
    person: Person | None = None
    subject: str | None = None
    consent: Consent | None = None
    offers: tuple[ClaimOffer, ...] = ()
    missing: tuple[str, ...] = ()
    unread: frozenset[str] = frozenset()
    waiting: tuple[Device, ...] = ()
    means_stand: bool = True
    strongest: Assurance
    resistant: bool = True
    rules: SessionRules
    now: datetime

    @property
    def request(self) -> AuthorizationRequest:
        """What the client asked."""
        return self.tx.request

    @property
    def facts(self) -> Mapping[str, object]:
        """What the session's card proved by its files, by fact."""
        evidence = None if self.session is None else self.session.event.evidence
        return evidence.facts if isinstance(evidence, CardEvidence) else {}

    @property
    def fresh(self) -> bool:
        """Whether the session was opened by a proof in this very transaction."""
        session = self.session
        return session is not None and self.tx.fresh_login and self.tx.session == session.key


def judge(standing: Standing) -> Verdict | None:
    """Give the first objection, or ``None``: the login may be completed."""
    for check in CHECKS:
        verdict = check(standing)
        if verdict is not None:
            return verdict
    return None


def needed_level(
    request: AuthorizationRequest, client: Client, *, strongest: Assurance
) -> Assurance | None:
    """Give the level that a login must reach, ``None`` if any will do.

    A level asked voluntarily that no means reaches is tried with the strongest one (OpenID Connect
    Core 3.1.2.1); what the registration demands, or the client calls essential, is never lowered.
    """
    return _level(request.acr_words, request.essential_acr, client.minimum_acr, strongest)


@lru_cache(_REMEMBERED)
def _level(
    words: tuple[str, ...],
    essential: bool,  # noqa: FBT001 - by position, as what is remembered is found
    minimum: str | None,
    strongest: Assurance,
) -> Assurance | None:
    asked = lowest_asked(words)
    if asked is not None and not essential:
        asked = min(asked, strongest)
    floor = lowest_asked((minimum,)) if minimum else None
    levels = [level for level in (asked, floor) if level is not None]
    return max(levels) if levels else None


def needs_resistance(request: AuthorizationRequest, client: Client, *, offered: bool) -> bool:
    """Tell whether a login must be by a means that resists phishing.

    Asked voluntarily where no enabled means does (``offered``), it is let go like a level.
    """
    return _resistance(request.acr_words, request.essential_acr or offered, client.minimum_acr)


@lru_cache(_REMEMBERED)
def _resistance(
    words: tuple[str, ...],
    heeded: bool,  # noqa: FBT001 - as above
    minimum: str | None,
) -> bool:
    floor = minimum is not None and resistance_asked((minimum,))
    return floor or (heeded and resistance_asked(words))


# --- the checks, in the order of the list below ---------------------------------------------------


def the_level_is_beyond_every_means(standing: Standing) -> Verdict | None:
    """Refuse a level that must be reached and cannot be, or that we do not know."""
    request = standing.request
    needed = needed_level(request, standing.client, strongest=standing.strongest)
    beyond = needed is not None and needed > standing.strongest
    words = request.acr_words if request.essential_acr else ()
    foreign = bool(words) and lowest_asked(words) is None
    exposed = not standing.resistant and _must_resist(standing)
    refused = beyond or foreign or exposed
    return _refuse(UNMET_AUTHENTICATION_REQUIREMENTS) if refused else None


def nobody_is_signed_in(standing: Standing) -> Verdict | None:
    """Demand a login where the browser has no session."""
    return _login() if standing.session is None else None


def the_session_is_over(standing: Standing) -> Verdict | None:
    """Demand a login where the session ended, was succeeded, idled too long or is too old."""
    session = standing.session
    dead = session is not None and not standing.rules.alive(session, standing.now)
    return _login() if dead else None


def the_citizen_asked_to_choose(standing: Standing) -> Verdict | None:
    """Show the means again to somebody who asked to start over."""
    return _login() if standing.tx.ask_again and not standing.fresh else None


def the_account_is_not_active(standing: Standing) -> Verdict | None:
    """Refuse a locked person who just proved who they are; else let somebody else log in."""
    person = standing.person
    if person is not None and person.state is PersonState.ACTIVE:
        return None
    return _refuse(ACCOUNT_NOT_ACTIVE) if standing.fresh else _login()


def the_card_has_expired_since(standing: Standing) -> Verdict | None:
    """Demand a login where the card behind the session is past its end."""
    session = standing.session
    evidence = None if session is None else session.event.evidence
    over = isinstance(evidence, CardEvidence) and standing.now >= evidence.not_after
    return _login() if over else None


def the_means_was_removed_since(standing: Standing) -> Verdict | None:
    """Demand a login where the phone or the secret behind the session is not its person's now."""
    return None if standing.means_stand else _login()


def another_person_is_expected(standing: Standing) -> Verdict | None:
    """Hold to the person that ``id_token_hint`` names (OpenID Connect Core 3.1.2.1)."""
    expected = standing.request.subject_hint
    if expected is None or expected == standing.subject:
        return None
    return _refuse(LOGIN_REQUIRED) if standing.fresh else _login()


def the_client_wants_a_new_login(standing: Standing) -> Verdict | None:
    """Obey ``prompt=login`` and ``prompt=select_account``; a proof in this login satisfies both."""
    wanted = {Prompt.LOGIN, Prompt.SELECT_ACCOUNT} & set(standing.request.prompts)
    return _login() if wanted and not standing.fresh else None


def the_login_is_too_old(standing: Standing) -> Verdict | None:
    """Obey ``max_age``, or the registered default; a proof in this login satisfies it."""
    asked = standing.request.max_age
    longest = standing.client.default_max_age if asked is None else asked
    session = standing.session
    if longest is None or session is None or standing.fresh:
        return None
    age = (standing.now - session.event.at).total_seconds()
    return _login() if longest == 0 or age > longest else None


def the_level_is_too_low(standing: Standing) -> Verdict | None:
    """Step up where the session's proof reaches less than is needed."""
    needed = needed_level(standing.request, standing.client, strongest=standing.strongest)
    session = standing.session
    short = needed is not None and session is not None and session.event.acr < needed
    if session is not None and not resists_phishing(session.event.evidence):
        short = short or _must_resist(standing)
    return Verdict(next=Next.LOGIN, problem=INTERACTION_REQUIRED) if short else None


def the_number_proves_a_lower_age(standing: Standing) -> Verdict | None:
    """Refuse below the client's age where the register's number leaves no doubt of it.

    It is good for a refusal only: that somebody is old enough, the verified file alone says.
    """
    years, person = standing.client.minimum_age, standing.person
    number = None if person is None else person.attributes.national_number
    if years is None or number is None:
        return None
    young = surely_younger(number, years, at=standing.now)
    return _otherwise(AGE_NOT_REACHED) if young else None


def the_files_of_the_card_are_missing(standing: Standing) -> Verdict | None:
    """Demand a card with its files where a rule of the client, or an essential claim, needs them.

    A fresh proof without them was made by software that does not send them.
    """
    if not standing.unread:
        return None
    if standing.fresh:
        return _otherwise(CARD_FILES_NEEDED)
    return Verdict(next=Next.LOGIN, problem=INTERACTION_REQUIRED)


def the_document_is_not_accepted(standing: Standing) -> Verdict | None:
    """Hold to the kinds of document that the registration accepts, by the verified file."""
    accepted = standing.client.accepted_documents
    if not accepted or is_accepted(str(standing.facts.get(DOCUMENT, "")), accepted):
        return None
    return _otherwise(DOCUMENT_NOT_ACCEPTED)


def the_age_is_not_reached(standing: Standing) -> Verdict | None:
    """Hold to the client's age, by the verified file; an age that it leaves open is not reached."""
    years = standing.client.minimum_age
    if years is None or standing.facts.get(age_fact(years)) is True:
        return None
    return _otherwise(AGE_NOT_REACHED)


def an_essential_claim_is_missing(standing: Standing) -> Verdict | None:
    """Refuse where the client is entitled to a claim, cannot go on without it, and we lack it."""
    return _refuse(CLAIM_UNAVAILABLE) if standing.missing else None


def a_new_phone_may_be_somebody_elses(standing: Standing) -> Verdict | None:
    """Ask whoever just used their card whether a phone that was added lately is theirs."""
    if not standing.waiting:
        return None
    return Verdict(next=Next.NEW_PHONE, problem=INTERACTION_REQUIRED)


def nobody_agreed_yet(standing: Standing) -> Verdict | None:
    """Ask for consent: once for a client, again for what was never agreed to or at its wish."""
    if standing.tx.agreement is not None or own.is_own(standing.client.id):
        return None
    shown = tuple(as_shown(offer) for offer in standing.offers)
    if Prompt.CONSENT not in standing.request.prompts and covers(standing.consent, shown):
        return None
    return Verdict(next=Next.CONSENT, problem=CONSENT_REQUIRED)


CHECKS: Final[tuple[Callable[[Standing], Verdict | None], ...]] = (
    the_level_is_beyond_every_means,
    nobody_is_signed_in,
    the_session_is_over,
    the_citizen_asked_to_choose,
    the_account_is_not_active,
    the_card_has_expired_since,
    the_means_was_removed_since,
    another_person_is_expected,
    the_client_wants_a_new_login,
    the_login_is_too_old,
    the_level_is_too_low,
    the_number_proves_a_lower_age,
    the_files_of_the_card_are_missing,
    the_document_is_not_accepted,
    the_age_is_not_reached,
    an_essential_claim_is_missing,
    a_new_phone_may_be_somebody_elses,
    nobody_agreed_yet,
)


def _must_resist(standing: Standing) -> bool:
    return needs_resistance(standing.request, standing.client, offered=standing.resistant)


def _login() -> Verdict:
    return Verdict(next=Next.LOGIN, problem=LOGIN_REQUIRED)


def _otherwise(problem: Problem) -> Verdict:
    return Verdict(next=Next.OTHERWISE, problem=problem)


def _refuse(problem: Problem) -> Verdict:
    return Verdict(next=Next.REFUSE, problem=problem)
