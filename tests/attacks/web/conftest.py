"""The same application over doubles that the unit tests visit."""

from __future__ import annotations

from tests.unit.web.conftest import services, site

__all__ = ["services", "site"]
