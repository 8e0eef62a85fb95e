"""Which request objects a deployment takes: the one answer for metadata, registration and use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from idp.config import Environment
from idp.domain.object_use import UNSIGNED

if TYPE_CHECKING:
    from idp.config import Settings

STRONG: Final = ("ES256", "Ed25519", "EdDSA", "PS256")
"""What an object may be signed with anywhere: what FAPI 2.0 allows (section 5.4)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectOffers:
    """What is taken.

    Attributes:
        signing: the algorithms of signed objects.
        unsigned: those that nobody signed are taken of who registered it.
        by_reference: they are fetched by registered addresses (OpenID Connect Core 6.2).
        hashed: the hash in an address is held against what is there. The certification suite
            registers the hash of something else, before there is an object.
    """

    signing: tuple[str, ...] = STRONG
    unsigned: bool = False
    by_reference: bool = False
    hashed: bool = True

    @property
    def algorithms(self) -> tuple[str, ...]:
        """Give all that may stand in ``alg``."""
        return (*self.signing, UNSIGNED) if self.unsigned else self.signing


STRICT: Final = ObjectOffers()


def object_offers(settings: Settings) -> ObjectOffers:
    """Give what a deployment takes; the environment ``conformance`` takes everything."""
    chosen = settings.requests
    certified = settings.environment is Environment.CONFORMANCE
    return ObjectOffers(
        signing=(*STRONG, "RS256") if chosen.rs256 or certified else STRONG,
        unsigned=chosen.unsigned or certified,
        by_reference=chosen.by_reference or certified,
        hashed=not certified,
    )
