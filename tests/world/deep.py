"""How often a property is tried: a few examples at the desk, more in CI, ten thousand if deep.

A property of the card's code draws little and shares what is slow to make, so that ten thousand
examples take seconds, and all of them together some three minutes of one core. ``make deep`` tries
these properties alone, and CI does so before the whole suite.
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
