"""A login desk over the country's cards, for attacks on a whole answer."""

from __future__ import annotations

from tests.unit.login.conftest import house

__all__ = ["house"]
