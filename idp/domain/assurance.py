"""How sure we are of somebody: three levels, one canonical word each, and the words others use.

The canonical words are the eIDAS ones in their ``NotNotified`` form: nobody has notified this
scheme. Aliases of federal and commercial schemes are accepted and echoed to the one who asked.
"""

from __future__ import annotations

from enum import IntEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Assurance(IntEnum):
    """A level of assurance (Implementing Regulation (EU) 2015/1502, annex), comparable."""

    LOW = 1
    SUBSTANTIAL = 2
    HIGH = 3


_PREFIX = "http://eidas.europa.eu/NotNotified/LoA/"
CANONICAL: Mapping[Assurance, str] = MappingProxyType(
    {level: _PREFIX + level.name.lower() for level in Assurance}
)

_FAS = "urn:be:fedict:iam:fas:citizen:Level"
ALIASES: Mapping[str, Assurance] = MappingProxyType(
    {
        **{word: level for level, word in CANONICAL.items()},
        "http://eidas.europa.eu/LoA/low": Assurance.LOW,
        "http://eidas.europa.eu/LoA/substantial": Assurance.SUBSTANTIAL,
        "http://eidas.europa.eu/LoA/high": Assurance.HIGH,
        f"{_FAS}100": Assurance.LOW,
        f"{_FAS}300": Assurance.SUBSTANTIAL,
        f"{_FAS}400": Assurance.SUBSTANTIAL,
        f"{_FAS}450": Assurance.HIGH,
        f"{_FAS}500": Assurance.HIGH,
        "eidas1": Assurance.LOW,
        "eidas2": Assurance.SUBSTANTIAL,
        "eidas3": Assurance.HIGH,
        "http://itsme.services/v2/claim/acr_basic": Assurance.SUBSTANTIAL,
        "http://itsme.services/v2/claim/acr_advanced": Assurance.HIGH,
        "phr": Assurance.SUBSTANTIAL,
    }
)
RESISTANT: Final = frozenset({"phr"})
"""Words that no level alone satisfies: the proof must resist phishing (OpenID EAP ACR Values)."""


def lowest_asked(words: Iterable[str]) -> Assurance | None:
    """Give the lowest level that satisfies a list of acr words; unknown words are ignored.

    Several voluntary values mean that any of them is fine (OpenID Connect Core 3.1.2.1).
    """
    levels = [ALIASES[word] for word in words if word in ALIASES]
    return min(levels) if levels else None


def resistance_asked(words: Iterable[str]) -> bool:
    """Tell whether a list of acr words demands a proof that resists phishing.

    It does where no word of its lowest level is content with less.
    """
    known = [word for word in words if word in ALIASES]
    lowest = [word for word in known if ALIASES[word] == lowest_asked(known)]
    return bool(lowest) and RESISTANT.issuperset(lowest)


def word_for(level: Assurance, asked: Iterable[str], *, resistant: bool) -> str:
    """Give the ``acr`` to answer: the first asked word that the proof satisfies, else canonical.

    A word is echoed only when the level reached is at least the level the word stands for, and
    ``resistant`` where it speaks of phishing; of the satisfied words the strongest wins.
    """
    satisfied = [
        word
        for word in asked
        if word in ALIASES and ALIASES[word] <= level and (resistant or word not in RESISTANT)
    ]
    if not satisfied:
        return CANONICAL[level]
    return max(satisfied, key=lambda word: ALIASES[word])
