"""How often a property is tried: some examples at the desk, a thousand in CI, or ten thousand.

A property of the card's code draws little and shares what is slow to make, so that ten thousand
examples take seconds. All together they would take CI over its quarter of an hour: ``make deep``
sets CI_DEEP and tries them by themselves.
"""

from __future__ import annotations

import os
from typing import Final

import pytest

DEEP: Final = 10_000
OFTEN: Final = 1_000
PATIENCE: Final = pytest.mark.timeout(900)
"""For the files of such properties: ten thousand examples on a busy machine."""


def examples(usual: int) -> int:
    """The number of examples for ``hypothesis.settings``."""
    if "CI_DEEP" in os.environ:
        return DEEP
    return max(OFTEN, usual) if "CI" in os.environ else usual
