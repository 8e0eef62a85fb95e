"""How often a property is tried: some examples at the desk, ten thousand where CI_DEEP is set."""

from __future__ import annotations

import os
from typing import Final

DEEP: Final = 10_000


def examples(usual: int) -> int:
    """The number of examples for ``hypothesis.settings``."""
    return DEEP if "CI_DEEP" in os.environ else usual
