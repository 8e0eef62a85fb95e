"""Reading what a registration's ``sector_identifier_uri`` lists, from the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from idp.oidc.registration.sector_lists import read_list

if TYPE_CHECKING:
    from collections.abc import Mapping

    from idp.domain.client import Client
    from idp.foundation import Foundation
    from idp.oidc.registration.policy import Policy


def listed(
    foundation: Foundation,
    document: Mapping[str, object],
    policy: Policy,
    *,
    former: Client | None = None,
) -> tuple[str, ...] | None:
    """Give the list, ``None`` for none; nothing is loaded that only who fetches needs."""
    if document.get("sector_identifier_uri") is None:
        return None
    from idp.outbound.documents import Documents
    from idp.outbound.making import outbound_of

    client = outbound_of(foundation.settings, monotonic=foundation.monotonic)
    return read_list(document, policy, Documents(client), former=former)
