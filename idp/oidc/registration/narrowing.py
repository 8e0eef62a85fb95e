"""Whether a change of a registration takes something away, so that what it held must end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from idp.domain.client import binds_tokens
from idp.domain.documents import WORDS, is_accepted
from idp.domain.profile import Profile

if TYPE_CHECKING:
    from datetime import datetime

    from idp.domain.client import Client
    from idp.store.ports import Unit


def takes_away(before: Client, after: Client) -> bool:
    """Tell whether grants given before could give more, or to others, than may be now."""

    def entitled(client: Client) -> set[tuple[str, str]]:
        return {(one.name, claim) for one in client.purposes for claim in one.claims}

    return (
        (before.sector, before.subject_type) != (after.sector, after.subject_type)
        or not set(before.scopes) <= set(after.scopes)
        or not set(before.grant_types) <= set(after.grant_types)
        or not set(before.response_types) <= set(after.response_types)
        or not entitled(before) <= entitled(after)
        or not set(before.acting.resources) <= set(after.acting.resources)
        or not set(before.acting.targets) <= set(after.acting.targets)
        or not set(before.acting.scopes) <= set(after.acting.scopes)
        or (after.minimum_age or 0) > (before.minimum_age or 0)
        or _narrower(before.accepted_documents, after.accepted_documents)
        or _stricter(before, after)
    )


def take_out(unit: Unit, client: Client, *, at: datetime) -> int:
    """Take a registration out, with all that it holds; give how many grants ended."""
    unit.clients.remove(client.id, at=at)
    unit.registrations.leave(client.id)
    unit.logos.keep(client.id, held=(), new={})
    return unit.grants.end_by_client(client.id, at=at)


def _stricter(before: Client, after: Client) -> bool:
    """Tell whether tokens of before may be weaker than those that are given now."""
    held = after.profile not in {Profile.DEFAULT, before.profile}
    return held or (binds_tokens(after) and not binds_tokens(before))


def _narrower(before: tuple[str, ...], after: tuple[str, ...]) -> bool:
    """Tell whether a document that was let in no longer is; an empty list lets all in."""
    return bool(after) and any(
        is_accepted(word, before) and not is_accepted(word, after) for word in (*WORDS, "")
    )
