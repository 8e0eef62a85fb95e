"""The policy as a table: each check, what it objects to, and what it lets pass."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from idp.domain.assurance import Assurance
from idp.domain.claims import ClaimOffer, as_shown
from idp.domain.client import ClientId
from idp.domain.consent import Consent
from idp.domain.event import AuthenticationEvent, CardEvidence
from idp.domain.person import PersonState
from idp.domain.request import AuthorizationRequest, Prompt, ResponseMode
from idp.domain.transaction import Agreement, Transaction, TransactionId, restart
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
)
from idp.login import policy
from idp.login.policy import CHECKS, Next, Standing, Verdict, judge, needed_level
from idp.login.sessions import SessionRules
from tests.contract.store.phones import a_device
from tests.contract.store.stand_ins import START, a_client, a_person, a_session

HIGH, SUBSTANTIAL = "eidas3", "eidas2"
RULES = SessionRules(
    idle=timedelta(minutes=30), absolute=timedelta(hours=8), crossing=timedelta(minutes=60)
)
NOW = START + timedelta(minutes=10)
SESSION = a_session()
PERSON = a_person()
LOGIN = Verdict(next=Next.LOGIN, problem=LOGIN_REQUIRED)
STEP_UP = Verdict(next=Next.LOGIN, problem=INTERACTION_REQUIRED)
KNOW = Verdict(next=Next.NEW_PHONE, problem=INTERACTION_REQUIRED)
ASK = Verdict(next=Next.CONSENT, problem=CONSENT_REQUIRED)


def refuse(problem: Any) -> Verdict:
    return Verdict(next=Next.REFUSE, problem=problem)


def otherwise(problem: Any) -> Verdict:
    return Verdict(next=Next.OTHERWISE, problem=problem)


def asking(**asked: Any) -> Transaction:
    request = AuthorizationRequest(
        client_id=ClientId("shop"),
        redirect_uri="https://shop.example/cb",
        response_mode=ResponseMode.QUERY,
        scopes=("openid",),
        **asked,
    )
    return Transaction(
        id=TransactionId("tx"),
        request=request,
        binding="browser",
        opened_at=NOW,
        expires_at=NOW + timedelta(minutes=30),
    )


def proven(tx: Transaction) -> Transaction:
    return replace(tx, fresh_login=True, session=SESSION.key)


def reaching(acr: Assurance, **event: Any) -> Any:
    return replace(SESSION, event=replace(SESSION.event, acr=acr, **event))


def with_card(until: timedelta) -> Any:
    evidence = CardEvidence(
        holder="citizen",
        certificate_fingerprint="f",
        certificate_serial="1",
        issuer="citizen-new",
        generation="ec-p384",
        not_before=START,
        not_after=NOW + until,
        revocation="ocsp",
        status_at=START,
    )
    return reaching(Assurance.HIGH, evidence=evidence)


def proving(**facts: object) -> Any:
    session = with_card(timedelta(days=1))
    evidence = replace(session.event.evidence, facts=facts)
    return replace(session, event=replace(session.event, evidence=evidence))


def numbered(number: str) -> Any:
    return replace(PERSON, attributes=replace(PERSON.attributes, national_number=number))


def remembered(*claims: str, **changes: Any) -> Consent:
    return Consent(
        person=PERSON.id, client=ClientId("shop"), claims=claims, agreed_at=START, **changes
    )


def offering(*names: str) -> tuple[ClaimOffer, ...]:
    return tuple(
        ClaimOffer(name=name, value="x", essential=False, purpose=None, places=frozenset())
        for name in names
    )


def agreed_to(*names: str) -> Consent:
    return remembered(*(as_shown(offer) for offer in offering(*names)))


GOOD = Standing(
    tx=asking(),
    client=a_client(),
    session=SESSION,
    person=PERSON,
    consent=remembered(),
    strongest=Assurance.HIGH,
    rules=RULES,
    now=NOW,
)
ADULTS = a_client(minimum_age=18)
RESIDENTS = a_client(accepted_documents=("citizen", "foreigner"))
LOCKED = replace(PERSON, state=PersonState.LOCKED)
WEAK = {"strongest": Assurance.SUBSTANTIAL}
AGREED = Agreement(claims=(), remembered=False, at=NOW)

TABLE: list[tuple[Any, dict[str, Any], Verdict | None]] = [
    (
        policy.the_level_is_beyond_every_means,
        {**WEAK, "tx": asking(acr_words=(HIGH,), essential_acr=True)},
        refuse(UNMET_AUTHENTICATION_REQUIREMENTS),
    ),
    (
        policy.the_level_is_beyond_every_means,
        {"tx": asking(acr_words=("unheard-of",), essential_acr=True)},
        refuse(UNMET_AUTHENTICATION_REQUIREMENTS),
    ),
    (
        policy.the_level_is_beyond_every_means,
        {**WEAK, "client": a_client(minimum_acr=HIGH)},
        refuse(UNMET_AUTHENTICATION_REQUIREMENTS),
    ),
    (
        policy.the_level_is_beyond_every_means,
        {**WEAK, "tx": asking(acr_words=(HIGH,))},
        None,
    ),
    (policy.the_level_is_beyond_every_means, {"tx": asking(essential_acr=True)}, None),
    (policy.nobody_is_signed_in, {"session": None}, LOGIN),
    (policy.nobody_is_signed_in, {}, None),
    (policy.the_session_is_over, {"session": replace(SESSION, ended_at=NOW)}, LOGIN),
    (policy.the_session_is_over, {"session": replace(SESSION, succeeded_at=NOW)}, LOGIN),
    (policy.the_session_is_over, {"now": START + timedelta(minutes=30)}, LOGIN),
    (
        policy.the_session_is_over,
        {
            "session": replace(SESSION, used_at=START + timedelta(hours=8)),
            "now": START + timedelta(hours=8),
        },
        LOGIN,
    ),
    (policy.the_session_is_over, {}, None),
    (policy.the_citizen_asked_to_choose, {"tx": restart(asking())}, LOGIN),
    (policy.the_citizen_asked_to_choose, {"tx": proven(restart(asking()))}, None),
    (policy.the_account_is_not_active, {"person": LOCKED}, LOGIN),
    (policy.the_account_is_not_active, {"person": None}, LOGIN),
    (
        policy.the_account_is_not_active,
        {"person": LOCKED, "tx": proven(asking())},
        refuse(ACCOUNT_NOT_ACTIVE),
    ),
    (policy.the_card_has_expired_since, {"session": with_card(timedelta())}, LOGIN),
    (policy.the_card_has_expired_since, {"session": with_card(timedelta(days=1))}, None),
    (policy.the_means_was_removed_since, {"means_stand": False}, LOGIN),
    (policy.the_means_was_removed_since, {}, None),
    (policy.another_person_is_expected, {"tx": asking(subject_hint="s"), "subject": "t"}, LOGIN),
    (policy.another_person_is_expected, {"tx": asking(subject_hint="s")}, LOGIN),
    (policy.another_person_is_expected, {"tx": asking(subject_hint="s"), "subject": "s"}, None),
    (
        policy.another_person_is_expected,
        {"tx": proven(asking(subject_hint="s")), "subject": "t"},
        refuse(LOGIN_REQUIRED),
    ),
    (policy.the_client_wants_a_new_login, {"tx": asking(prompts=(Prompt.LOGIN,))}, LOGIN),
    (policy.the_client_wants_a_new_login, {"tx": asking(prompts=(Prompt.SELECT_ACCOUNT,))}, LOGIN),
    (policy.the_client_wants_a_new_login, {"tx": proven(asking(prompts=(Prompt.LOGIN,)))}, None),
    (policy.the_login_is_too_old, {"tx": asking(max_age=599)}, LOGIN),
    (policy.the_login_is_too_old, {"tx": asking(max_age=600)}, None),
    (policy.the_login_is_too_old, {"tx": asking(max_age=0), "now": START}, LOGIN),
    (policy.the_login_is_too_old, {"tx": proven(asking(max_age=0))}, None),
    (policy.the_login_is_too_old, {"client": a_client(default_max_age=1)}, LOGIN),
    (
        policy.the_login_is_too_old,
        {"client": a_client(default_max_age=1), "tx": asking(max_age=600)},
        None,
    ),
    (
        policy.the_level_is_too_low,
        {"tx": asking(acr_words=(HIGH,)), "session": reaching(Assurance.SUBSTANTIAL)},
        STEP_UP,
    ),
    (
        policy.the_level_is_too_low,
        {"client": a_client(minimum_acr=HIGH), "session": reaching(Assurance.SUBSTANTIAL)},
        STEP_UP,
    ),
    (
        policy.the_level_is_too_low,
        {"tx": proven(asking(acr_words=(HIGH,))), "session": reaching(Assurance.LOW)},
        STEP_UP,
    ),
    (
        policy.the_level_is_too_low,
        {
            **WEAK,
            "tx": asking(acr_words=(HIGH,)),
            "session": reaching(Assurance.SUBSTANTIAL),
        },
        None,
    ),
    (
        policy.the_level_is_too_low,
        {"tx": asking(acr_words=(HIGH, SUBSTANTIAL)), "session": reaching(Assurance.SUBSTANTIAL)},
        None,
    ),
    (
        policy.the_number_proves_a_lower_age,
        {"client": ADULTS, "person": numbered("18050999055")},
        otherwise(AGE_NOT_REACHED),
    ),
    (
        policy.the_number_proves_a_lower_age,
        {"client": ADULTS, "person": numbered("85073099833"), "session": proving(age_over_18=True)},
        None,
    ),
    (policy.the_number_proves_a_lower_age, {"person": numbered("18050999055")}, None),
    (
        policy.the_files_of_the_card_are_missing,
        {"client": ADULTS, "tx": proven(asking()), "unread": {"age_over_18"}},
        otherwise(CARD_FILES_NEEDED),
    ),
    (policy.the_files_of_the_card_are_missing, {"unread": {"birthdate"}}, STEP_UP),
    (
        policy.the_document_is_not_accepted,
        {"client": RESIDENTS, "session": proving(document_type="kids-foreigner-eu")},
        otherwise(DOCUMENT_NOT_ACCEPTED),
    ),
    (policy.the_document_is_not_accepted, {"client": RESIDENTS}, otherwise(DOCUMENT_NOT_ACCEPTED)),
    (
        policy.the_document_is_not_accepted,
        {"client": RESIDENTS, "session": proving(document_type="foreigner-eu+")},
        None,
    ),
    (
        policy.the_age_is_not_reached,
        {"client": ADULTS, "session": proving(age_over_18=False)},
        otherwise(AGE_NOT_REACHED),
    ),
    (policy.the_age_is_not_reached, {"client": ADULTS}, otherwise(AGE_NOT_REACHED)),
    (
        policy.the_age_is_not_reached,
        {"client": ADULTS, "session": proving(age_over_18=True)},
        None,
    ),
    (policy.an_essential_claim_is_missing, {"missing": ("email",)}, refuse(CLAIM_UNAVAILABLE)),
    (policy.a_new_phone_may_be_somebody_elses, {"waiting": (a_device(),)}, KNOW),
    (policy.a_new_phone_may_be_somebody_elses, {"waiting": (a_device(),), "consent": None}, KNOW),
    (policy.a_new_phone_may_be_somebody_elses, {}, None),
    (policy.nobody_agreed_yet, {"consent": None}, ASK),
    (policy.nobody_agreed_yet, {"consent": remembered(withdrawn_at=NOW)}, ASK),
    (policy.nobody_agreed_yet, {"offers": offering("email")}, ASK),
    (policy.nobody_agreed_yet, {"tx": asking(prompts=(Prompt.CONSENT,))}, ASK),
    (
        policy.nobody_agreed_yet,
        {"offers": offering("email"), "consent": agreed_to("email", "name")},
        None,
    ),
    (
        policy.nobody_agreed_yet,
        {"tx": replace(asking(prompts=(Prompt.CONSENT,)), agreement=AGREED), "consent": None},
        None,
    ),
]


@pytest.mark.parametrize(
    ("check", "differs", "verdict"),
    TABLE,
    ids=[f"{row[0].__name__}-{number}" for number, row in enumerate(TABLE)],
)
def test_each_check_objects_to_what_its_name_says_and_to_nothing_else(
    check: Any, differs: dict[str, Any], verdict: Verdict | None
) -> None:
    standing = replace(GOOD, **differs)
    assert check(standing) == verdict
    if verdict is not None:
        assert judge(standing) == verdict


def test_every_check_of_the_list_is_in_the_table() -> None:
    assert {row[0] for row in TABLE} == set(CHECKS)


def test_no_check_objects_to_a_good_standing() -> None:
    assert [check(GOOD) for check in CHECKS] == [None] * len(CHECKS)


def test_somebody_without_a_session_is_not_asked_for_consent_first() -> None:
    standing = replace(GOOD, session=None, person=None, consent=None, missing=("email",))
    assert judge(standing) == LOGIN


def test_a_proof_of_another_session_is_not_fresh() -> None:
    tx = replace(proven(asking(prompts=(Prompt.LOGIN,))), session="another")
    assert judge(replace(GOOD, tx=tx)) == LOGIN


@pytest.mark.parametrize(
    ("words", "essential", "minimum", "needed"),
    [
        ((), False, None, None),
        (("unheard-of",), False, None, None),
        (("eidas1",), False, None, Assurance.LOW),
        (("eidas3",), False, None, Assurance.SUBSTANTIAL),
        (("eidas3",), True, None, Assurance.HIGH),
        (("eidas3", "eidas1"), True, None, Assurance.LOW),
        (("eidas1",), False, "eidas3", Assurance.HIGH),
        ((), False, "eidas2", Assurance.SUBSTANTIAL),
    ],
)
def test_only_a_voluntary_level_is_lowered_to_what_can_be_reached(
    words: tuple[str, ...], *, essential: bool, minimum: str | None, needed: Assurance | None
) -> None:
    request = asking(acr_words=words, essential_acr=essential).request
    client = a_client(minimum_acr=minimum)
    assert needed_level(request, client, strongest=Assurance.SUBSTANTIAL) == needed


def test_an_event_says_what_happened_not_what_was_asked() -> None:
    event = AuthenticationEvent(
        person=PERSON.id,
        evidence=SESSION.event.evidence,
        acr=Assurance.LOW,
        amr=(),
        at=START,
    )
    standing = replace(GOOD, tx=asking(acr_words=(HIGH,)), session=replace(SESSION, event=event))
    assert judge(standing) == STEP_UP
