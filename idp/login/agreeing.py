"""What the citizen agrees to: a choice among the claims that were shown, and what is remembered."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from idp.domain import audit_event, transaction
from idp.domain.claims import as_shown, name_shown
from idp.domain.consent import Consent
from idp.domain.transaction import Agreement, Step

if TYPE_CHECKING:
    from collections.abc import Iterable

    from idp.domain.claims import ClaimOffer
    from idp.domain.transaction import Transaction
    from idp.login.policy import Standing
    from idp.store.ports import Unit


def names_of(offers: Iterable[ClaimOffer]) -> tuple[str, ...]:
    """Give the claim names of offers, in their order."""
    return tuple(offer.name for offer in offers)


def shown(offers: Iterable[ClaimOffer]) -> tuple[str, ...]:
    """Give what a page of these offers shows, reasons included, in their order."""
    return tuple(as_shown(offer) for offer in offers)


def all_was_shown(tx: Transaction, offers: Iterable[ClaimOffer]) -> bool:
    """Tell whether every claim that cannot be refused stood on the page that was answered."""
    return all(as_shown(offer) in tx.offered for offer in offers if offer.essential)


def agreed(standing: Standing, ticked: frozenset[str], *, remember: bool) -> Standing:
    """Give the standing with the agreement: ticked or essential, offered now, and shown before."""
    tx = standing.tx
    names = tuple(
        offer.name
        for offer in standing.offers
        if as_shown(offer) in tx.offered and (offer.essential or offer.name in ticked)
    )
    agreement = Agreement(claims=names, remembered=remember, at=standing.now)
    return replace(standing, tx=transaction.agree(tx, agreement=agreement))


def settled(standing: Standing) -> Standing:
    """Give the standing of a login that nothing objects to with its transaction agreed.

    Where nobody was asked, the earlier consent covers every offer and stands for the agreement;
    at our own pages there is none, since nothing leaves.
    """
    tx, session, consent = standing.tx, standing.session, standing.consent
    if tx.agreement is not None:
        return standing
    assert session is not None
    if tx.step is not Step.AGREEING:
        tx = transaction.prove(tx, event=session.event, session=session.key, fresh=False)
    at = standing.now if consent is None else consent.agreed_at
    agreement = Agreement(claims=names_of(standing.offers), remembered=True, at=at)
    return replace(standing, tx=transaction.agree(tx, agreement=agreement))


def record(unit: Unit, standing: Standing) -> None:
    """Write a consent just given, in the unit that issues the code: its row, and the memory of it.

    What was agreed earlier for this client stays remembered, unless it was refused now: a refusal
    takes back an older yes even where nothing new is to be remembered.
    """
    session, client, agreement = standing.session, standing.client, standing.tx.agreement
    assert session is not None
    assert agreement is not None
    person = session.event.person
    unit.record(
        audit_event.consent_given(
            person=person,
            client=client.id,
            claims=agreement.claims,
            at=agreement.at,
            transaction=standing.tx.id,
        )
    )
    former = standing.consent
    earlier = set() if former is None or former.withdrawn_at is not None else set(former.claims)
    refused = set(names_of(standing.offers)) - set(agreement.claims)
    kept = {entry for entry in earlier if name_shown(entry) not in refused}
    if agreement.remembered:
        now = [offer for offer in standing.offers if offer.name in agreement.claims]
        kept = {entry for entry in kept if name_shown(entry) not in names_of(now)}
        kept |= set(shown(now))
    elif kept == earlier:
        return
    unit.consents.put(
        Consent(
            person=person,
            client=client.id,
            claims=tuple(sorted(kept)),
            agreed_at=agreement.at,
        )
    )
