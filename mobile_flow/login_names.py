"""The ten characters by which a person without a suitable phone names themselves.

Eight random characters and two that are calculated, so that a slip of the finger is recognised
before anything is looked up. The alphabet has 29 characters, a prime: the two checks are weighted
sums modulo 29, and any two wrong or swapped characters break at least one of them. Without vowels
no word appears, without 1, I and L nothing is misread, and the letter O is read as the digit.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from mobile_flow.errors import LoginNameMistyped

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ALPHABET: Final = "023456789BCDFGHJKMNPQRSTVWXYZ"
SIZE: Final = 10
_DATA: Final = 8
_PRIME: Final = len(ALPHABET)
_LONGEST_TYPED: Final = 40
_RANDOM_BYTES: Final = 16
_FORM: Final = re.compile(f"[{ALPHABET}]{{{SIZE}}}")


def new_login_name(entropy: Callable[[int], bytes]) -> str:
    """Make one: 29 to the power of eight are possible, about 39 bits."""
    number = int.from_bytes(entropy(_RANDOM_BYTES), "big")
    data = [number // _PRIME**place % _PRIME for place in range(_DATA)]
    return "".join(ALPHABET[value] for value in (*data, *_checks(data)))


def read_login_name(text: str) -> str:
    """Read a typed one: any case, spaces and hyphens, O for 0.

    Raises:
        LoginNameMistyped: it cannot be one of ours, whoever it may belong to.
    """
    if len(text) > _LONGEST_TYPED:
        raise LoginNameMistyped("too long")
    name = re.sub(r"[\s-]", "", text).upper().replace("O", "0")
    if _FORM.fullmatch(name) is None:
        raise LoginNameMistyped("not ten characters of the alphabet")
    values = [ALPHABET.index(letter) for letter in name]
    if values[_DATA:] != _checks(values[:_DATA]):
        raise LoginNameMistyped("the check characters do not fit")
    return name


def spell_login_name(name: str) -> str:
    """Write it as people read it: two groups of five."""
    return f"{name[:5]}-{name[5:]}"


def _checks(data: Sequence[int]) -> list[int]:
    """Give the two values that make both sums zero.

    With weights 1 to 10 for the places: the sum of the values, and the sum of weight times value.
    """
    total = sum(data) % _PRIME
    weighted = sum(place * value for place, value in enumerate(data, start=1)) % _PRIME
    # a + b = -total and 9a + 10b = -weighted, so b = 9 total - weighted and a = -total - b.
    last = ((_DATA + 1) * total - weighted) % _PRIME
    return [(-total - last) % _PRIME, last]
