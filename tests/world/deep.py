"""How often a property is tried: a few examples at the desk, ten thousand in CI and `make deep`.

A property of the card's code draws little and shares what is slow to make, so that ten thousand
examples take seconds, and all of them together some three minutes of one core.
"""

from __future__ import annotations

import os
from typing import Final

import pytest

DEEP: Final = 10_000
PATIENCE: Final = pytest.mark.timeout(900)
"""For the files of such properties: ten thousand examples on a busy machine."""


def examples(usual: int) -> int:
    """The number of examples for ``hypothesis.settings``."""
    return DEEP if {"CI", "CI_DEEP"} & os.environ.keys() else usual
