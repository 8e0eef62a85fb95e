"""The one gate that stands in every issuance path: may anything be issued to this pair now?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from idp.domain.client import is_open
from idp.domain.event import CardEvidence
from idp.domain.person import PersonState
from idp.errors import ACCOUNT_NOT_ACTIVE, CLIENT_DISABLED, EVIDENCE_EXPIRED, Refused

if TYPE_CHECKING:
    from datetime import datetime

    from idp.domain.client import Client
    from idp.domain.event import Evidence


def may_issue(
    *,
    person_state: PersonState,
    client: Client,
    evidence: Evidence,
    means_stand: bool,
    now: datetime,
) -> None:
    """Let pass, or refuse: code, token, refresh, userinfo and introspection all ask here.

    Args:
        person_state: of whom it is about.
        client: for whom it is.
        evidence: what the login rests on.
        means_stand: whether the phone or the secret behind it is still its person's
            (``idp.store.means``).
        now: the time.

    Raises:
        Refused: the account is not active, the client is disabled or past its end, or the card,
            the phone or the secret that stands behind the login has ended.
    """
    if person_state is not PersonState.ACTIVE:
        raise Refused(ACCOUNT_NOT_ACTIVE, f"person is {person_state}")
    if not is_open(client, now):
        raise Refused(CLIENT_DISABLED, "client is disabled, or its registration has ended")
    if isinstance(evidence, CardEvidence) and now >= evidence.not_after:
        raise Refused(EVIDENCE_EXPIRED, "card certificate ended after the login")
    if not means_stand:
        raise Refused(EVIDENCE_EXPIRED, "the phone or the secret was removed after the login")
