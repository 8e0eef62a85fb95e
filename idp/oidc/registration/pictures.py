"""The pictures that a client's ``logo_uri`` names: fetched when that is new, made anew, kept.

A registration never fails for its picture: the page then shows none, and the operator is told why.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from idp.domain.client import Client
from idp.domain.picture import Picture, may_show
from idp.domain.png import NotAPicture, remade
from idp.oidc.registration.remote import address_fault
from idp.outbound.client import OutboundFailed

if TYPE_CHECKING:
    from idp.oidc.registration.policy import Policy
    from idp.store.ports import Unit

FetchPictures = Callable[[Iterable[str]], Mapping[str, bytes | OutboundFailed]]
"""Gives what is at each address, or why nothing is had."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pictured:
    """A client with its pictures.

    Attributes:
        client: as it is to be written.
        bodies: the files of pictures that came just now, by digest.
        missing: why there is none, by address, in constant words.
    """

    client: Client
    bodies: dict[str, bytes] = field(default_factory=dict, repr=False)
    missing: dict[str, str] = field(default_factory=dict)

    def keep(self, unit: Unit) -> None:
        """Keep the files in the unit that writes the client; what it no longer has goes."""
        held = {one.digest for one in self.client.about.pictures.values()}
        unit.logos.keep(self.client.id, held=held, new=self.bodies)


def pictured(
    client: Client,
    policy: Policy,
    fetch: FetchPictures,
    *,
    former: Client | None = None,
    again: bool = False,
) -> Pictured:
    """Give ``client`` its pictures: those of ``former`` where the address stayed, others fetched.

    With ``again`` every one is fetched; where that fails, the one that was had stays.
    """
    logos = client.about.logo if may_show(client, policy.logos) else {}
    known = {} if former is None else {p.address: p for p in former.about.pictures.values()}
    wanted = [one for one in dict.fromkeys(logos.values()) if again or one not in known]
    missing = {one: said for one in wanted if (said := address_fault(one, policy)) is not None}
    bodies: dict[str, bytes] = {}
    for address, came in fetch([one for one in wanted if one not in missing]).items():
        if isinstance(came, OutboundFailed):
            missing[address] = f"it could not be fetched: {came.reason}"
            continue
        try:
            made = remade(came)
        except NotAPicture as fault:
            missing[address] = str(fault)
            continue
        digest = hashlib.sha256(made.body).hexdigest()
        bodies[digest] = made.body
        known[address] = Picture(
            address=address, digest=digest, width=made.width, height=made.height
        )
    pictures = {tongue: known[one] for tongue, one in logos.items() if one in known}
    about = replace(client.about, pictures=pictures)
    return Pictured(client=replace(client, about=about), bodies=bodies, missing=missing)
