"""Refresh tokens: a family, a generation, and a MAC that only the family's sealed secret makes.

None is stored, so any of them can be made again: that is how a retry gets the same successor. The
epoch is inside, in the text and under the MAC.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from idp.domain.grant import FamilyId
from idp.errors import INVALID_GRANT, Refused
from idp.oidc.tokens import encoded

if TYPE_CHECKING:
    from collections.abc import Callable

    from idp.domain.grant import RefreshFamily

SECRET_BYTES: Final = 32
_FAMILY_BYTES: Final = 16
_TEXT: Final = re.compile(
    r"(0|[1-9][0-9]{0,9})\.([A-Za-z0-9_-]{22})\.([1-9][0-9]{0,9})\.([A-Za-z0-9_-]{43})"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class RefreshToken:
    """A presented refresh token; nothing of it is true before ``check``."""

    epoch: int
    family: FamilyId
    generation: int
    mac: str = field(repr=False)

    def check(self, family: RefreshFamily) -> None:
        """See that this family made it. Raises: Refused(INVALID_GRANT)."""
        right = _mac(family, epoch=self.epoch, generation=self.generation)
        if not hmac.compare_digest(right, self.mac):
            raise Refused(INVALID_GRANT, "not a refresh token of its family")


def new_family_id(entropy: Callable[[int], bytes]) -> FamilyId:
    """Give a fresh identifier of 128 random bits."""
    return FamilyId(encoded(entropy(_FAMILY_BYTES)))


def derive(family: RefreshFamily, *, epoch: int, generation: int) -> str:
    """Give the one refresh token of a generation."""
    mac = _mac(family, epoch=epoch, generation=generation)
    return f"{epoch}.{family.id}.{generation}.{mac}"


def looks_like_one(text: str) -> bool:
    """Tell whether a token of unknown kind has the form of a refresh token."""
    return _TEXT.fullmatch(text) is not None


def read(text: str) -> RefreshToken:
    """Read a presented text. Raises: Refused(INVALID_GRANT) if none such was ever made here."""
    found = _TEXT.fullmatch(text)
    if found is None:
        raise Refused(INVALID_GRANT, "not a refresh token of ours")
    epoch, family, generation, mac = found.groups()
    return RefreshToken(
        epoch=int(epoch), family=FamilyId(family), generation=int(generation), mac=mac
    )


def _mac(family: RefreshFamily, *, epoch: int, generation: int) -> str:
    what = f"refresh\x00{epoch}\x00{family.id}\x00{generation}".encode()
    return encoded(hmac.digest(family.secret, what, "sha256"))
