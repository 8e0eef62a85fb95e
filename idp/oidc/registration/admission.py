"""Whom a client lets in: how well proven, how long ago, how old, with which document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from idp.domain.assurance import ALIASES, CANONICAL
from idp.domain.documents import KINDS, WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from idp.domain.client import Client
    from idp.oidc.registration.members import Members

_LONGEST_MAX_AGE: Final = 31_536_000
_OLDEST: Final = 120
MEMBERS: Final[Mapping[str, str]] = {
    "minimum_acr": "The lowest acr that this client accepts.",
    "default_max_age": "Seconds; the oldest login accepted where a request says nothing.",
    "live_check": "true: a card's status is asked anew at each login.",
    "minimum_age": "Whole years, 1 to 120; 18 lets adults in alone. Judged by the card's verified "
    "identity file, on the day that it is in Brussels: without our card agent nobody gets in.",
    "accepted_documents": "The identity documents that are let in, by kind (citizen, foreigner, "
    "kids) or by document, such as foreigner-b, foreigner-eu+ or kids-citizen; judged by the "
    "verified identity file. Default: all.",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Admission:
    """What a registration says of it; the fields are those of ``Client``."""

    minimum_acr: str | None
    default_max_age: int | None
    live_check: bool
    minimum_age: int | None
    accepted_documents: tuple[str, ...]


def read_admission(members: Members) -> Admission:
    """Read and judge the members; every fault is noted."""
    return Admission(
        minimum_acr=_minimum_acr(members),
        default_max_age=members.whole("default_max_age", least=0, most=_LONGEST_MAX_AGE),
        live_check=members.flag("live_check"),
        minimum_age=members.whole("minimum_age", least=1, most=_OLDEST),
        accepted_documents=_accepted_documents(members),
    )


def describe_admission(client: Client) -> dict[str, Any]:
    """Give the members that ``read_admission`` makes these of."""
    return {
        "minimum_acr": client.minimum_acr,
        "default_max_age": client.default_max_age,
        "live_check": client.live_check,
        "minimum_age": client.minimum_age,
        "accepted_documents": list(client.accepted_documents),
    }


def _minimum_acr(members: Members) -> str | None:
    word = members.text("minimum_acr")
    if word is not None and word not in ALIASES:
        members.fault(
            "minimum_acr", f"this is no level known here; write {' or '.join(CANONICAL.values())}"
        )
    return word


def _accepted_documents(members: Members) -> tuple[str, ...]:
    words = members.words("accepted_documents") or ()
    for place, word in enumerate(words):
        if word not in KINDS and word not in WORDS:
            members.fault(
                f"accepted_documents[{place}]",
                f"there is no such document; the kinds are {', '.join(KINDS)}, and the documents "
                f"{' '.join(WORDS)}",
            )
    return words
