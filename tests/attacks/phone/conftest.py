"""The attacks of this folder enrol phones at a house with a real Ledger."""

from __future__ import annotations

from tests.unit.mobile.keys.conftest import house

__all__ = ("house",)
