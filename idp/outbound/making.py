"""The guarded client as a deployment's settings describe it."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from idp.outbound.client import OutboundClient

if TYPE_CHECKING:
    from collections.abc import Callable

    from idp.config import Settings


def outbound_of(settings: Settings, *, monotonic: Callable[[], float]) -> OutboundClient:
    """Give the one client of a process.

    Raises:
        OSError: the file of further certificate authorities cannot be used.
    """
    tls = ssl.create_default_context()
    if settings.outbound.ca is not None:
        tls.load_verify_locations(cafile=settings.outbound.ca)
    return OutboundClient(allow=frozenset(settings.outbound.allow), monotonic=monotonic, tls=tls)
