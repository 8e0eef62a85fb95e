"""The desk that the authorization side's tests stand at."""

from __future__ import annotations

from tests.unit.oidc.authorization.conftest import clock, desk

__all__ = ["clock", "desk"]
