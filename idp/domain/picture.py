"""The picture of an e-service on our pages: fetched once, made anew, kept and served by us.

A picture proves nothing, and one that imitates somebody's misleads. Whose pictures are shown is
therefore a setting, which looks at who vouches for the registration.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from idp.domain.client import Client


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """What is known of a picture that is kept.

    Attributes:
        address: where it came from; fetched again only when that changes, or by an operator.
        digest: the SHA-256 of the file that we made of it (hexadecimal); its name with us.
        width: in pixels; so is ``height``.
    """

    address: str
    digest: str
    width: int
    height: int


def may_show(client: Client, whose: str) -> bool:
    """Tell whether this client's picture is shown, by the setting ``registration.logos``.

    ``none``; ``operators``: of clients that an operator registered; ``invited``: also of those that
    an operator invited; ``everybody``: also of those that nobody vouches for.
    """
    if client.origin is None:
        return whose != "none"
    return whose == "everybody" or (whose == "invited" and client.origin.invitation is not None)
