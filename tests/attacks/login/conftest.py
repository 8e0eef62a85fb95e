"""The login desk that the tests of logins stand at."""

from __future__ import annotations

from tests.unit.login.conftest import house

__all__ = ["house"]
