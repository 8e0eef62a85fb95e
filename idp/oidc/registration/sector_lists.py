"""The list at a ``sector_identifier_uri``: read when a client is registered, and only then.

It is read before anything is written, and a fault in it is told with the registration's others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from idp.oidc import strict_json
from idp.oidc.registration.remote import address_fault
from idp.outbound.client import OutboundFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from idp.domain.client import Client
    from idp.oidc.registration.policy import Policy


def read_list(
    document: Mapping[str, object],
    policy: Policy,
    fetch: Callable[[str], bytes],
    *,
    former: Client | None = None,
) -> tuple[str, ...] | None:
    """Give the addresses that a registration's sector lists (OpenID Connect Core 8.1).

    ``None`` where the document names no such list, where the ``former`` registration proves already
    what it would, and where no list of texts is had: ``register`` tells that as a fault.
    """
    uri, wanted = document.get("sector_identifier_uri"), document.get("redirect_uris")
    if not isinstance(uri, str) or address_fault(uri, policy) is not None:
        return None
    if (
        former is not None
        and former.remote.sector == uri
        and isinstance(wanted, list | tuple)
        and all(one in former.redirect_uris for one in wanted)
    ):
        return None
    try:
        listed = strict_json.read(fetch(uri).decode())
    except (OutboundFailed, ValueError):
        return None
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        return None
    return tuple(listed)
