"""A code that a citizen chose, for requests behind the browser's back (CIBA Core 7.1, `user_code`).

It is said aloud to somebody who types it: capitals, spaces and hyphens make no difference. It is no
PIN and opens nothing by itself; it lets one question through to the citizen's phone.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Final

from idp.domain.person import PersonId

SHORTEST: Final = 6
LONGEST: Final = 32
"""Letters and digits, spaces and hyphens not counted."""
LONGEST_SENT: Final = 128
_FEWEST_KINDS: Final = 3
_BETWEEN: Final = frozenset({"Zs", "Pd"})
"""Spaces and dashes of any kind, which people put into a code or leave out."""


class UserCodeUnfit(Exception):
    """Too short, too long, of other characters than letters and digits, or too easily guessed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptCode:
    """What is kept of somebody's code: an Argon2id hash in PHC form."""

    person: PersonId
    hashed: str = field(repr=False)
    set_at: datetime


def plain(said: str) -> str:
    """Give what is hashed and compared of a code, however it was said."""
    folded = unicodedata.normalize("NFKC", said[:LONGEST_SENT]).casefold()
    return "".join(letter for letter in folded if unicodedata.category(letter) not in _BETWEEN)


def demand_fit(said: str) -> str:
    """Give the plain form of a code that may be chosen. Raises: UserCodeUnfit."""
    code = plain(said)
    if not SHORTEST <= len(code) <= LONGEST or len(said) > LONGEST_SENT:
        raise UserCodeUnfit("too short or too long")
    if not code.isalnum():
        raise UserCodeUnfit("other characters than letters and digits")
    steps = {ord(later) - ord(letter) for letter, later in pairwise(code)}
    if len(set(code)) < _FEWEST_KINDS or (len(steps) == 1 and steps <= {1, -1}):
        raise UserCodeUnfit("one character again and again, or a row of them")
    return code
